//! How long things may take (spec: ha.cf section 3.1).

use super::parse::Context;
use super::values;
use crate::lexer::Word;
use crate::span::Setting;
use core::time::Duration;

pub(super) fn keepalive(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::time_above_zero(cx, word) {
        cx.ha_cf.timing.keepalive = Setting::written(value, word.at);
    }
}

pub(super) fn deadtime(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::time_above_zero(cx, word) {
        cx.ha_cf.timing.deadtime = Setting::written(value, word.at);
    }
}

pub(super) fn warntime(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::time_above_zero(cx, word) {
        cx.ha_cf.timing.warntime = Setting::written(value, word.at);
    }
}

pub(super) fn initdead(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::time(cx, word) {
        cx.ha_cf.timing.initdead = Setting::written(value, word.at);
    }
}

pub(super) fn deadping(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::time(cx, word) {
        cx.ha_cf.timing.deadping = Setting::written(value, word.at);
    }
}

pub(super) fn hopfudge(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::number(cx, word, "hopfudge", 0, 255, "Write a number of hops; 1 is usual.") {
        cx.ha_cf.timing.hopfudge = Setting::written(value, word.at);
    }
}

pub(super) fn max_rexmit_delay(cx: &mut Context<'_>, word: Word<'_>) {
    let cure = "Write a number of milliseconds without a unit; 250 is usual.";
    if let Some(value) = values::number::<u32>(cx, word, "max_rexmit_delay", 1, values::UNBOUNDED, cure) {
        cx.ha_cf.timing.max_rexmit_delay = Setting::written(Duration::from_millis(value.into()), word.at);
    }
}

// DEVIATION: the original's history has a fixed length.
pub(super) fn history(cx: &mut Context<'_>, word: Word<'_>) {
    let cure = "Write how many messages are kept for nodes that missed some; 500 is usual.";
    if let Some(value) = values::number(cx, word, "history", 100, 10_000, cure) {
        cx.ha_cf.timing.history = Setting::written(value, word.at);
    }
}
