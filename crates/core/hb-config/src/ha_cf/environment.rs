//! What resource scripts and agents find in their environment (spec: ha.cf section 5).

use super::{AutoFailback, HaCf};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use hb_base::NodeName;

/// Where scripts log to that have no file to log to.
const NO_FILE: &str = "/dev/null";

impl HaCf {
    /// The variables that every script and agent gets on node `own`, names with their `HA_` in front: each
    /// recorded parameter, the log destinations, and those of `env` last, so that they count.
    pub fn script_environment(&self, own: &NodeName) -> Vec<(String, String)> {
        let mut all = Vec::new();
        let mut push = |name: &str, value: &str| all.push((format!("HA_{name}"), value.to_string()));
        for (name, text) in self.parameters() {
            push(name, text);
        }
        push("CURHOST", own);
        push("DATEFMT", "%Y/%m/%d_%T\t");
        let logging = &self.logging;
        if !logging.is_nowhere() {
            let or_none = |path: &Option<crate::Setting<String>>| {
                path.as_ref().map_or(NO_FILE.to_string(), |path| path.value.clone())
            };
            push("LOGFILE", &or_none(&logging.logfile));
            push("DEBUGLOG", &or_none(&logging.debugfile));
            push("LOGFACILITY", logging.logfacility.as_ref().map_or("", |facility| facility.as_str()));
        }
        if self.resources.auto_failback.value != AutoFailback::Legacy {
            push("NICEFAILBACK", "yes");
        }
        for variable in &self.env {
            push(&variable.name, &variable.text);
        }
        // A program cannot be given a NUL; a word of the file may hold one.
        all.retain(|(name, value)| !name.contains('\0') && !value.contains('\0'));
        all
    }
}
