//! A plan as text: one line a fact, readable, versioned.
//!
//! ```text
//! plan 1
//! seed 42
//! nodes 2
//! media ucast bcast
//! service takeover failback=off fenced=yes resources=2,1
//! timing keepalive=200ms deadtime=1s initdead=3s
//! signature crc
//! drift 0 -40
//! latency 300us
//! duration 60s
//! at 3s for 1500ms loss medium=0 from=n1 to=n2 permille=200
//! at 9s pause node=n2 process=reader.0
//! ```
//! Blank lines and everything after `#` are ignored.

use super::{
    Action, Failback, Links, MEDIA_MAX, MediumKind, Mishap, NODES_MAX, Plan, Process, Service, Signature,
    Step, Timing, What, Which,
};
use std::fmt;
use std::time::Duration;

/// The version this build writes and reads.
const VERSION: u32 = 1;

/// Why a text is no plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// Counted from 1; 0 when something is missing altogether.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ParseError {}

/// A length of time in its largest whole unit.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        for (unit, size) in [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)] {
            if nanos.is_multiple_of(size) {
                return write!(f, "{}{unit}", nanos / size);
            }
        }
        write!(f, "{nanos}ns")
    }
}

struct Node(u8);

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0 + 1)
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(medium) = self.medium {
            write!(f, " medium={medium}")?;
        }
        if let Some(from) = self.from {
            write!(f, " from={}", Node(from))?;
        }
        if let Some(to) = self.to {
            write!(f, " to={}", Node(to))?;
        }
        Ok(())
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Process::Master => f.write_str("master"),
            Process::Reader(medium) => write!(f, "reader.{medium}"),
            Process::Writer(medium) => write!(f, "writer.{medium}"),
            Process::Readers => f.write_str("readers"),
            Process::Executor => f.write_str("executor"),
            Process::Fencer => f.write_str("fencer"),
        }
    }
}

/// Words for enums without data, both ways.
macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),+ $(,)?) => {
        impl $type {
            /// Its word in the text form.
            pub fn word(self) -> &'static str {
                match self { $($type::$variant => $word),+ }
            }
            fn from_word(word: &str) -> Option<$type> {
                match word { $($word => Some($type::$variant),)+ _ => None }
            }
        }
    };
}

words!(MediumKind: Ucast = "ucast", Bcast = "bcast");
words!(Failback: On = "on", Off = "off", Legacy = "legacy");
words!(Signature: Crc = "crc", Md5 = "md5", Sha1 = "sha1");
words!(Which: All = "all", Local = "local", Foreign = "foreign");
words!(Mishap: Fail = "fail", Hang = "hang", Slow = "slow", Lie = "lie");
words!(Action: Start = "start", Stop = "stop", Status = "status");

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "plan {VERSION}\nseed {}\nnodes {}", self.seed, self.nodes)?;
        let media: Vec<_> = self.media.iter().map(|kind| kind.word()).collect();
        writeln!(f, "media {}", media.join(" "))?;
        match self.service {
            Service::Messages => writeln!(f, "service messages")?,
            Service::Takeover { failback, fenced, resources: [a, b] } => {
                let (failback, fenced) = (failback.word(), if fenced { "yes" } else { "no" });
                writeln!(f, "service takeover failback={failback} fenced={fenced} resources={a},{b}")?;
            }
        }
        let Timing { keepalive, deadtime, initdead } = self.timing;
        let (keepalive, deadtime, initdead) = (Span(keepalive), Span(deadtime), Span(initdead));
        writeln!(f, "timing keepalive={keepalive} deadtime={deadtime} initdead={initdead}")?;
        writeln!(f, "signature {}", self.signature.word())?;
        let drift: Vec<_> = self.drift_ppm.iter().map(i32::to_string).collect();
        writeln!(f, "drift {}", drift.join(" "))?;
        writeln!(f, "latency {}\nduration {}", Span(self.latency), Span(self.duration))?;
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}", Span(self.at))?;
        if !self.lasts.is_zero() {
            write!(f, " for {}", Span(self.lasts))?;
        }
        write!(f, " {}", self.what.word())?;
        match self.what {
            What::Loss { links, permille }
            | What::Duplicate { links, permille }
            | What::Corrupt { links, permille } => write!(f, "{links} permille={permille}"),
            What::Delay { links, up_to } => write!(f, "{links} up-to={}", Span(up_to)),
            What::Cut { links } => write!(f, "{links}"),
            What::Partition { medium, set } => {
                let set: Vec<_> =
                    (0..NODES_MAX).filter(|n| set >> n & 1 == 1).map(|n| Node(n).to_string()).collect();
                let links = Links { medium, ..Links::default() };
                write!(f, "{links} set={}", set.join(","))
            }
            What::Pause { node, process: None } => write!(f, " node={}", Node(node)),
            What::Pause { node, process: Some(process) } | What::Kill { node, process } => {
                write!(f, " node={} process={process}", Node(node))
            }
            What::Busy { node, up_to } => write!(f, " node={} up-to={}", Node(node), Span(up_to)),
            What::PowerCut { node } | What::Stop { node } => write!(f, " node={}", Node(node)),
            What::WallStep { node, by_ms } => write!(f, " node={} by-ms={by_ms}", Node(node)),
            What::Agent { node, action, mishap } => {
                write!(f, " node={} action={} mishap={}", Node(node), action.word(), mishap.word())
            }
            What::Device { node, mishap } => write!(f, " node={} mishap={}", Node(node), mishap.word()),
            What::Send { node, count } => write!(f, " node={} count={count}", Node(node)),
            What::Standby { node, which } | What::Takeover { node, which } => {
                write!(f, " node={} which={}", Node(node), which.word())
            }
        }
    }
}

type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// Reads a plan.
///
/// # Errors
/// The first line that is not understood, or what is missing.
pub fn parse(text: &str) -> Result<Plan, ParseError> {
    let mut plan = Plan {
        seed: 0,
        nodes: 0,
        media: Vec::new(),
        service: Service::Messages,
        timing: Timing { keepalive: Duration::ZERO, deadtime: Duration::ZERO, initdead: Duration::ZERO },
        signature: Signature::Crc,
        drift_ppm: Vec::new(),
        latency: Duration::from_micros(100),
        duration: Duration::ZERO,
        steps: Vec::new(),
    };
    for (index, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
        if let Some((head, rest)) = words.split_first() {
            parse_line(&mut plan, head, rest).map_err(|what| ParseError { line: index + 1, what })?;
        }
    }
    check(&mut plan).map_err(|what| ParseError { line: 0, what })?;
    Ok(plan)
}

fn check(plan: &mut Plan) -> Result<(), String> {
    let nodes = plan.nodes;
    let wrong = match () {
        () if nodes == 0 || nodes > NODES_MAX => "nodes must be 1 to 8",
        () if plan.media.is_empty() || plan.media.len() > usize::from(MEDIA_MAX) => "media must be 1 to 3",
        () if !plan.timing.valid() => "deadtime must exceed twice keepalive, initdead must not be less",
        () if plan.duration.is_zero() => "duration is missing",
        () if nodes != 2 && plan.service != Service::Messages => "takeover needs two nodes",
        () if plan.steps.iter().any(|step| step.what.node().is_some_and(|n| n >= nodes)) => "no such node",
        () => {
            plan.drift_ppm.resize(usize::from(nodes), 0);
            plan.steps.sort_by_key(|step| step.at);
            return Ok(());
        }
    };
    Err(wrong.to_owned())
}

fn parse_line(plan: &mut Plan, head: &str, rest: &[&str]) -> Result<(), String> {
    let only = || rest.first().copied().ok_or_else(|| format!("{head} needs a value"));
    match head {
        "plan" => match only()?.parse() {
            Ok(VERSION) => {}
            _ => return Err(format!("this build reads version {VERSION}")),
        },
        "seed" => plan.seed = number(only()?)?,
        "nodes" => plan.nodes = number(only()?)?,
        "media" => {
            plan.media = rest.iter().map(|w| word(MediumKind::from_word, w)).collect::<Result<_, _>>()?;
        }
        "service" => plan.service = service(only()?, &pairs(rest.get(1..).unwrap_or(&[]))?)?,
        "timing" => {
            let pairs = pairs(rest)?;
            plan.timing = Timing {
                keepalive: span(value(&pairs, "keepalive")?)?,
                deadtime: span(value(&pairs, "deadtime")?)?,
                initdead: span(value(&pairs, "initdead")?)?,
            };
        }
        "signature" => plan.signature = word(Signature::from_word, only()?)?,
        "drift" => plan.drift_ppm = rest.iter().map(|w| number(w)).collect::<Result<_, _>>()?,
        "latency" => plan.latency = span(only()?)?,
        "duration" => plan.duration = span(only()?)?,
        "at" => plan.steps.push(step(rest)?),
        _ => return Err(format!("unknown word {head}")),
    }
    Ok(())
}

fn service(kind: &str, pairs: &Pairs<'_>) -> Result<Service, String> {
    match kind {
        "messages" => Ok(Service::Messages),
        "takeover" => {
            let resources = value(pairs, "resources")?;
            let (a, b) = resources.split_once(',').ok_or("resources=N,N")?;
            Ok(Service::Takeover {
                failback: word(Failback::from_word, value(pairs, "failback")?)?,
                fenced: value(pairs, "fenced")? == "yes",
                resources: [number(a)?, number(b)?],
            })
        }
        _ => Err(format!("unknown service {kind}")),
    }
}

fn step(words: &[&str]) -> Result<Step, String> {
    let (at, rest) = words.split_first().ok_or("at needs a time")?;
    let (lasts, rest) = match rest {
        ["for", lasts, rest @ ..] => (span(lasts)?, rest),
        _ => (Duration::ZERO, rest),
    };
    let (kind, rest) = rest.split_first().ok_or("what happens?")?;
    Ok(Step { at: span(at)?, lasts, what: what(kind, &pairs(rest)?)? })
}

fn what(kind: &str, pairs: &Pairs<'_>) -> Result<What, String> {
    let optional = |key| value(pairs, key).ok();
    let medium = optional("medium").map(number).transpose()?;
    let node = || node(value(pairs, "node")?);
    let links = || -> Result<Links, String> {
        let end = |key| optional(key).map(self::node).transpose();
        Ok(Links { medium, from: end("from")?, to: end("to")? })
    };
    let permille = || number(value(pairs, "permille")?);
    let up_to = || span(value(pairs, "up-to")?);
    let mishap = || word(Mishap::from_word, value(pairs, "mishap")?);
    let which = || word(Which::from_word, value(pairs, "which")?);
    Ok(match kind {
        "loss" => What::Loss { links: links()?, permille: permille()? },
        "delay" => What::Delay { links: links()?, up_to: up_to()? },
        "duplicate" => What::Duplicate { links: links()?, permille: permille()? },
        "corrupt" => What::Corrupt { links: links()?, permille: permille()? },
        "cut" => What::Cut { links: links()? },
        "partition" => What::Partition { medium, set: set(value(pairs, "set")?)? },
        "pause" => What::Pause { node: node()?, process: optional("process").map(process).transpose()? },
        "busy" => What::Busy { node: node()?, up_to: up_to()? },
        "kill" => What::Kill { node: node()?, process: process(value(pairs, "process")?)? },
        "power-cut" => What::PowerCut { node: node()? },
        "stop" => What::Stop { node: node()? },
        "wall-step" => What::WallStep { node: node()?, by_ms: number(value(pairs, "by-ms")?)? },
        "agent" => {
            let action = word(Action::from_word, value(pairs, "action")?)?;
            What::Agent { node: node()?, action, mishap: mishap()? }
        }
        "device" => What::Device { node: node()?, mishap: mishap()? },
        "send" => What::Send { node: node()?, count: number(value(pairs, "count")?)? },
        "standby" => What::Standby { node: node()?, which: which()? },
        "takeover" => What::Takeover { node: node()?, which: which()? },
        _ => return Err(format!("unknown step {kind}")),
    })
}

fn set(text: &str) -> Result<u8, String> {
    text.split(',').try_fold(0, |set, name| Ok(set | 1 << node(name)?))
}

fn process(text: &str) -> Result<Process, String> {
    match text.split_once('.') {
        Some(("reader", medium)) => Ok(Process::Reader(number(medium)?)),
        Some(("writer", medium)) => Ok(Process::Writer(number(medium)?)),
        None if text == "master" => Ok(Process::Master),
        None if text == "readers" => Ok(Process::Readers),
        None if text == "executor" => Ok(Process::Executor),
        None if text == "fencer" => Ok(Process::Fencer),
        _ => Err(format!("unknown process {text}")),
    }
}

fn node(text: &str) -> Result<u8, String> {
    let place: Option<u8> = text.strip_prefix('n').and_then(|n| n.parse().ok());
    match place {
        Some(place @ 1..=NODES_MAX) => Ok(place - 1),
        _ => Err(format!("{text} is no node")),
    }
}

fn pairs<'a>(words: &[&'a str]) -> Result<Pairs<'a>, String> {
    words.iter().map(|w| w.split_once('=').ok_or_else(|| format!("{w} is not key=value"))).collect()
}

fn value<'a>(pairs: &Pairs<'a>, key: &str) -> Result<&'a str, String> {
    let found = pairs.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
    found.ok_or_else(|| format!("{key}= is missing"))
}

fn word<T>(from_word: fn(&str) -> Option<T>, text: &str) -> Result<T, String> {
    from_word(text).ok_or_else(|| format!("unknown word {text}"))
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number here"))
}

fn span(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    let size: u64 = match unit {
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" => 1_000,
        "ns" => 1,
        _ => return Err(format!("{text} is no time; write 1500ms")),
    };
    let nanos = number::<u64>(count)?.checked_mul(size);
    nanos.map(Duration::from_nanos).ok_or_else(|| format!("{text} is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Wishes, draw};

    #[test]
    fn what_is_printed_is_what_is_read() {
        for seed in 0..2_000 {
            let plan = draw(seed, &Wishes::default());
            let text = plan.to_string();
            assert_eq!(parse(&text).as_ref(), Ok(&plan), "{text}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        let text = draw(1, &Wishes::default()).to_string();
        let bad = |extra: &str| parse(&format!("{extra}\n{text}")).unwrap_err();
        assert_eq!(bad("colour red").line, 1);
        assert_eq!(bad("at 5 loss permille=3").line, 1);
        assert_eq!(bad("at 5s loss").what, "permille= is missing");
        assert_eq!(bad("at 5s kill node=n9 process=master").what, "n9 is no node");
        assert_eq!(parse("plan 2").unwrap_err().what, "this build reads version 1");
        assert_eq!(parse("").unwrap_err().line, 0);
    }
}
