//! Tags.

use crate::model::Cluster;
use hb_cib::Element;

pub(super) fn read<'d>(c: &mut Cluster<'d>, section: Option<Element<'d>>) {
    for element in section.into_iter().flat_map(|section| section.children_named("tag")) {
        let Some(id) = element.id() else { continue };
        for reference in element.children_named("obj_ref").filter_map(Element::id) {
            let tag = c.tags.entry(id).or_default();
            if !tag.references.contains(&reference) {
                tag.references.push(reference);
            }
        }
    }
}
