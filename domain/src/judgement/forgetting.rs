//! What keeps a record small (G6): reads that can change nothing any more go, and of a long passage only
//! what says how long it was stays.

use chrono::TimeDelta;

use super::due_verdicts;
use crate::known::{Known, Seq};
use crate::record::Record;
use crate::{Instant, Policy, timeline};

/// A passage with more reads than this is folded when a record outgrows its bound (G6).
pub(super) const FOLDED_FROM: usize = 8;

/// Drops the oldest reads whose verdicts are reported and whose time to change them is over
/// (`repair_window` after arrival), and those before `judged_early_to`. Never splits a pair or a
/// passage; the open entry stays.
pub(super) fn forget(record: &mut Record, now: Instant, judged_early_to: usize, policy: &Policy) {
    let can_change_until = now.checked_sub_signed(policy.repair_window).unwrap_or(Instant::MIN_UTC);
    let is_old = |known: &Known| known.received_at < can_change_until;
    if judged_early_to == 0 && !record.observations.first().is_some_and(is_old) {
        return;
    }
    let mut cut = 0;
    for due_verdict in due_verdicts(record, policy) {
        let is_settled =
            record.reported.contains(&due_verdict.verdict) && !due_verdict.verdict.is_open();
        let reads = &record.observations[cut..due_verdict.end];
        if !is_settled || !(due_verdict.end <= judged_early_to || reads.iter().all(is_old)) {
            break;
        }
        cut = due_verdict.end;
    }
    if let Some(last_at) = record.observations[..cut].iter().map(Known::last_at).max() {
        // What is kept never lies in the time that is forgotten, though it were of the same instant
        // as what is dropped, or within the reach of what was folded.
        let before_next = |next: &Known| last_at.min(next.at - TimeDelta::nanoseconds(1));
        let line = record.observations.get(cut).map_or(last_at, before_next);
        drop_first(record, cut);
        record.forgotten_until = record.forgotten_until.max(Some(line));
    }
    if record.observations.len() > policy.observations_max {
        fold(record);
    }
    let observations = &record.observations;
    let is_known = |seq: Seq| observations.iter().any(|known| known.seq == seq);
    record.withdrawn.retain(|&(entry, exit)| is_known(entry) && is_known(exit));
}

fn drop_first(record: &mut Record, count: usize) {
    let dropped: Vec<Seq> = record.observations.drain(..count).map(|known| known.seq).collect();
    record.reported.retain(|verdict| !dropped.iter().any(|seq| verdict.concerns(*seq)));
}

/// Keeps of each long passage the read that stands and the first, which remembers how far the
/// others reached: a camera that reads a parked car each second must not fill the store.
fn fold(record: &mut Record) {
    let passages = timeline::passages(&record.observations, record.forgotten_until);
    for passage in passages.iter().filter(|passage| passage.end - passage.first > FOLDED_FROM) {
        let first = &mut record.observations[passage.first];
        first.until = Some(passage.read_until);
        first.re_read = passage.reaches - passage.read_until;
    }
    let mut position = 0;
    record.observations.retain(|known| {
        let passage = passages.iter().find(|passage| position < passage.end);
        position += 1;
        passage.is_none_or(|passage| {
            passage.end - passage.first <= FOLDED_FROM
                || position - 1 == passage.first
                || known.seq == passage.stands
        })
    });
}
