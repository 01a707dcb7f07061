//! The power switch's ear on the management network.

use super::outlet::{Fault, Outlet, Supply};
use super::wire::{LINE_BYTES, Word};
use crate::error::{Attempt, Result};
use crate::world::{Ground, Network, SWITCH_PORT};
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Connections served at once; further ones are closed unanswered.
const MAX_CONNECTIONS: usize = 64;
/// How long a client may take to say its line.
const PATIENCE: Duration = Duration::from_secs(10);

type Outlets = Arc<BTreeMap<String, Outlet>>;

/// Serves agents until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(ground: &Ground, outlets: Outlets) -> Result<Self> {
        let address = (Network::Management.address(254), SWITCH_PORT);
        let listener =
            ground.switch.within(|| TcpListener::bind(address).attempt("listen as the power switch"))?;
        let (stop, stopped) = crate::process::protocol::pair().attempt("make a socket pair")?;
        let thread = thread::spawn(move || serve(&listener, &stopped, &outlets));
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, stopped: &OwnedFd, outlets: &Outlets) {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let mut watched = [PollFd::new(listener, PollFlags::IN), PollFd::new(stopped, PollFlags::empty())];
        if poll(&mut watched, None).is_err() {
            continue;
        }
        if !watched[1].revents().is_empty() {
            return;
        }
        let Ok((stream, _)) = listener.accept() else { continue };
        if open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (outlets, open) = (Arc::clone(outlets), Arc::clone(&open));
        thread::spawn(move || {
            converse(stream, &outlets);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

fn converse(stream: TcpStream, outlets: &Outlets) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while (&mut reader).take(LINE_BYTES).read_line(&mut line).is_ok_and(|length| length > 0) {
        match answer(&line, outlets) {
            Reply::Say(text) if writer.write_all(text.as_bytes()).is_ok() => line.clear(),
            Reply::Say(_) | Reply::Leave => return,
            // What ends this is the client's patience.
            Reply::Hang => {
                let _ = reader.get_ref().set_read_timeout(None);
                let _ = io::copy(&mut reader, &mut io::sink());
                return;
            }
        }
    }
}

/// What becomes of a line.
enum Reply {
    Say(String),
    Leave,
    Hang,
}

fn answer(line: &str, outlets: &Outlets) -> Reply {
    let say = |text: &str| Reply::Say(format!("{}\n", text.replace('\n', " ").trim_end()));
    let Some(word) = Word::parse(line) else { return say("ERROR what?") };
    let Some(name) = word.node() else {
        let names: Vec<&str> = outlets.keys().map(String::as_str).collect();
        return say(&format!("OK {}", names.join(" ")));
    };
    let Some(outlet) = outlets.get(name) else { return say(&format!("ERROR no outlet {name}")) };
    let acts = !matches!(word, Word::Status(_));
    match outlet.fault() {
        Some(Fault::Hang) => return Reply::Hang,
        Some(Fault::Refuse) => {
            outlet.count_refusal();
            return say("ERROR refused");
        }
        Some(Fault::Lie) if acts => return say("OK"),
        Some(Fault::Slow(delay)) => thread::sleep(delay),
        _ => {}
    }
    let done = match word {
        Word::Off(_) => outlet.switch_off(),
        Word::On(_) => on(outlet),
        Word::Reset(_) => outlet.switch_off().and_then(|()| on(outlet)),
        Word::Status(_) | Word::List => {
            return say(if outlet.liveness() == Supply::On { "OK on" } else { "OK off" });
        }
    };
    match (done, outlet.fault()) {
        (_, Some(Fault::LoseReply)) => Reply::Leave,
        (Ok(()), _) => say("OK"),
        (Err(e), _) => say(&format!("ERROR {e}")),
    }
}

fn on(outlet: &Outlet) -> Result<()> {
    if outlet.fault() == Some(Fault::Half) {
        return crate::error::failed("the relay does not close any more");
    }
    outlet.switch_on()
}
