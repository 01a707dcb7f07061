//! Fencing devices (spec: ha.cf section 3.3, fencing section 1).

use super::parse::{Context, Words};
use crate::code::Code;
use crate::facts::FileFact;
use crate::lexer::Word;
use crate::span::Setting;
use crate::suggest::nearest;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use hb_base::NodeName;

/// A `stonith` or `stonith_host` line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StonithDevice {
    /// The host the device can be reached from; `None` is every host.
    pub host: Option<NodeName>,
    /// The type, as `stonith -L` lists it.
    pub kind: String,
    /// How the device is to be used.
    pub parameters: StonithParameters,
}

/// What a device needs to know.
#[derive(Clone, PartialEq, Eq)]
pub enum StonithParameters {
    /// `stonith`: in a file, in the form that `stonith -F` reads.
    File(String),
    /// `stonith_host`: the words of the line, in the order of the type's parameter names. May hold passwords,
    /// so `Debug` shows their number only.
    Values(Vec<String>),
}

impl fmt::Debug for StonithParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StonithParameters::File(path) => f.debug_tuple("File").field(path).finish(),
            StonithParameters::Values(values) => write!(f, "Values({} not shown)", values.len()),
        }
    }
}

impl StonithDevice {
    /// Whether `node` can use it.
    pub fn is_for(&self, node: &NodeName) -> bool {
        self.host.as_ref().is_none_or(|host| host == node)
    }

    /// The values under the type's parameter `names`; the last name takes all words that are left, blanks
    /// between them. `None` when there are fewer words than names, and for a device whose parameters are in a
    /// file.
    pub fn named(&self, names: &[String]) -> Option<Vec<(String, String)>> {
        let StonithParameters::Values(values) = &self.parameters else { return None };
        let last = names.len().checked_sub(1)?;
        let mut pairs = Vec::with_capacity(names.len());
        for (i, name) in names.iter().enumerate() {
            let value = if i == last { values.get(i..)?.join(" ") } else { values.get(i)?.clone() };
            if value.is_empty() {
                return None;
            }
            pairs.push((name.clone(), value));
        }
        Some(pairs)
    }
}

/// Whether the device type can be run here; complains when not.
fn known_type(cx: &mut Context<'_>, word: Word<'_>, kind: &str) -> bool {
    cx.wanted.stonith_types.insert(kind.to_string());
    let Some(types) = &cx.facts.stonith_types else { return true };
    if types.contains_key(kind) {
        return true;
    }
    let message = format!("the fencing device type `{kind}` cannot be run on this host");
    let external = types.keys().map(String::as_str).find(|name| name.strip_prefix("external/") == Some(kind));
    let cure = match external.or_else(|| nearest(kind, types.keys().map(String::as_str))) {
        Some(near) => format!("Did you mean `{near}`? `stonith -L` lists the types there are."),
        None if types.is_empty() => {
            "Install the package cluster-glue, which has the program `stonith`.".to_string()
        }
        None => "Write one of the types that `stonith -L` lists.".to_string(),
    };
    cx.report.error(Code::UnknownStonithType, word.at, message, cure);
    false
}

pub(super) fn stonith(cx: &mut Context<'_>, words: &Words<'_>) {
    let shape = "Write `stonith TYPE FILE`, for example `stonith baytech /etc/ha.d/conf/baytech`.";
    let &[kind, file, ..] = words.rest.as_slice() else {
        let what = if words.rest.is_empty() { "the device type" } else { "the device's configuration file" };
        cx.report.error(Code::ValueMissing, words.end, format!("the line ends before {what}"), shape);
        return;
    };
    cx.ignore_from(words, 2, shape);
    let (Some(name), Some(path)) = (cx.text(kind), cx.text(file)) else { return };
    let runnable = known_type(cx, kind, name);
    if !matches!(cx.file(path), None | Some(FileFact::Regular { .. })) {
        let message = format!("the fencing device's configuration file `{path}` cannot be read");
        cx.report.error(Code::FileUnreadable, file.at, message, "Make it, or correct the path.");
        return;
    }
    if runnable {
        let parameters = StonithParameters::File(path.to_string());
        let device = StonithDevice { host: None, kind: name.to_string(), parameters };
        cx.ha_cf.stonith.push(Setting::written(device, kind.at));
    }
}

pub(super) fn stonith_host(cx: &mut Context<'_>, words: &Words<'_>) {
    let shape = "Write `stonith_host HOST TYPE PARAMETERS…`, with `*` for any host.";
    let &[host, kind, ref rest @ ..] = words.rest.as_slice() else {
        let what = if words.rest.is_empty() { "the host" } else { "the device type" };
        cx.report.error(Code::ValueMissing, words.end, format!("the line ends before {what}"), shape);
        return;
    };
    let (Some(host_name), Some(name)) = (cx.text(host), cx.text(kind)) else { return };
    let from = if host_name == "*" {
        None
    } else if let Some(node) = NodeName::new(host_name) {
        Some(node)
    } else {
        let message = format!("`{host_name}` cannot be the name of a host");
        cx.report.error(Code::BadNodeName, host.at, message, shape);
        return;
    };
    let mut values = Vec::with_capacity(rest.len());
    for &word in rest {
        let Some(text) = cx.text(word) else { return };
        values.push(text.to_string());
    }
    let device =
        StonithDevice { host: from, kind: name.to_string(), parameters: StonithParameters::Values(values) };
    // A device of another host need not be known here: it is not used.
    let ours = device.host.is_none() || device.host == cx.own;
    if ours && !(known_type(cx, kind, name) && enough_parameters(cx, words, &device)) {
        return;
    }
    cx.ha_cf.stonith.push(Setting::written(device, host.at));
}

/// Whether there is a value for each parameter; complains when not.
fn enough_parameters(cx: &mut Context<'_>, words: &Words<'_>, device: &StonithDevice) -> bool {
    let names = cx.facts.stonith_types.as_ref().and_then(|types| types.get(&device.kind));
    let Some(names) = names.filter(|names| !names.is_empty()) else { return true };
    if device.named(names).is_some() {
        return true;
    }
    let given = match &device.parameters {
        StonithParameters::Values(values) => values.len(),
        StonithParameters::File(_) => return true,
    };
    let message =
        format!("the fencing device type `{}` needs {} parameters and has {given}", device.kind, names.len());
    let cure = format!("Write them in this order: {}.", names.join(" "));
    cx.report.error(Code::BadStonithParameters, words.end, message, cure);
    false
}
