use super::*;
use alloc::vec::Vec;

fn resource(class: Class, agent: &str) -> Resource {
    Resource { id: "r".into(), class, agent: agent.into(), args: Vec::new(), params: Vec::new() }
}

fn said(code: i32, head: &str) -> Exit {
    Exit { head: head.into(), ..Exit::code(code) }
}

#[test]
fn classic_status_is_judged_by_words_not_by_exit_code() {
    let script = resource(Class::Heartbeat, "evt");
    let status = |code, text| interpret(&script, Action::Status, &said(code, text));
    assert_eq!(status(1, "INFO:  Running OK"), Outcome::Running);
    assert_eq!(status(3, "OK"), Outcome::Running);
    assert_eq!(status(0, "evt is not running"), Outcome::NotRunning);
    assert_eq!(status(0, "Not Running, but OK"), Outcome::NotRunning);
    assert_eq!(status(0, "INFO:  Resource is stopped"), Outcome::NotRunning);
    assert_eq!(status(0, ""), Outcome::NotRunning);
    assert_eq!(interpret(&script, Action::Start, &said(0, "not running")), Outcome::Ok);
    assert!(matches!(interpret(&script, Action::Stop, &said(1, "OK")), Outcome::Failed { rc: Some(1), .. }));
}

#[test]
fn each_ocf_code_means_what_the_table_says() {
    let agent = resource(Class::Ocf { provider: "heartbeat".into() }, "Dummy");
    let status = |code| interpret(&agent, Action::Status, &Exit::code(code));
    for code in [0, 8, 190, 191] {
        assert_eq!(status(code), Outcome::Running, "{code}");
    }
    assert_eq!(status(7), Outcome::NotRunning);
    assert!(matches!(status(5), Outcome::NotInstalled { .. }));
    for code in [1, 2, 3, 4, 6, 9, 102, 124] {
        assert!(matches!(status(code), Outcome::Failed { rc: Some(rc), .. } if rc == code), "{code}");
    }
    for code in [1, 2, 3, 4, 5, 6, 7, 8, 9, 102] {
        let stop = interpret(&agent, Action::Stop, &Exit::code(code));
        assert!(matches!(stop, Outcome::Failed { rc: Some(rc), .. } if rc == code), "stop {code}");
    }
    assert_eq!(interpret(&agent, Action::Stop, &Exit::code(0)), Outcome::Ok);
}

#[test]
fn what_the_agent_said_is_part_of_the_reason() {
    let agent = resource(Class::Ocf { provider: "heartbeat".into() }, "IPaddr2");
    let exit = Exit { reason: Some("IP address not given".into()), ..Exit::code(6) };
    let Outcome::Failed { rc, reason } = interpret(&agent, Action::Start, &exit) else {
        panic!("no failure")
    };
    assert_eq!(rc, Some(6));
    assert!(reason.contains("not configured") && reason.ends_with("IP address not given"), "{reason}");
}

#[test]
fn a_signal_is_a_failure_in_every_class() {
    for class in
        [Class::Heartbeat, Class::Lsb, Class::Rc, Class::Stonith, Class::Ocf { provider: "x".into() }]
    {
        let exit = Exit { ending: Ending::Signal(11), ..said(0, "running OK") };
        let outcome = interpret(&resource(class, "a"), Action::Status, &exit);
        assert!(matches!(outcome, Outcome::Failed { rc: None, .. }));
    }
}

#[test]
fn init_scripts_follow_the_lsb_table() {
    let script = resource(Class::Lsb, "nginx");
    let status = |code| interpret(&script, Action::Status, &Exit::code(code));
    assert_eq!(status(0), Outcome::Running);
    assert!([1, 2, 3].into_iter().all(|code| status(code) == Outcome::NotRunning));
    assert!(matches!(status(4), Outcome::Failed { rc: Some(4), .. }));
    assert!(matches!(status(5), Outcome::NotInstalled { .. }));
    assert_eq!(interpret(&script, Action::Stop, &Exit::code(0)), Outcome::Ok);
    assert!(matches!(interpret(&script, Action::Stop, &Exit::code(5)), Outcome::Failed { rc: Some(5), .. }));
}

#[test]
fn fencing_confirms_only_with_code_zero() {
    let device = resource(Class::Stonith, "external/ssh");
    assert_eq!(interpret(&device, Action::Start, &Exit::code(0)), Outcome::Ok);
    assert!((1..=7).all(|code| matches!(
        interpret(&device, Action::Start, &Exit::code(code)),
        Outcome::Failed { rc: Some(rc), .. } if rc == code
    )));
    assert!(matches!(interpret(&device, Action::Status, &Exit::code(8)), Outcome::NotInstalled { .. }));
}

#[test]
fn the_ocf_bridge_of_haresources_is_judged_as_ocf() {
    let bridge = Resource::classic("OCF::Dummy::one");
    assert_eq!(interpret(&bridge, Action::Status, &said(7, "OK")), Outcome::NotRunning);
}
