//! What packets travel over.

use hb_config::{Code, HaCf, Medium};

fn media(ha_cf: &HaCf) -> Vec<Medium> {
    ha_cf.media.iter().map(|medium| medium.value.clone()).collect()
}

/// Media that are read and told to be missing in this version; bcast of the base carries the packets.
fn first(ha_cf: &HaCf) -> Medium {
    ha_cf.media.first().expect("a medium").value.clone()
}

directive_test!(udpport, |t| {
    assert_eq!(media(&t.takes("udpport 1694")), [Medium::Bcast { interface: "eth0".into(), port: 1_694 }]);
    t.refuses("udpport 0", &[(Code::BadNumber, "1:9")]);
    t.refuses("udpport 65536", &[(Code::BadNumber, "1:9")]);
    t.refuses("udpport ha", &[(Code::BadNumber, "1:9")]);
    t.warns("udpport 694x", &[(Code::BadNumber, "1:9")]);
    let late = t.warns("bcast eth0\nudpport 1694", &[(Code::SetTooLate, "2:9")]);
    assert_eq!(media(&late), [Medium::Bcast { interface: "eth0".into(), port: 694 }]);
});

#[test]
fn the_port_without_a_directive_is_that_of_the_services_file() {
    let mut facts = crate::paul();
    facts.service_port = Some(1_700);
    let (config, _) = crate::check_on(facts, &crate::complete(""));
    assert_eq!(config.expect("sound").ha_cf.udpport.value, 1_700);
}

directive_test!(baud, |t| {
    let not_yet = (Code::NotYet, "1:1");
    assert_eq!(t.warns("baud 115200", &[not_yet]).baud.value, 115_200);
    t.refuses("baud 1200", &[not_yet, (Code::BadWord, "1:6")]);
    t.refuses("baud 9600\nbaud 9600", &[not_yet, (Code::GivenTwiceRefused, "2:1")]);
    let late = [not_yet, (Code::NotYet, "2:1"), (Code::SetTooLate, "2:6")];
    t.warns("serial /dev/ttyS0\nbaud 9600", &late);
});

directive_test!(bcast, |t| {
    let two = t.warns("bcast eth0,eth3", &[(Code::InterfaceDown, "1:12")]);
    assert_eq!(two.media.iter().map(|m| m.link()).collect::<Vec<_>>(), ["eth0", "eth3"]);
    t.refuses("bcast eth9", &[(Code::NoInterface, "1:7")]);
    t.refuses("bcast eth0 eth1", &[(Code::NoBroadcast, "1:12")]);
    t.refuses("bcast eth2", &[(Code::NoIpv4, "1:7")]);
    t.warns("bcast eth0 eth0", &[(Code::MediumTwice, "1:12")]);
    t.warns("bcast\nucast eth0 10.0.0.2", &[(Code::ValueMissing, "1:1")]);
    t.refuses("bcast", &[(Code::ValueMissing, "1:1"), (Code::NoMedia, "1:1")]);
    let old_name = crate::check_on(crate::paul(), &crate::complete("bcast\nudp eth0")).1;
    assert_eq!(old_name.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::ValueMissing, Code::OldSpelling]);
});

#[test]
fn there_may_be_64_media() {
    let line = |i: usize| format!("ucast eth0 10.1.0.{i}\n");
    let full: String = (1..=63).map(line).collect();
    let (config, _) = crate::check_on(crate::paul(), &crate::complete(&full));
    assert_eq!(config.expect("64 media").ha_cf.media.len(), 64);
    let over: String = (1..=64).map(line).collect();
    let (config, diagnostics) = crate::check_on(crate::paul(), &crate::complete(&over));
    assert!(config.is_none());
    assert_eq!(crate::places(&diagnostics), [(Code::TooManyMedia, "67:7".to_string())]);
}

directive_test!(mcast, |t| {
    let expected = Medium::Mcast {
        interface: "eth0".into(),
        group: [239, 0, 0, 1].into(),
        port: 694,
        ttl: 1,
        loopback: false,
    };
    assert_eq!(first(&t.takes("mcast eth0 239.0.0.1 694 1 0")), expected);
    t.refuses("mcast eth0 10.0.0.9 694 1 0", &[(Code::BadAddress, "1:12")]);
    t.refuses("mcast eth0 239.0.0.1 694 300 0", &[(Code::BadNumber, "1:26")]);
    t.refuses("mcast eth0 239.0.0.1 694 1 2", &[(Code::BadNumber, "1:28")]);
    t.refuses("mcast eth0 239.0.0.1 0 1 0", &[(Code::BadNumber, "1:22")]);
    t.refuses("mcast eth9 239.0.0.1 694 1 0", &[(Code::NoInterface, "1:7")]);
    t.refuses("mcast eth2 239.0.0.1 694 1 0", &[(Code::NoIpv4, "1:7")]);
    for short in ["mcast", "mcast eth0", "mcast eth0 239.0.0.1 694 1"] {
        let end = short.rfind(' ').map_or(1, |i| i + 2);
        t.refuses(short, &[(Code::ValueMissing, &format!("1:{end}"))]);
    }
    t.warns("mcast eth0 239.0.0.1 694 0 0", &[(Code::TtlZero, "1:26")]);
    t.warns("mcast eth0 239.0.0.1 694 1 0 more", &[(Code::WordsIgnored, "1:30")]);
});

directive_test!(mcast6, |t| {
    let expected = Medium::Mcast6 {
        interface: "eth0".into(),
        group: "ff12::1:2:3:4".parse().unwrap(),
        port: 694,
        hops: 1,
        loopback: true,
    };
    assert_eq!(first(&t.warns("mcast6 eth0 ff12::1:2:3:4 694 1 1", &[(Code::NotYet, "1:1")])), expected);
    t.refuses("mcast6 eth0 239.0.0.1 694 1 0", &[(Code::NotYet, "1:1"), (Code::BadAddress, "1:13")]);
    t.refuses("mcast6 eth0 ff12::1 694 5 0", &[(Code::NotYet, "1:1"), (Code::BadNumber, "1:25")]);
});

directive_test!(ucast, |t| {
    let ucast = |peer: &str, address: [u8; 4], own: bool| Medium::Ucast {
        interface: "eth0".into(),
        peer: peer.into(),
        address: Some(address.into()),
        port: 694,
        own,
    };
    assert_eq!(first(&t.takes("ucast eth0 10.0.0.2")), ucast("10.0.0.2", [10, 0, 0, 2], false));
    assert_eq!(first(&t.takes("ucast eth0 silas")), ucast("silas", [10, 0, 0, 2], false));
    // All nodes may have the same file: a line for ourselves is not sent to.
    assert_eq!(first(&t.takes("ucast eth0 10.0.0.1")), ucast("10.0.0.1", [10, 0, 0, 1], true));
    t.refuses("ucast eth0", &[(Code::ValueMissing, "1:7")]);
    t.refuses("ucast", &[(Code::ValueMissing, "1:1")]);
    t.refuses("ucast eth0 nosuch", &[(Code::UnknownHost, "1:12")]);
    t.refuses("ucast eth0 six", &[(Code::UnknownHost, "1:12")]);
    t.refuses("ucast eth0 10.0.0.256", &[(Code::BadAddress, "1:12")]);
    t.refuses("ucast eth0 10.0.0.2/24", &[(Code::BadAddress, "1:12")]);
    t.refuses("ucast eth0 2001:db8::2", &[(Code::BadAddress, "1:12")]);
    t.refuses("ucast eth0 239.0.0.1", &[(Code::BadAddress, "1:12")]);
    t.refuses("ucast eth7 10.0.0.2", &[(Code::NoInterface, "1:7")]);
    t.warns("ucast eth0 10.0.0.2 10.0.0.3", &[(Code::WordsIgnored, "1:21")]);
});

directive_test!(ucast6, |t| {
    let ha_cf = t.warns("ucast6 eth0 2001:db8::2", &[(Code::NotYet, "1:1")]);
    assert_eq!(
        first(&ha_cf),
        Medium::Ucast6 { interface: "eth0".into(), peer: "2001:db8::2".into(), port: 694 }
    );
    t.refuses("ucast6 eth0 10.0.0.2", &[(Code::NotYet, "1:1"), (Code::BadAddress, "1:13")]);
    t.refuses("ucast6 eth0 nosuch", &[(Code::NotYet, "1:1"), (Code::UnknownHost, "1:13")]);
});

directive_test!(serial, |t| {
    let ha_cf = t.warns("baud 9600\nserial /dev/ttyS0", &[(Code::NotYet, "1:1"), (Code::NotYet, "2:1")]);
    assert_eq!(first(&ha_cf), Medium::Serial { device: "/dev/ttyS0".into(), baud: 9_600 });
    t.refuses("serial /dev/ttyS9", &[(Code::NotYet, "1:1"), (Code::NoDevice, "1:8")]);
});

directive_test!(ping, |t| {
    let ha_cf = t.warns("ping 10.0.0.254 router", &[(Code::NotYet, "1:1")]);
    assert_eq!(first(&ha_cf), Medium::Ping { host: "10.0.0.254".into() });
    assert_eq!(ha_cf.media.len(), 3);
    t.refuses("ping nosuch", &[(Code::NotYet, "1:1"), (Code::UnknownHost, "1:6")]);
    t.refuses("ping ::1", &[(Code::NotYet, "1:1"), (Code::BadAddress, "1:6")]);
});

directive_test!(ping6, |t| {
    let ha_cf = t.warns("ping6 2001:db8::fe", &[(Code::NotYet, "1:1")]);
    assert_eq!(first(&ha_cf), Medium::Ping6 { host: "2001:db8::fe".into() });
    t.refuses("ping6 10.0.0.254", &[(Code::NotYet, "1:1"), (Code::BadAddress, "1:7")]);
});

directive_test!(ping_group, |t| {
    let ha_cf = t.warns("ping_group routers 10.0.0.253 router", &[(Code::NotYet, "1:1")]);
    let hosts = vec!["10.0.0.253".into(), "router".into()];
    assert_eq!(first(&ha_cf), Medium::PingGroup { name: "routers".into(), hosts });
    t.refuses("ping_group routers", &[(Code::NotYet, "1:1"), (Code::ValueMissing, "1:12")]);
    t.refuses("ping_group", &[(Code::ValueMissing, "1:1"), (Code::NotYet, "1:1")]);
});

directive_test!(hbaping, |t| {
    assert_eq!(first(&t.warns("hbaping fc-card-name", &[(Code::NotYet, "1:1")])).link(), "fc-card-name");
});

directive_test!(openais, |t| {
    assert_eq!(first(&t.warns("openais eth0", &[(Code::NotYet, "1:1")])).kind().name(), "openais");
});

directive_test!(rds, |t| {
    assert!(!first(&t.warns("rds eth0 10.0.0.2", &[(Code::NotYet, "1:1")])).is_supported());
});

directive_test!(tipc, |t| {
    assert_eq!(first(&t.warns("tipc mycluster", &[(Code::NotYet, "1:1")])).link(), "mycluster");
});

#[test]
fn media_that_cannot_be_used_are_not_enough() {
    let text = "node paul silas\nauto_failback on\nlogfacility daemon\nserial /dev/ttyS0\n";
    let (config, diagnostics) = crate::check_on(crate::paul(), text);
    assert!(config.is_none());
    let expected = [(Code::NotYet, "4:1"), (Code::NoMedia, "4:8")];
    assert_eq!(crate::places(&diagnostics), crate::expected_places(&expected));
}
