//! Field names. The usual ones cost no allocation.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A field's name: bytes, usually ASCII (wire spec, section 9). Whether it may be sent is checked when it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Cow<'static, [u8]>);

impl Name {
    /// The name as it is on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name of a received field. Names of the registry are not copied.
    pub(crate) fn from_wire(bytes: &[u8]) -> Name {
        match known(bytes) {
            Some(name) => Name(Cow::Borrowed(name)),
            None => Name(Cow::Owned(bytes.to_vec())),
        }
    }
}

/// Whether a name can be sent in both encodings (wire spec, section 1).
///
/// `<<<` is refused too: in text it would end the message.
pub(crate) fn sendable(name: &[u8]) -> bool {
    let begins_badly =
        name.first().is_none_or(|b| *b == b'(') || name.starts_with(b">>>") || name.starts_with(b"<<<");
    !begins_badly && !name.iter().any(|b| matches!(b, b'=' | b'\n' | 0))
}

impl From<&'static str> for Name {
    fn from(name: &'static str) -> Name {
        Name(Cow::Borrowed(name.as_bytes()))
    }
}

impl From<String> for Name {
    fn from(name: String) -> Name {
        Name(Cow::Owned(name.into_bytes()))
    }
}

impl From<Vec<u8>> for Name {
    fn from(name: Vec<u8>) -> Name {
        Name(Cow::Owned(name))
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.escape_ascii(), f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

macro_rules! known_names {
    ($($name:literal)*) => {
        fn known(bytes: &[u8]) -> Option<&'static [u8]> {
            match bytes {
                $($name => Some($name),)*
                _ => None,
            }
        }
    };
}

known_names! {
    b"t" b"subt" b"src" b"srcuuid" b"dest" b"destuuid" b"seq" b"hg" b"ts" b"ld" b"ttl" b"auth" b"st" b"dt"
    b"protocol" b"info" b"node" b"nodelist" b"delnodelist" b"weight" b"site" b"firstseq" b"lastseq" b"ackseq"
    b"rsc_hold" b"rtype" b"isstable" b"from_id" b"to_id" b"client_gen" b"oseq" b"cn" b"cs" b"pid" b"uid" b"gid"
    b"reqtype" b"result" b"ifname" b"pname" b"pvalue" b"deadtime" b"keepalive" b"logfacility" b"hbversion"
    b"pacemaker" b"nodetype" b"numnodes" b"fmask" b"signal" b"sendqlen" b"queryname" b"queryuuid" b"state" b"hbx"
    b"_compressed_payload" b"_compression_algorithm"
}
