//! Programs beside the daemon, API access, environment.

use hb_config::{ChildKind, Code};

directive_test!(respawn, |t| {
    let ha_cf = t.warns("respawn hacluster /usr/lib/heartbeat/ipfail -x", &[(Code::NotYet, "1:19")]);
    let child = &ha_cf.children[0];
    assert_eq!((child.kind, child.user.as_str()), (ChildKind::Respawn, "hacluster"));
    assert_eq!(
        (child.program.as_str(), child.arguments.as_slice()),
        ("/usr/lib/heartbeat/ipfail", &["-x".into()][..])
    );
    t.refuses("respawn", &[(Code::ValueMissing, "1:1")]);
    t.refuses("respawn hacluster", &[(Code::ValueMissing, "1:9")]);
    t.refuses("respawn nosuch /usr/lib/heartbeat/ipfail", &[(Code::UnknownUser, "1:9")]);
    t.refuses("respawn hacluster ipfail", &[(Code::BadPath, "1:19")]);
    t.refuses("respawn hacluster /nosuch", &[(Code::NotExecutable, "1:19")]);
    t.refuses("respawn hacluster /etc/passwd", &[(Code::NotExecutable, "1:19")]);
});

directive_test!(failfast, |t| {
    let ha_cf = t.warns("failfast root /usr/lib/heartbeat/ipfail", &[(Code::NotYet, "1:15")]);
    assert_eq!(ha_cf.children[0].kind, ChildKind::Failfast);
    t.refuses("failfast root", &[(Code::ValueMissing, "1:10")]);
});

directive_test!(apiauth, |t| {
    let ha_cf = t.takes("apiauth ipfail uid=hacluster,0 gid=haclient");
    let auth = &ha_cf.apiauth[0];
    assert_eq!((auth.client.as_str(), auth.users.len(), auth.groups.len()), ("ipfail", 2, 1));
    t.refuses("apiauth", &[(Code::ValueMissing, "1:1")]);
    t.refuses("apiauth ipfail", &[(Code::ApiauthEmpty, "1:9")]);
    t.refuses("apiauth ipfail user=root", &[(Code::BadWord, "1:16")]);
    t.refuses("apiauth ipfail uid=nosuch", &[(Code::UnknownUser, "1:16")]);
    t.refuses("apiauth ipfail gid=nosuch", &[(Code::UnknownUser, "1:16")]);
    t.refuses("apiauth a uid=root\napiauth a uid=root", &[(Code::ApiauthTwice, "2:9")]);
});

directive_test!(env, |t| {
    let ha_cf = t.takes("env FOO=bar BAZ=\nenv A=b=c");
    let pairs: Vec<_> = ha_cf.env.iter().map(|v| (v.name.as_str(), v.text.as_str())).collect();
    assert_eq!(pairs, [("FOO", "bar"), ("BAZ", ""), ("A", "b=c")]);
    assert!(t.warns("env FOO", &[(Code::EnvMalformed, "1:5")]).env.is_empty());
    t.warns("env =x", &[(Code::EnvMalformed, "1:5")]);
});

#[test]
fn scripts_see_the_configuration_and_the_variables_of_env_last() {
    let lines = "keepalive 300ms\nlogfile /run/log\nenv FOO=bar\nenv keepalive=mine\nenv NUL=a\0b";
    let (config, _) = crate::check_on(crate::paul(), &crate::complete(lines));
    let own = hb_base::NodeName::new("paul").unwrap();
    let environment = config.expect("sound").ha_cf.script_environment(&own);
    let value = |name: &str| environment.iter().rfind(|(key, _)| key == name).map(|(_, text)| text.as_str());
    assert_eq!(value("HA_FOO"), Some("bar"));
    assert_eq!(value("HA_keepalive"), Some("mine"), "what the administrator says counts");
    assert_eq!(value("HA_deadtime"), Some("30000ms"));
    assert_eq!(value("HA_CURHOST"), Some("paul"));
    assert_eq!(value("HA_LOGFILE"), Some("/run/log"));
    assert_eq!(value("HA_DEBUGLOG"), Some("/dev/null"));
    assert_eq!(value("HA_LOGFACILITY"), Some("daemon"));
    assert_eq!(value("HA_NICEFAILBACK"), Some("yes"));
    assert_eq!(value("HA_NUL"), None, "no program can be given that");
}
