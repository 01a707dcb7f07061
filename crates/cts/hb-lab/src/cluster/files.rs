//! The files that a node of a cluster needs.

use super::{Design, Medium, Stonith, System, original};
use crate::error::{Attempt, Result};
use crate::power::write_agents;
use crate::world::{BASE, Network, NodePlan, SWITCH_PORT};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where cluster-glue looks for plug-in scripts.
const PLUGINS: &str = "/usr/lib/stonith/plugins/external";
/// Where the original and its scripts keep what they keep.
const HA_DIR: &str = "/etc/ha.d";
const STATE: &str = "/var/lib/heartbeat";
/// Multicast group of the first network; the others follow.
const GROUP: &str = "239.99";

/// What a node is made of. The files themselves are written later: the folder is known only then.
pub(super) fn node_plan(name: &str, system: System, design: &Design, program: &Path) -> NodePlan {
    let here = |file: &str| PathBuf::from(name).join(file);
    let mut binds = Vec::new();
    if Path::new(PLUGINS).is_dir() {
        binds.push((PathBuf::from("plugins"), PathBuf::from(PLUGINS)));
    }
    if system == System::Original || design.usual_places {
        binds.push((here("ha.d"), HA_DIR.into()));
        binds.push((here("lib"), STATE.into()));
        binds.push((here("run"), "/run".into()));
    }
    let mut boot = design.boot.clone();
    if design.at_boot {
        boot.push(start_line(system, name, &PathBuf::from(BASE).join(name), program));
    }
    let installed = ["/usr/sbin/stonith", "/usr/bin/stonith"].iter().any(|path| Path::new(path).exists());
    let search_first = (design.stonith == Stonith::Own || !installed).then(|| PathBuf::from("agents"));
    NodePlan { name: name.into(), binds, search_first, boot }
}

/// Where a node's files are, as options of our program.
pub(super) fn places(folder: &Path) -> Vec<String> {
    [("--config-dir", "ha.d"), ("--state-dir", "lib"), ("--run-dir", "run/heartbeat")]
        .into_iter()
        .flat_map(|(option, name)| [option.to_owned(), folder.join(name).display().to_string()])
        .collect()
}

/// The command line that starts a node's daemon.
pub(super) fn start_line(system: System, node: &str, folder: &Path, program: &Path) -> Vec<String> {
    match system {
        System::Original => vec![original().unwrap_or_default()],
        System::Ours => {
            let mut argv = vec![program.display().to_string(), "run".into()];
            argv.extend(places(folder));
            argv.extend(["--node".into(), node.into()]);
            argv
        }
    }
}

/// Writes everything into the world's folder.
pub(super) fn write(dir: &Path, design: &Design) -> Result<()> {
    let folder = |path: PathBuf| fs::create_dir_all(&path).attempt(path.display());
    folder(dir.join("plugins"))?;
    folder(dir.join("agents"))?;
    let agents = write_agents(&dir.join("agents"))?;
    script(&dir.join("plugins/lab-switch"), &fs::read_to_string(&agents.external).attempt("read an agent")?)?;
    fs::write(dir.join("events"), "").attempt("write the file of events")?;
    let everybody = fs::Permissions::from_mode(0o666);
    fs::set_permissions(dir.join("events"), everybody).attempt("open the file of events to all")?;
    for (host, system) in (1..).zip(&design.systems) {
        let node = format!("n{host}");
        let home = dir.join(&node);
        for name in ["ha.d/resource.d", "ha.d/rc.d", "lib", "run/heartbeat", "run/lock"] {
            folder(home.join(name))?;
        }
        if *system == System::Original || design.usual_places {
            copy_original(&home)?;
        }
        text(&home.join("ha.d/ha.cf"), &ha_cf(&node, host, &home, design), 0o644)?;
        text(&home.join("ha.d/authkeys"), &format!("auth 1\n{}\n", design.key), 0o600)?;
        text(&home.join("ha.d/haresources"), &design.haresources, 0o644)?;
        script(&home.join("ha.d/resource.d/LabRsc"), &resource(&node, dir))?;
        script(&home.join("ha.d/resource.d/websvc"), &web_service(&node, &home)?)?;
    }
    Ok(())
}

fn text(path: &Path, text: &str, mode: u32) -> Result<()> {
    fs::write(path, text).attempt(path.display())?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).attempt(path.display())
}

pub(super) fn script(path: &Path, body: &str) -> Result<()> {
    text(path, body, 0o755)
}

/// The original's scripts come from its package, its state folder keeps the package's owners.
fn copy_original(home: &Path) -> Result<()> {
    let copy = |from: &str, to: &str| {
        let done = std::process::Command::new("cp").arg("-a").arg(from).arg(home.join(to)).status();
        match done.attempt(format!("copy {from}"))?.success() {
            true => Ok(()),
            false => crate::error::failed(format!("cp -a {from} failed")),
        }
    };
    copy(&format!("{HA_DIR}/."), "ha.d/")?;
    copy(&format!("{STATE}/."), "lib/")?;
    for leftover in ["hb_generation", "hb_uuid", "hostcache", "delhostcache", "fifo"] {
        let _ = fs::remove_file(home.join("lib").join(leftover));
    }
    for name in ["run/heartbeat", "run/heartbeat/ccm", "run/heartbeat/crm", "run/heartbeat/dopd"] {
        let path = home.join(name);
        fs::create_dir_all(&path).attempt(path.display())?;
        let owner = ["hacluster:haclient".as_ref(), path.as_os_str()];
        let _ = std::process::Command::new("chown").args(owner).status();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).attempt(path.display())?;
    }
    Ok(())
}

fn milliseconds(duration: std::time::Duration) -> String {
    format!("{}ms", duration.as_millis())
}

fn ha_cf(node: &str, host: u8, home: &Path, design: &Design) -> String {
    let hosts = 1..=u8::try_from(design.systems.len()).unwrap_or(u8::MAX);
    let mut cf = String::new();
    let mut line = |words: String| {
        let _ = writeln!(cf, "{words}");
    };
    line(format!("logfile {}", home.join("ha-log").display()));
    line(format!("debugfile {}", home.join("ha-debug").display()));
    line("logfacility none".into());
    line(format!("keepalive {}", milliseconds(design.keepalive)));
    line(format!("deadtime {}", milliseconds(design.deadtime)));
    line(format!("warntime {}", milliseconds(design.deadtime / 2)));
    line(format!("initdead {}", milliseconds(design.initdead)));
    line("udpport 694".into());
    line(format!("realtime {}", if design.realtime { "on" } else { "off" }));
    line(format!("auto_failback {}", design.auto_failback));
    for number in 0..design.networks {
        let network = Network::Service(number);
        let interface = network.interface();
        match design.medium {
            Medium::Ucast => hosts
                .clone()
                .filter(|other| *other != host)
                .for_each(|other| line(format!("ucast {interface} {}", network.address(other)))),
            Medium::Bcast => line(format!("bcast {interface}")),
            Medium::Mcast => line(format!("mcast {interface} {GROUP}.{number}.1 694 1 0")),
        }
    }
    let names: Vec<String> = hosts.map(|host| format!("n{host}")).collect();
    line(format!("node {}", names.join(" ")));
    if design.fencing {
        let switch = Network::Management.address(254);
        let others: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != node).collect();
        line(format!("stonith_host * external/lab-switch {} {switch}:{SWITCH_PORT}", others.join(",")));
    }
    design.extra.iter().for_each(|extra| line(extra.clone()));
    cf
}

/// `LabRsc NAME ACTION`: remembers what it does in the world's file of events. A file
/// `fail.NAME.ACTION` in the node's folder makes an action fail.
fn resource(node: &str, dir: &Path) -> String {
    let home = dir.join(node);
    let (home, events) = (home.display(), dir.join("events").display().to_string());
    format!(
        r#"#!/bin/sh
name=$1; action=$2
[ $# -gt 1 ] || {{ name=default; action=$1; }}
state={home}/run/labrsc.$name
case $action in
start|stop) echo "{node} $action $name" >>{events};;
esac
[ ! -e "{home}/fail.$name.$action" ] || exit 1
case $action in
start) : >"$state";;
stop) rm -f "$state";;
status|monitor) if [ -e "$state" ]; then echo running; else echo stopped; fi;;
esac
exit 0
"#
    )
}

/// `websvc ADDRESS ACTION`: the small service at an address.
fn web_service(node: &str, home: &Path) -> Result<String> {
    let program = std::env::current_exe().attempt("find this program")?;
    let (program, home, flag) = (program.display(), home.display(), crate::FLAG);
    Ok(format!(
        r#"#!/bin/sh
address=$1; action=$2
file={home}/run/websvc.pid
alive() {{ [ -s $file ] && kill -0 "$(cat $file)" 2>/dev/null; }}
case $action in
start)
	alive || '{program}' {flag} service --daemon $file {node} "$address";;
stop)
	if alive; then kill -9 "$(cat $file)"; fi
	rm -f $file;;
status|monitor)
	if alive; then echo running; else echo stopped; fi;;
esac
"#
    ))
}
