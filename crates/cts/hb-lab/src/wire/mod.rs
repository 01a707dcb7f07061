//! What passes a node's cable: read without the daemon's own code, remembered, and tampered with.

mod frame;
mod meddler;
mod packet;

pub use frame::Frame;
pub use meddler::{Meddler, Sighting, Verdict};
