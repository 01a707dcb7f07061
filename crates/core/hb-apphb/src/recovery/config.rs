//! The recovery manager's configuration (spec: ipc section 6).
//!
//! ```text
//! USER:GROUP /full/path/of/script
//! {
//!   EVENT
//!   EVENT = WORD
//!   EVENT = "some text"
//! }
//! ```

use crate::event::EventKind;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// Longest text that is handed to a script, in bytes.
const TEXT_MAX_BYTES: usize = 255;

/// What is wrong with a file, where, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub cure: &'static str,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: error: {}. {}", self.line, self.what, self.cure)
    }
}

/// What is done for one application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Application {
    /// The user that the script runs as.
    pub user: String,
    /// Its primary group.
    pub group: String,
    /// Full path of the script.
    pub script: String,
    /// The script's argument for each event that has one.
    pub actions: BTreeMap<EventKind, String>,
    /// Line of the file, for complaints about the user.
    pub line: u32,
}

/// The whole file: applications by name, which is the last part of their script's path.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecoveryConfig {
    /// What is done for each.
    pub applications: BTreeMap<String, Application>,
}

impl RecoveryConfig {
    /// Reads the file's text.
    ///
    /// # Errors
    /// The first thing that is wrong; nothing is in force then. Whether users exist is not known here.
    pub fn parse(text: &str) -> Result<RecoveryConfig, ConfigError> {
        let mut words = Words { text, line: 1 };
        let mut config = RecoveryConfig::default();
        while let Some(owner) = words.next()? {
            let (name, application) = application(&mut words, &owner)?;
            if config.applications.insert(name.clone(), application).is_some() {
                let what = format!("{name} is configured twice");
                return Err(words.wrong(what, "Remove one, or give the script another name."));
            }
        }
        Ok(config)
    }
}

fn application(words: &mut Words<'_>, owner: &Word) -> Result<(String, Application), ConfigError> {
    let line = words.line;
    let (user, group) = match owner.plain().and_then(|word| word.split_once(':')) {
        Some((user, group)) if !user.is_empty() && !group.is_empty() => (user.to_owned(), group.to_owned()),
        _ => {
            let what = format!("`{}` is no owner", owner.text());
            return Err(words.wrong(what, "Write `USER:GROUP /full/path/of/script`."));
        }
    };
    let script = words.next()?.map(|word| word.text().to_owned()).unwrap_or_default();
    let name = script.rsplit('/').next().unwrap_or_default().to_owned();
    if !script.starts_with('/') || name.is_empty() {
        return Err(
            words.wrong(format!("`{script}` is no full path of a script"), "Write one that begins with /.")
        );
    }
    if words.next()?.as_ref().and_then(Word::plain) != Some("{") {
        return Err(words.wrong(format!("the events of {name} do not begin"), "Write `{` after the script."));
    }
    let mut actions = BTreeMap::new();
    let mut next = words.next()?;
    loop {
        let Some(word) = next else {
            return Err(
                words.wrong(format!("the events of {name} do not end"), "Write `}` after the last one.")
            );
        };
        if word.plain() == Some("}") {
            break;
        }
        let Some(kind) = word.plain().and_then(EventKind::from_name) else {
            let cure = "Events are APPHB_HUP, APPHB_NOHB, APPHB_HBAGAIN, APPHB_HBWARN and APPHB_HBUNREG.";
            return Err(words.wrong(format!("`{}` is no event", word.text()), cure));
        };
        let mut argument = String::new();
        next = words.next()?;
        if next.as_ref().and_then(Word::plain) == Some("=") {
            argument = match words.next()? {
                Some(word) if word.plain() != Some("}") => word.text().to_owned(),
                _ => {
                    return Err(
                        words.wrong(format!("{kind} has no text after `=`"), "Write one, or remove the `=`.")
                    );
                }
            };
            next = words.next()?;
        }
        if argument.len() > TEXT_MAX_BYTES {
            return Err(words.wrong(format!("the text of {kind} is too long"), "Write at most 255 bytes."));
        }
        actions.insert(kind, argument);
    }
    if actions.is_empty() {
        return Err(
            words.wrong(format!("{name} has no events"), "Write at least one, or remove the application.")
        );
    }
    Ok((name, Application { user, group, script, actions, line }))
}

/// One word of the file.
enum Word {
    Plain(String),
    Quoted(String),
}

impl Word {
    fn text(&self) -> &str {
        match self {
            Word::Plain(text) | Word::Quoted(text) => text,
        }
    }

    /// The text of a word that is not quoted: only such a one can be a sign or an event.
    fn plain(&self) -> Option<&str> {
        match self {
            Word::Plain(text) => Some(text),
            Word::Quoted(_) => None,
        }
    }
}

/// The file, word by word.
struct Words<'a> {
    text: &'a str,
    line: u32,
}

impl Words<'_> {
    fn wrong(&self, what: String, cure: &'static str) -> ConfigError {
        ConfigError { line: self.line, what, cure }
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.text.split_at_checked(bytes).unwrap_or((self.text, ""));
        let lines = passed.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.text = rest;
    }

    fn next(&mut self) -> Result<Option<Word>, ConfigError> {
        loop {
            let blank = self.text.len() - self.text.trim_start().len();
            self.advance(blank);
            if !self.text.starts_with('#') {
                break;
            }
            self.advance(self.text.find('\n').unwrap_or(self.text.len()));
        }
        if let Some(quoted) = self.text.strip_prefix('"') {
            let Some((inside, _)) = quoted.split_once('"') else {
                let what = "a quoted text does not end".to_owned();
                return Err(self.wrong(what, "Write `\"` at its end."));
            };
            let word = Word::Quoted(inside.to_owned());
            self.advance(inside.len() + 2);
            return Ok(Some(word));
        }
        let signs = ['{', '}', '='];
        let length = if self.text.starts_with(signs) {
            1
        } else {
            self.text
                .find(|c: char| c.is_whitespace() || signs.contains(&c) || c == '"')
                .unwrap_or(self.text.len())
        };
        let word = self.text.get(..length).unwrap_or_default().to_owned();
        self.advance(length);
        Ok((!word.is_empty()).then_some(Word::Plain(word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_as_documented_is_read() {
        let text = "# sample\nroot:root /usr/lib/recover/web\n{\n APPHB_HUP = restart\n APPHB_NOHB=\"kill it\" \
                    APPHB_HBAGAIN\n}\nnobody:nogroup /opt/db{APPHB_HUP=x}\n";
        let config = RecoveryConfig::parse(text).unwrap();
        let web = &config.applications["web"];
        assert_eq!((web.user.as_str(), web.group.as_str()), ("root", "root"));
        assert_eq!(web.script, "/usr/lib/recover/web");
        assert_eq!(web.line, 2);
        let actions: alloc::vec::Vec<_> =
            web.actions.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
        let expected = [
            (EventKind::HungUp, "restart"),
            (EventKind::NoHeartbeat, "kill it"),
            (EventKind::HeartbeatAgain, ""),
        ];
        assert_eq!(actions, expected);
        assert_eq!(config.applications["db"].actions[&EventKind::HungUp], "x");
        assert_eq!(RecoveryConfig::parse(" # nothing\n").unwrap(), RecoveryConfig::default());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (line, text) in [
            (1, "root /x { APPHB_HUP }"),
            (1, "root: /x { APPHB_HUP }"),
            (1, "a:b x { APPHB_HUP }"),
            (1, "a:b /x/ { APPHB_HUP }"),
            (2, "a:b /x\nAPPHB_HUP"),
            (3, "a:b /x\n{\n"),
            (3, "a:b /x\n{\nAPPHB_NO }"),
            (1, "a:b /x { }"),
            (1, "a:b /x { APPHB_HUP = }"),
            (1, "a:b /x { APPHB_HUP = \"no end }"),
            (1, "a:b /x { \"APPHB_HUP\" }"),
            (2, "a:b /x { APPHB_HUP }\na:b /y/x { APPHB_HUP }"),
        ] {
            let error = RecoveryConfig::parse(text).expect_err(text);
            assert_eq!(error.line, line, "{text}: {error}");
        }
        let long = alloc::format!("a:b /x {{ APPHB_HUP = {} }}", "x".repeat(256));
        assert!(RecoveryConfig::parse(&long).is_err());
    }
}
