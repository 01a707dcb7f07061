//! The loader: reads the configuration for a running node and looks up what the check needs to know about the host.

use crate::load::{Material, places};
use hb_ipc::{Framed, Limits};
use hb_runtime::Inherited;
use std::time::Duration;

/// Room for three files of the greatest size, each byte written as a character, and the facts.
pub(super) const LIMITS: Limits = Limits { receive_bytes: 32 << 20, queue_bytes: 32 << 20 };
/// How long the master may take to read the answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn run(mut inherited: Inherited) -> Result<(), String> {
    let channel = inherited.fd("pair").map_err(|e| e.to_string())?;
    inherited.settle("heartbeat").map_err(|e| e.to_string())?;
    let places = places(&inherited.args).ok_or("its arguments are not as the master writes them")?;
    let mut framed = Framed::new(channel, LIMITS).map_err(|e| e.to_string())?;
    framed.send(&Material::gather(&places).encode()).map_err(|e| e.to_string())?;
    framed.settle(PATIENCE).map_err(|e| e.to_string())
}
