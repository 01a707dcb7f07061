//! Local resource manager: operation queues and the meaning of results.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
