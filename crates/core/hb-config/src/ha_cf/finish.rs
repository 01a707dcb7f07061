//! Defaults, and the values that follow from others (spec: ha.cf section 3.1, cluster-protocol section 6.1).

use super::parse::Context;
use super::{
    AutoFailback, Autojoin, Crm, GenerationMethod, HaCf, Logging, Membership, MessageFormat, Process,
    ResourceManagement, Timing, UuidSource, Wire,
};
use crate::span::Setting;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

/// Heartbeat's own UDP port.
pub const DEFAULT_PORT: u16 = 694;

impl HaCf {
    /// What an empty file says. `service_port` is the services file's entry for `ha-cluster`/udp.
    pub(crate) fn defaults(service_port: Option<u16>) -> HaCf {
        HaCf {
            membership: Membership {
                nodes: Vec::new(),
                autojoin: Setting::default_of(Autojoin::None),
                cluster: Setting::default_of("linux-ha".to_string()),
                quorum_server: None,
                generation: Setting::default_of(GenerationMethod::File),
                uuid: Setting::default_of(UuidSource::File),
            },
            timing: Timing {
                keepalive: Setting::default_of(Duration::from_secs(1)),
                deadtime: Setting::default_of(Duration::from_secs(30)),
                warntime: Setting::default_of(Duration::from_secs(15)),
                initdead: Setting::default_of(Duration::from_secs(30)),
                deadping: Setting::default_of(Duration::from_secs(30)),
                max_rexmit_delay: Setting::default_of(Duration::from_millis(250)),
                hopfudge: Setting::default_of(1),
                history: Setting::default_of(500),
            },
            media: Vec::new(),
            udpport: Setting::default_of(service_port.filter(|port| *port > 0).unwrap_or(DEFAULT_PORT)),
            baud: Setting::default_of(19_200),
            resources: ResourceManagement {
                crm: Setting::default_of(Crm::Off),
                auto_failback: Setting::default_of(AutoFailback::Legacy),
                record_config_changes: Setting::default_of(true),
                record_pengine_inputs: Setting::default_of(true),
                enable_config_writes: Setting::default_of(true),
                crmd_spawns_pengine: Setting::default_of(true),
                crm_daemon_dir: None,
            },
            stonith: Vec::new(),
            wire: Wire {
                format: Setting::default_of(MessageFormat::Classic),
                compression: None,
                compression_threshold_kb: Setting::default_of(2),
                traditional_compression: Setting::default_of(false),
            },
            logging: Logging {
                logfile: None,
                debugfile: None,
                logfacility: None,
                use_logd: None,
                conn_logd_time: Setting::default_of(Duration::from_secs(60)),
                syslogmsgfmt: Setting::default_of(true),
                logsize_kb: Setting::default_of(0),
                logkeep: Setting::default_of(1),
                debug: Setting::default_of(0),
                log_badpack: Setting::default_of(true),
            },
            process: Process {
                realtime: Setting::default_of(true),
                rtprio: None,
                memreserve_kb: Setting::default_of(6_500),
                coredumps: Setting::default_of(true),
                coreroot: None,
                normalpoll: Setting::default_of(true),
                watchdog: None,
                use_apphbd: Setting::default_of(false),
            },
            children: Vec::new(),
            apiauth: Vec::new(),
            env: Vec::new(),
            recorded: Vec::new(),
            places: BTreeMap::new(),
        }
    }
}

/// Derives what nobody wrote, once the whole file is read.
pub(crate) fn finish(cx: &mut Context<'_>) {
    let timing = &mut cx.ha_cf.timing;
    let deadtime = timing.deadtime.value;
    if !timing.warntime.is_written() {
        // Whole milliseconds, as everywhere.
        let millis = u64::try_from(deadtime.as_millis() / 2).unwrap_or(u64::MAX);
        timing.warntime = Setting::default_of(Duration::from_millis(millis));
    }
    if !timing.deadping.is_written() {
        timing.deadping = Setting::default_of(deadtime);
    }
    if !timing.initdead.is_written() {
        timing.initdead = Setting::default_of(initdead_of(deadtime));
    }
    record_defaults(cx);
    cx.ha_cf.places = cx.seen.clone();
}

/// The initdead that goes with a deadtime.
fn initdead_of(deadtime: Duration) -> Duration {
    if deadtime > Duration::from_secs(10) {
        deadtime
    } else if deadtime < Duration::from_secs(6) {
        Duration::from_secs(12)
    } else {
        deadtime * 2
    }
}

/// Adds the parameters that scripts see although the file does not name them.
fn record_defaults(cx: &mut Context<'_>) {
    let timing = &cx.ha_cf.timing;
    let derived = [
        ("warntime", timing.warntime.value),
        ("initdead", timing.initdead.value),
        ("deadping", timing.deadping.value),
    ];
    let derived = derived.map(|(name, value)| (name, format!("{}ms", value.as_millis())));
    let port = ("udpport", cx.ha_cf.udpport.value.to_string());
    let fixed = super::table::DIRECTIVES
        .iter()
        .filter(|d| d.repeat != super::table::Repeat::Many)
        .filter_map(|d| d.default.text().map(|text| (d.name, text.to_string())));
    let all: Vec<_> = derived.into_iter().chain([port]).chain(fixed).collect();
    for (name, text) in all {
        let name = if name == "crm" { "pacemaker" } else { name };
        if !cx.ha_cf.recorded.iter().any(|(key, _)| *key == name) {
            cx.ha_cf.recorded.push((name, text));
        }
    }
    cx.ha_cf.recorded.sort();
}
