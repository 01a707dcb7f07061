//! A walk through names.

use crate::text;
use std::ffi::{CString, c_char};

/// Names that are handed out one by one. The original's library hands them out from the last to the first.
#[derive(Default)]
pub(crate) struct Walk {
    names: Vec<CString>,
    handed: Option<CString>,
}

impl Walk {
    pub(crate) fn begin<'a>(names: impl Iterator<Item = &'a str>) -> Walk {
        Walk { names: names.map(text::owned).collect(), handed: None }
    }

    /// The next name, which lasts until the next call; null at the end.
    pub(crate) fn next(&mut self) -> *const c_char {
        self.handed = self.names.pop();
        text::pointer(self.handed.as_ref())
    }
}
