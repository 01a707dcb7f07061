//! Timers that are due.

use crate::machine::Cluster;
use crate::timers::Timer;
use core::time::Duration;

/// Timers handled for one input: each at most a few times.
const TIMERS_AT_ONCE: usize = 32;

pub(crate) fn handle(cluster: &mut Cluster) {
    for _ in 0..TIMERS_AT_ONCE {
        let Some(timer) = cluster.deadlines.take_due(cluster.now) else { return };
        match timer {
            Timer::Keepalive => cluster.send_status(),
            Timer::Requests => cluster.request_missing(),
            Timer::Nudge => cluster.nudge(),
            Timer::NodeList => cluster.ask_nodes(),
            Timer::StartGrace => {
                cluster.start_grace = Duration::ZERO;
                cluster.send_status();
            }
            Timer::Initdead => {
                cluster.initdead_passed = true;
                cluster.consider_startup();
            }
            Timer::Silence => cluster.check_silence(),
            Timer::Patience => cluster.lose_patience(),
            Timer::Farewell => super::leave::say_farewell(cluster),
        }
    }
}
