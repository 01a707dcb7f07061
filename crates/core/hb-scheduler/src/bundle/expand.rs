//! The parts of bundles as elements of the document.

use hb_cib::{Document, Element, NodeId};

/// Whether there is a bundle.
pub(crate) fn needed(resources: Element<'_>) -> bool {
    resources.children().any(|resource| resource.is("bundle"))
}

/// Adds the parts of each bundle.
pub(crate) fn add(_work: &mut Document, _resources: NodeId) {}
