//! The parts of bundles as elements of the document.
//!
//! A bundle says what its containers are like; what it implies becomes part of it:
//!
//! ```text
//! <bundle id="web">
//!   <docker …/> <network …/> <storage …/>
//!   <clone id="web-clone"> … <primitive id="apache"> … </primitive> </clone>
//!   <replica offset="0" ip="10.0.0.1">
//!     <primitive id="web-docker-0"/> <primitive id="web-ip-10.0.0.1"/> <primitive id="web-0"/>
//!   </replica> …
//! </bundle>
//! ```

mod plan;

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_cib::{Document, Element, NodeId};
pub(super) use plan::Plan;

/// Whether there is a bundle.
pub(crate) fn needed(resources: Element<'_>) -> bool {
    resources.children().any(|resource| resource.is("bundle"))
}

/// Adds the parts of each bundle.
pub(crate) fn add(work: &mut Document, resources: NodeId) {
    let Some(section) = work.element(resources) else { return };
    let bundles: Vec<NodeId> = section
        .children()
        .filter(|it| it.is("bundle") && it.child("replica").is_none())
        .map(Element::node)
        .collect();
    let known: BTreeSet<String> =
        section.descendants().filter_map(|it| it.id().map(ToString::to_string)).collect();
    for bundle in bundles {
        let Some(plan) = work.element(bundle).and_then(Plan::of) else { continue };
        Builder { work, bundle, plan: &plan }.build(&known);
    }
}

struct Builder<'w> {
    work: &'w mut Document,
    bundle: NodeId,
    plan: &'w Plan,
}

impl Builder<'_> {
    fn build(&mut self, known: &BTreeSet<String>) {
        let inner = self.work.element(self.bundle).and_then(|bundle| bundle.child("primitive"));
        let inner_id = inner.and_then(Element::id).map(ToString::to_string);
        if let Some(inner) = inner.map(Element::node) {
            self.clone_of(inner);
        }
        for replica in self.plan.replicas() {
            let node = self.work.append(self.bundle, "replica");
            self.work.set(node, "offset", &replica.offset.to_string());
            if let Some(address) = &replica.address {
                self.work.set(node, "ip", address);
            }
            let container =
                self.container(node, replica.offset, replica.address.as_deref(), inner_id.is_some());
            if let Some(address) = &replica.address {
                self.address(node, replica.offset, address);
            }
            if let Some(inner) = &inner_id {
                let mut id = format!("{}-{}", self.plan.id, replica.offset);
                if known.contains(&id) {
                    id = format!("pcmk-internal-{inner}:{0}-remote-{0}", replica.offset);
                }
                self.connection(node, &id, &container, replica.address.as_deref());
            }
        }
    }

    /// The clone of what runs inside.
    fn clone_of(&mut self, inner: NodeId) {
        let plan = self.plan;
        let clone = self.work.append(self.bundle, "clone");
        // Histories have always known it under these names.
        let kind = if plan.promoted_max > 0 { "master" } else { "clone" };
        self.work.set(clone, "id", &format!("{}-{kind}", plan.id));
        let unique = if plan.per_host > 1 { "true" } else { "false" };
        let (replicas, per_host) = (plan.replicas.to_string(), plan.per_host.to_string());
        let promoted = plan.promoted_max.to_string();
        let mut meta = alloc::vec![
            ("ordered", "true"),
            ("clone-max", &replicas),
            ("clone-node-max", &per_host),
            ("globally-unique", unique),
        ];
        if plan.promoted_max > 0 {
            meta.extend([("promotable", "true"), ("promoted-max", promoted.as_str())]);
        }
        self.set(clone, "meta_attributes", &format!("{}-clone-meta", plan.id), &meta);
        self.work.move_into(clone, inner);
    }

    fn container(&mut self, replica: NodeId, offset: u32, address: Option<&str>, inside: bool) -> String {
        let plan = self.plan;
        let id = sanitized(&format!("{}-{}-{offset}", plan.id, plan.agent));
        let container = self.primitive(replica, &id, "heartbeat", plan.agent);
        let (options, folders) = plan.run_options(offset, address);
        let command = plan.command.as_deref().or(inside.then_some("/usr/sbin/pacemaker-remoted"));
        let mut parameters = Vec::new();
        parameters.extend(plan.image.as_deref().map(|image| ("image", image)));
        parameters.extend([
            ("allow_pull", "true"),
            ("force_kill", "false"),
            ("reuse", "false"),
            ("run_opts", &options),
            ("mount_points", &folders),
        ]);
        parameters.extend(command.map(|command| ("run_cmd", command)));
        parameters.push(("monitor_cmd", "/bin/true"));
        self.set(container, "instance_attributes", &format!("{}-attributes-{offset}", plan.id), &parameters);
        self.monitor(container, &id, "60s", None);
        id
    }

    fn address(&mut self, replica: NodeId, offset: u32, address: &str) {
        let plan = self.plan;
        let id = sanitized(&format!("{}-ip-{address}", plan.id));
        let node = self.primitive(replica, &id, "heartbeat", "IPaddr2");
        let mut parameters = alloc::vec![("ip", address)];
        parameters.extend(plan.interface.as_deref().map(|interface| ("nic", interface)));
        parameters.push(("cidr_netmask", plan.netmask.as_deref().unwrap_or("32")));
        self.set(node, "instance_attributes", &format!("{}-attributes-{offset}", plan.id), &parameters);
        self.monitor(node, &id, "60s", None);
    }

    /// The connection to what runs inside; without an address of its own it goes to the node that the container is on.
    fn connection(&mut self, replica: NodeId, id: &str, container: &str, address: Option<&str>) {
        let node = self.primitive(replica, id, "pacemaker", "remote");
        let meta = [("internal_rsc", "true"), ("container", container)];
        self.set(node, "meta_attributes", &format!("{id}-meta_attributes"), &meta);
        let parameters = [("addr", address.unwrap_or("#uname")), ("port", self.plan.port())];
        self.set(node, "instance_attributes", &format!("{id}-instance_attributes"), &parameters);
        self.monitor(node, id, "30s", Some("30s"));
    }

    fn primitive(&mut self, parent: NodeId, id: &str, provider: &str, kind: &str) -> NodeId {
        let node = self.work.append(parent, "primitive");
        for (name, value) in [("id", id), ("class", "ocf"), ("provider", provider), ("type", kind)] {
            self.work.set(node, name, value);
        }
        node
    }

    fn set(&mut self, parent: NodeId, kind: &str, id: &str, pairs: &[(&str, &str)]) {
        let set = self.work.append(parent, kind);
        self.work.set(set, "id", &sanitized(id));
        for (name, value) in pairs {
            let pair = self.work.append(set, "nvpair");
            self.work.set(pair, "id", &sanitized(&format!("{id}-{name}")));
            self.work.set(pair, "name", name);
            self.work.set(pair, "value", value);
        }
    }

    fn monitor(&mut self, parent: NodeId, id: &str, interval: &str, timeout: Option<&str>) {
        let operations = self.work.append(parent, "operations");
        let monitor = self.work.append(operations, "op");
        self.work.set(monitor, "id", &sanitized(&format!("{id}-monitor-{interval}")));
        self.work.set(monitor, "interval", interval);
        self.work.set(monitor, "name", "monitor");
        if let Some(timeout) = timeout {
            self.work.set(monitor, "timeout", timeout);
        }
    }
}

fn sanitized(id: &str) -> String {
    id.replace([':', '#'], ".")
}
