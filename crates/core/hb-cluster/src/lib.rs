//! Nodes, links, liveness, reliable messages, retransmission, flow control.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
