//! The requests that one write serves: which of their rows are new.

use std::collections::HashSet;

use domain::wire::Saved;

use super::csv_file::CsvFile;
use crate::disk::WriteFailure;
use crate::fact::Fact;
use crate::metrics::Tally;
use crate::row::Lines;
use crate::table::{Fingerprint, Table};

/// What a batch has for one file.
#[derive(Default)]
pub(crate) struct Part {
    /// The lines to be appended.
    pub(crate) text: Vec<u8>,
    /// What recognises them, in order.
    pub(crate) fingerprints: Vec<Fingerprint>,
    /// Whether the feed is told of none of them now: they could not be made again from there.
    pub(crate) is_untold: bool,
    /// Whether any request is for this file.
    pub(crate) is_asked: bool,
    /// Rows of all requests.
    pub(crate) tally: Tally,
    /// Why nothing is written of it.
    pub(crate) failure: Option<WriteFailure>,
}

/// What is to be told.
pub(crate) struct Telling<'a> {
    /// What became true.
    pub(crate) fact: &'a Fact,
    /// The file that has a row for it.
    table: Option<Table>,
    /// Which request it is of, and which row of that.
    at: (usize, usize),
}

/// The rows of some requests, told apart.
pub(crate) struct Batch<'a> {
    requests: &'a [Lines],
    /// Of each request: what becomes of its rows, where nothing fails.
    answers: Vec<Vec<Saved>>,
    /// In the order of the requests.
    pub(crate) tellings: Vec<Telling<'a>>,
    /// In the order of [`Table::ALL`].
    pub(crate) parts: [Part; 3],
    /// Why nothing was told.
    pub(crate) failure: Option<WriteFailure>,
}

impl<'a> Batch<'a> {
    /// A row is a duplicate if its file has it, or if it stands further up in the batch. Of one that
    /// has no file the feed judges. Files that are asked are made ready by `prepare`.
    pub(crate) fn sort_out(
        requests: &'a [Lines],
        files: &mut [CsvFile; 3],
        prepare: impl Fn(&mut CsvFile) -> Result<(), WriteFailure>,
    ) -> Self {
        let mut batch = Self {
            requests,
            answers: Vec::with_capacity(requests.len()),
            tellings: Vec::new(),
            parts: <[Part; 3]>::default(),
            failure: None,
        };
        for (file, part) in files.iter_mut().zip(&mut batch.parts) {
            part.is_asked = requests.iter().any(|lines| lines.table() == Some(file.table()));
            part.failure = if part.is_asked { prepare(file).err() } else { None };
        }
        let mut in_batch = HashSet::new();
        for (request, lines) in requests.iter().enumerate() {
            let table = lines.table();
            let mut answer = Vec::with_capacity(lines.len());
            for (item, row) in lines.iter().enumerate() {
                let known = table.and_then(|table| {
                    let at = table.index();
                    let has_failed = batch.parts[at].failure.is_some();
                    if has_failed {
                        Some(Saved::Duplicate)
                    } else {
                        files[at].knows(row.fingerprint)
                    }
                });
                let is_new = known.is_none() && in_batch.insert((table, row.fingerprint));
                let saved = if is_new { Saved::Written } else { known.unwrap_or(Saved::Duplicate) };
                answer.push(saved);
                if is_new && let Some(fact) = row.fact {
                    batch.tellings.push(Telling { fact, table, at: (request, item) });
                }
                if let Some(table) = table {
                    let part = &mut batch.parts[table.index()];
                    match saved {
                        Saved::Written => part.tally.written += 1,
                        Saved::Duplicate => part.tally.duplicate += 1,
                    }
                    if is_new {
                        part.text.extend_from_slice(row.text);
                        part.fingerprints.push(row.fingerprint);
                    }
                }
            }
            batch.answers.push(answer);
        }
        batch
    }

    /// The feed has taken the facts, those that it did not know, or none of them.
    pub(crate) fn told(&mut self, saved: Result<Vec<Saved>, WriteFailure>) {
        let saved = match saved {
            Ok(saved) => saved,
            Err(failure) => {
                for part in self.tellings.iter().filter_map(|telling| telling.table) {
                    self.parts[part.index()].failure = Some(failure.clone());
                }
                self.failure = Some(failure);
                return;
            }
        };
        for (telling, saved) in self.tellings.iter().zip(saved) {
            match telling.table {
                Some(table) => {
                    self.parts[table.index()].is_untold |= saved == Saved::Duplicate;
                }
                None => self.answers[telling.at.0][telling.at.1] = saved,
            }
        }
    }

    /// What each request is answered.
    pub(crate) fn results(self) -> Vec<Result<Vec<Saved>, WriteFailure>> {
        let failure_of = |lines: &Lines| match lines.table() {
            Some(table) => self.parts[table.index()].failure.clone(),
            None => self.failure.clone(),
        };
        let failures: Vec<_> = self.requests.iter().map(failure_of).collect();
        let all = self.answers.into_iter().zip(failures);
        all.map(|(answer, failure)| failure.map_or(Ok(answer), Err)).collect()
    }
}
