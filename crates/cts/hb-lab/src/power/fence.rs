//! The switch as a fence-agents program: `key=value` lines on standard input.

use super::wire::{Word, ask};
use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// How long the switch may take.
const LIMIT: Duration = Duration::from_secs(20);
/// Exit code of `status` for a node that is off.
const IS_OFF: u8 = 2;

const METADATA: &str = r#"<?xml version="1.0" ?>
<resource-agent name="fence_lab_switch" shortdesc="Fence agent for the laboratory's power switch">
<longdesc>fence_lab_switch kills and boots the nodes of a Heartbeat laboratory in namespaces.</longdesc>
<vendor-url>http://linux-ha.org/</vendor-url>
<parameters>
<parameter name="action" unique="0" required="1">
<getopt mixed="-o, --action=[action]"/>
<content type="string" default="reboot"/>
<shortdesc lang="en">Fencing action</shortdesc>
</parameter>
<parameter name="ip" unique="0" required="1">
<getopt mixed="-a, --ip=[ip]"/>
<content type="string"/>
<shortdesc lang="en">ADDRESS:PORT of the switch</shortdesc>
</parameter>
<parameter name="port" unique="0" required="1">
<getopt mixed="-n, --plug=[id]"/>
<content type="string"/>
<shortdesc lang="en">The node</shortdesc>
</parameter>
</parameters>
<actions>
<action name="on" automatic="0"/>
<action name="off"/>
<action name="reboot"/>
<action name="status"/>
<action name="list"/>
<action name="list-status"/>
<action name="monitor"/>
<action name="metadata"/>
<action name="validate-all"/>
</actions>
</resource-agent>
"#;

pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let options = options(arguments);
    match perform(&options) {
        Ok((text, code)) => {
            print!("{text}");
            ExitCode::from(code)
        }
        Err(why) => {
            eprintln!("fence_lab_switch: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Options from the command line (`--key=value`), or from standard input when there are none there.
fn options(arguments: &[String]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut take = |text: &str| {
        if let Some((key, value)) = text.split_once('=') {
            let key = match key.replace('_', "-").as_str() {
                "ipaddr" => "ip".to_owned(),
                "plug" => "port".to_owned(),
                other => other.to_owned(),
            };
            found.insert(key, value.to_owned());
        }
    };
    if arguments.is_empty() {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if !line.trim_start().starts_with('#') {
                take(line.trim_end());
            }
        }
    } else {
        arguments.iter().for_each(|word| take(word.trim_start_matches('-')));
    }
    found
}

fn perform(options: &BTreeMap<String, String>) -> Result<(String, u8), String> {
    let action = options.get("action").map_or("reboot", String::as_str);
    if action == "metadata" {
        return Ok((METADATA.into(), 0));
    }
    let address = options.get("ip").ok_or("the parameter ip is missing")?;
    let switch: SocketAddr = address.parse().map_err(|_| format!("{address} is not ADDRESS:PORT"))?;
    let said = |word: Word| ask(switch, &word, LIMIT).map_err(|e| e.to_string());
    let node = || {
        let named = options.get("port").or_else(|| options.get("nodename"));
        named.cloned().ok_or_else(|| "the parameter port is missing".to_owned())
    };
    match action {
        "monitor" | "validate-all" => said(Word::List).map(|_| (String::new(), 0)),
        "list" => said(Word::List).map(|names| (lines(&names, |name| format!("{name},")), 0)),
        "list-status" => {
            let names = said(Word::List)?;
            let mut text = String::new();
            for name in names.split_whitespace() {
                let state = said(Word::Status(name.to_owned()))?;
                text.push_str(&format!("{name},,{}\n", state.to_uppercase()));
            }
            Ok((text, 0))
        }
        "status" => {
            let state = said(Word::Status(node()?))?;
            let code = if state == "on" { 0 } else { IS_OFF };
            Ok((format!("Status: {}\n", state.to_uppercase()), code))
        }
        "on" => said(Word::On(node()?)).map(|_| ("Success: Powered ON\n".into(), 0)),
        "off" => said(Word::Off(node()?)).map(|_| ("Success: Powered OFF\n".into(), 0)),
        "reboot" => {
            let node = node()?;
            said(Word::Off(node.clone()))?;
            // Off is confirmed: that the node does not come up again is not a failure of fencing.
            if let Err(e) = said(Word::On(node)) {
                eprintln!("fence_lab_switch: switched off, but not on again: {e}");
            }
            Ok(("Success: Rebooted\n".into(), 0))
        }
        other => Err(format!("unknown action {other}")),
    }
}

fn lines(names: &str, line: impl Fn(&str) -> String) -> String {
    names.split_whitespace().map(|name| line(name) + "\n").collect()
}
