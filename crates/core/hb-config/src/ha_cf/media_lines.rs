//! Media lines into media, with the facts about interfaces, hosts and devices.

use super::media::{MAX_MEDIA, Medium, MediumKind};
use super::parse::{Context, Words};
use super::values;
use crate::code::Code;
use crate::facts::{FileFact, Interface};
use crate::lexer::Word;
use crate::span::Setting;
use crate::suggest::nearest;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Adds a medium unless it is one too many; tells when it is there already.
fn add(cx: &mut Context<'_>, word: Word<'_>, medium: Medium) {
    if let Some(twin) = cx.ha_cf.media.iter().find(|other| other.value == medium).and_then(|m| m.at) {
        let message =
            format!("the medium {} {} is already on line {}", medium.kind().name(), medium.link(), twin.line);
        cx.report.warning(
            Code::MediumTwice,
            word.at,
            message,
            "Remove one of the two: a second copy of every packet on one cable makes nothing safer.",
        );
    }
    if cx.ha_cf.media.len() == MAX_MEDIA {
        let message = format!("this is medium number {}; there may be {MAX_MEDIA}", MAX_MEDIA + 1);
        cx.report.error(Code::TooManyMedia, word.at, message, "Remove some media.");
    }
    if cx.ha_cf.media.len() <= MAX_MEDIA {
        cx.ha_cf.media.push(Setting::written(medium, word.at));
    }
}

/// Looks the interface up. `None` when there is none of that name or of too long a name, which is told.
fn interface<'f>(cx: &mut Context<'f>, word: Word<'_>) -> Option<(String, Option<&'f Interface>)> {
    let name = cx.text(word)?;
    let Some(known) = &cx.facts.interfaces else { return Some((name.to_string(), None)) };
    let Some(found) = known.iter().find(|interface| interface.name == name) else {
        let names: Vec<&str> = known.iter().map(|i| i.name.as_str()).filter(|n| *n != "lo").collect();
        let cure = match nearest(name, names.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`? This host has: {}.", names.join(", ")),
            None if names.is_empty() => "This host has no network interface but `lo`.".to_string(),
            None => format!("Write one of those that this host has: {}.", names.join(", ")),
        };
        cx.report.error(Code::NoInterface, word.at, format!("there is no network interface `{name}`"), cure);
        return None;
    };
    if !found.up {
        let message = format!("the interface `{name}` is down");
        let cure = format!("Bring it up (`ip link set {name} up`); until then nothing is heard on it.");
        cx.report.warning(Code::InterfaceDown, word.at, message, cure);
    }
    Some((name.to_string(), Some(found)))
}

/// As [`interface`], and it must have an IPv4 address.
// DEVIATION: the original finds out about `ucast` after it has gone into the background, and then ends.
fn ipv4_interface<'f>(cx: &mut Context<'f>, word: Word<'_>) -> Option<(String, Option<&'f Interface>)> {
    let (name, found) = interface(cx, word)?;
    if found.is_some_and(|i| !i.addresses.iter().any(|a| a.address.is_ipv4())) {
        let message = format!("the interface `{name}` has no IPv4 address");
        let cure =
            format!("Give it one (`ip addr add ADDRESS/PREFIX brd + dev {name}`) or use another interface.");
        cx.report.error(Code::NoIpv4, word.at, message, cure);
        return None;
    }
    Some((name, found))
}

pub(super) fn bcast(cx: &mut Context<'_>, word: Word<'_>) {
    let Some((interface, found)) = ipv4_interface(cx, word) else { return };
    // DEVIATION: the original starts and then hears nobody.
    if found.is_some_and(|i| !i.addresses.iter().any(|a| a.broadcast.is_some())) {
        let message =
            format!("the interface `{interface}` has no broadcast address, so broadcasts reach nobody");
        let cure = format!(
            "Add its address with one (`ip addr add ADDRESS/PREFIX brd + dev {interface}`), or write `mcast` or `ucast`."
        );
        cx.report.error(Code::NoBroadcast, word.at, message, cure);
        return;
    }
    let port = cx.ha_cf.udpport.value;
    add(cx, word, Medium::Bcast { interface, port });
}

/// What a multicast line must hold; for the cure of a line that does not.
const MCAST_SHAPE: &str =
    "Write `mcast INTERFACE GROUP PORT TTL LOOP`, for example `mcast eth0 239.0.0.1 694 1 0`.";
const MCAST6_SHAPE: &str =
    "Write `mcast6 INTERFACE GROUP PORT HOPS LOOP`, for example `mcast6 eth0 ff12::1:2:3:4 694 1 0`.";

/// The five words of a multicast line.
fn five<'a>(cx: &mut Context<'_>, words: &Words<'a>, shape: &str) -> Option<[Word<'a>; 5]> {
    let names = ["the interface", "the group", "the port", "the time to live", "the loop flag"];
    if let &[a, b, c, d, e, ..] = words.rest.as_slice() {
        cx.ignore_from(words, 5, shape);
        return Some([a, b, c, d, e]);
    }
    let missing = names.get(words.rest.len()).copied().unwrap_or("a value");
    let message = format!("the line ends before {missing} of the multicast medium");
    cx.report.error(Code::ValueMissing, words.end, message, shape);
    None
}

pub(super) fn mcast(cx: &mut Context<'_>, words: &Words<'_>) {
    let Some([device, group, port, ttl, loopback]) = five(cx, words, MCAST_SHAPE) else { return };
    let interface = ipv4_interface(cx, device);
    let address = group.text().and_then(|text| text.parse::<Ipv4Addr>().ok()).filter(Ipv4Addr::is_multicast);
    if address.is_none() {
        let message = format!("`{}` is not an IPv4 multicast group", group.shown());
        cx.report.error(
            Code::BadAddress,
            group.at,
            message,
            "Write an address from 224.0.0.0 to 239.255.255.255, best from 239.192.0.0/14, the same on every node.",
        );
    }
    let port = values::port(cx, port);
    let range = values::number::<u8>(cx, ttl, "the time to live", 0, 255, "Write 1 for the local network.");
    if range == Some(0) {
        cx.report.warning(
            Code::TtlZero,
            ttl.at,
            "a time to live of 0 keeps every packet on this host".into(),
            "Write 1 for the local network, more to cross routers.",
        );
    }
    let flag = values::number::<u8>(
        cx,
        loopback,
        "the loop flag",
        0,
        1,
        "Write 0: nothing needs our own packets back.",
    );
    if let (Some((interface, _)), Some(group), Some(port), Some(ttl), Some(flag)) =
        (interface, address, port, range, flag)
    {
        add(cx, device, Medium::Mcast { interface, group, port, ttl, loopback: flag == 1 });
    }
}

pub(super) fn mcast6(cx: &mut Context<'_>, words: &Words<'_>) {
    let Some([device, group, port, hops, loopback]) = five(cx, words, MCAST6_SHAPE) else { return };
    let interface = interface(cx, device);
    let address = group.text().and_then(|text| text.parse::<Ipv6Addr>().ok()).filter(Ipv6Addr::is_multicast);
    if address.is_none() {
        let message = format!("`{}` is not an IPv6 multicast group", group.shown());
        let cure = "Write an address that begins with ff12:, the same on every node.";
        cx.report.error(Code::BadAddress, group.at, message, cure);
    }
    let port = values::port(cx, port);
    let range = values::number::<u8>(cx, hops, "the hop limit", 0, 4, "Write 1 for the local network.");
    let flag = values::number::<u8>(
        cx,
        loopback,
        "the loop flag",
        0,
        1,
        "Write 0: nothing needs our own packets back.",
    );
    if let (Some((interface, _)), Some(group), Some(port), Some(hops), Some(flag)) =
        (interface, address, port, range, flag)
    {
        add(cx, device, Medium::Mcast6 { interface, group, port, hops, loopback: flag == 1 });
    }
}

/// The interface and the peer of a unicast line.
fn two<'a>(cx: &mut Context<'_>, words: &Words<'a>, shape: &str) -> Option<(Word<'a>, Word<'a>)> {
    if let &[device, peer, ..] = words.rest.as_slice() {
        cx.ignore_from(words, 2, shape);
        return Some((device, peer));
    }
    let what = if words.rest.is_empty() { "the interface and the peer" } else { "the peer's address" };
    cx.report.error(Code::ValueMissing, words.end, format!("the line ends before {what}"), shape);
    None
}

pub(super) fn ucast(cx: &mut Context<'_>, words: &Words<'_>) {
    let shape = "Write `ucast INTERFACE ADDRESS`, one line for each peer, for example `ucast eth0 10.0.0.2`.";
    let Some((device, peer)) = two(cx, words, shape) else { return };
    if device.text().is_some_and(|text| text.parse::<IpAddr>().is_ok()) {
        let message = format!("`{}` is an address, and the interface comes first", device.shown());
        let cure = format!("Write `ucast {} {}`.", peer.shown(), device.shown());
        cx.report.error(Code::BadAddress, device.at, message, cure);
        return;
    }
    let interface = ipv4_interface(cx, device);
    let Some(text) = cx.text(peer) else { return };
    let address = match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => Some(address),
        Ok(IpAddr::V6(_)) => {
            let message = format!("`{text}` is an IPv6 address, and `ucast` is for IPv4");
            let cure = "Write the peer's IPv4 address; `ucast6`, which is for IPv6, is not there yet.";
            cx.report.error(Code::BadAddress, peer.at, message, cure);
            return;
        }
        Err(_) => match values::resolve(cx, peer, text, values::Family::V4) {
            values::Resolved::To(IpAddr::V4(address)) => Some(address),
            values::Resolved::To(IpAddr::V6(_)) | values::Resolved::NotAsked => None,
            values::Resolved::Failed => return,
        },
    };
    if let Some(odd) = address.filter(|a| a.is_multicast() || a.is_broadcast() || a.is_unspecified()) {
        let message = format!("`{odd}` is not the address of one host");
        cx.report.error(
            Code::BadAddress,
            peer.at,
            message,
            "Write the peer's own address, or use `mcast` or `bcast`.",
        );
        return;
    }
    let Some((interface, _)) = interface else { return };
    let own = address.is_some_and(|a| {
        let known = cx.facts.interfaces.as_deref().unwrap_or_default();
        known.iter().flat_map(|i| &i.addresses).any(|i| i.address == IpAddr::V4(a))
    });
    let port = cx.ha_cf.udpport.value;
    add(cx, device, Medium::Ucast { interface, peer: text.to_string(), address, port, own });
}

pub(super) fn ucast6(cx: &mut Context<'_>, words: &Words<'_>) {
    let shape = "Write `ucast6 INTERFACE ADDRESS`, one line for each peer.";
    let Some((device, peer)) = two(cx, words, shape) else { return };
    let interface = interface(cx, device);
    let Some(text) = cx.text(peer) else { return };
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) => {}
        Ok(IpAddr::V4(_)) => {
            let message = format!("`{text}` is an IPv4 address, and `ucast6` is for IPv6");
            cx.report.error(Code::BadAddress, peer.at, message, "Write `ucast` instead of `ucast6`.");
            return;
        }
        Err(_) => {
            if matches!(values::resolve(cx, peer, text, values::Family::V6), values::Resolved::Failed) {
                return;
            }
        }
    }
    let port = cx.ha_cf.udpport.value;
    if let Some((interface, _)) = interface {
        add(cx, device, Medium::Ucast6 { interface, peer: text.to_string(), port });
    }
}

pub(super) fn serial(cx: &mut Context<'_>, word: Word<'_>) {
    let Some(device) = cx.text(word) else { return };
    if cx.file(device) == Some(FileFact::Missing) {
        let message = format!("there is no serial port `{device}`");
        cx.report.error(
            Code::NoDevice,
            word.at,
            message,
            "Write the device of the port, for example `/dev/ttyS0`.",
        );
        return;
    }
    let baud = cx.ha_cf.baud.value;
    add(cx, word, Medium::Serial { device: device.to_string(), baud });
}

/// A host that will be pinged; `None` when it resolves to nothing, which is told.
fn pinged<'a>(cx: &mut Context<'_>, word: Word<'a>, family: values::Family) -> Option<&'a str> {
    let text = cx.text(word)?;
    let literal = text.parse::<IpAddr>().ok();
    match (literal, family) {
        (Some(IpAddr::V4(_)), values::Family::V4) | (Some(IpAddr::V6(_)), values::Family::V6) => Some(text),
        (Some(_), _) => {
            let message = format!("`{text}` is an address of the other family");
            cx.report.error(
                Code::BadAddress,
                word.at,
                message,
                "Write `ping` for IPv4 and `ping6` for IPv6.",
            );
            None
        }
        (None, _) => match values::resolve(cx, word, text, family) {
            values::Resolved::Failed => None,
            values::Resolved::To(_) | values::Resolved::NotAsked => Some(text),
        },
    }
}

pub(super) fn ping(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(host) = pinged(cx, word, values::Family::V4) {
        add(cx, word, Medium::Ping { host: host.to_string() });
    }
}

pub(super) fn ping6(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(host) = pinged(cx, word, values::Family::V6) {
        add(cx, word, Medium::Ping6 { host: host.to_string() });
    }
}

pub(super) fn ping_group(cx: &mut Context<'_>, words: &Words<'_>) {
    let shape = "Write `ping_group NAME HOST…`, for example `ping_group routers 10.0.0.253 10.0.0.254`.";
    let Some((name, hosts)) = words.rest.split_first().filter(|(_, hosts)| !hosts.is_empty()) else {
        let what = if words.rest.is_empty() { "the group's name" } else { "the first host" };
        cx.report.error(Code::ValueMissing, words.end, format!("the line ends before {what}"), shape);
        return;
    };
    let members: Vec<String> =
        hosts.iter().filter_map(|&host| pinged(cx, host, values::Family::V4)).map(String::from).collect();
    let Some(text) = cx.text(*name) else { return };
    if members.len() == hosts.len() {
        add(cx, *name, Medium::PingGroup { name: text.to_string(), hosts: members });
    }
}

fn rare(cx: &mut Context<'_>, words: &Words<'_>, kind: MediumKind) {
    let Some(first) = words.rest.first() else {
        let message = format!("`{}` has no value", kind.name());
        cx.report.warning(Code::ValueMissing, words.end, message, "Remove the line: it does nothing.");
        return;
    };
    let text = words.rest.iter().map(|word| word.shown().into_owned()).collect();
    add(cx, *first, Medium::Rare { kind, words: text });
}

pub(super) fn hbaping(cx: &mut Context<'_>, words: &Words<'_>) {
    rare(cx, words, MediumKind::Hbaping);
}

pub(super) fn openais(cx: &mut Context<'_>, words: &Words<'_>) {
    rare(cx, words, MediumKind::Openais);
}

pub(super) fn rds(cx: &mut Context<'_>, words: &Words<'_>) {
    rare(cx, words, MediumKind::Rds);
}

pub(super) fn tipc(cx: &mut Context<'_>, words: &Words<'_>) {
    rare(cx, words, MediumKind::Tipc);
}
