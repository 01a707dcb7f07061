//! Programs beside the daemon, API access, environment (spec: ha.cf section 3.4).

use super::parse::{Context, Words};
use crate::code::Code;
use crate::facts::FileFact;
use crate::lexer::Word;
use crate::span::Setting;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A program that is started with the daemon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Child {
    /// What happens when it ends.
    pub kind: ChildKind,
    /// The user it runs as.
    pub user: String,
    /// Its full path.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// What happens when a child ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChildKind {
    /// `respawn`: it is started again.
    Respawn,
    /// `failfast`: an abnormal end reboots the node.
    Failfast,
}

/// Who may sign on to the API under a client name: users or groups, at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiAuth {
    /// The client's name; `default` is for all that have no line.
    pub client: String,
    /// User names or numbers.
    pub users: Vec<String>,
    /// Group names or numbers.
    pub groups: Vec<String>,
}

/// A variable for scripts and children. They see it as `HA_<name>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnvVariable {
    /// The name, without `HA_`.
    pub name: String,
    /// The value; holds neither blanks nor commas.
    pub text: String,
}

pub(super) fn respawn(cx: &mut Context<'_>, words: &Words<'_>) {
    child(cx, words, ChildKind::Respawn, "respawn");
}

pub(super) fn failfast(cx: &mut Context<'_>, words: &Words<'_>) {
    child(cx, words, ChildKind::Failfast, "failfast");
}

fn child(cx: &mut Context<'_>, words: &Words<'_>, kind: ChildKind, name: &str) {
    let &[user, program, ref arguments @ ..] = words.rest.as_slice() else {
        let what = if words.rest.is_empty() { "the user" } else { "the program" };
        let cure =
            format!("Write `{name} USER PROGRAM`, for example `{name} hacluster /usr/lib/heartbeat/ipfail`.");
        cx.report.error(Code::ValueMissing, words.end, format!("the line ends before {what}"), cure);
        return;
    };
    let (Some(user_name), Some(path)) = (cx.text(user), cx.text(program)) else { return };
    if cx.user(user_name) == Some(false) {
        let message = format!("there is no user `{user_name}`");
        cx.report.error(Code::UnknownUser, user.at, message, "Write the user that the program shall run as.");
        return;
    }
    if !path.starts_with('/') {
        let message = format!("`{path}` is not a full path");
        cx.report.error(
            Code::BadPath,
            program.at,
            message,
            "Write the whole path of the program, from the `/` on.",
        );
        return;
    }
    if cx.file(path).is_some_and(|file| !file.is_program()) {
        let missing = cx.facts.files.get(path) == Some(&FileFact::Missing);
        let (message, cure) = if missing {
            (format!("there is no program `{path}`"), "Install it or correct the path.")
        } else {
            (
                format!("`{path}` is not an executable program"),
                "Correct the path, or make it executable (`chmod +x`).",
            )
        };
        cx.report.error(Code::NotExecutable, program.at, message, cure);
        return;
    }
    let arguments: Vec<String> = arguments.iter().map(|word| word.shown().into_owned()).collect();
    let message = format!("`{name}` is not there yet in this version, so `{path}` is not started");
    let cure = "Start it by other means, for example as a system service.";
    cx.report.warning(Code::NotYet, program.at, message, cure);
    let child = Child { kind, user: user_name.to_string(), program: path.to_string(), arguments };
    cx.ha_cf.children.push(Setting::written(child, user.at));
}

const APIAUTH_SHAPE: &str = "Write `apiauth CLIENT uid=USER,USER gid=GROUP`; one of the two lists is enough.";

pub(super) fn apiauth(cx: &mut Context<'_>, words: &Words<'_>) {
    let Some((client, lists)) = words.rest.split_first() else {
        cx.report.error(
            Code::ValueMissing,
            words.end,
            "the line ends before the client's name".into(),
            APIAUTH_SHAPE,
        );
        return;
    };
    let Some(name) = cx.text(*client) else { return };
    let twin = cx.ha_cf.apiauth.iter().find(|auth| auth.client == name).and_then(|auth| auth.at);
    if let Some(twin) = twin {
        let message = format!("the client `{name}` already has a line: line {}", twin.line);
        cx.report.error(
            Code::ApiauthTwice,
            client.at,
            message,
            "Put all its users and groups into one line.",
        );
        return;
    }
    let mut auth = ApiAuth { client: name.to_string(), users: Vec::new(), groups: Vec::new() };
    let mut sound = true;
    for &word in lists {
        let Some(text) = cx.text(word) else { return };
        if let Some(list) = text.strip_prefix("uid=") {
            sound &= names(cx, word, list, true, &mut auth.users);
        } else if let Some(list) = text.strip_prefix("gid=") {
            sound &= names(cx, word, list, false, &mut auth.groups);
        } else {
            let message = format!("`{text}` is neither a list of users nor one of groups");
            cx.report.error(Code::BadWord, word.at, message, APIAUTH_SHAPE);
            sound = false;
        }
    }
    if sound && auth.users.is_empty() && auth.groups.is_empty() {
        let message = format!("nobody may sign on as `{name}`: the line has neither users nor groups");
        cx.report.error(Code::ApiauthEmpty, words.end, message, APIAUTH_SHAPE);
        sound = false;
    }
    if sound {
        cx.ha_cf.apiauth.push(Setting::written(auth, client.at));
    }
}

/// The names of a list; `false` when one is unknown, which is told.
fn names(cx: &mut Context<'_>, word: Word<'_>, list: &str, users: bool, into: &mut Vec<String>) -> bool {
    let mut sound = true;
    for name in list.split(',').filter(|name| !name.is_empty()) {
        let number = name.bytes().all(|b| b.is_ascii_digit());
        let known = if number {
            None
        } else if users {
            cx.user(name)
        } else {
            cx.group(name)
        };
        if known == Some(false) {
            let kind = if users { "user" } else { "group" };
            let message = format!("there is no {kind} `{name}`");
            cx.report.error(
                Code::UnknownUser,
                word.at,
                message,
                format!("Write a {kind} that this system knows."),
            );
            sound = false;
        }
        into.push(name.to_string());
    }
    sound
}

pub(super) fn env(cx: &mut Context<'_>, word: Word<'_>) {
    let Some(text) = cx.text(word) else { return };
    match text.split_once('=').filter(|(name, _)| !name.is_empty()) {
        Some((name, value)) => {
            let variable = EnvVariable { name: name.to_string(), text: value.to_string() };
            cx.ha_cf.env.push(Setting::written(variable, word.at));
        }
        None => {
            let message = format!("`{text}` sets no variable");
            let cure =
                "Write `env NAME=VALUE`; scripts see it as HA_NAME. The value cannot hold blanks or commas.";
            cx.report.warning(Code::EnvMalformed, word.at, message, cure);
        }
    }
}
