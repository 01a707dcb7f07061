//! The daemons beside a node: judged by the original's programs, and by what happens to applications.

mod beside;

use beside::{Daemon, World, needs, until};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

const APPHBTEST: &str = "/usr/libexec/heartbeat/apphbtest";
const REAL_APPHBD: &str = "/usr/libexec/heartbeat/apphbd";
const REAL_LOGGER: &str = "/usr/sbin/ha_logger";
const REAL_LOGD: &str = "/usr/lib/heartbeat/ha_logd";

/// `apphbd` of ours, which logs to `apphbd.log`.
fn apphbd(world: &World, more: &str) -> Daemon {
    let log = world.path("apphbd.log");
    fs::write(&log, "").unwrap();
    // It runs as nobody.
    fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).unwrap();
    world.write("apphbd.cf", &format!("realtime no\nlogfile {}\n{more}", log.display()));
    world.daemon("apphbd", "apphbd.cf", "run/apphb.comm")
}

#[test]
fn the_originals_test_program_finds_our_apphbd_as_it_should_be() {
    if !needs(APPHBTEST) {
        return;
    }
    let world = World::new();
    let _apphbd = apphbd(&world, "");
    let said = world.in_usual_places(&format!("{APPHBTEST} -n 3 -p 3 -i 200 -l 1 2>&1; echo code $?"));
    assert!(said.ends_with("code 0\n"), "{said}");
    assert!(!said.contains("failure"), "{said}");
    let registered = || world.read("apphbd.log").matches("application unregistered").count() == 3;
    until("three applications came and went", registered, || world.read("apphbd.log"));
    let said = world.in_usual_places(&format!("{APPHBTEST} -n 1 -p 1 -l 1 -F 2>&1; echo code $?"));
    assert!(said.ends_with("code 0\n"), "{said}");
    for code in ["application_silent", "application_beats_again", "application_hung_up"] {
        let told = || world.read("apphbd.log").matches(&format!("[{code}]")).count() == 1;
        until(code, told, || world.read("apphbd.log"));
    }
}

#[test]
fn a_c_program_on_the_originals_library_is_watched_by_ours() {
    let (header, compiler) = ("/usr/include/heartbeat/apphb.h", "/usr/bin/cc");
    if !needs(header) || !needs(compiler) {
        return;
    }
    let world = World::new();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../compat/hb-apphb-client/examples/beat.c");
    let program = world.path("beat");
    let built = Command::new(compiler)
        .args(["-I/usr/include/heartbeat", source, "-o"])
        .arg(&program)
        .args(["-lapphb", "-lplumb"])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let _apphbd = apphbd(&world, "");
    let said = world.in_usual_places(&format!("{} web 3", program.display()));
    let expected = "register: ok\ninterval: ok\nwarn: ok\nregister again: File exists\nunregister: ok\n";
    assert_eq!(said, expected, "{}", world.read("apphbd.log"));
}

#[test]
fn our_client_is_watched_by_the_originals_apphbd() {
    if !needs(REAL_APPHBD) {
        return;
    }
    let world = World::new();
    world.write("apphbd.cf", "realtime no\ndebug_level 0\n");
    let program = env!("CARGO_BIN_EXE_heartbeat");
    // It takes a while to listen, and dies of the first client that leaves.
    let script = format!(
        "{REAL_APPHBD} -c {} >/dev/null 2>&1 & n=0; while [ ! -S /run/heartbeat/apphb.comm ] && [ $n -lt 500 ]; do \
         n=$((n+1)); sleep 0.02; done; {program} debug beat web 1 --interval 500 & client=$!; sleep 1; \
         kill -TERM $client; wait $client; echo code $?",
        world.path("apphbd.cf").display()
    );
    let said = world.with_a_daemon(&script);
    assert!(said.contains("registered, process") && said.ends_with("code 0\n"), "{said}");
}

#[test]
fn a_stopped_application_leads_to_the_configured_action() {
    let world = World::new();
    let (user, group) = (world.said("id", &["-un"]), world.said("id", &["-gn"]));
    let done = world.path("done");
    let script = world.path("web");
    let text = format!("#!/bin/sh\necho \"$1 $APPHB_EVENT $APPHB_PID $(id -un)\" >> {}\n", done.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!(
        "{user}:{group} {}\n{{\n APPHB_NOHB = \"start it again\"\n APPHB_HUP = gone\n}}\n",
        script.display()
    );
    world.write("recoverymgrd.conf", &config);
    let _manager = world.daemon("recoverymgrd", "recoverymgrd.conf", "state/recoverymgr.comm");
    let _apphbd = apphbd(&world, "notify_plugin recmgr\n");
    let mut client = world.application("web", 300);
    let pid = client.id();
    // It beats: nothing happens for longer than its interval.
    let registered = || world.read("apphbd.log").contains("application_registered");
    until("it is registered", registered, || world.read("apphbd.log"));
    assert_eq!(world.read("done"), "");
    world.signal(pid, "-STOP");
    let expected = format!("start it again APPHB_NOHB {pid} {user}\n");
    until("the action", || world.read("done") == expected, || world.read("done") + &world.read("apphbd.log"));
    world.signal(pid, "-CONT");
    let again = || world.read("apphbd.log").contains("application_beats_again");
    until("it beats again", again, || world.read("apphbd.log"));
    world.signal(pid, "-KILL");
    client.wait().unwrap();
    let expected = format!("{expected}gone APPHB_HUP {pid} {user}\n");
    until("the other action", || world.read("done") == expected, || world.read("done"));
}

#[test]
fn a_bad_file_is_told_with_its_line_and_nothing_starts() {
    let world = World::new();
    world.write("recoverymgrd.conf", "nosuchuser:root /x { APPHB_HUP }\n");
    let said = world.start_refused("recoverymgrd", "recoverymgrd.conf");
    assert!(said.contains("recoverymgrd.conf:1: error: no user nosuchuser"), "{said}");
    world.write("apphbd.cf", "realtime no\nwatchdog_interval_ms 3\n");
    let said = world.start_refused("apphbd", "apphbd.cf");
    assert!(said.contains("apphbd.cf:2: error: `3` is no value"), "{said}");
}

#[test]
fn daemons_are_asked_for_and_stopped_as_the_originals() {
    let world = World::new();
    world.write("logd.cf", &format!("logfile {}\n", world.path("log").display()));
    let asked = |option: &str| world.command("ha_logd", &[option]);
    assert_eq!(asked("-s").status.code(), Some(3));
    let started = world.command("ha_logd", &["-c", world.path("logd.cf").to_str().unwrap()]);
    assert!(started.status.success(), "{started:?}");
    assert_eq!(asked("-s").status.code(), Some(0));
    assert!(asked("-k").status.success());
    assert_eq!(asked("-s").status.code(), Some(3));
}

/// The log's lines without time and host: `ENTITY: [PID]: TEXT`.
fn lines(world: &World, log: &str) -> Vec<String> {
    let line = |line: &str| line.split_whitespace().skip(4).collect::<Vec<_>>().join(" ");
    world.read(log).lines().map(line).collect()
}

#[test]
fn the_originals_logger_is_served_by_our_daemon_and_ours_by_the_originals() {
    if !needs(REAL_LOGGER) || !needs(REAL_LOGD) {
        return;
    }
    let world = World::new();
    let log = world.path("log");
    world.write("logd.cf", &format!("logfile {}\nlogfacility none\nsyslogmsgfmt true\n", log.display()));
    let daemon = world.daemon("ha_logd", "logd.cf", "state/log_daemon");
    let said = world.in_usual_places(&format!("{REAL_LOGGER} -t labtag 'hello log'; echo code $?"));
    assert_eq!(said, "code 0\n");
    let ours = world.command("ha_logger", &["-t", "labtag", "hello log"]);
    assert!(ours.status.success(), "{ours:?}");
    let logged = |count: usize| lines(&world, "log").iter().filter(|line| is_hello(line)).count() == count;
    until("both lines", || logged(2), || world.read("log"));
    drop(daemon);

    fs::remove_file(&log).unwrap();
    let program = env!("CARGO_BIN_EXE_heartbeat");
    let script = format!(
        "{REAL_LOGD} -c {} >/dev/null 2>&1 & n=0; until {program} ha_logger -t labtag 'hello log' 2>/dev/null || \
         [ $n -gt 500 ]; do n=$((n+1)); sleep 0.02; done; {REAL_LOGGER} -t labtag 'hello log'; n=0; \
         until [ $(grep -c 'hello log' {log}) -ge 2 ] || [ $n -gt 500 ]; do n=$((n+1)); sleep 0.02; done",
        world.path("logd.cf").display(),
        log = log.display()
    );
    let said = world.with_a_daemon(&script);
    assert!(logged(2), "{said}\n{}", world.read("log"));
}

/// `labtag: [PID]: hello log`.
fn is_hello(line: &str) -> bool {
    let pid = line.strip_prefix("labtag: [").and_then(|rest| rest.strip_suffix("]: hello log"));
    pid.is_some_and(|pid| pid.parse::<u32>().is_ok())
}

#[test]
fn a_full_disk_stops_nobody_and_what_it_lost_is_told_when_there_is_room_again() {
    let world = World::new();
    let small = world.path("small");
    fs::create_dir(&small).unwrap();
    let log = small.join("log");
    world.write("logd.cf", &format!("logfile {}\nlogfacility none\nsyslogmsgfmt true\n", log.display()));
    let mount = format!("mount -t tmpfs -o size=64k none {}", small.display());
    let daemon = world.daemon_after(&mount, "ha_logd", "logd.cf", "state/log_daemon");
    let inside = daemon.root().join(small.strip_prefix("/").unwrap());
    let seen = || fs::read_to_string(inside.join("log")).unwrap_or_default();
    let feed = |text: &str, count: usize| {
        let all = format!("{text}\n").repeat(count);
        world.feed("ha_logger", &["-t", "flood"], &all);
    };
    let text = "x".repeat(200);
    feed(&text, 1000);
    // What the disk took of a line that did not fit is there for a moment only.
    let full = || Some(seen()).is_some_and(|log| log.len() > 60_000 && log.ends_with('\n'));
    until("the disk is full, and holds whole lines", full, seen);
    feed("too late", 1);
    // Room again: as after an administrator has removed something.
    fs::write(inside.join("log"), "").unwrap();
    let told = || {
        Some(seen())
            .filter(|log| log.contains("log lines lost: the disk took none") && log.contains("]: back\n"))
    };
    let mut log = String::new();
    let back = || {
        feed("back", 1);
        told().map(|seen| log = seen).is_some()
    };
    until("the loss is told, and lines are written again", back, seen);
    let whole = |line: &str| line.contains("flood: [") || line.contains("logd: [");
    assert!(log.lines().all(whole), "{log}");
    // It was never in anybody's way.
    assert!(Duration::from_secs(60) > world.longest_feed());
}
