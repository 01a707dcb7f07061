//! Sorting by comparisons that may contradict each other.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Sorts stably by merging halves. What the order is does matter where comparisons are not transitive: the smaller half
/// comes first, and among equals the earlier one.
pub(crate) fn merge_sort<T: Copy>(list: &mut Vec<T>, compare: &mut impl FnMut(T, T) -> Ordering) {
    if list.len() < 2 {
        return;
    }
    let mut right = list.split_off(list.len() / 2);
    merge_sort(list, compare);
    merge_sort(&mut right, compare);
    let left = core::mem::take(list);
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        let next = if compare(*one, *other) == Ordering::Greater { right.next() } else { left.next() };
        list.extend(next);
    }
    list.extend(left);
    list.extend(right);
}
