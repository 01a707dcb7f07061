//! Makes a failing plan short: fewer steps, fewer nodes and media, rounder numbers, the same violation.

use crate::plan::{Links, MediumKind, Plan, Process, Service, What};
use crate::plants::Plant;
use crate::run::run;
use crate::truth::{Invariant, Violation};
use std::time::Duration;

/// Runs that shrinking may take.
pub const RUNS_MAX: u32 = 600;

/// A plan that still fails in the same way.
#[derive(Debug)]
pub struct Shrunk {
    /// The plan.
    pub plan: Plan,
    /// What does not hold in it.
    pub violation: Violation,
    /// Runs that were needed.
    pub runs: u32,
}

/// Shortens `plan`, whose run violates what `violation` says.
pub fn shrink(plan: &Plan, violation: Violation, plant: Option<Plant>) -> Shrunk {
    let fails = |plan: &Plan| run(plan, plant, false).violation;
    shrink_with(plan, violation, fails)
}

/// Shortens with any test of failure.
pub fn shrink_with(plan: &Plan, violation: Violation, fails: impl Fn(&Plan) -> Option<Violation>) -> Shrunk {
    let invariant = violation.invariant;
    let best = Shrunk { plan: plan.clone(), violation, runs: 0 };
    let mut search = Search { best, invariant, fails };
    // Each pass may open the way for another.
    loop {
        let before = search.best.plan.clone();
        search.end_early();
        search.drop_steps();
        search.drop_nodes();
        search.drop_media();
        search.simplify();
        if search.best.plan == before || search.exhausted() {
            return search.best;
        }
    }
}

struct Search<F> {
    best: Shrunk,
    invariant: Invariant,
    fails: F,
}

impl<F: Fn(&Plan) -> Option<Violation>> Search<F> {
    fn exhausted(&self) -> bool {
        self.best.runs >= RUNS_MAX
    }

    /// Keeps `plan` if it fails in the same way.
    fn attempt(&mut self, plan: Plan) -> bool {
        if plan == self.best.plan || self.exhausted() || !plan.timing.valid() {
            return false;
        }
        self.best.runs += 1;
        let same = (self.fails)(&plan).filter(|violation| violation.invariant == self.invariant);
        let Some(violation) = same else { return false };
        (self.best.plan, self.best.violation) = (plan, violation);
        true
    }

    fn attempt_with(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let mut plan = self.best.plan.clone();
        change(&mut plan);
        self.attempt(plan)
    }

    /// Nothing after the violation matters.
    fn end_early(&mut self) {
        let at = Duration::from_nanos(self.best.violation.at) + Duration::from_millis(1);
        if at < self.best.plan.duration {
            self.attempt_with(|plan| {
                plan.duration = at;
                plan.steps.retain(|step| step.at <= at);
            });
        }
    }

    /// Delta debugging: halves, quarters, … single steps.
    fn drop_steps(&mut self) {
        let mut size = self.best.plan.steps.len().next_power_of_two();
        while size > 0 {
            let mut from = 0;
            while from < self.best.plan.steps.len() {
                let to = (from + size).min(self.best.plan.steps.len());
                if !self.attempt_with(|plan| drop(plan.steps.drain(from..to))) {
                    from = to;
                }
            }
            size /= 2;
        }
    }

    fn drop_nodes(&mut self) {
        while self.best.plan.nodes > 2 && self.best.plan.service == Service::Messages {
            let last = self.best.plan.nodes - 1;
            let dropped = (0..=last).rev().any(|node| self.attempt_with(|plan| drop_node(plan, node)));
            if !dropped {
                return;
            }
        }
    }

    fn drop_media(&mut self) {
        for medium in (0..self.best.plan.media.len() as u8).rev() {
            if self.best.plan.media.len() > 1 {
                self.attempt_with(|plan| drop_medium(plan, medium));
            }
        }
    }

    fn simplify(&mut self) {
        self.attempt_with(|plan| plan.drift_ppm.fill(0));
        self.attempt_with(|plan| plan.media.fill(MediumKind::Ucast));
        self.attempt_with(|plan| plan.signature = crate::plan::Signature::Crc);
        self.attempt_with(|plan| plan.latency = Duration::from_micros(10));
        self.attempt_with(|plan| plan.timing.initdead = plan.timing.deadtime.max(Duration::from_secs(1)));
        self.attempt_with(|plan| {
            if let Service::Takeover { resources, .. } = &mut plan.service {
                *resources = [1, 0];
            }
        });
        self.round(|plan| Some(&mut plan.duration));
        for index in 0..self.best.plan.steps.len() {
            self.round(|plan| plan.steps.get_mut(index).map(|step| &mut step.lasts));
            self.round(|plan| plan.steps.get_mut(index).map(|step| &mut step.at));
            self.attempt_with(|plan| {
                if let Some(What::Send { count, .. }) = plan.steps.get_mut(index).map(|step| &mut step.what) {
                    *count = (*count / 2).max(1);
                }
            });
        }
    }

    /// Tries to make a time rounder: whole seconds, tenths, milliseconds.
    fn round(&mut self, place: impl Fn(&mut Plan) -> Option<&mut Duration>) {
        for unit in [1_000_000_000, 100_000_000, 10_000_000, 1_000_000] {
            let mut plan = self.best.plan.clone();
            let Some(time) = place(&mut plan) else { return };
            let nanos = time.as_nanos() as u64;
            for rounded in [nanos / unit * unit, nanos.div_ceil(unit) * unit] {
                let mut plan = self.best.plan.clone();
                let Some(time) = place(&mut plan) else { return };
                *time = Duration::from_nanos(rounded);
                plan.steps.sort_by_key(|step| step.at);
                if nanos == rounded || self.attempt(plan) {
                    return;
                }
            }
        }
    }
}

/// Takes a node out of a plan, with everything that happens to it; later ones move up.
fn drop_node(plan: &mut Plan, node: u8) {
    plan.nodes -= 1;
    if usize::from(node) < plan.drift_ppm.len() {
        plan.drift_ppm.remove(usize::from(node));
    }
    plan.steps.retain(|step| step.what.node() != Some(node));
    for step in &mut plan.steps {
        if let What::Partition { set, .. } = &mut step.what {
            let low = *set & ((1 << node) - 1);
            *set = low | (*set >> 1 & !((1 << node) - 1));
        }
        step.what.each_node(|n| *n -= u8::from(*n > node));
    }
}

/// Takes a medium out of a plan, with everything that happens to it alone.
fn drop_medium(plan: &mut Plan, medium: u8) {
    plan.media.remove(usize::from(medium));
    plan.steps.retain(|step| medium_of(&step.what) != Some(medium));
    for step in &mut plan.steps {
        match &mut step.what {
            What::Loss { links: Links { medium: m, .. }, .. }
            | What::Delay { links: Links { medium: m, .. }, .. }
            | What::Duplicate { links: Links { medium: m, .. }, .. }
            | What::Corrupt { links: Links { medium: m, .. }, .. }
            | What::Cut { links: Links { medium: m, .. } }
            | What::Partition { medium: m, .. } => {
                m.iter_mut().for_each(|m| *m -= u8::from(*m > medium));
            }
            What::Pause { process: Some(process), .. } | What::Kill { process, .. } => {
                if let Process::Reader(m) | Process::Writer(m) = process {
                    *m -= u8::from(*m > medium);
                }
            }
            _ => {}
        }
    }
}

fn medium_of(what: &What) -> Option<u8> {
    match *what {
        What::Loss { links, .. }
        | What::Delay { links, .. }
        | What::Duplicate { links, .. }
        | What::Corrupt { links, .. }
        | What::Cut { links } => links.medium,
        What::Partition { medium, .. } => medium,
        What::Pause { process: Some(Process::Reader(medium) | Process::Writer(medium)), .. }
        | What::Kill { process: Process::Reader(medium) | Process::Writer(medium), .. } => Some(medium),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Wishes, draw, parse};

    /// "Fails" whenever a plan has a power cut of some node and a loss anywhere.
    fn needs_two(plan: &Plan) -> Option<Violation> {
        let has = |word| plan.steps.iter().any(|step| step.what.word() == word);
        (has("power-cut") && has("loss")).then(|| Violation {
            invariant: Invariant::Progress,
            at: 70_000_000_000,
            what: String::new(),
        })
    }

    #[test]
    fn what_is_not_needed_goes() {
        let mut shrunk = 0;
        for seed in 0..3_000 {
            let plan = draw(seed, &Wishes::default());
            let Some(violation) = needs_two(&plan) else { continue };
            let result = shrink_with(&plan, violation, needs_two);
            assert_eq!(result.plan.steps.len(), 2, "{}", result.plan);
            assert_eq!((result.plan.nodes, result.plan.media.len()), (2, 1), "{}", result.plan);
            assert_eq!(parse(&result.plan.to_string()).as_ref(), Ok(&result.plan));
            shrunk += 1;
        }
        assert!(shrunk > 20, "{shrunk}");
    }

    #[test]
    fn dropping_a_node_keeps_sets_and_names_right() {
        let text = "seed 1\nnodes 4\nmedia ucast\ntiming keepalive=1s deadtime=5s initdead=9s\nduration 60s\n\
            at 1s for 1s partition set=n1,n3\nat 2s power-cut node=n2\nat 3s power-cut node=n4\n";
        let mut plan = parse(text).unwrap();
        drop_node(&mut plan, 1);
        let steps: Vec<String> = plan.steps.iter().map(|step| step.to_string()).collect();
        assert_eq!(steps, ["at 1s for 1s partition set=n1,n2", "at 3s power-cut node=n3"]);
    }
}
