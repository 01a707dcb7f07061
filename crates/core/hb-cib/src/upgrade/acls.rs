//! Access control lists from before 2.0.

use super::{Upgrade, Weight};
use crate::tree::{Element, NodeId};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

impl Upgrade<'_> {
    /// Users become targets that name roles; permissions that were given to a user directly make a role of their own.
    pub(super) fn acls(&mut self) {
        for user in self.all(&["acl_user"]) {
            let id = self.get(user, "id").unwrap_or_default();
            let permissions: Vec<NodeId> = self.permissions(user);
            if !permissions.is_empty() {
                let role = self.cib.insert_before(user, "acl_role");
                let role_id = format!("auto-{id}");
                self.cib.set(role, "id", &role_id);
                for permission in permissions {
                    self.cib.move_into(role, permission);
                }
                let reference = self.cib.append(user, "role");
                self.cib.set(reference, "id", &role_id);
            }
            for reference in self.children(user, "role_ref") {
                self.cib.rename(reference, "role");
            }
            self.cib.rename(user, "acl_target");
            self.note(user, Weight::SameMeaning, "acl_user is acl_target now");
        }
        for role in self.all(&["acl_role"]) {
            for permission in self.permissions(role) {
                self.permission(permission);
            }
        }
    }

    fn permissions(&self, holder: NodeId) -> Vec<NodeId> {
        let kinds = ["read", "write", "deny"];
        let children = self.cib.element(holder).into_iter().flat_map(Element::children);
        children.filter(|child| kinds.contains(&child.name())).map(Element::node).collect()
    }

    /// `<read tag="x" ref="y"/>` is `<acl_permission kind="read" object-type="x" reference="y"/>`.
    fn permission(&mut self, permission: NodeId) {
        let Some(kind) = self.cib.element(permission).map(|element| element.name().to_string()) else {
            return;
        };
        self.cib.rename(permission, "acl_permission");
        self.cib.set(permission, "kind", &kind);
        if let (Some(path), Some(attribute)) =
            (self.get(permission, "xpath"), self.get(permission, "attribute"))
        {
            self.cib.set(permission, "xpath", &format!("{path}[@{attribute}]"));
            self.cib.unset(permission, "attribute");
        } else if self.get(permission, "ref").is_some() {
            self.cib.unset(permission, "attribute");
        }
        for (old, new) in [("tag", "object-type"), ("ref", "reference")] {
            if let Some(value) = self.get(permission, old) {
                self.cib.unset(permission, old);
                self.cib.set(permission, new, &value);
            }
        }
    }
}
