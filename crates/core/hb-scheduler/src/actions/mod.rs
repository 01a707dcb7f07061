//! What has to be done: probes, stops, starts, promotions, monitors, migrations, fencing.

pub(crate) mod changes;
pub(crate) mod clone;
pub(crate) mod create;
pub(crate) mod digest;
pub(crate) mod fencing;
pub(crate) mod group;
pub(crate) mod migration;
pub(crate) mod notify;
pub(crate) mod primitive;
pub(crate) mod probes;
pub(crate) mod promotable;
pub(crate) mod recurring;
pub(crate) mod remote;

use crate::model::{Cluster, End, Key, OrderFlags as O, ResourceFlags as F, ResourceId, Task};
use crate::unpack::failcount::{self, Count};

/// Makes the actions of all resources.
pub(crate) fn create_all(c: &mut Cluster<'_>) {
    crate::bundle::remote::check_deferred(c);
    if c.options.startup_probes {
        probes::schedule(c);
    }
    if c.options.stop_orphan_resources {
        for resource in c.top.clone() {
            forget_orphan(c, resource);
        }
    }
    for resource in c.top.clone() {
        crate::methods::create_actions(c, resource);
    }
}

/// The failures of a resource that is no more are forgotten.
fn forget_orphan(c: &mut Cluster<'_>, resource: ResourceId) {
    if !c.resources[resource].is(F::ORPHAN) {
        return;
    }
    for node in c.node_order.clone() {
        if c.nodes[node].online && failcount::count(c, resource, node, Count::Effective, None).0 != 0 {
            let clear = failcount::clear(c, resource, node);
            c.order(End::action(clear), End::of(resource, Key::Op(Task::Stop, 0)), O::OPTIONAL);
        }
    }
}
