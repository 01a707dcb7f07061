//! Deterministic simulator: the product's machines and wiring in a virtual world.
//!
//! A seed draws a [`plan::Plan`]: nodes, media, options, timed faults, a workload. [`run::run`] plays it in a
//! virtual world, where every process of every node is scheduled by itself and all the kernel's queues are
//! bounded, and judges it against the truth: first while things go wrong, then after everything has been
//! healed. A plan that fails is [shrunk](shrink::shrink) and printed as text that can be replayed and committed.
//!
//! # Invariants
//! - A run is a pure function of its plan: equal plans have equal digests, on every machine.
//! - Random decisions are hashes of what they are about ([`chance`]): deleting one step of a plan does not
//!   change what happens to packets otherwise.
//! - The nodes see nothing but what the real shell would show them: their own clocks, bytes, exits of children.
//!
//! # Does not know about
//! Real clocks, sockets, processes, files.
#![forbid(unsafe_code)]

pub mod agenda;
pub mod chance;
pub mod cli;
pub mod fleet;
pub mod plan;
pub mod plants;
pub mod run;
pub mod shrink;
pub mod stats;
pub mod trace;
pub mod truth;
pub mod world;
