//! Where logs go.

use hb_config::Code;
use std::time::Duration;

directive_test!(logfile, |t| {
    let ha_cf = t.takes("logfile /var/log/ha-log");
    assert_eq!(ha_cf.logging.logfile.expect("set").value, "/var/log/ha-log");
    t.warns("logfile ha-log", &[(Code::BadPath, "1:9")]);
});

directive_test!(debugfile, |t| {
    let ha_cf = t.takes("debugfile /var/log/ha-debug");
    assert_eq!(ha_cf.logging.debugfile.expect("set").value, "/var/log/ha-debug");
    t.warns("debugfile a\ndebugfile /b", &[(Code::BadPath, "1:11"), (Code::GivenTwice, "2:11")]);
});

directive_test!(logfacility, |t| {
    assert_eq!(t.takes("logfacility local7").logging.logfacility.expect("set").value, "local7");
    assert!(t.takes("logfacility none").logging.logfacility.is_none());
    t.refuses("logfacility LOCAL0", &[(Code::BadWord, "1:13")]);
    t.refuses("logfacility nowhere", &[(Code::BadWord, "1:13")]);
});

directive_test!(use_logd, |t| {
    assert_eq!(t.takes("use_logd off").logging.use_logd.map(|on| on.value), Some(false));
    assert_eq!(t.takes("logfacility none\nuse_logd yes").logging.use_logd.map(|on| on.value), Some(true));
    t.warns(
        "use_logd yes\nlogfile /l",
        &[(Code::LogTargetRedundant, "2:9"), (Code::LogTargetRedundant, "6:13")],
    );
    t.refuses("logfacility none\nuse_logd off", &[(Code::NoLogTarget, "2:10")]);
    t.refuses("use_logd maybe", &[(Code::BadBoolean, "1:10")]);
});

directive_test!(conn_logd_time, |t| {
    let ha_cf = t.takes("conn_logd_time 5");
    assert_eq!(ha_cf.logging.conn_logd_time.value, Duration::from_secs(5));
    t.refuses("conn_logd_time 0", &[(Code::BadTime, "1:16")]);
});

directive_test!(syslogmsgfmt, |t| {
    assert!(t.takes("syslogmsgfmt yes").logging.syslogmsgfmt.value);
    assert!(!t.takes("syslogmsgfmt off").logging.syslogmsgfmt.value);
    t.refuses("syslogmsgfmt rfc5424", &[(Code::BadBoolean, "1:14")]);
});

directive_test!(log_badpack, |t| {
    assert!(t.takes("log_badpack on").logging.log_badpack.value);
    assert!(!t.warns("log_badpack FALSE", &[(Code::NotYet, "1:13")]).logging.log_badpack.value);
    t.refuses("log_badpack 2", &[(Code::BadBoolean, "1:13")]);
});

directive_test!(debug, |t| {
    assert_eq!(t.takes("debug 255").logging.debug.value, 255);
    t.refuses("debug 256", &[(Code::BadNumber, "1:7")]);
    t.refuses("debug -1", &[(Code::BadNumber, "1:7")]);
    assert_eq!(t.warns("debug high", &[(Code::BadNumber, "1:7")]).logging.debug.value, 0);
});

directive_test!(logsize, |t| {
    assert_eq!(t.takes("logsize 1024").logging.logsize_kb.value, 1024);
    assert_eq!(t.takes("logsize 0").logging.logsize_kb.value, 0);
    t.refuses("logsize -1", &[(Code::BadNumber, "1:9")]);
});

directive_test!(logkeep, |t| {
    assert_eq!(t.takes("logkeep 7").logging.logkeep.value, 7);
    t.refuses("logkeep 256", &[(Code::BadNumber, "1:9")]);
});
