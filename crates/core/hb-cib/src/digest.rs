//! Digests of operation parameters, as recorded in the history of resources.
//!
//! A digest is the MD5 of one line, ` <parameters name="value" …/>`, with the names in order and some of them left out.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use core::fmt::Write as _;
use md5::{Digest, Md5};

/// What comes before the names of meta attributes among parameters.
const META: &str = "CRM_meta_";
const TIMEOUT: &str = "CRM_meta_timeout";
const INTERVAL: &str = "CRM_meta_interval";
/// Names that say where and by whom something was done, not with what.
const NOT_PARAMETERS: [&str; 6] =
    ["id", "crm_feature_set", "op-digest", "on_node", "on_node_uuid", "pcmk_external_ip"];

/// Parameters by name, the meta attributes among them with `CRM_meta_` before their names.
pub type Parameters = BTreeMap<String, String>;

/// The parameters that count for a digest: without meta attributes, except the timeout of an operation that recurs.
#[must_use]
pub fn significant(parameters: &Parameters) -> Parameters {
    let recurs =
        parameters.get(INTERVAL).and_then(|text| crate::value::integer(text)).is_some_and(|ms| ms > 0);
    let counts = |name: &str| {
        (recurs && name == TIMEOUT) || !(name.starts_with(META) || NOT_PARAMETERS.contains(&name))
    };
    parameters
        .iter()
        .filter(|(name, _)| counts(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The parameters whose names are, or are not, in a list of names with blanks around each of them.
#[must_use]
pub fn listed(parameters: &Parameters, names: &str, wanted: Listed) -> Parameters {
    parameters
        .iter()
        .filter(|(name, _)| names.contains(&format!(" {name} ")) == (wanted == Listed::In))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Whether names are to be in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// In the list.
    In,
    /// Not in it.
    NotIn,
}

/// The line that is digested.
#[must_use]
pub fn line(parameters: &Parameters) -> String {
    let mut out = String::from(" <parameters");
    for (name, value) in parameters {
        out.extend([" ", name, "=\""]);
        escape(value, &mut out);
        out.push('"');
    }
    out.push_str("/>\n");
    out
}

/// The digest of these parameters, in lower-case hexadecimal.
#[must_use]
pub fn digest(parameters: &Parameters) -> String {
    let mut out = String::with_capacity(32);
    for byte in Md5::digest(line(parameters)) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Escapes a value as the reference does: white space becomes other text, and from the first character on that is not
/// ASCII nothing is changed.
fn escape(value: &str, out: &mut String) {
    for (at, character) in value.char_indices() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '&' => out.push_str("&amp;"),
            '\t' => out.push_str("    "),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            ' '..='~' => out.push(character),
            _ if character.is_ascii() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\{:03o}", u32::from(character));
            }
            _ => {
                out.push_str(value.get(at..).unwrap_or_default());
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, Parameters, digest, line, listed, significant};
    use alloc::string::{String, ToString};

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn no_parameters_have_the_digest_that_everybody_knows() {
        assert_eq!(digest(&Parameters::new()), "f2317cad3d54cec5d7d7aa7d0bf35cf8");
    }

    #[test]
    fn only_the_timeout_of_recurring_operations_counts() {
        let all =
            [("ip", "10.0.0.1"), ("CRM_meta_timeout", "20000"), ("CRM_meta_interval", "10000"), ("id", "x")];
        let once = [("ip", "10.0.0.1"), ("CRM_meta_timeout", "20000"), ("CRM_meta_interval", "0")];
        let text = line(&significant(&parameters(&all)));
        assert_eq!(text, " <parameters CRM_meta_timeout=\"20000\" ip=\"10.0.0.1\"/>\n");
        assert_eq!(line(&significant(&parameters(&once))), " <parameters ip=\"10.0.0.1\"/>\n");
    }

    #[test]
    fn values_are_escaped_up_to_the_first_foreign_letter() {
        let text = line(&parameters(&[("a", "<'\t\u{7f}&é<")]));
        assert_eq!(text, " <parameters a=\"&lt;&apos;    \\177&amp;é<\"/>\n");
    }

    #[test]
    fn lists_have_blanks_around_each_name() {
        let all = parameters(&[("ip", "1"), ("nic", "2"), ("pass", "3")]);
        let names = |listed: Parameters| listed.into_keys().collect::<alloc::vec::Vec<String>>().join(" ");
        assert_eq!(names(listed(&all, " ip nic ", Listed::In)), "ip nic");
        assert_eq!(names(listed(&all, " passwd pass ", Listed::NotIn)), "ip nic");
    }
}
