//! Reading `ha.cf` line by line into a [`Context`], which every directive's handler fills (spec: ha.cf
//! section 2).

use super::HaCf;
use super::table::{Apply, Directive, Repeat, Support};
use crate::code::Code;
use crate::diagnostic::Report;
use crate::facts::{FileFact, HostFacts, Wanted};
use crate::lexer::{Line, Word, blank, blank_or_comma, lines};
use crate::span::{File, Span};
use crate::suggest::nearest;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_base::NodeName;

/// What the handlers of directives share: the answer so far, the complaints so far, the host.
pub(crate) struct Context<'f> {
    pub(crate) facts: &'f HostFacts,
    /// This node's name; `None` when the host's name cannot be a node's.
    pub(crate) own: Option<NodeName>,
    pub(crate) ha_cf: HaCf,
    pub(crate) report: Report,
    pub(crate) wanted: Wanted,
    /// The last place of each directive seen so far.
    pub(crate) seen: BTreeMap<&'static str, Span>,
}

/// A line of a directive that takes the rest of its line as a whole.
pub(crate) struct Words<'a> {
    /// The words after the directive.
    pub(crate) rest: Vec<Word<'a>>,
    /// The last word of the line, possibly the directive itself: the place of what is missing.
    pub(crate) end: Span,
}

impl<'f> Context<'f> {
    pub(crate) fn new(facts: &'f HostFacts) -> Context<'f> {
        Context {
            facts,
            own: NodeName::new(&facts.node),
            ha_cf: HaCf::defaults(facts.service_port),
            report: Report::default(),
            wanted: Wanted::default(),
            seen: BTreeMap::new(),
        }
    }

    /// The word as text; complains when it is not.
    pub(crate) fn text<'a>(&mut self, word: Word<'a>) -> Option<&'a str> {
        let text = word.text();
        if text.is_none() {
            let message = format!("`{}` is not UTF-8 text", word.shown());
            self.report.error(
                Code::NotText,
                word.at,
                message,
                "Save the file as UTF-8, or write plain ASCII.",
            );
        }
        text
    }

    /// What is known of the file at `path`; asks for it.
    pub(crate) fn file(&mut self, path: &str) -> Option<FileFact> {
        self.wanted.paths.insert(path.to_string());
        self.facts.files.get(path).copied()
    }

    /// Whether the system knows the user; `None` when nobody looked. Asks for it.
    pub(crate) fn user(&mut self, name: &str) -> Option<bool> {
        self.wanted.users.insert(name.to_string());
        self.facts.users.get(name).copied()
    }

    /// Whether the system knows the group; `None` when nobody looked. Asks for it.
    pub(crate) fn group(&mut self, name: &str) -> Option<bool> {
        self.wanted.groups.insert(name.to_string());
        self.facts.groups.get(name).copied()
    }

    /// Tells that words from the `used`-th on mean nothing.
    pub(crate) fn ignore_from(&mut self, words: &Words<'_>, used: usize, shape: &str) {
        if let Some(extra) = words.rest.get(used) {
            let message = format!("`{}` and what follows it on the line is ignored", extra.shown());
            self.report.warning(Code::WordsIgnored, extra.at, message, shape);
        }
    }

    /// Reads a whole file.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        for line in lines(File::HaCf, bytes) {
            if self.report.is_full() {
                break;
            }
            self.line(line.without_comment());
        }
    }

    fn line(&mut self, line: Line<'_>) {
        let Some(name) = line.words(blank).next() else { return };
        let shown = name.shown();
        let directive = if &*shown == "udp" {
            let message = "`udp` is an old name of `bcast`".to_string();
            self.report.warning(Code::OldSpelling, name.at, message, "Write `bcast`.");
            super::table::find("bcast")
        } else {
            super::table::find(&shown)
        };
        let Some(directive) = directive else {
            return self.unknown(&shown, name.at);
        };
        let first_support_complaint = !self.seen.contains_key(directive.name);
        if directive.repeat == Repeat::Refused && !first_support_complaint {
            self.refuse_second(directive, name.at);
        }
        match directive.apply {
            Apply::Each(apply) => self.each(directive, apply, line, name),
            Apply::Media(apply) => {
                let words: Vec<Word<'_>> = line.words_from(name.end, blank_or_comma).collect();
                self.no_value(directive, words.is_empty(), name.at);
                self.seen.insert(directive.name, name.at);
                for word in words {
                    if self.report.is_full() {
                        break;
                    }
                    apply(self, word);
                }
            }
            Apply::Line(apply) => {
                let rest: Vec<Word<'_>> = line.words_from(name.end, blank).collect();
                let end = rest.last().map_or(name.at, |word| word.at);
                self.seen.insert(directive.name, name.at);
                apply(self, &Words { rest, end });
            }
        }
        if directive.support == Support::NotYet && first_support_complaint && !directive.tells_itself {
            let message =
                format!("`{}` ({}) is not there yet in this version", directive.name, directive.help);
            let cure =
                directive.without.unwrap_or("The node runs without it; remove the line to be rid of this.");
            self.report.warning(Code::NotYet, name.at, message, cure);
        }
    }

    /// A directive whose handler sees each value by itself.
    fn each(
        &mut self,
        directive: &'static Directive,
        apply: fn(&mut Context<'_>, Word<'_>),
        line: Line<'_>,
        name: Word<'_>,
    ) {
        let values: Vec<Word<'_>> = line.words_from(name.end, blank_or_comma).collect();
        self.no_value(directive, values.is_empty(), name.at);
        for word in values {
            if self.report.is_full() {
                break;
            }
            if directive.repeat == Repeat::LastWins {
                self.tell_second(directive, word);
            }
            if directive.repeat == Repeat::Refused
                && self.seen.get(directive.name).is_some_and(|seen| seen.line == word.at.line)
            {
                self.refuse_second(directive, word.at);
            }
            self.seen.insert(directive.name, word.at);
            // The old name is not recorded, and neither is what it changes.
            if directive.repeat != Repeat::Many && directive.name != "nice_failback" {
                self.record(directive.name, word);
            }
            apply(self, word);
        }
    }

    fn no_value(&mut self, directive: &Directive, empty: bool, at: Span) {
        if empty {
            let message = format!("`{}` has no value, so the line does nothing", directive.name);
            let cure = format!("Write a value ({}) or remove the line.", directive.takes);
            self.report.warning(Code::ValueMissing, at, message, cure);
        }
    }

    fn tell_second(&mut self, directive: &Directive, word: Word<'_>) {
        let Some(first) = self.seen.get(directive.name) else { return };
        let (place, cure) = if first.line == word.at.line {
            ("earlier on this line".to_string(), "Keep one of the two; blanks and commas separate values.")
        } else {
            (format!("on line {}", first.line), "Keep one of the two.")
        };
        let message =
            format!("`{}` is already set {place}; the value that stands last counts", directive.name);
        self.report.warning(Code::GivenTwice, word.at, message, cure);
    }

    fn refuse_second(&mut self, directive: &Directive, at: Span) {
        let line = self.seen.get(directive.name).map_or(0, |seen| seen.line);
        let message =
            format!("`{}` is already set on line {line}, and it may be set only once", directive.name);
        self.report.error(Code::GivenTwiceRefused, at, message, "Keep one of the two.");
    }

    fn unknown(&mut self, name: &str, at: Span) {
        let cure = match nearest(name, super::table::DIRECTIVES.iter().map(|d| d.name)) {
            Some(near) if near.eq_ignore_ascii_case(name) => {
                format!("Write `{near}`: directives are in lower case.")
            }
            Some(near) => format!("Did you mean `{near}`?"),
            None => "Remove the line, or put a `#` before it if it is a comment.".to_string(),
        };
        self.report.error(Code::UnknownDirective, at, format!("there is no directive `{name}`"), cure);
    }

    fn record(&mut self, name: &'static str, word: Word<'_>) {
        // The two names of one thing are recorded under the newer one.
        let name = if name == "crm" { "pacemaker" } else { name };
        let text: String = word.shown().into_owned();
        match self.ha_cf.recorded.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = text,
            None => self.ha_cf.recorded.push((name, text)),
        }
    }
}
