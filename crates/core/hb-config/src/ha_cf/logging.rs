//! Where logs go (spec: ha.cf section 3.5).

use super::parse::Context;
use super::values;
use crate::code::Code;
use crate::lexer::Word;
use crate::span::Setting;
use crate::suggest::nearest;
use alloc::format;
use alloc::string::ToString;

/// The syslog facilities by name.
pub(crate) const FACILITIES: [&str; 20] = [
    "auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// A log file's path. A relative one is taken, as the original does.
fn log_path(cx: &mut Context<'_>, word: Word<'_>) -> Option<Setting<alloc::string::String>> {
    let text = cx.text(word)?;
    if !text.starts_with('/') {
        let message =
            format!("`{text}` is not a full path, so the log is wherever the daemon happens to be started");
        cx.report.warning(
            Code::BadPath,
            word.at,
            message,
            "Write the whole path, for example `/var/log/ha-log`.",
        );
    }
    Some(Setting::written(text.to_string(), word.at))
}

pub(super) fn logfile(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(path) = log_path(cx, word) {
        cx.ha_cf.logging.logfile = Some(path);
    }
}

pub(super) fn debugfile(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(path) = log_path(cx, word) {
        cx.ha_cf.logging.debugfile = Some(path);
    }
}

pub(super) fn logfacility(cx: &mut Context<'_>, word: Word<'_>) {
    let Some(text) = cx.text(word) else { return };
    if text == "none" {
        cx.ha_cf.logging.logfacility = None;
    } else if FACILITIES.contains(&text) {
        cx.ha_cf.logging.logfacility = Some(Setting::written(text.to_string(), word.at));
    } else {
        let cure = match nearest(text, FACILITIES.into_iter().chain(["none"])) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "Write `daemon`, one of `local0` to `local7`, or `none`.".to_string(),
        };
        cx.report.error(Code::BadWord, word.at, format!("`{text}` is not a syslog facility"), cure);
    }
}

pub(super) fn use_logd(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::boolean(cx, word) {
        cx.ha_cf.logging.use_logd = Some(Setting::written(value, word.at));
    }
}

pub(super) fn logsize(cx: &mut Context<'_>, word: Word<'_>) {
    let cure = "Write kilobytes; 0 leaves rotation to others, such as logrotate.";
    if let Some(value) = values::number(cx, word, "the size of a log file", 0, 1 << 30, cure) {
        cx.ha_cf.logging.logsize_kb = Setting::written(value, word.at);
    }
}

pub(super) fn logkeep(cx: &mut Context<'_>, word: Word<'_>) {
    let cure = "Write how many older log files are kept beside the newest.";
    if let Some(value) = values::number(cx, word, "the number of log files", 0, 255, cure) {
        cx.ha_cf.logging.logkeep = Setting::written(value, word.at);
    }
}

pub(super) fn conn_logd_time(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::time_above_zero(cx, word) {
        cx.ha_cf.logging.conn_logd_time = Setting::written(value, word.at);
    }
}

pub(super) fn syslogmsgfmt(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::boolean(cx, word) {
        cx.ha_cf.logging.syslogmsgfmt = Setting::written(value, word.at);
    }
}

pub(super) fn log_badpack(cx: &mut Context<'_>, word: Word<'_>) {
    if let Some(value) = values::boolean(cx, word) {
        cx.ha_cf.logging.log_badpack = Setting::written(value, word.at);
        if !value {
            let message =
                "`log_badpack` cannot be off yet: malformed packets are always told of, now and then".into();
            cx.report.warning(Code::NotYet, word.at, message, "Write `log_badpack on`, or remove the line.");
        }
    }
}

pub(super) fn debug(cx: &mut Context<'_>, word: Word<'_>) {
    let cure = "Write 0 for none; above 2 is for developers and fills disks.";
    if let Some(value) = values::number(cx, word, "the debug level", 0, 255, cure) {
        cx.ha_cf.logging.debug = Setting::written(value, word.at);
    }
}
