//! Where in which file something was written.

use core::fmt;
use core::ops::Deref;

/// One of the three files a node is configured with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum File {
    /// `ha.cf`: nodes, media, timing, everything that is neither a key nor a resource.
    HaCf,
    /// `authkeys`: the keys that sign and verify cluster traffic.
    Authkeys,
    /// `haresources`: the resource groups of the classic resource manager.
    Haresources,
}

impl File {
    /// The file's name inside the configuration folder.
    pub const fn name(self) -> &'static str {
        match self {
            File::HaCf => "ha.cf",
            File::Authkeys => "authkeys",
            File::Haresources => "haresources",
        }
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place in a file: where a word begins. A complaint about a whole file stands at line 1, column 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which file.
    pub file: File,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1. A tab is one character.
    pub column: u32,
}

impl Span {
    /// The place of complaints about the whole of `file`.
    pub const fn whole(file: File) -> Span {
        Span { file, line: 1, column: 1 }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A value in force and where it was written; `at` is `None` for a default or a derived value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting<T> {
    /// What is in force.
    pub value: T,
    /// Where it stands, if anywhere.
    pub at: Option<Span>,
}

impl<T> Setting<T> {
    /// A value that nobody wrote down.
    pub const fn default_of(value: T) -> Setting<T> {
        Setting { value, at: None }
    }

    /// A value somebody wrote.
    pub const fn written(value: T, at: Span) -> Setting<T> {
        Setting { value, at: Some(at) }
    }

    /// Whether somebody wrote it, as opposed to a default.
    pub const fn is_written(&self) -> bool {
        self.at.is_some()
    }
}

impl<T> Deref for Setting<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}
