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
const NAMES: &str = "hostlist switch";

pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let action = arguments.first().map(String::as_str).unwrap_or_default();
    let node = arguments.get(1).map(|name| name.to_lowercase());
    match perform(action, node) {
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

fn perform(action: &str, node: Option<String>) -> Result<String, String> {
    match (action, node) {
        ("getconfignames", _) => Ok(format!("{NAMES}\n")),
        ("getinfo-devid" | "getinfo-devname", _) => Ok("Heartbeat laboratory power switch".into()),
        ("getinfo-devdescr", _) => Ok("Kills and boots the nodes of a laboratory in namespaces".into()),
        ("getinfo-devurl", _) => Ok("http://linux-ha.org/".into()),
        ("getinfo-xml", _) => Ok(PARAMETERS.into()),
        ("gethosts", _) => Ok(hosts()?.join("\n") + "\n"),
        ("status", _) => ask(switch()?, &Word::List, LIMIT).map(|_| String::new()).map_err(|e| e.to_string()),
        ("off", Some(node)) => act(node, Word::Off),
        ("on", Some(node)) => act(node, Word::On),
        ("reset", Some(node)) => act(node, Word::Reset),
        _ => Err("not an action of an external plug-in, or no node named".into()),
    }
}

fn act(node: String, word: impl FnOnce(String) -> Word) -> Result<String, String> {
    // The framework does not ask gethosts before an action: strangers are refused here.
    if !hosts()?.contains(&node) {
        return Err(format!("{node} is not on this switch"));
    }
    ask(switch()?, &word(node), LIMIT).map(|_| String::new()).map_err(|e| e.to_string())
}

fn hosts() -> Result<Vec<String>, String> {
    let list = env::var("hostlist").map_err(|_| "the parameter hostlist is missing")?;
    let hosts: Vec<String> =
        list.split([' ', ',', '\t']).filter(|name| !name.is_empty()).map(str::to_lowercase).collect();
    if hosts.is_empty() { Err("the parameter hostlist is empty".into()) } else { Ok(hosts) }
}

fn switch() -> Result<SocketAddr, String> {
    let address = env::var("switch").map_err(|_| "the parameter switch is missing")?;
    address.parse().map_err(|_| format!("{address} is not ADDRESS:PORT"))
}
