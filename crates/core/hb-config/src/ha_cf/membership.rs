//! Who is in the cluster, and who decides where resources run (spec: ha.cf sections 3.1 and 3.3).

use super::parse::Context;
use super::{AutoFailback, Autojoin, Crm, GenerationMethod, UuidSource, values};
use crate::code::Code;
use crate::lexer::Word;
use crate::span::Setting;
use alloc::format;
use alloc::string::ToString;
use hb_base::NodeName;

/// Most nodes the wire carries.
pub const MAX_NODES: usize = 100;

pub(super) fn node(cx: &mut Context<'_>, word: Word<'_>) {
    let Some(text) = cx.text(word) else { return };
    let Some(name) = NodeName::new(text) else {
        let (message, cure) = if text.len() > NodeName::MAX_BYTES {
            (
                format!(
                    "this node name has {} bytes, and the longest has {}",
                    text.len(),
                    NodeName::MAX_BYTES
                ),
                "Give the host a shorter name.",
            )
        } else {
            (format!("`{text}` cannot be the name of a node"), "Write what `uname -n` prints on that node.")
        };
        cx.report.error(Code::BadNodeName, word.at, message, cure);
        return;
    };
    let twin = cx.ha_cf.membership.nodes.iter().find(|node| node.value == name).and_then(|node| node.at);
    if let Some(twin) = twin {
        let message = format!("the node `{name}` is already declared on line {}", twin.line);
        cx.report.warning(
            Code::NodeTwice,
            word.at,
            message,
            "Remove one of the two; upper case does not count.",
        );
        return;
    }
    if cx.ha_cf.membership.nodes.len() == MAX_NODES {
        let message = format!("the node `{name}` is one too many: a cluster has at most {MAX_NODES}");
        cx.report.error(Code::TooManyNodes, word.at, message, "Remove some nodes.");
        return;
    }
    cx.ha_cf.membership.nodes.push(Setting::written(name, word.at));
}

pub(super) fn autojoin(cx: &mut Context<'_>, word: Word<'_>) {
    // The original takes these words in any case.
    let folded = word.bytes.to_ascii_lowercase();
    let words = [("none", Autojoin::None), ("other", Autojoin::Other), ("any", Autojoin::Any)];
    let folded = Word { bytes: &folded, ..word };
    if let Some(value) = values::choice(cx, folded, "a way to join", &words) {
        cx.ha_cf.membership.autojoin = Setting::written(value, word.at);
    }
}

pub(super) fn cluster(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(text) = cx.text(word) {
        cx.ha_cf.membership.cluster = Setting::written(text.to_string(), word.at);
    }
}

pub(super) fn quorum_server(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(text) = cx.text(word) {
        cx.ha_cf.membership.quorum_server = Some(Setting::written(text.to_string(), word.at));
    }
}

pub(super) fn hbgenmethod(cx: &mut Context<'_>, word: Word<'_>) {
    let words = [("file", GenerationMethod::File), ("time", GenerationMethod::Time)];
    if let Some(value) = values::choice(cx, word, "a source of generation numbers", &words) {
        cx.ha_cf.membership.generation = Setting::written(value, word.at);
    }
}

pub(super) fn uuidfrom(cx: &mut Context<'_>, word: Word<'_>) {
    let words = [("file", UuidSource::File), ("nodename", UuidSource::NodeName)];
    if let Some(value) = values::choice(cx, word, "a source of the node's uuid", &words) {
        cx.ha_cf.membership.uuid = Setting::written(value, word.at);
    }
}

pub(super) fn crm(cx: &mut Context<'_>, word: Word<'_>) {
    let Some(text) = cx.text(word) else { return };
    let value = match values::parse_boolean(text) {
        Some(false) => Crm::Off,
        Some(true) => Crm::On,
        None if text.eq_ignore_ascii_case("respawn") => Crm::Respawn,
        None if ["minimal", "manual"].iter().any(|w| text.eq_ignore_ascii_case(w)) => Crm::Minimal,
        None if text.eq_ignore_ascii_case("valgrind") => Crm::Valgrind,
        None => {
            let message = format!("`{text}` is not a way to run the cluster resource manager");
            cx.report.error(Code::BadWord, word.at, message, "Write `off`: haresources decides then.");
            return;
        }
    };
    cx.ha_cf.resources.crm = Setting::written(value, word.at);
    if value != Crm::Off {
        let message = "the cluster resource manager is not there yet in this version, and a node that runs \
                       without it would leave its resources to nobody"
            .to_string();
        let cure = "Write `crm off` and put the resources into haresources, or stay with the old version.";
        cx.report.error(Code::NotYetSafety, word.at, message, cure);
    }
}

pub(super) fn auto_failback(cx: &mut Context<'_>, word: Word<'_>) {
    let Some(text) = cx.text(word) else { return };
    let value = match values::parse_boolean(text) {
        Some(true) => AutoFailback::On,
        Some(false) => AutoFailback::Off,
        None if text.eq_ignore_ascii_case("legacy") => AutoFailback::Legacy,
        None => {
            let message = format!("`{text}` is not a way to fail back");
            let cure = "Write `on` (groups move back to their node), `off` (they stay) or `legacy`.";
            cx.report.error(Code::BadWord, word.at, message, cure);
            return;
        }
    };
    cx.ha_cf.resources.auto_failback = Setting::written(value, word.at);
}

/// As the original does it, whatever was meant: the outcome depends on what was set before, not on the value.
pub(super) fn nice_failback(cx: &mut Context<'_>, word: Word<'_>) {
    if values::boolean(cx, word).is_none() {
        return;
    }
    let (value, name) = match cx.ha_cf.resources.auto_failback.value {
        AutoFailback::On | AutoFailback::Off => (AutoFailback::Off, "off"),
        AutoFailback::Legacy => (AutoFailback::Legacy, "legacy"),
    };
    cx.ha_cf.resources.auto_failback = Setting::written(value, word.at);
    let message = format!(
        "`nice_failback` is obsolete, and in this place it means `auto_failback {name}` whatever its value"
    );
    let cure = "Replace it by `auto_failback on` (groups move back to their node) or `auto_failback off` (they stay).";
    cx.report.warning(Code::Obsolete, word.at, message, cure);
}

macro_rules! switches {
    ($($name:ident),*) => {
        $(pub(super) fn $name(cx: &mut Context<'_>, word: Word<'_>) {
            if let Some(value) = values::boolean(cx, word) {
                cx.ha_cf.resources.$name = Setting::written(value, word.at);
            }
        })*
    };
}
switches!(record_config_changes, record_pengine_inputs, enable_config_writes, crmd_spawns_pengine);

pub(super) fn crm_daemon_dir(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(text) = values::path(cx, word) {
        cx.ha_cf.resources.crm_daemon_dir = Some(Setting::written(text.to_string(), word.at));
    }
}
