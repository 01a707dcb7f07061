//! Elements by their ids.

use crate::tree::{Document, Element, NodeId};
use alloc::vec::Vec;

/// An index of the elements below one element that have an id.
#[derive(Clone, Debug)]
pub struct Ids<'d> {
    document: &'d Document,
    /// By id, then in the order of the document.
    sorted: Vec<(&'d str, NodeId)>,
}

impl<'d> Ids<'d> {
    /// Indexes `top` and everything below it.
    #[must_use]
    pub fn new(top: Element<'d>) -> Self {
        let mut sorted: Vec<_> =
            top.descendants().filter_map(|element| Some((element.id()?, element.node()))).collect();
        // Stable: elements of one id stay in order.
        sorted.sort_by_key(|(id, _)| *id);
        Ids { document: top.document(), sorted }
    }

    /// Indexes the configuration section of a CIB.
    #[must_use]
    pub fn of_configuration(cib: &'d Document) -> Self {
        Self::new(cib.root().child("configuration").unwrap_or(cib.root()))
    }

    /// All elements called `id`, in the order of the document.
    pub fn all(&self, id: &str) -> impl Iterator<Item = Element<'d>> + use<'_, 'd> {
        let start = self.sorted.partition_point(|(known, _)| *known < id);
        let same = self.sorted.get(start..).unwrap_or_default();
        let count = same.partition_point(|(known, _)| *known <= id);
        let document = self.document;
        same.get(..count).unwrap_or_default().iter().filter_map(move |(_, node)| document.element(*node))
    }

    /// The only `<name id="id">`; `None` when there is none, or more than one.
    #[must_use]
    pub fn find(&self, name: &str, id: &str) -> Option<Element<'d>> {
        let mut all = self.all(id).filter(|element| element.is(name));
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }

    /// What an element stands for: what its `id-ref` names, or itself when it has none. `None` when the reference
    /// leads nowhere.
    #[must_use]
    pub fn resolve(&self, element: Element<'d>) -> Option<Element<'d>> {
        match element.get("id-ref") {
            Some(id) => self.find(element.name(), id),
            None => Some(element),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;
    use crate::Document;

    #[test]
    fn references_need_one_target_of_the_same_name() {
        let text =
            "<cib><a id='x'/><b id='x' n='1'/><b id='y'/><b id='y'/><b id-ref='x'/><b id-ref='y'/></cib>";
        let document = Document::parse(text.into()).expect("it is well-formed");
        let ids = Ids::of_configuration(&document);
        let references: alloc::vec::Vec<_> = document.root().children().skip(4).collect();
        let resolved = |index: usize| references.get(index).and_then(|element| ids.resolve(*element));
        assert_eq!(resolved(0).and_then(|b| b.get("n")), Some("1"));
        assert!(resolved(1).is_none());
        assert_eq!(ids.all("y").count(), 2);
        assert_eq!(ids.all("z").count(), 0);
    }
}
