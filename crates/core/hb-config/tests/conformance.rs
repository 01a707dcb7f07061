//! The conformance list of the configuration files: one changed line each, and what Heartbeat 3.0.6 makes of
//! it (observed with the packaged program, exit status 6 or 0). What it refuses we refuse, and what it takes
//! we take with a warning at most, except where a row says that we deviate.

mod common;

use Outcome::{Deviates, Refused, Taken};
use Where::{Authkeys, HaCf, Haresources, Missing, Mode, Without};
use common::{AUTHKEYS, complete, look_up, paul};
use hb_config::{Code, File, Files, check};

/// What is changed.
enum Where {
    /// These lines are added to ha.cf, in the place of those with the same directives.
    HaCf(&'static str),
    /// ha.cf lacks this directive.
    Without(&'static str),
    /// authkeys holds this.
    Authkeys(&'static str),
    /// authkeys has this mode.
    Mode(u32),
    /// haresources holds this.
    Haresources(&'static str),
    /// This file is not there.
    Missing(File),
}

/// What becomes of it.
enum Outcome {
    /// 3.0.6 and we refuse it; our complaint.
    Refused(Code),
    /// 3.0.6 and we take it.
    Taken,
    /// 3.0.6 takes it, and we refuse it on purpose.
    Deviates(Code),
}

const ROWS: &[(Where, Outcome)] = &[
    (HaCf("nosuch 1"), Refused(Code::UnknownDirective)),
    (HaCf("KeepAlive 1"), Refused(Code::UnknownDirective)),
    (HaCf("keepalive 1\ndeadtime 2"), Refused(Code::DeadtimeTooSmall)),
    (HaCf("deadtime 20\ninitdead 10"), Refused(Code::InitdeadTooSmall)),
    (HaCf("deadping 0"), Refused(Code::DeadpingTooSmall)),
    (Without("bcast"), Refused(Code::NoMedia)),
    (Without("node"), Refused(Code::NoNodes)),
    (HaCf("node peter silas"), Refused(Code::OwnNodeMissing)),
    (HaCf("bcast eth9"), Refused(Code::NoInterface)),
    (HaCf("warntime 5s"), Refused(Code::BadTime)),
    (HaCf("keepalive 0"), Refused(Code::BadTime)),
    (HaCf("keepalive 1e3"), Refused(Code::BadTime)),
    (HaCf("keepalive"), Taken),
    (HaCf("keepalive .5"), Taken),
    (HaCf("keepalive 1.2.3"), Taken),
    (HaCf("keepalive 100msx"), Taken),
    (HaCf("conn_logd_time 0"), Refused(Code::BadTime)),
    (HaCf("mcast eth0 10.0.0.9 694 1 0"), Refused(Code::BadAddress)),
    (HaCf("mcast eth0 239.0.0.1 694 300 0"), Refused(Code::BadNumber)),
    (HaCf("mcast eth0 239.0.0.1 694 0 0"), Taken),
    (HaCf("mcast eth0 239.0.0.1 694 1 2"), Refused(Code::BadNumber)),
    (HaCf("mcast eth0 239.0.0.1 694x 1 0"), Taken),
    (HaCf("mcast eth0 239.0.0.1 694 1 0 more"), Taken),
    (HaCf("mcast eth0,239.0.0.1,694,1,0"), Refused(Code::ValueMissing)),
    (HaCf("ucast eth0"), Refused(Code::ValueMissing)),
    (HaCf("ucast eth0 fe80::1"), Refused(Code::BadAddress)),
    (HaCf("ucast eth0 10.0.0.1"), Taken),
    (HaCf("ucast eth0 10.0.0.2 more"), Taken),
    // It starts and is gone half a second later, without an address on the interface or without the interface.
    (HaCf("ucast eth2 10.0.0.2"), Deviates(Code::NoIpv4)),
    (HaCf("ucast eth9 10.0.0.2"), Deviates(Code::NoInterface)),
    // It starts, and hears nobody.
    (HaCf("bcast eth1"), Deviates(Code::NoBroadcast)),
    (HaCf("bcast eth0,eth0"), Taken),
    (HaCf("bcast\nudp eth0"), Taken),
    (HaCf("autojoin any"), Refused(Code::AutojoinClassic)),
    (HaCf("logfacility nosuch"), Refused(Code::BadWord)),
    (HaCf("logfacility LOCAL0"), Refused(Code::BadWord)),
    (HaCf("respawn nosuch /usr/lib/heartbeat/ipfail"), Refused(Code::UnknownUser)),
    (HaCf("respawn root ipfail"), Refused(Code::BadPath)),
    (HaCf("respawn root /nosuch"), Refused(Code::NotExecutable)),
    (HaCf("respawn"), Refused(Code::ValueMissing)),
    (HaCf("apiauth foo"), Refused(Code::ApiauthEmpty)),
    (HaCf("apiauth foo uid=root\napiauth foo uid=root"), Refused(Code::ApiauthTwice)),
    (HaCf("apiauth foo uid=nosuch"), Refused(Code::UnknownUser)),
    (HaCf("apiauth foo uid=root gid=root extra"), Refused(Code::BadWord)),
    (HaCf("stonith_host * nosuch x"), Refused(Code::UnknownStonithType)),
    (HaCf("stonith_host * null"), Refused(Code::BadStonithParameters)),
    (HaCf("stonith_host * null paul silas"), Taken),
    (HaCf("stonith_host"), Refused(Code::ValueMissing)),
    (HaCf("stonith null"), Refused(Code::ValueMissing)),
    (HaCf("nice_failback on"), Taken),
    (HaCf("nice_failback maybe"), Refused(Code::BadBoolean)),
    (HaCf("auto_failback maybe"), Refused(Code::BadWord)),
    (HaCf("auto_failback Legacy"), Taken),
    (HaCf("auto_failback on off"), Taken),
    (Without("logfacility"), Taken),
    (HaCf("logfacility none"), Taken),
    (HaCf("logfacility none\nuse_logd off"), Refused(Code::NoLogTarget)),
    (HaCf("use_logd maybe"), Refused(Code::BadBoolean)),
    (HaCf("watchdog /dev/null\nwatchdog /dev/null"), Refused(Code::GivenTwiceRefused)),
    (HaCf("watchdog /dev/x /dev/y"), Refused(Code::GivenTwiceRefused)),
    // It opens the device; we have no watchdog yet, and a node without the one it was promised is not safe.
    (HaCf("watchdog /dev/null"), Deviates(Code::NotYetSafety)),
    (HaCf("baud 1200"), Refused(Code::BadWord)),
    (HaCf("baud 9600\nbaud 9600"), Refused(Code::GivenTwiceRefused)),
    (HaCf("serial /dev/nosuch"), Refused(Code::NoDevice)),
    (HaCf("serial"), Taken),
    (HaCf("msgfmt xml"), Refused(Code::BadWord)),
    (HaCf("hbgenmethod disk"), Refused(Code::BadWord)),
    (HaCf("hbgenmethod File"), Refused(Code::BadWord)),
    (HaCf("uuidfrom host"), Refused(Code::BadWord)),
    (HaCf("rtprio 100"), Refused(Code::BadNumber)),
    (HaCf("rtprio high"), Refused(Code::BadNumber)),
    (HaCf("udpport 0"), Refused(Code::BadNumber)),
    (HaCf("udpport 694x"), Taken),
    // It takes the low 16 bits and talks to a port that nobody wrote.
    (HaCf("udpport 70000"), Deviates(Code::BadNumber)),
    (HaCf("node paul,silas"), Taken),
    (HaCf("node PAUL Silas"), Taken),
    (HaCf("node paul silas paul"), Taken),
    (HaCf("node paul silas barnabas"), Taken),
    // `=` separates names from values on the wire.
    (HaCf("node paul a=b"), Deviates(Code::BadNodeName)),
    (HaCf("ping nosuch"), Refused(Code::UnknownHost)),
    (HaCf("ping_group g"), Refused(Code::ValueMissing)),
    (HaCf("env FOO"), Taken),
    (HaCf("deadtime 4\nwarntime 9"), Taken),
    (HaCf("warntime 0"), Refused(Code::BadTime)),
    (HaCf("debug 256"), Refused(Code::BadNumber)),
    (HaCf("debug high"), Taken),
    (HaCf("compression gzip"), Refused(Code::BadWord)),
    (HaCf("compression_threshold 0"), Refused(Code::BadNumber)),
    (HaCf("compression_threshold 2.5"), Taken),
    (HaCf("traditional_compression maybe"), Refused(Code::BadBoolean)),
    (HaCf("max_rexmit_delay 0"), Refused(Code::BadNumber)),
    (HaCf("max_rexmit_delay 250ms"), Taken),
    (HaCf("hopfudge 256"), Refused(Code::BadNumber)),
    (HaCf("hopfudge abc"), Taken),
    (HaCf("memreserve 0"), Refused(Code::BadNumber)),
    (HaCf("coredumps perhaps"), Refused(Code::BadBoolean)),
    (HaCf("coreroot /nosuch"), Refused(Code::BadPath)),
    (HaCf("logfile relative"), Taken),
    (HaCf("use_logd yes"), Taken),
    (HaCf("cluster a"), Taken),
    (Authkeys("1 sha1 k\n"), Refused(Code::AuthMissing)),
    (Authkeys("1 sha1 k\nauth 1\n"), Refused(Code::AuthTooLate)),
    (Authkeys("auth 2\n1 sha1 k\n"), Refused(Code::AuthKeyMissing)),
    (Authkeys("auth 16\n16 sha1 k\n"), Refused(Code::BadKeyNumber)),
    (Authkeys("auth 0\n0 sha1 k\n"), Taken),
    (Authkeys("auth 1\n1 crc\n"), Taken),
    (Authkeys("auth 1\n1 crc k\n"), Refused(Code::SecretUnwanted)),
    (Authkeys("auth 1\n1 sha1\n"), Refused(Code::SecretMissing)),
    (Authkeys("auth 1\n1 sha1 k\n2 sha1\n"), Refused(Code::SecretMissing)),
    (Authkeys("auth 1\n1 sha256 k\n"), Refused(Code::UnknownMethod)),
    (Authkeys("auth 1\n1 SHA1 k\n"), Refused(Code::UnknownMethod)),
    (Authkeys("auth 1\n1 sha1 k more words\n"), Taken),
    (Authkeys("auth 1\n1 sha1 a\n1 md5 b\n"), Taken),
    (Authkeys("auth 1\nauth 2\n1 sha1 a\n2 sha1 b\n"), Taken),
    (Authkeys("auth 1\r\n1 sha1 k\r\n"), Taken),
    (Authkeys("auth 1\nhello\n1 sha1 k\n"), Refused(Code::BadKeyLine)),
    (Authkeys("auth 1\nabc\n1 sha1 k\n"), Refused(Code::BadKeyLine)),
    (Authkeys("auth one\n1 sha1 k\n"), Refused(Code::BadKeyNumber)),
    (Authkeys("auth 1x\n1 sha1 k\n"), Taken),
    (Authkeys("auth 1 more\n1 sha1 k\n"), Taken),
    (Authkeys("authx 1\n1 sha1 k\n"), Refused(Code::BadKeyLine)),
    (Authkeys("a 1\n1 sha1 k\n"), Refused(Code::BadKeyLine)),
    (Authkeys("auth 1\n1 sha1 k\n2x md5 k\n"), Refused(Code::BadKeyNumber)),
    (Mode(0o640), Refused(Code::KeysReadable)),
    (Mode(0o604), Refused(Code::KeysReadable)),
    (Mode(0o602), Taken),
    (Mode(0o620), Taken),
    (Missing(File::Authkeys), Refused(Code::FileMissing)),
    (Missing(File::HaCf), Refused(Code::FileMissing)),
    (Missing(File::Haresources), Refused(Code::FileMissing)),
    (Haresources("nosuch apache\n"), Refused(Code::UnknownNode)),
    (Haresources("PAUL apache\n"), Taken),
    (Haresources("paul\n"), Taken),
    (Haresources("paul nosuch\n"), Taken),
    (Haresources("paul \\\n apache\n"), Taken),
    (Haresources("# paul a \\\n b\n"), Refused(Code::UnknownNode)),
    (Haresources("paul a \\ \n b\n"), Refused(Code::StrayBackslash)),
    (Haresources("paul a \\ # c\n b\n"), Refused(Code::StrayBackslash)),
    // It learns of these when it starts the group, or moves two groups when one is meant.
    (Haresources("paul 10.0.0.256\n"), Deviates(Code::BadResource)),
    (Haresources("paul apache\nsilas apache\n"), Deviates(Code::GroupTwice)),
];

fn codes(change: &Where) -> (bool, Vec<Code>) {
    let mut ha_cf = complete("");
    let (mut keys, mut resources, mut mode) = (AUTHKEYS, "", 0o600);
    let mut missing = None;
    match change {
        HaCf(lines) => ha_cf = complete(lines),
        Without(name) => {
            ha_cf = ha_cf.lines().filter(|l| !l.starts_with(name)).map(|l| format!("{l}\n")).collect();
        }
        Authkeys(text) => keys = text,
        Mode(bits) => mode = *bits,
        Haresources(text) => resources = text,
        Missing(file) => missing = Some(*file),
    }
    let there = |file: File, text: &'static [u8]| (missing != Some(file)).then_some(text);
    let files = Files {
        ha_cf: (missing != Some(File::HaCf)).then_some(ha_cf.as_bytes()),
        authkeys: there(File::Authkeys, keys.as_bytes()),
        authkeys_mode: Some(mode),
        haresources: there(File::Haresources, resources.as_bytes()),
    };
    let mut facts = paul();
    look_up(&files, &mut facts);
    let (config, diagnostics) = check(&files, &facts);
    (
        config.is_some(),
        diagnostics.into_iter().filter(|d| d.is_error() || config.is_some()).map(|d| d.code).collect(),
    )
}

#[test]
fn every_row_comes_out_as_it_says() {
    let mut wrong = Vec::new();
    for (number, (change, outcome)) in ROWS.iter().enumerate() {
        let what = match change {
            HaCf(text) | Authkeys(text) | Haresources(text) => format!("{text:?}"),
            Without(name) => format!("without {name}"),
            Mode(mode) => format!("mode {mode:o}"),
            Missing(file) => format!("{file} missing"),
        };
        let (taken, codes) = codes(change);
        let right = match outcome {
            Refused(code) | Deviates(code) => !taken && codes.contains(code),
            Taken => taken,
        };
        if !right {
            wrong.push(format!("row {number} ({what}): taken {taken}, {codes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn dos_line_ends_are_taken_in_every_file() {
    let ha_cf = complete("").replace('\n', "\r\n");
    let files = Files {
        ha_cf: Some(ha_cf.as_bytes()),
        authkeys: Some(b"auth 1\r\n1 sha1 k\r\n"),
        authkeys_mode: Some(0o600),
        haresources: Some(b"paul \\\r\n  apache\r\n"),
    };
    let mut facts = paul();
    look_up(&files, &mut facts);
    let (config, diagnostics) = check(&files, &facts);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let config = config.expect("sound");
    assert_eq!(config.authkeys.keys[0].secret.bytes(), b"k");
    assert_eq!(config.haresources.groups[0].resources.len(), 1);
}
