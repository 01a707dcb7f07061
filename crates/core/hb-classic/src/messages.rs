//! The messages of release-1 resource management: fields in the originals' order, and what they mean.
//!
//! Extensions, all appended and ignored by the original: `hbx=1` in `starting` and `resource` (we speak our
//! extensions), `hbkept` in `resource` (what was held before contact was lost), `hbwhy=start_failed` in
//! `ask_resources` (do not give it back), and the type `hbx_fence_me` (a resource here will not stop; `info=over`: it did).

use alloc::string::{String, ToString};

use hb_wire::Message;

use crate::Held;

/// How a `resource` message was meant (its field `info`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Info {
    None,
    Standby,
    Shutdown,
    MachDown,
    OurResources,
    Heal,
}

impl Info {
    const fn word(self) -> Option<&'static str> {
        match self {
            Info::None => None,
            Info::Standby => Some("standby"),
            Info::Shutdown => Some("shutdown"),
            Info::MachDown => Some("mach_down"),
            Info::OurResources => Some("req_our_resources()"),
            Info::Heal => Some("heal"),
        }
    }

    fn from_word(word: Option<&str>) -> Info {
        let known = [Info::Standby, Info::Shutdown, Info::MachDown, Info::OurResources, Info::Heal];
        known.into_iter().find(|info| info.word() == word).unwrap_or(Info::None)
    }
}

/// The three steps of a standby.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Me,
    Other,
    Done,
}

impl Step {
    const fn word(self) -> &'static str {
        match self {
            Step::Me => "me",
            Step::Other => "other",
            Step::Done => "done",
        }
    }
}

/// What a message says. Holdings are in the sender's view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Starting {
        native: bool,
    },
    Resource(Announced),
    AskResources {
        which: Held,
        step: Step,
        after_failure: bool,
    },
    Takeover {
        word: String,
    },
    IpRequest {
        key: String,
    },
    IpRequestResponse {
        dest: Option<String>,
        key: String,
        ok: bool,
    },
    Shutdone,
    /// A resource there will not stop; or, `over`, it did after all.
    FenceMe {
        over: bool,
    },
    Nothing,
}

/// A `resource` message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Announced {
    pub(crate) held: Held,
    /// The whole holding, not an addition.
    pub(crate) full: bool,
    pub(crate) stable: Option<bool>,
    pub(crate) info: Info,
    pub(crate) native: bool,
    pub(crate) kept: Option<Held>,
}

/// A message's place in its sender's life: generation, then sequence number.
pub(crate) type Stamp = (u64, u64);

/// The stamp, when the control fields are there.
pub(crate) fn stamp(message: &Message) -> Option<Stamp> {
    Some((message.hex("hg").unwrap_or(0), message.hex("seq")?))
}

/// What `message` says. A message with senseless fields says nothing.
pub(crate) fn read(message: &Message) -> Told {
    match message.kind().unwrap_or_default() {
        "starting" => Told::Starting { native: native(message) },
        "resource" => read_resource(message).map_or(Told::Nothing, Told::Resource),
        "ask_resources" => read_ask(message).unwrap_or(Told::Nothing),
        "hb_takeover" => Told::Takeover { word: message.text("rsc_hold").unwrap_or_default().to_string() },
        "ip-request" => match message.text("ipaddr") {
            Some(key) => Told::IpRequest { key: key.to_string() },
            None => Told::Nothing,
        },
        "ip-request-resp" => match message.text("ipaddr") {
            Some(key) => Told::IpRequestResponse {
                dest: message.text("dest").map(str::to_string),
                key: key.to_string(),
                ok: message.text("ok") == Some("OK"),
            },
            None => Told::Nothing,
        },
        "shutdone" => Told::Shutdone,
        "hbx_fence_me" => Told::FenceMe { over: message.text("info") == Some("over") },
        _ => Told::Nothing,
    }
}

fn native(message: &Message) -> bool {
    message.text("hbx") == Some("1")
}

fn read_resource(message: &Message) -> Option<Announced> {
    let held = Held::from_word(message.text("rsc_hold")?)?;
    Some(Announced {
        held,
        full: message.text("rtype") == Some("full") || held.is_none(),
        stable: message.text("isstable").map(|word| word == "1"),
        info: Info::from_word(message.text("info")),
        native: native(message),
        kept: message.text("hbkept").and_then(Held::from_word),
    })
}

fn read_ask(message: &Message) -> Option<Told> {
    let which = match message.text("rsc_hold")? {
        "failback" => Held::FOREIGN,
        word => Held::from_word(word)?,
    };
    let word = message.text("info")?;
    let step = [Step::Me, Step::Other, Step::Done].into_iter().find(|step| step.word() == word)?;
    Some(Told::AskResources { which, step, after_failure: message.text("hbwhy") == Some("start_failed") })
}

pub(crate) fn starting(native: bool) -> Message {
    mark(Message::new("starting"), native)
}

pub(crate) fn resource(held: Held, stable: bool, info: Info, native: bool) -> Message {
    let mut message = Message::new("resource")
        .with("rsc_hold", held.word())
        .with("rtype", "full")
        .with("isstable", if stable { "1" } else { "0" });
    if let Some(word) = info.word() {
        message.set("info", word);
    }
    mark(message, native)
}

pub(crate) fn mach_down() -> Message {
    Message::new("resource").with("rsc_hold", "foreign").with("info", "mach_down")
}

pub(crate) fn ask(which: Held, step: Step) -> Message {
    Message::new("ask_resources").with("rsc_hold", which.word()).with("info", step.word())
}

pub(crate) fn takeover(word: &str) -> Message {
    Message::new("hb_takeover").with("rsc_hold", word)
}

pub(crate) fn ip_request(key: &str) -> Message {
    Message::new("ip-request").with("ipaddr", key)
}

pub(crate) fn ip_request_response(dest: &str, key: &str, we_own: bool) -> Message {
    Message::new("ip-request-resp")
        .with("dest", dest)
        .with("ipaddr", key)
        .with("weown", if we_own { "yes" } else { "no" })
        .with("ok", "OK")
}

pub(crate) fn stonith(node: &str, result: &str) -> Message {
    Message::new("stonith").with("node", node).with("result", result)
}

pub(crate) fn shutdone() -> Message {
    Message::new("shutdone").with("st", "dead")
}

pub(crate) fn fence_me(over: bool) -> Message {
    let message = Message::new("hbx_fence_me");
    if over { message.with("info", "over") } else { message }
}

fn mark(message: Message, native: bool) -> Message {
    if native { message.with("hbx", "1") } else { message }
}
