//! Heartbeat: the one binary.

fn main() {}
