//! Which plates wait for a place's past; see `past.lua`.

use deadpool_redis::redis::{cmd, pipe};
use domain::{Behind, PlaceName, Plate, Watermarks};

use super::RedisStore;
use crate::store::{StoreError, without_repeats};

/// Of each plate that waits, for what; before a kind and a place, the key of what waits there.
pub(super) const PAST: &str = "carpark:past";
const PAST_PLACES: &str = "carpark:past:places";

/// Takes a plate out of what waits for a place's past.
pub(super) const LEAVE_PAST: &str =
    concat!(include_str!("../past.lua"), "wait_for_past(KEYS[1], '')");

/// Places whose waiting plates are looked at in one round trip.
const PLACES_AT_ONCE: usize = 256;

impl RedisStore {
    /// Plates that wait for the past of places that are not behind.
    pub(super) async fn due_of_past(
        &self,
        watermarks: &Watermarks,
        behind: &Behind,
        limit: usize,
    ) -> Result<Vec<Plate>, StoreError> {
        if behind.places().is_none() {
            return Ok(Vec::new());
        }
        let mut places: Vec<String> = self.redis.ask(cmd("SMEMBERS").arg(PAST_PLACES)).await?;
        places.retain(|place| PlaceName::parse(place).is_ok_and(|place| !behind.holds(&place)));
        let kinds = [("entries", watermarks.entries), ("exits", watermarks.exits)];
        let mut all = Vec::new();
        for places in places.chunks(PLACES_AT_ONCE) {
            let mut pipeline = pipe();
            for place in places {
                for (kind, mark) in kinds {
                    let Some(mark) = mark else { continue };
                    let due = pipeline.cmd("ZRANGEBYSCORE").arg(format!("{PAST}:{kind}:{place}"));
                    due.arg("-inf").arg(mark.timestamp_millis()).arg("LIMIT").arg(0).arg(limit);
                }
            }
            let due: Vec<Vec<String>> = self.redis.ask_all(&pipeline).await?;
            all.extend(due.iter().flatten().filter_map(|plate| Plate::parse(plate).ok()));
            if all.len() >= limit {
                break;
            }
        }
        Ok(without_repeats(all, limit))
    }
}
