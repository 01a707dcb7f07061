//! What we say only to nodes of our kind: the field `hbx` of `status`, which the original ignores.
//!
//! Its value is blank-separated words: the version `1`, then `ack=<hex>` (the sender's messages that everybody has
//! acknowledged, as far as it knows), and `bye` in the last statuses of a node that leaves. Unknown words are ignored.

use hb_wire::Message;

/// The field `hbx` of a status.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Hbx {
    /// The sender believes that everybody has acknowledged its messages up to here.
    pub(crate) ack: Option<u64>,
    /// It leaves.
    pub(crate) bye: bool,
}

impl Hbx {
    /// Reads the field; none from an original.
    pub(crate) fn read(status: &Message) -> Option<Hbx> {
        let mut words = status.text("hbx")?.split(' ');
        words.next()?.parse::<u32>().ok().filter(|version| *version >= 1)?;
        let mut hbx = Hbx::default();
        for word in words {
            match word.split_once('=') {
                Some(("ack", number)) => hbx.ack = u64::from_str_radix(number, 16).ok(),
                None if word == "bye" => hbx.bye = true,
                _ => {}
            }
        }
        Some(hbx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_we_do_not_know_are_left_to_later_versions() {
        let read = |value: &str| Hbx::read(&Message::new("status").with("hbx", value));
        assert_eq!(read("1 ack=1f bye"), Some(Hbx { ack: Some(31), bye: true }));
        assert_eq!(read("2 new=thing other"), Some(Hbx::default()));
        assert_eq!(read("0"), None);
        assert_eq!(read("x"), None);
        assert_eq!(Hbx::read(&Message::new("status")), None);
    }
}
