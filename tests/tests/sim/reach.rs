//! What the runs reached: a simulation is judged by what it can produce. Every rule, kind of report,
//! outcome, fault and crash point has a name here; one that no seed reached is a hole.

use std::collections::BTreeMap;
use std::fmt;

use actors::testing::Moment;
use domain::Effect;

/// How often each thing was reached.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reach(BTreeMap<String, u64>);

/// Moments at which something can go wrong.
pub const MOMENTS: [Moment; 6] = [
    Moment::CommitArrived,
    Moment::CommitApplied,
    Moment::StoreAsked,
    Moment::PostArrived,
    Moment::PostWritten,
    Moment::Delivering,
];

/// All that must be reached, faults aside.
const WANTED: [&str; 27] = [
    "R1 duplicate",
    "R2 re_read",
    "R2 re-read by the site's own time",
    "R3 matched",
    "R3 waiting",
    "R3 opened",
    "R4 unmatched_exit",
    "R5 missed_exit",
    "R6 repaired",
    "R6 withdrawn",
    "R6 session marked repaired",
    "R7 overstay",
    "R8 dead letter",
    "R9 session named again after it was withdrawn",
    "conflict of two processors",
    "redelivery",
    "processors: 1",
    "processors: 2",
    "processors: 3",
    "crash at rest",
    "crash with deliveries held",
    "crash with reports unconfirmed",
    "stop in order",
    "traffic: backlog",
    "traffic: live",
    "traffic: sent twice",
    "traffic: late",
];

impl Reach {
    /// Notes that it happened.
    pub fn note(&mut self, what: impl Into<String>) {
        self.note_times(what, 1);
    }

    /// It happened so often.
    pub fn note_times(&mut self, what: impl Into<String>, times: u64) {
        if times > 0 {
            *self.0.entry(what.into()).or_default() += times;
        }
    }

    /// A moment failed, or took long.
    pub fn note_fault(&mut self, moment: Moment, turn: &str) {
        self.note(fault(moment, turn));
    }

    /// Notes what was reported.
    pub fn note_effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Summary(summary) if summary.repaired => self.note("R6 session marked repaired"),
            Effect::Summary(_) | Effect::Opened(_) => {}
            Effect::Exception(row) => {
                self.note(format!("{} {}", row.kind.facts().rule, row.kind.as_str()));
            }
        }
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            self.note_times(what.clone(), *times);
        }
    }

    /// What of these no run reached.
    pub fn missing_of(&self, wanted: &[&str]) -> Vec<String> {
        let wanted = wanted.iter().map(ToString::to_string);
        wanted.filter(|what| !self.0.contains_key(what)).collect()
    }

    /// What no run reached.
    pub fn missing(&self) -> Vec<String> {
        let faults =
            MOMENTS.iter().flat_map(|moment| ["fails", "takes"].map(|turn| fault(*moment, turn)));
        let wanted = WANTED.iter().map(ToString::to_string).chain(faults);
        wanted.filter(|what| !self.0.contains_key(what)).collect()
    }
}

fn fault(moment: Moment, turn: &str) -> String {
    format!("fault: {moment:?} {turn}")
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in &self.0 {
            writeln!(f, "{times:>10}  {what}")?;
        }
        Ok(())
    }
}
