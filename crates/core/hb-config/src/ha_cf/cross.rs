//! Complaints about values that do not go together (spec: ha.cf section 3).

use super::parse::Context;
use super::{AutoFailback, Autojoin, Crm, Medium};
use crate::code::Code;
use crate::span::{File, Setting, Span};
use crate::suggest::nearest;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// Below this, a deadtime needs realtime scheduling: a busy scheduler keeps a process waiting for tenths of
/// a second.
const SHORTEST_WITHOUT_REALTIME: Duration = Duration::from_millis(500);

/// Networks take this long to come up after a boot.
const SHORTEST_INITDEAD: Duration = Duration::from_secs(10);

const WHOLE: Span = Span::whole(File::HaCf);

pub(crate) fn cross_check(cx: &mut Context<'_>) {
    nodes(cx);
    media(cx);
    order(cx);
    timing(cx);
    resources(cx);
    stonith(cx);
    logging(cx);
}

fn nodes(cx: &mut Context<'_>) {
    let membership = &cx.ha_cf.membership;
    let own = cx.facts.node.as_str();
    let any = membership.autojoin.value == Autojoin::Any;
    let Some(name) = &cx.own else {
        let message = format!("the host calls itself `{own}`, which cannot be the name of a node");
        cx.report.error(
            Code::BadNodeName,
            WHOLE,
            message,
            "Give the host a plain name (`hostnamectl hostname NAME`).",
        );
        return;
    };
    if membership.nodes.is_empty() && !any {
        let message = "no node is declared".to_string();
        let cure =
            format!("Write `node {name} OTHER`, with the names that `uname -n` prints on the two machines.");
        cx.report.error(Code::NoNodes, WHOLE, message, cure);
        return;
    }
    let first = membership.nodes.first().and_then(|node| node.at).unwrap_or(WHOLE);
    if !any && !cx.ha_cf.has_node(name) {
        let message = format!("this host, `{name}`, is not among the nodes");
        let names = membership.nodes.iter().map(|node| node.as_str());
        let short = name.split('.').next().unwrap_or(name);
        let near =
            names.clone().find(|n| n.split('.').next() == Some(short)).or_else(|| nearest(name, names));
        let at = membership.nodes.iter().find(|node| near == Some(node.as_str())).and_then(|node| node.at);
        let cure = match near {
            Some(near) => format!("Write `{name}` instead of `{near}`, or rename the host to `{near}`."),
            None => format!("Add `node {name}`; names are what `uname -n` prints."),
        };
        cx.report.error(Code::OwnNodeMissing, at.unwrap_or(first), message, cure);
    }
    let classic = cx.ha_cf.resources.crm.value == Crm::Off && cx.facts.resource_management;
    let third = membership.nodes.get(2).and_then(|node| node.at);
    if let Some(third) = third.filter(|_| classic) {
        let message = "haresources moves resources between two nodes, and this is a third".to_string();
        let cure = "Expect a third node to take part in messages only; put no resources on it.";
        cx.report.warning(Code::MoreThanTwoNodes, third, message, cure);
    }
    if let Some(at) =
        membership.autojoin.at.filter(|_| classic && membership.autojoin.value != Autojoin::None)
    {
        let message =
            "nodes cannot join by themselves while haresources decides where resources run".to_string();
        cx.report.error(
            Code::AutojoinClassic,
            at,
            message,
            "Write `autojoin none` and declare every node with `node`.",
        );
    }
}

fn media(cx: &mut Context<'_>) {
    let media = &cx.ha_cf.media;
    if media.iter().any(|medium| medium.is_supported()) {
        return;
    }
    // Whoever wrote media that are wrong has been told so already, more precisely.
    if cx.seen.keys().any(|name| matches!(*name, "bcast" | "mcast" | "ucast")) && cx.report.has_errors() {
        return;
    }
    let cure = "Write `bcast INTERFACE`, or one `ucast INTERFACE ADDRESS` for each peer; two separate networks are \
                better than one.";
    let (at, message) = match media.first() {
        None => (WHOLE, "no medium is named, so this node could hear nobody".to_string()),
        Some(first) => {
            let message = "none of the media can be used in this version, so this node could hear nobody";
            (first.at.unwrap_or(WHOLE), message.to_string())
        }
    };
    cx.report.error(Code::NoMedia, at, message, cure);
}

/// Ports and speeds that stand after media that should have used them.
fn order(cx: &mut Context<'_>) {
    let late = |setting: Option<Span>, uses: fn(&Medium) -> bool| {
        let at = setting?;
        let first =
            cx.ha_cf.media.iter().filter(|medium| uses(medium)).filter_map(|medium| medium.at).min()?;
        (first < at).then_some((at, first.line))
    };
    let port = late(cx.ha_cf.udpport.at, |m| {
        matches!(m, Medium::Bcast { .. } | Medium::Ucast { .. } | Medium::Ucast6 { .. })
    });
    let baud = late(cx.ha_cf.baud.at, |m| matches!(m, Medium::Serial { .. }));
    for (name, what, late) in [("udpport", "port", port), ("baud", "speed", baud)] {
        let Some((at, line)) = late else { continue };
        let message =
            format!("`{name}` stands after the medium on line {line}, which has another {what} therefore");
        let cure = format!("Move `{name}` before the first medium, on all nodes.");
        cx.report.warning(Code::SetTooLate, at, message, cure);
    }
}

/// A time as people write it.
fn shown(time: Duration) -> String {
    let millis = time.as_millis();
    if millis.is_multiple_of(1_000) && millis > 0 {
        format!("{} s", millis / 1_000)
    } else {
        format!("{millis} ms")
    }
}

fn timing(cx: &mut Context<'_>) {
    let t = &cx.ha_cf.timing;
    let double = t.keepalive.value * 2;
    // The place of the first of these that somebody wrote.
    let place = |settings: [&Setting<Duration>; 2]| settings.iter().find_map(|s| s.at).unwrap_or(WHOLE);
    if t.deadtime.value <= double {
        let (dead, alive) = (shown(t.deadtime.value), shown(t.keepalive.value));
        let message = format!("deadtime ({dead}) must be more than twice keepalive ({alive})");
        let cure = "One lost heartbeat must not kill a node: make deadtime four times keepalive or more.";
        cx.report.error(Code::DeadtimeTooSmall, place([&t.deadtime, &t.keepalive]), message, cure);
    }
    if t.deadping.value <= double && t.deadping.is_written() {
        let message = format!(
            "deadping ({}) must be more than twice keepalive ({})",
            shown(t.deadping.value),
            shown(t.keepalive.value)
        );
        let cure = "Make it four times keepalive or more, or leave the line out.";
        cx.report.error(Code::DeadpingTooSmall, place([&t.deadping, &t.keepalive]), message, cure);
    }
    if t.initdead.value < t.deadtime.value {
        let message = format!(
            "initdead ({}) is smaller than deadtime ({})",
            shown(t.initdead.value),
            shown(t.deadtime.value)
        );
        let cure = "Make it at least twice deadtime, or leave the line out: a fitting value is then used.";
        cx.report.error(Code::InitdeadTooSmall, place([&t.initdead, &t.deadtime]), message, cure);
    } else if let Some(at) = t.initdead.at.filter(|_| t.initdead.value < SHORTEST_INITDEAD) {
        let message =
            format!("initdead ({}) is shorter than many networks need after a boot", shown(t.initdead.value));
        let cure = "Write 10 or more, or a node that boots may declare a healthy peer dead.";
        cx.report.warning(Code::InitdeadShort, at, message, cure);
    }
    if let Some(at) = t.warntime.at {
        let never = t.warntime.value >= t.deadtime.value;
        if never || t.warntime.value <= t.keepalive.value {
            let message = if never {
                format!(
                    "warntime ({}) is not below deadtime, so late heartbeats are never told",
                    shown(t.warntime.value)
                )
            } else {
                format!(
                    "warntime ({}) is not above keepalive, so every heartbeat is late",
                    shown(t.warntime.value)
                )
            };
            let cure = "Write a time between the two; half of deadtime is usual.";
            cx.report.warning(Code::WarntimeUseless, at, message, cure);
        }
    }
    not_realtime(cx);
}

fn not_realtime(cx: &mut Context<'_>) {
    let deadtime = cx.ha_cf.timing.deadtime;
    let wanted = cx.ha_cf.process.realtime.value;
    if deadtime.value >= SHORTEST_WITHOUT_REALTIME || (wanted && cx.facts.realtime_allowed) {
        return;
    }
    let why = if wanted { "the system grants no realtime priority" } else { "realtime scheduling is off" };
    let message = format!("a deadtime of {} is risky: {why}", shown(deadtime.value));
    let cure = "Write `deadtime 500ms` or more: without realtime priority a busy machine can keep the daemon waiting \
                for some tenths of a second, and its peer would take that for death.";
    cx.report.warning(Code::DeadtimeNotRealtime, deadtime.at.unwrap_or(WHOLE), message, cure);
}

fn resources(cx: &mut Context<'_>) {
    let resources = &cx.ha_cf.resources;
    if resources.crm.value != Crm::Off || !cx.facts.resource_management {
        return;
    }
    let failback = &resources.auto_failback;
    // A wrong value, and the older name of it, were told already.
    let told = cx.seen.contains_key("nice_failback")
        || (cx.seen.contains_key("auto_failback") && !failback.is_written());
    if failback.value == AutoFailback::Legacy && !told {
        let message = match failback.at {
            None => {
                "`auto_failback` is not set, so the first release's way of failing back is in force: a returning \
                     node takes its groups at once"
            }
            Some(_) => {
                "`auto_failback legacy` is the first release's way: a returning node takes its groups at once"
            }
        };
        let cure = "Write `auto_failback on` (groups move back in good order) or `auto_failback off` (they stay), the \
                    same on both nodes.";
        let at = failback.at.unwrap_or(WHOLE);
        cx.report.warning(Code::FailbackDefault, at, message.to_string(), cure);
    }
}

fn stonith(cx: &mut Context<'_>) {
    let devices = &cx.ha_cf.stonith;
    if let Some(own) = &cx.own {
        let ours: Vec<_> = devices.iter().filter(|device| device.is_for(own)).collect();
        if let [earlier @ .., last] = ours.as_slice() {
            let line = last.at.map_or(0, |at| at.line);
            for at in earlier.iter().filter_map(|device| device.at) {
                let message =
                    format!("this fencing device is not used: the one on line {line} takes its place");
                cx.report.warning(Code::StonithTwice, at, message, "Keep one line for each host.");
            }
        }
    }
    if cx.ha_cf.membership.autojoin.value != Autojoin::None {
        return;
    }
    for device in devices {
        let (Some(host), Some(at)) = (&device.host, device.at) else { continue };
        if cx.ha_cf.has_node(host) || cx.own.as_ref() == Some(host) {
            continue;
        }
        let message = format!("`{host}` is not among the nodes, so nobody uses this fencing device");
        let cure = match nearest(host, cx.ha_cf.membership.nodes.iter().map(|n| n.as_str())) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "Write the node that reaches the device, or `*` for every node.".to_string(),
        };
        cx.report.warning(Code::StonithUnknownHost, at, message, cure);
    }
}

fn logging(cx: &mut Context<'_>) {
    let logging = &cx.ha_cf.logging;
    match logging.use_logd {
        Some(Setting { value: false, at: Some(at) }) if logging.is_nowhere() => {
            let message =
                "there is nowhere to log to: no file, no syslog facility, and `use_logd off`".to_string();
            cx.report.error(Code::NoLogTarget, at, message, "Write `logfacility daemon` or `logfile PATH`.");
        }
        Some(Setting { value: true, at: Some(logd) }) => {
            let targets = [
                ("logfile", &logging.logfile),
                ("debugfile", &logging.debugfile),
                ("logfacility", &logging.logfacility),
            ];
            for (name, at) in targets.iter().filter_map(|(name, t)| Some((*name, t.as_ref()?.at?))) {
                let line = logd.line;
                let message =
                    format!("`{name}` is redundant for the original beside `use_logd on` (line {line})");
                let cure = "Keep it if lines are to go there while the logging daemon cannot be reached, or remove it.";
                cx.report.warning(Code::LogTargetRedundant, at, message, cure);
            }
        }
        _ => {}
    }
}
