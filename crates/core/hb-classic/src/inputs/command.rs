//! An administrator wishes something (spec: haresources 7).

use crate::{Classic, Command, Held, Output, Reason, Request, Which};

impl Classic {
    pub(crate) fn on_command(&mut self, command: Command) {
        let Command { client, request } = command;
        match request {
            Request::Standby(which) => {
                let what = match which {
                    Which::All => Held::ALL,
                    Which::Local => Held::LOCAL,
                    Which::Foreign | Which::Failback => Held::FOREIGN,
                };
                if let Err(refusal) = self.begin_standby(what, Reason::Command, Some(client), false) {
                    self.put(Output::Reply { client, result: Err(refusal) });
                }
            }
            Request::Takeover(Which::All) => self.begin_takeover(client, Held::ALL),
            Request::Takeover(Which::Foreign) => self.begin_takeover(client, Held::FOREIGN),
            Request::Takeover(Which::Local | Which::Failback) | Request::Online => {
                self.begin_takeover(client, Held::LOCAL);
            }
        }
    }
}
