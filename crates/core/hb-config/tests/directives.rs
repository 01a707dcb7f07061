//! Every directive has a test of its own: what it takes, what comes of it, what is complained about.

mod common;

use common::{check_on, complete, paul};
use hb_config::{Code, Config, DIRECTIVES, Diagnostic, HaCf, HostFacts, Severity};

/// Makes a test called like the directive. The body gets a [`Sample`] to try lines with.
macro_rules! directive_test {
    ($name:ident, $body:expr) => {
        #[test]
        fn $name() {
            let body: fn(&crate::Sample) = $body;
            body(&crate::Sample { directive: stringify!($name), host: crate::common::paul });
        }
    };
}

mod directives {
    mod children;
    mod logging;
    mod media;
    mod membership;
    mod process;
    mod resources;
    mod timing;
}

/// Tries lines of one directive. Lines of [`common::BASE`] follow those of the sample.
struct Sample {
    directive: &'static str,
    host: fn() -> HostFacts,
}

impl Sample {
    fn on(&self, host: fn() -> HostFacts) -> Sample {
        Sample { directive: self.directive, host }
    }

    fn check(&self, lines: &str) -> (Option<Config>, Vec<Diagnostic>) {
        let names_it = lines.lines().any(|line| line.split_whitespace().next() == Some(self.directive));
        assert!(names_it, "a test of `{}` tries `{lines}`", self.directive);
        check_on((self.host)(), &complete(lines))
    }

    /// What comes of lines about which nobody complains.
    fn takes(&self, lines: &str) -> HaCf {
        let (config, diagnostics) = self.check(lines);
        assert!(diagnostics.is_empty(), "{lines}: {diagnostics:#?}");
        config.expect("no complaint, so there is a configuration").ha_cf
    }

    /// What comes of lines that give exactly these warnings, each a code and a `LINE:COLUMN`.
    fn warns(&self, lines: &str, expected: &[(Code, &str)]) -> HaCf {
        let (config, diagnostics) = self.check(lines);
        assert_eq!(places(&diagnostics), expected_places(expected), "{lines}: {diagnostics:#?}");
        assert!(diagnostics.iter().all(|d| d.severity == Severity::Warning), "{lines}: {diagnostics:#?}");
        config.expect("warnings only, so there is a configuration").ha_cf
    }

    /// Lines that give exactly these complaints, at least one of them an error.
    fn refuses(&self, lines: &str, expected: &[(Code, &str)]) {
        let (config, diagnostics) = self.check(lines);
        assert_eq!(places(&diagnostics), expected_places(expected), "{lines}: {diagnostics:#?}");
        assert!(config.is_none(), "{lines} is taken");
    }
}

fn places(diagnostics: &[Diagnostic]) -> Vec<(Code, String)> {
    diagnostics.iter().map(|d| (d.code, format!("{}:{}", d.line, d.column))).collect()
}

fn expected_places(expected: &[(Code, &str)]) -> Vec<(Code, String)> {
    expected.iter().map(|(code, place)| (*code, place.to_string())).collect()
}

#[test]
fn every_directive_has_a_test() {
    let tests = [
        include_str!("directives/children.rs"),
        include_str!("directives/logging.rs"),
        include_str!("directives/media.rs"),
        include_str!("directives/membership.rs"),
        include_str!("directives/process.rs"),
        include_str!("directives/resources.rs"),
        include_str!("directives/timing.rs"),
    ]
    .concat();
    for directive in DIRECTIVES {
        let marker = format!("directive_test!({},", directive.name);
        assert!(tests.contains(&marker), "{} has no test: write one that begins `{marker}`", directive.name);
    }
}

/// Defaults are what the table says: a file with the default written out means the same as one without.
#[test]
fn the_table_tells_the_defaults_that_are_in_force() {
    let (bare, _) = check_on(paul(), &complete(""));
    let bare = bare.expect("the base is sound").ha_cf;
    for directive in DIRECTIVES {
        let Some(text) = directive.default.text() else { continue };
        // Compression is named as a default and yet off until the directive is there.
        if directive.name == "compression" {
            continue;
        }
        let (written, diagnostics) = check_on(paul(), &complete(&format!("{} {text}", directive.name)));
        let written = written.unwrap_or_else(|| panic!("{}: {diagnostics:#?}", directive.name)).ha_cf;
        let line = |ha_cf: &HaCf| {
            ha_cf.in_force().into_iter().filter(|(name, _)| *name == directive.name).collect::<Vec<_>>()
        };
        if directive.name == "auto_failback" {
            continue; // The base sets it.
        }
        assert_eq!(line(&written), line(&bare), "{}", directive.name);
    }
}

/// As scripts of 3.0.6 see them under `HA_…` (observed), with our own `history` added.
#[test]
fn parameters_are_recorded_word_for_word_with_their_defaults() {
    let lines = "logfile /run/hblog\nlogfacility none\nkeepalive 300ms\ndeadtime 2\ninitdead 3\nauto_failback on\n\
                 nice_failback off\nrealtime off\nudpport 694\nbcast eth0\nnode paul silas\nenv FOO=bar\n";
    let (config, _) = check_on(paul(), lines);
    let ha_cf = config.expect("sound").ha_cf;
    let recorded: Vec<String> = ha_cf.parameters().map(|(name, text)| format!("{name}={text}")).collect();
    let expected = "auto_failback=on autojoin=none baud=19200 cluster=linux-ha compression=zlib \
                    compression_threshold=2 conn_logd_time=60 coredumps=true deadping=2000ms deadtime=2 debug=0 \
                    enable_config_writes=on hbgenmethod=file history=500 hopfudge=1 initdead=3 keepalive=300ms \
                    log_badpack=true logfacility=none logfile=/run/hblog max_rexmit_delay=250 memreserve=6500 \
                    msgfmt=classic pacemaker=false realtime=off record_config_changes=on record_pengine_inputs=on \
                    syslogmsgfmt=true traditional_compression=no udpport=694 uuidfrom=file warntime=1000ms";
    assert_eq!(recorded, expected.split_whitespace().collect::<Vec<_>>());
}
