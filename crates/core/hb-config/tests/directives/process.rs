//! How processes run, and how messages look on the wire.

use hb_config::{Code, Compression, MessageFormat};

directive_test!(realtime, |t| {
    assert!(!t.takes("realtime off").process.realtime.value);
    assert!(t.takes("realtime Y").process.realtime.value);
    t.refuses("realtime soon", &[(Code::BadBoolean, "1:10")]);
});

directive_test!(rtprio, |t| {
    assert_eq!(t.takes("rtprio 5").process.rtprio.map(|p| p.value), Some(5));
    t.refuses("rtprio 100", &[(Code::BadNumber, "1:8")]);
    t.refuses("rtprio 0", &[(Code::BadNumber, "1:8")]);
    t.refuses("rtprio high", &[(Code::BadNumber, "1:8")]);
});

directive_test!(memreserve, |t| {
    assert_eq!(t.takes("memreserve 100").process.memreserve_kb.value, 100);
    t.refuses("memreserve 0", &[(Code::BadNumber, "1:12")]);
    t.refuses("memreserve lots", &[(Code::BadNumber, "1:12")]);
});

directive_test!(coredumps, |t| {
    assert!(!t.warns("coredumps false", &[(Code::NotYet, "1:1")]).process.coredumps.value);
    t.refuses("coredumps often", &[(Code::NotYet, "1:1"), (Code::BadBoolean, "1:11")]);
});

directive_test!(coreroot, |t| {
    let ha_cf = t.warns("coreroot /var/lib/cores", &[(Code::NotYet, "1:1")]);
    assert_eq!(ha_cf.process.coreroot.expect("set").value, "/var/lib/cores");
    t.refuses("coreroot cores", &[(Code::NotYet, "1:1"), (Code::BadPath, "1:10")]);
    t.refuses("coreroot /nosuch", &[(Code::NotYet, "1:1"), (Code::BadPath, "1:10")]);
});

directive_test!(normalpoll, |t| {
    assert!(!t.warns("normalpoll off", &[(Code::NotYet, "1:1")]).process.normalpoll.value);
});

directive_test!(watchdog, |t| {
    t.refuses("watchdog /dev/watchdog", &[(Code::NotYetSafety, "1:10")]);
    let twice =
        [(Code::NotYetSafety, "1:10"), (Code::GivenTwiceRefused, "2:1"), (Code::NotYetSafety, "2:10")];
    t.refuses("watchdog /dev/watchdog\nwatchdog /dev/watchdog", &twice);
    let one_line =
        [(Code::NotYetSafety, "1:10"), (Code::GivenTwiceRefused, "1:17"), (Code::NotYetSafety, "1:17")];
    t.refuses("watchdog /dev/a /dev/b", &one_line);
});

directive_test!(use_apphbd, |t| {
    assert!(!t.takes("use_apphbd no").process.use_apphbd.value);
    assert!(t.warns("use_apphbd yes", &[(Code::NotYet, "1:12")]).process.use_apphbd.value);
    t.refuses("use_apphbd maybe", &[(Code::BadBoolean, "1:12")]);
});

directive_test!(msgfmt, |t| {
    assert_eq!(t.takes("msgfmt netstring").wire.format.value, MessageFormat::Netstring);
    t.refuses("msgfmt xml", &[(Code::BadWord, "1:8")]);
});

directive_test!(compression, |t| {
    assert_eq!(t.takes("compression bz2").wire.compression.map(|c| c.value), Some(Compression::Bz2));
    assert_eq!(t.takes("compression zlib").wire.compression.map(|c| c.value), Some(Compression::Zlib));
    t.refuses("compression ZLIB", &[(Code::BadWord, "1:13")]);
    t.refuses("compression lz4", &[(Code::BadWord, "1:13")]);
});

directive_test!(compression_threshold, |t| {
    assert_eq!(t.takes("compression_threshold 10").wire.compression_threshold_kb.value, 10);
    t.refuses("compression_threshold 0", &[(Code::BadNumber, "1:23")]);
    let odd = t.warns("compression_threshold 2.5", &[(Code::BadNumber, "1:23")]);
    assert_eq!(odd.wire.compression_threshold_kb.value, 2);
});

directive_test!(traditional_compression, |t| {
    assert!(t.takes("traditional_compression on").wire.traditional_compression.value);
    t.refuses("traditional_compression maybe", &[(Code::BadBoolean, "1:25")]);
});
