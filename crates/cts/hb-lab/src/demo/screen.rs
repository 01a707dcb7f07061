//! Live progress on a terminal, plain lines elsewhere.

use super::{Narration, Step, milliseconds};
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often the live line may change.
const REFRESH: Duration = Duration::from_millis(80);

/// Where people look.
#[derive(Debug)]
pub(super) struct Screen {
    narration: Narration,
    live: bool,
    shown: Mutex<Option<Instant>>,
}

impl Screen {
    pub(super) fn open(narration: Narration) -> Self {
        let live = match narration {
            Narration::Output => std::io::stdout().is_terminal(),
            Narration::Error => std::io::stderr().is_terminal(),
        };
        let live = live && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        Self { narration, live, shown: Mutex::new(None) }
    }

    fn write(&self, text: &str) {
        // Nobody to read it is no reason to stop.
        let _ = match self.narration {
            Narration::Output => {
                let mut out = std::io::stdout().lock();
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }
            Narration::Error => std::io::stderr().lock().write_all(text.as_bytes()),
        };
    }

    /// A line that stays.
    pub(super) fn say(&self, text: &str) {
        let clear = if self.live { "\r\x1b[K" } else { "" };
        self.write(&format!("{clear}{text}\n"));
    }

    /// A step begins.
    pub(super) fn begin(&self, name: &str, about: &str) {
        if self.live {
            self.write(&format!("\r\x1b[K ..  {name:12} {about}"));
        } else {
            self.write(&format!(" ..  {name:12} {about}\n"));
        }
    }

    /// What the client sees while a step goes on; only on a terminal, and not too often.
    pub(super) fn progress(&self, name: &str, about: &str, served_by: Option<&str>) {
        let mut shown = self.shown.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !self.live || shown.is_some_and(|at| at.elapsed() < REFRESH) {
            return;
        }
        *shown = Some(Instant::now());
        let client = served_by
            .map_or("\x1b[31mno answer\x1b[0m".into(), |node| format!("\x1b[32m{node} answers\x1b[0m"));
        self.write(&format!("\r\x1b[K ..  {name:12} {about} | {client}"));
    }

    /// A step ended.
    pub(super) fn finished(&self, step: &Step) {
        let (mark, detail) = match (step.ok, self.live) {
            (true, true) => ("\x1b[32m ok \x1b[0m", step.detail.as_str()),
            (true, false) => (" ok ", step.detail.as_str()),
            (false, true) => ("\x1b[31mWRONG\x1b[0m", step.detail.as_str()),
            (false, false) => ("WRONG", step.detail.as_str()),
        };
        let silence = format!("no answer for {:.0} ms", milliseconds(step.outage));
        self.say(&format!("{mark} {:12} {silence:24} {detail}", step.name));
    }
}
