//! `heartbeat cts sim`: the simulator on a command line.

use crate::fleet::{Fleet, Found, Report};
use crate::plan::{NODES_MAX, Plan, Wishes, draw, parse};
use crate::plants::{self, Plant};
use crate::run::run;
use crate::shrink::shrink;
use crate::world::explain::LEGEND;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

/// Everything was as it should be.
pub const CLEAN: u8 = 0;
/// A violation was found; with a planted bug that is the wish, and still 1.
pub const FOUND: u8 = 1;
/// The command or the plan cannot be used.
pub const USAGE: u8 = 2;

/// Violations after which no further seeds are run, unless more are wished; and as many are shrunk, which takes time.
const FOUND_MAX: usize = 3;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Run seeds.
    Seeds {
        /// How many.
        seeds: u64,
        /// The first one.
        first: u64,
        /// Only plans with so many nodes.
        nodes: Option<u8>,
        /// A planted bug, by name.
        plant: Option<String>,
        /// Run all of them, however many are violated.
        keep_going: bool,
        /// The result as JSON: to this file, or with `-` to standard output.
        json: Option<PathBuf>,
    },
    /// Run one plan.
    Replay {
        /// Which.
        source: Source,
        /// A planted bug, by name.
        plant: Option<String>,
        /// Say everything that happens.
        explain: bool,
    },
    /// Name the planted bugs of this build.
    ListPlants,
    /// Look for each of them, and print how many seeds that took.
    HuntPlants,
    /// Say how it is used.
    Help,
}

/// Where a single plan comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From this file.
    File(PathBuf),
    /// It is drawn.
    Seed {
        /// By this seed.
        seed: u64,
        /// With so many nodes.
        nodes: Option<u8>,
    },
}

/// How it is used.
pub const HELP: &str = "\
heartbeat cts sim --seeds N [--seed S] [--nodes N] [--plant NAME] [--keep-going] [--json [FILE]]
    runs N seeds from S (1) on; ends after three violations unless --keep-going
heartbeat cts sim --seed S --explain [--nodes N] [--plant NAME]
heartbeat cts sim --replay PLAN-FILE [--explain] [--plant NAME]
    runs one plan, drawn by a seed or read from a file, and tells what happens in it
heartbeat cts sim --list-plants | --hunt-plants
    names the defects that this build can show with --plant; looks for each of them, and tells how many seeds that took
";

/// Understands the arguments after `cts sim`.
///
/// # Errors
/// A sentence for people.
pub fn understand(args: impl IntoIterator<Item = String>) -> Result<Wish, String> {
    let mut args = args.into_iter().peekable();
    let (mut seeds, mut first, mut nodes) = (None, None, None);
    let (mut plant, mut json, mut replay) = (None, None, None);
    let (mut explain, mut keep_going, mut plants) = (false, false, None);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--seeds" => seeds = Some(number(&value()?)?),
            "--seed" => first = Some(number(&value()?)?),
            "--nodes" => nodes = Some(number(&value()?)?),
            "--plant" => plant = Some(value()?),
            "--replay" => replay = Some(PathBuf::from(value()?)),
            "--explain" => explain = true,
            "--list-plants" => plants = Some(Wish::ListPlants),
            "--hunt-plants" => plants = Some(Wish::HuntPlants),
            "--keep-going" => keep_going = true,
            "--json" => {
                json = Some(args.next_if(|next| !next.starts_with("--")).unwrap_or("-".into()).into());
            }
            "--help" | "-h" => return Ok(Wish::Help),
            _ => return Err(format!("{arg} is unknown here")),
        }
    }
    if nodes.is_some_and(|nodes| !(2..=u64::from(NODES_MAX)).contains(&nodes)) {
        return Err(format!("--nodes takes 2 to {NODES_MAX}"));
    }
    if let Some(wish) = plants {
        return Ok(wish);
    }
    let nodes = nodes.map(|n| n as u8);
    if let Some(file) = replay {
        return Ok(Wish::Replay { source: Source::File(file), plant, explain });
    }
    // One seed by itself is that seed.
    let seeds = seeds.or(first.map(|_| 1)).ok_or("how many seeds? --seeds N")?;
    let first = first.unwrap_or(1);
    if explain && seeds == 1 {
        return Ok(Wish::Replay { source: Source::Seed { seed: first, nodes }, plant, explain });
    }
    if explain {
        return Err("--explain tells of one plan: --seed S without --seeds, or --replay FILE".to_owned());
    }
    Ok(Wish::Seeds { seeds, first, nodes, plant, keep_going, json })
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// Runs the command. The result is the exit code.
pub fn run_command(args: impl IntoIterator<Item = String>) -> u8 {
    match understand(args) {
        Ok(wish) => perform(&wish),
        Err(why) => refuse(&why),
    }
}

fn refuse(why: &str) -> u8 {
    eprintln!("heartbeat cts sim: error: {why}. See heartbeat cts sim --help");
    USAGE
}

/// Does what is wished. The result is the exit code.
pub fn perform(wish: &Wish) -> u8 {
    match wish {
        Wish::Help => {
            print!("{HELP}");
            CLEAN
        }
        Wish::ListPlants => {
            for plant in plants::all() {
                println!("{}", plant.name);
            }
            CLEAN
        }
        Wish::HuntPlants => hunt_plants(),
        Wish::Replay { source, plant, explain } => match planted(plant.as_deref()) {
            Ok(plant) => replay(source, plant, *explain),
            Err(why) => refuse(&why),
        },
        Wish::Seeds { seeds, first, nodes, plant, keep_going, json } => match planted(plant.as_deref()) {
            Ok(plant) => {
                let threads = std::thread::available_parallelism().map_or(1, usize::from);
                let wishes = Wishes { nodes: *nodes, fenced: plant.and_then(|plant| plant.wishes.fenced) };
                let fleet = Fleet { first: *first, seeds: *seeds, wishes, plant, threads };
                run_seeds(&fleet, *keep_going, json.as_deref())
            }
            Err(why) => refuse(&why),
        },
    }
}

fn hunt_plants() -> u8 {
    if plants::all().is_empty() {
        return refuse(NO_PLANTS);
    }
    let results = plants::hunt_all();
    print!("{}", plants::table(&results));
    if results.iter().all(|(_, found)| found.is_some()) { CLEAN } else { FOUND }
}

const NO_PLANTS: &str = "this build has no planted bugs; build with --features planted-bugs";

fn planted(name: Option<&str>) -> Result<Option<Plant>, String> {
    let Some(name) = name else { return Ok(None) };
    match plants::named(name) {
        Some(plant) => Ok(Some(plant)),
        None if plants::all().is_empty() => Err(NO_PLANTS.to_owned()),
        None => Err(format!("no planted bug is called {name}; --list-plants names them")),
    }
}

/// The plan of a file. The error is for people.
fn read_plan(path: &std::path::Path) -> Result<Plan, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{}:{}:1: error: {}", path.display(), error.line, error.what))
}

fn replay(source: &Source, plant: Option<Plant>, explain: bool) -> u8 {
    let plan = match source {
        Source::Seed { seed, nodes } => Ok(draw(*seed, &Wishes { nodes: *nodes, ..Wishes::default() })),
        Source::File(file) => read_plan(file),
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(why) => {
            eprintln!("{why}.");
            return USAGE;
        }
    };
    let outcome = run(&plan, plant, explain);
    if explain {
        print!("{plan}{LEGEND}");
    }
    for line in &outcome.lines {
        println!("{line}");
    }
    println!("digest {:016x}, {} steps of machines", outcome.digest, outcome.stats.steps);
    match outcome.violation {
        None => {
            println!("clean");
            CLEAN
        }
        Some(violation) => {
            println!("violated: {violation}");
            println!("{}: {}", violation.invariant, violation.invariant.sentence());
            FOUND
        }
    }
}

/// A violation, its plan made short.
struct Case {
    found: Found,
    short: String,
    file: Option<PathBuf>,
}

fn run_seeds(fleet: &Fleet, keep_going: bool, json: Option<&std::path::Path>) -> u8 {
    let quiet = json.is_some_and(|file| file.as_os_str() == "-");
    let terminal = std::io::stderr().is_terminal();
    let seen = Mutex::new(0_usize);
    let (begin, processor) = (Instant::now(), processor_time());
    let report = fleet.run(|done, found| {
        let mut seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *seen += usize::from(found.is_some());
        if let Some(found) = found.filter(|_| keep_going) {
            // A long run is worth watching: what is found is told at once, too.
            eprintln!("seed {} violates {}", found.seed, found.violation);
        }
        if terminal && (done % 16 == 0 || found.is_some()) {
            eprint!("\r{done} of {} seeds, {} violated ", fleet.seeds, *seen);
        }
        let most = if fleet.plant.is_some() { 1 } else { FOUND_MAX };
        if *seen >= most && !keep_going { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let spent = Spent { seconds: begin.elapsed().as_secs_f64(), processor: processor_time() - processor };
    if terminal {
        eprint!("\r\x1b[K");
    }
    let cases: Vec<Case> =
        report.found.iter().take(FOUND_MAX).map(|found| shorten(found, fleet.plant)).collect();
    if !quiet {
        tell(fleet, &report, &cases, spent);
    }
    if let Some(file) = json {
        let document = document(fleet, &report, &cases, spent);
        if quiet {
            println!("{document}");
        } else if let Err(error) = std::fs::write(file, document + "\n") {
            return refuse(&format!("{}: {error}", file.display()));
        }
    }
    if cases.is_empty() { CLEAN } else { FOUND }
}

/// What a run cost.
#[derive(Clone, Copy)]
struct Spent {
    seconds: f64,
    /// Seconds of processors, all threads together: others may use the machine too.
    processor: f64,
}

impl Spent {
    fn rate(self, steps: u64) -> f64 {
        steps as f64 / self.processor.max(0.001)
    }
}

fn processor_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn shorten(found: &Found, plant: Option<Plant>) -> Case {
    let shrunk = shrink(&found.plan, found.violation.clone(), plant);
    let mut short = format!("# {}\n{}", shrunk.violation, shrunk.plan);
    if let Some(plant) = plant {
        short.insert_str(0, &format!("# with --plant {}\n", plant.name));
    }
    let file = std::env::temp_dir().join(format!("heartbeat-sim-{}.plan", found.seed));
    let written = std::fs::File::create(&file).and_then(|mut out| out.write_all(short.as_bytes()));
    Case { found: found.clone(), short, file: written.is_ok().then_some(file) }
}

fn tell(fleet: &Fleet, report: &Report, cases: &[Case], spent: Spent) {
    for case in cases {
        println!("seed {} violates {}", case.found.seed, case.found.violation);
        println!("{}", case.short);
        if let Some(file) = &case.file {
            let plant = fleet.plant.map_or(String::new(), |plant| format!(" --plant {}", plant.name));
            println!("replay it: heartbeat cts sim --replay {}{plant} --explain\n", file.display());
        }
    }
    for found in report.found.iter().skip(cases.len()) {
        println!("seed {} violates {}", found.seed, found.violation);
    }
    let stats = &report.stats;
    print!("{}", stats.table());
    println!(
        "{} seeds, {} violated; {:.1} simulated hours in {:.1} s, digest {:016x}",
        report.seeds,
        report.found.len(),
        hours(report),
        spent.seconds,
        report.digest
    );
    println!(
        "{} steps of machines ({:.2} million a second of a processor), {} turns of processes, {} frames sent, {} lost, \
         {} messages delivered, {} gaps reported, {} deaths, {} power cuts, {} fencings, {} agents, slowest heal {} s",
        stats.steps,
        spent.rate(stats.steps) / 1e6,
        stats.turns,
        stats.traffic.sent,
        stats.traffic.lost,
        stats.delivered,
        stats.gaps,
        stats.deaths,
        stats.power_cuts,
        stats.fencings,
        stats.agents,
        stats.slowest_heal / 1_000_000_000,
    );
}

fn hours(report: &Report) -> f64 {
    report.stats.simulated as f64 / 3.6e12
}

/// The JSON document, its keys as the command line contract has them.
fn document(fleet: &Fleet, report: &Report, cases: &[Case], spent: Spent) -> String {
    let mut violations = String::new();
    for (place, found) in report.found.iter().enumerate() {
        let comma = if violations.is_empty() { "" } else { "," };
        let (seed, invariant) = (found.seed, found.violation.invariant.word());
        let plan = cases.get(place).map_or_else(|| found.plan.to_string(), |case| case.short.clone());
        let _ = write!(
            violations,
            "{comma}{{\"seed\":{seed},\"invariant\":\"{invariant}\",\"what\":{},\"plan\":{}}}",
            quoted(&found.violation.what),
            quoted(&plan)
        );
    }
    let nodes = fleet.wishes.nodes.map_or("null".to_owned(), |nodes| nodes.to_string());
    let stats = &report.stats;
    format!(
        "{{\"seeds\":{},\"first_seed\":{},\"nodes\":{nodes},\"violations\":[{violations}],\
         \"simulated_hours\":{:.4},\"wall_seconds\":{:.3},\"digest\":\"{:016x}\",\
         \"machine_steps\":{},\"steps_per_processor_second\":{:.0}}}",
        report.seeds,
        fleet.first,
        hours(report),
        spent.seconds,
        report.digest,
        stats.steps,
        spent.rate(stats.steps),
    )
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(line: &str) -> Result<Wish, String> {
        understand(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_as_the_contract_has_them() {
        assert_eq!(
            wish("--seeds 5 --seed 9 --nodes 3 --json"),
            Ok(Wish::Seeds {
                seeds: 5,
                first: 9,
                nodes: Some(3),
                plant: None,
                keep_going: false,
                json: Some("-".into())
            })
        );
        assert_eq!(
            wish("--replay a.plan --explain"),
            Ok(Wish::Replay { source: Source::File("a.plan".into()), plant: None, explain: true })
        );
        assert_eq!(
            wish("--seed 8 --nodes 4 --explain --plant x"),
            Ok(Wish::Replay {
                source: Source::Seed { seed: 8, nodes: Some(4) },
                plant: Some("x".into()),
                explain: true
            })
        );
        assert!(matches!(wish("--keep-going --seeds 7"), Ok(Wish::Seeds { keep_going: true, .. })));
        assert!(matches!(wish("--seed 7"), Ok(Wish::Seeds { seeds: 1, first: 7, .. })));
        assert!(matches!(wish("--json out.json --seeds 1"), Ok(Wish::Seeds { json: Some(_), .. })));
        for bad in [
            "",
            "--seeds",
            "--seeds x",
            "--nodes 9 --seeds 1",
            "--nodes 1 --seeds 1",
            "--what",
            "--seeds 2 --explain",
        ] {
            assert!(wish(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn text_in_json_is_quoted() {
        assert_eq!(quoted("a\"b\\\n\u{1}"), "\"a\\\"b\\\\\\n\\u0001\"");
    }
}
