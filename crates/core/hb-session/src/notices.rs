//! Codes of this crate's notices.

/// A client signed on.
pub const SIGNED_ON: &str = "client_signed_on";
/// A client left, or was lost.
pub const SIGNED_OFF: &str = "client_signed_off";
/// A sign-on was refused, or a connection; at most one notice a second, with the number of refusals.
pub const REFUSED: &str = "client_refused";
/// A client does not read what it is sent: its requests are not read either until it does.
pub const PAUSED: &str = "client_paused";
/// A client was cut off.
pub const DROPPED: &str = "client_dropped";
/// A client sent what is no message, or one that it may not send. Told at the first and at each doubling.
pub const GARBAGE: &str = "client_garbage";
