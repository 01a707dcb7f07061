//! Codes of the notices of the address agent. The subject is the resource's id.

/// Info: the address is held and was announced. Fields: nic, prefix, took.
pub const ADDRESS_TAKEN: &str = "address_taken";
/// Info: the address was removed. Fields: nic.
pub const ADDRESS_RELEASED: &str = "address_released";
/// Info: every known neighbour has answered from the address's new place. Fields: neighbours, took.
pub const ADDRESS_VERIFIED: &str = "address_verified";
/// Warning: some neighbours did not answer; they may be down, or still send to the old place. Fields:
/// unverified (a list), verified, took.
pub const ADDRESS_UNVERIFIED: &str = "address_unverified";
/// Critical: another machine says that it holds the address. Fields: mac, nic.
pub const ADDRESS_CONFLICT: &str = "address_conflict";
/// Error: somebody else removed the address. Fields: nic.
pub const ADDRESS_LOST: &str = "address_lost";
/// Warning: the address went with a neighbouring one and was put back. Fields: nic.
pub const ADDRESS_RESTORED: &str = "address_restored";
/// Warning: a frame could not be sent. Fields: nic, error.
pub const ADDRESS_UNANNOUNCED: &str = "address_unannounced";
/// Warning: there are more neighbours than are asked one by one. Fields: asked, known.
pub const ADDRESS_NEIGHBOURS_SKIPPED: &str = "address_neighbours_skipped";
/// Warning: a parameter means nothing to the built-in agent. Fields: parameter.
pub const ADDRESS_PARAMETER_IGNORED: &str = "address_parameter_ignored";
