//! Who is in the cluster.

use hb_config::{Autojoin, Code, GenerationMethod, UuidSource};

directive_test!(node, |t| {
    let names = |ha_cf: hb_config::HaCf| {
        ha_cf.membership.nodes.iter().map(|node| node.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(t.takes("node paul silas")), ["paul", "silas"]);
    assert_eq!(names(t.takes("node Paul,SILAS")), ["paul", "silas"]);
    assert_eq!(names(t.takes("node paul\nnode silas")), ["paul", "silas"]);
    assert_eq!(names(t.warns("node paul silas PAUL", &[(Code::NodeTwice, "1:17")])), ["paul", "silas"]);
    t.warns("node paul silas barnabas", &[(Code::MoreThanTwoNodes, "1:17")]);
    t.refuses("node silas", &[(Code::OwnNodeMissing, "1:6")]);
    t.refuses("node paul si=las", &[(Code::BadNodeName, "1:11")]);
    t.refuses(&format!("node paul {}", "x".repeat(100)), &[(Code::BadNodeName, "1:11")]);
    t.refuses("node", &[(Code::ValueMissing, "1:1"), (Code::NoNodes, "1:1")]);
    let many = (0..100).map(|i| format!("node n{i}\n")).collect::<String>() + "node paul";
    t.refuses(
        &many,
        &[(Code::OwnNodeMissing, "1:6"), (Code::MoreThanTwoNodes, "3:6"), (Code::TooManyNodes, "101:6")],
    );
});

directive_test!(autojoin, |t| {
    assert_eq!(t.takes("autojoin none").membership.autojoin.value, Autojoin::None);
    t.refuses("autojoin any", &[(Code::AutojoinClassic, "1:10")]);
    t.refuses("autojoin Other", &[(Code::AutojoinClassic, "1:10")]);
    t.refuses("autojoin all", &[(Code::BadWord, "1:10")]);
    let unmanaged = t.on(|| {
        let mut facts = crate::paul();
        facts.resource_management = false;
        facts
    });
    assert_eq!(unmanaged.takes("autojoin any").membership.autojoin.value, Autojoin::Any);
});

directive_test!(cluster, |t| {
    assert_eq!(t.takes("cluster mail").membership.cluster.value, "mail");
    t.warns("cluster mail\ncluster web", &[(Code::GivenTwice, "2:9")]);
});

directive_test!(quorum_server, |t| {
    let ha_cf = t.warns("quorum_server arbiter", &[(Code::NotYet, "1:1")]);
    assert_eq!(ha_cf.membership.quorum_server.map(|server| server.value).as_deref(), Some("arbiter"));
});

directive_test!(hbgenmethod, |t| {
    assert_eq!(t.takes("hbgenmethod time").membership.generation.value, GenerationMethod::Time);
    assert_eq!(t.takes("hbgenmethod file").membership.generation.value, GenerationMethod::File);
    t.refuses("hbgenmethod File", &[(Code::BadWord, "1:13")]);
});

directive_test!(uuidfrom, |t| {
    assert_eq!(t.takes("uuidfrom nodename").membership.uuid.value, UuidSource::NodeName);
    t.refuses("uuidfrom disk", &[(Code::BadWord, "1:10")]);
});
