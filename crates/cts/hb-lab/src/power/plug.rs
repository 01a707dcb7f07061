//! The switch as an `external/*` STONITH plug-in: `SCRIPT ACTION [NODE]`, parameters in the environment.

use super::wire::{Word, ask};
use std::env;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// How long the switch may take.
const LIMIT: Duration = Duration::from_secs(20);

const PARAMETERS: &str = r#"<parameters>
<parameter name="hostlist" unique="0" required="1">
<content type="string"/>
<shortdesc lang="en">Nodes</shortdesc>
<longdesc lang="en">The nodes on the switch, separated by blanks or commas.</longdesc>
</parameter>
<parameter name="switch" unique="1" required="1">
<content type="string"/>
<shortdesc lang="en">Switch</shortdesc>
<longdesc lang="en">Address and port of the laboratory's power switch.</longdesc>
</parameter>
</parameters>"#;

/// Names of the parameters, in the order of `stonith -p` and of ha.cf.
pub(crate) const NAMES: &str = "hostlist switch";

/// Finds a parameter by its name.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let action = arguments.first().map(String::as_str).unwrap_or_default();
    let node = arguments.get(1).map(|name| name.to_lowercase());
    match perform(action, node, &|name| env::var(name).ok()) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("lab-switch: {action}: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Carries out an action; `parameter` looks up a parameter by its name.
pub(crate) fn perform(action: &str, node: Option<String>, parameter: Lookup<'_>) -> Result<String, String> {
    match (action, node) {
        ("getconfignames", _) => Ok(format!("{NAMES}\n")),
        ("getinfo-devid" | "getinfo-devname", _) => Ok("Heartbeat laboratory power switch".into()),
        ("getinfo-devdescr", _) => Ok("Kills and boots the nodes of a laboratory in namespaces".into()),
        ("getinfo-devurl", _) => Ok("http://linux-ha.org/".into()),
        ("getinfo-xml", _) => Ok(PARAMETERS.into()),
        ("gethosts", _) => Ok(hosts(parameter)?.join("\n") + "\n"),
        ("status", _) => {
            ask(switch(parameter)?, &Word::List, LIMIT).map(|_| String::new()).map_err(|e| e.to_string())
        }
        ("off", Some(node)) => act(parameter, &node, Word::Off),
        ("on", Some(node)) => act(parameter, &node, Word::On),
        ("reset", Some(node)) => act(parameter, &node, Word::Reset),
        _ => Err("not an action of an external plug-in, or no node named".into()),
    }
}

fn act(parameter: Lookup<'_>, node: &str, word: impl FnOnce(String) -> Word) -> Result<String, String> {
    let node = node.to_lowercase();
    // The framework does not ask gethosts before an action: strangers are refused here.
    if !hosts(parameter)?.contains(&node) {
        return Err(format!("{node} is not on this switch"));
    }
    ask(switch(parameter)?, &word(node), LIMIT).map(|_| String::new()).map_err(|e| e.to_string())
}

fn hosts(parameter: Lookup<'_>) -> Result<Vec<String>, String> {
    let list = parameter("hostlist").ok_or("the parameter hostlist is missing")?;
    let hosts: Vec<String> =
        list.split([' ', ',', '\t']).filter(|name| !name.is_empty()).map(str::to_lowercase).collect();
    if hosts.is_empty() { Err("the parameter hostlist is empty".into()) } else { Ok(hosts) }
}

fn switch(parameter: Lookup<'_>) -> Result<SocketAddr, String> {
    let address = parameter("switch").ok_or("the parameter switch is missing")?;
    address.parse().map_err(|_| format!("{address} is not ADDRESS:PORT"))
}
