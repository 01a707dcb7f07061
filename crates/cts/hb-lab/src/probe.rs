//! The client that asks the service every millisecond and remembers what it heard, so that an
//! outage is what a client noticed, not what a daemon claims.

use crate::error::{Attempt, Result, failed};
use crate::netns::NetNs;
use crate::service;
use crate::sys;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two questions.
pub const PERIOD: Duration = Duration::from_millis(1);
/// An answer that takes longer than this counts as none.
const PATIENCE: Duration = Duration::from_millis(20);
/// The client's priority: above everything that it measures.
const PRIORITY: i32 = 60;
/// Bytes of a question: its number.
const QUESTION_BYTES: usize = 8;
/// Questions that are remembered at most: an hour of them.
const MEMORY: usize = 3_600_000;

#[derive(Debug, Clone, Copy)]
struct Question {
    sent: Instant,
    answered: Option<Instant>,
    by: u8,
}

#[derive(Debug, Default)]
struct Heard {
    questions: Vec<Question>,
    names: Vec<String>,
    realtime: bool,
}

/// A client at work, until it is dropped.
#[derive(Debug)]
pub struct Probe {
    heard: Arc<Mutex<Heard>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What a client noticed in a span of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// The longest run of unanswered questions: from the first of them to the next answered one.
    pub longest: Duration,
    /// Questions asked and questions answered.
    pub asked: usize,
    /// See [`Outage::asked`].
    pub answered: usize,
    /// Who answered, and how often.
    pub by: BTreeMap<String, usize>,
    /// Whether the run of unanswered questions had not ended yet.
    pub lasting: bool,
}

impl Probe {
    /// Starts asking the service at `address` from inside a namespace.
    ///
    /// # Errors
    /// No socket in that namespace.
    pub fn start(from: &NetNs, address: Ipv4Addr) -> Result<Self> {
        let socket = from.within(|| {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).attempt("open the client's socket")?;
            socket.set_nonblocking(true).attempt("open the client's socket")?;
            Ok(socket)
        })?;
        let (heard, stop) = (Arc::new(Mutex::new(Heard::default())), Arc::new(AtomicBool::new(false)));
        let (their_heard, their_stop) = (Arc::clone(&heard), Arc::clone(&stop));
        let thread = thread::spawn(move || ask(&socket, address, &their_heard, &their_stop));
        Ok(Self { heard, stop, thread: Some(thread) })
    }

    /// Whether the client is scheduled in real time.
    #[must_use]
    pub fn is_realtime(&self) -> bool {
        self.lock().realtime
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who answered last, if anybody did within the last `within`.
    #[must_use]
    pub fn served_by(&self, within: Duration) -> Option<String> {
        let heard = self.lock();
        let earliest = Instant::now().checked_sub(within)?;
        let recent = heard.questions.iter().rev().take_while(|question| question.sent >= earliest);
        let last = recent.filter(|question| question.answered.is_some()).max_by_key(|q| q.answered)?;
        heard.names.get(usize::from(last.by)).cloned()
    }

    /// When somebody answered for the first time at or after `since`.
    #[must_use]
    pub fn first_answer(&self, since: Instant) -> Option<Instant> {
        self.lock().questions.iter().filter_map(|q| q.answered).find(|at| *at >= since)
    }

    /// When this node answered for the first time at or after `since`.
    #[must_use]
    pub fn first_answer_by(&self, node: &str, since: Instant) -> Option<Instant> {
        let heard = self.lock();
        let by = heard.names.iter().position(|name| name == node)?;
        let theirs = heard.questions.iter().filter(|question| usize::from(question.by) == by);
        theirs.filter_map(|question| question.answered).find(|at| *at >= since)
    }

    /// What the client noticed from `since` until now. Takes a moment longer, so that the last
    /// questions may still be answered in time.
    #[must_use]
    pub fn outage(&self, since: Instant) -> Outage {
        let end = Instant::now();
        thread::sleep(PATIENCE + PERIOD);
        let heard = self.lock();
        let from = heard.questions.partition_point(|question| question.sent < since);
        let to = heard.questions.partition_point(|question| question.sent < end);
        let span = heard.questions.get(from..to).unwrap_or_default();
        judge(span.iter().copied(), end, |by| heard.names.get(usize::from(by)).cloned().unwrap_or_default())
    }
}

fn judge(questions: impl Iterator<Item = Question>, now: Instant, name: impl Fn(u8) -> String) -> Outage {
    let mut outage =
        Outage { longest: Duration::ZERO, asked: 0, answered: 0, by: BTreeMap::new(), lasting: false };
    let mut silent_since = None;
    for question in questions {
        outage.asked += 1;
        let in_time = question.answered.is_some_and(|at| at - question.sent <= PATIENCE);
        if in_time {
            outage.answered += 1;
            *outage.by.entry(name(question.by)).or_default() += 1;
            if let Some(from) = silent_since.take() {
                outage.longest = outage.longest.max(question.sent - from);
            }
        } else {
            silent_since.get_or_insert(question.sent);
        }
    }
    if let Some(from) = silent_since {
        outage.lasting = true;
        outage.longest = outage.longest.max(now - from);
    }
    outage
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn ask(socket: &UdpSocket, address: Ipv4Addr, heard: &Mutex<Heard>, stop: &AtomicBool) {
    let lock = || heard.lock().unwrap_or_else(PoisonError::into_inner);
    sys::least_timer_slack();
    lock().realtime = sys::realtime(PRIORITY).is_ok();
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let sent = Instant::now();
        let number = {
            let mut heard = lock();
            if heard.questions.len() >= MEMORY {
                return;
            }
            heard.questions.push(Question { sent, answered: None, by: 0 });
            heard.questions.len() - 1
        };
        // No route or no neighbour is no answer, which is what is measured.
        let _ = socket.send_to(&(number as u64).to_be_bytes(), (address, service::PORT));
        next += PERIOD;
        if next < sent {
            // This client was held up itself: questions that were never asked are not counted.
            next = sent + PERIOD;
        }
        listen_until(socket, next, &mut |number, name, at| {
            let mut heard = lock();
            let by = match heard.names.iter().position(|known| known == name) {
                Some(known) => known,
                None => {
                    heard.names.push(name.to_owned());
                    heard.names.len() - 1
                }
            };
            if let Some(question) = heard.questions.get_mut(number).filter(|q| q.answered.is_none()) {
                question.answered = Some(at);
                question.by = u8::try_from(by).unwrap_or(u8::MAX);
            }
        });
    }
}

fn listen_until(socket: &UdpSocket, end: Instant, on_answer: &mut impl FnMut(usize, &str, Instant)) {
    let mut buffer = [0_u8; 256];
    loop {
        while let Ok(length) = socket.recv(&mut buffer) {
            let answer = buffer.get(..length).unwrap_or_default();
            if let Some((number, name)) = answer.split_first_chunk::<QUESTION_BYTES>()
                && let Ok(number) = usize::try_from(u64::from_be_bytes(*number))
            {
                on_answer(number, &String::from_utf8_lossy(name), Instant::now());
            }
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        let _ = poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&limit));
    }
}

/// Fetches the web page of the service; its text.
///
/// # Errors
/// The service does not answer as a web server does.
pub fn fetch_page(from: &NetNs, address: Ipv4Addr, limit: Duration) -> Result<String> {
    use std::io::{Read, Write};
    let mut stream = from.within(|| {
        std::net::TcpStream::connect_timeout(&(address, service::PORT).into(), limit)
            .attempt("connect to the web service")
    })?;
    stream.set_read_timeout(Some(limit)).attempt("set a time limit")?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").attempt("ask for a page")?;
    let mut page = String::new();
    stream.read_to_string(&mut page).attempt("read a page")?;
    if page.starts_with("HTTP/1.0 200") { Ok(page) } else { failed(format!("not a page: {page}")) }
}

#[cfg(test)]
mod tests;
