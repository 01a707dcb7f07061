//! `ha_logger`: a line for the logging daemon, from a script.

use crate::daemons::LOG_SOCKET;
use hb_base::Severity;
use hb_ipc::{Framed, Framing, Limits};
use hb_logd::{Line, record};
use std::io::BufRead;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

const USAGE: &str = "usage: ha_logger [-t tag] [-D <ha-log/ha-debug>] [message]";
/// Longest text of one record, as the original sends it; more becomes further lines.
const TEXT_BYTES: usize = 1023;
/// A daemon that reads nothing for so long counts as not running.
const PATIENCE: Duration = Duration::from_secs(2);

struct Wish {
    tag: String,
    severity: Severity,
    state_dir: PathBuf,
    words: Vec<String>,
}

/// `ha_logger [-t TAG] [-D ha-log|ha-debug] [WORD…]`; without words each line of standard input.
pub(crate) fn run(words: &[String]) -> ExitCode {
    let Some(wish) = read(words) else {
        println!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match log(&wish) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("logd is not running: {why}");
            ExitCode::FAILURE
        }
    }
}

fn read(words: &[String]) -> Option<Wish> {
    let mut wish = Wish {
        tag: "ha_logger".to_owned(),
        severity: Severity::Info,
        state_dir: "/var/lib/heartbeat".into(),
        words: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-t" => words.next()?.clone_into(&mut wish.tag),
            "-D" => {
                wish.severity = match words.next()?.as_str() {
                    "ha-log" => Severity::Info,
                    "ha-debug" => Severity::Debug,
                    _ => return None,
                }
            }
            "--state-dir" => wish.state_dir = words.next()?.into(),
            "--" => {
                wish.words.extend(words.by_ref().cloned());
            }
            option if option.starts_with('-') && option.len() > 1 => return None,
            _ => {
                wish.words.push(word.clone());
                wish.words.extend(words.by_ref().cloned());
            }
        }
    }
    Some(wish)
}

fn log(wish: &Wish) -> Result<(), String> {
    let path = wish.state_dir.join(LOG_SOCKET);
    let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let stream = UnixStream::connect(&path).map_err(|e| failed(&e))?;
    let framed = Framed::with_framing(stream.into(), Framing::Classic, Limits::CLASSIC);
    let mut framed = framed.map_err(|e| failed(&e))?;
    let mut say = |text: &str| {
        for piece in pieces(text) {
            let line = Line { word: false, ..Line::new(wish.severity, &wish.tag, piece) };
            let now =
                SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
            framed.send(&record::encode(&line, now)).map_err(|e| failed(&e))?;
            framed.settle(PATIENCE).map_err(|e| failed(&e))?;
        }
        Ok(())
    };
    if !wish.words.is_empty() {
        return wish.words.iter().try_for_each(|word| say(word));
    }
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line.map_err(|e| format!("standard input: {e}"))?;
        say(&String::from_utf8_lossy(&line))?;
    }
    Ok(())
}

/// The text in pieces that fit a record; an empty text is one empty piece.
fn pieces(mut text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    while text.len() > TEXT_BYTES {
        let mut end = TEXT_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, rest) = text.split_at(end);
        pieces.push(piece);
        text = rest;
    }
    pieces.push(text);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_go_in_pieces_of_whole_characters() {
        let text = "ä".repeat(1200);
        let pieces = pieces(&text);
        assert!(pieces.iter().all(|piece| piece.len() <= TEXT_BYTES));
        assert_eq!(pieces.concat(), text);
        assert_eq!(super::pieces(""), [""]);
    }

    #[test]
    fn options_are_those_of_the_original() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let wish = read(&words("-t web -D ha-debug one -t two")).unwrap();
        assert_eq!((wish.tag.as_str(), wish.severity), ("web", Severity::Debug));
        assert_eq!(wish.words, ["one", "-t", "two"]);
        assert!(read(&words("-D nosuch x")).is_none());
        assert!(read(&words("-x")).is_none());
    }
}
