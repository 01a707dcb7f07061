//! What holds for every text there can be.

mod common;

use common::{AUTHKEYS, BASE, complete, look_up, paul};
use hb_config::{
    Code, Config, DIRECTIVES, Diagnostic, File, Files, HostFacts, MAX_DIAGNOSTICS, MAX_FILE_BYTES, check,
    reload,
};
use proptest::prelude::*;

fn run(ha_cf: &[u8], authkeys: &[u8], haresources: &[u8]) -> (Option<Config>, Vec<Diagnostic>) {
    let files = Files {
        ha_cf: Some(ha_cf),
        authkeys: Some(authkeys),
        authkeys_mode: Some(0o600),
        haresources: Some(haresources),
    };
    let mut facts = paul();
    look_up(&files, &mut facts);
    let (config, diagnostics) = check(&files, &facts);
    assert_eq!(config.is_none(), diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:?}");
    assert!(diagnostics.len() <= MAX_DIAGNOSTICS);
    assert!(diagnostics.is_sorted_by_key(|d| (d.file, d.line, d.column)), "{diagnostics:?}");
    for (file, bytes) in [(File::HaCf, ha_cf), (File::Authkeys, authkeys), (File::Haresources, haresources)] {
        let lines: Vec<usize> =
            bytes.split(|b| *b == b'\n').map(|line| String::from_utf8_lossy(line).chars().count()).collect();
        for diagnostic in diagnostics.iter().filter(|d| d.file == file) {
            assert!(is_inside(&lines, diagnostic), "outside its file: {diagnostic}");
        }
    }
    for diagnostic in &diagnostics {
        assert!(!diagnostic.message.ends_with('.') && diagnostic.cure.ends_with(['.', '?']), "{diagnostic}");
    }
    // What the host is like decides about complaints, never about panics.
    let _ = check(&files, &HostFacts::unknown("a=b"));
    (config, diagnostics)
}

/// `lines` are the numbers of characters of the lines.
fn is_inside(lines: &[usize], diagnostic: &Diagnostic) -> bool {
    let characters = lines.get(diagnostic.line as usize - 1);
    (diagnostic.line, diagnostic.column) == (1, 1)
        || characters.is_some_and(|n| (1..=*n).contains(&(diagnostic.column as usize)))
}

/// Words that bring a line past the first checks more often than chance.
fn word() -> impl Strategy<Value = String> {
    let known: Vec<String> = DIRECTIVES.iter().map(|d| d.name.to_string()).collect();
    let values = [
        "paul",
        "silas",
        "eth0",
        "eth1",
        "eth2",
        "on",
        "off",
        "500ms",
        "2",
        "10.0.0.2",
        "239.0.0.1",
        "694",
        "1",
        "0",
        "*",
        "null",
        "external/ipmi",
        "/dev/ttyS0",
        "uid=root",
        "A=b",
        "legacy",
        "zlib",
        "#",
        ",",
        "\\",
        "2001:db8::5/64",
        "10.0.0.5/24/eth0",
        "apache",
        "OCF::a::b",
        "ocf:heartbeat:Dummy::a=b",
        "lsb:cron",
        "::",
        "auth",
        "sha1",
        "crc",
    ];
    prop_oneof![
        3 => proptest::sample::select(known),
        4 => proptest::sample::select(values.to_vec()).prop_map(str::to_string),
        1 => "[ -~]{0,12}",
        1 => any::<String>(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let blanks = proptest::sample::select(vec![" ", "\t", "  ", ",", "\\\n"]);
    let line = proptest::collection::vec((word(), blanks), 0..7)
        .prop_map(|words| words.into_iter().map(|(word, blank)| word + blank).collect::<String>());
    let end = proptest::sample::select(vec!["\n", "\r\n", " \n"]);
    proptest::collection::vec((line, end), 0..25)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(a in any::<Vec<u8>>(), b in any::<Vec<u8>>(), c in any::<Vec<u8>>()) {
        run(&a, &b, &c);
    }

    #[test]
    fn any_words_get_an_answer(a in text(), b in text(), c in text()) {
        run(a.as_bytes(), b.as_bytes(), c.as_bytes());
    }

    /// One random line in a sound file: often sound, so the good half is tried too.
    #[test]
    fn what_is_in_force_means_the_same_written_anew(line in text()) {
        let first = run(complete(&line).as_bytes(), AUTHKEYS.as_bytes(), b"").0;
        let Some(first) = first else { return Ok(()) };
        let lines = first.ha_cf.in_force();
        let written: String = lines.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
        let (again, diagnostics) = run(written.as_bytes(), AUTHKEYS.as_bytes(), b"");
        let again = again.unwrap_or_else(|| panic!("{written}: {diagnostics:?}"));
        prop_assert_eq!(again.ha_cf.in_force(), lines);
        prop_assert!(reload(&first, &again).expect("nothing changed").is_empty());
    }

    #[test]
    fn secrets_are_never_shown(secret in "[A-Za-z0-9]{12}", number in 0_u8..20, method in "(crc|md5|sha1|md6|)") {
        let forms = [
            format!("auth {number}\n{number} {method} {secret}\n"),
            format!("auth {number}\n{number} {secret}\n"),
            format!("auth {secret}\n{number} {method} {secret} {secret}\n"),
            format!("{secret}\n"),
            format!("a{secret} {number}\n"),
        ];
        for keys in forms {
            let (config, diagnostics) = run(complete("").as_bytes(), keys.as_bytes(), b"");
            let shown = format!("{config:?} {diagnostics:?}");
            prop_assert!(!shown.contains(&secret), "{shown}");
        }
    }
}

#[test]
fn the_base_is_sound() {
    assert!(run(complete("").as_bytes(), AUTHKEYS.as_bytes(), b"").1.is_empty(), "{BASE:?}");
}

#[test]
fn complaints_are_bounded_and_the_last_one_says_so() {
    let (_, diagnostics) = run("nonsense\n".repeat(5_000).as_bytes(), AUTHKEYS.as_bytes(), b"");
    assert_eq!(diagnostics.len(), MAX_DIAGNOSTICS);
    assert!(diagnostics.iter().any(|d| d.code == Code::TooManyComplaints));
}

#[test]
fn a_file_that_is_no_configuration_is_not_read() {
    let (config, diagnostics) = run(&vec![b'x'; MAX_FILE_BYTES + 1], AUTHKEYS.as_bytes(), b"");
    assert!(config.is_none());
    assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::FileTooLarge]);
}

#[test]
fn a_large_file_of_any_shape_is_read_to_its_end() {
    for unit in [
        "a\n",
        "node a\n",
        "node a,",
        "bcast eth0\n",
        "bcast eth0 ",
        "\\\n",
        "env A=b ",
        "\n",
        "stonith_host * null a\n",
    ] {
        let text = unit.repeat(MAX_FILE_BYTES / 4 / unit.len());
        run(text.as_bytes(), text.as_bytes(), text.as_bytes());
    }
}
