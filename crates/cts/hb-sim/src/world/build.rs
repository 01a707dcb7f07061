//! From a plan to what the product is configured with.

use super::agents::Agents;
use super::clients::{Client, KIND};
use super::clock::Clock;
use super::disk::Disk;
use super::host::{Host, Line, SLOTS, Schedule};
use super::master::CLIENT;
use super::network::nanos;
use crate::plan::{Failback, Plan, Service, Signature, What};
use crate::plants::Plant;
use hb_base::NodeName;
use hb_classic::{AutoFailback, Group};
use hb_node::{Input, Node, Options, Request};
use hb_wire::{Codec, Format, Keys, Method};

fn name(node: u8) -> NodeName {
    // Short, lower case, no blank: always a name.
    NodeName::new(&format!("n{}", node + 1)).unwrap_or_else(|| unreachable!("a constant form"))
}

/// The machine of a node, without power.
pub(super) fn host(plan: &Plan, node: u8) -> Host {
    let drift = plan.drift_ppm.get(usize::from(node)).copied().unwrap_or(0);
    // Monotonic clocks of different machines have nothing to do with each other.
    let offset = (u64::from(node) + 1) * 1_234_567_890_123;
    Host {
        name: name(node),
        clock: Clock::new(offset, drift),
        power: false,
        boots: 0,
        power_ups: 0,
        life: 0,
        stopped: false,
        held_down: 0,
        generation: 0,
        disk_busy_until: 0,
        disk: Disk::default(),
        schedules: [Schedule::default(); SLOTS],
        lines: plan.media.iter().map(|_| Line::default()).collect(),
        master: None,
        executor: None,
        fencer: None,
        agents: Agents::default(),
        left: 0,
        latency: nanos(plan.latency),
        resumed_at: 0,
        paused_for: 0,
        paused_since: None,
        pauses: 0,
        hindered_at: 0,
        anew_at: 0,
        formed_at: 0,
        ever_busy: plan
            .steps
            .iter()
            .any(|step| matches!(step.what, What::Busy { .. }) && step.what.node() == Some(node)),
        client: Client::default(),
    }
}

/// The tokens of a node's group: an address first, then services.
fn tokens(node: u8, count: u8) -> Vec<String> {
    let address = |_| format!("10.0.{}.1/24/eth0", node + 1);
    let service = |n| format!("service::{}.{n}", node + 1);
    (0..count).map(|n| if n == 0 { address(n) } else { service(n) }).collect()
}

/// The ids of all resources, in the order of the groups.
pub(super) fn resources(plan: &Plan) -> Vec<String> {
    match plan.service {
        Service::Messages => Vec::new(),
        Service::Takeover { resources: [a, b], .. } => [tokens(0, a), tokens(1, b)].concat(),
    }
}

/// The resources of the group to which this one belongs, as a set.
pub(super) fn group_of(plan: &Plan, resource: u8) -> u16 {
    let Service::Takeover { resources: [a, b], .. } = plan.service else { return 0 };
    let first = (1_u16 << a) - 1;
    if resource < a { first } else { ((1 << (a + b)) - 1) & !first }
}

fn groups(resources: [u8; 2]) -> Vec<Group> {
    (0..2)
        .zip(resources)
        .filter(|(_, count)| *count > 0)
        .map(|(node, count)| {
            let tokens = tokens(node, count);
            let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
            Group::classic(name(node), &tokens)
        })
        .collect()
}

pub(super) fn codec(signature: Signature) -> Codec {
    let method = match signature {
        Signature::Crc => Method::Crc,
        Signature::Md5 => Method::Md5,
        Signature::Sha1 => Method::Sha1,
    };
    let keys = Keys::new(1, [(1, method, b"simulated".to_vec())]);
    Codec::new(keys.unwrap_or_else(|_| unreachable!("one valid key")), Format::Netstring)
}

/// The master of a node as the product builds it from its configuration.
pub(super) fn node(plan: &Plan, node: u8, plant: Option<Plant>) -> Node {
    let nodes: Vec<NodeName> = (0..plan.nodes).map(name).collect();
    let media = (0..plan.media.len()).map(|n| hb_cluster::Medium::peers(format!("eth{n}"))).collect();
    let mut cluster = hb_cluster::Options::new(name(node), nodes, media);
    cluster.timing = hb_cluster::Timing::new(plan.timing.keepalive, plan.timing.deadtime);
    cluster.timing.initdead = plan.timing.initdead;
    let classic = match plan.service {
        Service::Messages => None,
        Service::Takeover { failback, resources, .. } => {
            let failback = match failback {
                Failback::On => AutoFailback::On,
                Failback::Off => AutoFailback::Off,
                Failback::Legacy => AutoFailback::Legacy,
            };
            let peer = Some(name(1 - node.min(1)));
            Some(hb_classic::Options::new(name(node), peer, groups(resources), failback))
        }
    };
    cluster.manages_resources = classic.is_some();
    let lines = if plan.fenced() {
        let (host, kind) = ("*".to_owned(), "external/simulated".to_owned());
        vec![hb_stonith::Line::Host { host, kind, values: vec!["switch".to_owned()] }]
    } else {
        Vec::new()
    };
    let stonith = hb_stonith::Options::new(name(node), lines);
    let session = hb_node::SessionOptions::new(name(node).as_str());
    let mut options = Options { cluster, classic, stonith, session, codec: codec(plan.signature) };
    if let Some(plant) = plant {
        crate::plants::plant(&mut options, plant);
    }
    Node::new(options)
}

/// The client of every node wants the messages of all clients in order, and a script of rc.d wants each once.
pub(super) fn subscriptions() -> [Input; 2] {
    let request = Request::Subscribe { kind: Some(KIND.to_owned()) };
    [Input::Request { client: CLIENT, request }, Input::Scripts(vec![KIND.to_owned()])]
}
