//! What a node hears and does, for people: `--explain`.

use super::World;
use hb_cluster::{Class, Record};
use hb_node::{ExecutorEvent, FencerEvent, Half, Input, Output, Reply};
use hb_wire::Message;

/// What the lines look like.
pub(crate) const LEGEND: &str = "\
# seconds.micros  who    what happens
#   begins, ends         a step of the plan
#   ##                   power and processes
#   **                   what is really so: where a resource is active
#   <-                   the master hears of something
#   ->                   the master sends or does something; statuses, acknowledgements and timers are left out
#   info WARN ERR CRIT   its notices: code, subject, fields
";

/// Characters of a line that is not translated.
const LINE_MAX: usize = 200;

fn short(what: &impl std::fmt::Debug) -> String {
    format!("{what:?}").chars().take(LINE_MAX).collect()
}

/// Fields that a message has beside its type and the control fields.
fn told(message: &Message) -> String {
    const CONTROL: [&str; 12] =
        ["t", "src", "srcuuid", "destuuid", "seq", "hg", "ts", "ld", "ttl", "auth", "protocol", "oseq"];
    let told = message.fields().filter(|field| !CONTROL.iter().any(|name| field.name == **name));
    let words = told.map(|field| match &field.value {
        hb_wire::Value::Text(text) => format!(" {}={}", field.name, text.escape_ascii()),
        _ => format!(" {}", field.name),
    });
    let number = message.hex("seq").map_or(String::new(), |seq| format!(" (seq {seq})"));
    message.kind().unwrap_or("?").to_owned() + &words.collect::<String>() + &number
}

/// What an input says; nothing for what happens all the time.
fn heard(input: &Input) -> Option<String> {
    let half = |half: &Half| if *half == Half::Reader { "reader" } else { "writer" };
    Some(match input {
        Input::Frame { .. } | Input::Environment { .. } | Input::Timer => return None,
        Input::Request { .. } | Input::Scripts(_) | Input::WriterReady { .. } => return None,
        Input::Start { .. } => "start".to_owned(),
        Input::Stalled { by } => format!("the loop ran {} ms late", by.as_millis()),
        Input::Drained { medium, .. } => format!("the reader of medium {medium} has emptied its socket"),
        Input::ChildUp { medium, half: h } => format!("the {} of medium {medium} works", half(h)),
        Input::ChildDown { medium, half: h } => format!("the {} of medium {medium} has ended", half(h)),
        Input::Persisted(_) => "the write is durable".to_owned(),
        Input::Executor(ExecutorEvent::Up { active }) => format!("the executor works, active: {active:?}"),
        Input::Executor(ExecutorEvent::Down) => "the executor has ended".to_owned(),
        Input::Executor(ExecutorEvent::Ran { outcome, .. }) => format!("the agent ended: {outcome}"),
        Input::Fencer(FencerEvent::Up) => "the fencing role works".to_owned(),
        Input::Fencer(FencerEvent::Down) => "the fencing role has ended".to_owned(),
        Input::Fencer(FencerEvent::Executed { outcome, .. }) => format!("the device answered: {outcome}"),
        Input::Terminate => "TERM".to_owned(),
        other => short(other),
    })
}

fn record(record: &Record) -> &'static str {
    match record {
        Record::Generation(_) => "its generation",
        Record::Uuid(_) => "its uuid",
        Record::HostCache(_) | Record::DelHostCache(_) => "the host cache",
    }
}

impl World<'_> {
    pub(super) fn explain_input(&mut self, node: u8, input: &Input) {
        if let Some(text) = heard(input) {
            let at = self.now();
            self.trace.say(at, Some(node), format_args!("<- {text}"));
        }
    }

    pub(super) fn explain_output(&mut self, node: u8, output: &Output) {
        let text = match output {
            // What leaves on one medium leaves on all of them.
            Output::Write { medium, class, frame } if medium.0 == 0 => {
                let Some(text) = self.sent(*class, frame) else { return };
                text
            }
            Output::Notice(notice) => {
                let fields: Vec<String> = notice.fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
                let (word, code, subject) = (notice.severity.word(), notice.code, &notice.subject);
                let at = self.now();
                let line = format_args!("   {word} {code}: {subject} {}", fields.join(" "));
                return self.trace.say(at, Some(node), line);
            }
            Output::Write { .. } | Output::Deliver { .. } | Output::Reply { reply: Reply::Done, .. } => {
                return;
            }
            Output::Reply { reply: Reply::Refused { why, .. }, .. } => format!("refuses: {why}"),
            Output::Drain { medium, .. } => format!("asks the reader of medium {medium} to empty its socket"),
            Output::ReplaceReader(medium) => format!("has the reader of medium {medium} replaced"),
            Output::Execute { operation, .. } | Output::FenceOp { operation, .. } => {
                format!("has it run: {} {}", operation.resource.id, operation.action.word())
            }
            Output::Persist { record: what, .. } => format!("writes {} durably", record(what)),
            Output::Adopt(resources) if resources.is_empty() => return,
            Output::Adopt(resources) => format!("still owns {resources:?}"),
            Output::Reannounce(resource) => format!("announces {} again", resource.id),
            Output::Pause(true) => "tells clients to wait".to_owned(),
            Output::Pause(false) => "tells clients to go on".to_owned(),
            Output::Exit { restart: true } => "ends, to start again".to_owned(),
            Output::Exit { restart: false } => "ends".to_owned(),
            other => short(other),
        };
        let at = self.now();
        self.trace.say(at, Some(node), format_args!("-> {text}"));
    }

    /// What a frame says; nothing for what is sent all the time.
    fn sent(&self, class: Class, frame: &[u8]) -> Option<String> {
        let verb = match class {
            Class::Status => return None,
            Class::Repeat => "sends again",
            Class::Sequenced | Class::Control => "sends",
        };
        match super::build::codec(self.plan.signature).decode_signed(frame) {
            Ok(message) if matches!(message.kind(), Some("NS_ackmsg" | super::clients::KIND)) => None,
            Ok(message) => Some(format!("{verb} {}", told(&message))),
            Err(error) => Some(format!("{verb} {} bytes that nobody can read: {error}", frame.len())),
        }
    }
}
