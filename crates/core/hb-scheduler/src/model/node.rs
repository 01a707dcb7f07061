//! Nodes.

use super::arena::ResourceId;
use super::table::Discovery;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// What kind of node it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A full member.
    Member,
    /// Reached through a connection: a remote node, or a guest when the connection has a container.
    Remote,
    /// Only counted for connectivity; runs nothing.
    Ping,
}

/// A node of the cluster.
// Each is a fact of its own, told by the information base.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug)]
pub struct Node<'d> {
    /// Its id.
    pub id: &'d str,
    /// Its name.
    pub name: &'d str,
    /// Kind.
    pub kind: NodeKind,
    /// Score that every resource's table starts from; minus infinity when the node is not to be used.
    pub score: i32,
    /// Whether resources are looked for there, unless constraints say otherwise.
    pub discovery: Discovery,
    /// Its processes take part in the cluster.
    pub online: bool,
    /// Not to run resources.
    pub standby: bool,
    /// On standby because of a failure.
    pub standby_on_fail: bool,
    /// Joining.
    pub pending: bool,
    /// What runs there is not known: has to be fenced.
    pub unclean: bool,
    /// Never heard of.
    pub unseen: bool,
    /// Shutting down.
    pub shutdown: bool,
    /// Ought to be a member.
    pub expected_up: bool,
    /// The designated controller.
    pub is_dc: bool,
    /// In maintenance.
    pub maintenance: bool,
    /// Resources are probed there.
    pub discovery_enabled: bool,
    /// A connection or guest that has to be reset.
    pub requires_reset: bool,
    /// A remote node that has been fenced.
    pub was_fenced: bool,
    /// What its executor believes about maintenance.
    pub remote_maintenance: bool,
    /// Its history has been read.
    pub unpacked: bool,
    /// How many resources were given to it.
    pub resource_count: i32,
    /// Its connection.
    pub connection: Option<ResourceId>,
    /// What runs there.
    pub running: Vec<ResourceId>,
    /// Attributes, permanent and transient.
    pub attributes: BTreeMap<&'d str, &'d str>,
    /// Capacity left, by name.
    pub utilization: BTreeMap<&'d str, i32>,
    /// Sum of the priorities of what runs there.
    pub priority: i32,
    /// Attributes that count failures: name without what is before the resource's, value.
    pub fail_counts: Vec<(&'d str, &'d str)>,
    /// Attributes that say when the last failure was, likewise.
    pub last_failures: Vec<(&'d str, &'d str)>,
}

impl<'d> Node<'d> {
    /// A node of which nothing is known yet.
    #[must_use]
    pub fn new(id: &'d str, name: &'d str, kind: NodeKind, score: i32) -> Self {
        let mut attributes = BTreeMap::new();
        attributes.insert("#kind", if kind == NodeKind::Remote { "remote" } else { "cluster" });
        Node {
            id,
            name,
            kind,
            score,
            discovery: Discovery::Always,
            online: false,
            standby: false,
            standby_on_fail: false,
            pending: false,
            unclean: false,
            unseen: false,
            shutdown: false,
            expected_up: false,
            is_dc: false,
            maintenance: false,
            discovery_enabled: true,
            requires_reset: false,
            was_fenced: false,
            remote_maintenance: false,
            unpacked: false,
            resource_count: 0,
            connection: None,
            running: Vec::new(),
            attributes,
            utilization: BTreeMap::new(),
            priority: 0,
            fail_counts: Vec::new(),
            last_failures: Vec::new(),
        }
    }

    /// Whether resources may be put there, scores aside.
    #[must_use]
    pub fn available(&self) -> bool {
        self.online && !self.shutdown && !self.unclean && !self.standby && !self.maintenance
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'d str> {
        self.attributes.get(name).copied()
    }
}

/// Orders names as people do: digits as numbers, letters in any case.
#[must_use]
pub fn compare_names(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    loop {
        match (left.first(), right.first()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let (digits, rest) = split_digits(left);
                let (others, other_rest) = split_digits(right);
                let order = number(digits).cmp(&number(others)).then(digits.len().cmp(&others.len()));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (rest, other_rest);
            }
            (Some(a), Some(b)) => {
                let order = a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase());
                if order != Ordering::Equal {
                    return order;
                }
                left = left.get(1..).unwrap_or_default();
                right = right.get(1..).unwrap_or_default();
            }
        }
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// As C's `strtol`: what is too large is the largest.
fn number(digits: &[u8]) -> i64 {
    digits.iter().fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')))
}
