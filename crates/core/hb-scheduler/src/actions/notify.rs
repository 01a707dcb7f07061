//! Telling instances about each other's changes.

use super::create::custom;
use crate::model::{
    ActionFlags as A, ActionId, Cluster, INFINITY, Key, NodeId, NodeTable, Notifications, OrderFlags as O,
    Phase, ResourceFlags as F, ResourceId, Task,
};
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_cib::Role;

/// Makes the points around telling about a task; none when nobody is to be told.
pub(crate) fn points<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    task: Task<'d>,
    action: Option<ActionId>,
    complete: Option<ActionId>,
) -> Option<Notifications> {
    if !c.resources[resource].is(F::NOTIFY) {
        return None;
    }
    let mut points = Notifications { pre: None, pre_done: None, post: None, post_done: None };
    if let Some(action) = action {
        let pre = point(c, resource, action, Task::Notify, Phase::Pre, "pre", task);
        let done = point(c, resource, action, Task::Notified, Phase::ConfirmedPre, "pre", task);
        c.actions[pre].flags.insert(A::RUNNABLE);
        c.actions[done].flags.insert(A::RUNNABLE);
        c.order_actions(pre, done, O::OPTIONAL);
        c.order_actions(done, action, O::OPTIONAL);
        points = Notifications { pre: Some(pre), pre_done: Some(done), ..points };
    }
    if let Some(complete) = complete {
        let post = point(c, resource, complete, Task::Notify, Phase::Post, "post", task);
        let done = point(c, resource, complete, Task::Notified, Phase::ConfirmedPost, "post", task);
        let runnable = c.actions[complete].is(A::RUNNABLE);
        for it in [post, done] {
            c.actions[it].priority = INFINITY;
            c.actions[it].flags.set(A::RUNNABLE, runnable);
        }
        c.order_actions(complete, post, O::IMPLIES_THEN);
        c.order_actions(post, done, O::IMPLIES_THEN);
        points = Notifications { post: Some(post), post_done: Some(done), ..points };
    }
    if let (Some(done), Some(post)) = (points.pre_done, points.post) {
        c.order_actions(done, post, O::OPTIONAL);
    }
    Some(points)
}

fn point<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    about: ActionId,
    task: Task<'d>,
    phase: Phase,
    kind: &'static str,
    operation: Task<'d>,
) -> ActionId {
    let optional = c.actions[about].is(A::OPTIONAL);
    let about = c.actions[about].task;
    let point = custom(c, resource, Key::Notify(phase, about), task, None, optional);
    let it = &mut c.actions[point];
    it.flags.insert(A::PSEUDO);
    it.add("notify_key_type", phase.name());
    it.add("notify_key_operation", about.name());
    it.add("notify_type", kind);
    it.add("notify_operation", operation.name());
    point
}

/// A resource somewhere.
type Entry = (ResourceId, Option<NodeId>);

/// Who does what, for one telling.
#[derive(Clone, Debug, Default)]
struct Roll {
    inactive: Vec<Entry>,
    active: Vec<Entry>,
    unpromoted: Vec<Entry>,
    promoted: Vec<Entry>,
    start: Vec<Entry>,
    stop: Vec<Entry>,
    promote: Vec<Entry>,
    demote: Vec<Entry>,
    allowed: Option<NodeTable>,
}

/// What everybody is told.
type Told<'d> = Vec<(&'d str, String)>;

/// Makes the notifications of a clone around one task.
pub(crate) fn create<'d>(
    c: &mut Cluster<'d>,
    clone: ResourceId,
    task: Task<'d>,
    points: Option<Notifications>,
) {
    let Some(points) = points else { return };
    let mut roll = Roll::default();
    collect(c, clone, true, &mut roll);
    let told = tell(c, clone, &mut roll);
    let required = match task {
        Task::Stop => !roll.stop.is_empty(),
        Task::Start => !roll.start.is_empty(),
        Task::Promote => !roll.promote.is_empty(),
        _ => !roll.demote.is_empty(),
    };
    if required {
        for point in [points.pre, points.pre_done, points.post, points.post_done].into_iter().flatten() {
            c.actions[point].flags.remove(A::OPTIONAL);
        }
    }
    create_actions(c, clone, task, &points, &roll, &told);
}

fn collect(c: &Cluster<'_>, resource: ResourceId, changes: bool, roll: &mut Roll) {
    let it = &c.resources[resource];
    if roll.allowed.is_none() {
        roll.allowed = Some(it.allowed.clone());
    }
    if !it.children.is_empty() {
        it.children.iter().for_each(|child| collect(c, *child, changes, roll));
        return;
    }
    let entry = (resource, it.running_on.first().copied());
    match it.role {
        Role::Stopped => roll.inactive.push(entry),
        Role::Started => roll.active.push(entry),
        Role::Unpromoted => {
            roll.unpromoted.push(entry);
            roll.active.push(entry);
        }
        Role::Promoted => {
            roll.promoted.push(entry);
            roll.active.push(entry);
        }
        Role::Unknown => {}
    }
    for action in it.actions.iter().rev().map(|action| &c.actions[*action]).filter(|_| changes) {
        let Some(node) = action.node.filter(|_| !action.is(A::OPTIONAL)) else { continue };
        let lost = action.task == Task::Stop && c.nodes[node].unclean;
        if !lost && !action.is(A::RUNNABLE) {
            continue;
        }
        match action.task {
            Task::Start => roll.start.push((resource, Some(node))),
            Task::Stop => roll.stop.push((resource, Some(node))),
            Task::Promote => roll.promote.push((resource, Some(node))),
            Task::Demote => roll.demote.push((resource, Some(node))),
            _ => {}
        }
    }
}

/// Names of resources and of nodes; a blank when there are none.
fn names(c: &Cluster<'_>, list: &mut [Entry], with_nodes: bool) -> (String, String) {
    list.sort_by(|one, other| {
        let id = |entry: &Entry| c.resources[entry.0].id.as_str();
        let node = |entry: &Entry| entry.1.map_or("\u{10ffff}", |node| c.nodes[node].id);
        id(one).cmp(id(other)).then_with(|| node(one).cmp(node(other)))
    });
    let (mut resources, mut nodes) = (String::new(), String::new());
    let mut last = None;
    for (resource, node) in list.iter() {
        if (with_nodes && node.is_none()) || last == Some(*resource) {
            continue;
        }
        last = Some(*resource);
        add_word(&mut resources, &c.resources[*resource].id);
        if let Some(node) = node {
            add_word(&mut nodes, c.nodes[*node].name);
        }
    }
    for text in [&mut resources, &mut nodes] {
        if text.is_empty() {
            text.push(' ');
        }
    }
    (resources, nodes)
}

fn add_word(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

fn node_names(c: &Cluster<'_>, nodes: impl Iterator<Item = NodeId>, hosts: bool) -> String {
    let mut text = String::new();
    for node in nodes {
        let host = c.guest_container(node).filter(|_| hosts).and_then(|container| c.current_node(container));
        add_word(&mut text, c.nodes[host.unwrap_or(node)].name);
    }
    if text.is_empty() {
        text.push(' ');
    }
    text
}

fn tell<'d>(c: &Cluster<'d>, clone: ResourceId, roll: &mut Roll) -> Told<'d> {
    let mut told: Told<'d> = Vec::new();
    let pair = |told: &mut Told<'d>, list: &mut Vec<Entry>, keys: &[(&'d str, &'d str)]| {
        let (resources, nodes) = names(c, list, true);
        for (resource, node) in keys {
            told.push((resource, resources.clone()));
            told.push((node, nodes.clone()));
        }
    };
    pair(&mut told, &mut roll.stop, &[("notify_stop_resource", "notify_stop_uname")]);
    pair(&mut told, &mut roll.start, &[("notify_start_resource", "notify_start_uname")]);
    pair(&mut told, &mut roll.demote, &[("notify_demote_resource", "notify_demote_uname")]);
    pair(&mut told, &mut roll.promote, &[("notify_promote_resource", "notify_promote_uname")]);
    pair(&mut told, &mut roll.active, &[("notify_active_resource", "notify_active_uname")]);
    let unpromoted = [
        ("notify_unpromoted_resource", "notify_unpromoted_uname"),
        ("notify_slave_resource", "notify_slave_uname"),
    ];
    pair(&mut told, &mut roll.unpromoted, &unpromoted);
    let promoted = [
        ("notify_promoted_resource", "notify_promoted_uname"),
        ("notify_master_resource", "notify_master_uname"),
    ];
    pair(&mut told, &mut roll.promoted, &promoted);
    told.push(("notify_inactive_resource", names(c, &mut roll.inactive, false).0));
    let allowed = roll.allowed.take().unwrap_or_default();
    let order = c.node_order.iter().copied();
    told.push((
        "notify_available_uname",
        node_names(c, order.clone().filter(|node| allowed.get(*node).is_some()), false),
    ));
    if c.resources[clone].meta.get("container-attribute-target") == Some("host") {
        told.push(("notify_all_hosts", node_names(c, order.clone(), true)));
    }
    told.push(("notify_all_uname", node_names(c, order, false)));
    told
}

fn add_told<'d>(c: &mut Cluster<'d>, action: ActionId, told: &Told<'d>) {
    for (name, text) in told {
        if !text.eq_ignore_ascii_case("#default") {
            c.actions[action].add(name, Cow::Owned(text.clone()));
        }
    }
}

fn create_actions<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    task: Task<'d>,
    points: &Notifications,
    roll: &Roll,
    told: &Told<'d>,
) {
    let children = c.resources[resource].children.clone();
    if !children.is_empty() {
        children.into_iter().for_each(|child| create_actions(c, child, task, points, roll, told));
        return;
    }
    for action in c.resources[resource].actions.clone().into_iter().rev() {
        let it = &c.actions[action];
        let tells = matches!(it.task, Task::Start | Task::Stop | Task::Promote | Task::Demote);
        if tells && !it.is(A::OPTIONAL) && it.node.is_some() {
            add_told(c, action, told);
        }
    }
    let nothing = match task {
        Task::Start => roll.start.is_empty(),
        Task::Promote => roll.promote.is_empty(),
        Task::Demote => roll.demote.is_empty(),
        _ => false,
    };
    if nothing {
        return;
    }
    let it = &c.resources[resource];
    if it.role != Role::Stopped && matches!(task, Task::Stop | Task::Demote) {
        before_leaving(c, resource, task, points, told);
    }
    if c.resources[resource].next_role != Role::Stopped && matches!(task, Task::Start | Task::Promote) {
        around_coming(c, resource, task, points, told);
    }
}

fn before_leaving<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    task: Task<'d>,
    points: &Notifications,
    told: &Told<'d>,
) {
    let stop = c.first_action(resource, Task::Stop, None);
    for node in c.resources[resource].running_on.clone() {
        let at = &c.nodes[node];
        let implied = stop.is_some_and(|stop| c.actions[stop].is(A::PSEUDO));
        if implied && (at.unclean || at.requires_reset) {
            continue;
        }
        notification(c, resource, node, points.pre, points.pre_done, told);
        if task == Task::Demote || stop.is_none_or(|stop| c.actions[stop].is(A::OPTIONAL)) {
            post_notification(c, resource, node, points, told);
        }
    }
}

fn around_coming<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    task: Task<'d>,
    points: &Notifications,
    told: &Told<'d>,
) {
    let start = c.first_action(resource, Task::Start, None);
    let connection = start.and_then(|start| c.actions[start].node).and_then(|node| c.nodes[node].connection);
    let connect = connection.and_then(|connection| c.first_action(connection, Task::Start, None));
    if connect.is_some_and(|connect| !c.actions[connect].is(A::RUNNABLE)) {
        return;
    }
    let Some(node) = c.resources[resource].assigned else { return };
    if task != Task::Start || start.is_none_or(|start| c.actions[start].is(A::OPTIONAL)) {
        notification(c, resource, node, points.pre, points.pre_done, told);
    }
    post_notification(c, resource, node, points, told);
}

/// Makes one notification of an instance on a node.
fn notification<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    point: Option<ActionId>,
    done: Option<ActionId>,
    told: &Told<'d>,
) -> Option<ActionId> {
    let (point, done) = (point?, done?);
    if !c.nodes[node].online || !c.actions[point].is(A::RUNNABLE) {
        return None;
    }
    let pre = c.actions[point].added("notify_type") == Some("pre");
    let operation = c.actions[point].meta.iter().find(|(name, _)| *name == "notify_operation");
    let operation = match operation.map(|(_, text)| text.clone()) {
        Some(Cow::Borrowed(text)) => Task::read(text),
        _ => return None,
    };
    let phase = if pre { Phase::Pre } else { Phase::Post };
    let optional = c.actions[point].is(A::OPTIONAL);
    let task = c.actions[point].task;
    let action = custom(c, resource, Key::Notify(phase, operation), task, Some(node), optional);
    for (name, text) in c.actions[point].meta.clone() {
        c.actions[action].add(name, text);
    }
    add_told(c, action, told);
    c.order_actions(point, action, O::OPTIONAL);
    c.order_actions(action, done, O::OPTIONAL);
    Some(action)
}

fn post_notification<'d>(
    c: &mut Cluster<'d>,
    resource: ResourceId,
    node: NodeId,
    points: &Notifications,
    told: &Told<'d>,
) {
    if let Some(action) = notification(c, resource, node, points.post, points.post_done, told) {
        c.actions[action].priority = INFINITY;
    }
    let Some(done) = points.post_done else { return };
    for action in c.resources[resource].actions.clone().into_iter().rev() {
        let it = &c.actions[action];
        if it.interval_ms() != 0 && it.task != Task::Cancel {
            c.order_actions(done, action, O::OPTIONAL);
        }
    }
}

/// Those that are left are told that fencing stopped an instance.
pub(super) fn order_after_fencing(
    c: &mut Cluster<'_>,
    stop: ActionId,
    resource: ResourceId,
    fencing: ActionId,
) {
    let Some(points) = points(c, resource, Task::Stop, None, Some(fencing)) else { return };
    let mut roll = Roll::default();
    collect(c, resource, false, &mut roll);
    let node = c.actions[stop].node.map_or("", |node| c.nodes[node].name);
    let told = alloc::vec![
        ("notify_stop_uname", node.to_string()),
        ("notify_stop_resource", c.resources[resource].id.clone()),
    ];
    let top = c.outermost(resource);
    create_actions(c, top, Task::Stop, &points, &roll, &told);
}
