//! The built-in address agent: netlink, announcements, verified takeover.
//!
//! [`AddressAgent::start`] finds the interface, adds the address and announces it before it returns. What
//! follows happens from the shell's loop: every known neighbour and the default router are asked, in the
//! name of the address, for their own place. Hearing the question teaches them where the address is, and
//! only when they have learnt can their answer reach us. Whoever stays silent is asked again with a growing
//! gap and named in a notice in the end.
//!
//! Another machine that claims the address is reported and never fought. [`AddressSpec::probe`] asks before
//! the start; by default the address is taken at once, because after a peer's death nobody would answer.
//!
//! # Invariants
//! - A start that returns [`Started::Done`] has announced; one that fails holds nothing new.
//! - After a conflict nothing is announced until the next start.
//! - Stop removes exactly what start added, or what the parameters mean when another process added it.
//!
//! # Does not know about
//! Who should hold an address, clusters, resources other than addresses.

mod agent;
mod campaign;
pub mod frames;
pub mod netlink;
pub mod notices;
pub mod packet;
mod spec;
mod watch;

pub use agent::{AddressAgent, AddressError, Event, MAX_HELD, Started};
pub use campaign::{MAX_NEIGHBOURS, ROUND_GAPS_MS};
pub use frames::Mac;
pub use spec::{AddressSpec, LABEL_BYTES, SpecError};
pub use watch::PROBE_WINDOW;
