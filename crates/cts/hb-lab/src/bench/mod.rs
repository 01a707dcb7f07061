//! Measurements in namespaces, beside the peers that are installed, in one run on one machine.

mod failover;
mod idle;
mod messages;
mod peers;
mod stats;

pub use failover::{Failover, failover};
pub use idle::{Idle, idle};
pub use messages::{Messages, messages};
pub(crate) use peers::everywhere_by_name;
pub use stats::{Report, Row};

/// Says on standard error what is being measured, since a benchmark takes its time.
fn narrate(words: &str) {
    eprintln!("bench: {words}");
}
