//! Good-bye: a few last statuses that say so, while requests are still answered, then silence.

use crate::machine::Cluster;
use crate::timers::Timer;
use crate::{Output, Phase, notices};
use core::time::Duration;
use hb_base::{Notice, Severity};

/// Farewell statuses. Lost ones are not asked for once we are gone, so there are several.
const FAREWELLS: u32 = 4;
/// Longest time that they take together; the original's pause before it ends its media.
const FAREWELL_LASTS: Duration = Duration::from_secs(1);

pub(crate) fn handle(cluster: &mut Cluster) {
    match cluster.phase {
        Phase::Leaving | Phase::Left => {}
        Phase::Idle | Phase::Persisting => end(cluster),
        Phase::Forming | Phase::AskingNodes | Phase::Active => {
            cluster.phase = Phase::Leaving;
            cluster.resume();
            cluster.lower_barrier();
            for timer in [Timer::NodeList, Timer::StartGrace, Timer::Initdead, Timer::Silence] {
                cluster.deadlines.clear(timer);
            }
            say_farewell(cluster);
        }
    }
}

/// The next farewell, or the end.
pub(crate) fn say_farewell(cluster: &mut Cluster) {
    if cluster.farewells == FAREWELLS {
        return end(cluster);
    }
    cluster.farewells += 1;
    cluster.send_status();
    let pause = cluster.options.timing.keepalive.min(FAREWELL_LASTS / FAREWELLS);
    cluster.deadlines.set(Timer::Farewell, cluster.now + pause);
    cluster.deadlines.clear(Timer::Keepalive);
}

fn end(cluster: &mut Cluster) {
    cluster.phase = Phase::Left;
    cluster.deadlines.clear_all();
    let name = cluster.options.node.clone();
    cluster.notice(Notice::new(Severity::Info, notices::LEFT, name.as_str()));
    cluster.emit(Output::Left);
}
