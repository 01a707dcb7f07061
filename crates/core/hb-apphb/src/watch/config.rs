//! `apphbd.cf` (spec: ipc section 5).

use crate::recovery::ConfigError;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::time::Duration;

/// What `apphbd.cf` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WatchConfig {
    /// 0: nothing but what matters.
    pub debug_level: u8,
    /// File of all lines.
    pub debugfile: Option<String>,
    /// File of all but debug lines.
    pub logfile: Option<String>,
    /// Hardware watchdog to feed.
    pub watchdog_device: Option<String>,
    /// How often it is fed.
    pub watchdog_interval: Duration,
    /// Realtime priority is wanted.
    pub realtime: bool,
    /// `notify_plugin recmgr`: the recovery manager is told of events.
    pub recovery_manager: bool,
}

impl Default for WatchConfig {
    fn default() -> WatchConfig {
        WatchConfig {
            debug_level: 0,
            debugfile: None,
            logfile: None,
            watchdog_device: None,
            watchdog_interval: Duration::from_millis(1000),
            realtime: true,
            recovery_manager: false,
        }
    }
}

/// Shortest time between two feedings.
const WATCHDOG_MS_MIN: u64 = 10;

impl WatchConfig {
    /// Reads the file's text: a word and its value a line, `#` begins a comment.
    ///
    /// # Errors
    /// The first line that is wrong; nothing is in force then.
    pub fn parse(text: &str) -> Result<WatchConfig, ConfigError> {
        let mut config = WatchConfig::default();
        for (at, line) in (1_u32..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (word, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
            config.set(word, value.trim()).map_err(|(what, cure)| ConfigError { line: at, what, cure })?;
        }
        Ok(config)
    }

    fn set(&mut self, word: &str, value: &str) -> Result<(), (String, &'static str)> {
        if value.is_empty() {
            return Err((format!("`{word}` has no value"), "Write one after it, or remove the line."));
        }
        let bad = |cure| (format!("`{value}` is no value of `{word}`"), cure);
        match word {
            "debug_level" => {
                self.debug_level = value.parse().map_err(|_| bad("Write a number of 0 to 255."))?;
            }
            "debugfile" => self.debugfile = Some(value.to_owned()),
            "logfile" => self.logfile = Some(value.to_owned()),
            "watchdog_device" => self.watchdog_device = Some(value.to_owned()),
            "watchdog_interval_ms" => {
                let ms = value.parse().ok().filter(|ms| *ms >= WATCHDOG_MS_MIN);
                self.watchdog_interval =
                    Duration::from_millis(ms.ok_or_else(|| bad("Write milliseconds, at least 10."))?);
            }
            "realtime" => {
                self.realtime = match value {
                    "yes" => true,
                    "no" => false,
                    _ => return Err(bad("Write `yes` or `no`.")),
                }
            }
            "notify_plugin" if value == "recmgr" => self.recovery_manager = true,
            "notify_plugin" => return Err(bad("The only one there is is `recmgr`.")),
            _ => return Err((format!("`{word}` is not known here"), "Correct it, or remove the line.")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_package_is_understood_and_a_bad_line_is_named() {
        let text = "# comment\n\ndebug_level 2\nlogfile\t\t/var/log/a.log # why\nrealtime no\nnotify_plugin recmgr\n";
        let config = WatchConfig::parse(text).unwrap();
        assert_eq!(config.logfile.as_deref(), Some("/var/log/a.log"));
        assert!(config.recovery_manager && !config.realtime && config.debug_level == 2);
        let error = WatchConfig::parse("realtime no\nrealtime maybe\n").unwrap_err();
        assert_eq!(error.line, 2);
        for bad in ["watchdog_interval_ms 9", "nosuch 1", "logfile", "notify_plugin other", "debug_level 256"]
        {
            assert!(WatchConfig::parse(bad).is_err(), "{bad}");
        }
    }
}
