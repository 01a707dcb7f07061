//! What clients notice: sign-on, refusals, filters, messages, who is cut off when.

mod desk;

use desk::{Desk, ROOT, content, options, request, signon};
use hb_base::{ClientId, Uuid};
use hb_session::{
    Allowed, CLIENTS_MAX, Ending, HOLD_AT, Input, Peer, QUEUE_DEFAULT, QUEUE_MAX, Snapshot, Treatment,
    notices,
};
use hb_wire::Message;

const OTHER: Peer = Peer { pid: 73, uid: 0, gid: 0 };

fn desk() -> Desk {
    Desk::new(options())
}

/// Signs on and hands back the refusal's `info` and what else was said.
fn refused(desk: &mut Desk, peer: Peer, message: Message) -> (String, Vec<String>) {
    let number = 500 + desk.closed.len() as u32;
    let client = desk.connect(number, peer);
    desk.sent.clear();
    desk.receive(client, message);
    assert_eq!(desk.closed.last(), Some(&client), "a refused client is closed");
    let all: Vec<_> = desk.sent.iter().filter(|(to, _)| *to == client).map(|(_, m)| m.clone()).collect();
    assert_eq!(all[0].text("result"), Some("badreq"));
    assert!(all[0].text("deadtime").is_some(), "the library wants it in refusals too");
    let rest = all[1..].iter().map(|m| content(m)).collect();
    (all[0].text("info").unwrap_or_default().to_owned(), rest)
}

#[test]
fn refusals_have_the_originals_words() {
    let mut desk = desk();
    let stranger = Peer { pid: 73, uid: 7, gid: 8 };
    let (info, rest) = refused(&mut desk, ROOT, signon(ROOT, "nosuch"));
    assert_eq!(info, "no default client auth");
    assert_eq!(rest, ["from_id=nosuch to_id=nosuch src=n1 info=no default client auth client_gen=0"]);
    assert_eq!(refused(&mut desk, stranger, signon(stranger, "labcli")).0, "client failed authorization");
    let (info, rest) = refused(&mut desk, stranger, signon(stranger, "73"));
    assert_eq!(
        (info.as_str(), rest.len()),
        ("client failed authorization", 0),
        "a casual client hears no more"
    );
    assert_eq!(refused(&mut desk, stranger, signon(ROOT, "72")).0, "incorrect/false credentials");
    let dead = Peer { pid: 4000, ..ROOT };
    let (info, rest) = refused(&mut desk, ROOT, signon(dead, "labcli"));
    assert_eq!(info, "bad pid");
    assert_eq!(rest, ["from_id= to_id= src=n1 info=died client_gen=4"]);
    assert_eq!(refused(&mut desk, ROOT, signon(OTHER, "labcli")).0, "pid mismatch");
    let nobody = signon(ROOT, "labcli").with("pid", "0");
    assert_eq!(refused(&mut desk, ROOT, nobody).0, "bad pid");
    let mut without = signon(ROOT, "labcli");
    without.remove("uid");
    assert_eq!(refused(&mut desk, ROOT, without).0, "invalid id info");
    for name in ["", "a name that is much longer than 31", "two\nlines"] {
        assert_eq!(refused(&mut desk, ROOT, signon(ROOT, name)).0, "bad client name", "{name:?}");
    }
    desk.client(1, ROOT, "labcli");
    let (info, rest) = refused(&mut desk, OTHER, signon(OTHER, "labcli"));
    assert_eq!(info, "duplicate add request");
    assert_eq!(rest, ["from_id= to_id= src=n1 info=duplicate add request client_gen=12"]);
    assert!(desk.submitted.iter().all(|m| m.text("st") != Some("leave")), "nobody left");
    assert_eq!(desk.online.len(), 1);
}

#[test]
fn permission_is_by_user_or_group_and_default_is_for_names_without_an_entry() {
    let mut options = options();
    let entry = Allowed { users: vec![7], groups: vec![9] };
    options.permissions.0.insert("default".into(), entry);
    let mut desk = Desk::new(options);
    for (pid, uid, gid, allowed) in [(72, 7, 1, true), (73, 1, 9, true), (74, 1, 1, false)] {
        let peer = Peer { pid, uid, gid };
        let (_, result) = desk.sign_on(pid, peer, &format!("name-{pid}"));
        assert_eq!(result == "OK", allowed, "{peer:?}");
    }
}

#[test]
fn the_original_permits_its_own_programs() {
    let built_in = hb_session::Permissions::built_in(Some(102), Some(105));
    let names: Vec<&str> = built_in.0.keys().map(String::as_str).collect();
    assert_eq!(names, ["anon", "ccm", "ipfail", "lha-snmpagent", "ping"]);
    assert_eq!(built_in.0["anon"], Allowed { users: vec![0], groups: vec![105] });
    assert_eq!(built_in.0["ccm"], Allowed { users: vec![102], groups: vec![] });
}

#[test]
fn nothing_is_answered_before_the_sign_on_and_the_connection_stays() {
    let mut desk = desk();
    let client = desk.connect(1, ROOT);
    desk.receive(client, request("nodelist"));
    desk.receive(client, Message::new("anything"));
    desk.handle(Input::Garbage { client });
    desk.deliver(Message::new("news"), Treatment::Keep);
    assert!(desk.sent.is_empty() && desk.closed.is_empty() && desk.submitted.is_empty());
    assert_eq!(desk.notices, [notices::GARBAGE, notices::GARBAGE]);
    desk.receive(client, signon(ROOT, "72"));
    assert_eq!(desk.last_to(client).unwrap().text("result"), Some("OK"));
}

#[test]
fn a_process_of_another_name_space_is_believed_its_number() {
    let mut desk = desk();
    let unseen = Peer { pid: 0, ..ROOT };
    let client = desk.connect(1, unseen);
    desk.receive(client, signon(ROOT, "labcli"));
    assert_eq!(desk.last_to(client).unwrap().text("result"), Some("OK"));
}

#[test]
fn clients_of_one_name_hear_who_comes_and_goes() {
    let mut desk = desk();
    let (client, _) = desk.sign_on(1, ROOT, "labcli");
    assert_eq!(desk.kinds_to(client), ["hbapi-clstat", "hbapi-resp"], "its own arrival first");
    let join = &desk.submitted[0];
    let wanted = "from_id=labcli to_id=labcli src=n1 info=signon client_gen=0";
    assert_eq!((content(join).as_str(), join.text("st")), (wanted, Some("join")));
    for (number, (ending, info)) in
        (2..).zip([(Ending::Closed, "EOF"), (Ending::SendFailed, "sendfail"), (Ending::Hostile, "EOF")])
    {
        let client = if number == 2 { client } else { desk.client(number, ROOT, "labcli") };
        desk.handle(Input::Closed { client, ending });
        let leave = desk.submitted.last().unwrap();
        assert_eq!((leave.text("st"), leave.text("info")), (Some("leave"), Some(info)));
        assert!(desk.online.is_empty());
    }
    let client = desk.client(9, ROOT, "labcli");
    desk.receive(client, request("signoff").with("from_id", "labcli"));
    assert_eq!(desk.kinds_to(client), ["hbapi-clstat"], "one direct copy");
    assert!(desk.sent[0].1.value("seq").is_none(), "it was not on the network");
    assert_eq!(desk.closed, [client]);
    let casual = desk.client(10, ROOT, "72");
    let before = desk.submitted.len();
    desk.receive(casual, request("signoff"));
    assert_eq!((desk.sent.len(), desk.submitted.len()), (0, before), "casual clients come and go unheard");
}

#[test]
fn a_client_of_a_dead_process_is_found_although_its_connection_lives() {
    let mut desk = desk();
    let client = desk.client(1, ROOT, "labcli");
    desk.alive.remove(&72);
    let at = desk.session.deadline().expect("a look at the processes is due");
    assert_eq!(at.since(desk.now), hb_session::AUDIT_EVERY);
    desk.now = at;
    desk.handle(Input::Timer);
    assert_eq!(desk.closed, [client]);
    assert_eq!(desk.submitted.last().unwrap().text("info"), Some("died-audit"));
}

#[test]
fn a_cluster_message_carries_its_senders_name_whatever_it_claims() {
    let mut desk = desk();
    let client = desk.client(1, ROOT, "labcli");
    let other = desk.client(2, OTHER, "ccm");
    let forged = Message::new("labmsg").with("to_id", "ccm").with("from_id", "ccm").with("v", "1");
    desk.receive(client, forged);
    let sent = desk.submitted.last().unwrap();
    let fields: Vec<_> =
        sent.fields().map(|f| String::from_utf8_lossy(f.name.as_bytes()).into_owned()).collect();
    assert_eq!(fields, ["t", "to_id", "from_id", "v", "client_gen"], "in place");
    assert_eq!((sent.text("to_id"), sent.text("from_id")), (Some("labcli"), Some("labcli")));
    assert_eq!(
        (desk.kinds_to(client).len(), desk.kinds_to(other).len()),
        (1, 0),
        "its own copy, nobody else's"
    );
    desk.receive(client, Message::new("status").with("st", "dead"));
    assert_eq!(desk.submitted.last().unwrap().kind(), Some("labmsg"), "nobody speaks for the daemon");
}

#[test]
fn a_casual_client_that_sends_a_message_is_closed() {
    let mut desk = desk();
    let client = desk.client(1, ROOT, "72");
    desk.receive(client, Message::new("labmsg"));
    assert_eq!((desk.closed.as_slice(), desk.submitted.len()), (&[client][..], 0));
}

#[test]
fn a_request_in_another_ones_name_gets_no_answer() {
    let mut desk = desk();
    let client = desk.client(1, ROOT, "labcli");
    let _other = desk.client(2, OTHER, "ccm");
    let foreign =
        Message::new("hbapi-req").with("reqtype", "nodelist").with("pid", "73").with("from_id", "ccm");
    assert!(desk.ask(client, foreign).is_empty());
    let by_pid = Message::new("hbapi-req").with("reqtype", "numnodes").with("pid", "72");
    assert_eq!(desk.ask(client, by_pid), ["numnodes=2 result=OK"]);
}

#[test]
fn requests_are_answered_as_the_table_says() {
    let mut desk = desk();
    desk.nodes[1].status = "dead".into();
    desk.nodes[1].links[0].up = false;
    let client = desk.client(1, ROOT, "72");
    let cases: &[(Message, &[&str])] = &[
        (request("nodestatus").with("node", "n2"), &["st=dead result=OK"]),
        (request("nodestatus"), &["result=badreq info=EINVAL"]),
        (request("nodetype").with("node", "10.77.0.254"), &["nodetype=ping result=OK"]),
        (request("nodeweight").with("node", "zz"), &["result=badreq info=EINVAL"]),
        (request("iflist").with("node", "10.77.0.254"), &["ifname=10.77.0.254 st=up result=OK"]),
        (request("ifstatus").with("node", "n2").with("ifname", "eth0"), &["st=dead result=OK"]),
        (request("ifstatus").with("node", "n2").with("ifname", "eth9"), &["result=badreq info=EINVAL"]),
        (request("ifstatus").with("node", "n2"), &["result=badreq info=EINVAL"]),
        (
            request("clientstatus").with("node", "n2").with("cn", "x"),
            &["subt=respond-cstatus cs=offline result=OK"],
        ),
        (
            request("clientstatus").with("node", "n1").with("cn", "72"),
            &["subt=respond-cstatus cs=online result=OK"],
        ),
        (request("clientstatus").with("node", "n1"), &["result=badreq info=EINVAL"]),
        (request("getparm").with("pname", "crm"), &["pvalue=false result=OK"]),
        (request("getparm"), &["result=badreq info=EINVAL"]),
        (request("getuuid"), &["result=badreq info=no query node name found"]),
        (request("getnodename").with_uuid("queryuuid", Uuid([2; 16])), &["queryname=n2 result=OK"]),
        (request("getnodename").with_uuid("queryuuid", Uuid([9; 16])), &["result=OK"]),
        (request("getnodename"), &["result=badreq info=no query node name found"]),
        (request("setfilter").with("fmask", "40"), &["result=badreq info=EINVAL"]),
        (request("setfilter"), &["result=badreq info=EINVAL"]),
        (request("setsignal").with("signal", "9"), &["result=badreq info=EINVAL"]),
        (request("setsignal").with("signal", "32"), &["result=badreq info=EINVAL"]),
        (request("setsignal"), &["result=badreq"]),
        (request("set_sendqlen").with("sendqlen", "200"), &[]),
        (request("signon"), &["result=badreq"]),
    ];
    for (message, answers) in cases {
        assert_eq!(desk.ask(client, message.clone()), *answers, "{message:?}");
    }
    desk.held = None;
    let elsewhere = "result=badreq info=Resource is managed by crm. Use crm tool to query resource";
    assert_eq!(desk.ask(client, request("getrsc")), [elsewhere]);
    desk.nodes[1].links.clear();
    assert_eq!(desk.ask(client, request("iflist").with("node", "n2")), ["result=badreq info=UhOh"]);
}

#[test]
fn filters_decide_and_debugging_needs_a_right() {
    let mut desk = desk();
    let root = desk.client(1, ROOT, "72");
    let plain = Peer { pid: 73, uid: 7, gid: 105 };
    let other = desk.client(2, plain, "73");
    let mask =
        |pid: &str, mask| request("setfilter").with("pid", pid).with("from_id", pid).with("fmask", mask);
    assert_eq!(desk.ask(other, mask("73", "f")), ["result=badreq info=EPERM"]);
    assert_eq!(desk.ask(root, mask("72", "f")), ["result=OK"]);
    desk.sent.clear();
    desk.deliver(Message::new("status"), Treatment::Unchanged);
    assert_eq!(desk.sent.iter().map(|(to, _)| *to).collect::<Vec<_>>(), [root]);
    desk.deliver(Message::new("status"), Treatment::Keep);
    assert_eq!(desk.sent.len(), 3, "a change is everybody's");
    assert_eq!(desk.ask(root, mask("72", "3f")), ["result=OK"]);
    desk.receive(other, request("numnodes").with("pid", "73").with("from_id", "73"));
    assert_eq!(desk.kinds_to(root), ["hbapi-resp", "hbapi-req"], "raw mode shows requests of others");
    assert_eq!(desk.ask(root, mask("72", "1")).last().unwrap(), "result=OK");
    desk.receive(other, request("numnodes").with("pid", "73").with("from_id", "73"));
    assert_eq!(desk.kinds_to(root).len(), 2, "no longer");
}

#[test]
fn a_client_gets_the_signal_it_wants_with_each_message() {
    let mut desk = desk();
    let client = desk.client(1, ROOT, "72");
    desk.ask(client, request("setsignal").with("signal", "10"));
    desk.deliver(Message::new("news"), Treatment::Keep);
    assert_eq!(desk.signals, [(72, 10), (72, 10)], "with the answer and with the news");
}

#[test]
fn a_message_lost_before_the_sign_on_is_not_news_afterwards() {
    let mut desk = desk();
    let uuid = Uuid([2; 16]);
    desk.snapshots = vec![Snapshot { uuid, generation: 5, last_seq: 0x20 }];
    let client = desk.client(1, ROOT, "72");
    let message = |generation, seq| {
        Message::new("news").with_uuid("srcuuid", uuid).with_hex("hg", generation).with_hex("seq", seq)
    };
    for (generation, seq, wanted) in [(5, 0x1f, false), (5, 0x20, true), (6, 1, true), (4, 0x30, false)] {
        desk.sent.clear();
        desk.deliver(message(generation, seq), Treatment::Keep);
        assert_eq!(desk.last_to(client).is_some(), wanted, "{generation} {seq}");
    }
}

#[test]
fn a_client_that_does_not_read_is_paused_then_cut_off_and_nobody_else_is() {
    let mut desk = desk();
    let lazy = desk.client(1, ROOT, "labcli");
    let other = desk.client(2, OTHER, "ccm");
    let waiting = |messages| Input::Waiting { client: lazy, messages };
    for (messages, holds) in
        [(HOLD_AT - 1, 0), (HOLD_AT, 1), (HOLD_AT + 1, 1), (HOLD_AT / 2, 1), (3, 2), (0, 2)]
    {
        desk.handle(waiting(messages));
        assert_eq!(desk.holds.len(), holds, "at {messages}");
    }
    assert_eq!(desk.holds, [(lazy, true), (lazy, false)]);
    desk.handle(waiting(QUEUE_DEFAULT));
    assert!(desk.closed.is_empty());
    desk.handle(waiting(QUEUE_DEFAULT + 1));
    assert_eq!(desk.closed, [lazy]);
    assert!(desk.notices.contains(&notices::DROPPED));
    let leave = desk.submitted.last().unwrap();
    assert_eq!((leave.text("from_id"), leave.text("info")), (Some("labcli"), Some("sendfail")));
    desk.deliver(Message::new("news"), Treatment::Keep);
    assert_eq!(desk.last_to(other).unwrap().kind(), Some("news"));
}

#[test]
fn a_client_may_ask_for_more_room_within_a_bound() {
    let mut desk = desk();
    let client = desk.client(1, ROOT, "72");
    desk.receive(client, request("set_sendqlen").with("sendqlen", "1000000000"));
    desk.handle(Input::Waiting { client, messages: QUEUE_MAX });
    assert!(desk.closed.is_empty());
    desk.handle(Input::Waiting { client, messages: QUEUE_MAX + 1 });
    assert_eq!(desk.closed, [client]);
}

#[test]
fn more_connections_than_there_is_room_for_are_closed_and_told_at_most_once_a_second() {
    let mut desk = desk();
    for number in 0..CLIENTS_MAX as u32 {
        desk.connect(number, ROOT);
    }
    for number in 0..50 {
        desk.connect(10_000 + number, ROOT);
    }
    assert_eq!(desk.closed.len(), 50);
    assert_eq!(desk.notices, [notices::REFUSED]);
    desk.end(ClientId(0));
    desk.client(20_000, ROOT, "72");
}
