//! What is in force, as lines of `ha.cf`: for comparing, for showing, for writing a file anew.

use super::{
    AutoFailback, Autojoin, ChildKind, Compression, Crm, GenerationMethod, HaCf, Medium, MessageFormat,
    StonithParameters, UuidSource,
};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

type Lines = Vec<(&'static str, String)>;

impl HaCf {
    /// Every value in force as directive and text, defaults and derived values included, in an order that
    /// makes the lines a valid file with the same meaning. May hold passwords of fencing devices.
    pub fn in_force(&self) -> Vec<(&'static str, String)> {
        let mut out = Lines::new();
        self.membership_lines(&mut out);
        self.timing_lines(&mut out);
        self.media_lines(&mut out);
        self.resource_lines(&mut out);
        self.logging_lines(&mut out);
        self.process_lines(&mut out);
        self.children_lines(&mut out);
        out
    }

    fn membership_lines(&self, out: &mut Lines) {
        let m = &self.membership;
        out.extend(m.nodes.iter().map(|node| ("node", node.to_string())));
        let autojoin = match m.autojoin.value {
            Autojoin::None => "none",
            Autojoin::Other => "other",
            Autojoin::Any => "any",
        };
        let generation = match m.generation.value {
            GenerationMethod::File => "file",
            GenerationMethod::Time => "time",
        };
        let uuid = match m.uuid.value {
            UuidSource::File => "file",
            UuidSource::NodeName => "nodename",
        };
        out.push(("autojoin", autojoin.into()));
        out.push(("cluster", m.cluster.value.clone()));
        out.push(("hbgenmethod", generation.into()));
        out.push(("uuidfrom", uuid.into()));
        out.extend(m.quorum_server.iter().map(|server| ("quorum_server", server.value.clone())));
    }

    fn timing_lines(&self, out: &mut Lines) {
        let t = &self.timing;
        for (name, value) in [
            ("keepalive", t.keepalive.value),
            ("deadtime", t.deadtime.value),
            ("warntime", t.warntime.value),
            ("initdead", t.initdead.value),
            ("deadping", t.deadping.value),
        ] {
            out.push((name, millis(value)));
        }
        out.push(("max_rexmit_delay", t.max_rexmit_delay.as_millis().to_string()));
        out.push(("hopfudge", t.hopfudge.to_string()));
        out.push(("history", t.history.to_string()));
    }

    fn media_lines(&self, out: &mut Lines) {
        // Each medium has the port and the speed that were in force where it stood.
        let mut port = None;
        let last_port = Some(self.udpport.value);
        for medium in &self.media {
            let (uses_port, uses_baud) = match &medium.value {
                Medium::Bcast { port, .. } | Medium::Ucast { port, .. } | Medium::Ucast6 { port, .. } => {
                    (Some(*port), None)
                }
                Medium::Serial { baud, .. } => (None, Some(*baud)),
                _ => (None, None),
            };
            if uses_port.is_some() && uses_port != port {
                port = uses_port;
                out.extend(port.map(|port| ("udpport", port.to_string())));
            }
            if uses_baud == Some(self.baud.value) && !out.iter().any(|(name, _)| *name == "baud") {
                out.push(("baud", self.baud.to_string()));
            }
            out.push((medium.kind().name(), medium_words(&medium.value)));
        }
        if port != last_port {
            out.push(("udpport", self.udpport.to_string()));
        }
        if !out.iter().any(|(name, _)| *name == "baud") {
            out.push(("baud", self.baud.to_string()));
        }
    }

    fn resource_lines(&self, out: &mut Lines) {
        let r = &self.resources;
        let crm = match r.crm.value {
            Crm::Off => "off",
            Crm::On => "on",
            Crm::Respawn => "respawn",
            Crm::Minimal => "minimal",
            Crm::Valgrind => "valgrind",
        };
        let failback = match r.auto_failback.value {
            AutoFailback::On => "on",
            AutoFailback::Off => "off",
            AutoFailback::Legacy => "legacy",
        };
        out.push(("crm", crm.into()));
        out.push(("auto_failback", failback.into()));
        for (name, setting) in [
            ("record_config_changes", &r.record_config_changes),
            ("record_pengine_inputs", &r.record_pengine_inputs),
            ("enable_config_writes", &r.enable_config_writes),
            ("crmd_spawns_pengine", &r.crmd_spawns_pengine),
        ] {
            out.push((name, switch(setting.value)));
        }
        out.extend(r.crm_daemon_dir.iter().map(|dir| ("crm_daemon_dir", dir.value.clone())));
        for device in &self.stonith {
            let kind = &device.kind;
            out.push(match &device.parameters {
                StonithParameters::File(path) => ("stonith", format!("{kind} {path}")),
                StonithParameters::Values(values) => {
                    let host = device.host.as_ref().map_or("*", |host| host.as_str());
                    (
                        "stonith_host",
                        joined([host, kind].into_iter().chain(values.iter().map(String::as_str))),
                    )
                }
            });
        }
    }

    fn logging_lines(&self, out: &mut Lines) {
        let l = &self.logging;
        out.extend(l.logfile.iter().map(|path| ("logfile", path.value.clone())));
        out.extend(l.debugfile.iter().map(|path| ("debugfile", path.value.clone())));
        let facility = l.logfacility.as_ref().map_or("none", |facility| facility.as_str());
        out.push(("logfacility", facility.to_string()));
        out.extend(l.use_logd.iter().map(|on| ("use_logd", switch(on.value))));
        out.push(("conn_logd_time", millis(l.conn_logd_time.value)));
        out.push(("syslogmsgfmt", switch(l.syslogmsgfmt.value)));
        // Ours alone: a file without them is one of the original's.
        if l.logsize_kb.is_written() {
            out.push(("logsize", l.logsize_kb.to_string()));
        }
        if l.logkeep.is_written() {
            out.push(("logkeep", l.logkeep.to_string()));
        }
        out.push(("debug", l.debug.to_string()));
        out.push(("log_badpack", switch(l.log_badpack.value)));
    }

    fn process_lines(&self, out: &mut Lines) {
        let (p, w) = (&self.process, &self.wire);
        out.push(("realtime", switch(p.realtime.value)));
        out.extend(p.rtprio.iter().map(|priority| ("rtprio", priority.to_string())));
        out.push(("memreserve", p.memreserve_kb.to_string()));
        out.push(("coredumps", switch(p.coredumps.value)));
        out.extend(p.coreroot.iter().map(|dir| ("coreroot", dir.value.clone())));
        out.push(("normalpoll", switch(p.normalpoll.value)));
        out.extend(p.watchdog.iter().map(|device| ("watchdog", device.value.clone())));
        out.push(("use_apphbd", switch(p.use_apphbd.value)));
        let format = match w.format.value {
            MessageFormat::Classic => "classic",
            MessageFormat::Netstring => "netstring",
        };
        out.push(("msgfmt", format.into()));
        out.extend(w.compression.iter().map(|method| {
            let name = match method.value {
                Compression::Zlib => "zlib",
                Compression::Bz2 => "bz2",
            };
            ("compression", name.into())
        }));
        out.push(("compression_threshold", w.compression_threshold_kb.to_string()));
        out.push(("traditional_compression", switch(w.traditional_compression.value)));
    }

    fn children_lines(&self, out: &mut Lines) {
        for child in &self.children {
            let name = match child.kind {
                ChildKind::Respawn => "respawn",
                ChildKind::Failfast => "failfast",
            };
            let words = [child.user.as_str(), child.program.as_str()];
            out.push((name, joined(words.into_iter().chain(child.arguments.iter().map(String::as_str)))));
        }
        for auth in &self.apiauth {
            let mut text = auth.client.clone();
            for (key, names) in [("uid", &auth.users), ("gid", &auth.groups)] {
                if !names.is_empty() {
                    text.push_str(&format!(" {key}={}", names.join(",")));
                }
            }
            out.push(("apiauth", text));
        }
        out.extend(self.env.iter().map(|variable| ("env", format!("{}={}", variable.name, variable.text))));
    }
}

fn millis(time: Duration) -> String {
    format!("{}ms", time.as_millis())
}

fn switch(on: bool) -> String {
    if on { "on" } else { "off" }.to_string()
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn medium_words(medium: &Medium) -> String {
    match medium {
        Medium::Bcast { interface, .. } => interface.clone(),
        Medium::Mcast { interface, group, port, ttl, loopback } => {
            format!("{interface} {group} {port} {ttl} {}", u8::from(*loopback))
        }
        Medium::Mcast6 { interface, group, port, hops, loopback } => {
            format!("{interface} {group} {port} {hops} {}", u8::from(*loopback))
        }
        Medium::Ucast { interface, peer, .. } | Medium::Ucast6 { interface, peer, .. } => {
            format!("{interface} {peer}")
        }
        Medium::Serial { device, .. } => device.clone(),
        Medium::Ping { host } | Medium::Ping6 { host } => host.clone(),
        Medium::PingGroup { name, hosts } => {
            joined(core::iter::once(name.as_str()).chain(hosts.iter().map(String::as_str)))
        }
        Medium::Rare { words, .. } => joined(words.iter().map(String::as_str)),
    }
}
