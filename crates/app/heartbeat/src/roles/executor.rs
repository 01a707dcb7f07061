//! The executors: resource agents and addresses (`lrmd`), fencing devices (`stonithd`).

use hb_agents::{Executor, Places, Settings};
use hb_runtime::{Class, Event, EventLoop, Inherited, Interest, Signal, clock};
use std::path::{Path, PathBuf};

/// The socket where a returning master finds its resource executor, in the run folder.
pub(super) const SOCKET: &str = "lrmd";

/// Where agents live, given the configuration folder.
pub(crate) fn agent_places(config_dir: &Path) -> Places {
    Places {
        ha_dir: config_dir.to_owned(),
        resource_d: config_dir.join("resource.d"),
        rc_d: config_dir.join("rc.d"),
        ocf_conf: config_dir.join("conf/OCF"),
        ..Places::default()
    }
}

pub(crate) fn run(mut inherited: Inherited) -> Result<(), String> {
    let channel = inherited.fd("pair").map_err(|e| e.to_string())?;
    inherited.settle("heartbeat").map_err(|e| e.to_string())?;
    let [config_dir, run_dir] = inherited.args.as_slice() else {
        return Err("its arguments are not as the master writes them".to_owned());
    };
    let resources = inherited.role == "lrmd";
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings {
        places: agent_places(Path::new(config_dir)),
        socket: resources.then(|| PathBuf::from(run_dir).join(SOCKET)),
        addresses: resources,
        max_children: hb_lrm::max_children(cpus),
    };
    let executor = Executor::new(clock::monotonic(), settings, channel).map_err(|e| e.to_string())?;
    serve(executor)
}

fn serve(mut executor: Executor) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("the kernel gives no event loop: {e}");
    let mut events: EventLoop<()> = EventLoop::new().map_err(failed)?;
    events.take_signals().map_err(failed)?;
    events.add(executor.fd(), (), Class::Clients, Interest::Read).map_err(failed)?;
    loop {
        executor.forward_notices(events.now());
        if executor.is_over() {
            return Ok(());
        }
        let event = events.next(executor.deadline()).map_err(failed)?;
        let now = events.now();
        match event {
            Event::Signal(Signal::Term) => executor.retire(now, "terminated"),
            Event::Ready { .. } | Event::Deadline => executor.turn(now),
            // The master's terminal is not ours, and being late decides nothing here.
            Event::Signal(_) | Event::Stalled { .. } | Event::Overrun(_) | Event::Demoted => {}
        }
    }
}
