//! The codes of this crate's notices. The subject is the victim, or the device where there is none.

/// A node shall be fenced (`device`).
pub const REQUEST: &str = "fence_request";
/// A second request for the same node joined the first.
pub const MERGED: &str = "fence_request_merged";
/// There is no device on this node.
pub const NO_DEVICE: &str = "fence_no_device";
/// The device says that it has reset the node (`attempts`, `took`).
pub const CONFIRMED: &str = "fence_confirmed";
/// A try failed; another one follows (`attempt`, `failure`, `reason`). Worth waking somebody: the node's
/// resources run nowhere else until it succeeds. `unreported` counts failures since the last notice.
pub const FAILED: &str = "fence_failed";
/// The node came back and is not to be fenced any more (`running`: whether an operation may still hit it).
pub const CANCELLED: &str = "fence_cancelled";
/// A result came that nobody waits for.
pub const STALE_RESULT: &str = "fence_stale_result";
/// Too many nodes are being fenced at the same time.
pub const TOO_MANY: &str = "fence_too_many";
/// The device answered its status well.
pub const DEVICE_OK: &str = "fence_device_ok";
/// The device did not answer its status well: a takeover that needs it would wait (`failure`).
pub const DEVICE_FAILED: &str = "fence_device_failed";
/// The configuration changed and another device counts now (`from`, `to`).
pub const DEVICE_CHANGED: &str = "fence_device_changed";
/// More devices are configured than one; the last one counts (`ignored`).
pub const DEVICES_IGNORED: &str = "fence_devices_ignored";
