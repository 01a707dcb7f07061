//! Rows of a benchmark and their document.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;

/// The name of our system in rows.
pub(crate) const OURS: &str = "heartbeat";

/// Samples of one quantity of one system.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// Which system.
    pub system: String,
    /// Of every sample and of the figures below.
    pub unit: &'static str,
    /// How many samples.
    pub n: usize,
    /// Least sample.
    pub min: f64,
    /// Middle sample, or the mean of the two in the middle.
    pub median: f64,
    /// Greatest sample.
    pub max: f64,
}

impl Row {
    /// Nothing for no samples.
    #[must_use]
    pub fn of(what: &str, system: &str, unit: &'static str, samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (n, middle) = (sorted.len(), sorted.len() / 2);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = *sorted.get(middle)?;
        let median = if n % 2 == 1 { upper } else { f64::midpoint(*sorted.get(middle - 1)?, upper) };
        Some(Self { what: what.into(), system: system.into(), unit, n, min, median, max })
    }
}

/// Everything that a benchmark found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// One for each quantity and system.
    pub rows: Vec<Row>,
    /// What could not be measured, and why.
    pub remarks: Vec<String>,
    /// What was expected and did not happen, such as a takeover that never came.
    pub failures: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, row: Option<Row>) {
        self.rows.extend(row);
    }

    fn ratio(&self, row: &Row) -> Option<f64> {
        let ours = self.rows.iter().find(|other| other.what == row.what && other.system == OURS)?;
        (ours.median > 0.0).then(|| row.median / ours.median)
    }

    /// The document of `bench … --json`.
    #[must_use]
    pub fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "what": row.what, "system": row.system, "n": row.n, "min": round(row.min),
                    "median": round(row.median), "max": round(row.max), "unit": row.unit,
                    "ratio_to_ours": self.ratio(row).map(round),
                })
            })
            .collect();
        json!({"machine": machine(), "rows": rows, "remarks": self.remarks, "failures": self.failures})
    }

    /// The same as a table for people.
    #[must_use]
    pub fn text(&self) -> String {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
        let mut text = format!(
            "{:width$} {:12} {:>4} {:>9} {:>9} {:>9} {:10} {:>8}\n",
            "what", "system", "n", "min", "median", "max", "unit", "to ours"
        );
        for row in &self.rows {
            let ratio = self.ratio(row).map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let _ = writeln!(
                text,
                "{:width$} {:12} {:4} {:9.2} {:9.2} {:9.2} {:10} {ratio:>8}",
                row.what, row.system, row.n, row.min, row.median, row.max, row.unit
            );
        }
        for remark in &self.remarks {
            let _ = writeln!(text, "remark: {remark}");
        }
        for failure in &self.failures {
            let _ = writeln!(text, "FAILED: {failure}");
        }
        text
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn machine() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    json!({
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "processor": model.trim_start_matches(['\t', ':', ' ']),
        "processors": processors.lines().filter(|line| line.starts_with("processor")).count(),
        "load": read("/proc/loadavg").split_whitespace().next().and_then(|load| load.parse::<f64>().ok()),
        "realtime": crate::permit::realtime_allowed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_samples() {
        let row = Row::of("outage", OURS, "ms", &[3.0, 1.0, 2.0, 10.0]).expect("four samples");
        assert_eq!((row.n, row.min, row.median, row.max), (4, 1.0, 2.5, 10.0));
        assert_eq!(Row::of("outage", OURS, "ms", &[]), None);
    }

    #[test]
    fn a_peer_is_compared_with_ours() {
        let mut report = Report::default();
        report.add(Row::of("outage", OURS, "ms", &[20.0]));
        report.add(Row::of("outage", "peer", "ms", &[30.0]));
        report.add(Row::of("other", "peer", "ms", &[30.0]));
        let json = report.json();
        assert_eq!(json["rows"][0]["ratio_to_ours"], 1.0);
        assert_eq!(json["rows"][1]["ratio_to_ours"], 1.5);
        assert!(json["rows"][2]["ratio_to_ours"].is_null());
        // Every column begins at the same place in every line, however long the names are.
        report.add(Row::of("a quantity whose name is longer than most of them are", OURS, "ms", &[1.0]));
        let text = report.text();
        let columns: Vec<_> = text.lines().map(|line| line.find(" ms").or(line.find(" unit"))).collect();
        assert!(columns.iter().all(|column| column.is_some() && *column == columns[0]), "{text}");
    }
}
