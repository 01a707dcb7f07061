//! Targets of hb-lrm: the channel's packets, and the machine under any order of events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hb_base::{CallId, Instant};
use hb_lrm::channel::{Report, Request, Words, decode_notice};
use hb_lrm::{Action, Class, Done, Exit, Input, Lrm, Operation, Outcome, Output, Resource};

static WORDS: Mutex<Words> = Mutex::new(Words::new());

/// Packets between master and executor.
pub fn channel(bytes: &[u8]) {
    if let Ok(request) = Request::decode(bytes) {
        let packet = request.encode().expect("what was read can be written");
        assert_eq!(Request::decode(&packet), Ok(request));
    }
    if let Ok(report) = Report::decode(bytes) {
        let packet = report.encode().expect("what was read can be written");
        assert_eq!(Report::decode(&packet), Ok(report));
    }
    // Words are kept for good: each process has one store of them.
    let _ = decode_notice(bytes, &mut WORDS.lock().unwrap_or_else(PoisonError::into_inner));
}

const MAX_CHILDREN: usize = 2;

#[derive(Default)]
struct World {
    now: u64,
    calls: u64,
    master: bool,
    /// Call, resource and class of what was begun and has not ended.
    running: BTreeMap<CallId, (String, Class)>,
    answered: BTreeSet<CallId>,
}

/// The queue machine: two bytes an event.
pub fn machine(bytes: &[u8]) {
    let mut lrm = Lrm::new(MAX_CHILDREN);
    let mut world = World { master: true, ..World::default() };
    for pair in bytes.chunks_exact(2) {
        world.now += u64::from(pair[1]) * 50;
        step(&mut lrm, &mut world, pair[0], pair[1]);
        drain(&mut lrm, &mut world);
    }
    settle(&mut lrm, &mut world);
    let submitted: BTreeSet<CallId> = (1..=world.calls).map(CallId).collect();
    assert_eq!(world.answered, submitted, "every call is answered");
    assert_eq!(lrm.view().queued, 0);
}

fn step(lrm: &mut Lrm, world: &mut World, kind: u8, which: u8) {
    let now = Instant::from_millis(world.now);
    let first = world.running.keys().nth(usize::from(which) % 4).copied();
    match kind % 8 {
        0..=2 if world.master => {
            world.calls += 1;
            let action = [Action::Start, Action::Stop, Action::Status][usize::from(kind % 8)];
            let timeout = (!which.is_multiple_of(3)).then(|| Duration::from_millis(u64::from(which) * 10));
            let operation = Operation { timeout, ..Operation::new(resource(which % 6), action) };
            lrm.handle(now, Input::Submit { call: CallId(world.calls), operation });
        }
        3 => {
            if let Some(call) = first {
                world.running.remove(&call);
                lrm.handle(now, Input::Exited { call, exit: Exit::code(i32::from(which % 9)) });
            }
        }
        4 => lrm.handle(now, Input::Cancel { call: CallId(u64::from(which) % (world.calls + 1)) }),
        5 => {
            world.master = false;
            lrm.handle(now, Input::MasterLost);
        }
        6 => {
            world.master = true;
            lrm.handle(now, Input::MasterBack);
            lrm.handle(now, Input::Adopt { resources: vec![resource(which % 6).id] });
        }
        _ => lrm.handle(now, Input::Timer),
    }
}

/// Two programs, a fencing device, two addresses, an init script.
fn resource(which: u8) -> Resource {
    let class = match which {
        0 | 1 => Class::Ocf { provider: String::new() },
        2 => Class::Stonith,
        3 | 4 => Class::Address,
        _ => Class::Lsb,
    };
    Resource { id: format!("r{which}"), class, agent: "a".into(), args: vec![], params: vec![] }
}

fn drain(lrm: &mut Lrm, world: &mut World) {
    while let Some(output) = lrm.poll() {
        match output {
            Output::Run { call, operation } | Output::Address { call, operation } => {
                assert!(world.master || operation.action == Action::Stop, "begun without a master");
                let Resource { id, class, .. } = operation.resource;
                assert!(world.running.values().all(|(other, _)| *other != id), "two at once on {id}");
                world.running.insert(call, (id, class));
                let counted = |class: &Class| !matches!(class, Class::Stonith | Class::Address);
                let children = world.running.values().filter(|(_, class)| counted(class)).count();
                assert!(children <= MAX_CHILDREN, "too many programs at once");
            }
            Output::Done(done) => {
                assert!(world.master, "told to nobody");
                answer(world, &done);
            }
            Output::State(state) => state.finished.iter().for_each(|done| answer(world, done)),
            Output::Release { resource } => assert_eq!(resource.class, Class::Address),
            Output::Signal { call, .. } => assert!(world.running.contains_key(&call), "a signal to nobody"),
            Output::Notice(_) => {}
        }
    }
}

fn answer(world: &mut World, done: &Done) {
    assert!(world.answered.insert(done.call), "{:?} is answered twice", done.call);
    assert!(!world.running.contains_key(&done.call), "{:?} is answered while it runs", done.call);
}

/// A master is there, and everything that runs ends.
fn settle(lrm: &mut Lrm, world: &mut World) {
    let now = Instant::from_millis(world.now);
    world.master = true;
    lrm.handle(now, Input::MasterBack);
    drain(lrm, world);
    while let Some((call, _)) = world.running.pop_first() {
        lrm.handle(now, Input::Concluded { call, outcome: Outcome::Ok });
        drain(lrm, world);
    }
}
