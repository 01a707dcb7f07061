//! Resources as configured.

use super::collect;
use super::nodes::{capacities, create, is_connection, suspect};
use crate::model::{
    Clone as CloneData, Cluster, Discovery, Group, INFINITY, NoQuorum, NodeId, NodeKind, NodeSet, NodeTable,
    OperationEntry, Parameters, Recovery, Resource, ResourceFlags as F, ResourceId, Slot, Variant,
};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec::Vec;
use hb_cib::rule::{Agent, Facts};
use hb_cib::{Element, Role, Values, time, value};

/// What instances of one element have in common.
#[derive(Clone, Debug)]
struct Common<'d> {
    meta: Rc<Values<'d>>,
    operations: Rc<[OperationEntry<'d>]>,
    utilization: BTreeMap<&'d str, i32>,
    parameters_vary: bool,
}

/// Known commonalities, by the element's number.
type Shared<'d> = BTreeMap<usize, Common<'d>>;

pub(super) fn read_all<'d>(c: &mut Cluster<'d>, section: Option<Element<'d>>) {
    let mut shared = Shared::new();
    for element in section.into_iter().flat_map(Element::children) {
        if element.id().is_none_or(str::is_empty) {
            continue;
        }
        if element.is("template") {
            c.templates.entry(element.id().unwrap_or_default()).or_default();
        } else if let Some(resource) = read(c, element, None, None, &mut shared) {
            c.top.push(resource);
        }
    }
    for resource in c.top.clone() {
        set_container(c, resource);
        link_connection(c, resource);
    }
    sort_by_priority(c);
}

fn sort_by_priority(c: &mut Cluster<'_>) {
    let mut top = core::mem::take(&mut c.top);
    top.sort_by_key(|resource| core::cmp::Reverse(c.resources[*resource].priority));
    c.top = top;
}

/// Resources with a container know each other.
fn set_container(c: &mut Cluster<'_>, resource: ResourceId) {
    let it = &c.resources[resource];
    if !it.children.is_empty() {
        it.children.clone().into_iter().for_each(|child| set_container(c, child));
        return;
    }
    let Some(id) = it.meta.get("container").filter(|id| *id != it.id) else { return };
    if let Some(container) = c.find_resource(id) {
        c.resources[resource].container = Some(container);
        c.resources[container].flags.insert(F::IS_CONTAINER);
        c.resources[container].fillers.push(resource);
    }
}

/// A connection and its node know each other.
pub(crate) fn link_connection(c: &mut Cluster<'_>, resource: ResourceId) {
    if !c.resources[resource].is(F::IS_REMOTE) {
        return;
    }
    let Some(node) = c.node_named(&c.resources[resource].id) else { return };
    c.nodes[node].connection = Some(resource);
    if c.resources[resource].container.is_none() {
        suspect(c, node);
    } else {
        c.nodes[node].attributes.insert("#kind", "container");
    }
}

/// Reads one resource and what is in it; `None` when it cannot be used.
fn read<'d>(
    c: &mut Cluster<'d>,
    element: Element<'d>,
    parent: Option<ResourceId>,
    instance: Option<u32>,
    shared: &mut Shared<'d>,
) -> Option<ResourceId> {
    let id = element.id()?;
    let template = element.get("template").filter(|_| element.is("primitive"));
    if let Some(template) = template {
        usable_template(c, element, template)?;
    }
    let variant = empty_variant(element)?;
    let common = match shared.get(&element.node().index()).filter(|_| instance.is_some()) {
        Some(known) => known.clone(),
        None => common(c, element, parent),
    };
    if instance.is_some() {
        shared.insert(element.node().index(), common.clone());
    }
    let resource = add(c, element, parent, instance, variant, common);
    configure(c, resource);
    if !unpack_parts(c, resource, shared) {
        forget(c, resource);
        return None;
    }
    if c.options.symmetric || is_guest_connection(c, resource) {
        c.resources[resource].allowed = by_default(c);
    }
    if let Some(template) = template {
        let references = &mut c.templates.entry(template).or_default().references;
        if !references.contains(&id) {
            references.push(id);
        }
    }
    Some(resource)
}

/// A template has to exist, and not be the resource itself.
fn usable_template(c: &Cluster<'_>, element: Element<'_>, template: &str) -> Option<()> {
    let section = c.cib.root().descend(&["configuration", "resources"])?;
    let exists = section.children_named("template").any(|known| known.id() == Some(template));
    (exists && element.id() != Some(template)).then_some(())
}

fn empty_variant(element: Element<'_>) -> Option<Variant<'_>> {
    match element.name() {
        "primitive" => Some(Variant::Primitive),
        "group" => Some(Variant::Group(Group { ordered: true, colocated: true })),
        "clone" | "master" => {
            let template = element.children().find(|child| child.is("primitive") || child.is("group"))?;
            Some(Variant::Clone(Box::new(CloneData {
                max: 0,
                node_max: 0,
                promoted_max: 0,
                promoted_node_max: 0,
                total: 0,
                ordered: false,
                template,
                promotion_added: false,
                promotion_constrained: false,
                start_notify: None,
                stop_notify: None,
                promote_notify: None,
                demote_notify: None,
            })))
        }
        "bundle" => crate::bundle::unpack::empty(element),
        _ => None,
    }
}

fn common<'d>(c: &mut Cluster<'d>, element: Element<'d>, parent: Option<ResourceId>) -> Common<'d> {
    let mut meta = meta_attributes(c, element, parent);
    if element.is("master") && !value::is_true(meta.get("promotable")) {
        meta.set("promotable", "true");
    }
    let mut values = Values::new();
    let facts = c.facts();
    collect(c, &mut values, Some(element), "utilization", &facts);
    Common {
        meta: Rc::new(meta),
        operations: operations(c, element),
        utilization: capacities(&values),
        parameters_vary: parameters_vary(c, element, parent),
    }
}

fn meta_attributes<'d>(c: &mut Cluster<'d>, element: Element<'d>, parent: Option<ResourceId>) -> Values<'d> {
    let agent =
        Agent { class: element.get("class"), provider: element.get("provider"), kind: element.get("type") };
    let facts = Facts { resource: Some(agent), ..c.facts() };
    let mut meta = Values::new();
    for (name, text) in element.attributes() {
        meta.set(name, text);
    }
    collect(c, &mut meta, Some(element), "meta_attributes", &facts);
    let mut inherited = Values::new();
    let mut above = parent;
    while let Some(resource) = above {
        collect(c, &mut inherited, Some(c.resources[resource].element), "meta_attributes", &facts);
        above = c.resources[resource].parent;
    }
    add_missing(&mut meta, &inherited);
    collect(c, &mut meta, c.resource_defaults, "meta_attributes", &facts);
    if let Some(parent) = parent {
        add_missing(&mut meta, &c.resources[parent].meta);
    }
    meta
}

fn add_missing<'d>(values: &mut Values<'d>, more: &Values<'d>) {
    for (name, text) in more.iter() {
        if values.get(name).is_none() {
            values.set(name, text);
        }
    }
}

fn operations<'d>(c: &Cluster<'d>, element: Element<'d>) -> Rc<[OperationEntry<'d>]> {
    let list = element.child("operations").and_then(|list| c.ids.resolve(list));
    let entry = |element: Element<'d>| OperationEntry {
        element,
        name: element.get("name").unwrap_or_default(),
        interval_ms: element.get("interval").and_then(time::interval).unwrap_or(0),
        enabled: element.get("enabled").and_then(value::boolean).unwrap_or(true),
    };
    list.into_iter().flat_map(|list| list.children_named("op")).map(entry).collect()
}

/// Whether a set of parameters has a rule.
fn parameters_vary(c: &Cluster<'_>, element: Element<'_>, parent: Option<ResourceId>) -> bool {
    let ruled = |holder: Element<'_>| {
        holder
            .children_named("instance_attributes")
            .any(|set| set.get("id-ref").is_some() || set.child("rule").is_some())
    };
    ruled(element)
        || match parent {
            Some(parent) => c.resources[parent].parameters_vary,
            None => c.resource_defaults.is_some_and(ruled),
        }
}

fn add<'d>(
    c: &mut Cluster<'d>,
    element: Element<'d>,
    parent: Option<ResourceId>,
    instance: Option<u32>,
    variant: Variant<'d>,
    common: Common<'d>,
) -> ResourceId {
    let id = element.id().unwrap_or_default();
    let id = instance.map_or_else(|| id.to_string(), |number| format!("{id}:{number}"));
    let resource = c.resources.add(Resource {
        id: id.clone(),
        history_name: None,
        element,
        instance,
        variant,
        parent,
        children: Vec::new(),
        operations: common.operations,
        meta: common.meta,
        parameters: Vec::new(),
        parameters_vary: common.parameters_vary,
        utilization: common.utilization,
        flags: F::PROVISIONAL,
        priority: 0,
        sort_index: 0,
        stickiness: 0,
        migration_threshold: INFINITY,
        failure_timeout_s: 0,
        reconnect_ms: 0,
        recovery: Recovery::StopStart,
        pending_task: None,
        pending_node: None,
        role: Role::Stopped,
        next_role: Role::Unknown,
        running_on: Vec::new(),
        known_on: NodeSet::default(),
        allowed: NodeTable::default(),
        assigned: None,
        partial_target: None,
        partial_source: None,
        dangling: Vec::new(),
        lock_node: None,
        lock_time: 0,
        container: None,
        fillers: Vec::new(),
        this_with: Vec::new(),
        with_this: Vec::new(),
        locations: Vec::new(),
        tickets: Vec::new(),
        actions: Vec::new(),
    });
    c.by_id.entry(id).or_insert(resource);
    resource
}

/// A resource that turned out to be unusable is found no more.
fn forget(c: &mut Cluster<'_>, resource: ResourceId) {
    let id = c.resources[resource].id.clone();
    if c.by_id.get(&id) == Some(&resource) {
        c.by_id.remove(&id);
    }
    c.resources[resource].children.clone().into_iter().for_each(|child| forget(c, child));
}

/// Sets what the meta attributes say.
fn configure(c: &mut Cluster<'_>, resource: ResourceId) {
    let meta = c.resources[resource].meta.clone();
    let element = c.resources[resource].element;
    let is = |name: &str| value::is_true(meta.get(name));
    let given = |name: &str| meta.get(name).filter(|text| !text.eq_ignore_ascii_case("default"));
    let mut flags = F::PROVISIONAL;
    flags.set(F::CRITICAL, meta.get("critical").is_none_or(|text| value::is_true(Some(text))));
    flags.set(F::NOTIFY, is("notify"));
    let connection = is_connection(element);
    let guest = connection && meta.get("container").is_some();
    flags.set(F::IS_REMOTE, connection);
    let migrates = meta.get("allow-migrate").map_or(connection && !guest, |text| value::is_true(Some(text)));
    flags.set(F::ALLOW_MIGRATE, migrates);
    let managed = given("is-managed").map_or(!c.options.maintenance, |text| value::is_true(Some(text)));
    flags.set(F::MANAGED, managed && !is("maintenance") && !c.options.maintenance);
    flags.set(F::MAINTENANCE, is("maintenance") || c.options.maintenance);
    if c.resources[c.outermost(resource)].is_clone() {
        flags.set(F::UNIQUE, is("globally-unique"));
        flags.set(F::PROMOTABLE, is("promotable"));
    } else {
        flags.insert(F::UNIQUE);
    }
    flags.set(
        F::RESTART_TYPE,
        meta.get("restart-type").is_some_and(|text| text.eq_ignore_ascii_case("restart")),
    );
    let fence_device = element.get("class").is_some_and(|class| class.eq_ignore_ascii_case("stonith"));
    flags.set(F::FENCE_DEVICE, fence_device);
    c.options.have_fencing_device |= fence_device;
    c.resources[resource].flags = flags;
    requires(c, resource, meta.get("requires"));
    let it = &mut c.resources[resource];
    it.recovery = recovery(meta.get("multiple-active"));
    it.failure_timeout_s = meta.interval("failure-timeout").map_or(0, |ms| i64::from(ms / 1000));
    let priority = c.read_score(meta.get("priority"));
    let stickiness = c.read_score(given("resource-stickiness"));
    let threshold = given("migration-threshold").map(|text| c.read_score(Some(text)));
    let it = &mut c.resources[resource];
    it.priority = priority;
    it.stickiness = stickiness;
    it.migration_threshold = threshold.map_or(INFINITY, |number| if number < 0 { 1 } else { number });
    if connection && !guest {
        let reconnect = c.parameters(resource, None).get("reconnect_interval").copied();
        if let Some(text) = reconnect {
            let it = &mut c.resources[resource];
            it.reconnect_ms = time::interval(text).unwrap_or(0);
            it.failure_timeout_s = i64::from(it.reconnect_ms / 1000);
        }
    }
    if let Some(role) = target_role(c, resource) {
        c.want(resource, role);
    }
}

fn recovery(text: Option<&str>) -> Recovery {
    let is = |name: &str| text.is_some_and(|text| text.eq_ignore_ascii_case(name));
    if is("stop_only") {
        Recovery::StopOnly
    } else if is("block") {
        Recovery::Block
    } else if is("stop_unexpected") {
        Recovery::StopUnexpected
    } else {
        Recovery::StopStart
    }
}

/// The role that a resource is limited to, if it is.
pub(super) fn target_role(c: &Cluster<'_>, resource: ResourceId) -> Option<Role> {
    let text = c.resources[resource].meta.get("target-role")?;
    let role = Role::read(text).filter(|role| !matches!(role, Role::Unknown | Role::Started))?;
    if role == Role::Stopped {
        return Some(role);
    }
    let promotable = c.resources[c.outermost(resource)].is(F::PROMOTABLE);
    (promotable && role == Role::Unpromoted).then_some(role)
}

/// What has to be given before a start.
fn requires(c: &mut Cluster<'_>, resource: ResourceId, text: Option<&str>) {
    let is = |name: &str| text.is_some_and(|text| text.eq_ignore_ascii_case(name));
    let it = &c.resources[resource];
    let device = it.is_fence_device();
    let fencing = c.options.fencing;
    let quorum_only = device || (it.is_primitive() && it.is(F::IS_REMOTE));
    let flags = if is("nothing") {
        F::empty()
    } else if is("quorum") {
        F::NEEDS_QUORUM
    } else if is("fencing") {
        F::NEEDS_FENCING
    } else if is("unfencing") {
        if device || !fencing { F::NEEDS_QUORUM } else { F::NEEDS_FENCING | F::NEEDS_UNFENCING }
    } else if quorum_only {
        F::NEEDS_QUORUM
    } else if c.options.unfencing {
        if fencing { F::NEEDS_FENCING | F::NEEDS_UNFENCING } else { F::NEEDS_QUORUM }
    } else if fencing {
        F::NEEDS_FENCING
    } else if c.options.no_quorum == NoQuorum::Ignore {
        F::empty()
    } else {
        F::NEEDS_QUORUM
    };
    c.resources[resource].flags.insert(flags);
}

fn is_guest_connection(c: &Cluster<'_>, resource: ResourceId) -> bool {
    let it = &c.resources[resource];
    it.is(F::IS_REMOTE) && it.meta.get("container").is_some()
}

/// A table of all nodes.
pub(crate) fn everywhere(c: &Cluster<'_>, score: i32) -> NodeTable {
    let mut table = NodeTable::default();
    for node in c.nodes.ids() {
        let slot = Slot::of(crate::model::score::add(c.nodes[node].score, score));
        table.insert(node, slot.looked_for(c.nodes[node].discovery));
    }
    table
}

/// A table of all nodes that are not excluded from the start, as those in bundles are.
fn by_default(c: &Cluster<'_>) -> NodeTable {
    let mut table = everywhere(c, 0);
    for node in c.nodes.ids().filter(|node| c.nodes[*node].discovery == Discovery::Never) {
        table.remove(node);
    }
    table
}

/// Reads a part of a bundle.
pub(crate) fn read_part<'d>(
    c: &mut Cluster<'d>,
    element: Element<'d>,
    bundle: ResourceId,
) -> Option<ResourceId> {
    read(c, element, Some(bundle), None, &mut Shared::new())
}

/// Reads what is in a collective; `false` when that makes it unusable.
fn unpack_parts<'d>(c: &mut Cluster<'d>, resource: ResourceId, shared: &mut Shared<'d>) -> bool {
    let it = &c.resources[resource];
    match it.variant {
        Variant::Primitive => unpack_primitive(c, resource),
        Variant::Group(_) => {
            let is = |name: &str| it.meta.get(name).and_then(value::boolean) != Some(false);
            let group = Group { ordered: is("ordered"), colocated: is("collocated") };
            let (element, instance) = (it.element, it.instance);
            c.resources[resource].variant = Variant::Group(group);
            for member in element.children_named("primitive") {
                if let Some(member) = read(c, member, Some(resource), instance, shared) {
                    c.resources[resource].children.push(member);
                }
            }
            true
        }
        Variant::Clone(_) => unpack_clone(c, resource, shared),
        Variant::Bundle(_) => crate::bundle::unpack::parts(c, resource),
    }
}

/// Agents of some classes cannot be told apart, or promoted.
fn unpack_primitive(c: &mut Cluster<'_>, resource: ResourceId) -> bool {
    let class = c.resources[resource].class().unwrap_or_default();
    let is = |name: &str| class.eq_ignore_ascii_case(name);
    let parent = c.outermost(resource);
    let unique = is("ocf") || is("stonith");
    if !unique && c.resources[resource].is(F::UNIQUE) && c.resources[parent].is_clone() {
        let nodes = i32::try_from(c.nodes.len()).unwrap_or(i32::MAX);
        if let Some(clone) = c.resources[parent].as_clone_mut() {
            clone.node_max = 1;
            clone.max = clone.max.min(nodes);
        }
        clear_unique(c, parent);
        clear_unique(c, resource);
    }
    is("ocf") || !c.resources[parent].is(F::PROMOTABLE)
}

fn clear_unique(c: &mut Cluster<'_>, resource: ResourceId) {
    c.resources[resource].flags.remove(F::UNIQUE);
    c.resources[resource].children.clone().into_iter().for_each(|child| clear_unique(c, child));
}

fn unpack_clone<'d>(c: &mut Cluster<'d>, resource: ResourceId, shared: &mut Shared<'d>) -> bool {
    let meta = c.resources[resource].meta.clone();
    let number = |name: &str, old: &str, default: i32| {
        meta.get(name).or_else(|| meta.get(old)).map_or(default, |text| {
            let number = value::integer(text).unwrap_or(0).clamp(0, i64::from(i32::MAX));
            i32::try_from(number).unwrap_or(0)
        })
    };
    let nodes = i32::try_from(c.nodes.len()).unwrap_or(i32::MAX).max(1);
    let unique = c.resources[resource].is(F::UNIQUE);
    let promotable = c.resources[resource].is(F::PROMOTABLE);
    let max = number("clone-max", "clone-max", nodes);
    let mut with_stickiness = (*meta).clone();
    if meta.get("resource-stickiness").is_none() {
        with_stickiness.set("resource-stickiness", "1");
    }
    if meta.get("globally-unique").is_none() {
        with_stickiness.set("globally-unique", if unique { "true" } else { "false" });
    }
    let it = &mut c.resources[resource];
    let Some(clone) = it.as_clone_mut() else { return false };
    if promotable {
        clone.promoted_max = number("promoted-max", "master-max", 1);
        clone.promoted_node_max = number("promoted-node-max", "master-node-max", 1);
    }
    clone.node_max = number("clone-node-max", "clone-node-max", 1);
    if !unique {
        clone.node_max = clone.node_max.min(1);
    }
    clone.max = max;
    clone.ordered = value::is_true(meta.get("ordered"));
    it.meta = Rc::new(with_stickiness);
    (0..max.clamp(1, crate::MAX_INSTANCES)).all(|_| add_instance(c, resource, shared).is_some())
}

fn add_instance<'d>(c: &mut Cluster<'d>, clone: ResourceId, shared: &mut Shared<'d>) -> Option<ResourceId> {
    let data = c.resources[clone].as_clone()?;
    let (template, total, orphan) = (data.template, data.total, data.total >= data.max);
    let child = read(c, template, Some(clone), Some(u32::try_from(total).unwrap_or(0)), shared)?;
    c.resources[clone].as_clone_mut()?.total += 1;
    c.resources[clone].children.push(child);
    if orphan {
        mark_orphan(c, child);
    }
    Some(child)
}

/// One more instance of a clone than there ought to be.
pub(super) fn create_instance(c: &mut Cluster<'_>, clone: ResourceId) -> Option<ResourceId> {
    add_instance(c, clone, &mut Shared::new())
}

fn mark_orphan(c: &mut Cluster<'_>, resource: ResourceId) {
    c.resources[resource].flags.insert(F::ORPHAN);
    c.resources[resource].children.clone().into_iter().for_each(|child| mark_orphan(c, child));
}

/// A resource that only the history knows.
pub(super) fn create_orphan<'d>(c: &mut Cluster<'d>, entry: Element<'d>) -> Option<ResourceId> {
    let id = entry.id()?;
    let common = Common { operations: Rc::from([]), ..common(c, entry, None) };
    let resource = add(c, entry, None, None, Variant::Primitive, common);
    configure(c, resource);
    if c.options.symmetric || is_guest_connection(c, resource) {
        c.resources[resource].allowed = by_default(c);
    }
    if c.resources[resource].is(F::IS_REMOTE) {
        let known = c.node_named(id);
        let node = known.unwrap_or_else(|| create(c, id, id, NodeKind::Remote, 0));
        link_connection(c, resource);
        if known.is_some() || c.node_named(id).is_some() {
            c.nodes[node].shutdown = true;
        }
    }
    if entry.get("container").is_some() {
        c.resources[resource].flags.insert(F::ORPHAN_FILLER);
    }
    c.resources[resource].flags.insert(F::ORPHAN);
    c.top.push(resource);
    Some(resource)
}

impl<'d> Cluster<'d> {
    /// Whether there is a resource, or an instance, of that name.
    #[must_use]
    pub fn is_resource(&self, name: &str) -> bool {
        self.find_resource(name).is_some()
    }

    /// Finds a resource by its id, or by the name that its history has.
    pub(crate) fn find_resource(&self, id: &str) -> Option<ResourceId> {
        let renamed = || self.by_history_name.get(id).and_then(|list| list.first()).copied();
        self.by_id.get(id).copied().or_else(renamed)
    }

    /// The parameters of a resource on a node.
    pub(crate) fn parameters(&mut self, resource: ResourceId, node: Option<NodeId>) -> Parameters<'d> {
        let node = node.filter(|_| self.resources[resource].parameters_vary);
        let known = self.resources[resource].parameters.iter().find(|(known, _)| *known == node);
        if let Some((_, parameters)) = known {
            return parameters.clone();
        }
        let attributes = node.map(|node| self.nodes[node].attributes.clone());
        let facts = self.facts();
        let facts = Facts { node: attributes.as_ref().map(|table| table as &dyn hb_cib::Table), ..facts };
        let mut values = Values::new();
        let mut at = Some(resource);
        while let Some(holder) = at {
            collect(self, &mut values, Some(self.resources[holder].element), "instance_attributes", &facts);
            at = self.resources[holder].parent;
        }
        collect(self, &mut values, self.resource_defaults, "instance_attributes", &facts);
        let parameters: Parameters<'d> = Rc::new(values.iter().collect());
        self.resources[resource].parameters.push((node, parameters.clone()));
        parameters
    }
}
