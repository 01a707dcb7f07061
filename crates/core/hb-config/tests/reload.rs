//! What a running node takes of a changed configuration, and what it refuses by name.

mod common;

use common::{AUTHKEYS, complete, look_up, paul};
use hb_config::{Code, Config, DIRECTIVES, File, Files, LiveChanges, OnReload, Refusal, check, reload};

fn config(ha_cf: &str, authkeys: &str, haresources: &str) -> Config {
    let ha_cf = complete(ha_cf);
    let files = Files {
        ha_cf: Some(ha_cf.as_bytes()),
        authkeys: Some(authkeys.as_bytes()),
        authkeys_mode: Some(0o600),
        haresources: Some(haresources.as_bytes()),
    };
    let mut facts = paul();
    look_up(&files, &mut facts);
    let (config, diagnostics) = check(&files, &facts);
    config.unwrap_or_else(|| panic!("{ha_cf}: {diagnostics:#?}"))
}

fn change(from: &str, to: &str) -> Result<LiveChanges, Vec<Refusal>> {
    reload(&config(from, AUTHKEYS, ""), &config(to, AUTHKEYS, ""))
}

fn names(refusals: &[Refusal]) -> Vec<&'static str> {
    refusals.iter().map(|refusal| refusal.directive).collect()
}

#[test]
fn times_change_while_the_node_runs_and_derived_ones_with_them() {
    let live = change("deadtime 8", "# faster\nkeepalive 500ms\ndeadtime 4").expect("live");
    assert!(live.timing() && !live.logging() && !live.keys);
    let changed: Vec<_> = live.directives.into_iter().collect();
    assert_eq!(changed, ["deadping", "deadtime", "initdead", "keepalive", "warntime"]);
}

#[test]
fn logging_failback_and_fencing_change_while_the_node_runs() {
    let live = change("debug 0", "debug 2\nlogfile /var/log/ha").expect("live");
    assert!(live.logging() && !live.timing());
    assert!(change("auto_failback on", "auto_failback off").expect("live").failback());
    assert!(change("debug 0", "stonith_host * null silas").expect("live").fencing());
}

#[test]
fn new_keys_change_while_the_node_runs() {
    let live =
        reload(&config("", AUTHKEYS, ""), &config("", "auth 2\n1 sha1 old\n2 sha1 new\n", "")).expect("live");
    assert!(live.keys && live.directives.is_empty());
}

#[test]
fn the_same_meaning_written_otherwise_is_no_change() {
    let live =
        change("node paul silas\nkeepalive 2", "# again\nnode Silas,Paul\nkeepalive 2000ms\n").expect("live");
    assert!(live.is_empty(), "{live:?}");
}

#[test]
fn what_needs_a_restart_is_refused_by_name_and_nothing_is_taken() {
    let refusals = change("keepalive 1", "keepalive 2\nudpport 1694\nmsgfmt netstring\nnode paul peter")
        .expect_err("refused");
    assert_eq!(names(&refusals), ["msgfmt", "node", "udpport"]);
    let first = &refusals[0].diagnostic;
    assert_eq!((first.code, first.line, first.column), (Code::NeedsRestart, 3, 8));
    assert!(first.to_string().starts_with("ha.cf:3:8: error: a change of `msgfmt`"), "{first}");
}

#[test]
fn to_and_from_legacy_needs_a_restart_since_the_nodes_talk_differently() {
    assert_eq!(
        names(&change("auto_failback on", "auto_failback legacy").expect_err("refused")),
        ["auto_failback"]
    );
    assert_eq!(
        names(&change("auto_failback legacy", "auto_failback off").expect_err("refused")),
        ["auto_failback"]
    );
}

#[test]
fn a_medium_needs_a_restart() {
    assert_eq!(
        names(&change("bcast eth0", "bcast eth0\nucast eth0 10.0.0.2").expect_err("refused")),
        ["ucast"]
    );
}

#[test]
fn what_has_no_effect_in_this_version_may_change() {
    let live = change("quorum_server a", "quorum_server b\nrespawn hacluster /usr/lib/heartbeat/ipfail")
        .expect("live");
    assert!(live.is_empty());
}

#[test]
fn resources_need_a_restart_and_the_place_is_that_of_the_first_change() {
    let old = config("", AUTHKEYS, "paul apache\nsilas MailTo::root\n");
    let new = config("", AUTHKEYS, "# moved\npaul apache\nsilas MailTo::admin\n");
    let refusals = reload(&old, &new).expect_err("refused");
    assert_eq!(names(&refusals), ["haresources"]);
    let diagnostic = &refusals[0].diagnostic;
    assert_eq!((diagnostic.file, diagnostic.line, diagnostic.column), (File::Haresources, 3, 1));
    assert!(
        reload(&old, &config("", AUTHKEYS, "# a remark\nPAUL  apache\nsilas MailTo::root"))
            .expect("live")
            .is_empty()
    );
}

/// A value of each directive that is not its default.
const VALUES: &[(&str, &str)] = &[
    ("apiauth", "x uid=root"),
    ("auto_failback", "off"),
    ("baud", "9600"),
    ("bcast", "eth3"),
    ("cluster", "x"),
    ("compression", "bz2"),
    ("compression_threshold", "9"),
    ("coredumps", "off"),
    ("coreroot", "/var/lib/cores"),
    ("deadping", "9"),
    ("conn_logd_time", "9"),
    ("deadtime", "9"),
    ("debug", "3"),
    ("debugfile", "/d"),
    ("env", "A=b"),
    ("hbgenmethod", "time"),
    ("history", "900"),
    ("hopfudge", "9"),
    ("initdead", "90"),
    ("keepalive", "2"),
    ("log_badpack", "off"),
    ("logfacility", "local1"),
    ("logfile", "/l"),
    ("logkeep", "9"),
    ("logsize", "99"),
    ("max_rexmit_delay", "99"),
    ("mcast", "eth0 239.0.0.1 694 1 0"),
    ("memreserve", "9"),
    ("msgfmt", "netstring"),
    ("node", "paul peter"),
    ("realtime", "off"),
    ("rtprio", "9"),
    ("stonith", "baytech /etc/ha.d/conf/baytech"),
    ("stonith_host", "* null silas"),
    ("syslogmsgfmt", "off"),
    ("traditional_compression", "on"),
    ("ucast", "eth0 10.0.0.2"),
    ("udpport", "1694"),
    ("use_logd", "yes"),
    ("uuidfrom", "nodename"),
    ("warntime", "9"),
    ("autojoin", "none"),
    ("nice_failback", "on"),
];

/// Each directive's change is seen: one that `in_force` forgets could never be refused.
#[test]
fn a_change_of_any_directive_is_noticed() {
    for directive in DIRECTIVES {
        if directive.on_reload == OnReload::NoEffect
            || ["crm", "pacemaker", "watchdog"].contains(&directive.name)
        {
            continue;
        }
        // Media that cannot be used in this version are compared as media are.
        if ["ping", "ping6", "serial"].contains(&directive.name) {
            let line = if directive.name == "ping6" { "ping6 ::1" } else { "ping 10.0.0.9" };
            assert!(!change("", line).expect_err("refused").is_empty());
            continue;
        }
        let (_, value) = VALUES
            .iter()
            .find(|(name, _)| *name == directive.name)
            .unwrap_or_else(|| panic!("{}: add a value here that is not its default", directive.name));
        // These two say what is in force anyway.
        if ["autojoin", "nice_failback"].contains(&directive.name) {
            continue;
        }
        let outcome = change("", &format!("{} {value}", directive.name));
        match directive.on_reload {
            OnReload::Live => {
                let live = outcome.unwrap_or_else(|refusals| panic!("{}: {refusals:?}", directive.name));
                assert!(live.directives.contains(directive.name), "{}: {live:?}", directive.name);
            }
            OnReload::Restart | OnReload::NoEffect => {
                let refusals = outcome.expect_err(directive.name);
                assert!(names(&refusals).contains(&directive.name), "{}: {refusals:?}", directive.name);
            }
        }
    }
}
