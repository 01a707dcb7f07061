//! A resource gets its node.

use super::nodes::{Scored, is_wanted};
use super::utilization;
use crate::model::{ActionFlags as A, Cluster, ResourceFlags as F, ResourceId, Task};
use hb_cib::Role;

/// Gives a resource a node, or none; says whether it has one now. Only what is forced gets an unusable one.
pub(crate) fn finalize(
    c: &mut Cluster<'_>,
    resource: ResourceId,
    chosen: Option<Scored>,
    force: bool,
) -> bool {
    let usable = |c: &Cluster<'_>, scored: Scored| {
        scored.1 >= 0 && (is_wanted(c, scored) || c.is_guest_node(scored.0))
    };
    let chosen = chosen.filter(|scored| force || usable(c, *scored));
    unassign(c, resource);
    c.resources[resource].flags.remove(F::PROVISIONAL);
    let Some((node, _)) = chosen else {
        c.want(resource, Role::Stopped);
        stop_everywhere(c, resource);
        return false;
    };
    c.resources[resource].assigned = Some(node);
    c.nodes[node].resource_count += 1;
    utilization::consume(c, node, resource);
    true
}

/// What is known of the actions of a resource that will not run.
fn stop_everywhere(c: &mut Cluster<'_>, resource: ResourceId) {
    for action in c.resources[resource].actions.clone() {
        let it = &mut c.actions[action];
        match it.task {
            Task::Stop => it.flags.remove(A::OPTIONAL),
            Task::Start => it.flags.remove(A::RUNNABLE),
            _ if it.interval_ms() != 0 && it.added("op_target_rc") != Some("7") => {
                it.flags.remove(A::RUNNABLE);
            }
            _ => {}
        }
    }
}

/// Takes a resource from its node.
pub(crate) fn unassign(c: &mut Cluster<'_>, resource: ResourceId) {
    let Some(node) = c.resources[resource].assigned.take() else { return };
    c.resources[resource].flags.insert(F::PROVISIONAL);
    c.nodes[node].resource_count -= 1;
    utilization::release(c, node, resource);
}

/// Gives the parts of a resource a node, or none.
pub(crate) fn assign_parts(c: &mut Cluster<'_>, resource: ResourceId, chosen: Option<Scored>, force: bool) {
    let children = c.resources[resource].children.clone();
    if children.is_empty() {
        finalize(c, resource, chosen, force);
    }
    for child in children {
        assign_parts(c, child, chosen, force);
    }
}
