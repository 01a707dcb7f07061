//! Actions of groups.

use super::create::pseudo;
use crate::model::{Cluster, ResourceId, Task};
use hb_cib::value;

/// Makes the actions of members, and the points around them.
pub(crate) fn create(c: &mut Cluster<'_>, group: ResourceId) {
    for member in c.resources[group].children.clone() {
        crate::methods::create_actions(c, member);
    }
    let tasks = [Task::Start, Task::Started, Task::Stop, Task::Stopped];
    let roles = [Task::Demote, Task::Demoted, Task::Promote, Task::Promoted];
    let promotable = value::is_true(c.resources[group].meta.get("promotable"));
    for task in tasks.into_iter().chain(roles.into_iter().filter(|_| promotable)) {
        pseudo(c, group, task, true, true);
    }
}
