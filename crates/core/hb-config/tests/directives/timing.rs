//! How long things may take.

use hb_config::Code;
use std::time::Duration;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

directive_test!(keepalive, |t| {
    assert_eq!(t.takes("keepalive 2").timing.keepalive.value, ms(2_000));
    assert_eq!(t.takes("keepalive 300ms").timing.keepalive.value, ms(300));
    assert_eq!(t.takes("keepalive 0.5").timing.keepalive.value, ms(500));
    assert_eq!(t.takes("keepalive .5").timing.keepalive.value, ms(500));
    assert_eq!(t.takes("keepalive 1500us").timing.keepalive.value, ms(2));
    assert_eq!(t.takes("keepalive 200.5MSEC").timing.keepalive.value, ms(201));
    assert_eq!(t.takes("keepalive 300ms").parameter("keepalive"), Some("300ms"));
    t.refuses("keepalive 0", &[(Code::BadTime, "1:11")]);
    t.refuses("keepalive 0.4ms", &[(Code::BadTime, "1:11")]);
    t.refuses("keepalive 1s", &[(Code::BadTime, "1:11")]);
    t.refuses("keepalive -1", &[(Code::BadTime, "1:11")]);
    t.refuses("keepalive 1e3", &[(Code::BadTime, "1:11")]);
    t.refuses("keepalive often", &[(Code::BadTime, "1:11")]);
    t.refuses("keepalive 99999999999999999999999999", &[(Code::BadTime, "1:11")]);
    // The original reads these without a word.
    let odd = t.warns("keepalive 1.2.3", &[(Code::BadTime, "1:11")]);
    assert_eq!(odd.timing.keepalive.value, ms(1_200));
    let last = t.warns("keepalive 1 2", &[(Code::GivenTwice, "1:13")]);
    assert_eq!(last.timing.keepalive.value, ms(2_000));
    t.warns("keepalive", &[(Code::ValueMissing, "1:1")]);
});

directive_test!(deadtime, |t| {
    assert_eq!(t.takes("deadtime 4").timing.deadtime.value, ms(4_000));
    t.refuses("keepalive 2\ndeadtime 4", &[(Code::DeadtimeTooSmall, "2:10")]);
    t.takes("keepalive 2\ndeadtime 4001ms");
    t.refuses("deadtime 10sec", &[(Code::BadTime, "1:10")]);
    let last = t.warns("deadtime 8\ndeadtime 9", &[(Code::GivenTwice, "2:10")]);
    assert_eq!(last.timing.deadtime.value, ms(9_000));
    t.warns("realtime off\nkeepalive 100ms\ndeadtime 499ms", &[(Code::DeadtimeNotRealtime, "3:10")]);
    t.takes("realtime off\nkeepalive 100ms\ndeadtime 500ms");
    t.takes("realtime on\nkeepalive 100ms\ndeadtime 300ms");
    let refused = t.on(|| {
        let mut facts = crate::paul();
        facts.realtime_allowed = false;
        facts
    });
    refused.warns("keepalive 100ms\ndeadtime 300ms", &[(Code::DeadtimeNotRealtime, "2:10")]);
});

directive_test!(warntime, |t| {
    assert_eq!(t.takes("warntime 3").timing.warntime.value, ms(3_000));
    assert_eq!(t.takes("deadtime 8\nwarntime 5").timing.warntime.value, ms(5_000));
    t.warns("deadtime 8\nwarntime 9", &[(Code::WarntimeUseless, "2:10")]);
    t.warns("keepalive 2\nwarntime 2", &[(Code::WarntimeUseless, "2:10")]);
    t.refuses("warntime 0", &[(Code::BadTime, "1:10")]);
});

directive_test!(initdead, |t| {
    assert_eq!(t.takes("initdead 60").timing.initdead.value, ms(60_000));
    t.refuses("deadtime 30\ninitdead 29", &[(Code::InitdeadTooSmall, "2:10")]);
    t.warns("deadtime 4\ninitdead 9", &[(Code::InitdeadShort, "2:10")]);
    t.takes("deadtime 4\ninitdead 10");
});

#[test]
fn what_nobody_writes_follows_from_deadtime() {
    let deadtimes = [(4_000, 12_000), (5_999, 12_000), (6_000, 12_000), (8_000, 16_000), (10_000, 20_000)];
    for (dead, init) in deadtimes.into_iter().chain([(11_000, 11_000), (30_000, 30_000)]) {
        let (config, _) = crate::check_on(crate::paul(), &crate::complete(&format!("deadtime {dead}ms")));
        let timing = config.expect("sound").ha_cf.timing;
        assert_eq!(timing.initdead.value, ms(init), "deadtime {dead}");
        assert_eq!(timing.warntime.value, ms(dead / 2));
        assert_eq!(timing.deadping.value, ms(dead));
        assert!(!timing.initdead.is_written());
    }
}

directive_test!(deadping, |t| {
    assert_eq!(t.takes("deadping 5").timing.deadping.value, ms(5_000));
    t.refuses("keepalive 1\ndeadping 2", &[(Code::DeadpingTooSmall, "2:10")]);
    t.refuses("deadping 0", &[(Code::DeadpingTooSmall, "1:10")]);
});

directive_test!(hopfudge, |t| {
    assert_eq!(t.takes("hopfudge 3").timing.hopfudge.value, 3);
    assert_eq!(t.takes("hopfudge 0").timing.hopfudge.value, 0);
    t.refuses("hopfudge 256", &[(Code::BadNumber, "1:10")]);
    t.refuses("hopfudge -1", &[(Code::BadNumber, "1:10")]);
    assert_eq!(t.warns("hopfudge 3x", &[(Code::BadNumber, "1:10")]).timing.hopfudge.value, 3);
});

directive_test!(max_rexmit_delay, |t| {
    assert_eq!(t.takes("max_rexmit_delay 100").timing.max_rexmit_delay.value, ms(100));
    t.refuses("max_rexmit_delay 0", &[(Code::BadNumber, "1:18")]);
    t.refuses("max_rexmit_delay soon", &[(Code::BadNumber, "1:18")]);
    let unit = t.warns("max_rexmit_delay 100ms", &[(Code::BadNumber, "1:18")]);
    assert_eq!(unit.timing.max_rexmit_delay.value, ms(100));
});

directive_test!(history, |t| {
    assert_eq!(t.takes("history 1000").timing.history.value, 1_000);
    t.refuses("history 99", &[(Code::BadNumber, "1:9")]);
    t.refuses("history 10001", &[(Code::BadNumber, "1:9")]);
});
