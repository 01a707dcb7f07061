//! Waiting for something that only looking can tell.

/// Polling with a limit.
pub mod until {
    use crate::error::{LabError, Result};
    use std::thread;
    use std::time::{Duration, Instant};

    /// Between two looks.
    const PAUSE: Duration = Duration::from_millis(5);

    /// The error of a wait that was in vain.
    pub(crate) fn timed_out<T>(what: &str, limit: Duration) -> Result<T> {
        let waited_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Err(LabError::TimedOut { what: what.to_owned(), waited_ms })
    }

    /// Looks until `look` finds something; how long it took is the caller's to measure.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] after `limit`.
    pub fn some<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(found) = look() {
                return Ok(found);
            }
            if Instant::now() >= deadline {
                return timed_out(what, limit);
            }
            thread::sleep(PAUSE);
        }
    }

    /// Looks until `look` says yes.
    ///
    /// # Errors
    /// [`LabError::TimedOut`] after `limit`.
    pub fn holds(limit: Duration, what: &str, mut look: impl FnMut() -> bool) -> Result<()> {
        some(limit, what, || look().then_some(()))
    }
}
