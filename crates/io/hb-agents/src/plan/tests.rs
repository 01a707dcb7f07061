use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

struct World {
    _root: tempfile::TempDir,
    places: Places,
}

fn world() -> World {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let places = Places {
        ha_dir: at("ha.d"),
        resource_d: at("ha.d/resource.d"),
        init_d: at("init.d"),
        rc_d: at("ha.d/rc.d"),
        ocf_root: at("ocf"),
        ocf_conf: at("ha.d/conf/OCF"),
        scratch: at("scratch"),
        stonith: at("stonith"),
    };
    World { _root: root, places }
}

fn script(path: &std::path::Path, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "#!/bin/sh\n").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn resource(class: Class, agent: &str) -> Resource {
    Resource { id: "r1".into(), class, agent: agent.into(), args: vec![], params: vec![] }
}

fn env<'a>(plan: &'a Plan, name: &str) -> Option<&'a str> {
    plan.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[test]
fn resource_d_wins_over_init_d_and_arguments_come_before_the_action() {
    let World { _root, places } = world();
    let operation = Operation::new(Resource::classic("evt::a::b"), Action::Start);
    let Missing(text) = plan(&places, &operation).unwrap_err();
    assert!(text.contains("evt") && text.contains("resource.d") && text.contains("init.d"), "{text}");
    script(&places.init_d.join("evt"), 0o755);
    assert_eq!(plan(&places, &operation).unwrap().program, places.init_d.join("evt"));
    script(&places.resource_d.join("evt"), 0o644);
    assert_eq!(plan(&places, &operation).unwrap().program, places.init_d.join("evt"), "not executable");
    script(&places.resource_d.join("evt"), 0o755);
    let found = plan(&places, &operation).unwrap();
    assert_eq!(found.program, places.resource_d.join("evt"));
    assert_eq!(found.args, ["a", "b", "start"]);
}

#[test]
fn a_name_cannot_lead_out_of_its_directory() {
    let World { _root, places } = world();
    script(&places.init_d.join("../evil"), 0o755);
    for name in ["../evil", "", ".", ".hidden"] {
        assert!(plan(&places, &Operation::new(resource(Class::Lsb, name), Action::Start)).is_err(), "{name}");
    }
}

#[test]
fn ocf_agents_get_their_parameters_and_limit_in_the_environment() {
    let World { _root, places } = world();
    script(&places.ocf_root.join("resource.d/heartbeat/Dummy"), 0o755);
    script(&places.ocf_root.join("resource.d/acme/Dummy"), 0o755);
    let mut dummy = resource(Class::Ocf { provider: "heartbeat".into() }, "Dummy");
    dummy.params = vec![("state".into(), "/run/x y=z".into()), ("OCF_CHECK_LEVEL".into(), "10".into())];
    let mut operation = Operation::new(dummy.clone(), Action::Status);
    operation.timeout = Some(Duration::from_millis(20_500));
    operation.env = vec![("OCF_RESOURCE_INSTANCE".into(), "mine".into())];
    let found = plan(&places, &operation).unwrap();
    assert_eq!(found.args, ["monitor"]);
    assert_eq!(env(&found, "OCF_RESKEY_state"), Some("/run/x y=z"));
    assert_eq!(env(&found, "OCF_RESKEY_CRM_meta_timeout"), Some("20500"));
    assert_eq!(env(&found, "OCF_CHECK_LEVEL"), Some("10"));
    assert_eq!(env(&found, "OCF_ROOT"), places.ocf_root.to_str());
    assert_eq!(env(&found, "OCF_RESOURCE_PROVIDER"), Some("heartbeat"));
    assert_eq!(env(&found, "OCF_RESOURCE_INSTANCE"), Some("mine"), "the master's word is the last one");
    dummy.class = Class::Ocf { provider: String::new() };
    let any = plan(&places, &Operation::new(dummy, Action::Stop)).unwrap();
    assert_eq!(any.program, places.ocf_root.join("resource.d/acme/Dummy"));
    assert_eq!(any.args, ["stop"]);
}

#[test]
fn the_ocf_bridge_needs_its_instance_file() {
    let World { _root, places } = world();
    script(&places.ocf_root.join("resource.d/heartbeat/Dummy"), 0o755);
    let operation = Operation::new(Resource::classic("OCF::Dummy::one"), Action::Status);
    let Missing(text) = plan(&places, &operation).unwrap_err();
    assert!(text.contains("conf/OCF/Dummy/one"), "{text}");
    fs::create_dir_all(places.ocf_conf.join("Dummy")).unwrap();
    fs::write(places.ocf_conf.join("Dummy/one"), "OCF_RESKEY_state=/x\n").unwrap();
    let found = plan(&places, &operation).unwrap();
    assert_eq!(found.program, std::path::Path::new("/bin/sh"));
    assert_eq!(found.args.last().unwrap(), "monitor");
    assert_eq!(env(&found, "OCF_RESOURCE_INSTANCE"), Some("Dummy_one"));
}

#[test]
fn notification_scripts_live_by_their_environment() {
    let World { _root, places } = world();
    script(&places.rc_d.join("status"), 0o755);
    let found = plan(&places, &Operation::rc("status", vec![("HA_st".into(), "dead".into())])).unwrap();
    assert_eq!(env(&found, "HA_st"), Some("dead"));
    assert_eq!(found.args, ["status"]);
    assert!(env(&found, "HA_FUNCS").unwrap().ends_with("shellfuncs"));
}

#[test]
fn fencing_devices_take_named_positional_or_file_configuration() {
    let World { _root, places } = world();
    let mut device = resource(Class::Stonith, "external/ssh");
    device.params = vec![("hostlist".into(), "a b".into())];
    let fence = |device: &Resource| Operation::fence(device.clone(), "reset", "b", Duration::from_secs(60));
    assert!(plan(&places, &fence(&device)).unwrap_err().0.contains("not installed"));
    script(&places.stonith, 0o755);
    let args = |operation: &Operation| plan(&places, operation).unwrap().args;
    assert_eq!(args(&fence(&device)), ["-t", "external/ssh", "hostlist=a b", "-T", "reset", "b"]);
    assert_eq!(args(&Operation::new(device.clone(), Action::Status))[3..], ["-S"]);
    device.params = vec![(String::new(), "a".into()), (String::new(), "b".into())];
    assert_eq!(args(&fence(&device))[2..4], ["-p", "a b"]);
    device.params = vec![(DEVICE_FILE.into(), "/etc/device".into())];
    assert_eq!(args(&fence(&device))[2..4], ["-F", "/etc/device"]);
}
