//! Conversations between two machines joined by a virtual world.

extern crate std;

mod crashes;
mod failures;
mod healing;
mod legacy_pairs;
mod outcomes;
#[cfg(feature = "planted-bugs")]
mod planted;
mod robust;
mod safety;
mod wire_order;
mod world;
