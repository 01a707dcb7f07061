//! The functions on messages that libplumb has.

use crate::message::{self, BINARY, Entry, HaMsg, STRING, STRUCT, UNCOMPRESS, Uuid};
use crate::{HA_FAIL, HA_OK, ok, text};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

/// The field of this name.
unsafe fn find<'a>(message: *const HaMsg, name: *const c_char) -> Option<Entry<'a>> {
    if name.is_null() {
        return None;
    }
    // SAFETY: a string and a message, by the contract of the functions below.
    let (wanted, entries) = unsafe { (CStr::from_ptr(name).to_bytes(), message::entries(message)) };
    entries.into_iter().find(|entry| entry.name == wanted)
}

unsafe fn add(
    message: *mut HaMsg,
    name: *const c_char,
    value: *mut c_void,
    length: usize,
    kind: c_int,
) -> c_int {
    if message.is_null() || name.is_null() {
        // SAFETY: the value is ours.
        unsafe { message::free_value(value, if value.is_null() { BINARY } else { kind }) };
        return HA_FAIL;
    }
    // SAFETY: a string and a message, by the contract of the functions below.
    ok(unsafe { message::push(message, CStr::from_ptr(name).to_bytes(), value, length, kind) })
}

/// A message with room for so many fields; it grows as needed.
#[unsafe(no_mangle)]
pub extern "C" fn ha_msg_new(fields: c_int) -> *mut HaMsg {
    message::new(fields)
}

/// Frees a message.
///
/// # Safety
/// `message` is null or a message that nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ha_msg_del(message: *mut HaMsg) {
    // SAFETY: passed on.
    unsafe { message::delete(message) };
}

/// A copy; null when there is no memory.
///
/// # Safety
/// `message` is null or a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ha_msg_copy(message: *const HaMsg) -> *mut HaMsg {
    // SAFETY: passed on.
    let copy = unsafe { message::read(message) };
    copy.map_or(ptr::null_mut(), |copy| message::write(&copy))
}

/// Appends a string.
///
/// # Safety
/// `message` is null or a message, `name` and `value` are null or strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ha_msg_add(message: *mut HaMsg, name: *const c_char, value: *const c_char) -> c_int {
    if value.is_null() {
        return HA_FAIL;
    }
    // SAFETY: a string by contract.
    let bytes = unsafe { CStr::from_ptr(value) }.to_bytes();
    // SAFETY: passed on; the value is a fresh copy.
    unsafe { add(message, name, message::bytes_copy(bytes), bytes.len(), STRING) }
}

/// Appends a number in decimal digits.
///
/// # Safety
/// As [`ha_msg_add`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ha_msg_add_int(message: *mut HaMsg, name: *const c_char, value: c_int) -> c_int {
    let digits = value.to_string();
    // SAFETY: passed on; the value is a fresh copy.
    unsafe { add(message, name, message::bytes_copy(digits.as_bytes()), digits.len(), STRING) }
}

/// Appends bytes.
///
/// # Safety
/// As [`ha_msg_add`]; `value` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ha_msg_addbin(
    message: *mut HaMsg,
    name: *const c_char,
    value: *const c_void,
    length: usize,
) -> c_int {
    if value.is_null() {
        return HA_FAIL;
    }
    // SAFETY: so many bytes by contract; the value is a fresh copy.
    unsafe {
        let bytes = std::slice::from_raw_parts(value.cast::<u8>(), length);
        add(message, name, message::bytes_copy(bytes), length, BINARY)
    }
}

/// Appends an id.
///
/// # Safety
/// As [`ha_msg_add`]; `uuid` is null or points to one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ha_msg_adduuid(
    message: *mut HaMsg,
    name: *const c_char,
    uuid: *const Uuid,
) -> c_int {
    // SAFETY: passed on.
    unsafe { ha_msg_addbin(message, name, uuid.cast(), size_of::<Uuid>()) }
}

/// Appends a copy of a message.
///
/// # Safety
/// As [`ha_msg_add`]; `child` is null or a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ha_msg_addstruct(
    message: *mut HaMsg,
    name: *const c_char,
    child: *const c_void,
) -> c_int {
    // SAFETY: passed on; the value is a fresh copy.
    unsafe {
        let copy = ha_msg_copy(child.cast());
        add(message, name, copy.cast(), size_of::<HaMsg>(), STRUCT)
    }
}

/// Sets the first field of this name to a string where it stands, or appends one.
///
/// # Safety
/// As [`ha_msg_add`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_msg_modstring(
    message: *mut HaMsg,
    name: *const c_char,
    value: *const c_char,
) -> c_int {
    if message.is_null() || name.is_null() || value.is_null() {
        return HA_FAIL;
    }
    // SAFETY: strings and a message by contract; entries are in the order of the arrays.
    unsafe {
        let (wanted, bytes) = (CStr::from_ptr(name).to_bytes(), CStr::from_ptr(value).to_bytes());
        let Some(at) = message::entries(message).iter().position(|entry| entry.name == wanted) else {
            return ha_msg_add(message, name, value);
        };
        let copy = message::bytes_copy(bytes);
        if copy.is_null() {
            return HA_FAIL;
        }
        let holder = &mut *message;
        message::free_value(*holder.values.add(at), *holder.types.add(at));
        *holder.values.add(at) = copy;
        *holder.vlens.add(at) = bytes.len();
        *holder.types.add(at) = STRING;
        HA_OK
    }
}

/// Removes the first field of this name.
///
/// # Safety
/// As [`ha_msg_add`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_msg_remove(message: *mut HaMsg, name: *const c_char) -> c_int {
    if message.is_null() || name.is_null() {
        return HA_FAIL;
    }
    // SAFETY: a string and a message by contract; what is behind the field moves one place to the front.
    unsafe {
        let wanted = CStr::from_ptr(name).to_bytes();
        let Some(at) = message::entries(message).iter().position(|entry| entry.name == wanted) else {
            return HA_FAIL;
        };
        let holder = &mut *message;
        libc::free((*holder.names.add(at)).cast());
        message::free_value(*holder.values.add(at), *holder.types.add(at));
        let behind = usize::try_from(holder.nfields).unwrap_or(0) - at - 1;
        ptr::copy(holder.names.add(at + 1), holder.names.add(at), behind);
        ptr::copy(holder.nlens.add(at + 1), holder.nlens.add(at), behind);
        ptr::copy(holder.values.add(at + 1), holder.values.add(at), behind);
        ptr::copy(holder.vlens.add(at + 1), holder.vlens.add(at), behind);
        ptr::copy(holder.types.add(at + 1), holder.types.add(at), behind);
        holder.nfields -= 1;
        HA_OK
    }
}

/// The string of this name, which lasts as long as the message; null when there is none.
///
/// # Safety
/// `message` is null or a message, `name` is null or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_get_string(message: *const HaMsg, name: *const c_char) -> *const c_char {
    // SAFETY: passed on.
    let found = unsafe { find(message, name) };
    found.filter(|entry| entry.kind == STRING).map_or(ptr::null(), |entry| entry.value.cast_const().cast())
}

/// The bytes of this name, which last as long as the message; null when there are none.
///
/// # Safety
/// As [`cl_get_string`]; `length` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_get_binary(
    message: *const HaMsg,
    name: *const c_char,
    length: *mut usize,
) -> *const c_void {
    // SAFETY: passed on.
    let found = unsafe { find(message, name) };
    let Some(entry) = found.filter(|entry| entry.kind == BINARY) else { return ptr::null() };
    if !length.is_null() {
        // SAFETY: may be written to, by contract.
        unsafe { *length = entry.length };
    }
    entry.value
}

/// The message of this name, which lasts as long as the one around it; null when there is none.
///
/// # Safety
/// As [`cl_get_string`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_get_struct(message: *mut HaMsg, name: *const c_char) -> *mut HaMsg {
    // SAFETY: passed on.
    let found = unsafe { find(message, name) };
    found
        .filter(|entry| [STRUCT, UNCOMPRESS].contains(&entry.kind))
        .map_or(ptr::null_mut(), |entry| entry.value.cast())
}

/// Copies the id of this name.
///
/// # Safety
/// As [`cl_get_string`]; `uuid` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cl_get_uuid(message: *const HaMsg, name: *const c_char, uuid: *mut Uuid) -> c_int {
    let mut length = 0;
    // SAFETY: passed on; an id is copied only from as many bytes.
    unsafe {
        let bytes = cl_get_binary(message, name, &raw mut length);
        if bytes.is_null() || uuid.is_null() || length != size_of::<Uuid>() {
            return HA_FAIL;
        }
        ptr::copy_nonoverlapping(bytes.cast::<u8>(), (*uuid).uuid.as_mut_ptr(), length);
    }
    HA_OK
}

/// The string of this name as a number.
///
/// # Safety
/// As [`cl_get_string`]; `value` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ha_msg_value_int(
    message: *const HaMsg,
    name: *const c_char,
    value: *mut c_int,
) -> c_int {
    // SAFETY: passed on.
    let found = unsafe { text::read(cl_get_string(message, name)) };
    match found.and_then(|text| text.parse().ok()) {
        Some(number) if !value.is_null() => {
            // SAFETY: may be written to, by contract.
            unsafe { *value = number };
            HA_OK
        }
        _ => HA_FAIL,
    }
}
