//! Event loop, timers, signals, child supervision, realtime, privileges: what every daemon role stands on.
//!
//! A role is one process with one thread and one [`EventLoop`]. The loop hands out one [`Event`] at a time;
//! the role feeds it to its machines, drains their outputs, and asks for the next event with the earliest
//! deadline of its machines. Children are the same binary again ([`Role::spawn`], [`Inherited::take`]).
//!
//! ```no_run
//! use hb_runtime::{Event, EventLoop, Inherited};
//!
//! fn main() -> std::io::Result<()> {
//!     // First of all: are we a child role?
//!     if let Ok(Some(inherited)) = Inherited::take() {
//!         // run inherited.role
//!         return Ok(());
//!     }
//!     let mut events: EventLoop<u8> = EventLoop::new()?;
//!     events.take_signals()?;
//!     let deadline = None; // the earliest of the machines' deadlines
//!     loop {
//!         match events.next(deadline)? {
//!             Event::Signal(_) => return Ok(()),
//!             other => println!("{:?} at {:?}", other, events.now()),
//!         }
//!     }
//! }
//! ```
//!
//! # Invariants
//! - Packets come before a due deadline, that before clients, clients before housekeeping; nobody starves a deadline.
//! - Every descriptor of the process is close-on-exec; a child inherits exactly what its [`Role`] lists.
//! - Being late is reported ([`Event::Stalled`]), never hidden.
//!
//! # Does not know about
//! Heartbeat's messages, media, configuration; what an event means.

mod child;
pub mod clock;
mod event_loop;
mod inherit;
mod lateness;
mod privileges;
mod realtime;
mod restart;
mod signals;
mod sys;

pub use child::{Child, Exit, Role, SpawnError, isolate};
pub use event_loop::{
    Class, Event, EventLoop, Interest, Late, MAX_SOURCES, Overrun, Ready, SourceId, StallCause,
};
pub use inherit::{InheritError, Inherited, Settle, Settled};
pub use lateness::{Lateness, LatenessView};
pub use privileges::{User, UserError};
pub use realtime::{Held, Realtime, RealtimeReport, Why};
pub use restart::RestartPolicy;
pub use signals::Signal;
