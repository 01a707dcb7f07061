//! Targets of hb-address: what the network and the kernel send.

use hb_address::frames::{self, Mac};
use hb_address::netlink;
use netlink_packet_core::NetlinkPayload;

/// Frames of ARP and neighbour discovery.
pub fn frame(bytes: &[u8]) {
    let Some(heard) = frames::decode(bytes) else { return };
    let Some(claimed) = heard.claimed else { return };
    // What somebody claims can be said by us too, and is then heard as it was meant.
    let own = Mac([2, 0, 0, 0, 0, 1]);
    let again = frames::decode(&frames::announcement(claimed, own, false));
    assert!(again.is_some_and(|again| again.claimed == Some(claimed) && again.mac == own));
    if let Some(question) = frames::query(claimed, own, heard.target, Some(heard.mac)) {
        assert_eq!(question.get(..6), Some(&heard.mac.0[..]));
        let unspecified = claimed.is_unspecified();
        let again = frames::decode(&question);
        assert!(
            again.is_some_and(|again| again.target == heard.target && again.claimed.is_none() == unspecified)
        );
    }
}

/// Messages of the kernel.
pub fn netlink(bytes: &[u8]) {
    for message in netlink::decode(bytes) {
        if let NetlinkPayload::InnerMessage(inner) = &message.payload {
            let _ = netlink::read_change(inner);
        }
    }
}
