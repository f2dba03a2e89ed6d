//! `carpark verify`: holds the files against a ledger of what was published. An audit: it reads,
//! it asks the naive reference ([`domain::reference`]) and never the code that wrote the rows.
//!
//! [`ledger`] reads what was published, [`web::read_told`] what was written, [`web::read_feed`] what the
//! feed tells; [`Audit::of`] compares.

mod ledger;
pub mod office_books;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::TimeDelta;
use domain::reference::{Difference, Net};
use domain::wire::format_time;
use domain::{Effect, ExceptionRow, Instant, Observation, Plate, Policy, Summary, Watermarks};
use platform::messaging::embedded::EmbeddedBroker;
use web::{Damaged, FeedTold, Told};

use crate::config::Config;
use crate::say;
use ledger::Ledger;

/// Verdicts need a moment to be given and written; without `--as-of` what is younger is no fault.
const GRACE: TimeDelta = TimeDelta::minutes(1);
/// Findings that are told one by one.
const SHOWN_MAX: usize = 20;

/// What the command line says.
#[derive(Debug, Clone)]
pub struct Request {
    /// Files with one published message per line.
    pub ledgers: Vec<PathBuf>,
    /// What `GET /admin/dead-letters` answered, saved.
    pub dead_letters: Option<PathBuf>,
    /// Judge what was due by then; `None`: a minute ago.
    pub as_of: Option<Instant>,
    /// The office's database is audited, and not the files.
    pub office: bool,
}

/// Runs the audit and prints it; answers whether there was nothing to find.
pub fn run(request: &Request, config: &Config, now: Instant) -> anyhow::Result<bool> {
    if request.ledgers.is_empty() {
        bail!(
            "nothing to compare with: name a ledger, --ledger FILE (`carpark generators --ledger FILE` writes one)"
        );
    }
    let mut ledger = Ledger::default();
    for path in &request.ledgers {
        ledger.read(path, now)?;
    }
    let as_of = request.as_of.unwrap_or(now - GRACE);
    let cannot_read = || format!("cannot read the files in {}", config.data_dir.display());
    // Before the files: these follow it.
    let feed = web::read_feed(&config.data_dir, as_of).with_context(cannot_read)?;
    let told = web::read_told(&config.data_dir).with_context(cannot_read)?;
    let dead = dead_letters(request, &config.data_dir)?;
    let mut audit = Audit::of(&ledger, &told, dead.as_ref(), as_of, &config.actors.policy);
    audit.compare_feed(&feed, &told);
    say::result(&audit)?;
    Ok(audit.is_clean())
}

/// The bodies of the dead letters, where they can be known.
fn dead_letters(request: &Request, data_dir: &Path) -> anyhow::Result<Option<BTreeSet<String>>> {
    if let Some(path) = &request.dead_letters {
        return ledger::read_dead_letters(path).map(Some);
    }
    let embedded = data_dir.join(EmbeddedBroker::DEAD_LETTERS);
    if !embedded.exists() {
        return Ok(None);
    }
    let letters =
        platform::messaging::embedded::read_dead_letters(&embedded).with_context(|| {
            format!(
                "cannot read {}: does a carpark use it? Stop that one, or save what its \
             /admin/dead-letters answers and name the file, --dead-letters FILE",
                embedded.display()
            )
        })?;
    let bodies = letters.iter().map(|letter| String::from_utf8_lossy(&letter.body).into_owned());
    Ok(Some(bodies.collect()))
}

/// What was found, in figures and one by one.
#[derive(Debug, Default)]
pub struct Audit {
    observations: usize,
    duplicates: usize,
    plates: usize,
    span: Option<(Instant, Instant)>,
    sessions: usize,
    withdrawn: usize,
    exceptions: usize,
    events: usize,
    dead: usize,
    unchecked_refusals: usize,
    /// Plates of which rows speak of reads outside the ledger's time.
    beyond: BTreeSet<Plate>,
    /// Too young to be judged.
    pending: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    wrong: Vec<String>,
    /// Where the feed does not say what the files say.
    feed: Vec<String>,
    torn: Vec<String>,
}

/// The rows that speak of one plate.
#[derive(Default)]
struct Rows<'a> {
    summaries: Vec<&'a Summary>,
    exceptions: Vec<&'a ExceptionRow>,
}

impl Audit {
    /// Compares. `dead` are the bodies of the dead letters; `None` where nobody knows them.
    pub fn of(
        ledger: &Ledger,
        told: &Told,
        dead: Option<&BTreeSet<String>>,
        as_of: Instant,
        policy: &Policy,
    ) -> Self {
        let mut audit = Self {
            observations: ledger.count(),
            plates: ledger.plates().len(),
            span: ledger.span(),
            ..Self::default()
        };
        audit.duplicates =
            audit.observations - ledger.plates().values().map(Vec::len).sum::<usize>();
        audit.torn = told.damaged.iter().map(describe_damaged).collect();
        audit.refusals(ledger, dead);

        let mut rows: HashMap<&Plate, Rows<'_>> = HashMap::new();
        let mut ids = BTreeSet::new();
        for row in &told.summaries {
            if !ids.insert(row.session_id.as_str()) {
                audit
                    .doubled
                    .push(format!("{:?}: session {} has two rows", row.plate, row.session_id));
            }
            rows.entry(&row.plate).or_default().summaries.push(row);
        }
        let mut keys = BTreeSet::new();
        for row in &told.exceptions {
            if !keys.insert(row.key()) {
                audit.doubled.push(format!(
                    "{:?}: exception {} has two rows",
                    row.plate,
                    row.key()
                ));
            }
            rows.entry(&row.plate).or_default().exceptions.push(row);
        }
        let nothing = Rows::default();
        for (plate, reads) in ledger.plates() {
            let rows = rows.get(plate).unwrap_or(&nothing);
            audit.plate(plate, reads, rows, dead, as_of, policy);
        }
        let unknown: BTreeMap<&Plate, &Rows<'_>> = rows
            .iter()
            .filter(|(plate, _)| !ledger.plates().contains_key(**plate))
            .map(|(p, r)| (*p, r))
            .collect();
        for (plate, rows) in unknown {
            audit.plate(plate, &[], rows, dead, as_of, policy);
        }
        audit
    }

    /// Holds the feed against the files: each event once, and the row that it tells of.
    pub fn compare_feed(&mut self, feed: &FeedTold, told: &Told) {
        self.events = feed.events;
        self.feed = [feed.unwritten(told), feed.doubled.clone(), feed.damaged.clone()].concat();
    }

    /// Messages that are no observation must be among the dead letters.
    fn refusals(&mut self, ledger: &Ledger, dead: Option<&BTreeSet<String>>) {
        let Some(dead) = dead else {
            self.unchecked_refusals = ledger.refused().len();
            return;
        };
        for (body, reason) in ledger.refused() {
            if dead.contains(body) {
                self.dead += 1;
            } else {
                self.lost.push(format!(
                    "a message that is no observation ({reason}) is not among the dead letters"
                ));
            }
        }
    }

    fn plate(
        &mut self,
        plate: &Plate,
        reads: &[ledger::Read],
        rows: &Rows<'_>,
        dead: Option<&BTreeSet<String>>,
        as_of: Instant,
        policy: &Policy,
    ) {
        let mut net = Net::default();
        for row in &rows.summaries {
            net.add(&Effect::Summary((*row).clone()));
        }
        for row in &rows.exceptions {
            net.add(&Effect::Exception((*row).clone()));
        }
        self.sessions += net.sessions().count();
        self.withdrawn += rows.summaries.len().saturating_sub(net.sessions().count());
        self.exceptions += net.exceptions().count();
        if self.reaches_beyond(rows) {
            self.beyond.insert(plate.clone());
            return;
        }
        let all: Vec<Observation> = reads.iter().map(|read| read.observation.clone()).collect();
        let settled = Watermarks { entries: Some(as_of), exits: Some(as_of) };
        let mut differences = net.differences(&all, &settled, policy);
        // A read that ended among the dead letters may have been stored before, or not at all.
        let is_dead = |read: &&ledger::Read| dead.is_some_and(|dead| dead.contains(&read.body));
        let died = reads.iter().filter(is_dead).count();
        self.dead += died;
        if died > 0 && !differences.is_empty() {
            let alive: Vec<Observation> = reads
                .iter()
                .filter(|read| !is_dead(read))
                .map(|read| read.observation.clone())
                .collect();
            let without = net.differences(&alive, &settled, policy);
            if without.len() < differences.len() {
                differences = without;
            }
        }
        for difference in differences {
            self.sort(&difference, as_of);
        }
    }

    fn reaches_beyond(&self, rows: &Rows<'_>) -> bool {
        let Some((first, last)) = self.span else { return false };
        let of_summaries = rows.summaries.iter().flat_map(|row| [row.entry_at, row.exit_at]);
        let of_exceptions =
            rows.exceptions.iter().flat_map(|row| row.entry_at.into_iter().chain(row.exit_at));
        // The files cut to milliseconds.
        let margin = TimeDelta::milliseconds(1);
        of_summaries.chain(of_exceptions).any(|at| at < first - margin || at > last + margin)
    }

    fn sort(&mut self, difference: &Difference, as_of: Instant) {
        let text = difference.to_string();
        match difference {
            Difference::SessionMissing { exit_at, .. } if *exit_at > as_of => self.pending += 1,
            Difference::SessionMissing { .. } | Difference::ExceptionMissing { .. } => {
                self.lost.push(text);
            }
            Difference::SessionUnfounded { .. }
            | Difference::ExceptionUnfounded { .. }
            | Difference::Altered { .. }
            | Difference::Contradiction { .. } => self.wrong.push(text),
        }
    }

    /// Whether nothing is lost, doubled, wrong or torn, and the feed says the same.
    pub fn is_clean(&self) -> bool {
        self.findings().iter().all(|(_, findings)| findings.is_empty())
    }

    fn findings(&self) -> [(&'static str, &Vec<String>); 5] {
        [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("wrong", &self.wrong),
            ("feed", &self.feed),
            ("torn", &self.torn),
        ]
    }
}

fn describe_damaged(damaged: &Damaged) -> String {
    let what = if damaged.is_torn { "is torn" } else { "is no row" };
    format!("{}, line {} {what}", damaged.path.display(), damaged.line)
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.span.map_or_else(String::new, |(first, last)| {
            format!(", from {} to {}", format_time(first), format_time(last))
        });
        writeln!(
            f,
            "ledger        {} observations of {} plates{span}",
            self.observations, self.plates
        )?;
        writeln!(
            f,
            "  of these    {} sent more than once, {} among the dead letters",
            self.duplicates, self.dead
        )?;
        writeln!(
            f,
            "files         {} sessions that hold ({} withdrawn), {} exceptions that hold",
            self.sessions, self.withdrawn, self.exceptions
        )?;
        writeln!(f, "events        {} in the feed", self.events)?;
        if !self.beyond.is_empty() {
            writeln!(
                f,
                "not judged    {} plates with rows of reads outside the ledger's time",
                self.beyond.len()
            )?;
        }
        if self.pending > 0 {
            writeln!(f, "not yet due   {}", self.pending)?;
        }
        if self.unchecked_refusals > 0 {
            writeln!(
                f,
                "not checked   {} messages that are no observation: name the dead letters, --dead-letters FILE",
                self.unchecked_refusals
            )?;
        }
        for (name, findings) in self.findings() {
            write!(f, "{name:<13} {}", findings.len())?;
            if name != "torn" {
                writeln!(f)?;
            }
        }
        for (name, findings) in self.findings() {
            for finding in findings.iter().take(SHOWN_MAX) {
                write!(f, "\n  {name}: {finding}")?;
            }
            if findings.len() > SHOWN_MAX {
                write!(f, "\n  {name}: and {} more", findings.len() - SHOWN_MAX)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
