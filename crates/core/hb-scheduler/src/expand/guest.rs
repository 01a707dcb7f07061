//! Connections of guests: a resource with the meta attribute `remote-node` is a node, too.

use alloc::format;
use alloc::vec::Vec;
use hb_cib::{Document, Element, NodeId};

/// What the meta attributes of a container say about the node inside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Connection<'d> {
    container: &'d str,
    name: Option<&'d str>,
    address: Option<&'d str>,
    port: Option<&'d str>,
    timeout: Option<&'d str>,
    allow_migrate: Option<&'d str>,
    managed: Option<&'d str>,
}

/// The connections that the resources imply, in order.
pub(super) fn connections(resources: Element<'_>) -> Vec<Connection<'_>> {
    let mut found = Vec::new();
    for resource in resources.children() {
        if resource.is("primitive") && !crate::unpack::nodes::is_connection(resource) {
            found.extend(connection(resource));
        } else if resource.is("group") {
            found.extend(resource.children().filter_map(connection));
        }
    }
    found
}

fn connection(resource: Element<'_>) -> Option<Connection<'_>> {
    let mut of = Connection { container: resource.id()?, ..Connection::default() };
    for pair in resource.children_named("meta_attributes").flat_map(Element::children) {
        let value = pair.get("value");
        let place = match pair.get("name") {
            Some("remote-node") => &mut of.name,
            Some("remote-addr") => &mut of.address,
            Some("remote-port") => &mut of.port,
            Some("remote-connect-timeout") => &mut of.timeout,
            Some("remote-allow-migrate") => &mut of.allow_migrate,
            Some("is-managed") => &mut of.managed,
            _ => continue,
        };
        *place = value;
    }
    of.name.is_some().then_some(of)
}

impl Connection<'_> {
    /// Adds the resource of the connection at the end of the section.
    pub(super) fn add(&self, work: &mut Document, resources: NodeId) {
        let name = self.name.unwrap_or_default();
        let remote = work.append(resources, "primitive");
        for (attribute, value) in
            [("id", name), ("class", "ocf"), ("provider", "pacemaker"), ("type", "remote")]
        {
            work.set(remote, attribute, value);
        }
        let meta = [
            ("internal_rsc", Some("true")),
            ("container", Some(self.container)),
            ("allow-migrate", self.allow_migrate),
            ("is-managed", self.managed),
        ];
        pairs(work, remote, "meta_attributes", name, &meta);
        if self.address.is_some() || self.port.is_some() {
            pairs(work, remote, "instance_attributes", name, &[("addr", self.address), ("port", self.port)]);
        }
        let operations = work.append(remote, "operations");
        let start = self.timeout.unwrap_or("60s");
        for (task, interval, timeout) in [("monitor", "30s", "30s"), ("start", "0", start)] {
            let operation = work.append(operations, "op");
            work.set(operation, "id", &format!("{name}-{task}-interval-{interval}"));
            work.set(operation, "name", task);
            work.set(operation, "interval", interval);
            work.set(operation, "timeout", timeout);
        }
    }
}

fn pairs(work: &mut Document, parent: NodeId, kind: &str, name: &str, values: &[(&str, Option<&str>)]) {
    let set = work.append(parent, kind);
    work.set(set, "id", &format!("{name}-{kind}"));
    for (key, value) in values.iter().filter_map(|(key, value)| value.map(|value| (*key, value))) {
        let pair = work.append(set, "nvpair");
        work.set(pair, "id", &format!("{name}-{kind}-{key}"));
        work.set(pair, "name", key);
        work.set(pair, "value", value);
    }
}
