//! Clients of the Heartbeat API that run in a node: the parts of the scenario `api-crowd`.

use hb_client::{Client, Error, Message, SignOn};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// Programs at once.
const CROWD: usize = 500;
/// Messages that a program leaves unread: more than may wait for it, in the daemon and in the kernel.
const UNREAD: usize = 3_000;
/// Payload of each.
const PAYLOAD_BYTES: usize = 256;

/// `api-client PART`.
pub(crate) fn main(words: &[String]) -> ExitCode {
    let done = match words.first().map_or("", String::as_str) {
        "listener" => listener(),
        "crowd" => in_a_crowd(),
        "lazy" => beside_a_lazy_one(),
        "hostile" => beside_hostile_ones(),
        other => Err(format!("no part {other}").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn std::error::Error>>;

/// One process with as many clients as it has names: each asks, each hears the same message.
fn in_a_crowd() -> Done {
    let mut speaker = Client::sign_on(&SignOn::named("labcli").within(LIMIT))?;
    // A casual client's name is its process id: a crowd needs as many processes.
    let mut listeners = Vec::new();
    for _ in 1..CROWD {
        let program = std::env::current_exe()?;
        let words = [crate::FLAG, "api-client", "listener"];
        let mut command = Command::new(program);
        let listener = command.args(words).stdout(Stdio::piped()).stdin(Stdio::piped());
        listeners.push(listener.spawn()?);
    }
    for listener in &mut listeners {
        let mut ready = [0; 1];
        listener.stdout.as_mut().ok_or("no output")?.read_exact(&mut ready)?;
    }
    speaker.send_ordered(Message::new("labmsg").with("text", "to clients of one name"))?;
    for _ in 0..20 {
        let nodes = speaker.node_count()?;
        if nodes != 2 {
            return Err(format!("{nodes} nodes").into());
        }
    }
    for mut listener in listeners {
        drop(listener.stdin.take());
        let ended = listener.wait()?;
        if !ended.success() {
            return Err(format!("a listener ended with {ended}").into());
        }
    }
    Ok(())
}

/// A casual client that says when it is on, and ends when its input does and the daemon still answers it.
fn listener() -> Done {
    let mut client = Client::sign_on(&SignOn::casual().within(LIMIT))?;
    std::io::stdout().write_all(b"!")?;
    std::io::stdout().flush()?;
    let _end = std::io::stdin().read(&mut [0])?;
    if client.node_status("n2")? == "active" { Ok(client.sign_off()?) } else { Err("n2 is gone".into()) }
}

/// Messages for everybody come, and one client reads nothing: it is paused, then cut off. Another one hears them all.
fn beside_a_lazy_one() -> Done {
    let mut lazy = Client::sign_on(&SignOn::named("lazy").within(LIMIT))?;
    let mut other = Client::sign_on(&SignOn::named("labcli").within(LIMIT))?;
    let flood = std::thread::spawn(|| -> std::io::Result<()> {
        let mut fifo = std::fs::OpenOptions::new().write(true).open("/var/lib/heartbeat/fifo")?;
        let payload = "x".repeat(PAYLOAD_BYTES);
        (0..UNREAD)
            .try_for_each(|_| fifo.write_all(format!(">>>\nt=labflood\npad={payload}\n<<<\n").as_bytes()))
    });
    let mut heard = 0;
    while heard < UNREAD {
        let event = other.wait(LIMIT)?.ok_or_else(|| format!("nothing after {heard} messages"))?;
        let message = event.into_message();
        heard += usize::from(message.as_ref().and_then(Message::kind) == Some("labflood"));
    }
    flood.join().map_err(|_| "the flood failed")??;
    let mut left = 0;
    loop {
        match lazy.wait(LIMIT) {
            Ok(Some(_)) => left += 1,
            Ok(None) => return Err(format!("it was not cut off: {left} messages waited for it").into()),
            Err(Error::Closed | Error::Channel(_)) if left < UNREAD => return Ok(()),
            Err(other) => return Err(format!("{other}, after {left} messages").into()),
        }
    }
}

/// Wrong headers, half frames, garbage: each ends its own connection at most.
fn beside_hostile_ones() -> Done {
    let mut client = Client::sign_on(&SignOn::named("labcli").within(LIMIT))?;
    let frame = |length: u32, magic: u32, body: &[u8]| {
        [&length.to_ne_bytes()[..], &magic.to_ne_bytes()[..], body].concat()
    };
    let ended = [
        frame(8, 0xdead, b"whatever"),
        frame(262_145, 0xabcd, b""),
        frame(u32::MAX, 0xabcd, b""),
        frame(0x8000_0000, 0xabcd, b""),
    ];
    for bytes in ended {
        let mut stream = UnixStream::connect(hb_client::SOCKET)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.write_all(&bytes)?;
        match stream.read(&mut [0; 1]) {
            Ok(0) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
            other => return Err(format!("{:?} is not refused: {other:?}", bytes.get(..8)).into()),
        }
        client.node_count()?;
    }
    let mut half = UnixStream::connect(hb_client::SOCKET)?;
    half.write_all(&frame(100, 0xabcd, b">>>\nt=hbapi-req\n"))?;
    let mut garbage = UnixStream::connect(hb_client::SOCKET)?;
    garbage.write_all(&frame(7, 0xabcd, b"garbage"))?;
    garbage.write_all(&frame(0, 0xabcd, b""))?;
    client.node_count()?;
    drop(half);
    client.node_count()?;
    Ok(client.sign_off()?)
}
