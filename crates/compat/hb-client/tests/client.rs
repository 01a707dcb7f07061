//! The client against the product's sessions.

mod daemon;

use daemon::{Daemon, PATIENCE};
use hb_client::{Client, ClientState, Error, Event, Filter, Message, SignOn};
use std::time::Duration;

fn client(daemon: &Daemon, name: &str) -> Client {
    Client::sign_on(&SignOn::named(name).at(daemon.path()).within(PATIENCE)).unwrap()
}

fn casual(daemon: &Daemon) -> Client {
    Client::sign_on(&SignOn::casual().at(daemon.path()).within(PATIENCE)).unwrap()
}

fn next(client: &mut Client) -> Event {
    client.wait(PATIENCE).unwrap().expect("an event")
}

#[test]
fn signing_on_tells_of_the_daemon() {
    let daemon = Daemon::start();
    let client = casual(&daemon);
    assert_eq!((client.node(), client.version(), client.logfacility()), ("n1", "test", Some(0)));
    assert_eq!((client.deadtime(), client.keepalive()), (Duration::from_secs(30), Duration::from_secs(1)));
    assert!(client.is_casual());
    assert_eq!(client.id(), std::process::id().to_string());
    client.sign_off().unwrap();
}

#[test]
fn without_a_daemon_or_a_right_there_is_no_client() {
    let missing = SignOn::casual().at("/nonexistent/register".as_ref());
    assert!(matches!(Client::sign_on(&missing), Err(Error::Connect { .. })));
    let daemon = Daemon::start();
    match Client::sign_on(&SignOn::named("nosuch").at(daemon.path())) {
        Err(Error::SignOn { reason }) => assert_eq!(reason, "no default client auth"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_question_has_its_answer() {
    let daemon = Daemon::start();
    let mut client = casual(&daemon);
    let names: Vec<String> =
        client.nodes().unwrap().iter().map(|n| format!("{} {} {}", n.name, n.kind, n.status)).collect();
    assert_eq!(names, ["n1 normal active", "n2 normal active", "gate ping ping"]);
    assert_eq!(client.node_status("n2").unwrap(), "active");
    assert_eq!(client.node_type("gate").unwrap(), "ping");
    assert_eq!(client.node_weight("n2").unwrap(), 100);
    assert_eq!(client.node_site("n2").unwrap(), "here");
    assert_eq!(client.node_count().unwrap(), 2);
    let links: Vec<String> =
        client.links("n2").unwrap().iter().map(|l| format!("{} {}", l.name, l.status)).collect();
    assert_eq!(links, ["eth0 up", "eth1 dead"]);
    assert_eq!(client.link_status("n2", "eth1").unwrap(), "dead");
    assert_eq!(client.parameter("keepalive").unwrap().as_deref(), Some("500ms"));
    assert_eq!(client.parameter("nosuch").unwrap(), None);
    assert_eq!(client.resources().unwrap(), "local");
    assert_eq!(client.uuid_of("n2").unwrap(), Some([2; 16]));
    assert_eq!(client.uuid_of("nosuch").unwrap(), None);
    assert_eq!(client.name_of([2; 16]).unwrap().as_deref(), Some("n2"));
    client.set_signal(0).unwrap();
    client.set_queue(2000).unwrap();
    match client.node_status("nosuch") {
        Err(Error::Refused { request, reason }) => {
            assert_eq!((request.as_str(), reason.as_str()), ("nodestatus", "EINVAL"));
        }
        other => panic!("{other:?}"),
    }
    let own = std::process::id().to_string();
    assert_eq!(client.client_status("n1", &own, PATIENCE).unwrap(), ClientState::Online);
    assert_eq!(client.client_status("n1", "nosuch", PATIENCE).unwrap(), ClientState::Offline);
}

#[test]
fn another_nodes_answer_counts_and_a_late_one_is_an_event() {
    let daemon = Daemon::start();
    let mut client = client(&daemon, "labcli");
    let _own_arrival = next(&mut client);
    let limit = Duration::from_millis(10);
    assert!(matches!(client.client_status("n2", "ccm", limit), Err(Error::TimedOut(_))));
    let answer =
        Message::new("respond-cstatus").with("result", "OK").with("cn", "ccm").with("to_id", "labcli");
    daemon.tell(answer.with("src", "n2").with("cs", "online"));
    match next(&mut client) {
        Event::Client { node, client, status, .. } => {
            assert_eq!((node.as_str(), client.as_str(), status.as_str()), ("n2", "ccm", "online"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_are_what_they_are_and_keep_their_order_around_questions() {
    let daemon = Daemon::start();
    let mut client = casual(&daemon);
    daemon.tell(Message::new("status").with("src", "n2").with("st", "dead"));
    daemon.tell(Message::new("ifstat").with("node", "n2").with("ifname", "eth0").with("st", "dead"));
    daemon.tell(Message::new("other").with("src", "n2"));
    // The answer comes behind some of them, which must not be lost.
    assert_eq!(client.node_count().unwrap(), 2);
    match (next(&mut client), next(&mut client), next(&mut client)) {
        (Event::Node { node, status, .. }, Event::Link { link, .. }, Event::Message(other)) => {
            assert_eq!((node.as_str(), status.as_str(), link.as_str()), ("n2", "dead", "eth0"));
            assert_eq!(other.kind(), Some("other"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(client.poll().unwrap(), None);
    assert_eq!(client.wait(Duration::ZERO).unwrap(), None);
}

#[test]
fn messages_go_to_clients_of_the_same_name_and_ordered_ones_are_numbered() {
    let daemon = Daemon::start();
    let mut client = client(&daemon, "labcli");
    match next(&mut client) {
        Event::Client { status, .. } => assert_eq!(status, "join"),
        other => panic!("{other:?}"),
    }
    client.send(&Message::new("plain")).unwrap();
    client.send_ordered(Message::new("one")).unwrap();
    client.send_ordered(Message::new("two")).unwrap();
    client.send_to("n1", Message::new("mine")).unwrap();
    client.send_to("n2", Message::new("theirs")).unwrap();
    client.send_ordered_to("n1", Message::new("three")).unwrap();
    let got: Vec<(String, Option<u64>)> = (0..5)
        .map(|_| {
            let message = next(&mut client).into_message().unwrap();
            (message.kind().unwrap_or_default().to_owned(), message.hex("oseq"))
        })
        .collect();
    let wanted = [("plain", None), ("one", Some(1)), ("two", Some(2)), ("mine", None), ("three", Some(1))];
    assert_eq!(got, wanted.map(|(kind, number)| (kind.to_owned(), number)));
    let late = |number| Message::new("late").with("src", "n9").with_hex("hg", 7).with_hex("oseq", number);
    for number in [1, 3, 2] {
        daemon.tell(late(number));
    }
    for wanted in 1..=3 {
        assert_eq!(next(&mut client).into_message().unwrap().hex("oseq"), Some(wanted));
    }
    let mut silent = casual(&daemon);
    assert!(matches!(silent.send(&Message::new("x")), Err(Error::Casual)));
}

#[test]
fn filters_show_more() {
    let daemon = Daemon::start();
    let mut watcher = casual(&daemon);
    watcher.set_filter(Filter::Raw).unwrap();
    let mut other = client(&daemon, "labcli");
    other.node_count().unwrap();
    let kinds: Vec<_> = (0..2)
        .map(|_| next(&mut watcher).into_message().unwrap().text("reqtype").map(str::to_owned))
        .collect();
    assert_eq!(kinds, [Some("signon".to_owned()), Some("numnodes".to_owned())]);
    // One's own requests are shown as well, before their answers.
    watcher.set_filter(Filter::Usual).unwrap();
    assert_eq!(next(&mut watcher).into_message().unwrap().text("reqtype"), Some("setfilter"));
}

#[test]
fn the_end_of_the_daemon_is_an_error_and_not_a_silence() {
    let daemon = Daemon::start();
    let mut client = casual(&daemon);
    drop(daemon);
    assert!(matches!(client.wait(PATIENCE), Err(Error::Closed)));
    assert!(client.node_count().is_err());
}
