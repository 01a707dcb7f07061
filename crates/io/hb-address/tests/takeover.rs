//! The agent on real interfaces, in network namespaces.

mod net;

use hb_address::{AddressError, AddressSpec, Event, Started, notices};
use net::{eventually, hosts, possible};

const WRONG: &str = "02:00:00:00:00:99";

fn spec(text: &str) -> AddressSpec {
    AddressSpec::parse_short(text).unwrap()
}

#[test]
fn right_after_the_start_the_peer_sends_to_the_new_place() {
    if !possible() {
        return;
    }
    let (_switch, [owner, peer]) = hosts();
    // With duplicate detection on, an ordinary address would be unusable for a second or more.
    owner.set("ipv6/conf/eth0/accept_dad", "1");
    let mut agent = owner.agent();
    for ip in ["10.66.0.50", "fd66::50"] {
        peer.ip(&format!("neigh replace {ip} lladdr {WRONG} dev eth0 nud reachable"));
        let (now, began) = (agent.now(), std::time::Instant::now());
        assert_eq!(agent.agent.start(now, ip, &spec(ip)).unwrap(), Started::Done);
        println!("{ip}: start and first announcement took {:?}", began.elapsed());
        eventually("the peer learns", || peer.believes(ip).as_deref() == Some(&*owner.mac("eth0")));
        let listed = owner.ip("-o addr show dev eth0");
        let line = listed.lines().find(|line| line.contains(ip)).unwrap_or_else(|| panic!("{listed}"));
        assert!(!line.contains("tentative"), "{line}");
    }
    assert!(owner.ip("-o -4 addr show dev eth0").contains("10.66.0.50/24 brd 10.66.0.255"));
    assert!(owner.ip("-o -6 addr show dev eth0").contains("fd66::50/64"));
}

#[test]
fn neighbours_that_answer_are_verified_and_silent_ones_named() {
    if !possible() {
        return;
    }
    let (_switch, [owner, peer]) = hosts();
    let mac = peer.mac("eth0");
    for ip in ["10.66.0.2", "fd66::2"] {
        owner.ip(&format!("neigh replace {ip} lladdr {mac} dev eth0 nud stale"));
    }
    let mut agent = owner.agent();
    for ip in ["10.66.0.50", "fd66::50"] {
        agent.notices.clear();
        let now = agent.now();
        agent.agent.start(now, ip, &spec(ip)).unwrap();
        let verified = agent.notice(notices::ADDRESS_VERIFIED);
        assert_eq!(verified.field("neighbours").unwrap().to_string(), "1", "{ip}");
        assert_eq!(peer.believes(ip).as_deref(), Some(&*owner.mac("eth0")), "the question created the entry");
    }
    owner.ip(&format!("neigh replace 10.66.0.77 lladdr {WRONG} dev eth0 nud stale"));
    agent.notices.clear();
    let now = agent.now();
    agent.agent.start(now, "again", &spec("10.66.0.51")).unwrap();
    let notice = agent.notice(notices::ADDRESS_UNVERIFIED);
    assert_eq!(notice.field("unverified").unwrap().to_string(), "10.66.0.77");
    assert_eq!(notice.field("verified").unwrap().to_string(), "1");
}

#[test]
fn the_default_router_is_asked_even_if_it_was_never_heard() {
    if !possible() {
        return;
    }
    let (_switch, [owner, router]) = hosts();
    owner.ip("route add default via 10.66.0.2");
    owner.ip("-6 route add default via fd66::2 dev eth0");
    let mut agent = owner.agent();
    for ip in ["10.66.0.50", "fd66::50"] {
        agent.notices.clear();
        let now = agent.now();
        agent.agent.start(now, ip, &spec(ip)).unwrap();
        assert_eq!(agent.notice(notices::ADDRESS_VERIFIED).field("neighbours").unwrap().to_string(), "1");
        assert_eq!(router.believes(ip).as_deref(), Some(&*owner.mac("eth0")));
    }
}

#[test]
fn an_address_moves_between_two_hosts_and_back() {
    if !possible() {
        return;
    }
    let (_switch, [a, b, client]) = hosts();
    let (mut on_a, mut on_b) = (a.agent(), b.agent());
    for ip in ["10.66.0.50", "fd66::50"] {
        let now = on_a.now();
        on_a.agent.start(now, ip, &spec(ip)).unwrap();
        client.ip(&format!("neigh replace {ip} lladdr {} dev eth0 nud reachable", a.mac("eth0")));
        on_a.agent.stop(now, ip, &spec(ip)).unwrap();
        assert!(!a.ip("-o addr show dev eth0").contains(ip));
        let now = on_b.now();
        on_b.agent.start(now, ip, &spec(ip)).unwrap();
        eventually("moved", || client.believes(ip).as_deref() == Some(&*b.mac("eth0")));
        on_b.agent.stop(now, ip, &spec(ip)).unwrap();
        let now = on_a.now();
        on_a.agent.start(now, ip, &spec(ip)).unwrap();
        eventually("moved back", || client.believes(ip).as_deref() == Some(&*a.mac("eth0")));
        on_a.notices.clear();
        on_a.until("no conflict is seen in a clean move", |a| {
            a.notices
                .iter()
                .any(|n| [notices::ADDRESS_VERIFIED, notices::ADDRESS_UNVERIFIED].contains(&n.code))
        });
        assert!(!on_a.notices.iter().any(|n| n.code == notices::ADDRESS_CONFLICT));
    }
}

#[test]
fn a_foreign_holder_is_reported_after_the_start_and_not_fought() {
    if !possible() {
        return;
    }
    let (_switch, [a, b]) = hosts();
    let mut agent = a.agent();
    for ip in ["10.66.0.50", "fd66::50"] {
        agent.events.clear();
        let length = if ip.contains(':') { 64 } else { 24 };
        b.ip(&format!("addr add {ip}/{length} dev eth0"));
        let now = agent.now();
        agent.agent.start(now, ip, &spec(ip)).unwrap();
        agent.until("the conflict", |agent| !agent.events.is_empty());
        let Event::Conflict { id, mac, .. } = &agent.events[0] else { panic!("{:?}", agent.events) };
        assert_eq!((id.as_str(), mac.to_string()), (ip, b.mac("eth0")));
        assert!(
            a.ip("-o addr show dev eth0").contains(ip),
            "whether to give it up is not the agent's decision"
        );
        assert_eq!(agent.agent.deadline(), None, "no further announcement is planned");
        // The other machine gives way, and whoever decides says so.
        b.ip(&format!("addr del {ip}/{length} dev eth0"));
        b.ip(&format!("neigh replace {ip} lladdr {WRONG} dev eth0 nud reachable"));
        let now = agent.now();
        assert!(agent.agent.announce_again(now, ip));
        eventually("it learns where the address is", || b.believes(ip).as_deref() == Some(&*a.mac("eth0")));
        agent.notice(notices::ADDRESS_VERIFIED);
        agent.notices.clear();
    }
}

#[test]
fn asked_to_look_first_it_refuses_an_address_in_use() {
    if !possible() {
        return;
    }
    let (_switch, [a, b]) = hosts();
    let mut agent = a.agent();
    b.ip("addr add 10.66.0.50/24 dev eth0");
    b.ip("addr add fd66::50/64 dev eth0 nodad");
    for (ip, free) in [("10.66.0.50", "10.66.0.51"), ("fd66::50", "fd66::51")] {
        agent.events.clear();
        let looking = |ip: &str| AddressSpec { probe: true, ..spec(ip) };
        let now = agent.now();
        assert_eq!(agent.agent.start(now, ip, &looking(ip)).unwrap(), Started::Probing);
        agent.until("the refusal", |agent| !agent.events.is_empty());
        let Event::Started { result: Err(AddressError::InUse(mac)), .. } = &agent.events[0] else {
            panic!("{:?}", agent.events)
        };
        assert_eq!(mac.to_string(), b.mac("eth0"));
        assert!(!a.ip("-o addr show dev eth0").contains(ip));
        agent.events.clear();
        let now = agent.now();
        agent.agent.start(now, free, &looking(free)).unwrap();
        agent.until("the start", |agent| !agent.events.is_empty());
        assert!(matches!(&agent.events[0], Event::Started { result: Ok(()), .. }), "{:?}", agent.events);
        assert!(a.ip("-o addr show dev eth0").contains(free));
    }
}

#[test]
fn stop_removes_exactly_what_was_added_and_can_be_repeated() {
    if !possible() {
        return;
    }
    let (_switch, [a]) = hosts();
    let mut agent = a.agent();
    let now = agent.now();
    let full = spec("10.66.0.50/25/eth0:web/10.66.0.63");
    for _ in 0..2 {
        agent.agent.start(now, "web", &full).unwrap();
        assert!(agent.agent.status(&full).unwrap());
    }
    let listed = a.ip("-o -4 addr show dev eth0");
    assert!(listed.contains("10.66.0.50/25 brd 10.66.0.63 scope global eth0:web"), "{listed}");
    for _ in 0..2 {
        agent.agent.stop(now, "web", &full).unwrap();
        assert!(!agent.agent.status(&full).unwrap());
    }
    let listed = a.ip("-o -4 addr show dev eth0");
    assert!(listed.contains("10.66.0.1/24") && !listed.contains("10.66.0.50"), "{listed}");
    // Another process added it; the parameters say what is meant.
    a.ip("addr add 10.66.0.60/24 dev eth0");
    agent.agent.stop(now, "other", &spec("10.66.0.60/32")).unwrap();
    assert!(agent.agent.status(&spec("10.66.0.60")).unwrap(), "another prefix is another address");
    agent.agent.stop(now, "other", &spec("10.66.0.60")).unwrap();
    assert!(!agent.agent.status(&spec("10.66.0.60")).unwrap());
}

#[test]
fn removing_the_first_address_of_a_network_does_not_take_the_others_along() {
    if !possible() {
        return;
    }
    let (_switch, [a]) = hosts();
    a.set("ipv4/conf/all/promote_secondaries", "0");
    a.set("ipv4/conf/eth0/promote_secondaries", "0");
    let mut agent = a.agent();
    let now = agent.now();
    let (first, second) = (spec("10.77.0.1/24/eth0"), spec("10.77.0.2/24/eth0"));
    agent.agent.start(now, "first", &first).unwrap();
    agent.agent.start(now, "second", &second).unwrap();
    agent.agent.stop(now, "first", &first).unwrap();
    assert!(agent.agent.status(&second).unwrap());
    agent.notice(notices::ADDRESS_RESTORED);
    assert!(agent.events.is_empty(), "{:?}", agent.events);
}

#[test]
fn an_unusable_ipv6_address_becomes_usable() {
    if !possible() {
        return;
    }
    let (_switch, [a]) = hosts();
    a.set("ipv6/conf/eth0/accept_dad", "1");
    a.set("ipv6/conf/eth0/dad_transmits", "60");
    a.ip("addr add fd66::50/64 dev eth0");
    assert!(a.ip("-o -6 addr show dev eth0").contains("tentative"));
    let mut agent = a.agent();
    let now = agent.now();
    assert!(!agent.agent.status(&spec("fd66::50")).unwrap());
    agent.agent.start(now, "six", &spec("fd66::50/64")).unwrap();
    assert!(agent.agent.status(&spec("fd66::50")).unwrap());
}

#[test]
fn what_cannot_be_started_is_told_in_words() {
    if !possible() {
        return;
    }
    let (_switch, [a]) = hosts();
    let mut agent = a.agent();
    let now = agent.now();
    let mut error = |text: &str| agent.agent.start(now, text, &spec(text)).unwrap_err().to_string();
    assert!(error("192.168.9.9").contains("no connected network holds 192.168.9.9"));
    assert!(error("fd99::1").contains("no connected network"));
    assert!(error("10.66.0.50/24/eth7").contains("no interface `eth7`"));
    a.ip("link set eth0 down");
    assert!(error("10.66.0.50/24/eth0").contains("`eth0` is down"));
    assert!(agent.agent.held().next().is_none());
}

#[test]
fn an_address_removed_by_somebody_else_is_reported() {
    if !possible() {
        return;
    }
    let (_switch, [a]) = hosts();
    let mut agent = a.agent();
    let now = agent.now();
    // A quick stop and start must not be taken for a loss.
    agent.agent.start(now, "web", &spec("10.66.0.50")).unwrap();
    agent.agent.stop(now, "web", &spec("10.66.0.50")).unwrap();
    agent.agent.start(now, "web", &spec("10.66.0.50")).unwrap();
    agent.notice(notices::ADDRESS_VERIFIED);
    assert!(agent.events.is_empty(), "{:?}", agent.events);
    a.ip("addr del 10.66.0.50/24 dev eth0");
    agent.until("the loss", |agent| !agent.events.is_empty());
    assert!(matches!(&agent.events[0], Event::Lost { id } if id == "web"));
    assert!(agent.agent.held().next().is_none());
}

#[test]
fn a_cable_that_comes_back_brings_a_new_announcement() {
    if !possible() {
        return;
    }
    let (switch, [a, peer]) = hosts();
    let mut agent = a.agent();
    let now = agent.now();
    agent.agent.start(now, "web", &spec("10.66.0.50")).unwrap();
    agent.notice(notices::ADDRESS_VERIFIED);
    switch.ip("link set p0 down");
    agent.until("the carrier goes", |_| a.ip("-o link show eth0").contains("NO-CARRIER"));
    peer.ip(&format!("neigh replace 10.66.0.50 lladdr {WRONG} dev eth0 nud reachable"));
    switch.ip("link set p0 up");
    agent.until("the peer learns again", |_| peer.believes("10.66.0.50").as_deref() == Some(&*a.mac("eth0")));
}
