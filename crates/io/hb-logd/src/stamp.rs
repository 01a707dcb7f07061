//! Local time in front of a line. Formatting costs more than the rest of a line: one second's is kept.

use jiff::{Timestamp, Zoned, tz::TimeZone};
use std::time::SystemTime;

/// Formats seconds since 1970.
#[derive(Debug)]
pub(crate) struct Stamps {
    zone: TimeZone,
    second: Option<u64>,
    syslog: String,
    original: String,
}

impl Stamps {
    pub(crate) fn new() -> Stamps {
        Stamps { zone: TimeZone::system(), second: None, syslog: String::new(), original: String::new() }
    }

    /// Now, in seconds since 1970.
    pub(crate) fn now() -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// `Nov 22 02:11:00`.
    pub(crate) fn syslog(&mut self, second: u64) -> &str {
        self.at(second);
        &self.syslog
    }

    /// `2026/11/22_02:11:00`.
    pub(crate) fn original(&mut self, second: u64) -> &str {
        self.at(second);
        &self.original
    }

    fn at(&mut self, second: u64) {
        if self.second == Some(second) {
            return;
        }
        self.second = Some(second);
        // What is no time at all is shown as its beginning.
        let stamp = i64::try_from(second).ok().and_then(|second| Timestamp::from_second(second).ok());
        let zoned = Zoned::new(stamp.unwrap_or(Timestamp::UNIX_EPOCH), self.zone.clone());
        self.syslog = zoned.strftime("%b %d %H:%M:%S").to_string();
        self.original = zoned.strftime("%Y/%m/%d_%H:%M:%S").to_string();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_show_the_same_second() {
        let mut stamps = Stamps { zone: TimeZone::UTC, ..Stamps::new() };
        assert_eq!(stamps.syslog(1_700_000_000), "Nov 14 22:13:20");
        assert_eq!(stamps.original(1_700_000_000), "2023/11/14_22:13:20");
        assert_eq!(stamps.syslog(u64::MAX), "Jan 01 00:00:00");
    }
}
