//! Actions of promotable clones.

use super::create::pseudo;
use super::notify;
use crate::model::{ActionFlags as A, Cluster, INFINITY, OrderFlags as O, ResourceId, Task};

/// Makes the actions of instances, and the points around promotions and demotions.
pub(super) fn create(c: &mut Cluster<'_>, clone: ResourceId) {
    let (mut promoting, mut demoting) = (false, false);
    for child in c.resources[clone].children.clone() {
        crate::methods::create_actions(c, child);
        note_changes(c, child, &mut promoting, &mut demoting);
    }
    create_points(c, clone, promoting, demoting);
    let priority = c.resources[clone].priority;
    for child in c.resources[clone].children.clone() {
        c.resources[child].priority = priority;
    }
}

/// Whether a resource, or a part of it, is promoted or demoted.
pub(crate) fn note_changes(c: &Cluster<'_>, resource: ResourceId, promoting: &mut bool, demoting: &mut bool) {
    let it = &c.resources[resource];
    for child in &it.children {
        note_changes(c, *child, promoting, demoting);
    }
    if it.children.is_empty() {
        for action in
            it.actions.iter().map(|action| &c.actions[*action]).filter(|action| !action.is(A::OPTIONAL))
        {
            *demoting |= action.task == Task::Demote;
            *promoting |= action.task == Task::Promote;
        }
    }
}

/// Makes the four points around promotions and demotions of a clone.
pub(crate) fn create_points(c: &mut Cluster<'_>, clone: ResourceId, promoting: bool, demoting: bool) {
    let promote = pseudo(c, clone, Task::Promote, !promoting, true);
    let promoted = pseudo(c, clone, Task::Promoted, !promoting, true);
    c.actions[promoted].priority = INFINITY;
    let Some(data) = c.resources[clone].as_clone() else { return };
    if data.promote_notify.is_none() {
        let points = notify::points(c, clone, Task::Promote, Some(promote), Some(promoted));
        if let Some(data) = c.resources[clone].as_clone_mut() {
            data.promote_notify = points;
        }
    }
    let demote = pseudo(c, clone, Task::Demote, !demoting, true);
    let demoted = pseudo(c, clone, Task::Demoted, !demoting, true);
    c.actions[demoted].priority = INFINITY;
    let Some(data) = c.resources[clone].as_clone() else { return };
    if data.demote_notify.is_some() {
        return;
    }
    let points = notify::points(c, clone, Task::Demote, Some(demote), Some(demoted));
    let Some(data) = c.resources[clone].as_clone_mut() else { return };
    data.demote_notify = points;
    let done = |points: Option<crate::model::Notifications>| points.and_then(|points| points.post_done);
    let pre = |points: Option<crate::model::Notifications>| points.and_then(|points| points.pre);
    let (stop, start, promote, demote) =
        (data.stop_notify, data.start_notify, data.promote_notify, data.demote_notify);
    if promote.is_none() {
        return;
    }
    for (first, then) in
        [(stop, promote), (start, promote), (demote, promote), (demote, start), (demote, stop)]
    {
        if let (Some(first), Some(then)) = (done(first), pre(then)) {
            c.order_actions(first, then, O::OPTIONAL);
        }
    }
}
