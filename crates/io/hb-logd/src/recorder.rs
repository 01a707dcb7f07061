//! The flight recorder: what this process heard last and what it had to say, kept in memory for when something breaks.

use std::collections::VecDeque;
use std::fmt::Write;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Inputs that are kept.
pub const INPUTS_MAX: usize = 4096;
/// Notices that are kept, debug ones included.
pub const NOTICES_MAX: usize = 1024;

/// One input: when, of which kind, from whom, how long. No content: that may be secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Input {
    /// Nanoseconds on the monotonic clock.
    pub at_nanos: u64,
    /// What it was, such as `frame` or `client`.
    pub kind: &'static str,
    /// From whom, such as the number of a medium or of a client.
    pub from: u64,
    /// Bytes, or another number that tells.
    pub size: u64,
}

#[derive(Default)]
struct Recorder {
    inputs: VecDeque<Input>,
    /// Monotonic nanoseconds, and the sentence.
    notices: VecDeque<(u64, String)>,
}

/// One a process: a hook that runs when the process breaks must find it.
static RECORDER: Mutex<Recorder> = Mutex::new(Recorder { inputs: VecDeque::new(), notices: VecDeque::new() });

fn lock() -> MutexGuard<'static, Recorder> {
    RECORDER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps an input.
pub fn input(input: Input) {
    let inputs = &mut lock().inputs;
    if inputs.len() == INPUTS_MAX {
        inputs.pop_front();
    }
    inputs.push_back(input);
}

/// Keeps a notice, rendered.
pub fn notice(at_nanos: u64, text: &str) {
    let notices = &mut lock().notices;
    if notices.len() == NOTICES_MAX {
        notices.pop_front();
    }
    notices.push_back((at_nanos, text.to_owned()));
}

/// Everything that is kept, oldest first, a line each: `SECONDS notice TEXT` or `SECONDS KIND FROM SIZE`.
pub fn dump() -> String {
    let recorder = lock();
    let mut lines: Vec<(u64, String)> = Vec::with_capacity(recorder.inputs.len() + recorder.notices.len());
    lines.extend(recorder.notices.iter().map(|(at, text)| (*at, format!("notice {text}"))));
    let input = |i: &Input| (i.at_nanos, format!("{} {} {}", i.kind, i.from, i.size));
    lines.extend(recorder.inputs.iter().map(input));
    lines.sort_by_key(|(at, _)| *at);
    let mut text = String::new();
    for (at, line) in lines {
        let (seconds, micros) = (at / 1_000_000_000, at % 1_000_000_000 / 1_000);
        let _always_fits = writeln!(text, "{seconds}.{micros:06} {line}");
    }
    text
}

/// Writes everything that is kept to a file that only its owner can read, in the place of an older one.
///
/// # Errors
/// When the file cannot be written.
pub fn dump_to(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, dump().as_bytes())
}

/// Has a panic of this process leave the recorder at `path`, beside what it says anyway.
pub fn dump_on_panic(path: &Path) {
    let (path, usual) = (path.to_owned(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        // A panic with the recorder in hand leaves it as it is, locked: better no dump than no end.
        if RECORDER.try_lock().is_ok() {
            let _nobody_to_tell = dump_to(&path);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test: there is one recorder in a process.
    #[test]
    fn the_last_of_each_are_kept_in_order_and_a_panic_leaves_them() {
        for number in 0..10_000_u64 {
            input(Input { at_nanos: number * 1_000_000, kind: "frame", from: 0, size: number });
            notice(number * 1_000_000 + 1, "node paul: late");
        }
        let text = dump();
        assert_eq!(text.lines().count(), INPUTS_MAX + NOTICES_MAX);
        let mut last_two = text.lines().rev();
        assert_eq!(last_two.next(), Some("9.999000 notice node paul: late"));
        assert_eq!(last_two.next(), Some("9.999000 frame 0 9999"));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("recorder");
        dump_on_panic(&path);
        let _panicked = std::thread::spawn(|| panic!("on purpose")).join();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
