//! Complaints: each names its place, what is wrong there, and what to write instead.

use crate::Code;
use crate::span::{File, Span};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// How bad a complaint is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The configuration can be used; somebody should look at this by day.
    Warning,
    /// The configuration cannot be used.
    Error,
}

impl Severity {
    /// `warning` or `error`, as the command line and its JSON print it.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One complaint. [`fmt::Display`] gives the line of the command line contract:
/// `FILE:LINE:COLUMN: error: WHAT. CURE`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// In which file.
    pub file: File,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Error or warning.
    pub severity: Severity,
    /// What scripts and tests match on.
    pub code: Code,
    /// What is wrong: one clause or more, without the final stop. Never holds a secret.
    pub message: String,
    /// What to do about it: whole sentences.
    pub cure: String,
}

impl Diagnostic {
    /// Its place.
    pub const fn at(&self) -> Span {
        Span { file: self.file, line: self.line, column: self.column }
    }

    /// Whether the configuration cannot be used because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}. {}", self.at(), self.severity.word(), self.message, self.cure)
    }
}

/// Most complaints one check keeps; a file that earns more is not read by people any more. The last one
/// kept says that there are others.
pub const MAX_DIAGNOSTICS: usize = 1_000;

/// Collects complaints, so that one run shows all of them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Report {
    pub(crate) fn error(&mut self, code: Code, at: Span, message: String, cure: impl Into<String>) {
        self.errors += 1;
        self.push(Severity::Error, code, at, message, cure.into());
    }

    pub(crate) fn warning(&mut self, code: Code, at: Span, message: String, cure: impl Into<String>) {
        self.push(Severity::Warning, code, at, message, cure.into());
    }

    fn push(&mut self, severity: Severity, code: Code, at: Span, message: String, cure: String) {
        let Span { file, line, column } = at;
        if self.list.len() + 1 < MAX_DIAGNOSTICS {
            self.list.push(Diagnostic { file, line, column, severity, code, message, cure });
        } else if !self.is_full() {
            self.errors += 1;
            self.list.push(Diagnostic {
                file,
                line,
                column,
                severity: Severity::Error,
                code: Code::TooManyComplaints,
                message: alloc::format!(
                    "there are more complaints than the {MAX_DIAGNOSTICS} that are shown"
                ),
                cure: "Cure the first ones, then check again.".into(),
            });
        }
    }

    /// Whether no more complaints are kept: reading on is of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MAX_DIAGNOSTICS
    }

    /// Whether anything so far makes the configuration unusable.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Everything, in the order of the files and of the places in them.
    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|d| (d.file, d.line, d.column));
        self.list
    }
}
