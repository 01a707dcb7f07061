//! What a bundle says of its containers.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_cib::{Element, value};

/// Kinds of containers, most wanted first.
pub(crate) const AGENTS: [&str; 3] = ["docker", "rkt", "podman"];
/// The port of connections.
const PORT: &str = "3121";
/// Where the key of connections is, outside and inside.
const KEY: &str = "/etc/pacemaker/authkey";
/// Where logs of containers are kept, outside.
const LOGS: &str = "/var/log/pacemaker/bundles";

/// A folder that containers see.
#[derive(Clone, Debug)]
struct Mount {
    source: String,
    target: String,
    options: Option<String>,
    /// Each container has one of its own below the source.
    own: bool,
}

/// What a bundle says.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) id: String,
    pub(crate) agent: &'static str,
    pub(crate) promoted_max: i32,
    pub(crate) replicas: i32,
    pub(crate) per_host: i32,
    pub(crate) command: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) interface: Option<String>,
    pub(crate) netmask: Option<String>,
    launcher_options: Option<String>,
    network: Option<String>,
    first_address: Option<String>,
    control_port: Option<String>,
    add_host: bool,
    mounts: Vec<Mount>,
    ports: Vec<(String, String)>,
}

/// One copy.
pub(super) struct Replica {
    pub(super) offset: u32,
    pub(super) address: Option<String>,
}

fn number(element: Element<'_>, names: &[&str], minimum: i32) -> i32 {
    let text = names.iter().find_map(|name| element.get(name));
    let number = text.and_then(value::integer).unwrap_or(0);
    i32::try_from(number).unwrap_or(i32::MAX).max(minimum)
}

impl Plan {
    /// Reads a bundle; `None` when it cannot be used: without container, or with something inside that it cannot be
    /// connected to.
    pub(crate) fn of(bundle: Element<'_>) -> Option<Self> {
        let agent = AGENTS.into_iter().find(|agent| bundle.child(agent).is_some())?;
        let container = bundle.child(agent)?;
        let text = |element: Element<'_>, name: &str| element.get(name).map(ToString::to_string);
        let network = bundle.child("network");
        let from_network = |name: &str| network.and_then(|network| text(network, name));
        let promoted_max = number(container, &["promoted-max", "masters"], 0);
        let by_promotion = container.get("replicas").is_none() && promoted_max > 0;
        let mut plan = Plan {
            id: bundle.id()?.to_string(),
            agent,
            promoted_max,
            replicas: if by_promotion { promoted_max } else { number(container, &["replicas"], 1) },
            per_host: number(container, &["replicas-per-host"], 1),
            command: text(container, "run-command"),
            image: text(container, "image"),
            launcher_options: text(container, "options"),
            network: text(container, "network"),
            first_address: from_network("ip-range-start"),
            netmask: from_network("host-netmask"),
            interface: from_network("host-interface"),
            control_port: from_network("control-port"),
            add_host: network.and_then(|it| it.get("add-host")).and_then(value::boolean).unwrap_or(true),
            mounts: bundle
                .child("storage")
                .into_iter()
                .flat_map(Element::children)
                .filter_map(mount)
                .collect(),
            ports: network.into_iter().flat_map(Element::children).filter_map(port).collect(),
        };
        let inside = bundle.child("primitive").is_some() || bundle.child("clone").is_some();
        if inside && !plan.connect() {
            return None;
        }
        Some(plan)
    }

    /// Makes room for a connection to what runs inside; says whether there can be one.
    fn connect(&mut self) -> bool {
        if self.first_address.is_none() {
            if self.control_port.is_none() {
                return false;
            }
            // Two containers of one node cannot have the same port.
            self.per_host = 1;
        }
        let keeps_logs = self.mounts.iter().any(|mount| mount.target == "/var/log");
        self.mounts.push(Mount { source: KEY.into(), target: KEY.into(), options: None, own: false });
        if !keeps_logs {
            self.mounts.push(Mount {
                source: LOGS.into(),
                target: "/var/log".into(),
                options: None,
                own: true,
            });
        }
        self.ports.push((self.port().into(), self.port().into()));
        true
    }

    /// The port of connections.
    pub(super) fn port(&self) -> &str {
        self.control_port.as_deref().unwrap_or(PORT)
    }

    /// The copies, each with its address.
    pub(super) fn replicas(&self) -> Vec<Replica> {
        let mut last: Option<String> = None;
        let count = u32::try_from(self.replicas.clamp(1, crate::MAX_INSTANCES)).unwrap_or(1);
        let replica = |offset| {
            let next = match &last {
                Some(last) => next_address(last),
                None => self.first_address.clone(),
            };
            last.clone_from(&next);
            Replica { offset, address: next }
        };
        (0..count).map(replica).collect()
    }

    /// Options that every container is started with, so that the copies find each other by name.
    fn host_options(&self) -> String {
        let mut out = String::new();
        for replica in self.replicas() {
            let Some(address) = &replica.address else { continue };
            let name = format!("{}-{}", self.id, replica.offset);
            if self.agent != "rkt" && self.add_host {
                out.push_str(&format!(" --add-host={name}:{address}"));
            } else {
                out.push_str(&format!(" --hosts-entry={address}={name}"));
            }
        }
        out
    }

    /// Options to start a container with, and the folders that have to be made for it.
    pub(super) fn run_options(&self, offset: u32, address: Option<&str>) -> (String, String) {
        let mut out = String::new();
        let rkt = self.agent == "rkt";
        let (hostname, variable) = if rkt { ("--hostname=", "--environment=") } else { ("-h ", "-e ") };
        if self.agent == "docker" {
            out.push_str(" --restart=no");
        }
        if self.first_address.is_some() {
            out.push_str(&format!(" {hostname}{}-{offset}", self.id));
        }
        out.push_str(&format!(" {variable}PCMK_stderr=1"));
        if let Some(network) = &self.network {
            out.push_str(&format!(" --net={network}"));
        }
        out.push_str(&format!(" {variable}PCMK_remote_port={}", self.port()));
        let folders = self.add_mounts(offset, rkt, &mut out);
        self.add_ports(address, rkt, &mut out);
        if let Some(options) = &self.launcher_options {
            out.extend([" ", options]);
        }
        // The blank is there even when nothing follows: without it running containers would seem to be changed.
        out.extend([" ", &self.host_options()]);
        (out, folders)
    }

    fn add_mounts(&self, offset: u32, rkt: bool, out: &mut String) -> String {
        let mut folders: Vec<String> = Vec::new();
        for (volume, mount) in self.mounts.iter().enumerate() {
            let source = if mount.own {
                let own = format!("{}/{}-{offset}", mount.source, self.id);
                folders.push(own.clone());
                own
            } else {
                mount.source.clone()
            };
            let (target, options) = (&mount.target, mount.options.as_deref());
            if rkt {
                let options = options.map(|options| format!(",{options}")).unwrap_or_default();
                out.push_str(&format!(
                    " --volume vol{volume},kind=host,source={source}{options} --mount volume=vol{volume},target={target}"
                ));
            } else {
                let options = options.map(|options| format!(":{options}")).unwrap_or_default();
                out.push_str(&format!(" -v {source}:{target}{options}"));
            }
        }
        folders.join(",")
    }

    fn add_ports(&self, address: Option<&str>, rkt: bool, out: &mut String) {
        for (source, target) in &self.ports {
            match (rkt, address) {
                (true, Some(address)) => out.push_str(&format!(" --port={target}:{address}:{source}")),
                (true, None) => out.push_str(&format!(" --port={target}:{source}")),
                (false, Some(address)) => out.push_str(&format!(" -p {address}:{source}:{target}")),
                // A container in the host's network has the host's ports.
                (false, None) if self.network.as_deref() == Some("host") => {}
                (false, None) => out.push_str(&format!(" -p {source}:{target}")),
            }
        }
    }
}

fn mount(element: Element<'_>) -> Option<Mount> {
    let common = element.get("source-dir");
    Some(Mount {
        source: common.or_else(|| element.get("source-dir-root"))?.into(),
        target: element.get("target-dir")?.into(),
        options: element.get("options").map(ToString::to_string),
        own: common.is_none(),
    })
}

fn port(element: Element<'_>) -> Option<(String, String)> {
    let single = element.get("port");
    let source = single.or_else(|| element.get("range")).filter(|source| !source.is_empty())?;
    let target = single.and_then(|_| element.get("internal-port")).unwrap_or(source);
    Some((source.into(), target.into()))
}

/// The address after this one; `None` after the last of its kind.
fn next_address(address: &str) -> Option<String> {
    let parts: Vec<u32> = address.split('.').map_while(|part| part.parse().ok()).collect();
    let [one, two, three, four] = *parts.first_chunk::<4>()?;
    match (three, four) {
        (254.., _) => None,
        (_, 254..) => Some(format!("{one}.{two}.{}.1", three + 1)),
        _ => Some(format!("{one}.{two}.{three}.{}", four + 1)),
    }
}
