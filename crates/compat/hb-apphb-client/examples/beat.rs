//! An application that is watched: registers, beats five times a second for as long as it is told, unregisters.
//!
//! `cargo run -p hb-apphb-client --example beat -- NAME [SECONDS]`

use hb_apphb_client::{Client, ClientError};
use std::time::{Duration, Instant};

fn main() -> Result<(), ClientError> {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "example".to_owned());
    let seconds = words.next().and_then(|word| word.parse().ok()).unwrap_or(5);
    let mut client = Client::register(&name, "1")?;
    client.set_interval(Duration::from_secs(1))?;
    client.set_warn(Duration::from_millis(500))?;
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        client.beat()?;
        // An application would do a piece of its work here.
        std::thread::sleep(Duration::from_millis(200));
    }
    client.unregister()
}
