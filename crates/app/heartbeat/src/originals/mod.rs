//! The original's programs under their own names, and the original's options of `heartbeat`.
//!
//! What they print and the codes they end with are the original's. They take `--run-dir`, `--state-dir` and
//! `--config-dir` as the commands do.

mod cl_status;
mod daemon;
mod fifo;

use crate::cli::Places;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs as the program that this one is called as, or as `heartbeat` with an option of the original; `None` when it is
/// neither.
pub(crate) fn intercept() -> Option<ExitCode> {
    let mut all = std::env::args_os();
    let program = all.next()?;
    let name = Path::new(&program).file_name()?.to_str()?.to_owned();
    let arguments: Vec<String> = all.map(|word| word.to_string_lossy().into_owned()).collect();
    if crate::cli::stands_for(&name).is_some() {
        // A command under another name: its options are its own.
        return None;
    }
    let known = name == "cl_status" || fifo::PROGRAMS.contains(&name.as_str());
    if known && let [one] = arguments.as_slice() {
        match one.as_str() {
            "--version" => {
                println!("{name} {}", env!("CARGO_PKG_VERSION"));
                return Some(ExitCode::SUCCESS);
            }
            "--help" => {
                print!("{}", if name == "cl_status" { cl_status::HELP.into() } else { fifo::usage(&name) });
                return Some(ExitCode::SUCCESS);
            }
            _ => {}
        }
    }
    let (places, words) = match split(&arguments) {
        Ok(split) => split,
        Err(why) if known => {
            eprintln!("{name}: error: {why}");
            return Some(ExitCode::from(2));
        }
        Err(_) => return None,
    };
    match name.as_str() {
        "cl_status" => Some(cl_status::run(&places.run_dir, &words)),
        name if fifo::PROGRAMS.contains(&name) => Some(fifo::run(name, &places.state_dir, &words)),
        _ => daemon::options(&words).map(|options| daemon::run(&options, &places)),
    }
}

/// Our own options, wherever they stand, and the rest.
fn split(arguments: &[String]) -> Result<(Places, Vec<String>), String> {
    let mut places = Places {
        config_dir: "/etc/ha.d".into(),
        state_dir: "/var/lib/heartbeat".into(),
        run_dir: "/run/heartbeat".into(),
        node: None,
    };
    let mut rest = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let (option, joined) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        if !["--config-dir", "--state-dir", "--run-dir", "--node"].contains(&option) {
            rest.push(word.clone());
            continue;
        }
        let value = joined.or_else(|| words.next().cloned()).ok_or(format!("{option} needs a value"))?;
        match option {
            "--config-dir" => places.config_dir = PathBuf::from(value),
            "--state-dir" => places.state_dir = PathBuf::from(value),
            "--run-dir" => places.run_dir = PathBuf::from(value),
            _ => places.node = Some(value),
        }
    }
    Ok((places, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_options_may_stand_anywhere() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (places, rest) = split(&words("nodestatus --run-dir /tmp/run n2 --state-dir=/tmp/lib")).unwrap();
        assert_eq!((places.run_dir, places.state_dir), ("/tmp/run".into(), "/tmp/lib".into()));
        assert_eq!(rest, ["nodestatus", "n2"]);
        assert!(split(&words("nodestatus --run-dir")).is_err());
    }
}
