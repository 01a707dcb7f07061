//! Bundles as configured: their clone, and for each replica container, address and connection.

use super::expand::Plan;
use crate::model::{
    Bundle, Cluster, Discovery, INFINITY, NodeId, NodeKind, NodeTable, Replica, ResourceFlags as F,
    ResourceId, Slot, Variant,
};
use crate::unpack::nodes::create;
use crate::unpack::resource::read_part;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use hb_cib::{Element, value};

/// Score of a replica's node for what runs inside.
const OWN_NODE: i32 = 500;

/// A bundle without its parts; `None` when it cannot be used.
pub(crate) fn empty(element: Element<'_>) -> Option<Variant<'_>> {
    let plan = Plan::of(element)?;
    let container = element.child(plan.agent)?;
    Some(Variant::Bundle(Box::new(Bundle {
        promoted_max: plan.promoted_max,
        replicas_per_host: plan.per_host,
        child: None,
        replicas: Vec::new(),
        agent: container.name(),
        image: container.get("image"),
    })))
}

/// Reads the parts; `false` when one of them makes the bundle unusable.
pub(crate) fn parts(c: &mut Cluster<'_>, bundle: ResourceId) -> bool {
    read_parts(c, bundle).is_some()
}

fn read_parts(c: &mut Cluster<'_>, bundle: ResourceId) -> Option<()> {
    let element = c.resources[bundle].element;
    let agent = c.resources[bundle].as_bundle()?.agent;
    let per_host = element.child(agent)?.get("replicas-per-host").and_then(value::integer).unwrap_or(1);
    if per_host <= 1 {
        c.resources[bundle].flags.remove(F::UNIQUE);
    }
    let child = match element.child("clone") {
        Some(clone) => Some(read_part(c, clone, bundle)?),
        None => None,
    };
    let instances = child.map(|child| c.resources[child].children.clone()).unwrap_or_default();
    if let Some(child) = child {
        set(c, bundle, |it| it.child = Some(child));
        prepare_inside(c, bundle, child, &instances);
    }
    for (index, replica) in element.children_named("replica").enumerate() {
        read_replica(c, bundle, replica, instances.get(index).copied())?;
    }
    c.resources[bundle].children.extend(child);
    Some(())
}

fn set<'d>(c: &mut Cluster<'d>, bundle: ResourceId, change: impl FnOnce(&mut Bundle<'d>)) {
    if let Variant::Bundle(it) = &mut c.resources[bundle].variant {
        change(it);
    }
}

/// What runs inside is only probed inside, and says where its attributes go.
fn prepare_inside(c: &mut Cluster<'_>, bundle: ResourceId, child: ResourceId, instances: &[ResourceId]) {
    for &instance in instances {
        c.resources[instance].flags.insert(F::EXCLUSIVE_DISCOVERY);
        if c.resources[instance].is(F::NOTIFY) {
            c.resources[child].flags.insert(F::NOTIFY);
        }
    }
    let target = instances.last().and_then(|last| c.resources[*last].meta.get("container-attribute-target"));
    if let Some(target) = target {
        for resource in [bundle, child] {
            let mut meta = (*c.resources[resource].meta).clone();
            meta.set("container-attribute-target", target);
            c.resources[resource].meta = Rc::new(meta);
        }
    }
}

fn read_replica<'d>(
    c: &mut Cluster<'d>,
    bundle: ResourceId,
    element: Element<'d>,
    child: Option<ResourceId>,
) -> Option<()> {
    let mut parts = element.children_named("primitive");
    let container = read_part(c, parts.next()?, bundle)?;
    c.resources[bundle].children.push(container);
    let address = element.get("ip");
    let ip = match address {
        Some(_) => Some(read_part(c, parts.next()?, bundle)?),
        None => None,
    };
    c.resources[bundle].children.extend(ip);
    let connection = match (parts.next(), child) {
        (Some(element), Some(child)) => Some(connect(c, bundle, element, child, container)?),
        _ => None,
    };
    c.resources[bundle].children.extend(connection.map(|(remote, _)| remote));
    if let Some(child) = child {
        if let Some(address) = address {
            let mut meta = (*c.resources[child].meta).clone();
            if meta.get("external-ip").is_none() {
                meta.set("external-ip", address);
            }
            c.resources[child].meta = Rc::new(meta);
        }
        // What the inside demands is demanded of the container's node.
        let demand = core::mem::take(&mut c.resources[child].utilization);
        let own = core::mem::replace(&mut c.resources[container].utilization, demand);
        c.resources[child].utilization = own;
    }
    let offset =
        element.get("offset").and_then(value::integer).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let replica = Replica {
        offset,
        ip_address: address,
        node: connection.map(|(_, node)| node),
        ip,
        child,
        container,
        remote: connection.map(|(remote, _)| remote),
    };
    set(c, bundle, |it| it.replicas.push(replica));
    Some(())
}

/// Reads the connection to what runs inside; the container becomes a node, on which nothing else may run.
fn connect<'d>(
    c: &mut Cluster<'d>,
    bundle: ResourceId,
    element: Element<'d>,
    child: ResourceId,
    container: ResourceId,
) -> Option<(ResourceId, NodeId)> {
    let id = element.id()?;
    let node = match c.node_named(id) {
        Some(known) => known,
        None => create(c, id, id, NodeKind::Remote, -INFINITY),
    };
    c.nodes[node].score = -INFINITY;
    c.nodes[node].discovery = Discovery::Never;
    for resource in c.top.clone() {
        disallow(c, resource, node);
    }
    let mut slot = Slot::of(OWN_NODE);
    slot.discovery = Discovery::Exclusive;
    let mut allowed = NodeTable::default();
    allowed.insert(node, slot);
    c.resources[child].allowed = allowed;
    if let Some(clone) = c.resources[child].parent {
        slot.score = -INFINITY;
        c.resources[clone].allowed.insert(node, slot);
    }
    let remote = read_part(c, element, bundle)?;
    // Connections are made by full members.
    let remotes: Vec<NodeId> = c.resources[remote]
        .allowed
        .nodes()
        .into_iter()
        .filter(|node| c.is_behind_connection(*node))
        .collect();
    for other in remotes {
        if let Some(slot) = c.resources[remote].allowed.get_mut(other) {
            slot.score = -INFINITY;
        }
    }
    c.nodes[node].connection = Some(remote);
    c.nodes[node].attributes.insert("#kind", "container");
    let it = &mut c.resources[remote];
    it.container = Some(container);
    it.flags.insert(F::ALLOW_REMOTE_REMOTES);
    Some((remote, node))
}

fn disallow(c: &mut Cluster<'_>, resource: ResourceId, node: NodeId) {
    if let Some(slot) = c.resources[resource].allowed.get_mut(node) {
        slot.score = -INFINITY;
        slot.discovery = Discovery::Never;
    }
    for child in c.resources[resource].children.clone() {
        disallow(c, child, node);
    }
}
