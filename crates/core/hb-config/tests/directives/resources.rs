//! Who decides where resources run, and fencing.

use hb_base::NodeName;
use hb_config::{AutoFailback, Code, Crm, StonithParameters};

directive_test!(crm, |t| {
    assert_eq!(t.takes("crm off").resources.crm.value, Crm::Off);
    assert_eq!(t.takes("crm No").parameter("pacemaker"), Some("No"));
    for on in ["on", "yes", "Respawn", "manual", "valgrind"] {
        t.refuses(&format!("crm {on}"), &[(Code::NotYetSafety, "1:5")]);
    }
    t.refuses("crm maybe", &[(Code::BadWord, "1:5")]);
});

directive_test!(pacemaker, |t| {
    assert_eq!(t.takes("pacemaker false").resources.crm.value, Crm::Off);
    t.refuses("pacemaker respawn", &[(Code::NotYetSafety, "1:11")]);
});

directive_test!(auto_failback, |t| {
    assert_eq!(t.takes("auto_failback on").resources.auto_failback.value, AutoFailback::On);
    assert_eq!(t.takes("auto_failback No").resources.auto_failback.value, AutoFailback::Off);
    let legacy = t.warns("auto_failback Legacy", &[(Code::FailbackDefault, "1:15")]);
    assert_eq!(legacy.resources.auto_failback.value, AutoFailback::Legacy);
    t.refuses("auto_failback maybe", &[(Code::BadWord, "1:15")]);
    let unset = "node paul silas\nbcast eth0\nlogfacility daemon\n";
    let (config, diagnostics) = crate::check_on(crate::paul(), unset);
    assert_eq!(crate::places(&diagnostics), [(Code::FailbackDefault, "1:1".to_string())]);
    assert_eq!(config.expect("a warning only").ha_cf.resources.auto_failback.value, AutoFailback::Legacy);
});

directive_test!(nice_failback, |t| {
    // Observed: what was set before decides, not the value.
    let after = t.warns("auto_failback on\nnice_failback off", &[(Code::Obsolete, "2:15")]);
    assert_eq!(after.resources.auto_failback.value, AutoFailback::Off);
    let before = t.warns("nice_failback on\nauto_failback on", &[(Code::Obsolete, "1:15")]);
    assert_eq!(before.resources.auto_failback.value, AutoFailback::On);
    t.refuses("nice_failback maybe", &[(Code::BadBoolean, "1:15")]);
});

directive_test!(record_config_changes, |t| {
    let ha_cf = t.warns("record_config_changes off", &[(Code::NotYet, "1:1")]);
    assert!(!ha_cf.resources.record_config_changes.value);
    t.refuses("record_config_changes maybe", &[(Code::NotYet, "1:1"), (Code::BadBoolean, "1:23")]);
});

directive_test!(record_pengine_inputs, |t| {
    let ha_cf = t.warns("record_pengine_inputs off", &[(Code::NotYet, "1:1")]);
    assert!(!ha_cf.resources.record_pengine_inputs.value);
});

directive_test!(enable_config_writes, |t| {
    let ha_cf = t.warns("enable_config_writes off", &[(Code::NotYet, "1:1")]);
    assert!(!ha_cf.resources.enable_config_writes.value);
});

directive_test!(crmd_spawns_pengine, |t| {
    let ha_cf = t.warns("crmd_spawns_pengine off", &[(Code::NotYet, "1:1")]);
    assert!(!ha_cf.resources.crmd_spawns_pengine.value);
});

directive_test!(crm_daemon_dir, |t| {
    let ha_cf = t.warns("crm_daemon_dir /usr/libexec/pacemaker", &[(Code::NotYet, "1:1")]);
    assert_eq!(ha_cf.resources.crm_daemon_dir.expect("set").value, "/usr/libexec/pacemaker");
    t.refuses("crm_daemon_dir daemons", &[(Code::NotYet, "1:1"), (Code::BadPath, "1:16")]);
});

directive_test!(stonith, |t| {
    let ha_cf = t.takes("stonith baytech /etc/ha.d/conf/baytech");
    let paul = NodeName::new("paul").unwrap();
    let device = ha_cf.stonith_for(&paul).expect("our device");
    assert_eq!(device.kind, "baytech");
    assert_eq!(device.parameters, StonithParameters::File("/etc/ha.d/conf/baytech".into()));
    t.refuses("stonith baytech", &[(Code::ValueMissing, "1:9")]);
    t.refuses("stonith baytech /etc/ha.d/conf/nosuch", &[(Code::FileUnreadable, "1:17")]);
    t.refuses("stonith bytech /etc/ha.d/conf/baytech", &[(Code::UnknownStonithType, "1:9")]);
});

directive_test!(stonith_host, |t| {
    let paul = NodeName::new("paul").unwrap();
    let ha_cf = t.takes("stonith_host paul null paul silas\nstonith_host silas external/ssh paul");
    let device = ha_cf.stonith_for(&paul).expect("our device");
    let named = device.named(&["hostlist".to_string()]).expect("one parameter");
    assert_eq!(named, [("hostlist".to_string(), "paul silas".to_string())]);
    let ipmi = t.takes("stonith_host * external/ipmi silas 10.0.0.12 admin S3cret lan");
    let device = ipmi.stonith_for(&paul).expect("our device");
    assert!(!format!("{device:?}").contains("S3cret"), "a password is shown");
    t.refuses("stonith_host", &[(Code::ValueMissing, "1:1")]);
    t.refuses("stonith_host *", &[(Code::ValueMissing, "1:14")]);
    t.refuses("stonith_host * nul paul", &[(Code::UnknownStonithType, "1:16")]);
    t.refuses("stonith_host * external/ipmi silas 10.0.0.12", &[(Code::BadStonithParameters, "1:36")]);
    t.refuses("stonith_host * null", &[(Code::BadStonithParameters, "1:16")]);
    t.warns("stonith_host * null silas\nstonith_host * null paul", &[(Code::StonithTwice, "1:14")]);
    // A device of another host is not used here, so its type may be unknown here.
    t.takes("stonith_host silas nosuch x");
    t.warns("stonith_host sials null paul", &[(Code::StonithUnknownHost, "1:14")]);
});

#[test]
fn without_the_stonith_program_no_device_can_be_run() {
    let mut facts = crate::paul();
    facts.stonith_types = Some(Default::default());
    let (config, diagnostics) = crate::check_on(facts, &crate::complete("stonith_host * null silas"));
    assert!(config.is_none());
    assert!(
        diagnostics.iter().any(|d| d.code == Code::UnknownStonithType && d.cure.contains("cluster-glue"))
    );
}
