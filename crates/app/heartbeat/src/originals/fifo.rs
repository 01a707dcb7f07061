//! Programs that write one message into the daemon's FIFO (spec: ipc section 2).

use rustix::fs::{Mode, OFlags, open};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Their names.
pub(super) const PROGRAMS: &[&str] =
    &["hb_standby", "hb_takeover", "hb_addnode", "hb_delnode", "hb_setweight", "hb_setsite"];
/// Longest line that the original's reader takes, its newline included.
const LINE_BYTES_MAX: usize = 511;

pub(super) fn usage(name: &str) -> String {
    let words = match name {
        "hb_standby" | "hb_takeover" => "[all|foreign|local|failback]",
        "hb_setweight" => "<node> <weight>",
        "hb_setsite" => "<node> <site>",
        _ => "<node> <node> ...",
    };
    format!("usage: {name} {words}\n")
}

pub(super) fn run(name: &str, state_dir: &Path, words: &[String]) -> ExitCode {
    let Some(fields) = fields(name, words) else {
        eprint!("{}", usage(name));
        return ExitCode::FAILURE;
    };
    match write(state_dir, &fields) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{name}: error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The message that these arguments mean; `None` when they mean none.
fn fields(name: &str, words: &[String]) -> Option<Vec<(&'static str, String)>> {
    let share = || match words {
        [] => Some("all".to_owned()),
        [share] => ["all", "foreign", "local", "failback"].contains(&share.as_str()).then(|| share.clone()),
        _ => None,
    };
    let kind = |kind: &str| ("t", kind.to_owned());
    Some(match (name, words) {
        ("hb_standby", _) => {
            let share = share()?;
            let share = if share == "failback" { "foreign".to_owned() } else { share };
            vec![kind("ask_resources"), ("rsc_hold", share), ("info", "me".to_owned())]
        }
        ("hb_takeover", _) => vec![kind("hb_takeover"), ("rsc_hold", share()?)],
        ("hb_addnode" | "hb_delnode", [_, ..]) => {
            vec![
                kind(if name == "hb_addnode" { "addnode" } else { "delnode" }),
                ("nodelist", words.join(" ")),
            ]
        }
        ("hb_setweight", [node, weight]) => {
            vec![kind("setweight"), ("node", node.clone()), ("weight", weight.clone())]
        }
        // A site may be empty, which removes it.
        ("hb_setsite", [node]) => vec![kind("setsite"), ("node", node.clone()), ("site", String::new())],
        ("hb_setsite", [node, site]) => {
            vec![kind("setsite"), ("node", node.clone()), ("site", site.clone())]
        }
        _ => return None,
    })
}

/// One write, so that messages of several writers do not mix.
fn write(state_dir: &Path, fields: &[(&str, String)]) -> Result<(), String> {
    let mut text = String::from(">>>\n");
    for (name, value) in fields {
        let line = format!("{name}={value}\n");
        if line.len() > LINE_BYTES_MAX || value.contains('\n') {
            return Err(format!("`{value}` is too long, or more than one line"));
        }
        text.push_str(&line);
    }
    text.push_str("<<<\n");
    let path = state_dir.join("fifo");
    // Without waiting: nobody reads it when the daemon does not run.
    let opened = open(&path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
    let fifo = opened.map_err(|error| match error {
        rustix::io::Errno::NXIO | rustix::io::Errno::NOENT => "heartbeat is not running".to_owned(),
        error => format!("{}: {error}", path.display()),
    })?;
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    rustix::io::ioctl_fionbio(&fifo, false).map_err(|error| failed(error.into()))?;
    std::fs::File::from(fifo).write_all(text.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &str) -> Option<String> {
        let mut words = line.split(' ').map(str::to_owned);
        let name = words.next().unwrap();
        let fields = fields(&name, &words.collect::<Vec<_>>())?;
        Some(fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn each_program_says_what_the_originals_script_says() {
        let cases = [
            ("hb_standby", "t=ask_resources rsc_hold=all info=me"),
            ("hb_standby failback", "t=ask_resources rsc_hold=foreign info=me"),
            ("hb_takeover local", "t=hb_takeover rsc_hold=local"),
            ("hb_takeover failback", "t=hb_takeover rsc_hold=failback"),
            ("hb_addnode n3 n4", "t=addnode nodelist=n3 n4"),
            ("hb_delnode n3", "t=delnode nodelist=n3"),
            ("hb_setweight n2 50", "t=setweight node=n2 weight=50"),
            ("hb_setsite n2 mysite", "t=setsite node=n2 site=mysite"),
        ];
        for (line, wanted) in cases {
            assert_eq!(message(line).as_deref(), Some(wanted), "{line}");
        }
        for line in ["hb_standby some", "hb_standby all all", "hb_addnode", "hb_setweight n2"] {
            assert_eq!(message(line), None, "{line}");
        }
    }

    #[test]
    fn without_a_daemon_nobody_waits() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(write(dir.path(), &[("t", "x".into())]), Err("heartbeat is not running".into()));
        let fifo = dir.path().join("fifo");
        let fifo_mode = Mode::RUSR | Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, fifo_mode, 0).unwrap();
        assert_eq!(write(dir.path(), &[("t", "x".into())]), Err("heartbeat is not running".into()));
        assert!(write(dir.path(), &[("t", "x".repeat(600))]).is_err());
    }
}
