//! The machine: its state, and which input goes to which handler.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use hb_base::{CallId, Instant, Machine, NodeName, Notice, Severity};
use hb_stonith::Mode;

use crate::group::{Event, GroupRun};
use crate::heal::Heal;
use crate::leave::Leaving;
use crate::legacy::Legacy;
use crate::moves::{Handover, Wish};
use crate::standby::Standby;
use crate::takeover::{Fencing, Takeover};
use crate::timers::Timers;
use crate::{Group, Held, Input, Options, Output, Peer, Reason, StandbyView, State, View, notices};

/// The release-1 resource manager of one node.
#[derive(Debug)]
pub struct Classic {
    pub(crate) options: Options,
    pub(crate) now: Instant,
    pub(crate) state: State,
    /// What we hold, as announced.
    pub(crate) held: Held,
    pub(crate) peer: Option<Peer>,
    pub(crate) groups: Vec<GroupRun>,
    pub(crate) communication: bool,
    pub(crate) executor: bool,
    pub(crate) mode: Mode,
    pub(crate) standby: Option<Standby>,
    pub(crate) fencing: Option<Fencing>,
    pub(crate) takeover: Option<Takeover>,
    pub(crate) heal: Option<Heal>,
    /// What we held when contact with the peer was lost; `None` while contact was never lost, or is settled again.
    pub(crate) kept: Option<Held>,
    /// Why our first acquisition began, until it is complete.
    pub(crate) initial: Option<Reason>,
    /// We hold foreign groups because the peer died or left.
    pub(crate) failback_due: bool,
    pub(crate) handover: Handover,
    pub(crate) wish: Option<Wish>,
    pub(crate) leaving: Option<Leaving>,
    pub(crate) legacy: Legacy,
    /// Requests of ours whose own copies have not come back yet.
    pub(crate) own_asks: u32,
    /// We asked the peer to fence us.
    pub(crate) asked_fencing: bool,
    pub(crate) timers: Timers,
    next_call: u64,
    out: VecDeque<Output>,
}

impl Classic {
    /// The resource manager of `options.own`, at rest until [`Input::Start`].
    pub fn new(options: Options) -> Classic {
        let peer = options.peer.clone().map(Peer::new);
        let groups = options.groups.iter().filter(|group| !group.resources.is_empty());
        let groups = groups.map(|group| group_run(group, &options)).collect();
        Classic {
            now: Instant::ZERO,
            state: State::Init,
            held: Held::NONE,
            peer,
            groups,
            communication: false,
            executor: true,
            mode: Mode::Unprotected,
            standby: None,
            fencing: None,
            takeover: None,
            heal: None,
            kept: None,
            initial: None,
            failback_due: false,
            handover: Handover::default(),
            wish: None,
            leaving: None,
            legacy: Legacy::default(),
            own_asks: 0,
            asked_fencing: false,
            timers: Timers::default(),
            next_call: 0,
            out: VecDeque::new(),
            options,
        }
    }

    /// Takes one input. Never blocks, never fails.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.now = self.now.max(now);
        if self.leaving.as_ref().is_some_and(|leaving| leaving.finished) {
            return;
        }
        match input {
            Input::Start => self.on_start(),
            Input::Timer => self.on_timer(),
            Input::CommunicationUp => self.on_communication_up(),
            Input::Peer { node, change } => self.on_peer(&node, change),
            Input::Message { from, message } => self.on_message(&from, &message),
            Input::Ran { call, outcome } => self.on_ran(call, &outcome),
            Input::Fenced { node, result } => self.on_fenced(&node, &result),
            Input::Mode(mode) => self.on_mode(mode),
            Input::Command(command) => self.on_command(command),
            Input::ExecutorUp => self.groups.iter_mut().for_each(GroupRun::probe),
            Input::ExecutorLost => self.on_executor_lost(),
            Input::ExecutorBack { active } => self.on_executor_back(&active),
            Input::Lost { resource } => self.on_lost(&resource),
            Input::Conflict { resource, with } => self.on_conflict(&resource, &with),
            Input::AutoFailback(failback) => self.on_auto_failback(failback),
            Input::Shutdown => self.on_shutdown(),
        }
        self.settle();
    }

    /// The next thing to do; call until `None` after every input.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to feed [`Input::Timer`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let groups = self.groups.iter().filter(|_| self.executor).filter_map(GroupRun::retry_at);
        groups.chain(self.timers.earliest()).min()
    }

    /// The state, read only.
    pub fn view(&self) -> View<'_> {
        View {
            own: &self.options.own,
            state: self.state,
            held: self.held,
            stable: self.is_settled(),
            mode: self.mode,
            peer: self.peer.as_ref(),
            standby: self.standby.as_ref().map(|standby| StandbyView {
                phase: standby.phase,
                what: standby.what,
                reason: standby.reason,
                since: standby.since,
            }),
            fencing: self.fencing.as_ref().map(Fencing::view),
            yielding: self.heal.as_ref().map_or(Held::NONE, |heal| heal.yielding),
            executor: self.executor,
            groups: &self.groups,
        }
    }

    /// What follows from the new state, until nothing more does.
    fn settle(&mut self) {
        self.drive();
        self.advance_standby();
        self.advance_takeover();
        self.advance_heal();
        self.advance_legacy();
        self.advance_leave();
        self.advance_blocked();
        self.consider_moves();
        self.drive();
        self.tell_resources();
    }

    /// Gives the executor what the groups want to run.
    fn drive(&mut self) {
        if !self.executor {
            return;
        }
        for index in 0..self.groups.len() {
            let now = self.now;
            let Some(group) = self.groups.get_mut(index) else { continue };
            let Some((resource, action)) = group.next(now) else { continue };
            let Some(run) = group.resources().get(resource) else { continue };
            let mut operation = hb_lrm::Operation::new(run.resource.clone(), action);
            operation.timeout = self.options.operation_timeout;
            self.next_call += 1;
            let call = CallId(self.next_call);
            let before = group.state();
            group.began(now, call, resource, action);
            self.tell_group(index, before);
            self.out.push_back(Output::Run { call, operation });
        }
    }

    /// A settled node: nothing is on its way, and nothing is negotiated.
    pub(crate) fn is_settled(&self) -> bool {
        self.state == State::Stable && self.standby.is_none() && self.heal.is_none() && !self.is_moving()
    }

    pub(crate) fn is_moving(&self) -> bool {
        self.groups.iter().any(GroupRun::is_moving)
    }

    /// What an operation's end meant for its group, told and acted upon.
    pub(crate) fn on_group_event(&mut self, index: usize, event: &Event) {
        match *event {
            Event::Nothing | Event::Stopped => {}
            Event::Started => self.group_started(index),
            Event::StartFailed(resource) => self.start_failed(index, resource),
            Event::Found(resource) => self.found_running(index, resource),
            Event::GivenUp(resource) => self.given_up(index, resource),
            Event::Blocked(resource) => self.resource_blocked(index, resource),
            Event::LyingStop(resource) => {
                let id = self.resource_id(index, resource);
                self.notice(Notice::new(Severity::Warning, notices::STOP_LIED, id));
            }
        }
    }

    pub(crate) fn resource_id(&self, group: usize, resource: usize) -> alloc::string::String {
        let run = self.groups.get(group).and_then(|group| group.resources().get(resource));
        run.map_or_else(alloc::string::String::new, |run| run.resource.id.clone())
    }

    /// A notice about a group whose state is no longer `before`.
    pub(crate) fn tell_group(&mut self, index: usize, before: crate::GroupState) {
        let Some(group) = self.groups.get(index) else { return };
        let after = group.state();
        if after == before {
            return;
        }
        let notice = Notice::new(Severity::Info, notices::GROUP, group.key())
            .with("from", before.word())
            .with("to", after.word())
            .with("reason", group.reason().word());
        self.notice(notice);
    }

    pub(crate) fn put(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.put(Output::Notice(notice));
    }

    /// A notice about this node.
    pub(crate) fn about_us(&self, severity: Severity, code: &'static str) -> Notice {
        Notice::new(severity, code, self.options.own.as_str())
    }

    /// A notice about the peer.
    pub(crate) fn about_peer(&self, severity: Severity, code: &'static str) -> Notice {
        let name = self.peer.as_ref().map_or("-", |peer| peer.name.as_str());
        Notice::new(severity, code, name)
    }
}

fn group_run(group: &Group, options: &Options) -> GroupRun {
    let half = |node: &NodeName| match node {
        node if *node == options.own => Held::LOCAL,
        node if Some(node) == options.peer.as_ref() => Held::FOREIGN,
        _ => Held::NONE,
    };
    let run = GroupRun::new(group.node.clone(), half(&group.node), group.resources.clone());
    #[cfg(feature = "planted-bugs")]
    let run = run.forgetting(options.bug == Some(crate::Bug::ForgetStopFailure));
    run
}

impl Machine for Classic {
    type Input = Input;
    type Output = Output;
    type View<'a> = View<'a>;

    fn handle(&mut self, now: Instant, input: Input) {
        Classic::handle(self, now, input);
    }

    fn poll(&mut self) -> Option<Output> {
        Classic::poll(self)
    }

    fn deadline(&self) -> Option<Instant> {
        Classic::deadline(self)
    }

    fn view(&self) -> View<'_> {
        Classic::view(self)
    }
}
