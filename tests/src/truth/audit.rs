//! Holds the files against what is owed: what is lost, too many, twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Truth;
use crate::files::{ExceptionRow, Files, SummaryRow};
use crate::wait;

/// A row that is owed, less what cannot be known beforehand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OwedSession {
    pub(super) plate: String,
    pub(super) entry: String,
    pub(super) exit: String,
    pub(super) duration: String,
    pub(super) place: String,
    pub(super) session_id: String,
}

/// As [`OwedSession`], for `exceptions.csv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OwedException {
    pub(super) kind: String,
    pub(super) plate: String,
    pub(super) entry: String,
    pub(super) exit: String,
    pub(super) observation_id: String,
    pub(super) place: String,
}

impl Truth {
    /// Waits until the files say in sum what is owed: what was withdrawn and repaired is left out.
    #[track_caller]
    pub fn wait_until_told(&self, files: &Files, patience: Duration) {
        let mut seen = (usize::MAX, usize::MAX);
        let mut standing = String::new();
        wait::until_ok("every row that is owed is written", patience, || {
            // Reading a file of 10,000 rows takes a while: only when there is something new.
            let counts = (files.summary_count(), files.exception_count());
            if counts == seen {
                return Err(standing.clone());
            }
            seen = counts;
            if counts.0 < self.sessions.len() || counts.1 < self.exceptions.len() {
                standing = format!(
                    "{} of {} sessions, {} of {} exceptions",
                    counts.0,
                    self.sessions.len(),
                    counts.1,
                    self.exceptions.len()
                );
            } else {
                match self.check_in_sum(files) {
                    Ok(()) => return Ok(()),
                    Err(findings) => standing = findings,
                }
            }
            Err(standing.clone())
        });
    }

    /// Whether the files say in sum what is owed, and no session twice.
    pub fn check_in_sum(&self, files: &Files) -> Result<(), String> {
        let mut findings = Findings::default();
        findings.doubled_ids(&files.summaries());
        findings.compare(
            "session",
            self.sessions
                .iter()
                .map(|owed| OwedSession { session_id: String::new(), ..owed.clone() }),
            // The same stay has another name where it was withdrawn in between.
            files
                .standing_summaries()
                .iter()
                .map(|row| OwedSession { session_id: String::new(), ..told_session(row) }),
        );
        findings.compare(
            "exception",
            self.exceptions.iter().cloned(),
            files.standing_exceptions().iter().map(told_exception),
        );
        findings.answer()
    }

    /// Whether the files say exactly what is owed, row by row: nothing had to be taken back, and
    /// every session has the name that follows from its two reads (R9).
    pub fn check_exactly(&self, files: &Files) -> Result<(), String> {
        let mut findings = Findings::default();
        let summaries = files.summaries();
        findings.doubled_ids(&summaries);
        findings.compare(
            "session",
            self.sessions.iter().cloned(),
            summaries.iter().map(told_session),
        );
        findings.compare(
            "exception",
            self.exceptions.iter().cloned(),
            files.exceptions().iter().map(told_exception),
        );
        for row in summaries.iter().filter(|row| row.repaired) {
            findings.add("repaired", format!("{row:?}"));
        }
        findings.answer()
    }
}

fn told_session(row: &SummaryRow) -> OwedSession {
    OwedSession {
        plate: row.vehicle_plate.clone(),
        entry: row.entry_date_time.clone(),
        exit: row.exit_date_time.clone(),
        duration: row.duration_seconds.clone(),
        place: row.place.clone(),
        session_id: row.session_id.clone(),
    }
}

fn told_exception(row: &ExceptionRow) -> OwedException {
    OwedException {
        kind: row.kind.clone(),
        plate: row.vehicle_plate.clone(),
        entry: row.entry_date_time.clone(),
        exit: row.exit_date_time.clone(),
        observation_id: row.observation_id.clone(),
        place: row.place.clone(),
    }
}

/// What is wrong, by kind: how often, and the first few.
#[derive(Default)]
struct Findings(BTreeMap<String, (usize, Vec<String>)>);

impl Findings {
    fn add(&mut self, kind: impl Into<String>, what: String) {
        let (count, examples) = self.0.entry(kind.into()).or_default();
        *count += 1;
        if examples.len() < 3 {
            examples.push(what);
        }
    }

    fn doubled_ids(&mut self, rows: &[SummaryRow]) {
        let mut ids = BTreeSet::new();
        for row in rows.iter().filter(|row| !ids.insert(row.session_id.as_str())) {
            self.add("session id twice", format!("{row:?}"));
        }
    }

    fn compare<T: Ord + std::fmt::Debug>(
        &mut self,
        what: &str,
        owed: impl Iterator<Item = T>,
        told: impl Iterator<Item = T>,
    ) {
        // How often it is told, less how often it is owed.
        let mut balance: BTreeMap<T, i64> = BTreeMap::new();
        for told in told {
            *balance.entry(told).or_default() += 1;
        }
        for owed in owed {
            *balance.entry(owed).or_default() -= 1;
        }
        for (row, balance) in balance {
            match balance {
                0 => {}
                ..0 => self.add(format!("lost {what}"), format!("{row:?}")),
                _ => self.add(format!("{what} too many"), format!("{row:?}")),
            }
        }
    }

    fn answer(self) -> Result<(), String> {
        if self.0.is_empty() {
            return Ok(());
        }
        let lines = self.0.iter().map(|(kind, (count, examples))| {
            format!("{kind}: {count}, such as\n    {}", examples.join("\n    "))
        });
        Err(lines.collect::<Vec<_>>().join("\n"))
    }
}
