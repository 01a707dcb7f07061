//! Section 9: adding and removing nodes, weights and sites, questions about clients.

mod talk;

use hb_cluster::{Input, Output, notices};
use hb_wire::Message;
use talk::{Peer, Talk, ms};

/// Three nodes in service, host cache written.
fn trio() -> (Talk, Peer, Peer) {
    let (mut n2, mut n3) = (Peer::new("n2"), Peer::new("n3"));
    let mut options = talk::options(&["n1", "n2", "n3"]);
    options.manages_resources = false;
    let talk = Talk::active_with(options, &mut [&mut n2, &mut n3]);
    (talk, n2, n3)
}

fn names(talk: &Talk) -> Vec<String> {
    talk.cluster.view().nodes().map(|node| node.name().to_string()).collect()
}

/// n3 falls silent and dies; n2 stays.
fn bury_n3(talk: &mut Talk, n2: &mut Peer) {
    for _ in 0..5 {
        talk.after(ms(1_000));
        talk.hear(&n2.next(n2.status("active")));
    }
    assert_eq!((talk.status("n3").as_str(), talk.status("n2").as_str()), ("dead", "active"));
}

#[test]
fn nodes_are_added_and_die_normally() {
    let (mut talk, mut n2, _) = trio();
    talk.hear(&n2.next(Message::new("addnode").with("nodelist", "n4 n2 N5")));
    assert_eq!(names(&talk), ["n1", "n2", "n3", "n4", "n5"]);
    bury_n3(&mut talk, &mut n2);
    assert_eq!(talk.status("n4"), "dead");
    let hosts = String::from_utf8(talk.stored.hostcache.clone().unwrap()).unwrap();
    assert_eq!(hosts.lines().count(), 5);
}

#[test]
fn only_the_dead_are_removed_and_only_while_all_others_are_there() {
    let (mut talk, mut n2, _) = trio();
    talk.hear(&n2.next(Message::new("delnode").with("nodelist", "n3")));
    assert!(talk.noticed(notices::REMOVAL_REFUSED));
    bury_n3(&mut talk, &mut n2);
    talk.hear(&n2.next(n2.status("init")));
    talk.hear(&n2.next(Message::new("delnode").with("nodelist", "n3")));
    assert_eq!(names(&talk), ["n1", "n2", "n3"], "n2 is not in service");
    talk.hear(&n2.next(n2.status("active")));
    talk.take();
    talk.hear(&n2.next(Message::new("delnode").with("nodelist", "n3 ")));
    assert_eq!(names(&talk), ["n1", "n2"]);
    let told = talk.out.iter().any(|output| match output {
        Output::Local { message } => message.kind() == Some("delnode") && message.text("node") == Some("n3"),
        _ => false,
    });
    assert!(told);
    let removed = String::from_utf8(talk.stored.delhostcache.clone().unwrap()).unwrap();
    assert!(removed.starts_with("n3\t"), "{removed}");
    talk.take();
    talk.hear(&n2.next(Message::new("reqnodes").with("dest", "n1")));
    let answer = talk.sent("repnodes").pop().unwrap();
    assert_eq!((answer.text("nodelist"), answer.text("delnodelist")), (Some("n1 n2 "), Some("n3 ")));
}

#[test]
fn a_removed_node_is_a_stranger_until_it_is_added_again() {
    let (mut talk, mut n2, mut n3) = trio();
    bury_n3(&mut talk, &mut n2);
    talk.hear(&n2.next(Message::new("delnode").with("nodelist", "n3")));
    talk.hear(&n3.next(n3.status("active")));
    assert_eq!(talk.cluster.view().counters().strangers, 1);
    talk.hear(&n2.next(Message::new("addnode").with("nodelist", "n3")));
    talk.hear(&n3.next(n3.status("active")));
    assert_eq!(talk.status("n3"), "active");
    assert_eq!(String::from_utf8(talk.stored.delhostcache.clone().unwrap()).unwrap(), "");
}

#[test]
fn a_node_that_is_removed_itself_shuts_down() {
    let (mut talk, mut n2, _) = trio();
    talk.hear(&n2.next(Message::new("delnode").with("nodelist", "n1")));
    assert!(talk.out.iter().any(|output| matches!(output, Output::Removed)));
    assert_eq!(names(&talk).len(), 3);
}

#[test]
fn weights_and_sites_are_kept() {
    let (mut talk, mut n2, _) = trio();
    talk.hear(&n2.next(Message::new("setweight").with("node", "n2").with("weight", "50")));
    talk.input(Input::Submit { message: Message::new("setsite").with("node", "N2").with("site", "here\t") });
    talk.hear(&n2.next(Message::new("setweight").with("node", "n9").with("weight", "50")));
    talk.hear(&n2.next(Message::new("setweight").with("node", "n2").with("weight", "many")));
    assert_eq!((talk.node("n2").weight(), talk.node("n2").site()), (50, "here"));
    let hosts = String::from_utf8(talk.stored.hostcache.clone().unwrap()).unwrap();
    assert!(hosts.contains("\t50\there\n"), "{hosts}");
}

#[test]
fn nothing_is_written_when_resources_are_managed_here() {
    let mut n2 = Peer::new("n2");
    let mut talk = Talk::active(&mut [&mut n2]);
    talk.hear(&n2.next(Message::new("setweight").with("node", "n2").with("weight", "50")));
    assert_eq!(talk.stored.hostcache, None);
}

#[test]
fn a_node_list_adds_the_unknown_and_drops_the_absent() {
    let (mut talk, mut n2, _) = trio();
    talk.hear(&n2.next(Message::new("addnode").with("nodelist", "n4")));
    let list =
        Message::new("repnodes").with("dest", "n1").with("nodelist", "n1 n2 n6 ").with("delnodelist", " ");
    talk.hear(&n2.next(list));
    assert_eq!(names(&talk), ["n1", "n2", "n3", "n6"], "n3 lives, n4 was never heard");
}

#[test]
fn questions_about_clients_are_answered() {
    let (mut talk, mut n2, _) = trio();
    talk.input(Input::Client { name: "ccm".into(), online: true });
    talk.input(Input::Client { name: "gone".into(), online: true });
    talk.input(Input::Client { name: "gone".into(), online: false });
    for (client, expected) in [("ccm", "online"), ("gone", "offline"), ("nosuch", "offline")] {
        let question =
            Message::new("query-cstatus").with("dest", "n1").with("cn", client).with("from_id", "77");
        talk.hear(&n2.next(question));
        let answer = talk.sent("respond-cstatus").pop().unwrap();
        let fields: Vec<_> = answer.fields().take(6).map(|field| field.name.to_string()).collect();
        assert_eq!(fields, ["t", "dest", "result", "cn", "to_id", "cs"]);
        let values =
            ["dest", "result", "cn", "to_id", "cs"].map(|field| answer.text(field).unwrap().to_string());
        assert_eq!(values, ["n2", "OK", client, "77", expected]);
    }
    let other = Message::new("query-cstatus").with("dest", "n3").with("cn", "ccm").with("from_id", "77");
    talk.hear(&n2.next(other));
    assert!(talk.sent("respond-cstatus").is_empty());
}

#[test]
fn the_table_has_an_end() {
    let (mut talk, mut n2, _) = trio();
    for n in 0..40 {
        let list: String = (0..10).map(|m| format!("x{n}y{m} ")).collect();
        talk.hear(&n2.next(Message::new("addnode").with("nodelist", list)));
    }
    assert_eq!(names(&talk).len(), 256);
    assert!(talk.noticed(notices::TABLE_FULL));
}
