//! Answers that needed to know something of the cluster (spec: ipc 3.5).

use crate::machine::Session;
use crate::requests::{Answer, EINVAL, response};
use crate::{Fact, LinkFact, NodeFact, Output};
use alloc::vec::Vec;
use hb_base::ClientId;
use hb_wire::Message;

/// What the original says where resources are not its business.
const MANAGED_ELSEWHERE: &str = "Resource is managed by crm. Use crm tool to query resource";

impl Session {
    pub(crate) fn answer(&mut self, id: ClientId, request: &Message, fact: Fact) {
        match fact {
            Fact::Snapshots(snapshots) => self.sign_on(id, request, snapshots),
            Fact::Nodes(nodes) if request.text("reqtype") == Some("nodelist") => {
                self.list(id, nodes.iter().map(|node| node_entry(request, node)).collect());
            }
            Fact::Nodes(nodes) => {
                let count = nodes.iter().filter(|node| !node.ping).count() as u64;
                self.say(id, request, Ok(response(request).with_decimal("numnodes", count)));
            }
            Fact::Node(node) => self.answer_about(id, request, node.as_ref()),
            Fact::Resources(held) => {
                let answer = held.ok_or(Some(MANAGED_ELSEWHERE));
                self.say(id, request, answer.map(|word| response(request).with("rsc_hold", word)));
            }
        }
    }

    /// Several answers: all but the last say that more follow.
    fn list(&mut self, id: ClientId, entries: Vec<Message>) {
        let last = entries.len().saturating_sub(1);
        for (at, entry) in entries.into_iter().enumerate() {
            let result = if at == last { "OK" } else { "ok/more" };
            self.reply(id, entry.with("result", result));
        }
    }

    fn answer_about(&mut self, id: ClientId, request: &Message, node: Option<&NodeFact>) {
        let kind = request.text("reqtype").unwrap_or_default();
        let answer = match (kind, node) {
            // Not to know an id or a name is no mistake.
            ("getuuid" | "getnodename", None) => Ok(response(request)),
            (_, None) => Err(EINVAL),
            ("clientstatus", Some(node)) => match self.client_status(request, node) {
                Some(answer) => Ok(answer),
                None => return,
            },
            ("iflist", Some(node)) if !node.links.is_empty() => {
                let entry = |link: &LinkFact| {
                    response(request).with("ifname", link.name.as_str()).with("st", link.word())
                };
                return self.list(id, node.links.iter().map(entry).collect());
            }
            ("iflist", Some(_)) => Err(Some("UhOh")),
            (_, Some(node)) => about_node(request, kind, node),
        };
        self.say(id, request, answer);
    }

    /// Whether a client is on. Of another node that is in service only that node can tell: its answer goes to the client
    /// as it is, and `None` is returned.
    fn client_status(&mut self, request: &Message, node: &NodeFact) -> Option<Message> {
        let client = request.text("cn").unwrap_or_default();
        let status = if node.own {
            self.names.contains_key(client)
        } else if node.status != "active" {
            false
        } else {
            let message = Message::new("query-cstatus")
                .with("dest", node.name.as_str())
                .with("cn", client)
                .with("from_id", request.text("from_id").unwrap_or_default());
            self.outputs.push_back(Output::Submit { message });
            return None;
        };
        let word = if status { "online" } else { "offline" };
        Some(response(request).with("subt", "respond-cstatus").with("cs", word))
    }
}

fn node_entry(request: &Message, node: &NodeFact) -> Message {
    response(request)
        .with("node", node.name.as_str())
        .with("nodetype", node.kind())
        .with("st", node.status.as_str())
}

fn about_node(request: &Message, kind: &str, node: &NodeFact) -> Answer {
    let answer = response(request);
    Ok(match kind {
        "nodestatus" => answer.with("st", node.status.as_str()),
        "nodetype" => answer.with("nodetype", node.kind()),
        "nodeweight" => answer.with_decimal("weight", u64::from(node.weight)),
        "nodesite" => answer.with("site", node.site.as_str()),
        "getuuid" if node.uuid.is_nil() => answer,
        "getuuid" => answer.with_uuid("queryuuid", node.uuid),
        "getnodename" => answer.with("queryname", node.name.as_str()),
        "ifstatus" => {
            let wanted = request.text("ifname").unwrap_or_default();
            let link = node.links.iter().find(|link| link.name == wanted).ok_or(EINVAL)?;
            answer.with("st", link.word())
        }
        _ => return Err(None),
    })
}
