//! Colocations.

use super::set::{self, Named, Set};
use crate::model::{
    Cluster, Colocation, ColocationId, INFINITY, OrderFlags as O, ResourceFlags as F, ResourceId, Task,
};
use alloc::vec::Vec;
use core::cmp::Ordering;
use hb_cib::{Element, Role, value};

/// A colocation that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'d> {
    pub(crate) id: &'d str,
    pub(crate) attribute: Option<&'d str>,
    pub(crate) score: i32,
    pub(crate) dependent: ResourceId,
    pub(crate) primary: ResourceId,
    pub(crate) dependent_role: Role,
    pub(crate) primary_role: Role,
    pub(crate) influence: bool,
}

impl<'d> Request<'d> {
    /// One without roles that moves its primary.
    pub(crate) fn between(dependent: ResourceId, primary: ResourceId, id: &'d str, score: i32) -> Self {
        Request {
            id,
            attribute: None,
            score,
            dependent,
            primary,
            dependent_role: Role::Unknown,
            primary_role: Role::Unknown,
            influence: true,
        }
    }
}

/// Adds a colocation; of none of score 0.
pub(crate) fn add<'d>(c: &mut Cluster<'d>, request: Request<'d>) {
    let Request { id, attribute, score, dependent, primary, dependent_role, primary_role, influence } =
        request;
    if score == 0 {
        return;
    }
    let constraint = c.colocations.add(Colocation {
        id,
        attribute,
        dependent,
        primary,
        dependent_role,
        primary_role,
        score,
        influence,
    });
    c.add_this_with(dependent, constraint);
    c.add_with_this(primary, constraint);
    if score <= -INFINITY {
        order_apart(c, (dependent, dependent_role), (primary, primary_role));
        order_apart(c, (primary, primary_role), (dependent, dependent_role));
    }
}

/// Two that avoid each other change places one after the other.
fn order_apart(c: &mut Cluster<'_>, first: (ResourceId, Role), then: (ResourceId, Role)) {
    let leaving: &[Task<'static>] = match first.1 {
        Role::Promoted => &[Task::Demote],
        Role::Unpromoted => &[Task::Stop, Task::Promote],
        _ => &[Task::Stop],
    };
    let coming: &[Task<'static>] = match then.1 {
        Role::Promoted => &[Task::Promote],
        Role::Unpromoted => &[Task::Start, Task::Demote],
        _ => &[Task::Start],
    };
    for leave in leaving {
        for come in coming {
            c.order_tasks(first.0, *leave, then.0, *come, O::ANTI_COLOCATION);
        }
    }
}

impl Cluster<'_> {
    /// Lists a colocation at its dependent, the most important primary first.
    pub(crate) fn add_this_with(&mut self, resource: ResourceId, constraint: ColocationId) {
        let new = self.colocations[constraint].primary;
        let list = &self.resources[resource].this_with;
        let place = |known: &ColocationId| {
            self.importance(new, self.colocations[*known].primary) != Ordering::Greater
        };
        let at = list.iter().position(place).unwrap_or(list.len());
        self.resources[resource].this_with.insert(at, constraint);
    }

    /// Lists a colocation at its primary, the most important dependent first.
    pub(crate) fn add_with_this(&mut self, resource: ResourceId, constraint: ColocationId) {
        let new = self.colocations[constraint].dependent;
        let list = &self.resources[resource].with_this;
        let place = |known: &ColocationId| {
            self.importance(new, self.colocations[*known].dependent) != Ordering::Greater
        };
        let at = list.iter().position(place).unwrap_or(list.len());
        self.resources[resource].with_this.insert(at, constraint);
    }

    fn importance(&self, one: ResourceId, other: ResourceId) -> Ordering {
        let (a, b) = (&self.resources[one], &self.resources[other]);
        let promotable = |flags: F| flags.contains(F::PROMOTABLE);
        let by_role =
            if a.is_clone() { promotable(b.flags).cmp(&promotable(a.flags)) } else { Ordering::Equal };
        b.priority.cmp(&a.priority).then(b.rank().cmp(&a.rank())).then(by_role).then_with(|| a.id.cmp(&b.id))
    }
}

/// Roles other than started count.
fn role(text: Option<&str>) -> Role {
    match text.and_then(Role::read) {
        Some(Role::Started) | None => Role::Unknown,
        Some(role) => role,
    }
}

pub(super) fn read<'d>(c: &mut Cluster<'d>, element: Element<'d>) {
    let score = c.read_score(element.get("score"));
    let influence = element.get("influence");
    let Some(sets) = sets(c, element) else { return };
    let mut last: Option<Set<'d>> = None;
    for set in sets {
        within(c, &set, score, influence);
        if let Some(last) = &last {
            between(c, element.id().unwrap_or_default(), last, &set, score, influence);
        }
        last = Some(set);
    }
    if last.is_none() {
        simple(c, element, score, influence);
    }
}

/// The sets of a colocation, named or listed; `None` when it means nothing.
fn sets<'d>(c: &Cluster<'d>, element: Element<'d>) -> Option<Vec<Set<'d>>> {
    let listed = set::read(c, element)?;
    if !listed.is_empty() {
        return Some(listed);
    }
    let (Some(dependent), Some(primary)) = (element.get("rsc"), element.get("with-rsc")) else {
        return Some(listed);
    };
    match (set::meaning(c, dependent), set::meaning(c, primary)) {
        (Named::Nothing, _) | (_, Named::Nothing) | (Named::Tag, Named::Tag) => None,
        (Named::Resource, Named::Resource) => Some(listed),
        _ => Some(alloc::vec![
            set::of_name(c, dependent, element.get("rsc-role"))?,
            set::of_name(c, primary, element.get("with-rsc-role"))?,
        ]),
    }
}

fn moves(c: &Cluster<'_>, resource: ResourceId, influence: Option<&str>) -> bool {
    influence.and_then(value::boolean).unwrap_or_else(|| c.resources[resource].is(F::CRITICAL))
}

/// Members of one set go along with each other.
fn within<'d>(c: &mut Cluster<'d>, set: &Set<'d>, score: i32, influence: Option<&str>) {
    let score = set.get("score").map_or(score, |text| c.read_score(Some(text)));
    if score == 0 || set.sequential == Some(false) {
        return;
    }
    let role = role(set.get("role"));
    let request = |c: &Cluster<'d>, dependent: ResourceId, primary: ResourceId| Request {
        dependent_role: role,
        primary_role: role,
        influence: moves(c, dependent, influence),
        ..Request::between(dependent, primary, set.id, score)
    };
    if score < 0 {
        for (position, id) in set.members.iter().enumerate() {
            let Some(resource) = c.constrained(id) else { return };
            for other in set.members.iter().take(position) {
                if c.resources[resource].id == *other {
                    break;
                }
                let Some(with) = c.constrained(other) else { return };
                add(c, request(c, resource, with));
            }
        }
        return;
    }
    let grouped = set.get("ordering").is_none_or(|text| text.eq_ignore_ascii_case("group"));
    let mut last: Option<ResourceId> = None;
    for id in &set.members {
        let Some(resource) = c.constrained(id) else { return };
        if let Some(last) = last {
            let (dependent, primary) = if grouped { (resource, last) } else { (last, resource) };
            add(c, request(c, dependent, primary));
        }
        last = Some(resource);
    }
}

/// The members of one set go along with those of the next.
fn between<'d>(
    c: &mut Cluster<'d>,
    id: &'d str,
    first: &Set<'d>,
    second: &Set<'d>,
    score: i32,
    influence: Option<&str>,
) {
    let sequential = |set: &Set<'_>| set.sequential.unwrap_or(true);
    let mut dependents: Vec<&str> = first.members.clone();
    if sequential(first) {
        dependents.truncate(1);
    }
    let skip = if sequential(second) { second.members.len().saturating_sub(1) } else { 0 };
    let primaries: Vec<&str> = second.members.iter().skip(skip).copied().collect();
    for dependent in dependents {
        let Some(dependent) = c.constrained(dependent) else { return };
        for primary in &primaries {
            let Some(primary) = c.constrained(primary) else { return };
            let influence = moves(c, dependent, influence);
            add(
                c,
                Request {
                    dependent_role: role(first.get("role")),
                    primary_role: role(second.get("role")),
                    influence,
                    ..Request::between(dependent, primary, id, score)
                },
            );
        }
    }
}

fn simple<'d>(c: &mut Cluster<'d>, element: Element<'d>, score: i32, influence: Option<&str>) {
    let find = |c: &Cluster<'d>, name: &str, instance: &str| {
        let resource = c.constrained(element.get(name)?)?;
        match element.get(instance) {
            None => Some(resource),
            Some(number) => c.instance_of(resource, number),
        }
    };
    let (Some(dependent), Some(primary)) =
        (find(c, "rsc", "rsc-instance"), find(c, "with-rsc", "with-rsc-instance"))
    else {
        return;
    };
    let influence = moves(c, dependent, influence);
    add(
        c,
        Request {
            attribute: element.get("node-attribute"),
            dependent_role: role(element.get("rsc-role")),
            primary_role: role(element.get("with-rsc-role")),
            influence,
            ..Request::between(dependent, primary, element.id().unwrap_or_default(), score)
        },
    );
}
