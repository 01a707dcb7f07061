//! How the daemon's processes run, and how messages look on the wire (spec: ha.cf sections 3.1 and 3.5).

use super::parse::Context;
use super::{Compression, MessageFormat, values};
use crate::code::Code;
use crate::facts::FileFact;
use crate::lexer::Word;
use crate::span::Setting;
use alloc::format;
use alloc::string::ToString;

pub(super) fn udpport(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::port(cx, word) {
        cx.ha_cf.udpport = Setting::written(value, word.at);
    }
}

pub(super) fn baud(cx: &mut Context<'_>, word: Word<'_>) {
    let speeds = [
        ("9600", 9_600),
        ("19200", 19_200),
        ("38400", 38_400),
        ("57600", 57_600),
        ("115200", 115_200),
        ("230400", 230_400),
        ("460800", 460_800),
    ];
    if let Some(value) = values::choice(cx, word, "a speed of serial lines", &speeds) {
        cx.ha_cf.baud = Setting::written(value, word.at);
    }
}

pub(super) fn realtime(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::boolean(cx, word) {
        cx.ha_cf.process.realtime = Setting::written(value, word.at);
    }
}

pub(super) fn rtprio(cx: &mut Context<'_>, word: Word<'_>) {
    let (low, high) = cx.facts.realtime_priorities;
    let cure = format!("Write a number from {low} to {high}, or leave the line out for the middle.");
    // Unlike other numbers, the original takes no letters here.
    if word.bytes.iter().any(|b| !b.is_ascii_digit()) {
        let message = format!("`{}` is not a realtime priority", word.shown());
        cx.report.error(Code::BadNumber, word.at, message, cure);
        return;
    }
    if let Some(value) = values::number(cx, word, "the realtime priority", low.into(), high.into(), &cure) {
        cx.ha_cf.process.rtprio = Some(Setting::written(value, word.at));
    }
}

pub(super) fn memreserve(cx: &mut Context<'_>, word: Word<'_>) {
    let cure = "Write how much memory is set aside in kB; 6500 is usual.";
    if let Some(value) = values::number(cx, word, "memreserve", 1, values::UNBOUNDED, cure) {
        cx.ha_cf.process.memreserve_kb = Setting::written(value, word.at);
    }
}

pub(super) fn coredumps(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::boolean(cx, word) {
        cx.ha_cf.process.coredumps = Setting::written(value, word.at);
    }
}

pub(super) fn coreroot(cx: &mut Context<'_>, word: Word<'_>) {
    let Some(path) = values::path(cx, word) else { return };
    if matches!(cx.file(path), Some(FileFact::Missing | FileFact::Regular { .. } | FileFact::Unreadable)) {
        let message = format!("there is no folder `{path}`");
        cx.report.error(Code::BadPath, word.at, message, "Make it, or leave the line out.");
        return;
    }
    cx.ha_cf.process.coreroot = Some(Setting::written(path.to_string(), word.at));
}

pub(super) fn normalpoll(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::boolean(cx, word) {
        cx.ha_cf.process.normalpoll = Setting::written(value, word.at);
    }
}

pub(super) fn watchdog(cx: &mut Context<'_>, word: Word<'_>) {
    let Some(text) = cx.text(word) else { return };
    cx.ha_cf.process.watchdog = Some(Setting::written(text.to_string(), word.at));
    let message = format!(
        "the watchdog `{text}` is not there yet in this version, and a node that hangs would not be reset as \
         this line promises"
    );
    let cure = "Remove the line to run without a watchdog, or stay with the old version.";
    cx.report.error(Code::NotYetSafety, word.at, message, cure);
}

pub(super) fn use_apphbd(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::boolean(cx, word) {
        cx.ha_cf.process.use_apphbd = Setting::written(value, word.at);
        if value {
            cx.report.warning(
                Code::NotYet,
                word.at,
                "`use_apphbd` has no effect: the application heartbeat daemon is not there yet in this version".into(),
                "The node runs without it; remove the line to be rid of this.",
            );
        }
    }
}

pub(super) fn msgfmt(cx: &mut Context<'_>, word: Word<'_>) {
    let words = [("classic", MessageFormat::Classic), ("netstring", MessageFormat::Netstring)];
    if let Some(value) = values::choice(cx, word, "a message format", &words) {
        cx.ha_cf.wire.format = Setting::written(value, word.at);
    }
}

pub(super) fn compression(cx: &mut Context<'_>, word: Word<'_>) {
    let words = [("zlib", Compression::Zlib), ("bz2", Compression::Bz2)];
    if let Some(value) = values::choice(cx, word, "a compression method", &words) {
        cx.ha_cf.wire.compression = Some(Setting::written(value, word.at));
    }
}

pub(super) fn compression_threshold(cx: &mut Context<'_>, word: Word<'_>) {
    let cure = "Write the size in kB above which messages are compressed; 2 is usual.";
    if let Some(value) = values::number(cx, word, "compression_threshold", 1, values::UNBOUNDED, cure) {
        cx.ha_cf.wire.compression_threshold_kb = Setting::written(value, word.at);
    }
}

pub(super) fn traditional_compression(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::boolean(cx, word) {
        cx.ha_cf.wire.traditional_compression = Setting::written(value, word.at);
    }
}
