//! Primitives made from templates.

use super::by_id;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{collections::BTreeSet, format};
use hb_cib::{Document, Element, NodeId};

/// Primitives that are made from a template that exists, each with its template.
pub(super) fn uses(resources: Element<'_>) -> Vec<(Element<'_>, Element<'_>)> {
    let templates = by_id(resources);
    let usable = |element: &Element<'_>| {
        element.is("primitive") && element.id().is_some() && element.get("template") != element.id()
    };
    resources
        .descendants()
        .filter(usable)
        .filter_map(|primitive| {
            let template = templates.get(primitive.get("template")?)?.first()?;
            Some((primitive, *template))
        })
        .collect()
}

/// Puts what a template has before what the primitive has itself.
pub(super) fn merge(work: &mut Document, primitive: Element<'_>, template: Element<'_>) {
    let target = primitive.node();
    for (name, _) in primitive.attributes().filter(|(name, _)| *name != "id" && *name != "template") {
        work.unset(target, name);
    }
    for (name, value) in template.attributes().filter(|(name, _)| *name != "id") {
        work.set(target, name, value);
    }
    let own: Vec<Element<'_>> = primitive.children().collect();
    let own_operations = own.iter().rev().find(|child| child.is("operations"));
    for child in template.children() {
        match own_operations {
            Some(operations) if child.is("operations") => merge_operations(work, *operations, child),
            _ => {
                work.append_copy(target, child);
            }
        }
    }
    for child in own {
        work.move_into(target, child.node());
    }
}

fn merge_operations(work: &mut Document, own: Element<'_>, inherited: Element<'_>) {
    let known: BTreeSet<String> = own.children().map(key).collect();
    let target: NodeId = own.node();
    for operation in inherited.children().filter(|operation| !known.contains(&key(*operation))) {
        work.append_copy(target, operation);
    }
}

/// Operations of the same name and role are the same operation.
fn key(operation: Element<'_>) -> String {
    let role = operation.get("role").unwrap_or("Unknown");
    let ordinary = ["Started", "Unpromoted", "Slave"].iter().any(|known| role.eq_ignore_ascii_case(known));
    let role = if ordinary { "Unknown" } else { role };
    format!("{}-{role}", operation.get("name").map(ToString::to_string).unwrap_or_default())
}
