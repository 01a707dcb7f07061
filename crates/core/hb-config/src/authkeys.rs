//! `authkeys` (spec: ha.cf section 4, wire section 5.1): which keys sign and verify cluster traffic.

use crate::code::Code;
use crate::diagnostic::Report;
use crate::lexer::{Line, Word, blank, lines};
use crate::span::{File, Setting, Span};
use crate::suggest::nearest;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

/// Highest key number.
pub const MAX_KEY_NUMBER: u8 = 15;

/// The keys of a cluster: one signs what we send, all are good for what we receive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthKeys {
    /// The number of the key that signs what we send; it is among `keys`.
    pub signing: Setting<u8>,
    /// The keys, by ascending number, each number once.
    pub keys: Vec<Key>,
}

/// One key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Its number on the wire, 0 to 15.
    pub number: u8,
    /// How it signs.
    pub method: Method,
    /// The secret; empty for [`Method::Crc`].
    pub secret: Secret,
    /// Where it is defined.
    pub at: Span,
}

/// How a key signs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Method {
    /// A checksum: finds damage, keeps nobody out.
    Crc,
    /// HMAC with MD5.
    Md5,
    /// HMAC with SHA-1.
    Sha1,
}

impl Method {
    /// Its name in the file and in plug-ins.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Crc => "crc",
            Method::Md5 => "md5",
            Method::Sha1 => "sha1",
        }
    }
}

/// A secret: raw bytes that are never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The bytes, for a digest.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

impl AuthKeys {
    /// The key that signs what we send.
    pub fn signing_key(&self) -> Option<&Key> {
        self.key(self.signing.value)
    }

    /// The key of that number.
    pub fn key(&self, number: u8) -> Option<&Key> {
        self.keys.iter().find(|key| key.number == number)
    }
}

/// What is read so far.
struct Reader<'r> {
    report: &'r mut Report,
    signing: Option<Setting<u8>>,
    keys: Vec<Key>,
    /// Numbers of key lines that are wrong, and were told: `auth` may name them without a second complaint.
    broken: Vec<u8>,
    complained: bool,
}

/// Reads the file; `mode` is its permission bits, `None` when nobody looked. `None` after any error.
pub(crate) fn read(report: &mut Report, bytes: &[u8], mode: Option<u32>) -> Option<AuthKeys> {
    let mut reader =
        Reader { report, signing: None, keys: Vec::new(), broken: Vec::new(), complained: false };
    reader.check_mode(mode);
    for line in lines(File::Authkeys, bytes) {
        if reader.report.is_full() {
            break;
        }
        reader.line(line);
    }
    reader.finish()
}

impl Reader<'_> {
    fn error(&mut self, code: Code, at: Span, message: alloc::string::String, cure: &str) {
        self.complained = true;
        self.report.error(code, at, message, cure);
    }

    fn check_mode(&mut self, mode: Option<u32>) {
        let Some(mode) = mode.map(|mode| mode & 0o777) else { return };
        let cure = "Run `chmod 600` on it, and let root own it.";
        if mode & 0o044 != 0 {
            let message =
                format!("others can read the key file (mode {mode:04o}), so the keys are no secret");
            self.error(Code::KeysReadable, Span::whole(File::Authkeys), message, cure);
        } else if mode & 0o022 != 0 {
            let message =
                format!("others can write the key file (mode {mode:04o}), so they can choose the keys");
            self.report.warning(Code::KeysWritable, Span::whole(File::Authkeys), message, cure);
        }
    }

    fn line(&mut self, line: Line<'_>) {
        let mut words = line.words(blank);
        let Some(first) = words.next() else { return };
        let rest: Vec<Word<'_>> = words.collect();
        match first.bytes.first() {
            Some(b'#') => {}
            Some(b'a') => self.auth(first, &rest),
            _ => self.key(first, &rest),
        }
    }

    /// `auth N`
    fn auth(&mut self, first: Word<'_>, rest: &[Word<'_>]) {
        let shape = "Write `auth NUMBER`, for example `auth 1`.";
        if first.bytes != b"auth" {
            // The word is not shown: it may be a secret.
            let message = "this word is neither `auth` nor a key number".to_string();
            return self.error(Code::BadKeyLine, first.at, message, shape);
        }
        let Some((word, extra)) = rest.split_first() else {
            return self.error(Code::BadKeyLine, first.at, "`auth` names no key".into(), shape);
        };
        // The original reads digits as far as they go and looks no further.
        let digits = word.bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let head = word.bytes.get(..digits).filter(|head| !head.is_empty()).unwrap_or(word.bytes);
        let Some(number) = self.number(Word { bytes: head, ..*word }) else { return };
        if let Some(odd) = (head.len() < word.bytes.len()).then_some(word).or(extra.first()) {
            let message = format!("what follows the number {number} is ignored");
            self.report.warning(Code::WordsIgnored, odd.at, message, shape);
        }
        if let Some(earlier) = self.signing.and_then(|signing| signing.at) {
            let message =
                format!("`auth` is already on line {}; the one that stands last counts", earlier.line);
            self.report.warning(Code::KeyTwice, word.at, message, "Keep one of the two.");
        }
        self.signing = Some(Setting::written(number, word.at));
        // The original looks for the key below this line only.
        if let Some(key) = self.keys.iter().find(|key| key.number == number) {
            let message = format!("key {number} stands on line {}, above this `auth` line", key.at.line);
            self.error(Code::AuthTooLate, word.at, message, "Move the `auth` line to the top of the file.");
        }
    }

    fn number(&mut self, word: Word<'_>) -> Option<u8> {
        let digits = word.text().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let number = digits.and_then(|text| text.parse::<u32>().ok()).and_then(|n| u8::try_from(n).ok());
        let number = number.filter(|number| *number <= MAX_KEY_NUMBER);
        if number.is_none() {
            // The word may be a secret that stands in the wrong place: show it only when it is a number.
            let message = match digits {
                Some(digits) if digits.len() < 10 => format!("{digits} is not a key number"),
                _ => "this is not a key number".to_string(),
            };
            self.error(Code::BadKeyNumber, word.at, message, "Key numbers go from 0 to 15.");
        }
        number
    }

    /// `N METHOD [SECRET]`
    fn key(&mut self, first: Word<'_>, rest: &[Word<'_>]) {
        let shape = "Write `auth N`, or a key as `N METHOD SECRET`, for example `1 sha1 AVeryLongSecret`.";
        if !first.bytes.first().is_some_and(u8::is_ascii_digit) {
            let message = "this line is neither `auth N` nor the definition of a key".to_string();
            return self.error(Code::BadKeyLine, first.at, message, shape);
        }
        let Some(number) = self.number(first) else { return };
        let Some((method_word, rest)) = rest.split_first() else {
            self.broken.push(number);
            let message = format!("key {number} has no method");
            return self.error(Code::BadKeyLine, first.at, message, shape);
        };
        let known = [("crc", Method::Crc), ("md5", Method::Md5), ("sha1", Method::Sha1)];
        let found =
            known.iter().find(|(name, _)| name.as_bytes() == method_word.bytes).map(|(_, method)| *method);
        let Some(method) = found else {
            self.broken.push(number);
            return self.unknown_method(number, *method_word);
        };
        let secret = rest.first();
        if let Some(problem) = self.secret_problem(number, method, secret, method_word.at) {
            self.broken.push(number);
            let (code, at, message, cure) = problem;
            return self.error(code, at, message, cure);
        }
        if let Some(extra) = rest.get(1) {
            let message = format!("what follows the secret of key {number} is ignored");
            let cure = "Remove it: a secret has no blanks, and a comment needs a line of its own.";
            self.report.warning(Code::WordsIgnored, extra.at, message, cure);
        }
        if let Some(twin) = self.keys.iter().position(|key| key.number == number) {
            let earlier = self.keys.remove(twin).at.line;
            let message =
                format!("key {number} is already defined on line {earlier}; the one that stands last counts");
            self.report.warning(Code::KeyTwice, first.at, message, "Give each key a number of its own.");
        }
        let bytes = secret.map_or_else(Vec::new, |word| word.bytes.to_vec());
        self.keys.push(Key { number, method, secret: Secret(bytes), at: first.at });
    }

    fn unknown_method(&mut self, number: u8, word: Word<'_>) {
        let cure = match nearest(&word.shown(), ["crc", "md5", "sha1"]) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "Write `sha1` (best), `md5` or `crc`.".to_string(),
        };
        // The word is not shown: it may be a secret without its method.
        let message = format!("key {number} has a method that does not exist");
        self.error(Code::UnknownMethod, word.at, message, &cure);
    }

    fn secret_problem(
        &self,
        number: u8,
        method: Method,
        secret: Option<&Word<'_>>,
        method_at: Span,
    ) -> Option<(Code, Span, alloc::string::String, &'static str)> {
        match (method, secret) {
            (Method::Crc, Some(word)) => {
                let message = format!("key {number} has the method crc, which takes no secret");
                let cure = "Remove what follows `crc`, or write `sha1` to make the secret count. A comment needs a line \
                            of its own.";
                Some((Code::SecretUnwanted, word.at, message, cure))
            }
            (Method::Md5 | Method::Sha1, None) => {
                let message = format!("key {number} has no secret, and {} needs one", method.name());
                let cure = "Write the secret after it, one word without blanks, the same on all nodes.";
                Some((Code::SecretMissing, method_at, message, cure))
            }
            _ => None,
        }
    }

    fn finish(mut self) -> Option<AuthKeys> {
        for key in &self.keys {
            if key.method == Method::Crc {
                let message =
                    format!("key {} has the method crc: whoever reaches the network can join in", key.number);
                let cure = "Write `sha1` and a secret, unless the network is a cable between two machines.";
                self.report.warning(Code::CrcNoSecret, key.at, message, cure);
            }
        }
        let Some(signing) = self.signing else {
            // Told already when an `auth` line is there but wrong.
            if !self.complained {
                let message = "no line says which key signs".to_string();
                let cure = "Write `auth 1` as the first line, and `1 sha1 SECRET` below it.";
                self.error(Code::AuthMissing, Span::whole(File::Authkeys), message, cure);
            }
            return None;
        };
        let defined = self.keys.iter().any(|key| key.number == signing.value);
        if !defined && !self.broken.contains(&signing.value) {
            let message = format!("key {} is named here and defined nowhere below", signing.value);
            let cure = format!("Add a line `{} sha1 SECRET`.", signing.value);
            self.error(
                Code::AuthKeyMissing,
                signing.at.unwrap_or(Span::whole(File::Authkeys)),
                message,
                &cure,
            );
        }
        if self.complained {
            return None;
        }
        self.keys.sort_by_key(|key| key.number);
        Some(AuthKeys { signing, keys: self.keys })
    }
}
