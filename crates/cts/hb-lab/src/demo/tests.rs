use super::*;

fn step(name: &'static str, ok: bool) -> Step {
    let (outage, took) = (Duration::from_micros(30_240), Duration::from_millis(800));
    Step { name, ok, outage, took, detail: "n2 took over".into() }
}

#[test]
fn the_document_has_the_promised_shape() {
    let report = Report { nodes: 2, steps: vec![step("form", true), step("power-off", true)] };
    let json = report.json();
    assert_eq!(json["ok"], true);
    assert_eq!(json["nodes"], 2);
    assert_eq!(json["steps"][1]["name"], "power-off");
    assert_eq!(json["steps"][1]["outage_ms"], 30.2);
    assert_eq!(json["steps"][1]["took_ms"], 800.0);
    assert_eq!(json["steps"][1]["detail"], "n2 took over");
}

#[test]
fn one_step_that_went_wrong_is_not_ok() {
    assert!(!Report { nodes: 2, steps: vec![step("form", true), step("standby", false)] }.ok());
    assert!(!Report { nodes: 2, steps: Vec::new() }.ok());
}

#[test]
fn the_steps_are_those_of_the_contract_in_order() {
    let names: Vec<&str> = steps::PLANS.iter().map(|plan| plan.name).collect();
    let promised = [
        "form",
        "link-cut",
        "link-back",
        "power-off",
        "node-back",
        "standby",
        "daemon-kill",
        "freeze",
        "thaw",
    ];
    assert_eq!(names, promised);
}
