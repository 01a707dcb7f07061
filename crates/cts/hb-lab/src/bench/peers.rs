//! keepalived, which is measured beside us.

use crate::cluster::Cluster;
use crate::error::{Attempt, LabError, Result};
use crate::world::{NodePlan, Plan, World};
use std::fs;
use std::path::Path;

/// The address that moves in every benchmark.
pub(super) const SERVICE: std::net::Ipv4Addr = std::net::Ipv4Addr::new(10, 99, 0, 100);

/// The service on every address of a node, as a line of its boot: only the address moves.
pub(super) fn everywhere(node: &str) -> Vec<String> {
    let program = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    [&program, crate::FLAG, "service", node, "0.0.0.0"].map(str::to_owned).to_vec()
}

/// As [`everywhere`], before the node's name is known: `uname -n` says it.
pub(crate) fn everywhere_by_name() -> Vec<String> {
    let program = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    let line = format!("exec '{program}' {} service \"$(uname -n)\" 0.0.0.0", crate::FLAG);
    ["sh".to_owned(), "-c".into(), line].to_vec()
}

const KEEPALIVED: &[&str] = &["/usr/sbin/keepalived", "/usr/local/sbin/keepalived"];

/// Two nodes of keepalived in its quickest setting: VRRP version 3, an advertisement each 10 ms,
/// realtime priority 50, priorities that make its own skew least, no preemption.
pub(super) fn keepalived() -> Result<World> {
    let program = KEEPALIVED.iter().find(|path| Path::new(path).exists());
    let program = program.ok_or_else(|| LabError::Missing("keepalived".into()))?;
    let node = |name: &str| {
        let at = |file: &str| format!("@WORLD@/{name}/{file}");
        let line = [
            *program,
            "--dont-fork",
            "--vrrp",
            "--log-console",
            "--log-detail",
            "--use-file",
            &at("conf"),
            "--pid",
            &at("run/pid"),
            "--vrrp_pid",
            &at("run/vrrp.pid"),
        ];
        NodePlan {
            name: name.into(),
            boot: vec![everywhere(name), line.map(str::to_owned).to_vec()],
            ..NodePlan::default()
        }
    };
    let plan = Plan { networks: 2, nodes: vec![node("n1"), node("n2")] };
    World::build_with(plan, |dir| {
        for (name, priority) in [("n1", 254), ("n2", 253)] {
            let home = dir.join(name);
            fs::create_dir_all(home.join("run")).attempt(home.display())?;
            fs::write(home.join("conf"), configuration(name, priority)).attempt("configure keepalived")?;
        }
        Ok(())
    })
}

fn configuration(name: &str, priority: u8) -> String {
    format!(
        "global_defs {{
  router_id {name}
  vrrp_rt_priority 50
  vrrp_no_swap
}}
vrrp_instance service {{
  version 3
  state BACKUP
  nopreempt
  interface eth0
  virtual_router_id 51
  priority {priority}
  advert_int 0.01
  virtual_ipaddress {{
    {SERVICE}/24 dev eth0
  }}
}}
"
    )
}

/// Whether keepalived has come up in a node that it was started in.
pub(super) fn keepalived_is_ready(world: &World, node: &str, lives: usize) -> bool {
    let log = fs::read_to_string(world.node_dir(node).join("boot.log")).unwrap_or_default();
    log.lines().filter(|line| line.contains("Entering BACKUP STATE")).count() >= lives
}

/// Both daemons of a cluster see each other.
pub(super) fn cluster_is_ready(cluster: &Cluster) -> bool {
    let names = cluster.names();
    names.iter().all(|node| {
        names.iter().all(|peer| cluster.status_of(node, peer).is_ok_and(|status| status == "active"))
    })
}
