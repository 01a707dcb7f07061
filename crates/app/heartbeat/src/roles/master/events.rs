//! From descriptors, signals and deadlines to inputs of the node.

use super::worker::Post;
use super::{Key, Master};
use crate::control::{Ask, FRAMES_PER_TURN, Next};
use hb_base::{ClientId, Instant, MediumId, Notice, Severity};
use hb_ipc::Received;
use hb_media::protocol::{FromFifo, FromReader, Trouble, from_writer};
use hb_node::{ExecutorEvent, FencerEvent, Half, Input};
use hb_runtime::{Event, Interest, Overrun, Ready, Signal, clock};
use std::time::Duration;

/// What a reader says of a socket without room.
fn is_full(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}

/// How often wall clock and load are read.
const ENVIRONMENT_EVERY: Duration = Duration::from_secs(1);

impl Master {
    /// Serves until the node has left. True: start again.
    pub(super) fn serve(mut self) -> Result<bool, String> {
        loop {
            self.dispatch_all(self.events.now());
            if let Some(restart) = self.exit {
                self.part(restart);
                return Ok(restart);
            }
            let deadline =
                [self.node.deadline(), self.posts.due(), self.loading.due(), Some(self.environment_due)];
            let event = self.events.next(deadline.into_iter().flatten().min());
            let event = event.map_err(|e| format!("the kernel refuses to wait: {e}"))?;
            let now = self.events.now();
            self.event(now, event);
            self.carry_out(now);
            self.leftovers(now);
        }
    }

    fn event(&mut self, now: Instant, event: Event<Key>) {
        super::recorder::note(now, &event);
        match event {
            Event::Ready { key, ready } => self.ready(now, key, ready),
            Event::Deadline => self.deadline(now),
            Event::Signal(signal) => self.signal(now, signal),
            Event::Stalled { by, .. } => self.node.handle(now, Input::Stalled { by }),
            Event::Overrun(overrun) => self.overrun(&overrun),
            Event::Demoted => {
                let notice = Notice::new(Severity::Error, "realtime_lost", "master");
                self.journal.notice(&notice, &self.posts.logd);
            }
        }
    }

    fn deadline(&mut self, now: Instant) {
        if self.node.deadline().is_some_and(|at| at <= now) {
            self.node.handle(now, Input::Timer);
        }
        self.loader_late(now);
        if now >= self.environment_due {
            self.environment_due = now + ENVIRONMENT_EVERY;
            let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
            let load = load.lines().next().unwrap_or("n/a").to_owned();
            self.node.handle(now, Input::Environment { wall: clock::wall(), load });
        }
        for post in self.posts.due_now(now) {
            self.start_post(now, post);
        }
    }

    fn start_post(&mut self, now: Instant, post: Post) {
        let Some(worker) = self.posts.worker(post) else { return };
        if let Err(why) = worker.start(now, &mut self.events) {
            let notice = Notice::new(Severity::Error, "child_not_started", why);
            self.journal.notice(&notice, &self.posts.logd);
            return;
        }
        match post {
            Post::Reader(n) => self.child(now, n, Half::Reader, true),
            Post::Writer(n) => self.child(now, n, Half::Writer, true),
            Post::Stonithd => self.node.handle(now, Input::Fencer(FencerEvent::Up)),
            // The executor reports itself, with what it found active.
            Post::Store => self.store_up(),
            Post::Lrmd | Post::Fifo | Post::Logd => {}
        }
    }

    fn child(&mut self, now: Instant, medium: u8, half: Half, up: bool) {
        let medium = MediumId(medium);
        self.node.handle(
            now,
            if up { Input::ChildUp { medium, half } } else { Input::ChildDown { medium, half } },
        );
    }

    fn signal(&mut self, now: Instant, signal: Signal) {
        match signal {
            Signal::Term | Signal::Int => self.node.handle(now, Input::Terminate),
            Signal::Hup => self.ask_reload(now, None),
            Signal::Usr1 => self.dump_recorder(),
            Signal::Usr2 | Signal::Kill => {}
        }
    }

    fn overrun(&mut self, overrun: &Overrun<Key>) {
        let who = overrun.key.map_or_else(|| "timer".to_owned(), |key| format!("{key:?}"));
        let notice = Notice::new(Severity::Warning, "handler_slow", who)
            .with("took", overrun.took)
            .with("budget", overrun.budget)
            .with("times", u64::from(overrun.count));
        self.journal.notice(&notice, &self.posts.logd);
    }

    fn ready(&mut self, now: Instant, key: Key, ready: Ready) {
        match key {
            Key::Channel(post) => self.channel(now, post, ready),
            Key::Exit(post) => self.exited(now, post),
            Key::Listener => self.control.accept(&mut self.events, Key::Client),
            Key::Client(client) => self.client(now, client),
            Key::Loader => self.loader_speaks(now),
            Key::LoaderExit => self.loader_ended(now),
            Key::ApiListener => self.api_accept(now),
            Key::ApiClient(client) => self.api_client(now, client, ready),
        }
    }

    fn channel(&mut self, now: Instant, post: Post, ready: Ready) {
        if let (true, Post::Writer(n)) = (ready.writable, post) {
            self.posts.watch(post, Interest::Read, &mut self.events);
            self.node.handle(now, Input::WriterReady { medium: MediumId(n) });
        }
        if ready.readable || ready.closed {
            self.receive(now, post);
        }
    }

    fn receive(&mut self, now: Instant, post: Post) {
        let Some(mut batch) = self.posts.batch.take() else { return };
        let received = self.posts.worker(post).and_then(|w| w.pair().map(|pair| pair.receive(&mut batch)));
        match received {
            Some(Ok(Received::Packets(_))) => {
                for packet in batch.packets() {
                    self.packet(now, post, packet);
                }
            }
            Some(Ok(Received::Closed) | Err(_)) => self.posts.hung_up(post, &mut self.events),
            Some(Ok(Received::Nothing)) | None => {}
        }
        self.posts.batch = Some(batch);
    }

    fn packet(&mut self, now: Instant, post: Post, packet: &[u8]) {
        match post {
            Post::Reader(n) => self.reader_says(now, MediumId(n), packet),
            Post::Writer(_) => {
                if let Some(trouble) = from_writer(packet) {
                    self.trouble(post, trouble);
                }
            }
            Post::Fifo => match FromFifo::decode(packet) {
                Some(FromFifo::Message(text)) => self.node.handle(now, Input::Fifo(text.to_vec())),
                Some(FromFifo::Trouble(trouble)) => self.trouble(post, trouble),
                None => {}
            },
            Post::Lrmd => self.executor_says(now, packet),
            Post::Stonithd => self.fencer_says(now, packet),
            Post::Store => self.store_says(now, packet),
            Post::Logd => {}
        }
    }

    fn reader_says(&mut self, now: Instant, medium: MediumId, packet: &[u8]) {
        match FromReader::decode(packet) {
            Some(FromReader::Frame { stamp, datagram }) => {
                super::recorder::frame(now, medium, datagram.len());
                self.node.handle(now, Input::Frame { medium, stamp, bytes: datagram.into() });
            }
            Some(FromReader::Drained(token)) => self.node.handle(now, Input::Drained { medium, token }),
            Some(FromReader::Trouble(trouble)) => self.trouble(Post::Reader(medium.0), trouble),
            None => {}
        }
    }

    /// A child tells that something fails, or works again.
    fn trouble(&mut self, post: Post, trouble: Trouble) {
        let title = self.posts.worker(post).map_or_else(String::new, |w| w.title.clone());
        let (severity, code) = if trouble.count == 0 {
            (Severity::Info, "medium_works_again")
        } else {
            (Severity::Warning, "medium_trouble")
        };
        let why = match (post, trouble.error()) {
            (Post::Reader(_), Some(e)) if is_full(&e) => {
                "the socket was full, frames were lost: this node comes to read too late".to_owned()
            }
            (_, error) => error.map_or_else(|| "garbage".to_owned(), |e| e.to_string()),
        };
        let notice =
            Notice::new(severity, code, title).with("times", u64::from(trouble.count)).with("why", why);
        self.journal.notice(&notice, &self.posts.logd);
    }

    fn exited(&mut self, now: Instant, post: Post) {
        let Some(worker) = self.posts.worker(post) else { return };
        let title = worker.title.clone();
        // What it sent before it ended counts.
        self.receive(now, post);
        let Some(worker) = self.posts.worker(post) else { return };
        let Some(how) = worker.exited(now, &mut self.events) else { return };
        let notice = Notice::new(Severity::Warning, "child_ended", title).with("how", how);
        self.journal.notice(&notice, &self.posts.logd);
        match post {
            Post::Reader(n) => self.child(now, n, Half::Reader, false),
            Post::Writer(n) => self.child(now, n, Half::Writer, false),
            Post::Lrmd => self.node.handle(now, Input::Executor(ExecutorEvent::Down)),
            Post::Stonithd => self.node.handle(now, Input::Fencer(FencerEvent::Down)),
            Post::Fifo | Post::Store | Post::Logd => {}
        }
        for post in self.posts.due_now(now) {
            self.start_post(now, post);
        }
    }

    fn client(&mut self, now: Instant, client: ClientId) {
        for _ in 0..FRAMES_PER_TURN {
            match self.control.request(client, &self.codec) {
                Next::Ask(ask) => self.ask(now, client, ask),
                Next::Refused => {}
                Next::Nothing => break,
                Next::Gone => {
                    self.control.drop_client(client, &mut self.events);
                    self.loading.forget(client);
                    self.node.handle(now, Input::ClientGone(client));
                    return;
                }
            }
        }
        self.control.rewatch(client, &mut self.events);
    }

    fn ask(&mut self, now: Instant, client: ClientId, ask: Ask) {
        let document = match ask {
            Ask::Status => self.status(),
            Ask::Nodes => crate::picture::nodes(&self.node.view(), self.lens()),
            Ask::Links => crate::picture::links(&self.node.view(), self.lens()),
            Ask::Recorder => serde_json::json!({"text": hb_logd::recorder::dump()}),
            Ask::Reload => return self.ask_reload(now, Some(client)),
            Ask::Node(request) => {
                self.node.handle(now, Input::Request { client, request });
                // A flood of messages must not fill the output queue before it is carried out.
                self.carry_out(now);
                return;
            }
        };
        self.answer(now, client, document.to_string().as_bytes());
    }

    /// Frames that were read from connections together with others: no event will tell of them.
    fn leftovers(&mut self, now: Instant) {
        for client in self.control.with_more() {
            self.client(now, client);
            self.carry_out(now);
        }
        for client in self.api.with_more() {
            self.api_read(now, client);
        }
    }
}
