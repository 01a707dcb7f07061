//! From the typed configuration to the options of the shell: media words, log destinations.

use hb_config::HaCf;
use hb_logd::{Facility, Forward, Keep, SinksOptions, parse_facility};
use hb_node::supported_media;
use std::path::{Path, PathBuf};

/// The directive of each medium.
pub(crate) fn media_words(ha_cf: &HaCf) -> Vec<String> {
    supported_media(ha_cf).map(|medium| medium.kind().name().to_owned()).collect()
}

/// Where the log goes; `state_dir` is where the logging daemon's socket is.
pub(crate) fn sinks(ha_cf: &HaCf, host: &str, terminal: bool, state_dir: &Path) -> SinksOptions {
    let logging = &ha_cf.logging;
    let path =
        |setting: &Option<hb_config::Setting<String>>| setting.as_ref().map(|s| PathBuf::from(&s.value));
    let facility = logging.logfacility.as_ref().and_then(|name| parse_facility(&name.value));
    let nowhere = logging.is_nowhere();
    let forward = logging.use_logd.as_ref().filter(|wanted| wanted.value).map(|_| Forward {
        socket: state_dir.join(crate::daemons::LOG_SOCKET),
        retry: logging.conn_logd_time.value,
    });
    SinksOptions {
        logfile: path(&logging.logfile),
        debugfile: path(&logging.debugfile),
        // With no destination at all the original hands its lines to its logging daemon, which feeds syslog.
        syslog: facility.or(nowhere.then_some(DAEMON)),
        stderr: terminal || nowhere,
        debug: logging.debug.value > 0,
        host: host.to_owned(),
        original_format: !logging.syslogmsgfmt.value,
        keep: Keep {
            max_bytes: Some(logging.logsize_kb.value * 1024).filter(|bytes| *bytes > 0),
            files: logging.logkeep.value,
            ..Keep::default()
        },
        forward,
        ..Default::default()
    }
}

/// Facility `daemon`.
const DAEMON: Facility = Facility(3);
