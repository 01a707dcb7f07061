//! The original's records, this machine's byte order (spec: ipc sections 5 and 6).

use crate::event::{EventKind, Occurrence};
use alloc::string::String;
use alloc::vec::Vec;

/// Bytes of a record's type.
const TYPE_BYTES: usize = 8;
/// Bytes of a name, an instance or a folder.
const TEXT_BYTES: usize = 256;
/// Bytes of a registration.
pub const REGISTRATION_BYTES: usize = TYPE_BYTES + 3 * TEXT_BYTES + 12;
/// Bytes of the record that opens a connection to the recovery manager.
pub const CONNECT_BYTES: usize = TYPE_BYTES + 2 * TEXT_BYTES + 12;
/// Bytes of an event for the recovery manager.
pub const EVENT_BYTES: usize = CONNECT_BYTES + 4;

/// `errno` values of answers.
pub mod answer {
    /// As wished.
    pub const OK: i32 = 0;
    /// Not allowed.
    pub const EPERM: i32 = 1;
    /// Not registered yet.
    pub const ESRCH: i32 = 3;
    /// Registered already.
    pub const EEXIST: i32 = 17;
    /// Not understood, or not true.
    pub const EINVAL: i32 = 22;
    /// No room.
    pub const ENOSPC: i32 = 28;
}

/// Who registers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Registration {
    /// The application's name, 1 to 255 bytes.
    pub application: String,
    /// Which one of that name, up to 255 bytes.
    pub instance: String,
    /// Its working folder.
    pub folder: String,
    /// Its process, as it says.
    pub pid: i32,
    /// Its user, as it says.
    pub uid: u32,
    /// Its group, as it says.
    pub gid: u32,
}

/// A request of a client of `apphbd`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// `reg`. `None`: not as long as it must be, or a name that does not end.
    Register(Option<Registration>),
    /// `hb`.
    Beat,
    /// `unreg`.
    Unregister,
    /// `setint`, milliseconds. `None`: the number is missing.
    Interval(Option<u64>),
    /// `setwarn`, milliseconds.
    Warn(Option<u64>),
    /// `setboot`: reboot the machine when this client fails.
    Reboot(Option<bool>),
    /// Anything else.
    Unknown,
}

/// Reads the fields of a record one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<[u8; 4]> {
        self.take(4)?.try_into().ok()
    }

    /// Text up to the NUL that must be there.
    fn text(&mut self) -> Option<String> {
        let field = self.take(TEXT_BYTES)?;
        let end = field.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(field.get(..end)?).into_owned())
    }
}

/// The type of a record, up to its first NUL; `None` when it is shorter than a type.
fn kind(bytes: &[u8]) -> Option<(&[u8], Fields<'_>)> {
    let (kind, rest) = bytes.split_at_checked(TYPE_BYTES)?;
    let kind = kind.split(|byte| *byte == 0).next().unwrap_or_default();
    Some((kind, Fields(rest)))
}

impl Request {
    /// Reads a request; `None` when it is shorter than a type, which means nothing and is not answered.
    pub fn decode(bytes: &[u8]) -> Option<Request> {
        let (kind, mut fields) = kind(bytes)?;
        let number = |fields: &mut Fields<'_>| {
            let bytes: [u8; 8] = fields.take(8)?.try_into().ok()?;
            Some(u64::from_ne_bytes(bytes))
        };
        Some(match kind {
            b"reg" => Request::Register(registration(&mut fields)),
            b"hb" => Request::Beat,
            b"unreg" => Request::Unregister,
            b"setint" => Request::Interval(number(&mut fields)),
            b"setwarn" => Request::Warn(number(&mut fields)),
            b"setboot" => Request::Reboot(number(&mut fields).map(|value| value != 0)),
            _ => Request::Unknown,
        })
    }

    /// The record of a request, for clients. `None` when a name is too long, something that may be missing is, or the
    /// request is [`Request::Unknown`].
    pub fn encode(&self) -> Option<Vec<u8>> {
        match self {
            Request::Register(registration) => {
                let r = registration.as_ref()?;
                let mut record = begin(b"reg", REGISTRATION_BYTES);
                for text in [&r.application, &r.instance, &r.folder] {
                    push_text(&mut record, text)?;
                }
                push_ids(&mut record, r.pid, r.uid, r.gid);
                Some(record)
            }
            Request::Beat => Some(begin(b"hb", TYPE_BYTES)),
            Request::Unregister => Some(begin(b"unreg", TYPE_BYTES)),
            Request::Interval(ms) => with_number(b"setint", (*ms)?),
            Request::Warn(ms) => with_number(b"setwarn", (*ms)?),
            Request::Reboot(on) => with_number(b"setboot", u64::from((*on)?)),
            Request::Unknown => None,
        }
    }
}

fn registration(fields: &mut Fields<'_>) -> Option<Registration> {
    Some(Registration {
        application: fields.text()?,
        instance: fields.text()?,
        folder: fields.text()?,
        pid: i32::from_ne_bytes(fields.word()?),
        uid: u32::from_ne_bytes(fields.word()?),
        gid: u32::from_ne_bytes(fields.word()?),
    })
}

fn begin(kind: &[u8], capacity: usize) -> Vec<u8> {
    let mut record = Vec::with_capacity(capacity);
    record.extend_from_slice(kind);
    record.resize(TYPE_BYTES, 0);
    record
}

fn with_number(kind: &[u8], number: u64) -> Option<Vec<u8>> {
    let mut record = begin(kind, TYPE_BYTES + 8);
    record.extend_from_slice(&number.to_ne_bytes());
    Some(record)
}

fn push_text(record: &mut Vec<u8>, text: &str) -> Option<()> {
    if text.len() >= TEXT_BYTES || text.contains('\0') {
        return None;
    }
    let end = record.len() + TEXT_BYTES;
    record.extend_from_slice(text.as_bytes());
    record.resize(end, 0);
    Some(())
}

fn push_ids(record: &mut Vec<u8>, pid: i32, uid: u32, gid: u32) {
    record.extend_from_slice(&pid.to_ne_bytes());
    record.extend_from_slice(&uid.to_ne_bytes());
    record.extend_from_slice(&gid.to_ne_bytes());
}

/// The answer to a request: an `errno` value, 0 for success.
pub fn encode_answer(errno: i32) -> [u8; 4] {
    errno.to_ne_bytes()
}

/// Reads an answer.
pub fn decode_answer(bytes: &[u8]) -> Option<i32> {
    bytes.get(..4)?.try_into().ok().map(i32::from_ne_bytes)
}

/// What the recovery manager is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// `conn`: who connects. `None`: not as long as it must be, or a name that does not end.
    Connect(Option<Caller>),
    /// `event`. `None`: as above, or no such event.
    Event(Option<Occurrence>),
    /// `disconn`.
    Disconnect,
    /// Anything else.
    Unknown,
}

/// Who connects to the recovery manager.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// Its name.
    pub application: String,
    /// Which one of that name.
    pub instance: String,
    /// Its process, as it says.
    pub pid: i32,
    /// Its user, as it says.
    pub uid: u32,
    /// Its group, as it says.
    pub gid: u32,
}

impl Report {
    /// Reads a record; `None` when it is shorter than a type, which means nothing and is not answered.
    pub fn decode(bytes: &[u8]) -> Option<Report> {
        let (kind, mut fields) = kind(bytes)?;
        Some(match kind {
            b"conn" => Report::Connect(caller(&mut fields)),
            b"event" => Report::Event(occurrence(&mut fields)),
            b"disconn" => Report::Disconnect,
            _ => Report::Unknown,
        })
    }

    /// The record. `None` when a name is too long or something that may be missing is.
    pub fn encode(&self) -> Option<Vec<u8>> {
        match self {
            Report::Connect(caller) => {
                let c = caller.as_ref()?;
                let mut record = begin(b"conn", CONNECT_BYTES);
                push_text(&mut record, &c.application)?;
                push_text(&mut record, &c.instance)?;
                push_ids(&mut record, c.pid, c.uid, c.gid);
                Some(record)
            }
            Report::Event(occurrence) => {
                let o = occurrence.as_ref()?;
                let mut record = begin(b"event", EVENT_BYTES);
                push_text(&mut record, &o.application)?;
                push_text(&mut record, &o.instance)?;
                push_ids(&mut record, o.pid, o.uid, o.gid);
                record.extend_from_slice(&o.kind.number().to_ne_bytes());
                Some(record)
            }
            Report::Disconnect => Some(begin(b"disconn", TYPE_BYTES)),
            Report::Unknown => None,
        }
    }
}

fn caller(fields: &mut Fields<'_>) -> Option<Caller> {
    Some(Caller {
        application: fields.text()?,
        instance: fields.text()?,
        pid: i32::from_ne_bytes(fields.word()?),
        uid: u32::from_ne_bytes(fields.word()?),
        gid: u32::from_ne_bytes(fields.word()?),
    })
}

fn occurrence(fields: &mut Fields<'_>) -> Option<Occurrence> {
    let Caller { application, instance, pid, uid, gid } = caller(fields)?;
    let kind = EventKind::from_number(i32::from_ne_bytes(fields.word()?))?;
    Some(Occurrence { application, instance, pid, uid, gid, kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn records_have_the_bytes_that_the_original_sends() {
        let setint = [0x73, 0x65, 0x74, 0x69, 0x6e, 0x74, 0, 0, 0xc8, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Request::decode(&setint), Some(Request::Interval(Some(200))));
        assert_eq!(Request::Interval(Some(200)).encode().unwrap(), setint);
        assert_eq!(Request::Beat.encode().unwrap(), b"hb\0\0\0\0\0\0");
        assert_eq!(Request::Unregister.encode().unwrap(), b"unreg\0\0\0");
    }

    #[test]
    fn a_registration_is_788_bytes_and_an_event_536() {
        let registration = Registration {
            application: "web".to_string(),
            instance: "1".to_string(),
            folder: "/".to_string(),
            pid: 77,
            uid: 1,
            gid: 2,
        };
        let request = Request::Register(Some(registration));
        let record = request.encode().unwrap();
        assert_eq!(record.len(), 788);
        assert_eq!(Request::decode(&record), Some(request));
        assert_eq!(Request::decode(&record[..787]), Some(Request::Register(None)));
        let event = Report::Event(Some(Occurrence {
            application: "web".to_string(),
            instance: String::new(),
            pid: 77,
            uid: 1,
            gid: 2,
            kind: EventKind::NoHeartbeat,
        }));
        let record = event.encode().unwrap();
        assert_eq!(record.len(), 536);
        assert_eq!(Report::decode(&record), Some(event));
    }

    #[test]
    fn short_records_mean_nothing_and_names_must_end() {
        assert_eq!(Request::decode(b"hb"), None);
        assert_eq!(Report::decode(&[]), None);
        assert_eq!(Request::decode(b"bogus\0\0\0"), Some(Request::Unknown));
        let mut record = begin(b"reg", 0);
        record.resize(REGISTRATION_BYTES, b'x');
        assert_eq!(Request::decode(&record), Some(Request::Register(None)));
    }
}
