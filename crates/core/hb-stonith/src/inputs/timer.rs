//! Time passed.

use alloc::string::ToString;

use crate::Stonith;
use crate::machine::{Poll, Wait};

impl Stonith {
    pub(crate) fn on_timer(&mut self) {
        let mut index = 0;
        while let Some(wait) = self.requests.get(index).map(|request| request.wait) {
            match wait {
                Wait::Answer { until, .. } if until <= self.now => {
                    #[cfg(feature = "planted-bugs")]
                    if self.options.bug == Some(crate::Bug::ConfirmOnTimeout) {
                        self.confirm(index);
                        continue;
                    }
                    self.fail(index, false, "no answer in time".to_string());
                }
                Wait::Retry { at } if at <= self.now => self.attempt(index),
                _ => {}
            }
            index += 1;
        }
        match self.poll {
            Poll::Answer { until, .. } if until <= self.now => {
                self.poll = Poll::Next { at: self.now + self.options.poll_interval };
                self.set_health(Some("no answer in time".to_string()));
            }
            Poll::Next { at } if at <= self.now => self.ask_status(),
            _ => {}
        }
    }
}
