//! `cl_status`: asks the daemon over the Heartbeat API and prints as the original does (spec: ipc 3.10).

use hb_client::{Client, ClientState, Error, SignOn};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

const FAILED: u8 = 1;
const PARAMETER: u8 = 11;
const TIMEOUT: u8 = 12;
const UNKNOWN: u8 = 13;

/// How long the daemon may take for anything.
const LIMIT: Duration = Duration::from_secs(5);
/// How long another node may take to tell of its clients.
const CLIENT_LIMIT: Duration = Duration::from_millis(500);

pub(super) const HELP: &str = "Usage: cl_status SUBCOMMAND [OPTIONS] [PARAMETERS]

  clientstatus NODE CLIENT [MILLISECONDS]  whether a program is signed on there
  hblinkstatus NODE LINK                   whether a link is up
  hbparameter -p NAME                      a value of the configuration
  hbstatus [-v]                            whether heartbeat runs here
  listhblinks [-v] NODE                    the links to a node
  listnodes [-n|-p] [-v]                   the nodes: normal ones, ping nodes, with their status
  nodesite NODE                            a node's site
  nodestatus NODE                          a node's status
  nodetype NODE                            normal or ping
  nodeweight NODE                          a node's weight
  rscstatus                                what this node holds

Option -m of each: sentences for people. Exit codes: 0 yes or done, 1 no, 11 wrong parameters, 12 too late, 13 failed.
";

/// A subcommand's options and parameters.
#[derive(Default)]
struct Words {
    human: bool,
    verbose: bool,
    normal: bool,
    ping: bool,
    parameter: Option<String>,
    rest: Vec<String>,
}

type Outcome = Result<u8, Trouble>;

/// Why there is no answer.
enum Trouble {
    /// One line on standard error.
    Plain(&'static str),
    /// The original's two lines of log, and the code that goes with them.
    Logged { what: String, reason: String, code: u8 },
}

pub(super) fn run(run_dir: &Path, words: &[String]) -> ExitCode {
    let Some((command, rest)) = words.split_first() else {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    };
    if command.starts_with("-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let Some(subcommand) = subcommand(command) else {
        log(&format!("{command}: invalid sub-command."));
        return ExitCode::from(PARAMETER);
    };
    let client = Client::sign_on(&SignOn::casual().at(&run_dir.join("register")).within(LIMIT));
    let outcome = match (client, command.as_str()) {
        (Err(_), "hbstatus") => {
            println!("Heartbeat is stopped on this machine.");
            Ok(FAILED)
        }
        (Err(error), _) => Err(Trouble::Logged {
            what: "Cannot signon with heartbeat".to_owned(),
            reason: match error {
                Error::SignOn { reason } => format!("hb_api_signon: {reason}"),
                _ => "hb_api_signon: Can't initiate connection to heartbeat".to_owned(),
            },
            code: FAILED,
        }),
        (Ok(mut client), _) => {
            let outcome = options(command, rest).and_then(|words| subcommand(&mut client, &words));
            let _gone_already = client.sign_off();
            outcome
        }
    };
    let _reader_gone = std::io::stdout().flush();
    ExitCode::from(match outcome {
        Ok(code) => code,
        Err(Trouble::Plain(line)) => {
            eprintln!("{line}");
            PARAMETER
        }
        Err(Trouble::Logged { what, reason, code }) => {
            log(&what);
            log(&format!("REASON: {reason}"));
            code
        }
    })
}

/// A line as the original logs it.
fn log(text: &str) {
    let now = jiff::Zoned::now().strftime("%b %d %H:%M:%S").to_string();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    eprintln!("{now} {host} cl_status: [{}]: ERROR: {text}", std::process::id());
}

fn subcommand(name: &str) -> Option<fn(&mut Client, &Words) -> Outcome> {
    Some(match name {
        "hbstatus" => hbstatus,
        "listnodes" => listnodes,
        "nodestatus" => nodestatus,
        "nodeweight" => nodeweight,
        "nodesite" => nodesite,
        "nodetype" => nodetype,
        "listhblinks" => listhblinks,
        "hblinkstatus" => hblinkstatus,
        "clientstatus" => clientstatus,
        "rscstatus" => rscstatus,
        "hbparameter" => hbparameter,
        _ => return None,
    })
}

/// Options may stand between parameters.
fn options(command: &str, words: &[String]) -> Result<Words, Trouble> {
    let mut found = Words::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            found.rest.push(word.clone());
            continue;
        };
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            match (letter, command) {
                ('m', _) => found.human = true,
                ('v', "hbstatus" | "listnodes" | "listhblinks") => found.verbose = true,
                ('n', "listnodes") => found.normal = true,
                ('p', "listnodes") => found.ping = true,
                ('p', "hbparameter") => {
                    let joined: String = letters.by_ref().collect();
                    found.parameter = if joined.is_empty() { words.next().cloned() } else { Some(joined) };
                }
                _ => {
                    eprintln!("{command}: invalid option -- '{letter}'");
                    return Err(Trouble::Plain("cl_status --help tells of the options."));
                }
            }
        }
    }
    Ok(found)
}

fn logged(what: &str, error: &Error) -> Trouble {
    let reason = match error {
        Error::Refused { reason, .. } => reason.clone(),
        Error::TimedOut(_) => "No timely response.".to_owned(),
        other => other.to_string(),
    };
    let code = if matches!(error, Error::TimedOut(_)) { TIMEOUT } else { UNKNOWN };
    Trouble::Logged { what: what.to_owned(), reason, code }
}

fn node<'w>(words: &'w Words, lack: &'static str) -> Result<&'w str, Trouble> {
    words.rest.first().map(String::as_str).ok_or(Trouble::Plain(lack))
}

fn hbstatus(client: &mut Client, words: &Words) -> Outcome {
    if !words.verbose {
        println!("Heartbeat is running on this machine.");
        return Ok(0);
    }
    let pacemaker = client.parameter("pacemaker").ok().flatten().unwrap_or_default();
    let manager = if ["", "false", "off", "no", "0"].contains(&pacemaker.as_str()) {
        "haresources".to_owned()
    } else {
        format!("pacemaker: {pacemaker}")
    };
    println!("version:\t{}", client.version());
    println!("managed by:\t\"{manager}\"");
    listnodes(client, words)
}

fn listnodes(client: &mut Client, words: &Words) -> Outcome {
    let nodes = client.nodes().map_err(|error| logged("Cannot start node walk.", &error))?;
    if words.human {
        println!("The nodes are as follow:");
    }
    let all = words.normal == words.ping;
    // The original's library hands nodes out from the last to the first.
    for node in nodes.iter().rev() {
        if !all && (node.kind == "normal") != words.normal {
            continue;
        }
        if !words.verbose {
            println!("{}", node.name);
            continue;
        }
        println!("\n{}\t{}\t(nodetype: {})", node.name, node.status, node.kind);
        print_links(client, &node.name, true)?;
    }
    Ok(0)
}

fn print_links(client: &mut Client, node: &str, verbose: bool) -> Result<(), Trouble> {
    let links = client.links(node);
    let links = links.map_err(|error| logged("Cannot start heartbeat link interface walk.", &error))?;
    for link in links.iter().rev() {
        if verbose {
            println!("\t{}\t{}", link.name, link.status);
        } else {
            println!("\t{}", link.name);
        }
    }
    Ok(())
}

fn listhblinks(client: &mut Client, words: &Words) -> Outcome {
    let name = node(words, "No enough parameter.")?;
    if words.human {
        println!("\tthis node has the following heartbeat links:");
    }
    print_links(client, name, words.verbose).map(|()| 0)
}

/// An answer of one word about a node.
fn tell(
    words: &Words,
    lack: &'static str,
    unknown: &'static str,
    ask: impl FnOnce(&str) -> Result<String, Error>,
    sentence: impl FnOnce(&str, &str) -> String,
) -> Result<String, Trouble> {
    let name = node(words, lack)?;
    let word = ask(name).map_err(|_| Trouble::Plain(unknown))?;
    if words.human {
        println!("{}", sentence(name, &word));
    } else {
        println!("{word}");
    }
    Ok(word)
}

const WRONG_NODE: &str = "Error. May be due to incorrect node name";

fn nodestatus(client: &mut Client, words: &Words) -> Outcome {
    let ask = |name: &str| client.node_status(name);
    let sentence = |node: &str, word: &str| format!("The cluster node {node} is {word}");
    let status = tell(words, "Not enough parameters.", WRONG_NODE, ask, sentence)?;
    Ok(if ["active", "up", "ping"].contains(&status.as_str()) { 0 } else { FAILED })
}

fn nodeweight(client: &mut Client, words: &Words) -> Outcome {
    let ask = |name: &str| client.node_weight(name).map(|weight| weight.to_string());
    let sentence = |node: &str, word: &str| format!("The weight of the cluster node {node} is {word}");
    let unknown = "Error. Maybe due to incorrect node name.";
    tell(words, "Not enough parameters.", unknown, ask, sentence).map(|_| 0)
}

fn nodesite(client: &mut Client, words: &Words) -> Outcome {
    let ask = |name: &str| client.node_site(name);
    let sentence = |node: &str, word: &str| format!("The site of the cluster node {node} is {word}");
    tell(words, "Not enough parameters.", WRONG_NODE, ask, sentence).map(|_| 0)
}

fn nodetype(client: &mut Client, words: &Words) -> Outcome {
    let ask = |name: &str| client.node_type(name);
    let sentence = |node: &str, word: &str| format!("The node {node}'s type: {word}");
    tell(words, "No enough parameter.", WRONG_NODE, ask, sentence).map(|_| 0)
}

fn hblinkstatus(client: &mut Client, words: &Words) -> Outcome {
    let [node, link, ..] = words.rest.as_slice() else { return Err(Trouble::Plain("No enough parameter.")) };
    // The original's library has no words for this refusal.
    let status = client.link_status(node, link).map_err(|_| Trouble::Logged {
        what: "Cannot get heartbeat link status".to_owned(),
        reason: String::new(),
        code: UNKNOWN,
    })?;
    if words.human {
        println!("The node {node}'s heartbeat link {link} is {status}");
    } else {
        println!("{status}");
    }
    Ok(if status == "up" { 0 } else { FAILED })
}

fn clientstatus(client: &mut Client, words: &Words) -> Outcome {
    let [node, name, rest @ ..] = words.rest.as_slice() else {
        return Err(Trouble::Plain("No enough parameter."));
    };
    let limit = rest.first().map_or(CLIENT_LIMIT, |text| Duration::from_millis(text.parse().unwrap_or(0)));
    let state = client.client_status(node, name, limit).map_err(|_| Trouble::Logged {
        what: format!("Cannot get heartbeat client {name}'s status"),
        reason: "No timely response.".to_owned(),
        code: UNKNOWN,
    })?;
    let (word, code) = match state {
        ClientState::Online => ("online", 0),
        ClientState::Offline => ("offline", FAILED),
    };
    println!("{word}");
    Ok(code)
}

fn rscstatus(client: &mut Client, words: &Words) -> Outcome {
    let held = client.resources().map_err(|error| logged("Cannot get cluster resource status", &error))?;
    if words.human {
        println!("This node is holding {held} resources.");
    } else {
        println!("{held}");
    }
    Ok(0)
}

fn hbparameter(client: &mut Client, words: &Words) -> Outcome {
    let Some(name) = &words.parameter else {
        log("parameter name required");
        return Ok(PARAMETER);
    };
    let what = format!("Cannot get parameter {name}'s value");
    let value = client.parameter(name).map_err(|error| logged(&what, &error))?;
    let Some(value) = value else {
        return Err(Trouble::Logged { what, reason: String::new(), code: FAILED });
    };
    if words.human {
        println!("Heartbeat parameter {name}'s value: {value}");
    } else {
        println!("{value}");
    }
    Ok(0)
}
