//! What master and executor say to each other, as messages of the field's own kind.
//!
//! A field that may repeat does: `arg` once for each argument, `param` and `env` once for each `name=value`.
//! A packet is one message in netstring form, unsigned: the channel is a private socket pair.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use hb_base::CallId;
use hb_wire::{EncodeError, Message, Value};

mod notice;

pub use notice::{MAX_WORDS, Words, decode_notice, encode_notice};

use crate::{Action, Class, Done, Operation, Outcome, Resource, Running, State};

/// From the master to an executor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Run this; answered by [`Report::Done`] with the same call.
    Submit {
        /// The master's number for it.
        call: CallId,
        /// What to run.
        operation: Operation,
    },
    /// Do not run this after all.
    Cancel {
        /// The number given with `Submit`.
        call: CallId,
    },
    /// These resources are still the master's.
    Adopt {
        /// Resource ids.
        resources: Vec<String>,
    },
    /// Tell the network again where this address is.
    Announce {
        /// The address.
        resource: Resource,
    },
    /// From a successor: release the addresses and end. Whatever runs is left to itself.
    Retire,
}

/// From an executor to the master.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// First of all, and to each returning master: what is active, running, finished.
    State(State),
    /// The end of an operation.
    Done(Done),
    /// Somebody else on this machine removed what this resource held.
    Lost {
        /// The resource's id.
        resource: String,
    },
    /// Another machine claims what this resource holds. Repeated while it goes on.
    Conflict {
        /// The resource's id.
        resource: String,
        /// Who, for people.
        with: String,
    },
}

/// Why a packet is none of ours: the other side is of another version, or broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Misunderstood;

impl core::fmt::Display for Misunderstood {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a packet on the executor's channel cannot be understood")
    }
}

impl core::error::Error for Misunderstood {}

impl Request {
    /// As a packet.
    ///
    /// # Errors
    /// When the operation is longer than any message may be.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let message = match self {
            Request::Submit { call, operation } => submit(*call, operation),
            Request::Cancel { call } => Message::new("cancel").with_decimal("call", call.0),
            Request::Adopt { resources } => {
                let mut message = Message::new("adopt");
                push_all(&mut message, "id", resources);
                message
            }
            Request::Announce { resource } => resource_fields(Message::new("announce"), resource),
            Request::Retire => Message::new("retire"),
        };
        hb_wire::netstring::encode(&message)
    }

    /// From a packet.
    ///
    /// # Errors
    /// When it is no request.
    pub fn decode(packet: &[u8]) -> Result<Request, Misunderstood> {
        let message = hb_wire::decode(packet).map_err(|_| Misunderstood)?;
        let call = || message.decimal("call").map(CallId);
        let request = match message.kind() {
            Some("submit") => {
                call().zip(operation(&message)).map(|(call, operation)| Request::Submit { call, operation })
            }
            Some("cancel") => call().map(|call| Request::Cancel { call }),
            Some("adopt") => Some(Request::Adopt { resources: all(&message, "id") }),
            Some("announce") => resource(&message).map(|resource| Request::Announce { resource }),
            Some("retire") => Some(Request::Retire),
            _ => None,
        };
        request.ok_or(Misunderstood)
    }
}

impl Report {
    /// As a packet.
    ///
    /// # Errors
    /// When it is longer than any message may be.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let message = match self {
            Report::State(state) => state_message(state),
            Report::Done(done) => done_fields(Message::new("done"), done),
            Report::Lost { resource } => Message::new("lost").with("id", resource.as_str()),
            Report::Conflict { resource, with } => {
                Message::new("conflict").with("id", resource.as_str()).with("with", with.as_str())
            }
        };
        hb_wire::netstring::encode(&message)
    }

    /// From a packet.
    ///
    /// # Errors
    /// When it is no report.
    pub fn decode(packet: &[u8]) -> Result<Report, Misunderstood> {
        let message = hb_wire::decode(packet).map_err(|_| Misunderstood)?;
        let id = || message.text("id").map(ToString::to_string);
        let report = match message.kind() {
            Some("state") => state(&message).map(Report::State),
            Some("done") => done(&message).map(Report::Done),
            Some("lost") => id().map(|resource| Report::Lost { resource }),
            Some("conflict") => {
                let with = message.text("with").unwrap_or_default().to_string();
                id().map(|resource| Report::Conflict { resource, with })
            }
            _ => None,
        };
        report.ok_or(Misunderstood)
    }
}

fn submit(call: CallId, operation: &Operation) -> Message {
    let mut message =
        Message::new("submit").with_decimal("call", call.0).with("action", operation.action.word());
    message = resource_fields(message, &operation.resource);
    if let Some(timeout) = operation.timeout {
        message.set_decimal("timeout_ms", u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
    }
    push_pairs(&mut message, "env", &operation.env);
    message
}

fn operation(message: &Message) -> Option<Operation> {
    Some(Operation {
        resource: resource(message)?,
        action: Action::from_word(message.text("action")?)?,
        timeout: message.decimal("timeout_ms").map(Duration::from_millis),
        env: pairs(message, "env"),
    })
}

fn resource_fields(message: Message, resource: &Resource) -> Message {
    let mut message = message
        .with("id", resource.id.as_str())
        .with("class", resource.class.word())
        .with("agent", resource.agent.as_str());
    if let Class::Ocf { provider } = &resource.class {
        message.set("provider", provider.as_str());
    }
    push_all(&mut message, "arg", &resource.args);
    push_pairs(&mut message, "param", &resource.params);
    message
}

fn resource(message: &Message) -> Option<Resource> {
    let class = match message.text("class")? {
        "heartbeat" => Class::Heartbeat,
        "ocf" => Class::Ocf { provider: message.text("provider").unwrap_or_default().to_string() },
        "lsb" => Class::Lsb,
        "address" => Class::Address,
        "rc" => Class::Rc,
        "stonith" => Class::Stonith,
        _ => return None,
    };
    Some(Resource {
        id: message.text("id")?.to_string(),
        class,
        agent: message.text("agent")?.to_string(),
        args: all(message, "arg"),
        params: pairs(message, "param"),
    })
}

fn done_fields(message: Message, done: &Done) -> Message {
    let micros = |d: Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
    let mut message = message
        .with_decimal("call", done.call.0)
        .with("id", done.resource.as_str())
        .with("action", done.action.word())
        .with("outcome", done.outcome.word())
        .with_decimal("queued_us", micros(done.queued))
        .with_decimal("ran_us", micros(done.ran));
    match &done.outcome {
        Outcome::Failed { rc, reason } => {
            if let Some(rc) = rc {
                message.set("rc", rc.to_string());
            }
            message.set("reason", reason.as_str());
        }
        Outcome::NotInstalled { reason } => message.set("reason", reason.as_str()),
        Outcome::Ok | Outcome::Running | Outcome::NotRunning | Outcome::TimedOut | Outcome::Cancelled => {}
    }
    message
}

fn done(message: &Message) -> Option<Done> {
    let reason = || message.text("reason").unwrap_or_default().to_string();
    let outcome = match message.text("outcome")? {
        "ok" => Outcome::Ok,
        "running" => Outcome::Running,
        "stopped" => Outcome::NotRunning,
        "failed" => {
            Outcome::Failed { rc: message.text("rc").and_then(|rc| rc.parse().ok()), reason: reason() }
        }
        "timeout" => Outcome::TimedOut,
        "not_installed" => Outcome::NotInstalled { reason: reason() },
        "cancelled" => Outcome::Cancelled,
        _ => return None,
    };
    let micros = |name| Duration::from_micros(message.decimal(name).unwrap_or(0));
    Some(Done {
        call: CallId(message.decimal("call")?),
        resource: message.text("id")?.to_string(),
        action: Action::from_word(message.text("action")?)?,
        outcome,
        queued: micros("queued_us"),
        ran: micros("ran_us"),
    })
}

fn state_message(state: &State) -> Message {
    let mut message = Message::new("state");
    push_all(&mut message, "id", &state.active);
    for running in &state.running {
        let child = Message::new("running")
            .with_decimal("call", running.call.0)
            .with("id", running.resource.as_str())
            .with("action", running.action.word());
        message.push("running", Value::Struct(child));
    }
    for done in &state.finished {
        message.push("finished", Value::Struct(done_fields(Message::new("done"), done)));
    }
    message
}

fn state(message: &Message) -> Option<State> {
    let mut state = State { active: all(message, "id"), ..State::default() };
    for field in message.fields() {
        let Value::Struct(child) = &field.value else { continue };
        match child.kind()? {
            "running" => state.running.push(Running {
                call: CallId(child.decimal("call")?),
                resource: child.text("id")?.to_string(),
                action: Action::from_word(child.text("action")?)?,
            }),
            "done" => state.finished.push(done(child)?),
            _ => return None,
        }
    }
    Some(state)
}

fn push_all(message: &mut Message, name: &'static str, values: &[String]) {
    for value in values {
        message.push(name, Value::Text(value.clone().into_bytes()));
    }
}

fn all(message: &Message, name: &str) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(bytes) => core::str::from_utf8(bytes).ok().map(ToString::to_string),
        _ => None,
    };
    message.fields().filter(|field| field.name == *name).filter_map(|field| text(&field.value)).collect()
}

fn push_pairs(message: &mut Message, name: &'static str, pairs: &[(String, String)]) {
    for (key, value) in pairs {
        message.push(name, Value::Text(alloc::format!("{key}={value}").into_bytes()));
    }
}

fn pairs(message: &Message, name: &str) -> Vec<(String, String)> {
    let split = |text: &String| text.split_once('=').map(|(key, value)| (key.to_string(), value.to_string()));
    all(message, name).iter().filter_map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn resource() -> Resource {
        Resource {
            id: "ocf:heartbeat:Dummy::state=/tmp/a b".into(),
            class: Class::Ocf { provider: "heartbeat".into() },
            agent: "Dummy".into(),
            args: vec!["one".into(), String::new(), "two=2".into()],
            params: vec![("state".into(), "/tmp/a b=c\nd".into())],
        }
    }

    #[test]
    fn requests_survive_the_channel() {
        let operation = Operation {
            resource: resource(),
            action: Action::Stop,
            timeout: Some(Duration::from_millis(1500)),
            env: vec![("HA_t".into(), "status".into()), ("HA_info".into(), String::new())],
        };
        for request in [
            Request::Submit { call: CallId(u64::MAX), operation },
            Request::Cancel { call: CallId(7) },
            Request::Adopt { resources: vec!["a".into(), "b".into()] },
            Request::Announce { resource: resource() },
            Request::Retire,
        ] {
            assert_eq!(Request::decode(&request.encode().unwrap()), Ok(request));
        }
    }

    #[test]
    fn reports_survive_the_channel() {
        let done = |outcome| Done {
            call: CallId(3),
            resource: "r".into(),
            action: Action::Status,
            outcome,
            queued: Duration::from_micros(5),
            ran: Duration::from_secs(2),
        };
        let outcomes = [
            Outcome::Ok,
            Outcome::Running,
            Outcome::NotRunning,
            Outcome::Failed { rc: Some(-1), reason: "so it said".into() },
            Outcome::Failed { rc: None, reason: String::new() },
            Outcome::TimedOut,
            Outcome::NotInstalled { reason: "no such agent".into() },
            Outcome::Cancelled,
        ];
        let finished: Vec<Done> = outcomes.into_iter().map(done).collect();
        for one in &finished {
            let report = Report::Done(one.clone());
            assert_eq!(Report::decode(&report.encode().unwrap()), Ok(report));
        }
        for report in [
            Report::Lost { resource: "10.0.0.5/24/eth0".into() },
            Report::Conflict { resource: "10.0.0.5".into(), with: "02:00:00:00:00:01".into() },
        ] {
            assert_eq!(Report::decode(&report.encode().unwrap()), Ok(report));
        }
        let running = vec![Running { call: CallId(9), resource: "r".into(), action: Action::Start }];
        let report = Report::State(State { active: vec!["a".into()], running, finished });
        assert_eq!(Report::decode(&report.encode().unwrap()), Ok(report));
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let strange = hb_wire::netstring::encode(&Message::new("submit").with("call", "1")).unwrap();
        for packet in [&b""[..], b"garbage", &strange] {
            assert_eq!(Request::decode(packet), Err(Misunderstood));
            assert_eq!(Report::decode(packet), Err(Misunderstood));
        }
    }
}
