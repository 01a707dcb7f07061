//! The logging role: lines in, files and syslog out. Slow disks stop it and nobody else.

use hb_logd::{Facility, Line, Sinks, SinksOptions};
use hb_runtime::Inherited;
use rustix::net::{RecvFlags, recv};
use std::path::PathBuf;

/// Longest packet of the channel: a line with its header.
const PACKET_MAX_BYTES: usize = 8 * 1024;

/// What the master tells the logging role at start, in this order, as arguments. Empty: not wanted.
pub(crate) fn arguments(options: &SinksOptions) -> [String; 6] {
    let path = |path: &Option<PathBuf>| path.as_ref().map_or(String::new(), |p| p.display().to_string());
    let flag = |on: bool| String::from(if on { "1" } else { "" });
    [
        options.host.clone(),
        path(&options.logfile),
        path(&options.debugfile),
        options.syslog.map_or(String::new(), |f| f.0.to_string()),
        flag(options.stderr),
        flag(options.debug),
    ]
}

fn parse(args: &[String]) -> Option<SinksOptions> {
    let [host, logfile, debugfile, syslog, stderr, debug] = args else { return None };
    let path = |text: &String| (!text.is_empty()).then(|| PathBuf::from(text));
    Some(SinksOptions {
        host: host.clone(),
        logfile: path(logfile),
        debugfile: path(debugfile),
        syslog: syslog.parse().ok().map(Facility),
        stderr: !stderr.is_empty(),
        debug: !debug.is_empty(),
    })
}

pub(crate) fn run(mut inherited: Inherited) -> Result<(), String> {
    let channel = inherited.fd("pair").map_err(|e| e.to_string())?;
    inherited.settle("logd").map_err(|e| e.to_string())?;
    let options = parse(&inherited.args).ok_or("its arguments are not as the master writes them")?;
    let mut sinks = Sinks::new(options);
    let mut buffer = vec![0; PACKET_MAX_BYTES];
    loop {
        match recv(&channel, buffer.as_mut_slice(), RecvFlags::empty()) {
            Ok((0, _)) => return Ok(()),
            Ok((length, _)) => {
                if let Some(line) = buffer.get(..length).and_then(Line::decode) {
                    let stamp = jiff::Zoned::now().strftime("%b %d %H:%M:%S").to_string();
                    sinks.write(&stamp, &line);
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(format!("its channel: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_the_command_line() {
        let options = SinksOptions {
            logfile: Some("/var/log/ha-log".into()),
            syslog: Some(Facility(16)),
            debug: true,
            host: "n1".into(),
            ..Default::default()
        };
        let parsed = parse(&arguments(&options)).unwrap();
        assert_eq!((parsed.logfile, parsed.debugfile), (options.logfile, None));
        assert_eq!((parsed.syslog, parsed.stderr, parsed.debug), (Some(Facility(16)), false, true));
    }
}
