//! Lines into groups, and the complaints about them.

use super::resource::{Reading, Resource, ResourceKind};
use super::{Group, Haresources, resource};
use crate::code::Code;
use crate::ha_cf::parse::Context;
use crate::lexer::{Line, Word, blank, lines};
use crate::span::File;
use crate::suggest::nearest;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_base::NodeName;

/// Reads the file. Nodes are those of `cx.ha_cf`.
pub(crate) fn read(cx: &mut Context<'_>, bytes: &[u8]) -> Haresources {
    let mut reader = Reader { cx, groups: Vec::new(), first_of: BTreeMap::new() };
    let mut pending: Vec<Word<'_>> = Vec::new();
    for line in lines(File::Haresources, bytes) {
        if reader.cx.report.is_full() {
            break;
        }
        let continues = reader.words(line, &mut pending);
        if !continues {
            reader.group(&core::mem::take(&mut pending));
        }
    }
    reader.group(&pending);
    Haresources { groups: reader.groups }
}

struct Reader<'c, 'f> {
    cx: &'c mut Context<'f>,
    groups: Vec<Group>,
    /// Line of each resource's first appearance, and whether it was a group's key there.
    first_of: BTreeMap<String, (u32, bool)>,
}

impl Reader<'_, '_> {
    /// Appends the words of a line; `true` when the next line belongs to it.
    fn words<'a>(&mut self, line: Line<'a>, into: &mut Vec<Word<'a>>) -> bool {
        // A backslash counts only as the very last letter, and not in a comment.
        let text = line.without_comment();
        let continues = text.bytes.len() == line.bytes.len() && line.bytes.last() == Some(&b'\\');
        let body = if continues {
            Line { bytes: text.bytes.get(..text.bytes.len() - 1).unwrap_or_default(), ..text }
        } else {
            text
        };
        let mut meant = false;
        for word in body.words(blank) {
            meant = word.bytes == b"\\";
            if meant {
                let message = "this backslash is not the last letter of its line, so the line does not go on"
                    .to_string();
                let cure =
                    "Remove what follows it: blanks and comments count. Comments go on lines of their own.";
                self.cx.report.error(Code::StrayBackslash, word.at, message, cure);
            } else {
                into.push(word);
            }
        }
        // What was meant is clear: read on as if it were right, for the sake of the other complaints.
        continues || meant
    }

    fn group(&mut self, words: &[Word<'_>]) {
        let Some((first, rest)) = words.split_first() else { return };
        let Some(text) = self.cx.text(*first) else { return };
        let node = self.node(*first, text);
        if rest.is_empty() {
            let message = format!("the line of `{text}` has no resource, so it does nothing");
            let cure = "Write resources after the node's name, or remove the line.";
            self.cx.report.warning(Code::GroupEmpty, first.at, message, cure);
            return;
        }
        let mut resources = Vec::with_capacity(rest.len());
        for (i, word) in rest.iter().enumerate() {
            if self.cx.report.is_full() {
                break;
            }
            let resource = self.resource(*word, i == 0);
            resources.extend(resource);
        }
        if let Some(node) = node
            && resources.len() == rest.len()
        {
            self.groups.push(Group { node, at: first.at, resources });
        }
    }

    /// The node of a line; complains when there is no such node.
    fn node(&mut self, word: Word<'_>, text: &str) -> Option<NodeName> {
        let name = NodeName::new(text);
        let nodes = &self.cx.ha_cf.membership.nodes;
        // Without any declared node that is what has to be cured, and it was told.
        if name.as_ref().is_some_and(|name| nodes.is_empty() || nodes.iter().any(|node| node.value == *name))
        {
            return name;
        }
        let cure = match nearest(text, nodes.iter().map(|node| node.as_str())) {
            Some(near) => {
                format!("Did you mean `{near}`? A line begins with the node that the group belongs to.")
            }
            None => {
                let names: Vec<&str> = nodes.iter().take(10).map(|node| node.as_str()).collect();
                format!("Begin the line with one of the nodes in ha.cf: {}.", names.join(", "))
            }
        };
        self.cx.report.error(
            Code::UnknownNode,
            word.at,
            format!("`{text}` is not a node of this cluster"),
            cure,
        );
        None
    }

    fn resource(&mut self, word: Word<'_>, is_key: bool) -> Option<Resource> {
        let text = self.cx.text(word)?;
        let kind = match resource::read(text) {
            Reading::Sound(kind) => kind,
            Reading::Odd(kind, wrong) => {
                self.cx.report.warning(Code::OddResource, word.at, wrong.message, wrong.cure);
                kind
            }
            Reading::Bad(wrong) => {
                self.cx.report.error(Code::BadResource, word.at, wrong.message, wrong.cure);
                return None;
            }
        };
        self.twice(word, text, is_key);
        let looks_like_node = NodeName::new(text).filter(|name| self.cx.ha_cf.has_node(name));
        if let Some(node) = looks_like_node {
            let message = format!("`{node}` is a node, and it stands where a resource is expected");
            let cure = "If it begins a group of its own, the line before it must not end in a backslash.";
            self.cx.report.warning(Code::OddResource, word.at, message, cure);
        }
        let resource = Resource { text: text.to_string(), at: word.at, kind };
        self.installed(&resource);
        Some(resource)
    }

    fn twice(&mut self, word: Word<'_>, text: &str, is_key: bool) {
        let Some(&(line, was_key)) = self.first_of.get(text) else {
            self.first_of.insert(text.to_string(), (word.at.line, is_key));
            return;
        };
        if is_key && was_key {
            // DEVIATION: the original takes two groups with one key, and then moves both when one is meant.
            let message = format!(
                "the group on line {line} begins with `{text}` too, and a group is known by its first resource"
            );
            let cure = "Put the resources into one line, or begin one group with another resource.";
            self.cx.report.error(Code::GroupTwice, word.at, message, cure);
        } else {
            let message = format!("`{text}` is already on line {line}");
            let cure = "Remove one of the two: a resource belongs to one group.";
            self.cx.report.warning(Code::ResourceTwice, word.at, message, cure);
        }
    }

    /// Tells when no agent can run the resource and when the interface it names is not there.
    fn installed(&mut self, resource: &Resource) {
        if let ResourceKind::Address { spec, .. } = &resource.kind {
            let known = self.cx.facts.interfaces.is_some();
            let missing =
                spec.interface.as_ref().filter(|name| known && self.cx.facts.interface(name).is_none());
            if let Some(name) = missing {
                let message = format!("there is no network interface `{name}` for `{}`", resource.text);
                let cure =
                    "Write an interface that both nodes have, or leave it out: the route then decides.";
                self.cx.report.warning(Code::NoInterface, resource.at, message, cure);
            }
        }
        let config_dir = self.cx.facts.config_dir.clone();
        let paths = resource.agent_paths(&config_dir);
        let found: Vec<_> = paths.iter().map(|path| self.cx.file(path)).collect();
        let absent =
            !found.is_empty() && found.iter().all(|file| file.is_some_and(|file| !file.is_program()));
        if absent {
            let message = format!("nothing on this host can run `{}`", resource.text);
            let cure = format!("Install it as an executable: {}.", paths.join(" or "));
            self.cx.report.warning(Code::NoAgent, resource.at, message, cure);
        }
    }
}
