//! The stock agents of the `resource-agents` and `heartbeat` packages under the executor, in namespaces.

mod world;

use std::fs;
use std::time::Duration;

use hb_agents::{Places, StonithProblem, stonith_parameters, stonith_types};
use hb_lrm::{Action, Class, Operation, Outcome, Resource, channel::Request};
use world::{World, apart, needs, ocf, run};

const AGENTS: (&str, &str) = ("/usr/lib/ocf/resource.d/heartbeat/Dummy", "resource-agents");
const SCRIPTS: (&str, &str) = ("/etc/ha.d/resource.d/Delay", "heartbeat");
const IP: (&str, &str) = ("/sbin/ip", "iproute2");

/// The places where packages put their agents.
fn stock() -> World {
    World::with(|root| Places {
        ocf_conf: root.join("conf"),
        init_d: root.join("init.d"),
        ..Places::default()
    })
}

#[test]
fn dummy_runs_a_full_cycle_as_ocf_agent_and_through_its_instance_file() {
    if !needs(&[AGENTS, SCRIPTS, IP]) {
        return;
    }
    apart(|| {
        let mut world = stock();
        let state = world.file("state").display().to_string();
        world.cycle(&ocf("Dummy", &[("state", &state)]));
        let instance = world.file("instance");
        world.script("conf/Dummy/one", &format!("# a comment\nOCF_RESKEY_state={}\n", instance.display()));
        let bridge = Resource::classic("OCF::Dummy::one");
        assert_eq!(world.act(&bridge, Action::Start), Outcome::Ok, "{:?}", world.log());
        assert!(instance.exists(), "the agent got its parameter from the file");
        world.act(&bridge, Action::Stop);
        world.cycle(&bridge);
    });
}

#[test]
fn delay_runs_in_both_forms() {
    if !needs(&[AGENTS, SCRIPTS, IP]) {
        return;
    }
    apart(|| {
        let mut world = stock();
        world.cycle(&ocf("Delay", &[("startdelay", "1"), ("stopdelay", "0"), ("mondelay", "0")]));
        // Its status takes the agent's default of ten seconds.
        let classic = Resource::classic("Delay::1::0");
        assert_eq!(classic.class, Class::Heartbeat);
        assert_eq!(world.act(&classic, Action::Start), Outcome::Ok, "{:?}", world.log());
        assert_eq!(world.act(&classic, Action::Status), Outcome::Running, "{:?}", world.log());
        assert_eq!(world.act(&classic, Action::Stop), Outcome::Ok, "{:?}", world.log());
        assert!(!world.has(hb_lrm::notices::OPERATION_FAILED));
    });
}

#[test]
fn the_stock_address_agent_and_ours_understand_each_others_addresses() {
    if !needs(&[AGENTS, IP]) {
        return;
    }
    apart(|| {
        let mut world = stock();
        let theirs = ocf("IPaddr2", &[("ip", "10.66.0.50"), ("cidr_netmask", "24"), ("nic", "eth0")]);
        world.cycle(&theirs);
        let ours = Resource { id: "ours".into(), class: Class::Address, ..theirs.clone() };
        world.cycle(&ours);
        assert_eq!(world.act(&theirs, Action::Start), Outcome::Ok);
        assert_eq!(world.act(&ours, Action::Status), Outcome::Running);
        assert_eq!(world.act(&ours, Action::Start), Outcome::Ok);
        assert_eq!(world.act(&theirs, Action::Status), Outcome::Running);
        assert_eq!(world.act(&ours, Action::Stop), Outcome::Ok);
        assert_eq!(world.act(&theirs, Action::Status), Outcome::NotRunning);
    });
}

#[test]
fn a_file_system_on_a_loop_device_is_mounted_and_unmounted() {
    let tools = [
        ("/sbin/mke2fs", "e2fsprogs"),
        ("/sbin/modprobe", "kmod"),
        ("/sbin/losetup", "mount"),
        ("/dev/loop-control", "loop devices"),
    ];
    if !needs(&[AGENTS, IP]) || !needs(&tools) {
        return;
    }
    apart(|| {
        let mut world = stock();
        let (image, directory) = (world.file("image"), world.file("mounted"));
        fs::create_dir(&directory).unwrap();
        let file = fs::File::create(&image).unwrap();
        file.set_len(16 << 20).unwrap();
        run(&format!("/sbin/mke2fs -q -F -t ext4 {}", image.display()));
        let device = run(&format!("/sbin/losetup --find --show {}", image.display()));
        let device = device.trim().to_owned();
        let mount = directory.display().to_string();
        let resource = ocf("Filesystem", &[("device", &device), ("directory", &mount), ("fstype", "ext4")]);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            world.cycle(&resource);
            let classic = Resource::classic(&format!("Filesystem::{device}::{mount}::ext4"));
            assert_eq!(world.act(&classic, Action::Start), Outcome::Ok, "{:?}", world.log());
            assert!(fs::read_to_string("/proc/thread-self/mounts").unwrap().contains(&mount));
            assert_eq!(world.act(&classic, Action::Status), Outcome::Running);
            assert_eq!(world.act(&classic, Action::Stop), Outcome::Ok);
            assert_eq!(world.act(&classic, Action::Status), Outcome::NotRunning);
        }));
        run(&format!("/sbin/losetup -d {device}"));
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

#[test]
fn nginx_is_started_and_stopped_though_it_keeps_its_output_open() {
    if !needs(&[AGENTS, IP, ("/usr/sbin/nginx", "nginx-light")]) {
        return;
    }
    apart(|| {
        let mut world = stock();
        let root = world.root.path().display().to_string();
        // Without an error_log the daemon keeps standard error.
        let conf = format!(
            "pid {root}/nginx.pid;\nerror_log {root}/error.log;\nevents {{}}\nhttp {{\n access_log off;\n client_body_temp_path {root}/body;\n proxy_temp_path {root}/proxy;\n fastcgi_temp_path {root}/fastcgi;\n uwsgi_temp_path {root}/uwsgi;\n scgi_temp_path {root}/scgi;\n server {{ listen 10.66.0.1:8080; location / {{ return 200 ok; }} }}\n}}\n"
        );
        fs::write(world.file("nginx.conf"), conf).unwrap();
        let resource = ocf(
            "nginx",
            &[("configfile", &format!("{root}/nginx.conf")), ("port", "8080"), ("httpd", "/usr/sbin/nginx")],
        );
        world.cycle(&resource);
    });
}

#[test]
fn a_daemon_with_our_pipes_does_not_hold_up_the_operations_after_it() {
    if !needs(&[IP]) {
        return;
    }
    apart(|| {
        let mut world = stock();
        let pid = world.file("pid");
        world.script(
            "init.d/daemon",
            &format!(
                "#!/bin/sh\ncase $1 in\nstart) [ -e {p} ] || {{ sleep 1000 & echo $! > {p}; }};;\nstop) [ ! -e {p} ] || {{ kill $(cat {p}); rm {p}; }};;\nstatus) [ -e {p} ] || exit 3;;\nesac\n",
                p = pid.display()
            ),
        );
        let daemon = Resource {
            id: "d".into(),
            class: Class::Lsb,
            agent: "daemon".into(),
            args: vec![],
            params: vec![],
        };
        world.cycle(&daemon);
    });
}

#[test]
fn notification_scripts_get_the_message_in_their_environment() {
    let mut world = World::new();
    let seen = world.file("seen");
    world.script("ha.d/rc.d/status", &format!("#!/bin/sh\necho $1 $HA_st $HA_src > {}\n", seen.display()));
    let env = vec![("HA_st".to_owned(), "dead".to_owned()), ("HA_src".to_owned(), "b".to_owned())];
    let call = hb_base::CallId(77);
    world.tell(&Request::Submit { call, operation: Operation::rc("status", env) });
    assert_eq!(world.outcome(call), Outcome::Ok);
    assert_eq!(fs::read_to_string(seen).unwrap(), "status dead b\n");
}

#[test]
fn the_fencing_program_fences_reports_and_lists() {
    if !needs(&[("/usr/sbin/stonith", "cluster-glue"), IP]) {
        return;
    }
    let places = Places::default();
    assert!(stonith_types(&places).unwrap().iter().any(|name| name == "null"));
    assert_eq!(stonith_parameters(&places, "null").unwrap(), ["hostlist"]);
    let unknown = stonith_parameters(&places, "nobody");
    assert!(matches!(unknown, Err(StonithProblem::Failed { .. })), "{unknown:?}");
    apart(|| {
        let mut world = stock();
        let mut device = Resource {
            id: "null".into(),
            class: Class::Stonith,
            agent: "null".into(),
            args: vec![],
            params: vec![("hostlist".into(), "a b".into())],
        };
        assert_eq!(world.act(&device, Action::Status), Outcome::Running, "{:?}", world.log());
        let mut fence = |device: &Resource, call: u64| {
            let call = hb_base::CallId(1000 + call);
            let operation = Operation::fence(device.clone(), "reset", "b", Duration::from_secs(20));
            world.tell(&Request::Submit { call, operation });
            world.outcome(call)
        };
        assert_eq!(fence(&device, 1), Outcome::Ok);
        device.params.clear();
        let Outcome::Failed { rc: Some(1), reason } = fence(&device, 2) else {
            panic!("it has no host list")
        };
        assert!(reason.contains("configuration is bad or incomplete"), "{reason}");
        device.agent = "nobody".into();
        let Outcome::NotInstalled { reason } = fence(&device, 3) else { panic!("there is no such type") };
        assert!(reason.contains("type is unknown"), "{reason}");
    });
}
