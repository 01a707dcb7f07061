//! Strings across the border.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

/// A string of the program; `None` for null or what is not UTF-8.
///
/// # Safety
/// `text` is null or points to a string that ends with a NUL and outlives the result.
pub(crate) unsafe fn read<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and a NUL-terminated string by this function's contract.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}

/// A string of ours, up to its first NUL.
pub(crate) fn owned(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(text.get(..end).unwrap_or_default()).unwrap_or_default()
}

/// A copy for the program's `free`; null when there is no memory.
pub(crate) fn duplicate(text: &str) -> *mut c_char {
    let text = owned(text);
    // SAFETY: the pointer is that of a live CString.
    unsafe { libc::strdup(text.as_ptr()) }
}

/// Null for `None`. The pointer lasts as long as the string.
pub(crate) fn pointer(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}
