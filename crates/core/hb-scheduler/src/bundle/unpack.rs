//! Bundles as configured.

use crate::model::{Cluster, ResourceId, Variant};
use hb_cib::Element;

/// A bundle of which nothing is known yet; `None` when it is none.
pub(crate) fn empty(_element: Element<'_>) -> Option<Variant<'_>> {
    None
}

/// Reads the parts of a bundle; `false` when they make it unusable.
pub(crate) fn parts(_c: &mut Cluster<'_>, _bundle: ResourceId) -> bool {
    false
}
