//! Talking to the executors: resources (`lrmd`) and fencing devices (`stonithd`).

use super::Master;
use super::worker::Post;
use hb_base::{CallId, Instant, Notice, Severity};
use hb_ipc::Sent;
use hb_lrm::channel::{Report, Request};
use hb_lrm::{Class, Operation, Outcome, Resource};
use hb_node::{ExecutorEvent, FencerEvent, Input};

impl Master {
    pub(super) fn execute(&mut self, now: Instant, call: CallId, operation: &Operation) {
        let operation = match operation.resource.class {
            Class::Address => operation.clone(),
            _ => self.informed(operation),
        };
        let request = Request::Submit { call, operation };
        if let Err(reason) = self.ask_executor(Post::Lrmd, &request) {
            let outcome = Outcome::Failed { rc: None, reason };
            self.node.handle(now, Input::Executor(ExecutorEvent::Ran { call, outcome }));
        }
    }

    pub(super) fn fence(&mut self, now: Instant, call: CallId, operation: &Operation) {
        let request = Request::Submit { call, operation: self.informed(operation) };
        if let Err(reason) = self.ask_executor(Post::Stonithd, &request) {
            let outcome = Outcome::Failed { rc: None, reason };
            self.node.handle(now, Input::Fencer(FencerEvent::Executed { call, outcome }));
        }
    }

    /// The operation of a program, which sees the configuration; what the operation itself says stands last and counts.
    fn informed(&self, operation: &Operation) -> Operation {
        let mut operation = operation.clone();
        let mut configured = self.config.ha_cf.script_environment(&self.own);
        if operation.resource.class == Class::Rc {
            let status = self.node.view().cluster().status().as_str().to_owned();
            configured.push(("HA_OSTATUS".to_owned(), status));
        }
        operation.env.splice(0..0, configured);
        operation
    }

    pub(super) fn reannounce(&mut self, resource: &Resource) {
        // The executor repeats its announcements by itself; one that is lost here is no loss.
        let _repeated = self.ask_executor(Post::Lrmd, &Request::Announce { resource: resource.clone() });
    }

    pub(super) fn adopt(&mut self, resources: &[String]) {
        let request = Request::Adopt { resources: resources.to_vec() };
        if let Err(why) = self.ask_executor(Post::Lrmd, &request) {
            let notice = Notice::new(Severity::Error, "not_adopted", "lrmd").with("why", why);
            self.journal.notice(&notice, &self.posts.logd);
        }
    }

    fn ask_executor(&mut self, post: Post, request: &Request) -> Result<(), String> {
        let packet = request.encode().map_err(|e| e.to_string())?;
        let worker = self.posts.worker(post).ok_or("there is no such executor")?;
        match worker.pair().map(|pair| pair.send(&packet)) {
            Some(Ok(Sent::Yes)) => Ok(()),
            Some(Ok(Sent::Full)) => Err("the executor takes no more operations".to_owned()),
            Some(Err(error)) => Err(format!("the executor is gone: {error}")),
            None => Err("the executor is not running".to_owned()),
        }
    }

    /// Nothing is held any more: the executor may end.
    pub(super) fn retire_executor(&mut self, post: Post) {
        let _gone_already = self.ask_executor(post, &Request::Retire);
    }

    /// A notice of an executor on its way to the log; false when the packet is something else.
    fn forwarded(&mut self, packet: &[u8]) -> bool {
        let mut words = std::mem::take(&mut self.words);
        let notice = hb_lrm::channel::decode_notice(packet, &mut words);
        self.words = words;
        if let Some(notice) = &notice {
            self.journal.notice(notice, &self.posts.logd);
        }
        notice.is_some()
    }

    pub(super) fn executor_says(&mut self, now: Instant, packet: &[u8]) {
        let event = match Report::decode(packet) {
            Ok(Report::State(state)) => {
                self.node.handle(now, Input::Executor(ExecutorEvent::Up { active: state.active }));
                for done in state.finished {
                    let ran = ExecutorEvent::Ran { call: done.call, outcome: done.outcome };
                    self.node.handle(now, Input::Executor(ran));
                }
                return;
            }
            Ok(Report::Done(done)) => ExecutorEvent::Ran { call: done.call, outcome: done.outcome },
            Ok(Report::Lost { resource }) => ExecutorEvent::Lost { resource },
            Ok(Report::Conflict { resource, with }) => ExecutorEvent::Conflict { resource, with },
            Err(_) if self.forwarded(packet) => return,
            Err(why) => return self.misunderstood("lrmd", &why.to_string()),
        };
        self.node.handle(now, Input::Executor(event));
    }

    pub(super) fn fencer_says(&mut self, now: Instant, packet: &[u8]) {
        match Report::decode(packet) {
            // It has no addresses, and starts from nothing.
            Ok(Report::State(_) | Report::Lost { .. } | Report::Conflict { .. }) => {}
            Ok(Report::Done(done)) => {
                let event = FencerEvent::Executed { call: done.call, outcome: done.outcome };
                self.node.handle(now, Input::Fencer(event));
            }
            Err(_) if self.forwarded(packet) => {}
            Err(why) => self.misunderstood("stonithd", &why.to_string()),
        }
    }

    fn misunderstood(&mut self, who: &str, why: &str) {
        let notice = Notice::new(Severity::Error, "executor_misunderstood", who).with("why", why.to_owned());
        self.journal.notice(&notice, &self.posts.logd);
    }
}
