use super::{Agent, Facts, Matched, NextChange, any_applies, applies, compare_versions, expand};
use crate::{Document, Ids, Moment, Role};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use core::cmp::Ordering;

fn now() -> Moment {
    // A Monday.
    Moment::read("2020-06-15T12:30:00Z", Moment::from_epoch(0, 0)).expect("it is a moment")
}

fn judge(rule: &str, facts: &Facts<'_>) -> (bool, Option<String>) {
    let document = Document::parse(format!("<cib>{rule}</cib>")).expect("it is well-formed");
    let ids = Ids::of_configuration(&document);
    let mut next = NextChange::default();
    let rule = document.root().children().next().expect("there is one");
    let answer = applies(rule, &ids, facts, &mut next);
    (answer, next.0.map(|moment| format!("{moment}")))
}

fn date(attributes: &str, inner: &str) -> (bool, Option<String>) {
    judge(&format!("<rule><date_expression {attributes}>{inner}</date_expression></rule>"), &Facts::at(now()))
}

fn attribute(attributes: &str) -> bool {
    let node: BTreeMap<&str, &str> = [("#uname", "alice"), ("n", "12"), ("v", "1.10"), ("e", "")].into();
    let facts = Facts { node: Some(&node), ..Facts::at(now()) };
    judge(&format!("<rule><expression {attributes}/></rule>"), &facts).0
}

#[test]
fn attributes_are_compared_by_kind() {
    assert!(attribute("attribute='#uname' operation='eq' value='ALICE'"));
    assert!(attribute("attribute='n' operation='gt' value='9'"));
    assert!(!attribute("attribute='n' operation='gt' value='9' type='string'"));
    assert!(attribute("attribute='v' operation='gt' value='1.2' type='version'"));
    assert!(attribute("attribute='v' operation='lt' value='1.2'"));
    assert!(attribute("attribute='n' operation='gte' value='1.2e1' type='number'"));
    assert!(attribute("attribute='e' operation='defined'"));
    assert!(attribute("attribute='x' operation='not_defined'"));
    assert!(attribute("attribute='x' operation='ne' value='1'"));
    assert!(!attribute("attribute='x' operation='lt' value='1'"));
    assert!(!attribute("attribute='n' operation='like' value='12'"));
    assert!(!judge("<rule><expression attribute='n' operation='defined'/></rule>", &Facts::at(now())).0);
}

#[test]
fn versions_are_compared_part_by_part() {
    assert_eq!(compare_versions("1.2", "1.10"), Ordering::Less);
    assert_eq!(compare_versions("3.16.1", "3.16.1"), Ordering::Equal);
    assert_eq!(compare_versions("2", "1.9.9"), Ordering::Greater);
    assert_eq!(compare_versions("1.a", "1.b"), Ordering::Equal);
}

#[test]
fn rules_are_joined_by_and_or_or() {
    let yes = "<date_expression operation='gt' start='2000-01-01'/>";
    let no = "<date_expression operation='lt' end='2000-01-01'/>";
    let facts = Facts::at(now());
    assert!(!judge(&format!("<rule>{yes}{no}</rule>"), &facts).0);
    assert!(judge(&format!("<rule boolean-op='or'>{no}{yes}</rule>"), &facts).0);
    assert!(judge(&format!("<rule><rule boolean-op='OR'>{no}{yes}</rule>{yes}</rule>"), &facts).0);
    assert!(!judge("<rule boolean-op='or'/>", &facts).0);
}

#[test]
fn rules_that_refer_to_themselves_end() {
    let facts = Facts::at(now());
    let loops = "<rule id='a'><rule id-ref='a'/></rule>";
    assert!(!judge(loops, &facts).0);
    let bomb: String = (0..60)
        .map(|n| format!("<rule id='r{n}'><rule id-ref='r{0}'/><rule id-ref='r{0}'/></rule>", n + 1))
        .collect();
    assert!(!judge(&bomb, &facts).0);
}

#[test]
fn dates_say_when_they_change() {
    let at = |text: &str| Some(String::from(text));
    assert_eq!(date("operation='gt' start='2020-06-15T12:30:00Z'", ""), (false, at("2020-06-15 12:30:01Z")));
    assert_eq!(date("operation='lt' end='2020-06-16'", ""), (true, at("2020-06-16 00:00:00Z")));
    assert_eq!(date("start='2020-07-01' end='2020-08-01'", ""), (false, at("2020-07-01 00:00:00Z")));
    assert_eq!(date("end='2020-08-01'", ""), (true, at("2020-08-01 00:00:01Z")));
    assert_eq!(date("end='2020-05-01'", ""), (false, None));
    assert_eq!(date("operation='in_range'", ""), (false, None));
    let duration = "<duration years='0' months='1' days='1' hours='-1'/>";
    assert_eq!(date("start='2020-06-01'", duration), (true, at("2020-07-01 23:00:01Z")));
}

#[test]
fn date_specs_name_parts_of_moments() {
    let spec = |attributes: &str| date("operation='date_spec'", &format!("<date_spec {attributes}/>")).0;
    assert!(spec("weekdays='1-5' hours='9-16'"));
    assert!(!spec("weekdays='6-7'"));
    assert!(spec("monthdays='15' months='-6' years='2019-' yeardays='167' weeks='25' minutes='30'"));
    assert!(!spec("hours='13-'"));
    assert!(spec("hours='odd'"));
}

#[test]
fn resources_operations_and_roles_are_told_apart() {
    let agent = Agent { class: Some("ocf"), provider: Some("heartbeat"), kind: Some("IPaddr2") };
    let facts = Facts {
        resource: Some(agent),
        operation: Some(("monitor", 10_000)),
        role: Role::Promoted,
        ..Facts::at(now())
    };
    let holds = |expression: &str| judge(&format!("<rule>{expression}</rule>"), &facts).0;
    assert!(holds("<rsc_expression class='ocf' provider='heartbeat' type='IPaddr2'/>"));
    assert!(!holds("<rsc_expression class='ocf' type='IPaddr2'/>"));
    assert!(holds("<op_expression name='monitor' interval='10s'/>"));
    assert!(holds("<op_expression name='monitor'/>"));
    assert!(!holds("<op_expression name='monitor' interval='PT11S'/>"));
    assert!(!holds("<op_expression name='start'/>"));
    assert!(holds("<expression attribute='#role' operation='eq' value='Master'/>"));
    assert!(holds("<expression attribute='#role' operation='defined'/>"));
    assert!(!holds("<expression attribute='#role' operation='ne' value='Promoted'/>"));
}

#[test]
fn patterns_and_parameters_are_put_in() {
    let groups = [Some("vip-3"), Some("3"), None];
    assert_eq!(expand("load-%1%2-%", &groups), "load-3-%");
    let node: BTreeMap<&str, &str> = [("a3", "x")].into();
    let parameters: BTreeMap<&str, &str> = [("p", "x")].into();
    let matched = Matched { groups: &groups, parameters: Some(&parameters), meta: None };
    let facts = Facts { node: Some(&node), matched: Some(matched), ..Facts::at(now()) };
    let holds = |attributes: &str| judge(&format!("<rule><expression {attributes}/></rule>"), &facts).0;
    assert!(holds("attribute='a%1' operation='eq' value='p' value-source='param'"));
    assert!(!holds("attribute='a%1' operation='eq' value='p' value-source='meta'"));
    assert!(holds("attribute='a%1' operation='eq' value='x'"));
}

#[test]
fn no_rule_is_a_rule_that_applies() {
    let document = Document::parse("<set/>".into()).expect("it is well-formed");
    let ids = Ids::of_configuration(&document);
    assert!(any_applies(document.root(), &ids, &Facts::at(now()), &mut NextChange::default()));
}
