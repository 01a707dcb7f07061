//! The laboratory checks itself: a test bench that lies is worse than none.

use super::{Pair, Set, Stage, Template, ensure};
use crate::error::{LabError, Result};
use crate::power::{Fault, Supply};
use crate::probe::Probe;
use crate::wait::until;
use crate::world::{Network, NodePlan, Plan, World};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);
const ETH0: Network = Network::Service(0);

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        name: "laboratory-power",
        about: "off means dead before the answer, on boots, the plug outranks the relay",
        pairs: &[(Pair::None, Set::Gate)],
        run: power,
    },
    Template {
        name: "laboratory-cables",
        about: "a pulled cable silences exactly one network, and the client notices to the millisecond",
        pairs: &[(Pair::None, Set::Gate)],
        run: cables,
    },
    Template {
        name: "laboratory-freeze",
        about: "a frozen node answers nothing and goes on where it stood",
        pairs: &[(Pair::None, Set::Gate)],
        run: freeze,
    },
    Template {
        name: "laboratory-agents",
        about: "both agents of the power switch, with every fault of an outlet",
        pairs: &[(Pair::None, Set::Gate)],
        run: agents,
    },
];

fn program() -> String {
    std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default()
}

/// Two nodes on two networks, each with the service running at its own address.
fn two_services() -> Result<World> {
    let node = |name: &str, host: u8| NodePlan {
        name: name.into(),
        boot: vec![
            [&program(), crate::FLAG, "service", name, &ETH0.address(host).to_string()]
                .map(str::to_owned)
                .to_vec(),
        ],
        ..NodePlan::default()
    };
    World::build(Plan { networks: 2, nodes: vec![node("n1", 1), node("n2", 2)] })
}

fn power(_: &Stage) -> Result<()> {
    let world = two_services()?;
    let node = world.node("n1")?;
    ensure!(node.liveness() == Supply::Off, "a node runs before it got power");
    node.switch_on()?;
    let serves =
        |node: &crate::power::Outlet| node.processes().iter().any(|p| p.title.contains("service n1"));
    until::holds(LIMIT, "the service in n1", || serves(node))?;
    let pids: Vec<i32> = node.processes().iter().map(|process| process.pid).collect();
    let told = node.run(&["uname", "-n"], LIMIT)?;
    ensure!(told.output.trim() == "n1" && told.code == 0, "the node calls itself {told:?}");
    node.switch_off()?;
    for pid in pids {
        ensure!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "process {pid} outlived its node");
    }
    ensure!(node.liveness() == Supply::Off, "a node lives after it was switched off");
    node.pull_plug()?;
    node.switch_on()?;
    ensure!(node.liveness() == Supply::Off, "a node without plug got power");
    node.put_plug()?;
    ensure!(node.liveness() == Supply::On, "the node did not boot when its plug came back");
    until::holds(LIMIT, "the service in n1 again", || serves(node))
}

fn cables(_: &Stage) -> Result<()> {
    let world = two_services()?;
    for node in world.nodes() {
        node.switch_on()?;
    }
    let probe = Probe::start(world.client(), ETH0.address(1))?;
    let served = || probe.served_by(Duration::from_millis(100)).as_deref() == Some("n1");
    until::holds(LIMIT, "the service to answer", served)?;
    let page = crate::probe::fetch_page(world.client(), ETH0.address(1), LIMIT)?;
    ensure!(page.contains("Served by n1"), "the web page says {page}");
    let since = Instant::now();
    world.cut("n1", Network::Service(1))?;
    world.cut("n2", ETH0)?;
    let now = Instant::now();
    until::holds(LIMIT, "more answers", || probe.first_answer(now).is_some())?;
    let undisturbed = probe.outage(since);
    ensure!(undisturbed.longest < Duration::from_secs(1), "another cable disturbed: {undisturbed:?}");
    let since = Instant::now();
    world.cut("n1", ETH0)?;
    let cut = Instant::now();
    until::holds(LIMIT, "silence", || !served())?;
    world.heal("n1", ETH0)?;
    let healed = Instant::now();
    until::holds(LIMIT, "answers again", || probe.first_answer(healed).is_some())?;
    world.separate("n1", ETH0, true)?;
    until::holds(LIMIT, "silence of a node set apart", || !served())?;
    world.separate("n1", ETH0, false)?;
    let again = Instant::now();
    until::holds(LIMIT, "more answers", || probe.first_answer(again).is_some())?;
    let outage = probe.outage(since);
    ensure!(outage.longest >= healed - cut - Duration::from_millis(40), "too short: {outage:?}");
    ensure!(outage.answered > 0 && outage.answered < outage.asked, "implausible: {outage:?}");
    Ok(())
}

fn freeze(_: &Stage) -> Result<()> {
    let world = two_services()?;
    let node = world.node("n1")?;
    node.switch_on()?;
    let probe = Probe::start(world.client(), ETH0.address(1))?;
    let served = || probe.served_by(Duration::from_millis(100)).is_some();
    until::holds(LIMIT, "the service to answer", served)?;
    node.freeze()?;
    until::holds(LIMIT, "silence", || !served())?;
    ensure!(node.processes().iter().all(|process| process.state == 'T'), "something still moves");
    node.thaw();
    until::holds(LIMIT, "answers again", served)?;
    ensure!(node.kill_titled("service n1") == 1, "the service cannot be killed by its title");
    until::holds(LIMIT, "silence", || !served())
}

fn agents(_: &Stage) -> Result<()> {
    let world = two_services()?;
    let (judge, victim) = (world.node("n1")?, world.node("n2")?);
    judge.switch_on()?;
    victim.switch_on()?;
    let plug = crate::power::write_agents(world.dir())?;
    let plug = |words: &str| {
        let line = format!("hostlist=n1,n2 switch=10.97.0.254:4460 {} {words}", plug.external.display());
        judge.run(&["sh", "-c", &line], LIMIT)
    };
    ensure!(plug("gethosts")?.output.split_whitespace().eq(["n1", "n2"]), "gethosts is wrong");
    ensure!(plug("status")?.code == 0, "the switch says that it does not work");
    ensure!(plug("off N2")?.code == 0, "off was refused");
    ensure!(victim.liveness() == Supply::Off, "off was answered while the node lived");
    ensure!(plug("off n2")?.code == 0, "off of a node that is off is not an error");
    ensure!(plug("on n2")?.code == 0 && victim.liveness() == Supply::On, "on did not boot the node");
    ensure!(plug("off stranger")?.code != 0, "a stranger was accepted");
    let before = victim.history().len();
    ensure!(plug("reset n2")?.code == 0 && victim.history().len() == before + 2, "reset is not off and on");
    victim.set_fault(Some(Fault::Refuse));
    ensure!(plug("off n2")?.code != 0 && victim.liveness() == Supply::On, "a refusal was not told");
    victim.set_fault(Some(Fault::Lie));
    ensure!(plug("off n2")?.code == 0 && victim.liveness() == Supply::On, "a lie is no lie");
    victim.set_fault(Some(Fault::LoseReply));
    ensure!(plug("off n2")?.code != 0 && victim.liveness() == Supply::Off, "the reply was not lost");
    victim.set_fault(Some(Fault::Half));
    ensure!(plug("on n2")?.code != 0, "a broken relay closed");
    victim.set_fault(None);
    fence_agent(&world)
}

fn fence_agent(world: &World) -> Result<()> {
    let judge = world.node("n1")?;
    let agents = crate::power::write_agents(world.dir())?;
    let fence = |lines: &str| {
        let program = agents.fence.display();
        judge.run(&["sh", "-c", &format!("printf 'ip=10.97.0.254:4460\\n{lines}\\n' | {program}")], LIMIT)
    };
    ensure!(fence("action=on\\nport=n2")?.code == 0, "on was refused");
    let status = fence("action=status\\nport=n2")?;
    ensure!(status.code == 0 && status.output.contains("Status: ON"), "status says {status:?}");
    ensure!(fence("action=off\\nplug=n2")?.code == 0, "off was refused");
    ensure!(world.node("n2")?.liveness() == Supply::Off, "off was answered while the node lived");
    ensure!(fence("action=status\\nport=n2")?.code == 2, "status of a node that is off is 2");
    ensure!(fence("action=reboot\\nnodename=n2")?.code == 0, "reboot was refused");
    ensure!(world.node("n2")?.liveness() == Supply::On, "reboot did not boot the node");
    ensure!(fence("action=off\\nport=stranger")?.code == 1, "a stranger was accepted");
    let listed = fence("action=list")?.output;
    if listed.lines().any(|line| line == "n1,") {
        Ok(())
    } else {
        Err(LabError::Failed(format!("list says {listed}")))
    }
}
