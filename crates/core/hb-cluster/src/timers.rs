//! All timers of the machine, and the one table of their deadlines.

use hb_base::Instant;

/// What may come due. Declared in the order in which simultaneous ones are handled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// Our next status; every keepalive.
    Keepalive,
    /// A missing number is to be asked for (again). Earliest over all peers.
    Requests,
    /// Local senders are paused and peers of our kind may not know what they miss: tell them by a status.
    Nudge,
    /// The node list was asked for and has not come: ask again.
    NodeList,
    /// The longer deadtime announced after our start ends.
    StartGrace,
    /// Initdead has passed since our start.
    Initdead,
    /// A node or link may have been silent for too long. Armed early rather than late; looks at everybody.
    Silence,
    /// A reader has not confirmed its drain in time.
    Patience,
    /// The next farewell status, or the end.
    Farewell,
}

impl Timer {
    const ALL: [Timer; 9] = [
        Timer::Keepalive,
        Timer::Requests,
        Timer::Nudge,
        Timer::NodeList,
        Timer::StartGrace,
        Timer::Initdead,
        Timer::Silence,
        Timer::Patience,
        Timer::Farewell,
    ];
}

/// When each timer is due.
#[derive(Clone, Debug)]
pub(crate) struct Deadlines([Instant; Timer::ALL.len()]);

impl Deadlines {
    pub(crate) fn new() -> Deadlines {
        Deadlines([Instant::MAX; Timer::ALL.len()])
    }

    fn slot(&mut self, timer: Timer) -> &mut Instant {
        // Cannot be out of range: the table has one slot a variant.
        &mut self.0[timer as usize]
    }

    /// Arms `timer` for `at`, replacing an earlier setting.
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        *self.slot(timer) = at;
    }

    /// Arms `timer` for `at` unless it is due before.
    pub(crate) fn set_no_later(&mut self, timer: Timer, at: Instant) {
        let slot = self.slot(timer);
        *slot = (*slot).min(at);
    }

    pub(crate) fn clear(&mut self, timer: Timer) {
        self.set(timer, Instant::MAX);
    }

    pub(crate) fn clear_all(&mut self) {
        *self = Deadlines::new();
    }

    pub(crate) fn is_armed(&self, timer: Timer) -> bool {
        self.0[timer as usize] != Instant::MAX
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().copied().min().filter(|at| *at != Instant::MAX)
    }

    /// Disarms and returns one timer that is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let timer = Timer::ALL.into_iter().find(|timer| self.0[*timer as usize] <= now)?;
        self.clear(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_timers_come_in_declared_order_and_once() {
        let mut deadlines = Deadlines::new();
        assert_eq!(deadlines.next(), None);
        deadlines.set(Timer::Silence, Instant::from_millis(1));
        deadlines.set(Timer::Keepalive, Instant::from_millis(2));
        deadlines.set_no_later(Timer::Keepalive, Instant::from_millis(3));
        deadlines.set(Timer::Farewell, Instant::from_millis(9));
        assert_eq!(deadlines.next(), Some(Instant::from_millis(1)));
        let now = Instant::from_millis(2);
        assert_eq!(deadlines.take_due(now), Some(Timer::Keepalive));
        assert_eq!(deadlines.take_due(now), Some(Timer::Silence));
        assert_eq!(deadlines.take_due(now), None);
        assert!(deadlines.is_armed(Timer::Farewell));
    }
}
