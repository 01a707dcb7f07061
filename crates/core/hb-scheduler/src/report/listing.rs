//! Lists in lists, as text.

use alloc::string::String;

/// Whether titles and bullets are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Titles, indented items with bullets.
    Outline,
    /// Items only, one a line.
    Plain,
}

/// A text of lists.
#[derive(Clone, Debug)]
pub struct Listing {
    text: String,
    depth: usize,
    shape: Shape,
}

impl Listing {
    /// No text yet.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Listing { text: String::new(), depth: 0, shape }
    }

    /// Begins a list.
    pub fn begin(&mut self, title: &str) {
        if self.shape == Shape::Outline {
            self.bullet();
            self.text.extend([title, ":\n"]);
        }
        self.depth += 1;
    }

    /// Ends the list that was begun last.
    pub fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Writes an item, or a line when no list has been begun.
    pub fn item(&mut self, text: &str) {
        if self.shape == Shape::Outline {
            self.bullet();
        }
        self.text.extend([text, "\n"]);
    }

    /// Writes an item with a label; in a plain list without it.
    pub fn labelled(&mut self, label: &str, text: &str) {
        if self.shape == Shape::Outline {
            self.bullet();
            self.text.extend([label, ": "]);
        }
        self.text.extend([text, "\n"]);
    }

    /// Adds lines that have been written elsewhere.
    pub fn append(&mut self, lines: &str) {
        self.text.push_str(lines);
    }

    /// Writes an empty line.
    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Takes what was written so far.
    pub fn take(&mut self) -> String {
        core::mem::take(&mut self.text)
    }

    fn bullet(&mut self) {
        self.text.extend(core::iter::repeat_n("  ", self.depth));
        if self.depth > 0 {
            self.text.push_str("* ");
        }
    }
}
