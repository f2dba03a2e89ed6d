//! Records under keys that an earlier version spelled otherwise, brought under today's: at the start
//! of a processor, before it consumes, so that an open stay meets its exit and a message that comes
//! again is known (R1).
//!
//! Two steps for each: the record is committed under today's spelling, together with what stands
//! there (conditional on the version, as every commit: several processors may do it at once); then
//! the old key goes, if nobody has written to it since. Between the two a process may die: what was
//! merged is recognised the next time.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::judgement::refiled;
use domain::plate::SPELLING;
use domain::{Plate, Policy, Record, SharedClock};
use tracing::{info, warn};

use super::{Change, Committed, ProcessorId, Store, StoreError};

/// For so long after the first look another one is taken at each start: while a fleet is upgraded one
/// by one, processors of the earlier version still write under their spelling.
const UPGRADE_TAKES_MAX: TimeDelta = TimeDelta::days(1);
/// Keys looked at in one round trip.
const LOOKED_AT_ONCE: usize = 5_000;

/// Moves every record whose key is spelled otherwise today; answers how many. Looks at nothing where
/// the store notes that it was done long ago.
pub async fn respell(
    store: &dyn Store,
    processor: &ProcessorId,
    policy: &Policy,
    clock: &SharedClock,
) -> Result<usize, StoreError> {
    let (noted, now) = (store.spelling().await?, clock.now());
    if noted.is_some_and(|(spelling, since)| {
        spelling >= SPELLING && now.signed_duration_since(since) > UPGRADE_TAKES_MAX
    }) {
        return Ok(0);
    }
    // An outbox of its own, left behind at once: whoever lives takes it over.
    let owner = ProcessorId(format!("{processor}spelling").into());
    let mut moved = 0;
    let mut cursor = None;
    loop {
        let (keys, next) = store.misspelled(cursor, LOOKED_AT_ONCE).await?;
        for key in keys {
            moved += usize::from(refile(store, &owner, &key, policy, clock).await?);
        }
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    if moved > 0 {
        store.leave(&owner).await?;
        info!(records = moved, "plates of an earlier version were moved to the current spelling");
    }
    store.note_spelling(SPELLING, now).await?;
    Ok(moved)
}

async fn refile(
    store: &dyn Store,
    owner: &ProcessorId,
    key: &str,
    policy: &Policy,
    clock: &SharedClock,
) -> Result<bool, StoreError> {
    let Ok(plate) = Plate::parse(key) else { return Ok(false) };
    loop {
        let Some(kept) = store.kept_under(key).await? else { return Ok(false) };
        let standing = store.load(std::slice::from_ref(&plate)).await?.pop();
        let (kept, stands) = match (Record::from_json(kept.as_bytes()), standing) {
            (Ok(kept), Some(Ok(stands))) => (kept, stands),
            (Err(error), _) => return Ok(left(&plate, &error.to_string())),
            (_, Some(Err(error))) => return Ok(left(&plate, &error)),
            (_, None) => return Ok(left(&plate, "the store answered nothing")),
        };
        let version = kept.version;
        let (mut record, effects) = refiled(&plate, &stands, key, kept, clock.now(), policy);
        let change = Change::new(plate.clone(), &stands, &mut record, &effects, policy, owner);
        match store.commit(owner, Arc::new([change])).await?.pop() {
            Some(Committed::Stored) if store.remove_misspelled(key, version).await? => {
                return Ok(true);
            }
            Some(Committed::Refused(reason)) => return Ok(left(&plate, &reason)),
            // Another one was at it, or the old key was written to.
            _ => {}
        }
    }
}

fn left(plate: &Plate, reason: &str) -> bool {
    warn!(?plate, reason, "a record of an earlier version cannot be moved to the current spelling");
    false
}
