//! The machine: its state, and which input goes to which handler.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use hb_base::{CallId, Instant, Machine, NodeName, Notice, Severity};
use hb_lrm::{Action, Operation};

use crate::{
    ALERT_INTERVAL, ANSWER_GRACE, Device, FenceResult, Health, Input, Mode, Options, Output, RequestView,
    View, notices,
};

/// What a request waits for. A timer each: the deadline table is [`Stonith::deadline`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// For the answer of this operation, at most until then.
    Answer { call: CallId, until: Instant },
    /// For the time of the next try.
    Retry { at: Instant },
}

/// A node that shall be down.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) node: NodeName,
    pub(crate) since: Instant,
    pub(crate) failures: u64,
    pub(crate) wait: Wait,
    /// When the last alert was given, and how many failures there were since.
    alerted: Option<Instant>,
    unreported: u64,
}

impl Request {
    pub(crate) fn view(&self) -> RequestView<'_> {
        RequestView {
            node: &self.node,
            since: self.since,
            failures: self.failures,
            running: matches!(self.wait, Wait::Answer { .. }),
        }
    }
}

/// A status operation of the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Poll {
    /// No device, or not started.
    Off,
    Answer {
        call: CallId,
        until: Instant,
    },
    Next {
        at: Instant,
    },
}

/// Fencing decisions of one node.
#[derive(Debug)]
pub struct Stonith {
    pub(crate) options: Options,
    pub(crate) now: Instant,
    /// Every device that this node may use, in file order. The last one counts.
    pub(crate) devices: Vec<Device>,
    pub(crate) requests: Vec<Request>,
    pub(crate) poll: Poll,
    pub(crate) health: Health,
    mode: Mode,
    next_call: u64,
    out: VecDeque<Output>,
}

impl Stonith {
    /// The machine for these lines, at rest until [`Input::Start`].
    pub fn new(options: Options) -> Stonith {
        Stonith {
            now: Instant::ZERO,
            devices: Device::usable_by(&options.own, &options.lines),
            requests: Vec::new(),
            poll: Poll::Off,
            health: Health::Unknown,
            mode: Mode::Unprotected,
            next_call: 0,
            out: VecDeque::new(),
            options,
        }
    }

    /// Takes one input. Never blocks, never fails.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Start => self.on_start(),
            Input::Timer => self.on_timer(),
            Input::Fence { node } => self.on_fence(&node),
            Input::Cancel { node } => self.on_cancel(&node),
            Input::Devices(lines) => self.on_devices(lines),
            Input::Executed { call, outcome } => self.on_executed(call, &outcome),
            Input::ExecutorLost => self.on_executor_lost(),
        }
        self.tell_mode();
    }

    /// The next thing to do; call until `None` after every input.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to feed [`Input::Timer`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let requests = self.requests.iter().map(|request| match request.wait {
            Wait::Answer { until, .. } => until,
            Wait::Retry { at } => at,
        });
        let poll = match self.poll {
            Poll::Off => None,
            Poll::Answer { until, .. } => Some(until),
            Poll::Next { at } => Some(at),
        };
        requests.chain(poll).min()
    }

    /// The state, read only.
    pub fn view(&self) -> View<'_> {
        View { mode: self.mode, device: self.device(), health: &self.health, requests: &self.requests }
    }

    /// The device that counts: the original knows one, and takes the last that it reads.
    pub(crate) fn device(&self) -> Option<&Device> {
        self.devices.last()
    }

    fn on_start(&mut self) {
        self.tell_ignored();
        self.ask_status();
    }

    /// Only one device counts; the others are told of.
    pub(crate) fn tell_ignored(&mut self) {
        if let Some((last, ignored)) = self.devices.split_last().filter(|(_, ignored)| !ignored.is_empty()) {
            let notice = Notice::new(Severity::Warning, notices::DEVICES_IGNORED, last.kind.clone())
                .with("ignored", ignored.len() as u64);
            self.notice(notice);
        }
    }

    pub(crate) fn call(&mut self) -> CallId {
        self.next_call += 1;
        CallId(self.next_call)
    }

    /// When an answer counts as missing.
    fn answer_until(&self) -> Instant {
        self.now + self.options.operation_timeout + ANSWER_GRACE
    }

    pub(crate) fn ask_status(&mut self) {
        let Some(device) = self.device() else { return };
        let mut resource = device.resource();
        // Not in the same queue as a reset: that one must not wait for a status that hangs.
        resource.id.push_str("#status");
        let mut operation = Operation::new(resource, Action::Status);
        operation.timeout = Some(self.options.operation_timeout);
        let call = self.call();
        self.poll = Poll::Answer { call, until: self.answer_until() };
        self.put(Output::Execute { call, operation });
    }

    /// Starts a try for the request at `index`.
    pub(crate) fn attempt(&mut self, index: usize) {
        let Some(device) = self.device() else {
            return self.fail(index, false, String::from("the configuration names no device any more"));
        };
        let mut resource = device.resource();
        let timeout = self.options.operation_timeout;
        let until = self.answer_until();
        let call = self.call();
        let Some(request) = self.requests.get_mut(index) else { return };
        resource.id.push('#');
        resource.id.push_str(&request.node);
        let operation = Operation::fence(resource, "reset", &request.node, timeout);
        request.wait = Wait::Answer { call, until };
        self.put(Output::Execute { call, operation });
    }

    pub(crate) fn new_request(&mut self, node: &NodeName) {
        let request = Request {
            node: node.clone(),
            since: self.now,
            failures: 0,
            wait: Wait::Retry { at: self.now },
            alerted: None,
            unreported: 0,
        };
        self.requests.push(request);
        self.attempt(self.requests.len() - 1);
    }

    /// The device has reset the node: the only place that says so.
    pub(crate) fn confirm(&mut self, index: usize) {
        let request = self.requests.remove(index);
        self.health = Health::Ok { at: self.now };
        let notice = Notice::new(Severity::Warning, notices::CONFIRMED, request.node.as_str())
            .with("attempts", request.failures + 1)
            .with("took", self.now - request.since);
        self.notice(notice);
        self.put(Output::Fenced { node: request.node, result: FenceResult::Confirmed });
    }

    /// A try failed: the next one comes after the retry delay.
    pub(crate) fn fail(&mut self, index: usize, bad_host: bool, reason: String) {
        let (now, retry_delay) = (self.now, self.options.retry_delay);
        let Some(request) = self.requests.get_mut(index) else { return };
        request.failures += 1;
        request.wait = Wait::Retry { at: now + retry_delay };
        let quiet = request.alerted.is_some_and(|at| now < at + ALERT_INTERVAL);
        let (node, attempt) = (request.node.clone(), request.failures);
        if quiet {
            request.unreported += 1;
        } else {
            request.alerted = Some(now);
            let unreported = core::mem::take(&mut request.unreported);
            let notice = Notice::new(Severity::Critical, notices::FAILED, node.as_str())
                .with("attempt", attempt)
                .with("failure", reason.clone())
                .with("unreported", unreported);
            self.notice(notice);
        }
        self.put(Output::Fenced { node, result: FenceResult::Failed { attempt, bad_host, reason } });
    }

    /// How old a good answer may be before it proves nothing: two polls, so that one may be late.
    fn fresh_for(&self) -> Duration {
        self.options.poll_interval.saturating_mul(2) + self.options.operation_timeout + ANSWER_GRACE
    }

    fn tell_mode(&mut self) {
        let good = match self.health {
            Health::Ok { at } => self.now < at + self.fresh_for(),
            Health::Unknown | Health::Failed { .. } => false,
        };
        let mode = if good && self.device().is_some() { Mode::Fenced } else { Mode::Unprotected };
        if mode != self.mode {
            self.mode = mode;
            self.put(Output::Mode(mode));
        }
    }

    pub(crate) fn set_health(&mut self, failure: Option<String>) {
        let kind = self.device().map_or_else(String::new, |device| device.kind.clone());
        let was_ok = matches!(self.health, Health::Ok { .. });
        match failure {
            None => {
                self.health = Health::Ok { at: self.now };
                if !was_ok {
                    self.notice(Notice::new(Severity::Info, notices::DEVICE_OK, kind));
                }
            }
            Some(reason) => {
                let notice = Notice::new(Severity::Error, notices::DEVICE_FAILED, kind)
                    .with("failure", reason.to_string());
                self.health = Health::Failed { at: self.now, reason };
                self.notice(notice);
            }
        }
    }

    pub(crate) fn put(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.put(Output::Notice(notice));
    }
}

impl Machine for Stonith {
    type Input = Input;
    type Output = Output;
    type View<'a> = View<'a>;

    fn handle(&mut self, now: Instant, input: Input) {
        Stonith::handle(self, now, input);
    }

    fn poll(&mut self) -> Option<Output> {
        Stonith::poll(self)
    }

    fn deadline(&self) -> Option<Instant> {
        Stonith::deadline(self)
    }

    fn view(&self) -> View<'_> {
        Stonith::view(self)
    }
}
