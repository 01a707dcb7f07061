//! Carrying out what the node wants done.

use super::Master;
use super::worker::Post;
use crate::picture::{Lens, Surroundings};
use hb_base::{ClientId, Instant, Notice, Severity};
use hb_media::protocol::drain;
use hb_node::{Input, Output, Reply};
use hb_runtime::clock;
use hb_wire::Message;
use serde_json::{Value, json};
use std::time::Duration;

/// How long children may take to end by themselves once their channel is closed.
const CHILDREN_PATIENCE: Duration = Duration::from_secs(2);

impl Master {
    /// Drains the node's outputs.
    pub(super) fn carry_out(&mut self, now: Instant) {
        while let Some(output) = self.node.poll() {
            self.output(now, output);
        }
    }

    fn output(&mut self, now: Instant, output: Output) {
        match output {
            Output::Write { medium, class, frame } => self.write(now, medium, class, frame),
            Output::Drain { medium, token } => self.tell_child(Post::Reader(medium.0), &drain(token)),
            Output::ReplaceReader(medium) => {
                if let Some(worker) = self.posts.worker(Post::Reader(medium.0)) {
                    worker.kill();
                }
            }
            Output::Execute { call, operation } => self.execute(now, call, &operation),
            Output::FenceOp { call, operation } => self.fence(now, call, &operation),
            Output::Reannounce(resource) => self.reannounce(&resource),
            Output::Adopt(resources) => self.adopt(&resources),
            Output::Persist { record, token } => self.persist(token, &record),
            Output::Reply { client, reply } => self.reply(now, client, &reply),
            Output::Deliver { client, message } => self.deliver(now, client, &message),
            Output::Gap { client, from, first, last } => {
                let gap = Message::new("gap")
                    .with("src", from.as_str())
                    .with_decimal("gap_first", first.0)
                    .with_decimal("gap_last", last.0);
                self.deliver(now, client, &gap);
            }
            // Scripts that write to the FIFO go on, as with the original: they may be what ends the trouble.
            Output::Pause(paused) => {
                self.control.pause(paused, &mut self.events);
                self.api.pause(paused, &mut self.events);
            }
            Output::ApiReady => self.api_ready(),
            Output::Api { client, action } => self.api_action(now, client, action),
            Output::Notice(notice) => self.journal.notice(&notice, &self.posts.logd),
            Output::Exit { restart } => self.exit = Some(restart),
        }
    }

    /// Sends a packet to a child; one that takes nothing is found by whoever waits for its answer.
    pub(super) fn tell_child(&mut self, post: Post, packet: &[u8]) {
        if let Some(pair) = self.posts.worker(post).and_then(|worker| worker.pair()) {
            let _full_or_gone = pair.send(packet);
        }
    }

    fn reply(&mut self, now: Instant, client: ClientId, reply: &Reply) {
        let document = match reply {
            Reply::Done => json!({"ok": true}),
            Reply::Refused { code, why } => json!({"error": {"code": code, "message": why}}),
        };
        self.answer(now, client, document.to_string().as_bytes());
    }

    fn deliver(&mut self, now: Instant, client: ClientId, message: &Message) {
        if let Ok(bytes) = hb_wire::netstring::encode(message) {
            self.answer(now, client, &bytes);
        }
    }

    /// Sends a document to a connection; one that does not read is dropped, with a notice.
    pub(super) fn answer(&mut self, now: Instant, client: ClientId, bytes: &[u8]) {
        if !self.control.answer(client, bytes, &mut self.events) {
            let notice = Notice::new(Severity::Warning, "client_dropped", format!("client {client}"));
            self.journal.notice(&notice, &self.posts.logd);
            self.control.drop_client(client, &mut self.events);
            self.node.handle(now, Input::ClientGone(client));
        }
    }

    pub(super) fn lens(&self) -> Lens<'_> {
        Lens { monotonic: clock::monotonic(), wall: clock::wall(), media: &self.media }
    }

    /// The document of `heartbeat status`.
    pub(super) fn status(&self) -> Value {
        let late = self.events.late().wake_ups;
        let realtime = &self.realtime;
        let summary = format!("scheduling {}, locked memory {}", realtime.scheduling, realtime.memory);
        let process = |worker: &super::worker::Worker| json!({"title": worker.title, "pid": worker.pid()});
        let mut processes: Vec<Value> = self.posts.all().map(process).collect();
        processes.insert(0, json!({"title": "heartbeat: master control process", "pid": std::process::id()}));
        let around = Surroundings {
            realtime: json!({
                "summary": summary,
                "scheduling": realtime.scheduling.to_string(),
                "memory": realtime.memory.to_string(),
                "cpu_guard": realtime.cpu_guard.to_string(),
                "timer_slack": realtime.timer_slack.to_string(),
            }),
            lateness_us: json!({"p50": late.p50_us, "p99": late.p99_us, "max": late.max_us}),
            notices: self.journal.kept(),
            processes: Value::Array(processes),
            not_yet: &self.not_yet,
        };
        crate::picture::status(&self.node.view(), self.lens(), &around)
    }

    /// The node has left: end the children and wait for them, so that a successor finds every socket free.
    pub(super) fn part(mut self, restart: bool) {
        for post in [Post::Lrmd, Post::Stonithd] {
            self.retire_executor(post);
        }
        let text = if restart { "Heartbeat restarts." } else { "Heartbeat shutdown complete." };
        self.journal.line(Severity::Info, text, &self.posts.logd);
        self.posts.end_all(clock::monotonic() + CHILDREN_PATIENCE, &mut self.events);
    }
}
