//! One file for each kind of input.

mod executed;
mod request;
mod timer;
