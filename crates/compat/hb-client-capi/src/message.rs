//! Messages in libplumb's layout, and their way from and to ours.

use hb_wire::{Field, Message, Name, Value};
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// `struct ha_msg`: `nfields` entries in each of the arrays, which have room for `nalloc`.
#[repr(C)]
#[derive(Debug)]
pub struct HaMsg {
    /// Fields.
    pub nfields: c_int,
    /// Room for fields.
    pub nalloc: c_int,
    /// Their names, each with a NUL.
    pub names: *mut *mut c_char,
    /// Lengths of the names.
    pub nlens: *mut usize,
    /// Their values: bytes with a NUL behind them, or messages.
    pub values: *mut *mut c_void,
    /// Lengths of the values.
    pub vlens: *mut usize,
    /// 0 string, 1 binary, 2 message, 3 list, 4 compressed message, 5 message to be compressed.
    pub types: *mut c_int,
}

/// `cl_uuid_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Uuid {
    /// In RFC 4122 text order.
    pub uuid: [u8; 16],
}

pub(crate) const STRING: c_int = 0;
pub(crate) const BINARY: c_int = 1;
pub(crate) const STRUCT: c_int = 2;
const LIST: c_int = 3;
const COMPRESS: c_int = 4;
pub(crate) const UNCOMPRESS: c_int = 5;

/// Room of a new message.
const ROOM: c_int = 30;
/// Deeper messages are not sent, and none comes.
const DEPTH_MAX: usize = hb_wire::MAX_DEPTH;

/// glib's `GList`.
#[repr(C)]
struct List {
    data: *const c_char,
    next: *const List,
    previous: *const List,
}

/// A message without fields; null when there is no memory.
pub(crate) fn new(room: c_int) -> *mut HaMsg {
    let room = room.max(ROOM);
    let count = usize::try_from(room).unwrap_or(0);
    // SAFETY: calloc has no preconditions; zeroed memory is a valid HaMsg: no fields, null arrays.
    unsafe {
        let message: *mut HaMsg = libc::calloc(1, size_of::<HaMsg>()).cast();
        if message.is_null() {
            return message;
        }
        let made = &mut *message;
        made.nalloc = room;
        made.names = libc::calloc(count, size_of::<*mut c_char>()).cast();
        made.nlens = libc::calloc(count, size_of::<usize>()).cast();
        made.values = libc::calloc(count, size_of::<*mut c_void>()).cast();
        made.vlens = libc::calloc(count, size_of::<usize>()).cast();
        made.types = libc::calloc(count, size_of::<c_int>()).cast();
        let lacks = made.names.is_null()
            || made.nlens.is_null()
            || made.values.is_null()
            || made.vlens.is_null()
            || made.types.is_null();
        if lacks {
            delete(message);
            return ptr::null_mut();
        }
        message
    }
}

/// Frees a message with everything in it. The elements of a list are glib's and stay.
///
/// # Safety
/// `message` is null or a message that nobody uses any more.
pub(crate) unsafe fn delete(message: *mut HaMsg) {
    if message.is_null() {
        return;
    }
    // SAFETY: a message by contract: its arrays are null or hold `nfields` entries made with malloc.
    unsafe {
        let old = &*message;
        let count = usize::try_from(old.nfields).unwrap_or(0);
        for at in 0..count {
            if !old.names.is_null() {
                libc::free((*old.names.add(at)).cast());
            }
            if !old.values.is_null() && !old.types.is_null() {
                free_value(*old.values.add(at), *old.types.add(at));
            }
        }
        for array in
            [old.names.cast(), old.nlens.cast(), old.values.cast(), old.vlens.cast(), old.types.cast()]
        {
            libc::free(array);
        }
        libc::free(message.cast());
    }
}

/// # Safety
/// `value` is a value of that type, which nobody uses any more.
pub(crate) unsafe fn free_value(value: *mut c_void, kind: c_int) {
    // SAFETY: the value's memory is malloc's, or it is a message, as its type says.
    unsafe {
        match kind {
            STRUCT | UNCOMPRESS => delete(value.cast()),
            LIST => {}
            _ => libc::free(value),
        }
    }
}

/// Bytes in malloc's memory with a NUL behind them; null when there is none.
pub(crate) fn bytes_copy(bytes: &[u8]) -> *mut c_void {
    // SAFETY: the allocation is one byte longer than what is copied into it.
    unsafe {
        let copy: *mut u8 = libc::malloc(bytes.len() + 1).cast();
        if !copy.is_null() {
            ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
            *copy.add(bytes.len()) = 0;
        }
        copy.cast()
    }
}

/// Appends a field, taking over `value`, which is malloc's or a message. False, and `value` freed, without memory.
///
/// # Safety
/// `message` is a message; `value` is of type `kind`, nobody else's, or null.
pub(crate) unsafe fn push(
    message: *mut HaMsg,
    name: &[u8],
    value: *mut c_void,
    length: usize,
    kind: c_int,
) -> bool {
    // SAFETY: by contract; `grow` makes room for one more entry in every array.
    unsafe {
        let name_copy = bytes_copy(name);
        let holder = &mut *message;
        if value.is_null() || name_copy.is_null() || name.is_empty() || !grow(holder) {
            libc::free(name_copy);
            free_value(value, if value.is_null() { BINARY } else { kind });
            return false;
        }
        let at = usize::try_from(holder.nfields).unwrap_or(0);
        *holder.names.add(at) = name_copy.cast();
        *holder.nlens.add(at) = name.len();
        *holder.values.add(at) = value;
        *holder.vlens.add(at) = length;
        *holder.types.add(at) = kind;
        holder.nfields += 1;
        true
    }
}

/// Room for one more field.
///
/// # Safety
/// `message` is a message.
unsafe fn grow(message: &mut HaMsg) -> bool {
    if message.nfields < message.nalloc {
        return true;
    }
    let room = message.nalloc.saturating_mul(2).max(ROOM);
    let count = usize::try_from(room).unwrap_or(0);
    // SAFETY: the arrays are malloc's; each is replaced only by a larger one with the same content.
    unsafe {
        let larger = |array: *mut c_void, entry: usize| libc::realloc(array, count.saturating_mul(entry));
        let names = larger(message.names.cast(), size_of::<*mut c_char>());
        if names.is_null() {
            return false;
        }
        message.names = names.cast();
        let nlens = larger(message.nlens.cast(), size_of::<usize>());
        if nlens.is_null() {
            return false;
        }
        message.nlens = nlens.cast();
        let values = larger(message.values.cast(), size_of::<*mut c_void>());
        if values.is_null() {
            return false;
        }
        message.values = values.cast();
        let vlens = larger(message.vlens.cast(), size_of::<usize>());
        if vlens.is_null() {
            return false;
        }
        message.vlens = vlens.cast();
        let types = larger(message.types.cast(), size_of::<c_int>());
        if types.is_null() {
            return false;
        }
        message.types = types.cast();
    }
    message.nalloc = room;
    true
}

/// One field of a message of the program.
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: *mut c_void,
    pub(crate) length: usize,
    pub(crate) kind: c_int,
}

/// # Safety
/// `message` is null or a message that outlives the entries.
pub(crate) unsafe fn entries<'a>(message: *const HaMsg) -> Vec<Entry<'a>> {
    if message.is_null() {
        return Vec::new();
    }
    // SAFETY: a message by contract: every array holds `nfields` entries, and names are as long as they say.
    unsafe {
        let message = &*message;
        let count = usize::try_from(message.nfields).unwrap_or(0);
        let entry = |at: usize| {
            let name: *const u8 = (*message.names.add(at)).cast();
            (!name.is_null()).then(|| Entry {
                name: std::slice::from_raw_parts(name, *message.nlens.add(at)),
                value: *message.values.add(at),
                length: *message.vlens.add(at),
                kind: *message.types.add(at),
            })
        };
        (0..count).filter_map(entry).collect()
    }
}

/// A message of the program as one of ours; `None` when it is nested too deep or has a field of an unknown type.
///
/// # Safety
/// `message` is null or a message.
pub(crate) unsafe fn read(message: *const HaMsg) -> Option<Message> {
    // SAFETY: passed on.
    unsafe { read_below(message, 0) }
}

unsafe fn read_below(message: *const HaMsg, depth: usize) -> Option<Message> {
    if message.is_null() || depth > DEPTH_MAX {
        return None;
    }
    // SAFETY: values are what their types say, by the caller's contract.
    unsafe {
        let field = |entry: Entry<'_>| {
            if entry.value.is_null() {
                return None;
            }
            let bytes = || std::slice::from_raw_parts(entry.value.cast::<u8>(), entry.length).to_vec();
            let value = match entry.kind {
                STRING => Value::Text(bytes()),
                BINARY => Value::Binary(bytes()),
                COMPRESS => Value::Compressed(bytes()),
                STRUCT => Value::Struct(read_below(entry.value.cast(), depth + 1)?),
                UNCOMPRESS => Value::Uncompressed(read_below(entry.value.cast(), depth + 1)?),
                LIST => Value::List(list(entry.value.cast())),
                _ => return None,
            };
            Some(Field { name: Name::from(entry.name.to_vec()), value })
        };
        entries(message).into_iter().map(field).collect()
    }
}

/// # Safety
/// `list` is null or a list of strings.
unsafe fn list(mut list: *const List) -> Vec<Vec<u8>> {
    let mut elements = Vec::new();
    while !list.is_null() {
        // SAFETY: an element of a list of strings, by contract.
        unsafe {
            if !(*list).data.is_null() {
                elements.push(std::ffi::CStr::from_ptr((*list).data).to_bytes().to_vec());
            }
            list = (*list).next;
        }
    }
    elements
}

/// One of our messages as one of the program's; null when there is no memory.
pub(crate) fn write(message: &Message) -> *mut HaMsg {
    let made = new(c_int::try_from(message.len()).unwrap_or(c_int::MAX));
    if made.is_null() {
        return made;
    }
    for field in message.fields() {
        let (value, length, kind) = match &field.value {
            Value::Text(bytes) => (bytes_copy(bytes), bytes.len(), STRING),
            Value::Binary(bytes) => (bytes_copy(bytes), bytes.len(), BINARY),
            Value::Compressed(bytes) => (bytes_copy(bytes), bytes.len(), COMPRESS),
            Value::Struct(child) => (write(child).cast(), size_of::<HaMsg>(), STRUCT),
            Value::Uncompressed(child) => (write(child).cast(), size_of::<HaMsg>(), UNCOMPRESS),
            Value::List(_) => continue,
        };
        // SAFETY: `made` is a message, the value was just made for it.
        if !unsafe { push(made, field.name.as_bytes(), value, length, kind) } {
            // SAFETY: nobody has seen it.
            unsafe { delete(made) };
            return ptr::null_mut();
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_border_both_ways() {
        let child = Message::new("child").with("x", "y");
        let mut message =
            Message::new("parent").with("empty", "").with_value("raw", Value::Binary(vec![0, 1, 0]));
        message.push("inner", Value::Struct(child.clone()));
        message.push("later", Value::Uncompressed(child));
        for number in 0..100 {
            message.push(format!("field{number}").into_bytes(), Value::from("more than there was room for"));
        }
        let made = write(&message);
        // SAFETY: `made` is a message.
        unsafe {
            assert_eq!(read(made), Some(message));
            delete(made);
        }
    }
}
