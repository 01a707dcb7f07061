//! The queue between whoever logs and the sinks, and the thread that feeds these.

use crate::line::{Line, Priority};
use crate::sinks::{Sinks, SinksOptions};
use hb_base::Severity;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Memory of the lines that wait for the sinks. What does not fit is dropped and counted.
pub const QUEUE_BYTES_MAX: usize = 4 << 20;
/// Above this only warnings and worse still find room: a flood of trifles does not hide them.
const TRIFLES_BYTES_MAX: usize = QUEUE_BYTES_MAX / 4 * 3;

#[derive(Default)]
struct Queue {
    lines: Vec<Line>,
    bytes: usize,
    unreported: u64,
    /// Dropped since the start, for status.
    dropped: u64,
    reopen: bool,
    closed: bool,
    /// The thread works on lines that it has taken.
    busy: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Something for the thread to do.
    work: Condvar,
    /// Nothing waits any more.
    idle: Condvar,
}

impl Shared {
    /// A thread that panicked leaves a queue that is as good as any.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes lines and writes them behind the caller's back.
pub struct LogWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl LogWriter {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the kernel gives no thread.
    pub fn start(options: SinksOptions) -> std::io::Result<LogWriter> {
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let thread = std::thread::Builder::new().name("log sinks".into());
        let thread = thread.spawn(move || feed(&theirs, Sinks::new(options)))?;
        Ok(LogWriter { shared, thread: Some(thread) })
    }

    /// Queues a line; drops it when there is no room. Does not wait for any sink.
    pub fn push(&self, line: Line) {
        let mut queue = self.shared.lock();
        let room = if line.priority <= Priority::WARNING { QUEUE_BYTES_MAX } else { TRIFLES_BYTES_MAX };
        let weight = line.weight();
        if queue.bytes + weight > room {
            queue.unreported += 1;
            queue.dropped += 1;
            return;
        }
        queue.bytes += weight;
        queue.lines.push(line);
        if queue.lines.len() == 1 {
            self.shared.work.notify_one();
        }
    }

    /// Files are opened anew at the next line: after rotation.
    pub fn reopen(&self) {
        self.shared.lock().reopen = true;
    }

    /// Lines dropped since the start for want of room.
    pub fn dropped(&self) -> u64 {
        self.shared.lock().dropped
    }

    /// Waits until everything that waits is written, at most so long; says whether it is.
    pub fn settle(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut queue = self.shared.lock();
        while queue.busy || !queue.lines.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.shared.idle.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for LogWriter {
    /// Ends the thread once everything is written; one that hangs in a disk is left to the end of the process.
    fn drop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        self.shared.lock().closed = true;
        self.shared.work.notify_one();
        if self.settle(PATIENCE)
            && let Some(thread) = self.thread.take()
        {
            let _panicked = thread.join();
        }
    }
}

fn feed(shared: &Shared, mut sinks: Sinks) {
    loop {
        let mut queue = shared.lock();
        queue.busy = false;
        while queue.lines.is_empty() && queue.unreported == 0 {
            shared.idle.notify_all();
            if queue.closed {
                return;
            }
            queue = shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let mut lines = std::mem::take(&mut queue.lines);
        let dropped = std::mem::take(&mut queue.unreported);
        let reopen = std::mem::take(&mut queue.reopen);
        // What is being written still counts: a disk that hangs does not double the memory.
        queue.busy = true;
        let taken = queue.bytes;
        drop(queue);
        if reopen {
            sinks.reopen();
        }
        if dropped > 0 {
            let text = format!(
                "{dropped} log lines dropped: they came faster than they are written [log_lines_dropped]"
            );
            lines.push(Line::new(Severity::Warning, "logd", &text));
        }
        sinks.write(&lines);
        shared.lock().bytes -= taken;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const LIMIT: Duration = Duration::from_secs(60);

    fn writer(path: &Path) -> LogWriter {
        LogWriter::start(SinksOptions { logfile: Some(path.into()), ..Default::default() }).unwrap()
    }

    #[test]
    fn lines_are_written_in_order_behind_the_callers_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let writer = writer(&path);
        for number in 0..1000 {
            writer.push(Line::new(Severity::Info, "test", &format!("line {number}.")));
        }
        drop(writer);
        let log = std::fs::read_to_string(&path).unwrap();
        let numbers: Vec<&str> = log.lines().filter_map(|line| line.split("line ").nth(1)).collect();
        assert_eq!(numbers.len(), 1000);
        assert_eq!(numbers.last(), Some(&"999."));
    }

    #[test]
    fn a_sink_that_hangs_holds_up_nobody_memory_is_bounded_and_what_was_dropped_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        // Opening a FIFO hangs until somebody reads it.
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let writer = writer(&path);
        let text = "x".repeat(1000);
        for _ in 0..20_000 {
            writer.push(Line::new(Severity::Info, "test", &text));
        }
        assert!(writer.dropped() > 10_000, "{}", writer.dropped());
        assert!(writer.shared.lock().bytes <= TRIFLES_BYTES_MAX);
        writer.push(Line::new(Severity::Error, "test", "this one matters"));
        let reader = std::thread::spawn(move || std::fs::read_to_string(path).unwrap());
        assert!(writer.settle(LIMIT));
        drop(writer);
        let log = reader.join().unwrap();
        assert!(log.contains("this one matters"));
        assert!(log.contains("log lines dropped: they came faster"), "{}", &log[log.len() - 300..]);
    }

    #[test]
    fn after_a_reopen_lines_are_in_the_new_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let writer = writer(&path);
        writer.push(Line::new(Severity::Info, "test", "old"));
        assert!(writer.settle(LIMIT));
        std::fs::rename(&path, dir.path().join("log.1")).unwrap();
        writer.reopen();
        writer.push(Line::new(Severity::Info, "test", "new"));
        assert!(writer.settle(LIMIT));
        assert!(std::fs::read_to_string(&path).unwrap().contains("new"));
    }
}
