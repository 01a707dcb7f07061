//! The resource executor: what it does without its master, and what the programs that it runs find.

use super::messages::{DIRECTIONS, NODES, NOTED, send};
use super::processes::{SERVICE, addressed};
use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::{Cluster, Design, System};
use crate::error::{Attempt, Result};
use crate::wait::until;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// A master that returns is waited for at least so long before an address is given up.
const GRACE_AT_LEAST: Duration = Duration::from_millis(20);
/// An address that is still there after this is not being given up.
const GIVEN_UP: Duration = Duration::from_secs(1);
/// How often the master may be too late on a machine that is busy.
const ATTEMPTS: u32 = 5;
const MASTER: &str = "master control process";
const EXECUTOR: &str = "heartbeat: lrmd";

const OURS: &[(Pair, Set)] = &[(Pair::Ours, Set::Gate)];
/// The original proves what is expected.
const BESIDE: &[(Pair, Set)] =
    &[(Pair::Ours, Set::Gate), (Pair::Mixed, Set::All), (Pair::Original, Set::All)];

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        name: "address-released",
        about: "an executor whose master was killed gives its address up before anybody else takes it",
        pairs: OURS,
        run: released,
    },
    Template {
        name: "address-kept",
        about: "a master that returns in time finds its address where it was, and the other node never takes it",
        pairs: OURS,
        run: kept,
    },
    Template {
        name: "address-adopted-late",
        about: "a master that is back too late to keep its address notices, and the address comes back",
        pairs: OURS,
        run: late,
    },
    Template {
        name: "script-environment",
        about: "what resource scripts and scripts of rc.d find in their environment",
        pairs: BESIDE,
        run: environment,
    },
    Template {
        name: "fencing-environment",
        about: "what a fencing plug-in finds in its environment and among its arguments",
        pairs: BESIDE,
        run: fencing,
    },
];

fn released(stage: &Stage) -> Result<()> {
    let (cluster, _probe) = addressed(stage)?;
    let (victim, heir) = (cluster.world.node("n1")?, cluster.world.node("n2")?);
    let (here, there) = (victim.watch_addresses()?, heir.watch_addresses()?);
    let killed = victim.kill_one(MASTER)?;
    let gone = here.await_change(LIMIT, SERVICE, false, killed)?;
    let taken = there.await_change(LIMIT, SERVICE, true, killed)?;
    let after = gone - killed;
    ensure!(gone < taken, "taken while it was still held: given up after {after:?}");
    ensure!((GRACE_AT_LEAST..GIVEN_UP).contains(&after), "given up after {after:?}");
    Ok(())
}

fn kept(stage: &Stage) -> Result<()> {
    let design = Design {
        haresources: format!("n1 {SERVICE}/24/eth0\n"),
        realtime: crate::permit::realtime_allowed(),
        ..Design::default()
    };
    let cluster = stage.cluster(design)?;
    cluster.start_supervised("n1")?;
    cluster.start("n2")?;
    let (outlet, other) = (cluster.world.node("n1")?, cluster.world.node("n2")?);
    let (here, there) = (outlet.watch_addresses()?, other.watch_addresses()?);
    settled(&cluster)?;
    for attempt in 0..ATTEMPTS {
        let before = here.changes().len();
        // How long a program takes to start says something about the machine. An executor that does
        // not run meanwhile finds the new master at its door as soon as it notices that the old one
        // has gone: that is in time on any machine.
        ensure!(outlet.stop_titled(EXECUTOR) == 1, "n1 runs no executor");
        outlet.kill_one(MASTER)?;
        // The killed one answers no question, so whoever answers is its successor.
        cluster.await_answer(LIMIT, "n1", "a new master", || {
            Ok(cluster.document("n1", "status")?["node"].as_str().unwrap_or_default().to_owned())
        })?;
        outlet.thaw();
        settled(&cluster)?;
        let gone = here.changes().iter().skip(before).any(|one| one.address == SERVICE && !one.present);
        let taken = there.changes().iter().any(|one| one.address == SERVICE && one.present);
        ensure!(!taken, "n2 took the address although n1 was back");
        // Between the executor and a master that is not scheduled in real time a busy machine may lie.
        ensure!(!gone || attempt + 1 < ATTEMPTS, "the address was given up{}", cluster.tails());
        if !gone {
            break;
        }
    }
    Ok(())
}

fn late(stage: &Stage) -> Result<()> {
    let design = Design { haresources: format!("n1 {SERVICE}/24/eth0\n"), ..Design::default() };
    let cluster = stage.cluster(Design { deadtime: Duration::from_secs(20), initdead: LIMIT, ..design })?;
    cluster.start_supervised("n1")?;
    cluster.start("n2")?;
    settled(&cluster)?;
    let outlet = cluster.world.node("n1")?;
    let here = outlet.watch_addresses()?;
    ensure!(outlet.stop_titled(EXECUTOR) == 1, "n1 runs no executor");
    let killed = outlet.kill_one(MASTER)?;
    cluster.await_answer(LIMIT, "n1", "a new master", || {
        Ok(cluster.document("n1", "status")?["node"].as_str().unwrap_or_default().to_owned())
    })?;
    // The executor meets a master that says nothing for a while, and tells it what is held.
    ensure!(outlet.stop_titled(MASTER) == 1, "n1 runs no master");
    outlet.resume_titled(EXECUTOR);
    here.await_change(LIMIT, SERVICE, false, killed)?;
    outlet.thaw();
    settled(&cluster)
}

/// Both see each other, nothing is on its way, and n1 holds the address.
fn settled(cluster: &Cluster) -> Result<()> {
    cluster.await_formed(LIMIT)?;
    cluster.await_held(LIMIT, "n1", "local")?;
    cluster.await_held(LIMIT, "n2", "local")?;
    let outlet = cluster.world.node("n1")?;
    cluster.await_answer(LIMIT, "true", "whether n1 holds the address", || {
        outlet.holds_address(SERVICE).map(|held| held.to_string())
    })
}

/// Lines of a script that write its arguments and its environment to a file, all at once.
fn dump(file: &Path) -> String {
    let file = file.display();
    format!("{{ echo \"ARGUMENTS=$*\"; env; }} >{file}.new && mv {file}.new {file}\n")
}

/// What a script wrote, once it has.
fn dumped(file: &Path) -> Result<BTreeMap<String, String>> {
    let text = until::some(LIMIT, &format!("{} to be written", file.display()), || {
        std::fs::read_to_string(file).ok()
    })?;
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(text.lines().filter_map(pair).collect())
}

fn expect(who: &str, found: &BTreeMap<String, String>, expected: &[(&str, &str)]) -> Result<()> {
    for (name, value) in expected {
        let found = found.get(*name).map(String::as_str);
        ensure!(found == Some(*value), "{who}: {name} is {found:?}, not {value:?}");
    }
    Ok(())
}

fn environment(stage: &Stage) -> Result<()> {
    let design = Design {
        haresources: "n1 LabEnv::one::two\nn2 LabEnv::three\n".into(),
        extra: vec!["env FOO=bar".into(), "env keepsake=kept".into()],
        ..Design::default()
    };
    let cluster = stage.cluster(design)?;
    for node in NODES {
        let home = cluster.world.node_dir(node);
        let resource = format!(
            "#!/bin/sh\nfor action; do :; done\ncase $action in\nstart)\n{}>{running};;\n\
             stop) rm -f {running};;\nstatus) if [ -e {running} ]; then echo running; else echo stopped; fi;;\n\
             esac\nexit 0\n",
            dump(&home.join("env.start")),
            running = home.join("run/labenv").display(),
        );
        cluster.add_script(node, "resource.d/LabEnv", &resource)?;
        let body = format!("#!/bin/sh\n{}", dump(&home.join("env.$HA_src")));
        cluster.add_script(node, &format!("rc.d/{NOTED}"), &body)?;
    }
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    for (node, arguments) in [("n1", "one two start"), ("n2", "three start")] {
        let found = dumped(&cluster.world.node_dir(node).join("env.start"))?;
        expect(node, &found, &[("ARGUMENTS", arguments)])?;
        of_every_script(&cluster, node, &found)?;
    }
    for (sender, receiver) in DIRECTIONS {
        send(&cluster, sender, "seven")?;
        let found = dumped(&cluster.world.node_dir(receiver).join(format!("env.{sender}")))?;
        let message = [
            ("ARGUMENTS", NOTED),
            ("HA_t", NOTED),
            ("HA_number", "seven"),
            ("HA_src", sender),
            ("HA_OSTATUS", "active"),
        ];
        expect(receiver, &found, &message)?;
        for name in ["HA_seq", "HA_hg", "HA_ts", "HA_ttl", "HA_ld", "HA_auth"] {
            ensure!(found.get(name).is_some_and(|value| !value.is_empty()), "{receiver}: no {name}");
        }
        of_every_script(&cluster, receiver, &found)?;
    }
    Ok(())
}

/// What every script finds, whatever it is run for.
fn of_every_script(cluster: &Cluster, node: &str, found: &BTreeMap<String, String>) -> Result<()> {
    let home = cluster.world.node_dir(node);
    let (log, debug) = (home.join("ha-log"), home.join("ha-debug"));
    let (log, debug) = (log.display().to_string(), debug.display().to_string());
    let place = cluster.config_dir(node).display().to_string();
    let place = if cluster.system(node) == System::Original { "/etc/ha.d" } else { &place };
    // The original's own scripts put a slash behind a folder.
    let plain = |value: &String| value.replace("//", "/").trim_end_matches('/').to_owned();
    let found: BTreeMap<String, String> =
        found.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
    let functions = format!("{place}/shellfuncs");
    expect(
        node,
        &found,
        &[
            ("HA_CURHOST", node),
            ("HA_FOO", "bar"),
            ("HA_keepsake", "kept"),
            ("HA_keepalive", "200ms"),
            ("HA_deadtime", "2000ms"),
            ("HA_auto_failback", "off"),
            ("HA_udpport", "694"),
            ("HA_NICEFAILBACK", "yes"),
            ("HA_LOGFILE", &log),
            ("HA_DEBUGLOG", &debug),
            ("HA_DIR", place),
            ("HA_FUNCS", &functions),
            ("OCF_ROOT", "/usr/lib/ocf"),
            ("HA_LOGD", "no"),
        ],
    )?;
    ensure!(found.contains_key("HA_DATEFMT") && found.contains_key("PATH"), "{node}: {found:?}");
    Ok(())
}

fn fencing(stage: &Stage) -> Result<()> {
    for (victim, judge) in DIRECTIONS {
        let cluster = stage.cluster(Design {
            fencing: true,
            haresources: "n1 LabRsc::a\n".into(),
            extra: vec!["env FOO=bar".into()],
            ..Design::default()
        })?;
        let file = cluster.world.dir().join("env.reset");
        let plugin = cluster.world.dir().join("plugins/lab-switch");
        let agents = crate::power::write_agents(&cluster.world.dir().join("agents"))?;
        let body = format!(
            "#!/bin/sh\ncase $1 in reset|off)\n{};; esac\nexec {} \"$@\"\n",
            dump(&file),
            agents.external.display()
        );
        std::fs::write(&plugin, body).attempt(plugin.display())?;
        cluster.start_all()?;
        cluster.await_formed(LIMIT)?;
        cluster.await_held(LIMIT, judge, "local")?;
        cluster.await_held(LIMIT, victim, "local")?;
        cluster.world.node(victim)?.freeze()?;
        let found = dumped(&file)?;
        let arguments = format!("reset {victim}");
        let given = [("ARGUMENTS", arguments.as_str()), ("hostlist", victim), ("switch", "10.97.0.254:4460")];
        expect(judge, &found, &given)?;
        expect(judge, &found, &[("HA_FOO", "bar"), ("HA_CURHOST", judge), ("HA_keepalive", "200ms")])?;
    }
    Ok(())
}
