//! A rendered line on its way to the logging role.

use hb_base::Severity;

/// One line for the log: how much it matters, who says it, what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// How much it matters.
    pub severity: Severity,
    /// Name of the process that says it, `heartbeat` for the master.
    pub process: String,
    /// Its process id.
    pub pid: u32,
    /// The text, one line.
    pub text: String,
}

/// Longest text a line carries over the channel; the rest is cut.
const TEXT_MAX_BYTES: usize = 4096;

impl Line {
    /// The channel's form: one byte severity, four bytes pid (little endian), one byte length of the
    /// process name, the name, the text.
    pub fn encode(&self) -> Vec<u8> {
        let name = &self.process.as_bytes()[..self.process.len().min(255)];
        let text = &self.text.as_bytes()[..self.text.len().min(TEXT_MAX_BYTES)];
        let mut bytes = Vec::with_capacity(6 + name.len() + text.len());
        bytes.push(self.severity as u8);
        bytes.extend_from_slice(&self.pid.to_le_bytes());
        bytes.push(name.len() as u8);
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(text);
        bytes
    }

    /// Reads the channel's form; `None` when it is cut short or of no known severity.
    pub fn decode(bytes: &[u8]) -> Option<Line> {
        let (&severity, rest) = bytes.split_first()?;
        let (pid, rest) = rest.split_first_chunk::<4>()?;
        let (&length, rest) = rest.split_first()?;
        let (name, text) = rest.split_at_checked(usize::from(length))?;
        let all = [Severity::Debug, Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];
        Some(Line {
            severity: *all.iter().find(|s| **s as u8 == severity)?,
            process: String::from_utf8_lossy(name).into_owned(),
            pid: u32::from_le_bytes(*pid),
            text: String::from_utf8_lossy(text).replace(['\n', '\r'], " "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_survives_the_channel_and_a_torn_one_is_refused() {
        let line =
            Line { severity: Severity::Warning, process: "heartbeat".into(), pid: 42, text: "late".into() };
        let bytes = line.encode();
        assert_eq!(Line::decode(&bytes), Some(line));
        assert!((0..15).all(|n| Line::decode(&bytes[..n]).is_none()));
        assert_eq!(Line::decode(&[9; 20]), None);
    }
}
