//! What may be asked on the control socket: one JSON document a frame, `{"command": …}`.

use serde_json::{Value, json};

/// A request to the node on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Its state, its resources.
    Status,
    /// The nodes as it sees them.
    Nodes,
    /// The links to each node.
    Links,
    /// Read the configuration again.
    Reload,
    /// What its flight recorder holds.
    Recorder,
    /// Hand over and leave.
    Stop,
    /// Take back what prefers this node.
    Online,
    /// Give this share of the resources to the other node.
    Standby(Share),
    /// Take this share of the resources from the other node.
    Takeover(Share),
    /// Send messages of the cluster on this connection from now on.
    Receive {
        /// Only those of this type; `None` is all.
        kind: Option<String>,
    },
}

/// A share of the resources, seen from the node that is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// Everything.
    All,
    /// What prefers this node.
    Local,
    /// What prefers the other node.
    Foreign,
    /// What is not at home.
    Failback,
}

impl Share {
    /// Its word, as in `hb_standby`.
    pub const fn word(self) -> &'static str {
        match self {
            Share::All => "all",
            Share::Local => "local",
            Share::Foreign => "foreign",
            Share::Failback => "failback",
        }
    }

    fn from_word(word: &str) -> Option<Share> {
        [Share::All, Share::Local, Share::Foreign, Share::Failback].into_iter().find(|s| s.word() == word)
    }
}

impl Request {
    /// The word of the command.
    pub const fn word(&self) -> &'static str {
        match self {
            Request::Status => "status",
            Request::Nodes => "nodes",
            Request::Links => "links",
            Request::Reload => "reload",
            Request::Recorder => "recorder",
            Request::Stop => "stop",
            Request::Online => "online",
            Request::Standby(_) => "standby",
            Request::Takeover(_) => "takeover",
            Request::Receive { .. } => "receive",
        }
    }

    /// Whether anybody on this machine may ask for it: it only looks at what `ps` and a packet sniffer could show.
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Request::Status | Request::Nodes | Request::Links)
    }

    /// As a frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut document = json!({"command": self.word()});
        match self {
            Request::Standby(share) | Request::Takeover(share) => document["share"] = json!(share.word()),
            Request::Receive { kind: Some(kind) } => document["kind"] = json!(kind),
            _ => {}
        }
        document.to_string().into_bytes()
    }

    /// From a frame. What is in it beside what is needed is ignored: additions are free.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn decode(frame: &[u8]) -> Result<Request, String> {
        let document: Value = serde_json::from_slice(frame).map_err(|e| format!("not JSON: {e}"))?;
        let share = || match &document["share"] {
            Value::Null => Ok(Share::All),
            Value::String(word) => Share::from_word(word).ok_or_else(|| no_share(word)),
            other => Err(no_share(&other.to_string())),
        };
        let kind = || match &document["kind"] {
            Value::Null => Ok(None),
            Value::String(kind) => Ok(Some(kind.clone())),
            other => Err(format!("`{other}` is no type of message")),
        };
        match document["command"].as_str().unwrap_or_default() {
            "status" => Ok(Request::Status),
            "nodes" => Ok(Request::Nodes),
            "links" => Ok(Request::Links),
            "reload" => Ok(Request::Reload),
            "recorder" => Ok(Request::Recorder),
            "stop" => Ok(Request::Stop),
            "online" => Ok(Request::Online),
            "standby" => share().map(Request::Standby),
            "takeover" => share().map(Request::Takeover),
            "receive" => kind().map(|kind| Request::Receive { kind }),
            "" => Err("a request needs its command: {\"command\": \"status\"}".to_owned()),
            other => Err(format!("unknown command `{other}`")),
        }
    }
}

fn no_share(word: &str) -> String {
    format!("`{word}` is no share of the resources: all, local, foreign or failback")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_the_socket() {
        let mut all = vec![Request::Status, Request::Nodes, Request::Links, Request::Reload, Request::Stop];
        all.push(Request::Recorder);
        all.extend([Request::Online, Request::Receive { kind: None }]);
        all.push(Request::Receive { kind: Some("a \"b\"".into()) });
        for share in [Share::All, Share::Local, Share::Foreign, Share::Failback] {
            all.extend([Request::Standby(share), Request::Takeover(share)]);
        }
        for request in all {
            assert_eq!(Request::decode(&request.encode()), Ok(request));
        }
        assert_eq!(Request::decode(b"{\"command\":\"standby\"}"), Ok(Request::Standby(Share::All)));
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let wrong = |text: &str| Request::decode(text.as_bytes()).unwrap_err();
        assert!(wrong("status").contains("not JSON"));
        assert!(wrong("{}").contains("needs its command"));
        assert!(wrong("[1]").contains("needs its command"));
        assert!(wrong(r#"{"command":"fly"}"#).contains("unknown command `fly`"));
        assert!(wrong(r#"{"command":"standby","share":"half"}"#).contains("`half` is no share"));
        assert!(wrong(r#"{"command":"takeover","share":7}"#).contains("`7` is no share"));
        assert!(wrong(r#"{"command":"receive","kind":[]}"#).contains("no type"));
    }
}
