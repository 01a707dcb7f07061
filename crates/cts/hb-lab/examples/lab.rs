//! The laboratory without the rest: `lab demo`, `lab bench failover|idle|messages`, for work on the
//! laboratory itself. Users say `heartbeat bench …` and `heartbeat demo`.

use hb_lab::{bench, demo};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = hb_lab::intercept(&arguments) {
        return code;
    }
    let permit = match hb_lab::permit::enter() {
        Ok(permit) => permit,
        Err(e) => {
            eprintln!("{e}");
            return ExitCode::FAILURE;
        }
    };
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let program = std::env::var_os("HEARTBEAT_BIN").map_or_else(|| "heartbeat".into(), PathBuf::from);
    if words.first().is_some_and(|word| word == "demo") {
        return demo(program, permit, words.iter().any(|word| word == "--quick"));
    }
    let number = words.get(2).and_then(|word| word.parse().ok());
    let with_original = words.iter().any(|word| word == "original");
    let report = match words.get(1).map(String::as_str) {
        Some("failover") => {
            bench::failover(&bench::Failover { program, repeat: number.unwrap_or(30), with_original })
        }
        Some("idle") => {
            let span = Duration::from_secs(u64::from(number.unwrap_or(20)));
            bench::idle(&bench::Idle { program, span, with_original })
        }
        Some("messages") => {
            bench::messages(&bench::Messages { program, count: 50_000, repeat: number.unwrap_or(3) })
        }
        _ => {
            eprintln!("lab bench failover|idle|messages [NUMBER] [original]");
            return ExitCode::from(2);
        }
    };
    match report {
        Ok(report) => {
            print!("{}", report.text());
            println!("{}", report.json());
            ExitCode::from(u8::from(!report.failures.is_empty()))
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn demo(program: PathBuf, permit: hb_lab::permit::Permit, quick: bool) -> ExitCode {
    let options = demo::Options { program, quick, narration: demo::Narration::Output, permit };
    match demo::run(&options) {
        Ok(report) => ExitCode::from(u8::from(!report.ok())),
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}
