//! Sets of names and values: `instance_attributes`, `meta_attributes`, `cluster_property_set`, `utilization`.

use crate::ids::Ids;
use crate::rule::{self, Facts, NextChange};
use crate::score::Score;
use crate::tree::Element;
use crate::value;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// Something in which values are found by name.
pub trait Table {
    /// The value called `name`.
    fn value(&self, name: &str) -> Option<&str>;
}

impl Table for BTreeMap<String, String> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

impl Table for BTreeMap<&str, &str> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name).copied()
    }
}

/// Names and values, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values<'d> {
    map: BTreeMap<&'d str, &'d str>,
}

impl Table for Values<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name)
    }
}

/// What happens to a value that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It stays.
    Stays,
    /// It is replaced.
    IsReplaced,
}

/// Where the sets are, and how their rules are judged.
#[derive(Clone, Copy)]
pub struct Source<'s, 'd> {
    /// Ids of the document, for `id-ref`.
    pub ids: &'s Ids<'d>,
    /// What rules are judged by.
    pub facts: &'s Facts<'s>,
    /// The set that goes before all others, whatever its score.
    pub first: Option<&'s str>,
}

impl<'d> Values<'d> {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'d str> {
        self.map.get(name).copied()
    }

    /// The value called `name` as truth; `None` when there is none, or it is neither.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(value::boolean)
    }

    /// The value called `name` as a score.
    #[must_use]
    pub fn score(&self, name: &str) -> Option<Score> {
        self.get(name).map(Score::read)
    }

    /// The value called `name` as a time in milliseconds; `None` when there is none, or it is no time.
    #[must_use]
    pub fn interval(&self, name: &str) -> Option<u32> {
        self.get(name).and_then(crate::time::interval)
    }

    /// All names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'d str, &'d str)> + use<'_, 'd> {
        self.map.iter().map(|(name, value)| (*name, *value))
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Sets a value.
    pub fn set(&mut self, name: &'d str, value: &'d str) {
        self.map.insert(name, value);
    }

    /// Takes a value away.
    pub fn remove(&mut self, name: &str) {
        self.map.remove(name);
    }

    /// Adds the values of all sets called `kind` in `holder` whose rules apply. Sets of a higher score go first; of two
    /// with the same score, the later one. The value `#default` takes away what is known by then.
    pub fn collect(
        &mut self,
        holder: Element<'d>,
        kind: &str,
        known: Known,
        source: Source<'_, 'd>,
        next: &mut NextChange,
    ) {
        for set in sorted_sets(holder, kind, source) {
            if rule::any_applies(set, source.ids, source.facts, next) {
                self.take(set, known, source.ids);
            }
        }
    }

    fn take(&mut self, set: Element<'d>, known: Known, ids: &Ids<'d>) {
        // Very old documents have one more element between.
        let list = set.children().next().filter(|first| first.is("attributes")).unwrap_or(set);
        for pair in list.children_named("nvpair") {
            let target = pair.get("id-ref").and_then(|id| ids.find("nvpair", id));
            let of = |name: &str| pair.get(name).or_else(|| target.and_then(|target| target.get(name)));
            let (Some(name), Some(value)) = (of("name"), of("value")) else { continue };
            if value.eq_ignore_ascii_case("#default") {
                self.map.remove(name);
            } else if known == Known::IsReplaced || !self.map.contains_key(name) {
                self.map.insert(name, value);
            }
        }
    }
}

fn sorted_sets<'d>(holder: Element<'d>, kind: &str, source: Source<'_, 'd>) -> Vec<Element<'d>> {
    let mut sets: Vec<_> = holder.children_named(kind).filter_map(|set| source.ids.resolve(set)).collect();
    if sets.len() > 1 {
        sets.reverse();
        // Stable: what came later still goes first among equals.
        sets.sort_by_key(|set| {
            let ordinary = source.first.is_none() || set.id() != source.first;
            (ordinary, core::cmp::Reverse(Score::read(set.get("score").unwrap_or("0"))))
        });
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::{Known, Source, Values};
    use crate::rule::{Facts, NextChange};
    use crate::{Document, Ids, Moment};

    fn collected(text: &str, first: Option<&str>, known: Known) -> alloc::string::String {
        let document = Document::parse(text.into()).expect("it is well-formed");
        let ids = Ids::of_configuration(&document);
        let facts = Facts::at(Moment::from_epoch(1_000_000_000, 0));
        let mut values = Values::new();
        let source = Source { ids: &ids, facts: &facts, first };
        values.collect(document.root(), "set", known, source, &mut NextChange::default());
        values.iter().map(|(name, value)| alloc::format!("{name}={value} ")).collect()
    }

    const TEXT: &str = "<h>
        <set id='low' score='1'><nvpair name='a' value='low'/><nvpair name='b' value='low'/></set>
        <set id='one'><nvpair name='c' value='one'/></set>
        <set id='two'><nvpair name='c' value='two'/></set>
        <set id='high' score='INFINITY'><nvpair id='p' name='a' value='high'/></set>
        <set id='late' score='5'><rule><date_expression operation='gt' start='2030-01-01'/></rule>
            <nvpair name='b' value='late'/></set>
        <set id='ref' score='-1'><nvpair id-ref='p' name='d'/></set>
        <other><nvpair name='z' value='z'/></other></h>";

    #[test]
    fn sets_of_a_higher_score_win() {
        assert_eq!(collected(TEXT, None, Known::Stays), "a=high b=low c=two d=high ");
        assert_eq!(collected(TEXT, Some("one"), Known::Stays), "a=high b=low c=one d=high ");
        assert_eq!(collected(TEXT, None, Known::IsReplaced), "a=low b=low c=one d=high ");
    }

    #[test]
    fn default_takes_a_value_away() {
        let text = "<h><set score='2'><nvpair name='a' value='1'/><nvpair name='b' value='1'/></set>
            <set score='1'><nvpair name='a' value='#default'/></set></h>";
        assert_eq!(collected(text, None, Known::Stays), "b=1 ");
    }
}
