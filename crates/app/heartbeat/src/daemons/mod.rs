//! Daemons that run beside a node, under the original's names: `apphbd`, `recoverymgrd`, `ha_logd`.

mod apphbd;
mod launch;
mod log_daemon;
mod recovery_link;
mod recoverymgrd;
mod server;

pub(crate) use launch::{Daemon, command, run_role};
pub(crate) use log_daemon::{LogSocket, SOCKET as LOG_SOCKET};

use launch::Launch;
use std::path::PathBuf;

/// All of them.
pub(crate) const DAEMONS: [Daemon; 3] = [
    Daemon {
        name: "apphbd",
        about: "watches applications that promised to send heartbeats",
        default_config: Some("./apphbd.cf"),
        serve: apphbd::serve,
    },
    Daemon {
        name: "recoverymgrd",
        about: "runs the configured script when apphbd tells of an application's failure",
        default_config: Some("./recoverymgrd.conf"),
        serve: recoverymgrd::serve,
    },
    Daemon {
        name: "ha_logd",
        about: "takes log lines from programs that must not wait for a disk",
        default_config: Some("/etc/logd.cf"),
        serve: log_daemon::serve,
    },
];

/// Reads a daemon's file. One that was not named and is not there reads as `None`.
fn read_config(launch: &Launch) -> Result<Option<String>, String> {
    match std::fs::read_to_string(&launch.config) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !launch.config_named => Ok(None),
        Err(error) => Err(format!(
            "{}: error: {error}. Write it, or name another one with -c.",
            launch.config.display()
        )),
    }
}

/// Where a daemon without a log file of its own logs: to syslog, and to the terminal in the foreground.
fn usual_sinks(
    launch: &Launch,
    logfile: Option<PathBuf>,
    debugfile: Option<PathBuf>,
) -> hb_logd::SinksOptions {
    let named = logfile.is_some() || debugfile.is_some();
    hb_logd::SinksOptions {
        logfile,
        debugfile,
        syslog: if named { None } else { hb_logd::parse_facility("daemon") },
        stderr: launch.foreground,
        debug: launch.debug,
        host: host_name(),
        ..Default::default()
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
