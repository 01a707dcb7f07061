//! One file for each kind of input.

mod devices;
mod executed;
mod request;
mod timer;
