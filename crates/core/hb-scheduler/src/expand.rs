//! What the document implies becomes part of it: templates, connections of guests, parts of bundles.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use hb_cib::{Document, Element};

mod guest;
mod template;

/// The document with everything that it implies; borrowed when it implies nothing.
#[must_use]
pub fn expand(cib: &Document) -> Cow<'_, Document> {
    let Some(resources) = section(cib) else { return Cow::Borrowed(cib) };
    let guests = guest::connections(resources);
    let templates = template::uses(resources);
    let bundles = crate::bundle::expand::needed(resources);
    if guests.is_empty() && templates.is_empty() && !bundles {
        return Cow::Borrowed(cib);
    }
    let mut work = cib.clone();
    for guest in &guests {
        guest.add(&mut work, resources.node());
    }
    for (primitive, source) in templates {
        template::merge(&mut work, primitive, source);
    }
    if bundles {
        crate::bundle::expand::add(&mut work, resources.node());
    }
    Cow::Owned(work)
}

/// The section of resources.
fn section(cib: &Document) -> Option<Element<'_>> {
    cib.root().descend(&["configuration", "resources"])
}

/// Templates by id.
fn by_id(resources: Element<'_>) -> BTreeMap<&str, Vec<Element<'_>>> {
    let mut templates: BTreeMap<&str, Vec<Element<'_>>> = BTreeMap::new();
    for template in resources.children_named("template") {
        templates.entry(template.id().unwrap_or_default()).or_default().push(template);
    }
    templates
}
