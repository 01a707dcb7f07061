//! `haresources` (spec: ha.cf section 6, haresources section 2): which groups of resources there are, and
//! which node each belongs to.

mod address;
mod read;
mod resource;

pub use address::AddressSpec;
pub(crate) use read::read;
pub use resource::{Resource, ResourceKind};

use crate::span::Span;
use alloc::vec::Vec;
use hb_base::NodeName;

/// The resource groups of a cluster, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Haresources {
    /// The groups.
    pub groups: Vec<Group>,
}

/// One line: resources that live on the same node, started from left to right, stopped from right to left.
#[derive(Clone, Debug)]
pub struct Group {
    /// The node that the group belongs to.
    pub node: NodeName,
    /// Where the line begins.
    pub at: Span,
    /// The resources, at least one. The first one's [`Resource::text`] is the group's key.
    pub resources: Vec<Resource>,
}

impl Group {
    /// The group's key, by which nodes talk about it: its first resource as it is written.
    pub fn key(&self) -> &str {
        self.resources.first().map_or("", |resource| resource.text.as_str())
    }
}
