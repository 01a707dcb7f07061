//! What a check works on: the files and the facts about this host, gathered in one process and judged in another.
//!
//! Gathering may take long (names are looked up, programs are asked for their parameters) and needs root's rights;
//! judging takes a moment and needs none. So a running node has a child gather.

use super::{Texts, facts};
use crate::cli::Places;
use hb_config::{Config, Diagnostic, FileFact, HostFacts, Interface, InterfaceAddress};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The files as they were, and the host as it was.
pub(crate) struct Material {
    texts: Texts,
    facts: HostFacts,
}

impl Material {
    /// Reads the files and looks up what they make it worth looking up.
    pub(crate) fn gather(places: &Places) -> Material {
        let texts = Texts::read(&places.config_dir);
        let mut facts = facts::basic(places);
        let wanted = hb_config::wanted(&texts.files(), &facts);
        facts::look_up(&wanted, places, &mut facts);
        Material { texts, facts }
    }

    /// Judges.
    pub(crate) fn check(&self) -> (Option<Config>, Vec<Diagnostic>) {
        hb_config::check(&self.texts.files(), &self.facts)
    }

    /// For the channel.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Material { texts, facts } = self;
        let address = |a: &InterfaceAddress| {
            json!([a.address.to_string(), a.prefix, a.broadcast.map(|b| b.to_string())])
        };
        let interface = |i: &Interface| json!({"name": i.name, "up": i.up, "addresses": i.addresses.iter().map(address).collect::<Vec<_>>()});
        let document = json!({
            "ha_cf": texts.ha_cf.as_deref().map(text_of),
            "authkeys": texts.authkeys.as_deref().map(text_of),
            "authkeys_mode": texts.authkeys_mode,
            "haresources": texts.haresources.as_deref().map(text_of),
            "node": facts.node,
            "config_dir": facts.config_dir,
            "interfaces": facts.interfaces.as_ref().map(|all| all.iter().map(interface).collect::<Vec<_>>()),
            "files": facts.files.iter().map(|(path, fact)| (path.clone(), file_word(*fact))).collect::<Map<_, _>>(),
            "users": facts.users,
            "groups": facts.groups,
            "hosts": facts.hosts.iter()
                .map(|(host, ip)| (host.clone(), json!(ip.map(|ip| ip.to_string())))).collect::<Map<_, _>>(),
            "stonith_types": facts.stonith_types,
            "service_port": facts.service_port,
            "realtime_allowed": facts.realtime_allowed,
        });
        document.to_string().into_bytes()
    }

    /// From the channel; `None` when it is none of ours.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Material> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        let file = |name: &str| optional(&document[name], |v| bytes_of(v.as_str()?));
        let texts = Texts {
            ha_cf: file("ha_cf")?,
            authkeys: file("authkeys")?,
            authkeys_mode: optional(&document["authkeys_mode"], number)?,
            haresources: file("haresources")?,
        };
        let mut facts = HostFacts::unknown(document["node"].as_str()?);
        document["config_dir"].as_str()?.clone_into(&mut facts.config_dir);
        let all = |v: &Value| v.as_array()?.iter().map(interface).collect();
        facts.interfaces = optional(&document["interfaces"], all)?;
        facts.files = map(&document["files"], file_fact)?;
        facts.users = map(&document["users"], Value::as_bool)?;
        facts.groups = map(&document["groups"], Value::as_bool)?;
        facts.hosts = map(&document["hosts"], |v| optional(v, |v| v.as_str()?.parse().ok()))?;
        facts.stonith_types = optional(&document["stonith_types"], |v| map(v, words))?;
        facts.service_port = optional(&document["service_port"], number)?;
        facts.realtime_allowed = document["realtime_allowed"].as_bool()?;
        Some(Material { texts, facts })
    }
}

/// Nothing, or what `read` makes of it; `None` when it can make nothing of it.
fn optional<T>(value: &Value, read: impl FnOnce(&Value) -> Option<T>) -> Option<Option<T>> {
    if value.is_null() { Some(None) } else { read(value).map(Some) }
}

fn map<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<BTreeMap<String, T>> {
    value.as_object()?.iter().map(|(name, value)| Some((name.clone(), read(value)?))).collect()
}

fn words(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|word| word.as_str().map(str::to_owned)).collect()
}

fn number<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_u64()?).ok()
}

/// A file may hold any bytes; each travels as the character of its number.
fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn interface(value: &Value) -> Option<Interface> {
    let address = |value: &Value| {
        Some(InterfaceAddress {
            address: value[0].as_str()?.parse().ok()?,
            prefix: number(&value[1])?,
            broadcast: optional(&value[2], |v| v.as_str()?.parse().ok())?,
        })
    };
    Some(Interface {
        name: value["name"].as_str()?.to_owned(),
        up: value["up"].as_bool()?,
        addresses: value["addresses"].as_array()?.iter().map(address).collect::<Option<_>>()?,
    })
}

fn file_word(fact: FileFact) -> Value {
    match fact {
        FileFact::Missing => json!("missing"),
        FileFact::Unreadable => json!("unreadable"),
        FileFact::Other => json!("other"),
        FileFact::Regular { mode } => json!(mode),
    }
}

fn file_fact(value: &Value) -> Option<FileFact> {
    match value.as_str() {
        Some("missing") => Some(FileFact::Missing),
        Some("unreadable") => Some(FileFact::Unreadable),
        Some("other") => Some(FileFact::Other),
        Some(_) => None,
        None => number(value).map(|mode| FileFact::Regular { mode }),
    }
}

/// The folders as arguments of the child that gathers.
pub(crate) fn arguments(places: &Places) -> Vec<String> {
    let text = |path: &Path| path.display().to_string();
    let mut all = vec![text(&places.config_dir), text(&places.state_dir), text(&places.run_dir)];
    all.extend(places.node.clone());
    all
}

/// The reverse of [`arguments`].
pub(crate) fn places(arguments: &[String]) -> Option<Places> {
    let (folders, node) = arguments.split_at_checked(3)?;
    let [config_dir, state_dir, run_dir] = folders else { return None };
    Some(Places {
        config_dir: config_dir.into(),
        state_dir: state_dir.into(),
        run_dir: run_dir.into(),
        node: node.first().cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_facts_survive_the_channel() {
        let mut facts = HostFacts::unknown("paul");
        let address = InterfaceAddress {
            address: "10.0.0.1".parse().unwrap(),
            prefix: 24,
            broadcast: "10.0.0.255".parse().ok(),
        };
        let addresses = vec![
            address,
            InterfaceAddress { address: "fd00::1".parse().unwrap(), prefix: 64, broadcast: None },
        ];
        facts.interfaces = Some(vec![Interface { name: "eth0".into(), up: true, addresses }]);
        facts.files = [
            ("/a", FileFact::Missing),
            ("/b", FileFact::Regular { mode: 0o755 }),
            ("/c", FileFact::Unreadable),
            ("/d", FileFact::Other),
        ]
        .map(|(path, fact)| (path.to_owned(), fact))
        .into();
        facts.users = [("hacluster".to_owned(), false)].into();
        facts.hosts = [("a".to_owned(), None), ("b".to_owned(), "::1".parse().ok())].into();
        facts.stonith_types = Some([("null".to_owned(), vec!["hostlist".to_owned()])].into());
        facts.service_port = Some(694);
        facts.realtime_allowed = false;
        let bytes: Vec<u8> = (0..=255).collect();
        let texts = Texts {
            ha_cf: Some(bytes),
            authkeys: None,
            authkeys_mode: Some(0o600),
            haresources: Some(vec![]),
        };
        let told = Material { texts, facts };
        let heard = Material::decode(&told.encode()).unwrap();
        assert_eq!(format!("{:?}", heard.facts), format!("{:?}", told.facts));
        assert_eq!(format!("{:?}", heard.texts.files()), format!("{:?}", told.texts.files()));
        assert!(Material::decode(b"{}").is_none() && Material::decode(b"").is_none());
    }

    #[test]
    fn folders_survive_the_command_line() {
        for node in [None, Some("paul".to_owned())] {
            let told =
                Places { config_dir: "/a b".into(), state_dir: "/s".into(), run_dir: "/r".into(), node };
            assert_eq!(format!("{:?}", places(&arguments(&told)).unwrap()), format!("{told:?}"));
        }
    }
}
