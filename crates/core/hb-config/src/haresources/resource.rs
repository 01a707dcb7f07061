//! One resource of a group, and the ways to write it.

use super::address::{self, AddressSpec, Wrong};
use crate::span::Span;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A resource as it stands in a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// As it is written: the resource's name in messages and logs, and the group's key if it is the first.
    pub text: String,
    /// Where it stands.
    pub at: Span,
    /// What it is.
    pub kind: ResourceKind,
}

/// The kinds of resources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ResourceKind {
    /// An address: the shorthand, or `IPaddr::…`, `IPaddr2::…`, `IPv6addr::…` with one argument.
    Address {
        /// The script that is named, `IPaddr` for the shorthand of IPv4, `IPv6addr` for that of IPv6.
        script: String,
        /// The address.
        spec: AddressSpec,
    },
    /// A script of resource.d, or else of init.d: `NAME::ARGUMENT::ARGUMENT`.
    Script {
        /// Its name.
        name: String,
        /// What stands before the action word.
        arguments: Vec<String>,
    },
    /// `OCF::TYPE::INSTANCE`: the original's way to an OCF agent, parameters in
    /// `conf/OCF/TYPE/INSTANCE`.
    OcfInstance {
        /// The agent.
        agent: String,
        /// The parameter file.
        instance: String,
    },
    /// `ocf:PROVIDER:TYPE::NAME=VALUE…`: an OCF agent with its parameters. Our own.
    Ocf {
        /// The agent's provider.
        provider: String,
        /// The agent.
        agent: String,
        /// Parameters in the order of the line, each name once.
        parameters: Vec<(String, String)>,
    },
    /// `lsb:NAME`: a script of init.d and nothing else. Our own.
    Lsb {
        /// Its name.
        name: String,
    },
}

/// What reading a word as a resource gives.
// DEVIATION: the original checks no resource before it starts it; here what can never run is an error.
pub(super) enum Reading {
    /// A resource.
    Sound(ResourceKind),
    /// A resource that looks as if something else was meant.
    Odd(ResourceKind, Wrong),
    /// Nothing that can be run.
    Bad(Wrong),
}

fn bad(message: String, cure: &'static str) -> Reading {
    Reading::Bad(Wrong { message, cure })
}

pub(super) fn read(text: &str) -> Reading {
    if address::is_meant(text) {
        return match address::read(text) {
            Ok(spec) => {
                let script = if spec.address.is_ipv4() { "IPaddr" } else { "IPv6addr" }.to_string();
                Reading::Sound(ResourceKind::Address { script, spec })
            }
            Err(wrong) => Reading::Bad(wrong),
        };
    }
    if let Some(rest) = text.strip_prefix("ocf:").filter(|rest| !rest.starts_with(':')) {
        return ocf(text, rest);
    }
    if let Some(name) = text.strip_prefix("lsb:").filter(|name| !name.starts_with(':')) {
        if name.is_empty() || name.contains([':', '/']) || name.starts_with('.') {
            return bad(
                format!("`{text}` names no init script"),
                "Write `lsb:NAME`; an init script takes no arguments.",
            );
        }
        return Reading::Sound(ResourceKind::Lsb { name: name.to_string() });
    }
    script(text)
}

/// A name that can be that of a file in a folder of agents.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && !name.starts_with('.')
}

fn ocf(text: &str, rest: &str) -> Reading {
    const SHAPE: &str =
        "Write `ocf:PROVIDER:TYPE::NAME=VALUE`, for example `ocf:heartbeat:Dummy::state=/run/d`.";
    let (name, parameters) = rest.split_once("::").map_or((rest, None), |(name, list)| (name, Some(list)));
    let Some((provider, agent)) = name.split_once(':') else {
        return bad(format!("`{text}` names no agent, only `{name}`"), SHAPE);
    };
    if !is_file_name(provider) || !is_file_name(agent) || agent.contains(':') {
        return bad(format!("`{name}` does not name an OCF agent"), SHAPE);
    }
    let mut pairs: Vec<(String, String)> = Vec::new();
    for word in parameters.into_iter().flat_map(|list| list.split("::")) {
        let Some((key, value)) = word.split_once('=') else {
            return bad(format!("`{word}` is not a parameter of an OCF agent"), SHAPE);
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if key.is_empty() || !key.chars().all(letters) {
            return bad(format!("`{key}` cannot be the name of a parameter"), SHAPE);
        }
        if pairs.iter().any(|(name, _)| name == key) {
            return bad(format!("the parameter `{key}` is there twice"), "Keep one of the two.");
        }
        pairs.push((key.to_string(), value.to_string()));
    }
    let (provider, agent) = (provider.to_string(), agent.to_string());
    Reading::Sound(ResourceKind::Ocf { provider, agent, parameters: pairs })
}

fn script(text: &str) -> Reading {
    let mut parts = text.split("::");
    let name = parts.next().unwrap_or_default().to_string();
    let arguments: Vec<String> = parts.map(String::from).collect();
    if !is_file_name(&name) {
        let single_colon = name.split_once(':').is_some_and(|(script, _)| is_file_name(script));
        let cure = if single_colon {
            "Write two colons before each argument: `SCRIPT::ARGUMENT`."
        } else {
            "Write the name of a script in resource.d or init.d, without its folder."
        };
        return bad(format!("`{text}` does not name a script"), cure);
    }
    if name == "OCF" {
        return match arguments.as_slice() {
            [agent, instance] if is_file_name(agent) && is_file_name(instance) => {
                let (agent, instance) = (agent.clone(), instance.clone());
                Reading::Sound(ResourceKind::OcfInstance { agent, instance })
            }
            _ => bad(format!("`{text}` does not name an OCF agent"), "Write `OCF::TYPE::INSTANCE`."),
        };
    }
    if is_address_script(&name) {
        // An IPv6 address has two colons of its own, which do not separate arguments then.
        let whole = text.split_once("::").map_or("", |(_, rest)| rest);
        match address::read(whole) {
            Ok(spec) => return Reading::Sound(ResourceKind::Address { script: name, spec }),
            // The script may know better.
            Err(wrong) if arguments.len() == 1 => {
                return Reading::Odd(ResourceKind::Script { name, arguments }, wrong);
            }
            Err(_) => {}
        }
    }
    let odd = odd_script(text, &name, &arguments);
    let kind = ResourceKind::Script { name, arguments };
    match odd {
        Some(wrong) => Reading::Odd(kind, wrong),
        None => Reading::Sound(kind),
    }
}

/// The scripts of the original that put an address up.
fn is_address_script(name: &str) -> bool {
    matches!(name, "IPaddr" | "IPaddr2" | "IPv6addr")
}

fn odd_script(text: &str, name: &str, arguments: &[String]) -> Option<Wrong> {
    if text.parse::<core::net::Ipv6Addr>().is_ok() {
        let message = format!("`{text}` is read as the script `{name}` with arguments");
        return Some(Wrong {
            message,
            cure: "If it is an IPv6 address, add its prefix length: `ADDRESS/64`.",
        });
    }
    if name.contains(':') {
        let message = format!("`{name}` is read as the name of a script, colon included");
        return Some(Wrong { message, cure: "Write two colons before each argument: `SCRIPT::ARGUMENT`." });
    }
    if name.contains('=') {
        let message = format!("`{name}` is read as the name of a script");
        return Some(Wrong { message, cure: "Write two colons before each argument: `SCRIPT::ARGUMENT`." });
    }
    arguments.iter().any(String::is_empty).then(|| Wrong {
        message: format!("`{text}` has an empty argument"),
        cure: "Write exactly two colons before each argument.",
    })
}

impl Resource {
    /// The files of which one must be there for the resource to run, `config_dir` being the configuration
    /// folder. Empty for addresses, which the node puts up by itself.
    pub fn agent_paths(&self, config_dir: &str) -> Vec<String> {
        match &self.kind {
            ResourceKind::Address { .. } => Vec::new(),
            ResourceKind::Script { name, .. } => {
                [format!("{config_dir}/resource.d/{name}"), format!("/etc/init.d/{name}")].into()
            }
            ResourceKind::OcfInstance { .. } => [format!("{config_dir}/resource.d/OCF")].into(),
            ResourceKind::Ocf { provider, agent, .. } => {
                [format!("/usr/lib/ocf/resource.d/{provider}/{agent}")].into()
            }
            ResourceKind::Lsb { name } => [format!("/etc/init.d/{name}")].into(),
        }
    }
}
