//! One file for each kind of input.

mod command;
mod executor;
mod fencing;
mod life;
mod message;
mod options;
mod peer;
mod resource;
mod timer;
