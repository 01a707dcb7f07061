//! One file for each input.

pub(crate) mod client;
pub(crate) mod drained;
pub(crate) mod environment;
pub(crate) mod grace;
pub(crate) mod leave;
pub(crate) mod medium_state;
pub(crate) mod packet;
pub(crate) mod persisted;
pub(crate) mod rekey;
pub(crate) mod retune;
pub(crate) mod stalled;
pub(crate) mod start;
pub(crate) mod submit;
pub(crate) mod timer;
