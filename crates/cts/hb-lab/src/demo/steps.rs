//! The steps: what is done, and what has to be so afterwards.

use super::screen::Screen;
use super::{SERVICE, Step};
use crate::cluster::Cluster;
use crate::error::{LabError, Result, failed};
use crate::power::{Outlet, Supply};
use crate::probe::{Probe, fetch_page};
use crate::world::Network;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a step may take.
const LIMIT: Duration = Duration::from_secs(12);
/// How long the client is watched when nothing is expected to happen.
const WATCH: Duration = Duration::from_millis(700);
/// An answer within this time says who serves now.
const NOW: Duration = Duration::from_millis(50);
/// A client that notices less than this was not affected: the machine itself may be this late.
const UNAFFECTED: Duration = Duration::from_millis(250);
const SPARE: Network = Network::Service(1);

/// A step before it is performed.
pub(super) struct Plan {
    pub(super) name: &'static str,
    /// Part of the quick demonstration.
    pub(super) quick: bool,
    about: &'static str,
    /// Whether the client may notice anything.
    harmless: bool,
    act: fn(&Stage) -> Result<String>,
}

pub(super) const PLANS: &[Plan] = &[
    plan("form", true, "both machines get power and find each other", false, Stage::form),
    plan("link-cut", true, "the second network's cable is pulled out of n1", true, Stage::link_cut),
    plan("link-back", true, "the cable is put back", true, Stage::link_back),
    plan("power-off", false, "the machine that serves loses its power", false, Stage::power_off),
    plan("node-back", false, "it gets its power back", true, Stage::node_back),
    plan("standby", true, "the machine that serves is asked to stand by", false, Stage::standby),
    plan(
        "daemon-kill",
        false,
        "the master process of the machine that serves is killed",
        false,
        Stage::daemon_kill,
    ),
    plan("freeze", false, "every process of the machine that serves is stopped", false, Stage::freeze),
    plan("thaw", false, "the stopped machine is told to go on", true, Stage::thaw),
];

const fn plan(
    name: &'static str,
    quick: bool,
    about: &'static str,
    harmless: bool,
    act: fn(&Stage) -> Result<String>,
) -> Plan {
    Plan { name, quick, about, harmless, act }
}

/// What the steps play on.
pub(super) struct Stage {
    pub(super) cluster: Cluster,
    pub(super) probe: Probe,
    pub(super) screen: Screen,
    /// Name and words of the step that goes on, for the live line.
    current: Cell<(&'static str, &'static str)>,
}

impl Stage {
    pub(super) fn new(cluster: Cluster, probe: Probe, screen: Screen) -> Self {
        Self { cluster, probe, screen, current: Cell::new(("", "")) }
    }

    /// Performs a step and judges it.
    pub(super) fn perform(&self, plan: &Plan) -> Step {
        self.screen.begin(plan.name, plan.about);
        self.current.set((plan.name, plan.about));
        let since = Instant::now();
        let outcome = (plan.act)(self);
        let took = since.elapsed();
        self.watch();
        // Before the first answer ever there is nothing to go missing.
        let from = if plan.name == "form" { self.probe.first_answer(since).unwrap_or(since) } else { since };
        let seen = self.probe.outage(from);
        let outage = seen.longest;
        let (ok, detail) = match outcome {
            Err(e) => (false, e.to_string()),
            Ok(_) if seen.lasting || seen.answered == 0 => (false, "the service does not answer".into()),
            Ok(_) if plan.harmless && outage > UNAFFECTED => {
                (false, format!("the client noticed: {:.0} ms without an answer", outage.as_secs_f64() * 1e3))
            }
            Ok(_) if plan.harmless && seen.by.len() > 1 => (
                false,
                format!("the service moved: {}", seen.by.keys().cloned().collect::<Vec<_>>().join(", ")),
            ),
            Ok(detail) => (true, detail),
        };
        Step { name: plan.name, ok, outage, took, detail }
    }

    fn watch(&self) {
        let until = Instant::now() + WATCH;
        while Instant::now() < until {
            self.show();
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn show(&self) {
        let (name, about) = self.current.get();
        self.screen.progress(name, about, self.probe.served_by(NOW).as_deref());
    }

    /// Waits for something and shows what the client sees meanwhile.
    fn until(&self, what: &str, mut holds: impl FnMut() -> bool) -> Result<()> {
        crate::wait::until::holds(LIMIT, what, || {
            self.show();
            holds()
        })
    }

    fn holder(&self) -> Result<String> {
        // A busy machine may have answered nothing in this very moment.
        let mut found = None;
        self.until("somebody to serve", || {
            found = self.probe.served_by(NOW);
            found.is_some()
        })?;
        found.map_or_else(|| failed("nobody serves"), Ok)
    }

    fn other(node: &str) -> &'static str {
        if node == "n1" { "n2" } else { "n1" }
    }

    fn sees(&self, node: &str, peer: &str, status: &str) -> bool {
        self.cluster.status_of(node, peer).is_ok_and(|seen| seen == status)
    }

    /// Both are up, see each other, and no resource is on its way.
    fn whole(&self) -> Result<()> {
        self.until("both machines to be in the cluster", || {
            ["n1", "n2"].iter().all(|node| {
                self.sees(node, Self::other(node), "active")
                    && self.cluster.held(node).is_ok_and(|held| held != "transition")
            })
        })
    }

    fn form(&self) -> Result<String> {
        let started = Instant::now();
        self.cluster.power_on()?;
        self.until("the first answer", || self.probe.first_answer(started).is_some())?;
        let answered = started.elapsed();
        self.whole()?;
        let page = fetch_page(self.cluster.world.client(), SERVICE, LIMIT)?;
        let holder = self.holder()?;
        if !page.contains(&holder) {
            return failed(format!("the web page is not served by {holder}"));
        }
        Ok(format!("{holder} serves the page {:.1} s after power came", answered.as_secs_f64()))
    }

    fn spare(&self, status: &str) -> Result<()> {
        let interface = SPARE.interface();
        self.until(&format!("{interface} to be reported {status}"), || {
            ["n1", "n2"].iter().all(|node| {
                let link = self.cluster.link_of(node, Self::other(node), &interface);
                link.is_ok_and(|seen| seen == status)
            })
        })
    }

    fn link_cut(&self) -> Result<String> {
        self.cluster.world.cut("n1", SPARE)?;
        self.spare("dead")?;
        Ok("both report the spare link dead; the service does not notice".into())
    }

    fn link_back(&self) -> Result<String> {
        self.cluster.world.heal("n1", SPARE)?;
        self.spare("up")?;
        Ok("both report the spare link up".into())
    }

    /// Waits until another machine than `holder` serves; how, and that the switch confirmed first.
    fn taken_over(&self, holder: &str, victim: &Outlet, deaths: usize) -> Result<String> {
        let heir = Self::other(holder);
        let asked = Instant::now();
        self.until(&format!("{heir} to serve"), || self.probe.served_by(NOW).as_deref() == Some(heir))?;
        let answered = self.probe.first_answer_by(heir, asked);
        let offs: Vec<Instant> =
            victim.history().iter().filter(|e| e.supply == Supply::Off).map(|event| event.at).collect();
        match (offs.get(deaths), answered) {
            (Some(dead), Some(answered)) if *dead <= answered => {
                Ok(format!("{holder} confirmed off, then {heir} took over"))
            }
            _ => failed(format!("{heir} took over before {holder} was confirmed off")),
        }
    }

    fn deaths(victim: &Outlet) -> usize {
        victim.history().iter().filter(|event| event.supply == Supply::Off).count()
    }

    fn power_off(&self) -> Result<String> {
        let holder = self.holder()?;
        let victim = self.cluster.world.node(&holder)?;
        let deaths = Self::deaths(victim);
        victim.pull_plug()?;
        self.taken_over(&holder, victim, deaths)
    }

    fn node_back(&self) -> Result<String> {
        let dark = self.cluster.world.nodes().find(|node| node.liveness() == Supply::Off);
        let Some(node) = dark else { return failed("no machine was off") };
        node.put_plug()?;
        self.whole()?;
        Ok(format!("{} is back and takes nothing away", node.name()))
    }

    fn standby(&self) -> Result<String> {
        let holder = self.holder()?;
        let heir = Self::other(&holder);
        self.cluster.standby(&holder, "all")?;
        self.until(&format!("{heir} to serve"), || self.probe.served_by(NOW).as_deref() == Some(heir))?;
        self.whole()?;
        let page = fetch_page(self.cluster.world.client(), SERVICE, LIMIT)?;
        if page.contains(heir) { Ok(format!("{holder} handed over to {heir}")) } else { failed(page) }
    }

    fn daemon_kill(&self) -> Result<String> {
        let holder = self.holder()?;
        let victim = self.cluster.world.node(&holder)?;
        if victim.kill_titled("master control process") == 0 {
            return failed(format!("{holder} runs no master process"));
        }
        let killed = Instant::now();
        self.until("the service to answer", || {
            self.probe.first_answer(killed + NOW).is_some() && self.probe.served_by(NOW).is_some()
        })?;
        self.whole()?;
        let heir = self.holder()?;
        Ok(if heir == holder {
            format!("{holder} restarted its master and kept the service")
        } else {
            format!("{heir} had {holder} reset and took over; {holder} is back")
        })
    }

    fn freeze(&self) -> Result<String> {
        let holder = self.holder()?;
        let victim = self.cluster.world.node(&holder)?;
        let deaths = Self::deaths(victim);
        victim.freeze()?;
        self.taken_over(&holder, victim, deaths)
    }

    fn thaw(&self) -> Result<String> {
        let holder = self.holder()?;
        let victim = self.cluster.world.node(Self::other(&holder))?;
        victim.thaw();
        self.whole()?;
        let offs = Self::deaths(victim);
        if offs == 0 {
            return Err(LabError::Failed("the frozen machine was never fenced".into()));
        }
        Ok(format!("{} had been reset while it was frozen, and has rejoined", victim.name()))
    }
}
