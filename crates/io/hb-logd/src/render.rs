//! The sentence for a notice.

use hb_base::Notice;
use std::fmt::Write;

/// One line: whom it is about, what happened, and the details in parentheses.
///
/// The words come from the notice's code (`late_heartbeat` reads "late heartbeat"); scripts that need
/// something stable read the code, which ends the line in brackets.
pub fn render(notice: &Notice) -> String {
    let mut text = String::with_capacity(96);
    if !notice.subject.is_empty() {
        let _ = write!(text, "{}: ", notice.subject);
    }
    text.push_str(&notice.code.replace('_', " "));
    for (i, (key, value)) in notice.fields.iter().enumerate() {
        let open = if i == 0 { " (" } else { ", " };
        let _ = write!(text, "{open}{} {value}", key.replace('_', " "));
    }
    if !notice.fields.is_empty() {
        text.push(')');
    }
    let _ = write!(text, " [{}]", notice.code);
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;
    use hb_base::Severity;

    #[test]
    fn the_subject_comes_first_and_the_code_last() {
        let notice = Notice::new(Severity::Warning, "late_heartbeat", "node paul")
            .with("interval", Duration::from_micros(12_345))
            .with("medium", "eth0");
        assert_eq!(
            render(&notice),
            "node paul: late heartbeat (interval 12.345 ms, medium eth0) [late_heartbeat]"
        );
        assert_eq!(render(&Notice::new(Severity::Info, "started", "")), "started [started]");
    }
}
