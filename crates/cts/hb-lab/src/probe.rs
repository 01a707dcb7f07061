//! The client that asks the service every millisecond and remembers what it heard, so that an
//! outage is what a client noticed, not what a daemon claims.

mod heard;

use crate::error::{Attempt, Result, failed};
use crate::netns::NetNs;
use crate::service;
use crate::sys;
use heard::{Heard, Question};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two questions.
pub const PERIOD: Duration = Duration::from_millis(1);
/// An answer that takes longer than this counts as none.
const PATIENCE: Duration = Duration::from_millis(20);
/// No answer comes later than this: its question would have left every queue.
const LATEST: Duration = Duration::from_secs(10);
/// The client's priority: above everything that it measures.
const PRIORITY: i32 = 60;
/// Bytes of a question: its number.
const QUESTION_BYTES: usize = 8;
/// A client at work, until it is dropped.
#[derive(Debug)]
pub struct Probe {
    heard: Arc<Heard>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What a client noticed in a span of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// The longest run of unanswered questions: from the first of them to the next answered one.
    pub longest: Duration,
    /// How much of it the client did not ask although it should have, because it did not run. Whether the service
    /// would have answered then is not known.
    pub blind: Duration,
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
        let (heard, stop) = (Arc::new(Heard::new()), Arc::new(AtomicBool::new(false)));
        let (their_heard, their_stop) = (Arc::clone(&heard), Arc::clone(&stop));
        let thread = thread::spawn(move || ask(&socket, address, &their_heard, &their_stop));
        Ok(Self { heard, stop, thread: Some(thread) })
    }

    /// Whether the client is scheduled in real time.
    #[must_use]
    pub fn is_realtime(&self) -> bool {
        self.heard.realtime.load(Ordering::Relaxed)
    }

    /// Who answered last, if anybody did within the last `within`.
    #[must_use]
    pub fn served_by(&self, within: Duration) -> Option<String> {
        let earliest = Instant::now().checked_sub(within)?;
        let recent = self.heard.since(self.heard.first_since(earliest));
        let last = recent.filter(|question| question.answered.is_some()).max_by_key(|q| q.answered)?;
        self.heard.name(last.by).map(str::to_owned)
    }

    /// When somebody answered for the first time at or after `since`.
    #[must_use]
    pub fn first_answer(&self, since: Instant) -> Option<Instant> {
        self.answers(since).map(|(at, _)| at).find(|at| *at >= since)
    }

    /// When this node answered for the first time at or after `since`.
    #[must_use]
    pub fn first_answer_by(&self, node: &str, since: Instant) -> Option<Instant> {
        let theirs = self.answers(since).filter(|(_, by)| self.heard.name(*by) == Some(node));
        theirs.map(|(at, _)| at).find(|at| *at >= since)
    }

    /// Answers to all questions that may have been answered at or after `since`.
    fn answers(&self, since: Instant) -> impl Iterator<Item = (Instant, u8)> {
        let from = since.checked_sub(LATEST).map_or(0, |earliest| self.heard.first_since(earliest));
        self.heard.since(from).filter_map(|question| Some((question.answered?, question.by)))
    }

    /// What the client noticed from `since` until now. Takes a moment longer, so that the last
    /// questions may still be answered in time.
    #[must_use]
    pub fn outage(&self, since: Instant) -> Outage {
        let end = Instant::now();
        thread::sleep(PATIENCE + PERIOD);
        let questions = self.heard.since(self.heard.first_since(since)).take_while(|q| q.sent < end);
        judge(questions, end, |by| self.heard.name(by).unwrap_or_default().to_owned())
    }
}

fn judge(questions: impl Iterator<Item = Question>, now: Instant, name: impl Fn(u8) -> String) -> Outage {
    let mut outage = Outage {
        longest: Duration::ZERO,
        blind: Duration::ZERO,
        asked: 0,
        answered: 0,
        by: BTreeMap::new(),
        lasting: false,
    };
    let (mut silent_since, mut blind): (Option<Instant>, _) = (None, Duration::ZERO);
    let longest = |outage: &mut Outage, length: Duration, blind| {
        if length > outage.longest {
            (outage.longest, outage.blind) = (length, blind);
        }
    };
    let mut last: Option<Instant> = None;
    for question in questions {
        outage.asked += 1;
        if silent_since.is_some() {
            blind += last.map_or(Duration::ZERO, |last| (question.sent - last).saturating_sub(PERIOD));
        }
        last = Some(question.sent);
        let in_time = question.answered.is_some_and(|at| at - question.sent <= PATIENCE);
        if in_time {
            outage.answered += 1;
            *outage.by.entry(name(question.by)).or_default() += 1;
            if let Some(from) = silent_since.take() {
                longest(&mut outage, question.sent - from, std::mem::take(&mut blind));
            }
        } else {
            silent_since.get_or_insert(question.sent);
        }
    }
    if let Some(from) = silent_since {
        outage.lasting = true;
        longest(&mut outage, now - from, blind);
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

fn ask(socket: &UdpSocket, address: Ipv4Addr, heard: &Heard, stop: &AtomicBool) {
    sys::least_timer_slack();
    heard.realtime.store(sys::realtime(PRIORITY).is_ok(), Ordering::Relaxed);
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let sent = Instant::now();
        let Some(number) = heard.ask(sent) else { return };
        // No route or no neighbour is no answer, which is what is measured.
        let _ = socket.send_to(&(number as u64).to_be_bytes(), (address, service::PORT));
        next += PERIOD;
        if next < sent {
            // This client was held up itself: questions that were never asked are not counted.
            next = sent + PERIOD;
        }
        listen_until(socket, next, &mut |number, name, at| heard.answer(number, name, at));
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
