//! The executor as its master sees it.

mod world;

use std::fs;
use std::time::Duration;

use hb_agents::{call_executor, retire_executor};
use hb_lrm::channel::{Report, Request};
use hb_lrm::{Action, Class, Outcome, Resource, notices};
use world::{World, apart, needs, ocf, run};

fn lsb(name: &str) -> Resource {
    Resource { id: name.into(), class: Class::Lsb, agent: name.into(), args: vec![], params: vec![] }
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn operations_come_back_with_their_results_in_order() {
    let mut world = World::new();
    let log = world.file("log");
    world.script("init.d/a", &format!("#!/bin/sh\necho $1 >> {}\nexit 0\n", log.display()));
    let calls: Vec<_> = [Action::Start, Action::Status, Action::Stop]
        .into_iter()
        .map(|action| world.submit(&lsb("a"), action, None))
        .collect();
    assert_eq!(world.outcome(calls[2]), Outcome::Ok);
    let results: Vec<_> = world.done.iter().map(|done| (done.call, done.outcome.word())).collect();
    assert_eq!(results, [(calls[0], "ok"), (calls[1], "running"), (calls[2], "ok")]);
    assert_eq!(fs::read_to_string(log).unwrap(), "start\nstatus\nstop\n");
}

#[test]
fn each_ocf_code_becomes_the_right_outcome_with_a_clear_notice() {
    let mut world = World::new();
    let body = "#!/bin/sh\necho ocf-exit-reason:because >&2\nexit $OCF_RESKEY_rc\n";
    world.script("ocf/resource.d/heartbeat/Codes", body);
    for (rc, words) in [
        (1, "generic error"),
        (2, "invalid arguments"),
        (3, "does not implement"),
        (4, "insufficient privileges"),
        (5, "not installed"),
        (6, "not configured correctly"),
        (7, "not running after its start"),
        (8, "promoted"),
        (9, "failed in promoted role"),
        (102, "does not know"),
        (124, "gave up waiting"),
        (190, "degraded"),
        (191, "degraded"),
    ] {
        world.notices.clear();
        let agent = ocf("Codes", &[("rc", &rc.to_string())]);
        let reason = match (rc, world.act(&agent, Action::Start)) {
            (5, Outcome::NotInstalled { reason }) => reason,
            (_, Outcome::Failed { rc: Some(found), reason }) if found == rc => reason,
            (_, other) => panic!("start {rc}: {other:?}"),
        };
        assert!(reason.contains(words) && reason.ends_with("because"), "{rc}: {reason}");
        let told = world.notices.iter().find(|n| n.code == notices::OPERATION_FAILED).unwrap();
        assert_eq!(told.field("reason").unwrap().to_string(), reason);
        let status = world.act(&agent, Action::Status);
        match rc {
            7 => assert_eq!(status, Outcome::NotRunning),
            8 | 190 | 191 => assert_eq!(status, Outcome::Running),
            5 => assert!(matches!(status, Outcome::NotInstalled { .. })),
            _ => assert!(matches!(status, Outcome::Failed { .. }), "status {rc}: {status:?}"),
        }
        assert_eq!(world.has(notices::RESOURCE_DEGRADED), rc >= 190, "{rc}");
    }
}

#[test]
fn a_hanging_script_is_ended_with_its_whole_group() {
    let mut world = World::new();
    let pid = world.file("pid");
    let body = format!("#!/bin/sh\nsleep 1000 &\necho $! > {}\nwait\n", pid.display());
    world.script("init.d/hang", &body);
    let call = world.submit(&lsb("hang"), Action::Start, Some(Duration::from_millis(300)));
    assert_eq!(world.outcome(call), Outcome::TimedOut);
    assert!(world.has(notices::OPERATION_TIMED_OUT));
    let child = fs::read_to_string(pid).unwrap();
    world.until("the child of the script ends", |_| !is_alive(&child));
}

#[test]
fn a_script_that_ignores_term_is_killed_five_seconds_later() {
    let mut world = World::new();
    world.script("init.d/deaf", "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n");
    let call = world.submit(&lsb("deaf"), Action::Start, Some(Duration::from_millis(100)));
    assert_eq!(world.outcome(call), Outcome::TimedOut);
    assert!(world.has(notices::OPERATION_KILLED));
}

#[test]
fn a_missing_script_is_told_as_such() {
    let mut world = World::new();
    let outcome = world.act(&Resource::classic("nobody::x"), Action::Start);
    assert!(
        matches!(&outcome, Outcome::NotInstalled { reason } if reason.contains("resource.d")),
        "{outcome:?}"
    );
}

#[test]
fn rubbish_on_the_channel_is_told_and_survived() {
    let mut world = World::new();
    rustix::net::send(world.master.as_ref().unwrap(), b"rubbish", rustix::net::SendFlags::empty()).unwrap();
    world.until("the notice", |world| world.has(hb_agents::notices::REQUEST_MISUNDERSTOOD));
    world.script("init.d/a", "#!/bin/sh\nexit 0\n");
    assert_eq!(world.act(&lsb("a"), Action::Start), Outcome::Ok);
}

#[test]
fn a_returning_master_hears_what_runs_and_what_ended_meanwhile() {
    let mut world = World::new();
    let (go, first) = (world.file("go"), world.file("first"));
    let wait = |file: &std::path::Path| {
        format!("#!/bin/sh\nwhile [ ! -e {} ]; do sleep 0.02; done\nexit 0\n", file.display())
    };
    world.script("init.d/quick", &wait(&first));
    world.script("init.d/slow", &wait(&go));
    let quick = world.submit(&lsb("quick"), Action::Start, None);
    let slow = world.submit(&lsb("slow"), Action::Start, None);
    world.submit(&lsb("slow"), Action::Status, None);
    world.until("both run", |world| {
        world.notices.iter().filter(|n| n.code == notices::OPERATION_STARTED).count() == 2
    });
    world.master = None;
    world.until("the loss is noticed", |world| world.has(notices::MASTER_LOST));
    fs::write(&first, "").unwrap();
    world.until("the quick one ends", |world| world.has(notices::OPERATION_DONE));
    world.states.clear();
    world.master = call_executor(&world.file("lrmd")).unwrap();
    assert!(world.master.is_some());
    world.until("the state", |world| !world.states.is_empty());
    let state = world.states.remove(0);
    assert_eq!(state.active, ["quick"]);
    assert_eq!(state.running.iter().map(|r| r.call).collect::<Vec<_>>(), [slow]);
    let finished: Vec<_> = state.finished.iter().map(|d| (d.call, d.outcome.word())).collect();
    assert!(finished.contains(&(quick, "ok")), "{finished:?}");
    assert!(finished.iter().any(|(_, word)| *word == "cancelled"), "nothing is started without a master");
    fs::write(&go, "").unwrap();
    assert_eq!(world.outcome(slow), Outcome::Ok);
}

#[test]
fn addresses_go_with_the_master_and_stay_when_it_returns_at_once() {
    if !needs(&[("/sbin/ip", "iproute2")]) {
        return;
    }
    apart(|| {
        let mut world = World::new();
        let (kept, gone) =
            (Resource::classic("10.66.0.50"), Resource::classic("IPaddr2::10.66.0.51/24/eth0"));
        for address in [&kept, &gone] {
            assert_eq!(world.act(address, Action::Start), Outcome::Ok, "{:?}", world.log());
            assert_eq!(world.act(address, Action::Status), Outcome::Running);
        }
        world.master = call_executor(&world.file("lrmd")).unwrap();
        world.states.clear();
        world.until("the state", |world| !world.states.is_empty());
        assert_eq!(world.states[0].active.len(), 2);
        world.tell(&Request::Adopt { resources: vec![kept.id.clone()] });
        world.until("the other is released", |world| world.has(notices::ADDRESS_ABANDONED));
        let listed = run("ip -o addr show dev eth0");
        assert!(listed.contains("10.66.0.50/24") && !listed.contains("10.66.0.51"), "{listed}");
        world.master = None;
        world.until("all are released", |_| !run("ip -o addr show dev eth0").contains("10.66.0.50"));
    });
}

#[test]
fn the_master_hears_of_an_address_that_somebody_removed_and_of_one_that_another_machine_has() {
    if !needs(&[("/sbin/ip", "iproute2")]) {
        return;
    }
    apart(|| {
        let mut world = World::new();
        let address = Resource::classic("10.66.0.50/24/eth0");
        assert_eq!(world.act(&address, Action::Start), Outcome::Ok);
        run("ip addr del 10.66.0.50/24 dev eth0");
        world.until("the loss is told", |world| !world.news.is_empty());
        assert_eq!(world.news, [Report::Lost { resource: address.id.clone() }]);
        assert_eq!(world.act(&address, Action::Start), Outcome::Ok);
        // Another machine at the far end of the wire claims it.
        world.news.clear();
        let mut other = std::process::Command::new("unshare").args(["-n", "sleep", "600"]).spawn().unwrap();
        let there = format!("nsenter -t {} -n", other.id());
        let own = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let elsewhere = format!("/proc/{}/ns/net", other.id());
        world.until("it is apart", |_| std::fs::read_link(&elsewhere).is_ok_and(|net| net != own));
        run(&format!("ip link set far netns {}", other.id()));
        run(&format!("{there} sysctl -q -w net.ipv4.conf.far.arp_notify=1"));
        run(&format!("{there} ip addr add 10.66.0.50/24 dev far"));
        run(&format!("{there} ip link set far up"));
        world.until("the conflict is told", |world| {
            let ours =
                |news: &Report| matches!(news, Report::Conflict { resource, .. } if *resource == address.id);
            world.news.iter().any(ours)
        });
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(world.act(&address, Action::Stop), Outcome::Ok);
        assert!(!run("ip -o addr show dev eth0").contains("10.66.0.50"), "ours is removed, and no other");
    });
}

#[test]
fn address_operations_report_what_is_wrong_in_words() {
    if !needs(&[("/sbin/ip", "iproute2")]) {
        return;
    }
    apart(|| {
        let mut world = World::new();
        world.cycle(&Resource::classic("10.66.0.50/24/eth0:1/10.66.0.255"));
        world.cycle(&Resource::classic("IPv6addr::fd66::50"));
        world.cycle(&Resource::classic("fd66::51/64"));
        let failed = |outcome: Outcome, code: i32, words: &str| match outcome {
            Outcome::Failed { rc: Some(rc), reason } if rc == code => {
                assert!(reason.contains(words), "{reason}");
            }
            other => panic!("{other:?}"),
        };
        failed(world.act(&Resource::classic("192.168.7.7"), Action::Start), 1, "no connected network");
        failed(world.act(&Resource::classic("10.66.0.50/24/eth9"), Action::Start), 5, "no interface `eth9`");
        failed(world.act(&Resource::classic("IPaddr2::nonsense"), Action::Start), 6, "not an address");
    });
}

#[test]
fn a_successor_sends_the_old_executor_away() {
    if !needs(&[("/sbin/ip", "iproute2")]) {
        return;
    }
    apart(|| {
        let mut world = World::new();
        let address = Resource::classic("10.66.0.50");
        assert_eq!(world.act(&address, Action::Start), Outcome::Ok);
        let path = world.file("lrmd");
        let asked = std::thread::spawn(move || retire_executor(&path).unwrap());
        world.until("it is over", |world| world.executor.is_over());
        assert!(asked.join().unwrap());
        assert!(!run("ip -o addr show dev eth0").contains("10.66.0.50"));
        assert!(!world.file("lrmd").exists());
        assert!(!retire_executor(&world.file("lrmd")).unwrap());
    });
}
