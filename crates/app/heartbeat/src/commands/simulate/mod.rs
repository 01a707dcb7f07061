//! `heartbeat simulate`: what the cluster would do, decided and carried out on a document.

mod args;
mod inject;
mod source;

pub(crate) use args::Simulate;

use hb_cib::status::StatusEditor;
use hb_cib::{Document, Moment, Style, value};
use hb_scheduler::Wanted;
use hb_scheduler::execute::{self, Rehearsal};
use hb_scheduler::model::Cluster;
use hb_scheduler::report::{self, Listing, Picture, Shape, Show};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The input cannot be used.
const UNUSABLE: u8 = 2;
/// What was decided cannot be carried out to the end.
const STUCK: u8 = 1;

/// Decides on a thread whose stack is deep enough for every chain of dependencies.
pub(crate) fn run(args: Simulate) -> ExitCode {
    let thread =
        std::thread::Builder::new().stack_size(hb_scheduler::STACK_BYTES).spawn(move || simulate(&args));
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(code))) => ExitCode::from(code),
        Ok(Ok(Err(why))) => {
            eprintln!("heartbeat: error: {why}");
            ExitCode::from(UNUSABLE)
        }
        Ok(Err(_)) => ExitCode::from(70),
        Err(why) => {
            eprintln!("heartbeat: error: no thread: {why}");
            ExitCode::from(71)
        }
    }
}

fn simulate(args: &Simulate) -> Result<u8, String> {
    let document = source::read(args)?;
    let mut session = Session { args, clock: source::clock(), out: Listing::new(shape(args)) };
    let code = session.whole(document)?;
    session.flush()?;
    Ok(code)
}

/// Scores go with plain lines, as they always did.
fn shape(args: &Simulate) -> Shape {
    if args.show_scores { Shape::Plain } else { Shape::Outline }
}

struct Session<'a> {
    args: &'a Simulate,
    /// The moment that it really is.
    clock: Moment,
    out: Listing,
}

impl Session<'_> {
    fn whole(&mut self, document: Document) -> Result<u8, String> {
        let mut document = document;
        let now = self.now(&document)?;
        if !self.args.quiet {
            self.status(&document, now, "Current cluster status", true)?;
        }
        if self.args.quorum.is_some() && !self.args.happens() {
            eprintln!(
                "heartbeat: note: --quorum counts only together with something that happens, as it always did"
            );
        }
        if self.args.happens() {
            document = self.happen(document)?;
        }
        save(self.args.save_input.as_deref(), || document.to_xml(Style::Indented))?;
        if !self.args.decides() {
            save(self.args.save_output.as_deref(), || document.to_xml(Style::Indented))?;
            return Ok(0);
        }
        let carried = self.decide(&document, now)?;
        let complete = carried.as_ref().is_none_or(|(_, complete)| *complete);
        let outcome = carried.map_or(document, |(outcome, _)| outcome);
        if self.args.carries_out() && !self.args.quiet {
            let now = self.now(&outcome)?;
            self.out.blank();
            self.status(&outcome, now, "Revised Cluster Status", false)?;
        }
        save(self.args.save_output.as_deref(), || outcome.to_xml(Style::Indented))?;
        if self.args.in_place {
            save(self.args.xml_file.as_deref(), || outcome.to_xml(Style::Indented))?;
        }
        Ok(if complete { 0 } else { STUCK })
    }

    /// The moment of decision: as asked for, as the document says, or as it is.
    fn now(&mut self, document: &Document) -> Result<Moment, String> {
        if let Some(text) = &self.args.set_datetime {
            self.tell(&format!("Setting effective cluster time: {text}"));
            return Moment::read(text, self.clock)
                .ok_or(format!("--set-datetime {text}: not a moment in ISO 8601"));
        }
        let recorded =
            document.root().get("execution-date").and_then(value::integer).filter(|date| *date != 0);
        Ok(match recorded {
            Some(seconds) => {
                let now = Moment::from_epoch(seconds, self.clock.offset());
                self.tell(&format!("Using the original execution date of: {}", now.in_utc()));
                now
            }
            None => self.clock,
        })
    }

    fn tell(&mut self, text: &str) {
        if !self.args.quiet {
            self.out.item(text);
        }
    }

    fn status(&mut self, document: &Document, now: Moment, title: &str, first: bool) -> Result<(), String> {
        let expanded = hb_scheduler::expand(document);
        let cluster = hb_scheduler::status(&expanded, now).map_err(|why| why.to_string())?;
        if first {
            self.restrictions(&cluster);
        }
        let show =
            Show { pending: first, attributes: self.args.show_attrs, failures: self.args.show_failcounts };
        report::status(&cluster, title, show, &mut self.out);
        self.flush()
    }

    fn restrictions(&mut self, cluster: &Cluster<'_>) {
        if cluster.options.maintenance {
            self.out.blank();
            self.out.item("              *** Resource management is DISABLED ***");
            self.out.item("  The cluster will not attempt to start, stop or recover services");
            self.out.blank();
        }
        if let Some(line) = report::restrictions(cluster) {
            self.out.item(&line);
            self.out.blank();
        }
    }

    fn happen(&mut self, document: Document) -> Result<Document, String> {
        let mut editor = StatusEditor::new(document);
        let mut lines = Listing::new(shape(self.args));
        inject::apply(self.args, &mut editor, self.clock.epoch(), &mut lines);
        if !self.args.quiet {
            self.out.blank();
            self.out.append(&lines.take());
        }
        self.flush()?;
        Ok(editor.into_document())
    }

    /// Decides, and carries it out if that is wanted; says what came of it then, and whether it came to its end.
    fn decide(&mut self, document: &Document, now: Moment) -> Result<Option<(Document, bool)>, String> {
        let expanded = hb_scheduler::expand(document);
        let wanted = if self.args.show_scores { Wanted::Scores } else { Wanted::Transition };
        let cluster = hb_scheduler::schedule(&expanded, now, wanted).map_err(|why| why.to_string())?;
        if self.args.show_scores {
            if !self.args.quiet {
                self.out.blank();
            }
            cluster.scores.iter().for_each(|line| self.out.item(line));
        }
        let graph = &cluster.graph;
        save(self.args.save_graph.as_deref(), || graph.to_xml())?;
        let picture = Picture { all_actions: self.args.all_actions, numbers: self.args.verbose > 0 };
        save(self.args.save_dotfile.as_deref(), || report::dot(&cluster, picture))?;
        if !self.args.quiet {
            self.out.blank();
            report::transition(&cluster, &mut self.out);
            self.flush()?;
        }
        if !self.args.carries_out() {
            return Ok(None);
        }
        let rehearsal = Rehearsal {
            at: self.clock.epoch(),
            failures: &self.args.op_fail,
            is_resource: &|name| cluster.is_resource(name),
        };
        let mut editor = StatusEditor::new(document.clone());
        let course = execute::carry_out(&graph.steps(), &mut editor, &rehearsal);
        if !self.args.quiet {
            self.out.blank();
            self.out.begin("Executing Cluster Transition");
            course.lines.iter().for_each(|line| self.out.item(line));
            self.out.end();
        }
        for complaint in &course.complaints {
            eprintln!("heartbeat: error: {complaint}");
        }
        if !course.complete {
            eprintln!("heartbeat: error: the transition cannot be carried out to its end");
        }
        Ok(Some((editor.into_document(), course.complete)))
    }

    fn flush(&mut self) -> Result<(), String> {
        let text = self.out.take();
        std::io::stdout().lock().write_all(text.as_bytes()).map_err(|why| format!("standard output: {why}"))
    }
}

fn save(path: Option<&Path>, text: impl FnOnce() -> String) -> Result<(), String> {
    match path {
        Some(path) => std::fs::write(path, text()).map_err(|why| format!("{}: {why}", path.display())),
        None => Ok(()),
    }
}
