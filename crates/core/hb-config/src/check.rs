//! The check of all three files together: text and facts in, configuration and complaints out.

use crate::authkeys::{self, AuthKeys};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::facts::{HostFacts, Wanted};
use crate::ha_cf::parse::Context;
use crate::ha_cf::{Crm, HaCf, cross, finish};
use crate::haresources::{self, Haresources};
use crate::span::{File, Span};
use alloc::format;
use alloc::vec::Vec;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// The files as they are on disk; `None` for one that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    /// `ha.cf`.
    pub ha_cf: Option<&'a [u8]>,
    /// `authkeys`.
    pub authkeys: Option<&'a [u8]>,
    /// Permission bits of `authkeys`; `None` when nobody looked.
    pub authkeys_mode: Option<u32>,
    /// `haresources`.
    pub haresources: Option<&'a [u8]>,
}

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Config {
    /// What `ha.cf` says.
    pub ha_cf: HaCf,
    /// What `authkeys` says.
    pub authkeys: AuthKeys,
    /// What `haresources` says; empty when another manager decides.
    pub haresources: Haresources,
}

/// Checks the files. The configuration is there exactly when no complaint is an error. Complaints are
/// sorted by file, line and column, and there are at most [`crate::MAX_DIAGNOSTICS`].
pub fn check(files: &Files<'_>, facts: &HostFacts) -> (Option<Config>, Vec<Diagnostic>) {
    let (config, _, diagnostics) = run(files, facts);
    (config, diagnostics)
}

/// What the files make it worth looking up on the host; hand the answers to [`check`] in [`HostFacts`].
/// Only [`HostFacts::node`] and [`HostFacts::config_dir`] of `facts` need to be right for this.
pub fn wanted(files: &Files<'_>, facts: &HostFacts) -> Wanted {
    run(files, facts).1
}

fn run(files: &Files<'_>, facts: &HostFacts) -> (Option<Config>, Wanted, Vec<Diagnostic>) {
    let mut cx = Context::new(facts);
    if let Some(bytes) = present(
        &mut cx,
        File::HaCf,
        files.ha_cf,
        "Write one; a node needs to know who and where its peers are.",
    ) {
        cx.read(bytes);
        finish::finish(&mut cx);
        cross::cross_check(&mut cx);
    }
    let cure =
        "Write `auth 1` and below it `1 sha1 SECRET`, the same on all nodes, and run `chmod 600` on it.";
    let authkeys = present(&mut cx, File::Authkeys, files.authkeys, cure)
        .and_then(|bytes| authkeys::read(&mut cx.report, bytes, files.authkeys_mode));
    let haresources = resources(&mut cx, files);
    let Context { ha_cf, report, wanted, .. } = cx;
    let sound = !report.has_errors();
    let config = authkeys.filter(|_| sound).map(|authkeys| Config { ha_cf, authkeys, haresources });
    (config, wanted, report.into_sorted())
}

fn resources(cx: &mut Context<'_>, files: &Files<'_>) -> Haresources {
    if !cx.facts.resource_management {
        return Haresources::default();
    }
    // A cluster resource manager decides by itself; that it is on was told.
    if cx.ha_cf.resources.crm.value != Crm::Off {
        return Haresources::default();
    }
    let cure = "Write one, the same on both nodes: each line a node and the resources that belong to it. It may be empty.";
    match present(cx, File::Haresources, files.haresources, cure) {
        Some(bytes) => haresources::read(cx, bytes),
        None => Haresources::default(),
    }
}

/// The file's bytes; complains when it is not there or cannot be a configuration.
fn present<'a>(cx: &mut Context<'_>, file: File, bytes: Option<&'a [u8]>, cure: &str) -> Option<&'a [u8]> {
    let Some(bytes) = bytes else {
        cx.report.error(
            Code::FileMissing,
            Span::whole(file),
            "the file is not there or cannot be read".into(),
            cure,
        );
        return None;
    };
    if bytes.len() > MAX_FILE_BYTES {
        let message = format!(
            "the file has {} bytes, and no configuration needs more than {MAX_FILE_BYTES}",
            bytes.len()
        );
        cx.report.error(Code::FileTooLarge, Span::whole(file), message, "See whether it is the right file.");
        return None;
    }
    Some(bytes)
}
