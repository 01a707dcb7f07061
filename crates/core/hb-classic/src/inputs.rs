//! One file for each kind of input.

mod command;
mod executor;
mod fencing;
mod life;
mod message;
mod peer;
mod timer;
