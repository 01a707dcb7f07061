//! `logd.cf`: how a logging daemon of its own is set up (spec: ha.cf section 3.5).

use crate::file::Keep;
use crate::sinks::SinksOptions;
use crate::system::Facility;

/// What `logd.cf` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DaemonConfig {
    /// Where lines go. Host name and terminal are not in the file.
    pub sinks: SinksOptions,
    /// How the daemon names itself in its own lines.
    pub entity: String,
}

/// Facility `daemon`.
const DAEMON: Facility = Facility(3);

impl Default for DaemonConfig {
    fn default() -> DaemonConfig {
        let keep = Keep { mode: 0o644, ..Keep::default() };
        let sinks = SinksOptions {
            syslog: Some(DAEMON),
            keep,
            debug: true,
            original_format: true,
            ..Default::default()
        };
        DaemonConfig { sinks, entity: "logd".to_owned() }
    }
}

impl DaemonConfig {
    /// Reads the file's text: a word and its value a line, `#` begins a comment.
    ///
    /// # Errors
    /// What is wrong with the first line that is: its number, what, and what to do.
    pub fn parse(text: &str) -> Result<DaemonConfig, (u32, String)> {
        let mut config = DaemonConfig::default();
        for (at, line) in (1_u32..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (word, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
            config.set(word, value.trim()).map_err(|why| (at, why))?;
        }
        Ok(config)
    }

    fn set(&mut self, word: &str, value: &str) -> Result<(), String> {
        if value.is_empty() {
            return Err(format!("`{word}` has no value. Write one after it, or remove the line."));
        }
        let bad = |cure: &str| format!("`{value}` is no value of `{word}`. {cure}");
        let sinks = &mut self.sinks;
        match word {
            "logfile" => sinks.logfile = Some(value.into()),
            "debugfile" => sinks.debugfile = Some(value.into()),
            "entity" => value.clone_into(&mut self.entity),
            "syslogprefix" => sinks.syslog_prefix = Some(value.to_owned()),
            "logfacility" if value == "none" => sinks.syslog = None,
            "logfacility" => {
                let facility = parse_facility(value);
                sinks.syslog =
                    Some(facility.ok_or_else(|| bad("Write `daemon`, `local0` to `local7`, or `none`."))?);
            }
            "logmode" => {
                let mode = u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o777);
                sinks.keep.mode = mode.ok_or_else(|| bad("Write octal permissions such as 0640."))?;
            }
            "logsize" => {
                sinks.keep.max_bytes = size(value).ok_or_else(|| bad("Write kilobytes; 0 is no limit."))?;
            }
            "logkeep" => sinks.keep.files = value.parse().map_err(|_| bad("Write a number of 0 to 255."))?,
            "syslogmsgfmt" => {
                let on = boolean(value).ok_or_else(|| bad("Write `true` or `false`."))?;
                sinks.original_format = !on;
            }
            // Lengths of queues that are bounded in bytes here, and a registration that is the master's business.
            "sendqlen" | "recvqlen" => {
                let _none = value.parse::<u32>().map_err(|_| bad("Write a number."))?;
            }
            "useapphbd" => {
                let _none = boolean(value).ok_or_else(|| bad("Write `yes` or `no`."))?;
            }
            _ => return Err(format!("`{word}` is not known here. Correct it, or remove the line.")),
        }
        Ok(())
    }
}

/// Kilobytes as bytes; 0 is no limit.
fn size(value: &str) -> Option<Option<u64>> {
    let kilobytes: u64 = value.parse().ok()?;
    Some((kilobytes > 0).then(|| kilobytes.saturating_mul(1024)))
}

fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "y" | "1" => Some(true),
        "false" | "off" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// The facility of this name.
pub fn parse_facility(name: &str) -> Option<Facility> {
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
        assert_eq!(parse_facility("daemon"), Some(DAEMON));
        assert_eq!(parse_facility("local7"), Some(Facility(23)));
        assert_eq!(parse_facility("local8"), None);
        assert_eq!(parse_facility("nosuch"), None);
    }

    #[test]
    fn the_file_of_the_package_is_understood_and_a_bad_line_is_named() {
        let text = "# comment\nlogfile\t/var/log/ha-log # why\ndebugfile /d\nlogfacility local3\nlogmode 0640\n\
                    syslogprefix linux-ha\nsendqlen 256\nrecvqlen 256\nsyslogmsgfmt true\nuseapphbd no\n\
                    entity log\nlogsize 100\nlogkeep 3\n";
        let config = DaemonConfig::parse(text).unwrap();
        let sinks = &config.sinks;
        assert_eq!(sinks.logfile, Some("/var/log/ha-log".into()));
        assert_eq!(sinks.syslog, Some(Facility(19)));
        assert_eq!(sinks.keep, Keep { max_bytes: Some(102_400), files: 3, mode: 0o640 });
        assert!(!sinks.original_format && config.entity == "log");
        assert_eq!(DaemonConfig::parse("logfacility none").unwrap().sinks.syslog, None);
        for bad in [
            "logfacility x",
            "logmode 8",
            "syslogmsgfmt x",
            "nosuch 1",
            "logfile",
            "sendqlen x",
            "logkeep 256",
        ] {
            let text = format!("entity x\n{bad}\n");
            assert_eq!(DaemonConfig::parse(&text).map_err(|(line, _)| line), Err(2), "{bad}");
        }
    }
}
