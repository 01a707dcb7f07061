//! Sets of resources in constraints. Tags and templates stand for the resources under them.

use crate::model::Cluster;
use alloc::vec::Vec;
use hb_cib::{Element, value};

/// A set as it counts.
#[derive(Clone, Debug)]
pub(super) struct Set<'d> {
    pub(super) id: &'d str,
    /// The element; absent for what was named without a set.
    element: Option<Element<'d>>,
    /// Ids of resources.
    pub(super) members: Vec<&'d str>,
    /// Members one after the other; `None` when it is not said.
    pub(super) sequential: Option<bool>,
    /// Role, or action, that was given beside the name.
    pub(super) qualifier: Option<&'d str>,
}

impl<'d> Set<'d> {
    /// An attribute of the set.
    pub(super) fn get(&self, name: &str) -> Option<&'d str> {
        let given = self.element.and_then(|element| element.get(name));
        given.or(self.qualifier.filter(|_| name == "role" || name == "action"))
    }

    /// Whether `sequential` is said to be true.
    pub(super) fn is_said_sequential(&self) -> bool {
        self.sequential == Some(true)
    }
}

/// What a name in a constraint means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Resource,
    Tag,
    Nothing,
}

pub(super) fn meaning(c: &Cluster<'_>, id: &str) -> Named {
    if c.constrained(id).is_some() {
        Named::Resource
    } else if references(c, id).is_some() {
        Named::Tag
    } else {
        Named::Nothing
    }
}

/// The ids under a tag or template. A template without resources hides a tag of its name.
pub(super) fn references<'c, 'd>(c: &'c Cluster<'d>, id: &str) -> Option<&'c [&'d str]> {
    let tag = c.templates.get(id).or_else(|| c.tags.get(id))?;
    (!tag.references.is_empty()).then_some(tag.references.as_slice())
}

/// The sets of a constraint, in order; `None` when one leads nowhere.
pub(super) fn read<'d>(c: &Cluster<'d>, element: Element<'d>) -> Option<Vec<Set<'d>>> {
    let listed: Vec<Element<'d>> = element.children_named("resource_set").collect();
    // Tags are only looked up when every member means something.
    let known = listed.iter().all(|set| {
        let mut members = set.children_named("resource_ref").filter_map(Element::id);
        members.all(|id| meaning(c, id) != Named::Nothing)
    });
    listed.into_iter().map(|set| read_one(c, set, known)).collect()
}

fn read_one<'d>(c: &Cluster<'d>, set: Element<'d>, with_tags: bool) -> Option<Set<'d>> {
    let element = c.ids.resolve(set)?;
    let mut members = Vec::new();
    let tags = with_tags && element == set;
    for id in element.children_named("resource_ref").filter_map(Element::id) {
        match references(c, id).filter(|_| tags && meaning(c, id) == Named::Tag) {
            Some(references) => members.extend_from_slice(references),
            None => members.push(id),
        }
    }
    Some(Set {
        id: element.id().unwrap_or_default(),
        element: Some(element),
        members,
        sequential: element.get("sequential").and_then(value::boolean),
        qualifier: None,
    })
}

/// A set for one name: of what is under a tag, or of one resource.
pub(super) fn of_name<'d>(c: &Cluster<'d>, id: &'d str, qualifier: Option<&'d str>) -> Option<Set<'d>> {
    let tag = match meaning(c, id) {
        Named::Nothing => return None,
        Named::Tag => references(c, id),
        Named::Resource => None,
    };
    Some(Set {
        id,
        element: None,
        members: tag.map_or_else(|| alloc::vec![id], <[&str]>::to_vec),
        sequential: tag.is_some().then_some(false),
        qualifier,
    })
}
