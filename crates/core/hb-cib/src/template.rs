//! Resources made from templates.

use crate::role::Role;
use crate::tree::{Document, Element, NodeId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;

/// The resources of a document that name a template, each with everything that it takes from it.
///
/// They are kept apart, so that the document stays as it was written, and so do the ids in it.
#[derive(Clone, Debug)]
pub struct Templates {
    merged: Document,
    of: BTreeMap<NodeId, Result<NodeId, String>>,
}

impl Templates {
    /// Merges every resource of a CIB that has a `template`.
    #[must_use]
    pub fn of(cib: &Document) -> Self {
        let mut all = Templates { merged: Document::new("resources"), of: BTreeMap::new() };
        let Some(resources) = cib.root().descend(&["configuration", "resources"]) else { return all };
        let mut by_id = BTreeMap::new();
        for template in resources.children_named("template") {
            if let Some(id) = template.id() {
                by_id.entry(id).or_insert(template);
            }
        }
        for resource in resources.descendants() {
            let Some(wanted) = resource.get("template") else { continue };
            let merged = match (resource.id(), by_id.get(wanted)) {
                (None, _) => Err(format!("{resource} names a template and has no id")),
                (Some(id), _) if id == wanted => Err(format!("{resource} names itself as its template")),
                (_, None) => Err(format!("{resource}: there is no template {wanted}")),
                (Some(id), Some(template)) => Ok(all.merge(resource, id, *template)),
            };
            all.of.insert(resource.node(), merged);
        }
        all
    }

    /// The resource with what it takes from its template; itself when it has none.
    ///
    /// # Errors
    /// When the template does not exist: the resource cannot be used.
    pub fn resource<'a>(&'a self, resource: Element<'a>) -> Result<Element<'a>, &'a str> {
        match self.of.get(&resource.node()) {
            None => Ok(resource),
            Some(Ok(merged)) => Ok(self.merged.element(*merged).unwrap_or(resource)),
            Some(Err(why)) => Err(why),
        }
    }

    /// The template's contents first, then the resource's; of the template's operations those that the resource has not.
    fn merge(&mut self, resource: Element<'_>, id: &str, template: Element<'_>) -> NodeId {
        let root = self.merged.root().node();
        let node = self.merged.append_copy(root, template);
        self.merged.rename(node, resource.name());
        self.merged.set(node, "id", id);
        self.merged.copy_position(node, resource);
        let from_template = self.merged.element(node).and_then(|e| e.child("operations")).map(Element::node);
        let mut own = None;
        for child in resource.children() {
            let copy = self.merged.append_copy(node, child);
            if child.is("operations") {
                own = Some((copy, child));
            }
        }
        if let (Some(from_template), Some((own, operations))) = (from_template, own) {
            let known: BTreeSet<_> = operations.children().map(operation_key).collect();
            for operation in template.child("operations").into_iter().flat_map(Element::children) {
                if !known.contains(&operation_key(operation)) {
                    self.merged.append_copy(own, operation);
                }
            }
            self.merged.remove(from_template);
        }
        node
    }
}

/// Operations are the same when name and role are.
fn operation_key(operation: Element<'_>) -> (&str, &str) {
    let role = operation.get("role").unwrap_or_default();
    let role = match Role::read(role) {
        Some(Role::Started | Role::Unpromoted) => "",
        _ => role,
    };
    (operation.get("name").unwrap_or_default(), role)
}

#[cfg(test)]
mod tests {
    use super::Templates;
    use crate::{Document, Style};
    use alloc::string::String;

    #[test]
    fn a_resource_is_its_template_and_itself() {
        let text = "<cib><configuration><resources>
            <template id='t' class='ocf' type='Dummy'><meta_attributes id='tm'/><operations id='to'>
                <op id='t1' name='start' timeout='5'/><op id='t2' name='monitor' role='Started'/>
                <op id='t3' name='monitor' role='Promoted'/></operations></template>
            <group id='g'><primitive id='p' template='t'><operations>
                <op id='p1' name='monitor'/></operations><instance_attributes id='pi'/></primitive></group>
            <primitive id='plain'/><primitive id='t2' template='none'/><primitive id='t' template='t'/>
            </resources></configuration></cib>";
        let document = Document::parse(text.into()).expect("it is well-formed");
        let templates = Templates::of(&document);
        let resource = |id: &str| {
            let found = document.root().descendants().find(|e| e.id() == Some(id) && e.is("primitive"));
            templates.resource(found.expect("it is there"))
        };
        let merged = resource("p").expect("it has a template");
        let mut written = String::new();
        merged.write(Style::Compact, &mut written);
        assert_eq!(
            written,
            "<primitive id=\"p\" class=\"ocf\" type=\"Dummy\"><meta_attributes id=\"tm\"/>\
             <operations><op id=\"p1\" name=\"monitor\"/><op id=\"t1\" name=\"start\" timeout=\"5\"/>\
             <op id=\"t3\" name=\"monitor\" role=\"Promoted\"/></operations><instance_attributes id=\"pi\"/></primitive>"
        );
        assert_eq!(merged.position().line, 5);
        assert_eq!(resource("plain").map(|e| e.id()), Ok(Some("plain")));
        assert_eq!(resource("t2"), Err("<primitive id=\"t2\">: there is no template none"));
        assert!(resource("t").is_err());
    }
}
