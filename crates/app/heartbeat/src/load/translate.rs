//! From the typed configuration to the options of the shell: media words, log destinations.

use hb_config::HaCf;
use hb_logd::{Facility, SinksOptions};
use hb_node::supported_media;
use std::path::PathBuf;

/// The directive of each medium.
pub(crate) fn media_words(ha_cf: &HaCf) -> Vec<String> {
    supported_media(ha_cf).map(|medium| medium.kind().name().to_owned()).collect()
}

/// Where the log goes.
pub(crate) fn sinks(ha_cf: &HaCf, host: &str, terminal: bool) -> SinksOptions {
    let logging = &ha_cf.logging;
    let path =
        |setting: &Option<hb_config::Setting<String>>| setting.as_ref().map(|s| PathBuf::from(&s.value));
    let facility = logging.logfacility.as_ref().and_then(|name| facility(&name.value));
    let nowhere = logging.is_nowhere();
    SinksOptions {
        logfile: path(&logging.logfile),
        debugfile: path(&logging.debugfile),
        // With no destination at all the original hands its lines to its logging daemon, which feeds syslog.
        syslog: facility.or(nowhere.then_some(DAEMON)),
        stderr: terminal || nowhere,
        debug: logging.debug.value > 0,
        host: host.to_owned(),
    }
}

/// Facility `daemon`.
const DAEMON: Facility = Facility(3);

/// The number of a facility, as syslog.h counts them.
pub(super) fn facility(name: &str) -> Option<Facility> {
    const LOW: [&str; 12] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    ];
    let low = LOW.iter().position(|known| *known == name);
    let local =
        name.strip_prefix("local").and_then(|n| n.parse::<usize>().ok()).filter(|n| *n < 8).map(|n| 16 + n);
    low.or(local).and_then(|n| u8::try_from(n).ok()).map(Facility)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facilities_have_their_numbers() {
        assert_eq!(facility("daemon"), Some(DAEMON));
        assert_eq!(facility("local7"), Some(Facility(23)));
        assert_eq!(facility("local8"), None);
        assert_eq!(facility("nosuch"), None);
    }
}
