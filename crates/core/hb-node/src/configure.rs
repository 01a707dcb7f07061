//! From the checked configuration to the options of a node's machines.

use crate::node::{Live, Options};
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use hb_base::NodeName;
use hb_config::{AutoFailback, Config, HaCf, LiveChanges, MessageFormat, ResourceKind, StonithParameters};
use hb_lrm::{Class, Resource};
use hb_wire::{Algorithm, Bzip2, Codec, Compression, Format, Keys, KeysError, Method};

impl Options {
    /// What node `own` is set up with by this configuration.
    ///
    /// # Errors
    /// When the keys cannot be used; a configuration that was checked has good ones.
    pub fn from_config(
        config: &Config,
        own: &NodeName,
        bzip2: &'static dyn Bzip2,
    ) -> Result<Options, KeysError> {
        Ok(Options {
            cluster: cluster(config, own),
            classic: Some(classic(config, own)),
            stonith: hb_stonith::Options::new(own.clone(), devices(config)),
            // Who may sign on is a question of users and groups, which the shell looks up.
            session: hb_session::Options::new(own.as_str()),
            codec: codec(config, bzip2)?,
        })
    }
}

impl Live {
    /// What of the changed configuration `config` the machines take while they run. Logging is not theirs.
    ///
    /// # Errors
    /// When the keys cannot be used; nothing was taken then.
    pub fn from_changes(
        config: &Config,
        changes: &LiveChanges,
        bzip2: &'static dyn Bzip2,
    ) -> Result<Live, KeysError> {
        Ok(Live {
            timing: changes.timing().then(|| timing(&config.ha_cf)),
            codec: changes.keys.then(|| codec(config, bzip2)).transpose()?,
            auto_failback: changes.failback().then(|| auto_failback(config)),
            devices: changes.fencing().then(|| devices(config)),
            session: None,
        })
    }
}

fn nodes(config: &Config) -> Vec<NodeName> {
    config.ha_cf.membership.nodes.iter().map(|node| node.value.clone()).collect()
}

fn cluster(config: &Config, own: &NodeName) -> hb_cluster::Options {
    use hb_config as c;
    let HaCf { membership, timing: times, .. } = &config.ha_cf;
    let media =
        supported_media(&config.ha_cf).map(|medium| hb_cluster::Medium::peers(medium.link())).collect();
    let mut options = hb_cluster::Options::new(own.clone(), nodes(config), media);
    options.timing = timing(&config.ha_cf);
    options.history = usize::from(times.history.value);
    options.hopfudge = times.hopfudge.value;
    options.autojoin = match membership.autojoin.value {
        c::Autojoin::None => hb_cluster::Autojoin::None,
        c::Autojoin::Other => hb_cluster::Autojoin::Other,
        c::Autojoin::Any => hb_cluster::Autojoin::Any,
    };
    options.generation_from = match membership.generation.value {
        c::GenerationMethod::File => hb_cluster::GenerationFrom::File,
        c::GenerationMethod::Time => hb_cluster::GenerationFrom::Time,
    };
    options.uuid_from = match membership.uuid.value {
        c::UuidSource::File => hb_cluster::UuidFrom::File,
        c::UuidSource::NodeName => hb_cluster::UuidFrom::NodeName,
    };
    options
}

/// Intervals and timeouts.
fn timing(ha_cf: &HaCf) -> hb_cluster::Timing {
    let times = &ha_cf.timing;
    hb_cluster::Timing {
        warntime: times.warntime.value,
        initdead: times.initdead.value,
        deadping: times.deadping.value,
        max_rexmit_delay: times.max_rexmit_delay.value,
        ..hb_cluster::Timing::new(times.keepalive.value, times.deadtime.value)
    }
}

/// The media that this version can use, in the order of the file: their places are their numbers
/// ([`hb_base::MediumId`]).
pub fn supported_media(ha_cf: &HaCf) -> impl Iterator<Item = &hb_config::Medium> {
    ha_cf.media.iter().map(|medium| &medium.value).filter(|medium| medium.is_supported())
}

fn classic(config: &Config, own: &NodeName) -> hb_classic::Options {
    let peer = nodes(config).into_iter().find(|node| node != own);
    hb_classic::Options::new(own.clone(), peer, groups(config), auto_failback(config))
}

fn auto_failback(config: &Config) -> hb_classic::AutoFailback {
    match config.ha_cf.resources.auto_failback.value {
        AutoFailback::On => hb_classic::AutoFailback::On,
        AutoFailback::Off => hb_classic::AutoFailback::Off,
        AutoFailback::Legacy => hb_classic::AutoFailback::Legacy,
    }
}

/// The resource groups.
fn groups(config: &Config) -> Vec<hb_classic::Group> {
    let one = |group: &hb_config::Group| hb_classic::Group {
        node: group.node.clone(),
        resources: group.resources.iter().map(resource).collect(),
    };
    config.haresources.groups.iter().map(one).collect()
}

fn resource(found: &hb_config::Resource) -> Resource {
    let plain = |class: Class, agent: &str, args: Vec<String>, params: Vec<(String, String)>| Resource {
        id: found.text.clone(),
        class,
        agent: agent.to_owned(),
        args,
        params,
    };
    match &found.kind {
        // In its short form: an IPv6 address has two colons of its own.
        ResourceKind::Address { script, spec } => {
            plain(Class::Address, script, vec![spec.to_string()], Vec::new())
        }
        ResourceKind::Script { name, arguments } => {
            plain(Class::Heartbeat, name, arguments.clone(), Vec::new())
        }
        ResourceKind::OcfInstance { agent, instance } => {
            plain(Class::Heartbeat, "OCF", vec![agent.clone(), instance.clone()], Vec::new())
        }
        ResourceKind::Ocf { provider, agent, parameters } => {
            plain(Class::Ocf { provider: provider.clone() }, agent, Vec::new(), parameters.clone())
        }
        ResourceKind::Lsb { name } => plain(Class::Lsb, name, Vec::new(), Vec::new()),
    }
}

/// The lines that name fencing devices.
fn devices(config: &Config) -> Vec<hb_stonith::Line> {
    let line = |device: &hb_config::StonithDevice| match &device.parameters {
        StonithParameters::File(file) => {
            hb_stonith::Line::Stonith { kind: device.kind.clone(), file: file.clone() }
        }
        StonithParameters::Values(values) => hb_stonith::Line::Host {
            host: device.host.as_ref().map_or("*", NodeName::as_str).to_owned(),
            kind: device.kind.clone(),
            values: values.clone(),
        },
    };
    config.ha_cf.stonith.iter().map(|device| line(&device.value)).collect()
}

/// Keys and wire format.
fn codec(config: &Config, bzip2: &'static dyn Bzip2) -> Result<Codec, KeysError> {
    let method = |method: hb_config::Method| match method {
        hb_config::Method::Crc => Method::Crc,
        hb_config::Method::Md5 => Method::Md5,
        hb_config::Method::Sha1 => Method::Sha1,
    };
    let keys = &config.authkeys;
    let all = keys.keys.iter().map(|key| (key.number, method(key.method), key.secret.bytes().to_vec()));
    let keys = Keys::new(keys.signing.value, all)?;
    let wire = &config.ha_cf.wire;
    let format = match wire.format.value {
        MessageFormat::Classic => Format::Classic,
        MessageFormat::Netstring => Format::Netstring,
    };
    let algorithm = match wire.compression.as_ref().map(|c| c.value) {
        Some(hb_config::Compression::Bz2) => Algorithm::Bzip2,
        Some(hb_config::Compression::Zlib) | None => Algorithm::Zlib,
    };
    let threshold = usize::try_from(wire.compression_threshold_kb.value).unwrap_or(usize::MAX);
    let traditional = wire.traditional_compression.value && wire.compression.is_some();
    let traditional_threshold_bytes = traditional.then(|| threshold.saturating_mul(1024));
    let compression = Compression { algorithm, traditional_threshold_bytes };
    Ok(Codec::new(keys, format).with_bzip2(bzip2).with_compression(compression))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_reaches_its_agent_whole() {
        use hb_config::{Files, HostFacts, check};
        let files = Files {
            ha_cf: Some(b"node paul silas\nbcast eth0\nauto_failback on\nlogfacility daemon\n"),
            authkeys: Some(b"auth 1\n1 sha1 k\n"),
            authkeys_mode: Some(0o600),
            haresources: Some(b"paul 2001:db8::5/64/eth0 IPv6addr::2001:db8::6/64 10.0.0.5/24/eth0:web\n"),
        };
        let config = check(&files, &HostFacts::unknown("paul")).0.expect("sound");
        let words: Vec<String> = groups(&config)[0].resources.iter().flat_map(|r| r.args.clone()).collect();
        assert_eq!(words, ["2001:db8::5/64/eth0", "2001:db8::6/64", "10.0.0.5/24/eth0:web"]);
    }
}
