//! What was published: one message per line, as the generators write it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, bail};
use chrono::TimeDelta;
use domain::wire::parse_observation;
use domain::{Instant, Observation, ObservationId, Plate};
use serde::Deserialize;

/// A message and what it says.
#[derive(Debug, Clone)]
pub struct Read {
    /// As it was published.
    pub body: String,
    /// The observation that the message says.
    pub observation: Observation,
}

/// All messages of the ledgers.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By plate, in the order of the ledger; of several with one id the first (R1).
    plates: BTreeMap<Plate, Vec<Read>>,
    known: HashSet<(Plate, ObservationId)>,
    /// Observations, each as often as it was published.
    count: usize,
    /// Messages that are no observation, and why.
    refused: Vec<(String, String)>,
    span: Option<(Instant, Instant)>,
}

impl Ledger {
    /// Adds the messages of a file.
    pub fn read(&mut self, path: &Path, now: Instant) -> anyhow::Result<()> {
        let file = File::open(path)
            .with_context(|| format!("cannot read the ledger {}", path.display()))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .with_context(|| format!("cannot read the ledger {}", path.display()))?;
            if read == 0 {
                return Ok(());
            }
            // A last line without an end was being written when its writer died.
            if let Some(message) = line.strip_suffix(b"\n") {
                self.add(message, now);
            }
        }
    }

    /// Adds a message.
    pub fn add(&mut self, message: &[u8], now: Instant) {
        // A file that was edited on another system has line ends of two characters.
        let message = message.trim_ascii();
        if message.is_empty() {
            return;
        }
        let body = String::from_utf8_lossy(message).into_owned();
        // Whether a time was ahead of the clock was for the consumer to say, when it came.
        match parse_observation(message, now + TimeDelta::days(36_500)) {
            Ok(observation) => self.take(body, observation),
            Err(rejection) => self.refused.push((body, rejection.to_string())),
        }
    }

    fn take(&mut self, body: String, observation: Observation) {
        self.count += 1;
        let at = observation.at;
        self.span = Some(match self.span {
            Some((first, last)) => (first.min(at), last.max(at)),
            None => (at, at),
        });
        if self.known.insert((observation.plate.clone(), observation.id.clone())) {
            let reads = self.plates.entry(observation.plate.clone()).or_default();
            reads.push(Read { body, observation });
        }
    }

    /// The reads by plate, each id once.
    pub fn plates(&self) -> &BTreeMap<Plate, Vec<Read>> {
        &self.plates
    }

    /// How many observations were published, duplicates included.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Messages that are no observation, and why.
    pub fn refused(&self) -> &[(String, String)] {
        &self.refused
    }

    /// Event times of the first and the last read.
    pub fn span(&self) -> Option<(Instant, Instant)> {
        self.span
    }
}

/// The bodies of the dead letters, from what `GET /admin/dead-letters` answered.
pub fn read_dead_letters(path: &Path) -> anyhow::Result<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Answer {
        dead_letters: Vec<Letter>,
        #[serde(default)]
        next: Option<String>,
    }
    #[derive(Deserialize)]
    struct Letter {
        message: String,
    }
    let text = std::fs::read(path)
        .with_context(|| format!("cannot read the dead letters {}", path.display()))?;
    let answer: Answer = serde_json::from_slice(&text).with_context(|| {
        format!("{} is not what GET /admin/dead-letters answers", path.display())
    })?;
    if answer.next.is_some() {
        bail!("{} is the first page only: ask with a higher `limit`", path.display());
    }
    Ok(answer.dead_letters.into_iter().map(|letter| letter.message).collect())
}
