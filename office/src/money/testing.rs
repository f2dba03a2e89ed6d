//! Stays as tests have them told, at a place that two euros an hour are paid at.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::{
    Effect, ExceptionKind, ExceptionRow, Instant, ObservationId, Opening, Origin, PlaceName, Plate,
    Summary,
};
use serde_json::json;

use super::till::Rules;
use crate::catalog::Catalog;
use crate::picture::{Act, Picture};
use crate::store::Change;
use crate::tables::testing::hourly;

pub fn start() -> Instant {
    "2026-01-05T08:00:00Z".parse().unwrap()
}

pub fn here() -> PlaceName {
    "p".parse().unwrap()
}

pub fn plate(text: &str) -> Plate {
    Plate::parse(text).unwrap()
}

/// A place with so many bays and gates at `in` and `out`; and what a database has to keep of it.
pub fn rules(spaces: u32) -> (Rules, Vec<Change>) {
    let (catalog, mut picture) = (Arc::new(Catalog::default()), Picture::default());
    let place = json!({ "bays": { "standard": { "spaces": spaces } }, "rate_table": "city",
        "lanes": { "in": {}, "out": {} } });
    let place = serde_json::from_value(place).unwrap();
    let acts = [Act::Put(vec![hourly("city", "2.00")]), Act::Describe(vec![(here(), place)])];
    let changes = acts.iter().map(|act| {
        let (change, _, mut changed) = picture.act(act, "test", start()).unwrap();
        picture.version += 1;
        changed.append(&mut picture.reckon_prices(start()));
        catalog.show(&picture, &changed);
        change
    });
    let changes = changes.collect();
    let rules = Rules {
        catalog,
        review_above: Some(20_000),
        hold: Some(500),
        currency: "EUR".to_owned(),
        lapses_after: TimeDelta::minutes(15),
    };
    (rules, changes)
}

pub fn opened(text: &str, entry: &str, at: Instant) -> Effect {
    let observation_id: ObservationId = entry.parse().unwrap();
    let (place, lane, revision) = (here(), None, 1);
    Effect::Opened(Opening {
        plate: plate(text),
        observation_id,
        entry_at: at,
        place,
        lane,
        revision,
    })
}

pub fn closed(
    text: &str,
    session: &str,
    revision: u64,
    entry: &str,
    times: (Instant, Instant),
) -> Effect {
    let origin = Origin {
        revision,
        entry_id: entry.parse().unwrap(),
        entry_lane: None,
        exit_id: "exit".parse().unwrap(),
        exit_place: here(),
        exit_lane: None,
    };
    Effect::Summary(Summary {
        session_id: session.into(),
        plate: plate(text),
        entry_at: times.0,
        exit_at: times.1,
        place: here(),
        repaired: false,
        origin: Some(origin),
    })
}

pub fn exception(kind: ExceptionKind, text: &str, of: &str, revision: u64, at: Instant) -> Effect {
    let is_session = kind == ExceptionKind::Withdrawn;
    Effect::Exception(ExceptionRow {
        kind,
        plate: plate(text),
        entry_at: (kind == ExceptionKind::MissedExit).then_some(at),
        exit_at: (kind == ExceptionKind::UnmatchedExit).then_some(at),
        observation_id: (!is_session).then(|| of.parse().unwrap()),
        session_id: is_session.then(|| of.into()),
        place: here(),
        revision,
        recorded_at: at,
        reason: String::new(),
    })
}
