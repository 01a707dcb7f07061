use super::*;
use proptest::prelude::*;

fn placement(ip: &str, prefix: u8) -> Placement {
    Placement {
        ip: ip.parse().unwrap(),
        prefix,
        index: 7,
        label: None,
        broadcast: None,
        preferred_secs: None,
        no_prefix_route: false,
        metric: None,
    }
}

fn round_trip(message: RouteNetlinkMessage) -> RouteNetlinkMessage {
    let bytes = encode(message, NLM_F_ACK, 42);
    // As the kernel reads it: whole.
    let message = NetlinkMessage::deserialize(&bytes).unwrap();
    assert_eq!(message.header.sequence_number, 42);
    assert_eq!(message.header.flags, NLM_F_REQUEST | NLM_F_ACK);
    match message.payload {
        NetlinkPayload::InnerMessage(inner) => inner,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_ipv6_address_is_usable_at_once() {
    let RouteNetlinkMessage::NewAddress(message) = round_trip(add_address(&placement("fd00::5", 64))) else {
        panic!("not an address")
    };
    assert!(message.header.flags.contains(AddressHeaderFlags::Nodad));
    let found = read_address(&message).unwrap();
    assert_eq!((found.ip, found.prefix, found.index), ("fd00::5".parse().unwrap(), 64, 7));
    assert!(found.usable);
}

#[test]
fn label_broadcast_and_lifetime_reach_the_kernel() {
    let mut wanted = placement("10.0.0.5", 24);
    wanted.label = Some("eth0:web".into());
    wanted.broadcast = Some(Ipv4Addr::new(10, 0, 0, 255));
    wanted.preferred_secs = Some(0);
    wanted.no_prefix_route = true;
    wanted.metric = Some(9);
    let RouteNetlinkMessage::NewAddress(message) = round_trip(add_address(&wanted)) else {
        panic!("not an address")
    };
    let has = |attribute: &AddressAttribute| message.attributes.contains(attribute);
    assert!(has(&AddressAttribute::Label("eth0:web".into())));
    assert!(has(&AddressAttribute::Broadcast(Ipv4Addr::new(10, 0, 0, 255))));
    assert!(has(&AddressAttribute::RoutePriority(9)));
    assert!(has(&AddressAttribute::Flags(AddressFlags::Noprefixroute)));
    let lives = |a: &AddressAttribute| matches!(a, AddressAttribute::CacheInfo(c) if c.ifa_preferred == 0 && c.ifa_valid == u32::MAX);
    assert!(message.attributes.iter().any(lives));
}

#[test]
fn tentative_and_refused_addresses_are_not_usable() {
    let mut message = address(&placement("fd00::5", 64));
    message.attributes.push(AddressAttribute::Flags(AddressFlags::Tentative));
    assert!(!read_address(&message).unwrap().usable);
    message.attributes.push(AddressAttribute::Flags(AddressFlags::Dadfailed | AddressFlags::Permanent));
    assert!(!read_address(&message).unwrap().usable);
    message.attributes.push(AddressAttribute::Flags(AddressFlags::Permanent));
    assert!(read_address(&message).unwrap().usable);
}

#[test]
fn only_hosts_that_were_heard_on_the_interface_count_as_neighbours() {
    let mut message = NeighbourMessage::default();
    message.header.ifindex = 7;
    message.header.state = NeighbourState::Stale;
    let address = NeighbourAddress::Inet(Ipv4Addr::new(10, 0, 0, 9));
    message.attributes.push(NeighbourAttribute::Destination(address));
    message.attributes.push(NeighbourAttribute::LinkLocalAddress(vec![2, 0, 0, 0, 0, 9]));
    let found = read_neighbour(&message, 7).unwrap();
    assert_eq!(found.mac, Some(Mac([2, 0, 0, 0, 0, 9])));
    assert_eq!(read_neighbour(&message, 8), None);
    message.header.state = NeighbourState::Failed;
    assert_eq!(read_neighbour(&message, 7), None);
}

#[test]
fn several_messages_of_a_datagram_are_all_read_and_rubbish_ends_it() {
    let mut bytes = encode(ask_route("10.0.0.5".parse().unwrap()), 0, 1);
    bytes.extend(encode(remove_address(&placement("10.0.0.5", 24)), 0, 2));
    bytes.extend([0; 16]);
    assert_eq!(decode(&bytes).len(), 2);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn a_changed_message_is_survived(at in 0usize..72, value: u8) {
        let mut bytes = encode(add_address(&placement("fd00::5", 64)), 0, 1);
        let at = at % bytes.len();
        bytes[at] = value;
        for message in decode(&bytes) {
            if let NetlinkPayload::InnerMessage(inner) = message.payload {
                let _ = read_change(&inner);
            }
        }
    }
}

#[test]
fn what_is_not_read_here_spoils_nothing() {
    let whole = encode(add_address(&placement("10.0.0.5", 24)), 0, 1);
    let mut bytes = whole.clone();
    // Lifetimes of four bytes, which the crate would read sixteen of, and a flag attribute of a kernel to come.
    bytes.extend_from_slice(&[8, 0, 6, 0, 1, 2, 3, 4, 5, 0, 0xff, 0x3f, 9, 0, 0, 0]);
    let length = u32::try_from(bytes.len()).unwrap().to_ne_bytes();
    bytes[..4].copy_from_slice(&length);
    let read = |bytes: &[u8]| match decode(bytes).remove(0).payload {
        NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewAddress(message)) => read_address(&message),
        other => panic!("{other:?}"),
    };
    assert!(read(&whole).is_some());
    assert_eq!(read(&bytes), read(&whole));
}
