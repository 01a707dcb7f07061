//! From an operation to a program with arguments and environment (spec: agents 1.1, 2; haresources 2; fencing 1).

use std::path::PathBuf;

use hb_lrm::{Action, Class, Operation, Resource};

use crate::places::Places;

/// A program that is ready to be started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// What to execute.
    pub program: PathBuf,
    /// Its arguments, without the program's own name.
    pub args: Vec<String>,
    /// Variables over those of this process. Later ones win.
    pub env: Vec<(String, String)>,
}

/// The agent of an operation is not there. The text says what was looked for and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing(pub String);

/// Name of the parameter whose value is a fencing device's configuration file (`stonith -F`).
pub const DEVICE_FILE: &str = "-F";

/// How `operation` is carried out here.
///
/// For fencing devices a parameter without a name is a positional value (`stonith -p`), and the parameter
/// [`DEVICE_FILE`] a configuration file; otherwise parameters are `name=value`.
///
/// # Errors
/// [`Missing`] when the script, agent, instance file or program does not exist or may not be executed.
pub fn plan(places: &Places, operation: &Operation) -> Result<Plan, Missing> {
    let resource = &operation.resource;
    let (program, args, class_env) = match &resource.class {
        Class::Heartbeat if resource.agent == "OCF" => bridge(places, operation)?,
        Class::Heartbeat => classic(places, operation)?,
        Class::Ocf { provider } => ocf(places, operation, provider)?,
        Class::Lsb => {
            let missing = || not_in(&resource.agent, &[&places.init_d]);
            let script = places.init_script(&resource.agent).ok_or_else(missing)?;
            (script, vec![operation.action.word().to_owned()], Vec::new())
        }
        Class::Rc => {
            let missing = || not_in(&resource.agent, &[&places.rc_d]);
            let script = places.rc_script(&resource.agent).ok_or_else(missing)?;
            // The original hands the message type over as an argument too.
            (script, vec![resource.agent.clone()], Vec::new())
        }
        Class::Stonith => (stonith_program(places)?, stonith_args(operation), Vec::new()),
        Class::Address => return Err(Missing("addresses are not run by a program".into())),
    };
    let mut env = surroundings(places);
    env.extend(class_env);
    env.extend(operation.env.iter().cloned());
    Ok(Plan { program, args, env })
}

type Parts = (PathBuf, Vec<String>, Vec<(String, String)>);

fn not_in(name: &str, directories: &[&PathBuf]) -> Missing {
    let places: Vec<String> = directories.iter().map(|d| d.display().to_string()).collect();
    Missing(format!("no executable `{name}` in {}", places.join(" or ")))
}

fn classic(places: &Places, operation: &Operation) -> Result<Parts, Missing> {
    let resource = &operation.resource;
    let missing = || not_in(&resource.agent, &[&places.resource_d, &places.init_d]);
    let script = places.classic_script(&resource.agent).ok_or_else(missing)?;
    let mut args = resource.args.clone();
    args.push(operation.action.word().to_owned());
    Ok((script, args, Vec::new()))
}

/// What agents find in their environment unless the administrator or the master says otherwise.
fn surroundings(places: &Places) -> Vec<(String, String)> {
    let text = |path: &PathBuf| path.display().to_string();
    let inherited = |name: &str| std::env::var_os(name).is_some();
    let mut env = vec![
        ("OCF_ROOT".to_owned(), text(&places.ocf_root)),
        ("HA_DIR".to_owned(), text(&places.ha_dir)),
        ("HA_FUNCS".to_owned(), text(&places.ha_dir.join("shellfuncs"))),
        ("HA_RSCTMP".to_owned(), text(&places.scratch)),
    ];
    if !inherited("PATH") {
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        env.push(("PATH".to_owned(), path.to_owned()));
    }
    if !inherited("HA_LOGD") {
        env.push(("HA_LOGD".to_owned(), "no".to_owned()));
    }
    env
}

fn ocf_env(operation: &Operation, provider: &str, agent: &str) -> Vec<(String, String)> {
    let resource = &operation.resource;
    let mut env: Vec<(String, String)> = [
        ("OCF_RA_VERSION_MAJOR", "1"),
        ("OCF_RA_VERSION_MINOR", "0"),
        ("OCF_RESOURCE_INSTANCE", &resource.id),
        ("OCF_RESOURCE_TYPE", agent),
        ("OCF_RESOURCE_PROVIDER", provider),
        ("OCF_EXIT_REASON_PREFIX", REASON_PREFIX),
        ("OCF_OUTPUT_FORMAT", "text"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, value) in &resource.params {
        if name == "OCF_CHECK_LEVEL" {
            env.push((name.clone(), value.clone()));
        } else if !name.is_empty() && !name.contains(['=', '\0']) {
            env.push((format!("OCF_RESKEY_{name}"), value.clone()));
        }
    }
    if let Some(limit) = operation.timeout {
        env.push(("OCF_RESKEY_CRM_meta_timeout".to_owned(), limit.as_millis().to_string()));
    }
    env
}

/// What a line of standard error begins with when it tells why an OCF action failed.
pub(crate) const REASON_PREFIX: &str = "ocf-exit-reason:";

const fn ocf_word(action: Action) -> &'static str {
    match action {
        Action::Status => "monitor",
        other => other.word(),
    }
}

fn ocf(places: &Places, operation: &Operation, provider: &str) -> Result<Parts, Missing> {
    let resource = &operation.resource;
    let missing = || {
        let base = places.ocf_root.join("resource.d");
        match provider {
            "" => Missing(format!("no provider in {} has an agent `{}`", base.display(), resource.agent)),
            _ => not_in(&resource.agent, &[&base.join(provider)]),
        }
    };
    let (provider, agent) = places.ocf_agent(provider, &resource.agent).ok_or_else(missing)?;
    let env = ocf_env(operation, &provider, &resource.agent);
    Ok((agent, vec![ocf_word(operation.action).to_owned()], env))
}

/// `OCF::type::instance`: the agent's parameters are the variables that the instance file, a piece of shell,
/// sets. Only a shell can read it, so a shell becomes the agent.
fn bridge(places: &Places, operation: &Operation) -> Result<Parts, Missing> {
    let [agent, instance] = operation.resource.args.as_slice() else {
        return Err(Missing("OCF needs a type and an instance: OCF::type::instance".into()));
    };
    let file = places.ocf_conf.join(agent).join(instance);
    if instance.contains('/') || agent.contains('/') || !file.is_file() {
        return Err(Missing(format!("no instance file {}", file.display())));
    }
    let base = places.ocf_root.join("resource.d");
    let missing = || Missing(format!("no provider in {} has an agent `{agent}`", base.display()));
    let (provider, program) = places.ocf_agent("", agent).ok_or_else(missing)?;
    let script = r#"conf=$1; shift; set -a; . "$conf"; set +a; exec "$@""#;
    let args = ["-c", script, "OCF", &file.display().to_string(), &program.display().to_string()];
    let mut args: Vec<String> = args.map(str::to_owned).into();
    args.push(ocf_word(operation.action).to_owned());
    let instance = Resource { id: format!("{agent}_{instance}"), ..operation.resource.clone() };
    let operation = Operation { resource: instance, ..operation.clone() };
    Ok(("/bin/sh".into(), args, ocf_env(&operation, &provider, agent)))
}

pub(crate) fn stonith_program(places: &Places) -> Result<PathBuf, Missing> {
    places.stonith_program().ok_or_else(|| {
        Missing(format!(
            "the fencing program `{}` is not installed (package cluster-glue)",
            places.stonith.display()
        ))
    })
}

fn stonith_args(operation: &Operation) -> Vec<String> {
    let resource = &operation.resource;
    let mut args = vec!["-t".to_owned(), resource.agent.clone()];
    let positional: Vec<&str> =
        resource.params.iter().filter(|(name, _)| name.is_empty()).map(|(_, value)| value.as_str()).collect();
    if let Some(file) = resource.param(DEVICE_FILE) {
        args.extend([DEVICE_FILE.to_owned(), file.to_owned()]);
    } else if !positional.is_empty() {
        args.extend(["-p".to_owned(), positional.join(" ")]);
    } else {
        args.extend(resource.params.iter().map(|(name, value)| format!("{name}={value}")));
    }
    match operation.action {
        Action::Status => args.push("-S".to_owned()),
        Action::Start | Action::Stop => {
            args.push("-T".to_owned());
            args.extend(resource.args.iter().cloned());
        }
    }
    args
}

#[cfg(test)]
mod tests;
