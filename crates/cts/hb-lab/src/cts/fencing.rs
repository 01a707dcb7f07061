//! Fencing by a device that really kills: the reference test of a node that hangs.

use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::Design;
use crate::error::Result;
use crate::power::{Fault, Supply};
use crate::wait::until;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        name: "fencing-of-a-frozen-node",
        about: "a node that hangs is dead before its resources start elsewhere",
        pairs: &[(Pair::Ours, Set::Gate), (Pair::Original, Set::All)],
        run: frozen,
    },
    Template {
        name: "fencing-that-fails-first",
        about: "while the device refuses nothing is taken over; when it works again, it is",
        pairs: &[(Pair::Ours, Set::All), (Pair::Original, Set::All)],
        run: refused,
    },
];

fn design() -> Design {
    Design { fencing: true, haresources: "n1 LabRsc::a\n".into(), ..Design::default() }
}

fn frozen(stage: &Stage) -> Result<()> {
    let cluster = stage.cluster(design())?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    cluster.await_runs(LIMIT, "a", &["n1"])?;
    cluster.await_held(LIMIT, "n2", "local")?;
    let victim = cluster.world.node("n1")?;
    victim.freeze()?;
    until::holds(LIMIT, "the takeover", || cluster.runs("n2", "a"))?;
    let events = cluster.events()?;
    let place = |line: &str| events.iter().position(|event| event == line);
    let (Some(dead), Some(started)) = (place("n1 power-off"), place("n2 start a")) else {
        return crate::error::failed(format!("no power-off or no start: {events:?}{}", cluster.tails()));
    };
    ensure!(dead < started, "started while the frozen node lived: {events:?}");
    super::audit::never_twice(&cluster)?;
    until::holds(LIMIT, "the reset to give n1 its power back", || victim.liveness() == Supply::On)
}

fn refused(stage: &Stage) -> Result<()> {
    let cluster = stage.cluster(design())?;
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    cluster.await_runs(LIMIT, "a", &["n1"])?;
    cluster.await_held(LIMIT, "n2", "local")?;
    let victim = cluster.world.node("n1")?;
    victim.set_fault(Some(Fault::Refuse));
    victim.freeze()?;
    cluster.await_status(LIMIT, "n2", "n1", "dead")?;
    let asked = victim.refusals();
    until::holds(LIMIT, "two refused requests", || victim.refusals() >= asked + 2)?;
    ensure!(!cluster.events()?.contains(&"n2 start a".into()), "taken over without confirmation");
    victim.set_fault(None);
    until::holds(LIMIT, "the takeover", || cluster.runs("n2", "a"))?;
    let events = cluster.events()?;
    let place = |line: &str| events.iter().position(|event| event == line);
    ensure!(place("n1 power-off") < place("n2 start a"), "started while n1 lived: {events:?}");
    Ok(())
}
