use super::{Weight, upgrade};
use crate::{Document, Style};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

fn upgraded(schema: &str, configuration: &str) -> (String, Vec<super::Note>) {
    let text = format!(
        "<cib validate-with=\"pacemaker-{schema}\"><configuration>{configuration}</configuration></cib>"
    );
    let mut document = Document::parse(text).expect("it is well-formed");
    let notes = upgrade(&mut document);
    let inner = document.root().child("configuration").expect("it is there");
    let mut out = String::new();
    inner.children().for_each(|child| child.write(Style::Compact, &mut out));
    (out, notes)
}

fn set(pairs: &[(&str, &str)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("<nvpair id=\"i\" name=\"{name}\" value=\"{value}\"/>"))
        .collect()
}

#[test]
fn properties_get_new_names_and_places() {
    let old = [
        ("stonith_enabled", "no"),
        ("default-action-timeout", "9"),
        ("is_managed_default", "no"),
        ("cluster-infrastructure", "heartbeat"),
        ("default-resource-failure-stickiness", "-INFINITY"),
    ];
    let (out, notes) =
        upgraded("2.10", &format!("<cluster_property_set id=\"p\">{}</cluster_property_set>", set(&old)));
    let expected = format!(
        "<cluster_property_set id=\"p\">{}</cluster_property_set>\
         <op_defaults><meta_attributes id=\"_2TO3_-op-defaults\">{}</meta_attributes></op_defaults>\
         <rsc_defaults><meta_attributes id=\"_2TO3_-rsc-defaults\">{}</meta_attributes></rsc_defaults>",
        set(&[("stonith-enabled", "no")]),
        set(&[("timeout", "9")]),
        set(&[("is-managed", "no"), ("migration-threshold", "1")]),
    );
    assert_eq!(out, expected);
    assert_eq!(notes.len(), 5);
    assert_eq!(
        notes[3].to_string(),
        "1:240: note: <nvpair id=\"i\">: cluster-infrastructure has no effect any more; dropped"
    );
}

#[test]
fn resources_are_upgraded() {
    let (out, notes) = upgraded(
        "2.3",
        "<primitive id=\"r\"><operations><op id=\"o\" name=\"start\" requires=\"nothing\"/>\
         <op id=\"m\" name=\"monitor\" requires=\"quorum\"><instance_attributes id=\"x\">\
         <nvpair name=\"on-fail\" value=\"block\"/></instance_attributes></op></operations>\
         <meta_attributes id=\"n\"><nvpair name=\"isolation\" value=\"docker\"/></meta_attributes>\
         <instance_attributes id=\"f\"><nvpair name=\"pcmk_off_cmd\" value=\"off\"/>\
         <nvpair name=\"pcmk_arg_map\" value=\"port:uname\"/></instance_attributes></primitive>\
         <rsc_colocation id=\"c\" score-attribute=\"y\"/><node id=\"1\" type=\"normal\"/>",
    );
    assert_eq!(
        out,
        "<primitive id=\"r\"><operations><op id=\"o\" name=\"start\"/>\
         <op id=\"m\" name=\"monitor\"><meta_attributes id=\"_2TO3_m-meta\">\
         <nvpair name=\"on-fail\" value=\"block\"/></meta_attributes></op></operations>\
         <meta_attributes id=\"n\"><nvpair name=\"target-role\" value=\"Stopped\"/></meta_attributes>\
         <instance_attributes id=\"f\"><nvpair name=\"pcmk_off_action\" value=\"off\"/>\
         <nvpair name=\"pcmk_host_argument\" value=\"uname\"/></instance_attributes>\
         <meta_attributes id=\"_2TO3_r-meta\">\
         <nvpair id=\"_2TO3_o-meta-requires\" name=\"requires\" value=\"nothing\"/></meta_attributes></primitive>\
         <rsc_colocation id=\"c\"/><node id=\"1\" type=\"member\"/>"
    );
    assert_eq!(notes.iter().filter(|note| note.weight == Weight::Behaviour).count(), 1);
}

#[test]
fn users_become_targets() {
    let (out, _) = upgraded(
        "1.3",
        "<acls><acl_user id=\"u\"><role_ref id=\"ops\"/><read id=\"a\" tag=\"nodes\"/><deny id=\"b\" xpath=\"//x\" attribute=\"y\"/></acl_user></acls>",
    );
    assert_eq!(
        out,
        "<acls><acl_role id=\"auto-u\"><acl_permission id=\"a\" kind=\"read\" object-type=\"nodes\"/>\
         <acl_permission id=\"b\" xpath=\"//x[@y]\" kind=\"deny\"/></acl_role>\
         <acl_target id=\"u\"><role id=\"ops\"/><role id=\"auto-u\"/></acl_target></acls>"
    );
}

#[test]
fn newer_documents_stay() {
    let old = "<cluster_property_set id=\"p\"><nvpair name=\"stonith_enabled\" value=\"no\"/></cluster_property_set>";
    assert_eq!(upgraded("3.0", old), (old.to_string(), Vec::new()));
}
