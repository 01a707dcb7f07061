//! The transition as a picture, for graphviz.

use crate::model::{Action, ActionFlags, Cluster, OrderFlags, ResourceFlags, Task};
use alloc::format;
use alloc::string::String;

/// What a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Actions, too, that are not part of the transition.
    pub all_actions: bool,
    /// The numbers of actions.
    pub numbers: bool,
}

/// The transition in the language of graphviz.
#[must_use]
pub fn dot(cluster: &Cluster<'_>, picture: Picture) -> String {
    let mut out = String::from(" digraph \"g\" {\n");
    for action in cluster.actions.iter().rev() {
        if let Some([style, colour]) = style(cluster, action, picture) {
            let font = font(cluster, action);
            let name = name(cluster, action, picture);
            out.push_str(&format!("\"{name}\" [ style={style} color=\"{colour}\" fontcolor=\"{font}\"]\n"));
        }
    }
    for action in cluster.actions.iter().rev() {
        for order in action.before.iter().rev() {
            let before = &cluster.actions[order.action];
            let shown = |action: &Action<'_>| style(cluster, action, picture).is_some();
            let style = if order.dumped {
                "bold"
            } else if order.flags.is_empty() {
                continue;
            } else {
                "dashed"
            };
            let both = shown(before) && shown(action) && order.flags != OrderFlags::LOAD;
            if order.dumped || both || picture.all_actions {
                let [before, after] = [before, action].map(|action| name(cluster, action, picture));
                out.push_str(&format!("\"{before}\" -> \"{after}\" [ style = {style}]\n"));
            }
        }
    }
    out.push_str("}\n");
    out
}

fn is_unmanaged(cluster: &Cluster<'_>, action: &Action<'_>) -> bool {
    action.resource.is_some_and(|resource| !cluster.resources[resource].is(ResourceFlags::MANAGED))
}

/// Style and colour of an action; `None` when it is not shown.
fn style(cluster: &Cluster<'_>, action: &Action<'_>, picture: Picture) -> Option<[&'static str; 2]> {
    if action.is(ActionFlags::DUMPED) {
        Some(["bold", "green"])
    } else if is_unmanaged(cluster, action) {
        picture.all_actions.then_some(["dashed", "red"])
    } else if action.is(ActionFlags::OPTIONAL) {
        picture.all_actions.then_some(["dashed", "blue"])
    } else {
        Some(["dashed", "red"])
    }
}

fn font(cluster: &Cluster<'_>, action: &Action<'_>) -> &'static str {
    if !action.is(ActionFlags::DUMPED) && is_unmanaged(cluster, action) {
        "purple"
    } else if action.is(ActionFlags::PSEUDO) {
        "orange"
    } else {
        "black"
    }
}

fn name(cluster: &Cluster<'_>, action: &Action<'_>, picture: Picture) -> String {
    let host = match action.node {
        Some(node) => Some(cluster.nodes[node].name),
        None if action.is(ActionFlags::PSEUDO) => None,
        None => Some("<none>"),
    };
    let at = host.map(|host| format!(" {host}")).unwrap_or_default();
    let prefix = if action.task == Task::Cancel { "Cancel " } else { "" };
    let text = match action.resource {
        Some(resource) => {
            let it = &cluster.resources[resource];
            let key = match (it.history_name, action.cancelled) {
                (Some(instance), Some(task)) => format!("{instance}_{task}_{}", action.interval_ms()),
                (Some(instance), None) => action.key.text(instance),
                (None, _) => action.key.text(&it.id),
            };
            format!("{prefix}{key}{at}")
        }
        None if action.task == Task::Fence => {
            let how = action.added("stonith_action").unwrap_or_default();
            format!("{prefix}{} '{how}'{at}", action.task)
        }
        None if host.is_some() => format!("{prefix}{}{at}", action.task),
        None => action.name.clone(),
    };
    if picture.numbers { format!("{text} ({})", action.number) } else { text }
}
