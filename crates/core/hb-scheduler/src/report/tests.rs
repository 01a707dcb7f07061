use super::nodes::state;
use super::{Listing, Shape, Show, status};
use crate::model::{Node, NodeKind};
use alloc::format;
use alloc::string::String;
use hb_cib::{Document, Moment};

const NOW: i64 = 1_700_000_000;

/// The status of a cluster of two nodes, `a` online and `b` as given, with these resources and histories.
fn shown(resources: &str, b: &str, histories: [&str; 2]) -> String {
    let state = |node: &str, attributes: &str, history: &str| {
        format!(
            "<node_state id='{node}' uname='{node}' {attributes}><lrm id='{node}'><lrm_resources>{history}\
             </lrm_resources></lrm></node_state>"
        )
    };
    let up = "in_ccm='true' crmd='online' join='member' expected='member'";
    let text = format!(
        "<cib have-quorum='1'><configuration><crm_config><cluster_property_set id='p'>\
         <nvpair id='p1' name='stonith-enabled' value='false'/></cluster_property_set></crm_config>\
         <nodes><node id='a' uname='a'/><node id='b' uname='b'/></nodes>\
         <resources>{resources}</resources></configuration><status>{}{}</status></cib>",
        state("a", up, histories[0]),
        state("b", b, histories[1]),
    );
    let document = Document::parse(text).expect("it is well-formed");
    let expanded = crate::expand(&document);
    let cluster = crate::status(&expanded, Moment::from_epoch(NOW, 0)).expect("it makes sense");
    let mut out = Listing::new(Shape::Outline);
    status(&cluster, "Now", Show::default(), &mut out);
    out.take()
}

const UP: &str = "in_ccm='true' crmd='online' join='member' expected='member'";

fn primitive(id: &str, more: &str) -> String {
    format!("<primitive id='{id}' class='ocf' provider='x' type='Dummy'>{more}</primitive>")
}

/// History of a resource: one operation and its result.
fn done(id: &str, operation: &str, result: u32) -> String {
    let status = if result == 0 { 0 } else { 4 };
    format!(
        "<lrm_resource id='{id}' class='ocf' provider='x' type='Dummy'><lrm_rsc_op id='{id}_last_0' \
         operation_key='{id}_{operation}_0' operation='{operation}' call-id='1' rc-code='{result}' op-status='{status}' \
         interval='0' transition-key='1:1:0:u' transition-magic='{status}:{result};1:1:0:u'/></lrm_resource>"
    )
}

#[test]
fn primitives_say_where_they_are_and_what_is_wrong() {
    let resources = [
        primitive("r", ""),
        primitive(
            "s",
            "<meta_attributes id='m'><nvpair id='n' name='target-role' value='Stopped'/></meta_attributes>",
        ),
    ];
    let text = shown(&resources.concat(), UP, [&done("r", "start", 0), ""]);
    assert_eq!(
        text,
        "Now:\n  * Node List:\n    * Online: [ a b ]\n\n  * Full List of Resources:\n    \
         * r\t(ocf:x:Dummy):\t Started a\n    * s\t(ocf:x:Dummy):\t Stopped (disabled)\n"
    );
    let failed = shown(&primitive("r", ""), UP, [&done("r", "stop", 1), ""]);
    assert!(failed.contains("* r\t(ocf:x:Dummy):\t FAILED a (blocked)\n"), "{failed}");
}

#[test]
fn nodes_in_a_special_state_have_a_line_of_their_own() {
    let mut node = Node::new("1", "b", NodeKind::Member, 0);
    assert_eq!(state(&node), "OFFLINE");
    node.online = true;
    assert_eq!(state(&node), "online");
    node.standby = true;
    assert_eq!(state(&node), "standby");
    node.unclean = true;
    assert_eq!(state(&node), "UNCLEAN (online)");
    let text = shown("", "in_ccm='false' crmd='offline' join='down' expected='down'", ["", ""]);
    assert!(text.contains("    * Online: [ a ]\n    * OFFLINE: [ b ]\n"), "{text}");
    assert!(text.ends_with("    * No resources\n"), "{text}");
}

#[test]
fn instances_that_are_alike_are_listed_together() {
    let clone = format!("<clone id='c'>{}</clone>", primitive("r", ""));
    let text = shown(&clone, UP, [&done("r", "start", 0), ""]);
    assert!(text.contains("* Clone Set: c [r]:\n      * Started: [ a ]\n      * Stopped: [ b ]\n"), "{text}");
    let group = format!("<group id='g'>{}{}</group>", primitive("r", ""), primitive("s", ""));
    let text = shown(&group, UP, [&done("r", "start", 0), ""]);
    assert!(
        text.contains("* Resource Group: g:\n      * r\t(ocf:x:Dummy):\t Started a\n      * s\t"),
        "{text}"
    );
}

#[test]
fn plain_lists_have_neither_titles_nor_bullets() {
    let mut out = Listing::new(Shape::Plain);
    out.begin("title");
    out.labelled("Online", "[ a ]");
    out.item("line");
    out.end();
    assert_eq!(out.take(), "[ a ]\nline\n");
}
