//! What can go wrong.

use hb_ipc::FramedError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Why something was not done. After [`Error::Closed`], [`Error::Channel`] and [`Error::Overflow`] the client is of no
/// use any more; after the others it is.
#[derive(Debug, Error)]
pub enum Error {
    /// Nobody listens, or we may not connect.
    #[error("cannot connect to heartbeat at {}: {error}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// The kernel's reason.
        error: io::Error,
    },
    /// The daemon does not want us.
    #[error("heartbeat refuses the sign-on: {reason}")]
    SignOn {
        /// Its words.
        reason: String,
    },
    /// The daemon refused a request.
    #[error("heartbeat refuses {request}: {reason}")]
    Refused {
        /// The request.
        request: String,
        /// Its words; empty when it gives none.
        reason: String,
    },
    /// No answer came in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The daemon has closed the connection.
    #[error("heartbeat has closed the connection")]
    Closed,
    /// The connection broke, or what came on it is nothing that we understand.
    #[error("the connection to heartbeat broke: {0}")]
    Channel(#[from] FramedError),
    /// More events wait to be fetched than may: call [`Client::poll`](crate::Client::poll) between questions.
    #[error("{0} events wait to be fetched")]
    Overflow(usize),
    /// An answer lacks something.
    #[error("the answer to {request} has no {field}")]
    Answer {
        /// The request.
        request: String,
        /// What it lacks.
        field: &'static str,
    },
    /// The message cannot be sent.
    #[error("the message cannot be sent: {0}")]
    Message(#[from] hb_wire::EncodeError),
    /// Only clients with a name of their own may send messages.
    #[error("a client without a name of its own may not send messages")]
    Casual,
}
