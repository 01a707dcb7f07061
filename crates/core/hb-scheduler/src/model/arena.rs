//! Small numbers for nodes, resources and actions, and the lists that they count.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::{Index, IndexMut};

/// A number that names an entry of one [`Arena`].
pub trait Id: Copy + Eq {
    /// From a position.
    fn new(position: usize) -> Self;
    /// The position.
    fn position(self) -> usize;
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl Id for $name {
            fn new(position: usize) -> Self {
                // More than four thousand million entries do not fit into memory anyway.
                $name(u32::try_from(position).unwrap_or(u32::MAX))
            }
            fn position(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// A node of the cluster, in order of creation.
    NodeId
}
id! {
    /// A resource, members and instances included.
    ResourceId
}
id! {
    /// An action, in order of creation.
    ActionId
}
id! {
    /// A colocation, in order of creation.
    ColocationId
}
id! {
    /// A location constraint, in order of creation.
    LocationId
}

/// A list whose entries are never removed, by their own kind of number.
#[derive(Clone, Debug)]
pub struct Arena<I, T> {
    items: Vec<T>,
    kind: PhantomData<I>,
}

impl<I, T> Default for Arena<I, T> {
    fn default() -> Self {
        Arena { items: Vec::new(), kind: PhantomData }
    }
}

impl<I: Id, T> Arena<I, T> {
    /// Adds an entry and names it.
    pub fn add(&mut self, item: T) -> I {
        self.items.push(item);
        I::new(self.items.len() - 1)
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All entries in order of creation.
    pub fn iter(&self) -> core::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// All entries in order of creation, to be changed.
    pub fn iter_mut(&mut self) -> core::slice::IterMut<'_, T> {
        self.items.iter_mut()
    }

    /// All names in order of creation.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + use<I, T> {
        (0..self.items.len()).map(I::new)
    }
}

// An id is only made by `add`, so the entry is there.
#[allow(clippy::indexing_slicing)]
impl<I: Id, T> Index<I> for Arena<I, T> {
    type Output = T;
    fn index(&self, id: I) -> &T {
        &self.items[id.position()]
    }
}

#[allow(clippy::indexing_slicing)]
impl<I: Id, T> IndexMut<I> for Arena<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.items[id.position()]
    }
}
