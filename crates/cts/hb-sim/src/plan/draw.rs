//! A seed draws a plan.

use super::{
    Action, Failback, Links, MediumKind, Mishap, Plan, Process, Service, Signature, Step, Timing, What, Which,
};
use hb_base::Rng;
use std::time::Duration;

/// What every drawn plan must be like.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Wishes {
    /// So many nodes.
    pub nodes: Option<u8>,
    /// Whether nodes that manage resources have devices to fence each other with.
    pub fenced: Option<bool>,
}

/// The shortest time for faults; the time for healing comes on top.
const DURATION_S: u64 = 60;

/// Draws the plan of `seed`.
pub fn draw(seed: u64, wishes: &Wishes) -> Plan {
    let mut rng = Rng::new(seed).fork(0x706c_616e);
    let rng = &mut rng;
    let service = match wishes.nodes {
        Some(2) | None if rng.chance(6, 10) => takeover(rng, wishes.fenced),
        _ => Service::Messages,
    };
    let drawn_nodes = pick(rng, &[2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7, 8]);
    let nodes = match service {
        Service::Takeover { .. } => 2,
        Service::Messages => wishes.nodes.unwrap_or(drawn_nodes),
    };
    let media = (0..pick(rng, &[1, 1, 2, 2, 2, 2, 3]))
        .map(|_| pick(rng, &[MediumKind::Ucast, MediumKind::Ucast, MediumKind::Bcast]))
        .collect();
    let timing = timing(rng, nodes);
    let latency_us = pick(rng, &[50, 100, 300, 1_000]).min(timing.keepalive.as_micros() as u64 / 10);
    let mut plan = Plan {
        seed,
        nodes,
        media,
        service,
        timing,
        signature: pick(
            rng,
            &[
                Signature::Crc,
                Signature::Crc,
                Signature::Crc,
                Signature::Crc,
                Signature::Md5,
                Signature::Sha1,
            ],
        ),
        drift_ppm: (0..nodes).map(|_| pick(rng, &[0, 0, 0, 1]) * (rng.below(401) as i32 - 200)).collect(),
        latency: Duration::from_micros(latency_us),
        duration: Duration::from_secs(DURATION_S),
        steps: Vec::new(),
    };
    for _ in 0..rng.below(16) {
        let step = step(rng, &plan);
        plan.steps.push(step);
    }
    if rng.chance(1, 4) {
        if plan.service == Service::Messages || rng.chance(1, 2) {
            theme(rng, &mut plan);
        } else {
            service_theme(rng, &mut plan);
        }
    }
    if rng.chance(1, 4) {
        meeting(rng, &mut plan);
    }
    plan.steps.sort_by_key(|step| step.at);
    plan
}

/// Steps that are rarely drawn together and matter together.
fn theme(rng: &mut Rng, plan: &mut Plan) {
    let node = rng.below(u64::from(plan.nodes)) as u8;
    let other = (node + 1) % plan.nodes;
    let at = Duration::from_millis(rng.below(plan.duration.as_millis() as u64 - 25_000));
    let later = |ms| at + Duration::from_millis(ms);
    let mut add = |at, lasts, what| plan.steps.push(Step { at, lasts, what });
    match rng.below(6) {
        // Another node is heard badly and cannot be told so: what is missing piles up.
        0 => {
            let lasts = Duration::from_secs(20);
            let cut = Links { from: Some(node), to: Some(other), medium: None };
            let lossy = Links { from: Some(other), to: Some(node), medium: None };
            add(at, lasts, What::Cut { links: cut });
            add(at, lasts, What::Loss { links: lossy, permille: 300 });
            add(later(rng.below(4_000)), Duration::from_secs(15), What::Send { node: other, count: 3_000 });
        }
        // Readers stand still while the others go on, or die.
        1 => {
            add(
                at,
                deadtimes(rng, plan.timing.deadtime),
                What::Pause { node, process: Some(Process::Readers) },
            );
            add(later(rng.below(2_000)), Duration::from_secs(5), What::PowerCut { node: other });
        }
        // A power cut while a node starts, when it writes its generation.
        2 => {
            let first = Duration::from_millis(rng.below(3_000));
            add(at, first, What::PowerCut { node });
            add(at + first + Duration::from_millis(50 + rng.below(250)), first, What::PowerCut { node });
        }
        // A burst of messages on a lossy network.
        3 => {
            add(at, Duration::from_secs(10), What::Loss { links: Links::default(), permille: 300 });
            add(at, Duration::from_millis(rng.below(2_000) + 1), What::Send { node, count: 600 });
        }
        // Two nodes lose and find each other again and again.
        4 => {
            let mut from = at;
            for _ in 0..4 {
                let lasts = deadtimes(rng, plan.timing.deadtime);
                add(from, lasts, What::Partition { medium: None, set: 1 << node });
                from += lasts + deadtimes(rng, plan.timing.deadtime);
            }
        }
        // Both ends of a decision: one node dies, the other stands still.
        _ => {
            let lasts = deadtimes(rng, plan.timing.deadtime);
            add(at, lasts, What::Pause { node, process: None });
            add(later(rng.below(2_000)), Duration::from_secs(5), What::PowerCut { node: other });
        }
    }
}

/// Faults in a state that lasts so short that a drawn time hardly ever meets it.
fn meeting(rng: &mut Rng, plan: &mut Plan) {
    let node = rng.below(u64::from(plan.nodes)) as u8;
    let other = (node + 1) % plan.nodes;
    let ms = Duration::from_millis;
    let at = ms(2_000 + rng.below(plan.duration.as_millis() as u64 - 25_000));
    let deadtime = plan.timing.deadtime;
    let mut steps = Vec::new();
    let mut add = |at, lasts, what| steps.push(Step { at, lasts, what });
    let states = if plan.service == Service::Messages { 5 } else { 6 };
    // From when on the state lasts, and for how long.
    let (from, window) = match rng.below(states) {
        // Draining: another node falls silent, and a reader does not answer.
        0 | 1 => {
            let medium = rng.below(plan.media.len() as u64) as u8;
            add(at, deadtime * 4, What::PowerCut { node: other });
            let readers = What::Pause { node, process: Some(Process::Reader(medium)) };
            add(at + deadtime / 2, deadtime * 3 / 2, readers);
            (at + deadtime, deadtime * 2 / 5)
        }
        // Clients wait: they send more than another node acknowledges, since it stands still, but not for long.
        2 => {
            let lasts = deadtime * 3 / 4;
            add(at, lasts, What::Pause { node: other, process: None });
            add(at, ms(20), What::Send { node, count: 600 });
            (at + lasts / 4, lasts / 2)
        }
        // Leaving.
        3 => {
            add(at, ms(3_000), What::Stop { node });
            (at, ms(800))
        }
        // Forming, and before that without a master.
        4 => {
            add(at, Duration::ZERO, What::Kill { node, process: Process::Master });
            (at, ms(4_000))
        }
        // Operating: agents take their time.
        _ => {
            let action = pick(rng, &[Action::Start, Action::Stop]);
            for node in 0..plan.nodes {
                add(at, ms(10_000), What::Agent { node, action, mishap: Mishap::Slow });
            }
            add(at, Duration::ZERO, What::Standby { node, which: Which::All });
            (at, ms(5_000))
        }
    };
    for _ in 0..1 + rng.below(3) {
        let mut step = step(rng, plan);
        step.at = from + window * rng.below(1_000) as u32 / 1_000;
        if !step.what.is_about_links() {
            step.what.each_node(|met| *met = node);
        }
        steps.push(step);
    }
    plan.steps.append(&mut steps);
}

/// Steps about resources and fencing that matter together.
fn service_theme(rng: &mut Rng, plan: &mut Plan) {
    let node = rng.below(u64::from(plan.nodes)) as u8;
    let at = Duration::from_millis(2_000 + rng.below(20_000));
    let later = |ms| at + Duration::from_millis(ms);
    let seconds = Duration::from_secs;
    let deadtime = plan.timing.deadtime;
    let mut add = |at, lasts, what| plan.steps.push(Step { at, lasts, what });
    let theme = if matches!(plan.service, Service::Takeover { fenced: true, .. }) { rng.below(4) } else { 0 };
    match theme {
        // What shall be given away will not stop.
        0 => {
            let which = pick(rng, &[Which::All, Which::Local, Which::Foreign]);
            add(at, seconds(30), What::Agent { node, action: Action::Stop, mishap: Mishap::Fail });
            add(later(rng.below(4_000)), Duration::ZERO, What::Standby { node, which });
        }
        // A node dies, and its fencing device, or the process that asks it, does not answer until it is given up.
        1 => {
            let stuck = if rng.chance(1, 2) {
                What::Device { node, mishap: Mishap::Hang }
            } else {
                What::Pause { node: 1 - node, process: Some(Process::Fencer) }
            };
            add(at, seconds(105), stuck);
            add(later(500), seconds(100), What::PowerCut { node });
            plan.duration = seconds(130);
        }
        // A device answers late, and meanwhile the node is heard again and lost again.
        2 => {
            let first = deadtime * 2 + Duration::from_millis(rng.below(1_000));
            let again = first + Duration::from_millis(500 + rng.below(4_000));
            add(at, seconds(35), What::Device { node, mishap: Mishap::Slow });
            let links = Links { from: Some(node), ..Links::default() };
            add(at, first, What::Cut { links });
            add(at + again, deadtime * 2 + seconds(20), What::Cut { links });
        }
        // Both nodes start, and one dies in the middle of it.
        _ => {
            let lasts = Duration::from_millis(rng.below(5_000));
            add(at, lasts, What::PowerCut { node: 0 });
            add(at, lasts, What::PowerCut { node: 1 });
            let second = lasts + Duration::from_millis(rng.below(3_000));
            add(at + second, deadtime * 3, What::PowerCut { node });
        }
    }
}

/// From a quarter of the deadtime to four times as much.
fn deadtimes(rng: &mut Rng, deadtime: Duration) -> Duration {
    deadtime * (1 + rng.below(16) as u32) / 4
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.below(from.len() as u64) as usize]
}

fn takeover(rng: &mut Rng, fenced: Option<bool>) -> Service {
    let failback = pick(rng, &[Failback::On, Failback::On, Failback::Off, Failback::Off, Failback::Legacy]);
    let drawn = rng.chance(6, 10);
    let resources = pick(rng, &[[1, 1], [2, 0], [2, 1], [1, 0], [3, 2]]);
    Service::Takeover { failback, fenced: fenced.unwrap_or(drawn), resources }
}

fn timing(rng: &mut Rng, nodes: u8) -> Timing {
    let ms = Duration::from_millis;
    let (keepalive, deadtime) = match rng.below(100) {
        // Fast failover, two nodes only: many frames.
        0..=1 if nodes <= 3 => (ms(5), ms(25)),
        2..=9 if nodes <= 4 => (ms(50), ms(50) * pick(rng, &[4, 6, 10])),
        _ => {
            let keepalive = ms(pick(rng, &[100, 200, 250, 500, 500, 1_000, 1_000]));
            (keepalive, keepalive * pick(rng, &[3, 4, 5, 10]))
        }
    };
    let initdead = deadtime.max(ms(pick(rng, &[1_000, 2_000, 4_000, 6_000, 12_000])));
    Timing { keepalive, deadtime, initdead }
}

/// A time of at least `low` and at most `high` milliseconds, short ones as likely as long ones.
fn log_span(rng: &mut Rng, low_ms: u64, high_ms: u64) -> Duration {
    let doublings = (high_ms / low_ms.max(1)).ilog2() + 1;
    let base = low_ms << rng.below(u64::from(doublings));
    Duration::from_millis((base + rng.below(base.max(1))).min(high_ms))
}

fn links(rng: &mut Rng, plan: &Plan) -> Links {
    let node = |rng: &mut Rng| Some(rng.below(u64::from(plan.nodes)) as u8);
    let (from, to) = match rng.below(4) {
        0 => (None, None),
        1 => (node(rng), None),
        2 => (None, node(rng)),
        _ => (node(rng), node(rng)),
    };
    let (from, to) = if from.is_some() && from == to { (from, None) } else { (from, to) };
    Links { medium: medium(rng, plan), from, to }
}

fn medium(rng: &mut Rng, plan: &Plan) -> Option<u8> {
    rng.chance(1, 2).then(|| rng.below(plan.media.len() as u64) as u8)
}

fn process(rng: &mut Rng, plan: &Plan) -> Process {
    let medium = rng.below(plan.media.len() as u64) as u8;
    let messaging = [Process::Master, Process::Reader(medium), Process::Writer(medium), Process::Readers];
    if plan.service == Service::Messages || rng.chance(6, 10) {
        return pick(rng, &messaging);
    }
    if plan.fenced() && rng.chance(1, 3) { Process::Fencer } else { Process::Executor }
}

fn step(rng: &mut Rng, plan: &Plan) -> Step {
    let at = Duration::from_millis(rng.below(plan.duration.as_millis() as u64 - 2_000));
    let deadtime_ms = plan.timing.deadtime.as_millis() as u64;
    let lasts = match rng.below(3) {
        // Around the deadtime is where decisions are made.
        0 => log_span(rng, (deadtime_ms / 4).max(1), deadtime_ms * 4),
        1 => log_span(rng, 10, 2_000),
        _ => log_span(rng, 500, 20_000),
    };
    let what = if plan.service != Service::Messages && rng.chance(1, 2) {
        service_step(rng, plan)
    } else {
        messaging_step(rng, plan)
    };
    let instant = matches!(
        what,
        What::Kill { .. } | What::WallStep { .. } | What::Standby { .. } | What::Takeover { .. }
    );
    Step { at, lasts: if instant { Duration::ZERO } else { lasts }, what }
}

fn messaging_step(rng: &mut Rng, plan: &Plan) -> What {
    let node = rng.below(u64::from(plan.nodes)) as u8;
    match rng.below(20) {
        0..=1 => What::Loss { links: links(rng, plan), permille: pick(rng, &[10, 50, 100, 200, 300]) },
        2 => What::Delay { links: links(rng, plan), up_to: log_span(rng, 1, 1_000) },
        3 => What::Duplicate { links: links(rng, plan), permille: pick(rng, &[50, 300, 1_000]) },
        4 => What::Corrupt { links: links(rng, plan), permille: pick(rng, &[20, 200]) },
        5..=6 => What::Cut { links: links(rng, plan) },
        7..=8 => {
            let set = 1 + rng.below((1 << plan.nodes) - 2) as u8;
            What::Partition { medium: medium(rng, plan), set }
        }
        9..=10 => What::Pause { node, process: Some(process(rng, plan)) },
        11 => What::Pause { node, process: None },
        12 => {
            let latency_ms = (plan.timing.keepalive.as_millis() as u64 / 2).max(2);
            What::Busy { node, up_to: log_span(rng, 1, latency_ms) }
        }
        13 => What::Kill { node, process: process(rng, plan) },
        14 => What::PowerCut { node },
        15 => What::Stop { node },
        16 => What::WallStep { node, by_ms: rng.below(7_200_000) as i64 - 3_600_000 },
        _ => What::Send { node, count: pick(rng, &[1, 10, 50, 200, 400]) },
    }
}

fn service_step(rng: &mut Rng, plan: &Plan) -> What {
    let node = rng.below(u64::from(plan.nodes)) as u8;
    let mishap = pick(rng, &[Mishap::Fail, Mishap::Hang, Mishap::Slow, Mishap::Lie]);
    match rng.below(12) {
        0..=1 => {
            let action = pick(rng, &[Action::Start, Action::Stop, Action::Status]);
            What::Agent { node, action, mishap }
        }
        2 if plan.fenced() => What::Device { node, mishap },
        2..=4 => What::PowerCut { node },
        5 => What::Stop { node },
        6 => What::Pause { node, process: None },
        7 => What::Partition { medium: None, set: 1 },
        8..=9 => What::Standby { node, which: pick(rng, &[Which::All, Which::Local, Which::Foreign]) },
        10 => What::Takeover { node, which: pick(rng, &[Which::All, Which::Local, Which::Foreign]) },
        _ => What::Kill { node, process: process(rng, plan) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_keep_the_rules_and_reach_every_kind() {
        let mut words = std::collections::BTreeSet::new();
        for seed in 0..5_000 {
            let plan = draw(seed, &Wishes::default());
            assert!(plan.timing.valid(), "{plan}");
            assert!(plan.nodes == 2 || plan.service == Service::Messages, "{plan}");
            assert!(plan.steps.is_sorted_by_key(|step| step.at), "{plan}");
            words.extend(plan.steps.iter().map(|step| step.what.word()));
        }
        assert_eq!(words.len(), 17, "{words:?}");
    }

    #[test]
    fn wishes_are_granted() {
        for fenced in [true, false] {
            let wishes = Wishes { fenced: Some(fenced), ..Wishes::default() };
            let plans = (0..100).map(|seed| draw(seed, &wishes));
            assert!(plans.filter(|p| p.service != Service::Messages).all(|plan| plan.fenced() == fenced));
        }
        for nodes in 2..=8 {
            let wishes = Wishes { nodes: Some(nodes), ..Wishes::default() };
            assert!((0..100).all(|seed| draw(seed, &wishes).nodes == nodes));
        }
    }
}
