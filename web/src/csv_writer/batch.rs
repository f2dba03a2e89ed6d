//! The requests that one write serves: which of their rows are new.

use std::collections::HashSet;

use domain::wire::Saved;

use super::index::Index;
use crate::metrics::Tally;
use crate::row::Lines;
use crate::table::Fingerprint;

/// What became of a batch, request by request.
pub(crate) struct Outcome {
    /// Of each request: what became of its rows.
    pub(crate) answers: Vec<Vec<Saved>>,
    /// Of all of them together.
    pub(crate) tally: Tally,
}

/// The rows of some requests, told apart.
pub(crate) struct Batch {
    /// The lines to be appended.
    pub(crate) text: Vec<u8>,
    /// What recognises them, in order.
    pub(crate) fingerprints: Vec<Fingerprint>,
    /// What is answered once they are durable.
    pub(crate) outcome: Outcome,
}

impl Batch {
    /// A row is a duplicate if the index has it, or if it stands further up in the batch.
    pub(crate) fn sort_out(requests: &[&Lines], index: &Index) -> Self {
        let mut text = Vec::with_capacity(requests.iter().map(|lines| lines.bytes()).sum());
        let mut fingerprints = Vec::new();
        let mut in_batch = HashSet::new();
        let mut tally = Tally::default();
        let mut answers = Vec::with_capacity(requests.len());
        for lines in requests {
            let mut answer = Vec::with_capacity(lines.len());
            for (fingerprint, line) in lines.iter() {
                if index.contains(fingerprint) || !in_batch.insert(fingerprint) {
                    tally.duplicate += 1;
                    answer.push(Saved::Duplicate);
                } else {
                    tally.written += 1;
                    answer.push(Saved::Written);
                    text.extend_from_slice(line);
                    fingerprints.push(fingerprint);
                }
            }
            answers.push(answer);
        }
        Self { text, fingerprints, outcome: Outcome { answers, tally } }
    }
}
