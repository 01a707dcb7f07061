//! Orders.

use super::set::{self, Named, Set};
use crate::actions::create::pseudo_singleton;
use crate::model::{
    ActionFlags as A, Cluster, End, Key, OrderFlags as O, ResourceFlags as F, ResourceId, Task,
};
use alloc::format;
use alloc::vec::Vec;
use hb_cib::{Element, value};

/// How strictly an order is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Optional,
    Mandatory,
    Serialize,
}

/// Whether an order holds the other way round, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symmetry {
    Asymmetric,
    Symmetric,
    Inverse,
}

fn kind_of(c: &Cluster<'_>, kind: Option<&str>, score: Option<&str>) -> Kind {
    let is = |name: &str| kind.is_some_and(|kind| kind.eq_ignore_ascii_case(name));
    if is("Optional") || (kind.is_none() && score.is_some() && c.read_score(score) == 0) {
        Kind::Optional
    } else if is("Serialize") {
        Kind::Serialize
    } else {
        Kind::Mandatory
    }
}

fn symmetry_of<'t>(
    c: &Cluster<'_>,
    get: impl Fn(&str) -> Option<&'t str>,
    parent: Kind,
    parent_symmetrical: Option<&str>,
) -> Symmetry {
    let own = get("kind").is_some() || get("score").is_some();
    let kind = if own { kind_of(c, get("kind"), get("score")) } else { parent };
    let said = get("symmetrical")
        .and_then(value::boolean)
        .or_else(|| parent_symmetrical.map(|text| value::is_true(Some(text))));
    if said.unwrap_or(true) && kind != Kind::Serialize { Symmetry::Symmetric } else { Symmetry::Asymmetric }
}

fn flags_of(kind: Kind, first: Task<'_>, symmetry: Symmetry) -> O {
    let extra = match (kind, symmetry) {
        (Kind::Optional, _) => O::empty(),
        (Kind::Serialize, _) => O::SERIALIZE,
        (Kind::Mandatory, Symmetry::Asymmetric) => O::ASYMMETRICAL,
        (Kind::Mandatory, Symmetry::Symmetric) if matches!(first, Task::Start | Task::Promote) => {
            O::IMPLIES_THEN | O::RUNNABLE_FIRST
        }
        (Kind::Mandatory, Symmetry::Symmetric) => O::IMPLIES_THEN,
        (Kind::Mandatory, Symmetry::Inverse) => O::IMPLIES_FIRST,
    };
    O::OPTIONAL | extra
}

pub(super) fn read<'d>(c: &mut Cluster<'d>, element: Element<'d>) {
    let kind = kind_of(c, element.get("kind"), element.get("score"));
    let symmetry = symmetry_of(c, |name| element.get(name), kind, None);
    let Some(sets) = sets(c, element) else { return };
    let mut last: Option<Set<'d>> = None;
    for set in sets {
        if within(c, &set, kind, element.get("symmetrical")).is_none() {
            return;
        }
        if let Some(last) = &last {
            let forth = between(c, last, &set, kind, symmetry);
            if forth.is_none() {
                return;
            }
            if symmetry == Symmetry::Symmetric && between(c, &set, last, kind, Symmetry::Inverse).is_none() {
                return;
            }
        }
        last = Some(set);
    }
    if last.is_none() {
        simple(c, element, kind, symmetry);
    }
}

fn sets<'d>(c: &Cluster<'d>, element: Element<'d>) -> Option<Vec<Set<'d>>> {
    let listed = set::read(c, element)?;
    if !listed.is_empty() {
        return Some(listed);
    }
    let (Some(first), Some(then)) = (element.get("first"), element.get("then")) else { return Some(listed) };
    match (set::meaning(c, first), set::meaning(c, then)) {
        (Named::Nothing, _) | (_, Named::Nothing) => None,
        (Named::Resource, Named::Resource) => Some(listed),
        _ => Some(alloc::vec![
            set::of_name(c, first, element.get("first-action"))?,
            set::of_name(c, then, element.get("then-action"))?,
        ]),
    }
}

fn task_of<'d>(set: &Set<'d>) -> Task<'d> {
    set.get("action").map_or(Task::Start, Task::read)
}

/// Members of one set follow each other; `None` when one leads nowhere.
fn within<'d>(
    c: &mut Cluster<'d>,
    set: &Set<'d>,
    parent: Kind,
    parent_symmetrical: Option<&str>,
) -> Option<()> {
    let task = task_of(set);
    let kind = if set.get("kind").is_some() { kind_of(c, set.get("kind"), set.get("score")) } else { parent };
    let symmetry =
        symmetry_of(c, |name| set.get(name).filter(|_| name != "action"), parent, parent_symmetrical);
    let sequential = set.get("sequential").map_or(set.sequential, |text| Some(value::is_true(Some(text))));
    let sequential = sequential.unwrap_or(true);
    let flags = flags_of(kind, task, symmetry);
    let members: Vec<ResourceId> = set.members.iter().map(|id| c.constrained(id)).collect::<Option<_>>()?;
    if members.len() == 1 {
        return Some(());
    }
    for (position, resource) in members.iter().enumerate() {
        if kind == Kind::Serialize {
            for other in members.iter().skip(position + 1) {
                c.order_tasks(*resource, task, *other, task, flags);
            }
        } else if let Some(next) = members.get(position + 1).filter(|_| sequential) {
            c.order_tasks(*resource, task, *next, task, flags);
        }
    }
    let inverse = task.inverse()?;
    if symmetry == Symmetry::Asymmetric || !sequential {
        return Some(());
    }
    let flags = flags_of(kind, inverse, Symmetry::Inverse);
    for pair in members.windows(2) {
        if let [one, other] = pair {
            c.order_tasks(*other, inverse, *one, inverse, flags);
        }
    }
    Some(())
}

/// The members of one set come before those of the next; `None` when one leads nowhere.
fn between<'d>(
    c: &mut Cluster<'d>,
    first: &Set<'d>,
    second: &Set<'d>,
    kind: Kind,
    symmetry: Symmetry,
) -> Option<()> {
    let inverse = symmetry == Symmetry::Inverse;
    let turn = |task: Task<'d>| if inverse { task.inverse() } else { Some(task) };
    let (task, then) = (turn(task_of(first))?, turn(task_of(second))?);
    let require_all = first.get("require-all").and_then(value::boolean).unwrap_or(true)
        || matches!(task, Task::Stop | Task::Demote);
    let flags = flags_of(kind, then, symmetry);
    let resolve = |c: &Cluster<'d>, set: &Set<'d>| -> Option<Vec<ResourceId>> {
        set.members.iter().map(|id| c.constrained(id)).collect()
    };
    if !require_all {
        let point = pseudo_singleton(c, format!("one-or-more:{}", first.id), Task::Other(""));
        c.actions[point].flags.insert(A::REQUIRES_ANY);
        for resource in resolve(c, first)? {
            let end = End::of(resource, Key::Op(task, 0));
            c.order(end, End::action(point), O::ONE_OR_MORE | O::IMPLIES_THEN_PRINTED);
        }
        for resource in resolve(c, second)? {
            let end = End::of(resource, Key::Op(then, 0));
            c.order(End::action(point), end, flags | O::RUNNABLE_FIRST);
        }
        return Some(());
    }
    let mut firsts = resolve(c, first)?;
    let mut seconds = resolve(c, second)?;
    // Of a sequence its near end counts.
    let last = |list: &mut Vec<ResourceId>| {
        let skip = list.len().saturating_sub(1);
        list.drain(..skip);
    };
    if first.is_said_sequential() {
        if inverse { firsts.truncate(1) } else { last(&mut firsts) }
    }
    if second.is_said_sequential() {
        if inverse { last(&mut seconds) } else { seconds.truncate(1) }
    }
    for one in &firsts {
        for other in &seconds {
            c.order_tasks(*one, task, *other, then, flags);
        }
    }
    Some(())
}

fn simple<'d>(c: &mut Cluster<'d>, element: Element<'d>, kind: Kind, symmetry: Symmetry) {
    let find = |c: &Cluster<'d>, name: &str, instance: &str| {
        let resource = c.constrained(element.get(name)?)?;
        match element.get(instance) {
            None => Some(resource),
            Some(number) => c.instance_of(resource, number),
        }
    };
    let (Some(first), Some(then)) = (find(c, "first", "first-instance"), find(c, "then", "then-instance"))
    else {
        return;
    };
    let task = element.get("first-action").map_or(Task::Start, Task::read);
    let then_task = element.get("then-action").map_or(task, Task::read);
    let restarts = kind == Kind::Optional && c.resources[then].is(F::RESTART_TYPE);
    let mut flags = flags_of(kind, task, symmetry);
    flags.set(O::IMPLIES_THEN, flags.contains(O::IMPLIES_THEN) || restarts);
    let minimum = minimum_instances(c, first, element);
    if minimum > 0 {
        at_least(c, element.id().unwrap_or_default(), first, task, then, then_task, flags, minimum);
    } else {
        c.order_tasks(first, task, then, then_task, flags);
    }
    if symmetry == Symmetry::Symmetric
        && let (Some(task), Some(then_task)) = (task.inverse(), then_task.inverse())
    {
        let mut flags = flags_of(kind, task, Symmetry::Inverse);
        flags.set(O::IMPLIES_FIRST, flags.contains(O::IMPLIES_FIRST) || restarts);
        c.order_tasks(then, then_task, first, task, flags);
    }
}

/// How many instances of a clone have to be active; 0 when all that can be.
fn minimum_instances(c: &Cluster<'_>, first: ResourceId, element: Element<'_>) -> i32 {
    let it = &c.resources[first];
    if !it.is_clone() {
        return 0;
    }
    if let Some(text) = it.meta.get("clone-min") {
        let number = value::integer(text).unwrap_or(0).clamp(0, i64::from(i32::MAX));
        return i32::try_from(number).unwrap_or(0);
    }
    let require_all = element.get("require-all");
    i32::from(require_all.is_some() && !value::is_true(require_all))
}

/// What follows waits for so many instances of a clone.
// Both ends, how they are related, and how many.
#[allow(clippy::too_many_arguments)]
fn at_least<'d>(
    c: &mut Cluster<'d>,
    id: &str,
    first: ResourceId,
    task: Task<'d>,
    then: ResourceId,
    then_task: Task<'d>,
    flags: O,
    minimum: i32,
) {
    let point = pseudo_singleton(c, format!("clone-one-or-more:{id}"), Task::Other(""));
    c.actions[point].required_runnable_before = minimum;
    c.actions[point].flags.insert(A::REQUIRES_ANY);
    for child in c.resources[first].children.clone() {
        let end = End::of(child, Key::Op(task, 0));
        c.order(end, End::action(point), O::ONE_OR_MORE | O::IMPLIES_THEN_PRINTED);
    }
    c.order(End::action(point), End::of(then, Key::Op(then_task, 0)), flags | O::RUNNABLE_FIRST);
}
