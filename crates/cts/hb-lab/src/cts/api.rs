//! The Heartbeat API and the FIFO, judged by the original's own programs: what they print, and with which code they end.

use super::{Pair, Set, Stage, Template, ensure};
use crate::cluster::{Cluster, Design, System, original};
use crate::error::{Attempt, LabError, Result};
use crate::power::Finished;
use crate::wait::until;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// The original's programs.
const STATUS: &str = "/usr/bin/cl_status";
const LIBEXEC: &str = "/usr/libexec/heartbeat";
const SCRIPTS: &str = "/usr/share/heartbeat";

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        name: "api-status",
        about: "the original's cl_status prints the same of our daemons as of the original's",
        pairs: &[(Pair::Ours, Set::Gate)],
        run: same_status,
    },
    Template {
        name: "api-programs",
        about: "the original's ccm and ipfail sign on to our daemon; ccm agrees with the other node's",
        pairs: &[(Pair::Mixed, Set::Gate), (Pair::Ours, Set::All), (Pair::Original, Set::All)],
        run: programs,
    },
    Template {
        name: "api-scripts",
        about: "the original's scripts move resources and change nodes through our FIFO",
        pairs: &[(Pair::Ours, Set::Gate), (Pair::Mixed, Set::All), (Pair::Original, Set::All)],
        run: |stage| scripts(stage, None),
    },
    Template {
        name: "api-own-status",
        about: "our cl_status prints what the original's prints, of either daemon",
        pairs: OWN_PROGRAMS,
        run: own_status,
    },
    Template {
        name: "api-own-scripts",
        about: "our hb_standby, hb_takeover, hb_addnode, ... do what the original's do, to either daemon",
        pairs: OWN_PROGRAMS,
        run: |stage| scripts(stage, Some(&stage.program)),
    },
    Template {
        name: "api-own-options",
        about: "heartbeat -M, -s, -r, -k and -V as the original, and the original's heartbeat -s and -k of ours",
        pairs: &[(Pair::Ours, Set::Gate)],
        run: own_options,
    },
    Template {
        name: "api-library",
        about: "a C program sees the same through our library and the original's, from our daemon and the original's",
        pairs: &[(Pair::Ours, Set::Gate), (Pair::Original, Set::Gate)],
        run: library,
    },
    Template {
        name: "api-crowd",
        about: "500 clients at once, one that does not read, and hostile ones cost nobody else anything",
        pairs: &[(Pair::Ours, Set::Gate)],
        run: crowd,
    },
];

/// Two more of the list above: programs of ours instead of the original's.
const OWN_PROGRAMS: &[(Pair, Set)] =
    &[(Pair::Ours, Set::Gate), (Pair::Mixed, Set::All), (Pair::Reversed, Set::All)];

fn design() -> Design {
    Design {
        usual_places: true,
        networks: 1,
        haresources: "n1 LabRsc::a\n".into(),
        extra: vec!["apiauth ccm uid=root".into(), "apiauth ipfail uid=root".into()],
        ..Design::default()
    }
}

fn needs(program: &str) -> Result<String> {
    match Path::new(program).exists() {
        true => Ok(program.to_owned()),
        false => Err(LabError::Missing(format!("{program} (Debian package heartbeat)"))),
    }
}

fn run(cluster: &Cluster, node: &str, words: &[&str]) -> Result<Finished> {
    cluster.world.node(node)?.run(words, LIMIT)
}

fn status(cluster: &Cluster, node: &str, words: &str) -> Result<Finished> {
    let argv: Vec<&str> = std::iter::once(STATUS).chain(words.split_whitespace()).collect();
    run(cluster, node, &argv)
}

/// A service of the node that both know, without resources on the way.
fn settled(cluster: &Cluster) -> Result<()> {
    cluster.start_all()?;
    cluster.await_formed(LIMIT)?;
    cluster.await_runs(LIMIT, "a", &["n1"])?;
    for node in ["n1", "n2"] {
        says(cluster, node, "rscstatus", "local")?;
    }
    Ok(())
}

/// Waits until `cl_status` says something.
fn says(cluster: &Cluster, node: &str, words: &str, wanted: &str) -> Result<()> {
    let mut last = String::new();
    let said = until::holds(LIMIT, &format!("cl_status {words} on {node} to say {wanted}"), || {
        last = status(cluster, node, words).map_or_else(|e| e.to_string(), |finished| finished.output);
        last.trim() == wanted
    });
    said.map_err(|e| LabError::Failed(format!("{e}; it says {last:?}")))
}

const WHILE_STOPPED: &[&str] = &["hbstatus", "listnodes", "nodestatus n2", "rscstatus"];
const WHILE_FORMED: &[&str] = &[
    "hbstatus",
    "hbstatus -v",
    "listnodes",
    "listnodes -n",
    "listnodes -p",
    "listnodes -v",
    "listhblinks n2",
    "listhblinks n2 -v",
    "listhblinks n1",
    "listhblinks zz",
    "hblinkstatus n2 eth0",
    "hblinkstatus n2 eth9",
    "hblinkstatus zz eth0",
    "nodestatus n1",
    "nodestatus n2",
    "nodestatus N2",
    "nodestatus zz",
    "nodetype n2",
    "nodetype zz",
    "nodeweight n2",
    "nodeweight zz",
    "nodesite n2",
    "nodesite zz",
    "rscstatus",
    "rscstatus -m",
    "hbparameter -p keepalive",
    "hbparameter -p deadtime",
    "hbparameter -p warntime",
    "hbparameter -p initdead",
    "hbparameter -p deadping",
    "hbparameter -p udpport",
    "hbparameter -p auto_failback",
    "hbparameter -p logfacility",
    "hbparameter -p crm",
    "hbparameter -p debug",
    "hbparameter -p nosuch",
    "clientstatus n1 ccm",
    "clientstatus n1 nosuch",
    "clientstatus n2 ccm 5000",
    "clientstatus n2 nosuch 5000",
    "clientstatus zz ccm",
    "nosuch",
    "nodestatus",
];
const AFTER_A_DEATH: &[&str] =
    &["nodestatus n2", "hblinkstatus n2 eth0", "listnodes -v", "clientstatus n2 ccm", "rscstatus"];

/// What a command says, without what differs from run to run: time and process in front of a log line, the version.
fn normal(line: &str) -> String {
    let line = match line.split_once("cl_status: [") {
        Some((_, rest)) => rest.split_once("]: ").map_or(rest, |(_, text)| text),
        None => line,
    };
    if line.starts_with("version:") { "version:".to_owned() } else { line.to_owned() }
}

/// A line of the membership, which is there or not: `cl_status` does not always wait for it.
fn is_ccm(line: &str) -> bool {
    let words = ["ccm membership", "\tinstance ", "\tmembers ", "\t\t", "\tmember of partition"];
    words.iter().any(|word| line.starts_with(word))
}

/// The lines that must be equal. The membership's block brings an empty line with it.
fn comparable(command: &str, output: &str) -> Vec<String> {
    let may_be_missing = |line: &str| is_ccm(line) || (command == "hbstatus -v" && line.is_empty());
    output.lines().filter(|line| !may_be_missing(line)).map(normal).collect()
}

fn answers(cluster: &Cluster, commands: &[&str], into: &mut Vec<(String, i32, Vec<String>)>) -> Result<()> {
    for command in commands {
        let finished = status(cluster, "n1", command)?;
        let mut lines = comparable(command, &finished.output);
        // Its two streams are one file here: their lines keep their own order only.
        lines.sort();
        into.push(((*command).to_owned(), finished.code, lines));
    }
    Ok(())
}

/// One life of a cluster, as `cl_status` tells it.
fn life(systems: Vec<System>, program: &Path) -> Result<Vec<(String, i32, Vec<String>)>> {
    let cluster = Cluster::build(Design { systems, ..design() }, program)?;
    cluster.power_on()?;
    let mut all = Vec::new();
    answers(&cluster, WHILE_STOPPED, &mut all)?;
    settled(&cluster)?;
    for node in ["n1", "n2"] {
        cluster.world.node(node)?.start(&[&format!("{LIBEXEC}/ccm")], "ccm.log")?;
    }
    says(&cluster, "n1", "clientstatus n2 ccm 5000", "online")?;
    says(&cluster, "n2", "clientstatus n1 ccm 5000", "online")?;
    until::holds(LIMIT, "ccm to agree", || membership(&cluster, "n1", 2) && membership(&cluster, "n2", 2))?;
    answers(&cluster, WHILE_FORMED, &mut all)?;
    cluster.kill("n2")?;
    says(&cluster, "n1", "nodestatus n2", "dead")?;
    says(&cluster, "n1", "hblinkstatus n2 eth0", "dead")?;
    says(&cluster, "n1", "rscstatus", "all")?;
    answers(&cluster, AFTER_A_DEATH, &mut all)?;
    Ok(all)
}

fn same_status(stage: &Stage) -> Result<()> {
    needs(STATUS)?;
    if original().is_none() {
        return Err(LabError::Missing("the original heartbeat (Debian package heartbeat)".into()));
    }
    let theirs = life(vec![System::Original; 2], &stage.program)?;
    let ours = life(stage.systems.clone(), &stage.program)?;
    let mut differences = String::new();
    for (ours, theirs) in ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs) {
        differences.push_str(&format!("\n  ours     {ours:?}\n  original {theirs:?}"));
    }
    ensure!(ours.len() == theirs.len() && differences.is_empty(), "cl_status differs:{differences}");
    Ok(())
}

/// Whether ccm tells its clients of a membership of so many nodes. `cl_status` does not always wait for it.
fn membership(cluster: &Cluster, node: &str, nodes: usize) -> bool {
    let wanted = format!("\tmembers {nodes}");
    status(cluster, node, "hbstatus -v").is_ok_and(|told| told.output.lines().any(|line| line == wanted))
}

fn programs(stage: &Stage) -> Result<()> {
    needs(STATUS)?;
    let cluster = stage.cluster(design())?;
    settled(&cluster)?;
    for program in ["ccm", "ipfail"] {
        for node in ["n1", "n2"] {
            let path = needs(&format!("{LIBEXEC}/{program}"))?;
            cluster.world.node(node)?.start(&[&path], &format!("{program}.log"))?;
        }
    }
    for (node, other) in [("n1", "n2"), ("n2", "n1")] {
        for program in ["ccm", "ipfail"] {
            says(&cluster, node, &format!("clientstatus {node} {program}"), "online")?;
            says(&cluster, node, &format!("clientstatus {other} {program} 5000"), "online")?;
        }
    }
    until::holds(LIMIT, "ccm to agree on two nodes", || {
        ["n1", "n2"].iter().all(|node| membership(&cluster, node, 2))
    })?;
    cluster.kill("n2")?;
    until::holds(LIMIT, "ccm on n1 to see the other gone", || membership(&cluster, "n1", 1))?;
    says(&cluster, "n1", "clientstatus n1 ipfail", "online")
}

/// Runs a script of the original, or with `ours` our program of that name.
fn script(cluster: &Cluster, node: &str, words: &str, ours: Option<&Path>) -> Result<()> {
    let mut words: Vec<&str> = words.split_whitespace().collect();
    let name = words.remove(0);
    let path = match ours {
        Some(program) => called(cluster, program, name)?,
        None => needs(&format!("{SCRIPTS}/{name}"))?,
    };
    let argv: Vec<&str> = std::iter::once(path.as_str()).chain(words).collect();
    let finished = run(cluster, node, &argv)?;
    ensure!(finished.code == 0, "{node}: {argv:?}: {finished:?}");
    Ok(())
}

/// Our program under another name.
fn called(cluster: &Cluster, program: &Path, name: &str) -> Result<String> {
    let folder = cluster.world.dir().join("names");
    std::fs::create_dir_all(&folder).attempt(folder.display())?;
    let link = folder.join(name);
    if !link.exists() {
        let program = program.canonicalize().attempt(program.display())?;
        std::os::unix::fs::symlink(program, &link).attempt(link.display())?;
    }
    Ok(link.display().to_string())
}

fn scripts(stage: &Stage, ours: Option<&Path>) -> Result<()> {
    needs(STATUS)?;
    let cluster = stage.cluster(design())?;
    settled(&cluster)?;
    script(&cluster, "n1", "hb_standby all", ours)?;
    cluster.await_runs(LIMIT, "a", &["n2"])?;
    says(&cluster, "n1", "rscstatus", "none")?;
    says(&cluster, "n2", "rscstatus", "all")?;
    script(&cluster, "n1", "hb_takeover local", ours)?;
    cluster.await_runs(LIMIT, "a", &["n1"])?;
    for node in ["n1", "n2"] {
        says(&cluster, node, "rscstatus", "local")?;
    }
    script(&cluster, "n1", "hb_setweight n2 50", ours)?;
    script(&cluster, "n2", "hb_setsite n2 mysite", ours)?;
    for node in ["n1", "n2"] {
        says(&cluster, node, "nodeweight n2", "50")?;
        says(&cluster, node, "nodesite n2", "mysite")?;
    }
    script(&cluster, "n1", "hb_addnode n3", ours)?;
    for node in ["n1", "n2"] {
        // It is new, and never heard from.
        says(&cluster, node, "nodestatus n3", "dead")?;
    }
    script(&cluster, "n2", "hb_delnode n3", ours)?;
    for node in ["n1", "n2"] {
        says(&cluster, node, "listnodes", "n2\nn1")?;
    }
    Ok(())
}

/// Where the original's libraries are.
const LIBRARIES: [&str; 2] = ["/usr/lib/libhbclient.so.1", "/usr/lib/libplumb.so.2"];

/// Compiles the C program for our library, and for the original's.
fn compile(cluster: &Cluster, program: &Path) -> Result<[String; 2]> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../compat/hb-client-capi");
    let built = program.parent().map(|folder| folder.join("libhbclient.so"));
    let built = built.filter(|path| path.exists());
    let ours =
        built.ok_or_else(|| LabError::Missing("libhbclient.so (cargo build -p hb-client-capi)".into()))?;
    if !Path::new("/usr/bin/cc").exists() {
        return Err(LabError::Missing("a C compiler (Debian package gcc)".into()));
    }
    let compile = |name: &str, libraries: &[&str]| -> Result<String> {
        let output = cluster.world.dir().join(name);
        let done = std::process::Command::new("/usr/bin/cc")
            .args(["-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I"])
            .arg(source.join("include"))
            .arg(source.join("tests/program.c"))
            .arg("-o")
            .arg(&output)
            .args(libraries)
            .output()
            .attempt("run cc")?;
        ensure!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
        Ok(output.display().to_string())
    };
    let ours = ours.canonicalize().attempt("find our library")?.display().to_string();
    let [hbclient, plumb] = LIBRARIES.map(needs);
    Ok([compile("program-ours", &[&ours])?, compile("program-original", &[&hbclient?, &plumb?])?])
}

fn library(stage: &Stage) -> Result<()> {
    let mut design = design();
    design.extra.push("apiauth labcli uid=root".into());
    let cluster = stage.cluster(design)?;
    let programs = compile(&cluster, &stage.program)?;
    settled(&cluster)?;
    let mut seen = Vec::new();
    for program in &programs {
        // The other node's clients of that name, if any, are none of this.
        let finished = run(&cluster, "n1", &[program])?;
        ensure!(finished.code == 0, "{program}: {finished:?}");
        // What the original's libraries log on their way is not what the program sees.
        let lines = finished.output.lines().filter(|line| !line.contains("program-original: ["));
        seen.push(lines.map(str::to_owned).collect::<Vec<_>>());
    }
    ensure!(seen[0] == seen[1], "different:\n  ours     {:?}\n  original {:?}", seen[0], seen[1]);
    ensure!(
        seen[0].last().is_some_and(|line| line == "delete: 1"),
        "it did not come to its end: {:?}",
        seen[0]
    );
    Ok(())
}

/// Options and orders that the table of answers lacks.
const FURTHER: &[&str] = &[
    "listnodes -m",
    "listnodes -np",
    "nodestatus -m n2",
    "nodestatus n2 -m",
    "nodetype -m n2",
    "nodeweight -m n2",
    "nodesite -m n2",
    "listhblinks -m n2",
    "hblinkstatus -m n2 eth1",
    "hbparameter -m -p keepalive",
    "hbparameter -pkeepalive",
    "hbparameter",
    "nodetype",
    "nodeweight",
    "nodesite",
    "listhblinks",
    "hblinkstatus n2",
    "clientstatus n2",
];

/// The two programs side by side, asking the same daemon.
fn own_status(stage: &Stage) -> Result<()> {
    needs(STATUS)?;
    let cluster = stage.cluster(Design { networks: 2, ..design() })?;
    let ours = called(&cluster, &stage.program, "cl_status")?;
    let compare = |commands: &[&str]| -> Result<()> {
        for (command, node) in commands.iter().flat_map(|c| [(c, "n1"), (c, "n2")]) {
            let answers = [STATUS, &ours].map(|program| {
                let argv: Vec<&str> = std::iter::once(program).chain(command.split_whitespace()).collect();
                run(&cluster, node, &argv)
                    .map(|finished| (finished.code, comparable(command, &finished.output)))
            });
            let [theirs, ours] = answers;
            let (theirs, ours) = (theirs?, ours?);
            ensure!(
                theirs == ours,
                "cl_status {command} on {node}:\n  ours     {ours:?}\n  original {theirs:?}"
            );
        }
        Ok(())
    };
    compare(WHILE_STOPPED)?;
    settled(&cluster)?;
    compare(WHILE_FORMED)?;
    compare(FURTHER)?;
    cluster.kill("n2")?;
    says(&cluster, "n1", "nodestatus n2", "dead")?;
    says(&cluster, "n1", "rscstatus", "all")?;
    compare(AFTER_A_DEATH)
}

fn own_options(stage: &Stage) -> Result<()> {
    let original = original().ok_or_else(|| LabError::Missing("the original heartbeat".into()))?;
    let cluster = stage.cluster(design())?;
    let ours = called(&cluster, &stage.program, "heartbeat")?;
    let say = |program: &str, option: &str| run(&cluster, "n1", &[program, option]);
    let expect = |program: &str, option: &str, code: i32, text: &str| -> Result<()> {
        let finished = say(program, option)?;
        let fits = finished.code == code && finished.output.contains(text);
        ensure!(fits, "{program} {option}: {finished:?}, not {code} and {text:?}");
        Ok(())
    };
    for program in [&original, &ours] {
        expect(program, "-s", 3, "heartbeat is stopped. No process")?;
        expect(program, "-k", 0, "INFO: Heartbeat already stopped.")?;
    }
    for stopper in [&original, &ours] {
        expect(&ours, "-dM", 0, "")?;
        for program in [&original, &ours] {
            expect(program, "-s", 0, "et al] is running on n1 [n1]...")?;
        }
        expect(&ours, "-d", 0, "already running [pid ")?;
        expect(&ours, "-r", 0, "to reread config files")?;
        until::holds(LIMIT, "the reload to be told", || {
            std::fs::read_to_string(cluster.world.node_dir("n1").join("ha-log"))
                .is_ok_and(|log| log.contains("configuration_reloaded"))
        })?;
        says(&cluster, "n1", "nodestatus n1", "active")?;
        let held = status(&cluster, "n1", "rscstatus")?;
        ensure!(held.code == 13 && !cluster.runs("n1", "a"), "resources without -M's leave: {held:?}");
        expect(stopper, "-k", 0, "")?;
        ensure!(!cluster.daemon_runs("n1"), "{stopper} -k returned and the daemon runs");
    }
    std::fs::write(cluster.config_dir("n1").join("authkeys"), "auth 1\n").attempt("spoil authkeys")?;
    expect(&ours, "-d", 6, "error")?;
    expect(&ours, "-V", 0, ".")
}

/// Many clients; one that does not read; ones that send nonsense. Nobody else notices.
fn crowd(stage: &Stage) -> Result<()> {
    let mut design = design();
    design.extra.push("apiauth labcli uid=root".into());
    design.extra.push("apiauth lazy uid=root".into());
    let cluster = stage.cluster(design)?;
    settled(&cluster)?;
    let node = cluster.world.node("n1")?;
    let run = |part: &str| -> Result<Finished> {
        let program = std::env::current_exe().attempt("find this program")?.display().to_string();
        node.run(&[&program, crate::FLAG, "api-client", part], 2 * LIMIT)
    };
    for part in ["crowd", "lazy", "hostile"] {
        let finished = run(part)?;
        ensure!(finished.code == 0, "{part}: {finished:?}");
    }
    let log = cluster.world.node_dir("n1").join("ha-log");
    let log = std::fs::read_to_string(&log).attempt(log.display())?;
    for code in ["client lazy: client paused", "client lazy: client dropped", "client_garbage"] {
        ensure!(log.contains(code), "the log does not tell {code}");
    }
    for lives in ["n1", "n2"] {
        says(&cluster, lives, "nodestatus n1", "active")?;
    }
    cluster.await_runs(LIMIT, "a", &["n1"])
}
