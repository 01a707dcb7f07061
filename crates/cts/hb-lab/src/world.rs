//! A world: networks, nodes and a client in namespaces of their own, and a power switch outside
//! the nodes. Nothing in it can reach the machine's networks, and nothing of it outlives this value.

use crate::error::{Attempt, LabError, Result, failed};
use crate::netlink::{self, CableEnd, Link};
use crate::netns::NetNs;
use crate::power::Outlet;
use crate::process::protocol;
use crate::process::{command, with_control};
use crate::wire::Meddler;
use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The most heartbeat networks and nodes of one world.
pub const MAX_NETWORKS: u8 = 4;
/// See [`MAX_NETWORKS`].
pub const MAX_NODES: u8 = 16;

/// Last byte of the client's address and of the power switch's.
const CLIENT_HOST: u8 = 200;
const SWITCH_HOST: u8 = 254;
/// Realtime priority of what happens to cables, above everything that is measured.
const PRIORITY: i32 = 70;
/// Second byte and third byte of the management network's addresses.
const MANAGEMENT: u8 = 97;
/// Second byte of the addresses of the heartbeat networks.
const SERVICE: u8 = 99;
/// Where the power switch listens on the management network.
pub const SWITCH_PORT: u16 = 4460;

/// What a world is to be made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Heartbeat networks: `eth0` … on every node.
    pub networks: u8,
    /// The nodes, all off until they are powered on.
    pub nodes: Vec<NodePlan>,
}

/// One node.
#[derive(Debug, Clone, Default)]
pub struct NodePlan {
    /// Host name, at most nine bytes.
    pub name: String,
    /// (what, where): private folders or files put over those of the machine.
    pub binds: Vec<(PathBuf, PathBuf)>,
    /// Folder that comes first in the search path of the node's programs.
    pub search_first: Option<PathBuf>,
    /// Programs that run when the node gets power.
    pub boot: Vec<Vec<String>>,
}

impl NodePlan {
    /// The same with the world's folder filled in.
    fn settled(mut self, dir: &Path) -> Self {
        let base = dir.display().to_string();
        for (what, _) in &mut self.binds {
            *what = dir.join(&what);
        }
        self.search_first = self.search_first.map(|first| dir.join(first));
        for word in self.boot.iter_mut().flatten() {
            *word = word.replace(BASE, &base);
        }
        self
    }
}

/// Stands for the world's folder in a boot line.
pub const BASE: &str = "@WORLD@";

/// A network of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// `eth0`, `eth1`, …: heartbeats, and on the first one also services.
    Service(u8),
    /// `mgmt0`: the way to the power switch.
    Management,
}

impl Network {
    /// The name of a node's interface on this network.
    #[must_use]
    pub fn interface(self) -> String {
        match self {
            Self::Service(number) => format!("eth{number}"),
            Self::Management => "mgmt0".into(),
        }
    }

    fn bridge(self) -> String {
        match self {
            Self::Service(number) => format!("br{number}"),
            Self::Management => "brm".into(),
        }
    }

    /// The address of host number `host` on this network; all networks have 24 bit masks.
    #[must_use]
    pub fn address(self, host: u8) -> Ipv4Addr {
        match self {
            Self::Service(number) => Ipv4Addr::new(10, SERVICE, number, host),
            Self::Management => Ipv4Addr::new(10, MANAGEMENT, 0, host),
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Service(number) => number,
            Self::Management => 0xff,
        }
    }
}

/// What nodes, switch and client share.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) dir: PathBuf,
    pub(crate) switch: NetNs,
    pub(crate) networks: Vec<Network>,
}

impl Ground {
    /// The switch's end of a cable.
    pub(crate) fn port(owner: &str, network: Network) -> String {
        format!("{owner}-{}", network.interface())
    }

    /// Lays a cable from a bridge to an interface in another namespace, and sets everything up.
    pub(crate) fn lay_cable(&self, owner: &str, host: u8, network: Network, far: &NetNs) -> Result<()> {
        let (port, interface) = (Self::port(owner, network), network.interface());
        self.switch.within(|| {
            match Link::named(&port) {
                // A cable of the node's former life may still wait for the kernel to remove it.
                Ok(stale) => stale.remove()?,
                Err(e) if netlink::is_absent(&e) => {}
                Err(e) => return Err(e),
            }
            let near = CableEnd { name: &port, hardware: [2, 0x48, 0x42, 0x80, network.number(), host] };
            let end = CableEnd { name: &interface, hardware: [2, 0x48, 0x42, 0, network.number(), host] };
            netlink::create_cable(&near, &end, far.as_fd())?;
            let port = Link::named(&port)?;
            port.plug_into(Link::named(&network.bridge())?)?;
            port.set_up()
        })?;
        far.within(|| {
            let link = Link::named(&interface)?;
            link.add_address(network.address(host), 24)?;
            link.set_up()
        })
    }

    /// Takes the switch's end of a node's cables down.
    pub(crate) fn cut(&self, owner: &str, networks: &[Network]) -> Result<()> {
        self.switch.within(|| {
            // A power failure is one moment, also on a machine that is busy.
            let _ = crate::sys::realtime(PRIORITY);
            networks.iter().try_for_each(|network| Link::named(&Self::port(owner, *network))?.set_down())
        })
    }

    pub(crate) fn events(&self) -> PathBuf {
        self.dir.join("events")
    }

    fn heal(&self, owner: &str, network: Network) -> Result<()> {
        self.switch.within(|| Link::named(&Self::port(owner, network))?.set_up())
    }

    fn is_cut(&self, owner: &str, network: Network) -> Result<bool> {
        self.switch.within(|| Ok(!Link::named(&Self::port(owner, network))?.is_up()))
    }
}

/// A running world. Dropping it ends every process in it and removes its files.
#[derive(Debug)]
pub struct World {
    ground: Arc<Ground>,
    client: NetNs,
    outlets: Arc<BTreeMap<String, Outlet>>,
    switch: Option<crate::power::Server>,
    // Closing it is the janitor's signal: last field, so that it happens last.
    _janitor: OwnedFd,
}

static WORLDS: AtomicU32 = AtomicU32::new(0);

impl World {
    /// Builds networks, client and power switch; the nodes stay off.
    /// [`crate::permit::enter`] must have been called by the process.
    ///
    /// # Errors
    /// When the plan is out of bounds or the kernel refuses.
    pub fn build(plan: Plan) -> Result<Self> {
        Self::build_with(plan, |_| Ok(()))
    }

    /// As [`World::build`]; `furnish` writes files into the world's folder before anything uses
    /// them. Relative paths in the plan, and `@WORLD@` in boot lines, mean that folder.
    ///
    /// # Errors
    /// As for [`World::build`], or those of `furnish`.
    pub fn build_with(plan: Plan, furnish: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        if plan.networks > MAX_NETWORKS || plan.nodes.len() > usize::from(MAX_NODES) {
            return failed(format!("a world has at most {MAX_NETWORKS} networks and {MAX_NODES} nodes"));
        }
        let dir = std::env::temp_dir().join(format!(
            "hb-lab.{}.{}",
            std::process::id(),
            WORLDS.fetch_add(1, Ordering::Relaxed)
        ));
        let janitor = start_janitor(&dir)?;
        fs::create_dir_all(&dir).attempt(dir.display())?;
        furnish(&dir)?;
        let networks: Vec<Network> =
            (0..plan.networks).map(Network::Service).chain([Network::Management]).collect();
        let ground = Arc::new(Ground { dir, switch: NetNs::create()?, networks });
        ground.switch.within(|| {
            for network in &ground.networks {
                netlink::create_bridge(&network.bridge())?;
                let bridge = Link::named(&network.bridge())?;
                bridge.add_address(network.address(SWITCH_HOST), 24)?;
                bridge.set_up()?;
            }
            Ok(())
        })?;
        let client = NetNs::create()?;
        if plan.networks > 0 {
            ground.lay_cable("client", CLIENT_HOST, Network::Service(0), &client)?;
        }
        let mut outlets = BTreeMap::new();
        for (host, node) in (1..).zip(plan.nodes) {
            let folder = ground.dir.join(&node.name);
            fs::create_dir_all(&folder).attempt(folder.display())?;
            let node = node.settled(&ground.dir);
            outlets.insert(node.name.clone(), Outlet::new(node, host, Arc::clone(&ground)));
        }
        let outlets = Arc::new(outlets);
        let switch = crate::power::Server::start(&ground, Arc::clone(&outlets))?;
        Ok(Self { ground, client, outlets, switch: Some(switch), _janitor: janitor })
    }

    /// The folder of the world's files.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.ground.dir
    }

    /// The folder of a node's files; boot programs write to `boot.log` in it.
    #[must_use]
    pub fn node_dir(&self, node: &str) -> PathBuf {
        self.ground.dir.join(node)
    }

    /// A node's outlet of the power switch, through which everything about the node is done.
    ///
    /// # Errors
    /// There is no such node.
    pub fn node(&self, name: &str) -> Result<&Outlet> {
        self.outlets.get(name).ok_or_else(|| LabError::Failed(format!("the world has no node {name}")))
    }

    /// Every node.
    pub fn nodes(&self) -> impl Iterator<Item = &Outlet> {
        self.outlets.values()
    }

    /// The file that power events are appended to, and that resource scripts of tests append to:
    /// one order for everything, `NODE EVENT [NAME]` a line.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.ground.events()
    }

    /// The namespace of the client, which is on the first network.
    #[must_use]
    pub fn client(&self) -> &NetNs {
        &self.client
    }

    /// The namespace of the switch, where the traffic of all bridges can be seen.
    #[must_use]
    pub fn switch(&self) -> &NetNs {
        &self.ground.switch
    }

    /// Pulls a cable at the switch.
    ///
    /// # Errors
    /// The node is off, or has no such network.
    pub fn cut(&self, node: &str, network: Network) -> Result<()> {
        self.ground.cut(node, &[network])
    }

    /// Plugs a cable in again.
    ///
    /// # Errors
    /// As for [`World::cut`].
    pub fn heal(&self, node: &str, network: Network) -> Result<()> {
        self.ground.heal(node, network)
    }

    /// Separates a node from a network inside the switch, or joins them again. As in a partition
    /// between switches, no carrier tells.
    ///
    /// # Errors
    /// As for [`World::cut`].
    pub fn separate(&self, node: &str, network: Network, apart: bool) -> Result<()> {
        self.ground.switch.within(|| Link::named(&Ground::port(node, network))?.forward(!apart))
    }

    /// Puts a meddler between a node's cable and the switch. The switch itself stops forwarding
    /// there; the meddler does it in its place.
    ///
    /// # Errors
    /// As for [`World::cut`], or no sockets for whole packets.
    pub fn meddle(&self, node: &str, network: Network) -> Result<Meddler> {
        let (cable, switch) = self.ground.switch.within(|| {
            let port = Link::named(&Ground::port(node, network))?;
            let bridge = Link::named(&network.bridge())?;
            port.forward(false)?;
            let at = |link: Link, all| {
                crate::sys::packet_socket(link.index(), all).attempt("open a packet socket")
            };
            Ok((at(port, true)?, at(bridge, true)?))
        })?;
        Meddler::start(cable, switch)
    }

    /// Whether a cable is pulled.
    ///
    /// # Errors
    /// As for [`World::cut`].
    pub fn is_cut(&self, node: &str, network: Network) -> Result<bool> {
        self.ground.is_cut(node, network)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // First the switch, so that nobody powers a node on again behind our back.
        drop(self.switch.take());
        for outlet in self.outlets.values() {
            let _ = outlet.pull_plug();
        }
    }
}

fn start_janitor(dir: &Path) -> Result<OwnedFd> {
    let (ours, theirs) = protocol::pair().attempt("make a socket pair")?;
    let mut starter = command("janitor");
    starter.arg(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut janitor = with_control(&mut starter, theirs.as_fd()).spawn().attempt("start the janitor")?;
    // It ends after this value, so nobody can wait for it here; a thread reaps it.
    std::thread::spawn(move || janitor.wait());
    Ok(ours)
}
