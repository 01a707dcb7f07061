//! What a run did, in numbers; runs add up.

use crate::agenda::Nanos;
use crate::world::Traffic;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Numbers of one run, or of many.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Stats {
    /// Simulated time.
    pub simulated: Nanos,
    /// Inputs given to machines of the product.
    pub steps: u64,
    /// Turns of processes.
    pub turns: u64,
    /// Events of the world.
    pub events: u64,
    /// What happened on the networks.
    pub traffic: Traffic,
    /// Messages of clients that clients got.
    pub delivered: u64,
    /// Losses that were reported to clients.
    pub gaps: u64,
    /// Commands and messages that were refused.
    pub refused: u64,
    /// Frames that a full or dead writer did not take.
    pub frames_refused: u64,
    /// Nodes declared dead.
    pub deaths: u64,
    /// Nodes that lost power.
    pub power_cuts: u64,
    /// Agents started.
    pub agents: u64,
    /// Results that a master got of its executor or fencing role.
    pub operations: u64,
    /// Requests to fencing devices, status aside.
    pub fencings: u64,
    /// Times a resource was active twice, excused ones included.
    pub double_active: u64,
    /// The longest that a world took to get well after healing.
    pub slowest_heal: Nanos,
    /// Which fault met a node in which state, how often.
    pub met: BTreeMap<(&'static str, &'static str), u64>,
}

impl Traffic {
    /// Adds another run's.
    pub fn add(&mut self, other: &Traffic) {
        self.sent += other.sent;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.corrupted += other.corrupted;
        self.overflowed += other.overflowed;
    }
}

impl Stats {
    /// A fault met a node in a state.
    pub(crate) fn meet(&mut self, fault: &'static str, state: &'static str) {
        *self.met.entry((fault, state)).or_default() += 1;
    }

    /// Adds another run's.
    pub fn add(&mut self, other: &Stats) {
        self.simulated += other.simulated;
        self.steps += other.steps;
        self.turns += other.turns;
        self.events += other.events;
        self.traffic.add(&other.traffic);
        self.delivered += other.delivered;
        self.gaps += other.gaps;
        self.refused += other.refused;
        self.frames_refused += other.frames_refused;
        self.deaths += other.deaths;
        self.power_cuts += other.power_cuts;
        self.agents += other.agents;
        self.operations += other.operations;
        self.fencings += other.fencings;
        self.double_active += other.double_active;
        self.slowest_heal = self.slowest_heal.max(other.slowest_heal);
        for (key, count) in &other.met {
            *self.met.entry(*key).or_default() += count;
        }
    }

    /// The table of faults and states, for people.
    pub fn table(&self) -> String {
        let mut states: Vec<&str> = self.met.keys().map(|(_, state)| *state).collect();
        states.sort_unstable();
        states.dedup();
        let mut faults: Vec<&str> = self.met.keys().map(|(fault, _)| *fault).collect();
        faults.dedup();
        let mut text = format!("{:<10}", "fault");
        for state in &states {
            let _ = write!(text, " {state:>11}");
        }
        for fault in faults {
            let _ = write!(text, "\n{fault:<10}");
            for state in &states {
                let count =
                    self.met.iter().find(|((f, s), _)| *f == fault && s == state).map_or(0, |(_, n)| *n);
                let _ = write!(text, " {count:>11}");
            }
        }
        text.push('\n');
        text
    }
}
