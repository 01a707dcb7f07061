//! Codes of the notices of this crate.

/// A client registered.
pub const REGISTERED: &str = "application_registered";
/// A client unregistered.
pub const UNREGISTERED: &str = "application_unregistered";
/// No heartbeat within the interval.
pub const SILENT: &str = "application_silent";
/// Heartbeats again.
pub const AGAIN: &str = "application_beats_again";
/// A heartbeat came later than the warning time.
pub const LATE: &str = "application_heartbeat_late";
/// The connection ended without unregistering.
pub const HUNG_UP: &str = "application_hung_up";
/// A request was refused.
pub const REFUSED: &str = "application_refused";
/// A connection that never registered was closed, or there is no room for another one.
pub const DROPPED: &str = "application_connection_dropped";
/// A client that asked for it failed: the machine reboots.
pub const REBOOT: &str = "application_reboots_machine";
/// A script is started.
pub const RECOVERY_STARTED: &str = "recovery_started";
/// A script waits for its turn.
pub const RECOVERY_WAITS: &str = "recovery_waits";
/// A script ended.
pub const RECOVERY_ENDED: &str = "recovery_ended";
/// A script took too long and is killed.
pub const RECOVERY_TOO_LONG: &str = "recovery_too_long";
/// Too many scripts in a row: nothing is done any more until the application was quiet for a while.
pub const RECOVERY_GIVEN_UP: &str = "recovery_given_up";
/// What waited is not done: the application beats again.
pub const RECOVERY_UNNEEDED: &str = "recovery_unneeded";
