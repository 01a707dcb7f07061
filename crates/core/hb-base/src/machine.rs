//! The one shape of every state machine, with a complete toy.
//!
//! A shell feeds inputs, drains outputs until `None`, and calls again no later than the deadline:
//!
//! ```
//! use hb_base::{Instant, Machine};
//! use hb_base::machine::toy::{Egg, Input, Output};
//! use core::time::Duration;
//!
//! let mut egg = Egg::default();
//! let start = Instant::ZERO;
//! egg.handle(start, Input::Boil { time: Duration::from_secs(300) });
//! assert_eq!(egg.deadline(), Some(start + Duration::from_secs(300)));
//! egg.handle(egg.deadline().unwrap(), Input::Timer);
//! assert_eq!(egg.poll(), Some(Output::Ring));
//! assert_eq!(egg.poll(), None);
//! ```

use crate::Instant;

/// What every state machine offers.
///
/// Remote data never makes `handle` fail: a bad packet is a counted notice. Time is always handed in.
pub trait Machine {
    /// What can happen to it. Each variant says who sends it and when.
    type Input;
    /// What it wants done. Each variant says who carries it out.
    type Output;
    /// A read-only picture for status, tests and invariants.
    type View<'a>
    where
        Self: 'a;

    /// Takes one input. Never blocks. `now` never goes backwards.
    fn handle(&mut self, now: Instant, input: Self::Input);
    /// The next thing to do; call until `None` after every `handle`.
    fn poll(&mut self) -> Option<Self::Output>;
    /// When to call `handle` with the machine's timer input at the latest.
    fn deadline(&self) -> Option<Instant>;
    /// The state, read only.
    fn view(&self) -> Self::View<'_>;
}

/// An egg timer: the smallest machine there is.
pub mod toy {
    use super::Machine;
    use crate::Instant;
    use core::time::Duration;

    /// Inputs of the egg timer.
    #[derive(Debug)]
    pub enum Input {
        /// From the cook: start over with this time.
        Boil {
            /// How long.
            time: Duration,
        },
        /// From the shell, at or after the deadline. An early one changes nothing.
        Timer,
    }

    /// Outputs of the egg timer.
    #[derive(Debug, PartialEq, Eq)]
    pub enum Output {
        /// For the bell: once for each `Boil` that was not replaced.
        Ring,
    }

    /// An egg timer.
    #[derive(Debug, Default)]
    pub struct Egg {
        done_at: Option<Instant>,
        ring: bool,
    }

    impl Machine for Egg {
        type Input = Input;
        type Output = Output;
        type View<'a> = Option<Instant>;

        fn handle(&mut self, now: Instant, input: Input) {
            match input {
                Input::Boil { time } => self.done_at = Some(now + time),
                Input::Timer => {
                    if self.done_at.is_some_and(|at| now >= at) {
                        self.done_at = None;
                        self.ring = true;
                    }
                }
            }
        }

        fn poll(&mut self) -> Option<Output> {
            core::mem::take(&mut self.ring).then_some(Output::Ring)
        }

        fn deadline(&self) -> Option<Instant> {
            self.done_at
        }

        fn view(&self) -> Option<Instant> {
            self.done_at
        }
    }
}
