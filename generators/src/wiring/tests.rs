use std::sync::Arc;

use domain::Direction;
use prometheus::{Encoder as _, Registry, TextEncoder};

use super::{Generators, StartError, start};
use crate::rig::{BOTH, EXITS, Rig, faults, options, paused_clock};
use crate::testing::RecordingPublisher;
use crate::{Faults, MemoryStore, Options};

async fn try_start(options: Options, registry: &Registry) -> Result<Generators, StartError> {
    let (publisher, store) = (RecordingPublisher::new(), MemoryStore::new());
    start(
        options,
        BOTH,
        Arc::new(publisher),
        Arc::new(store),
        paused_clock(),
        registry,
        &platform::runtime::Vitals::default(),
    )
    .await
}

#[actix::test]
async fn the_default_shows_finished_stays_within_seconds() {
    // By seed: of some thirty exits a fifth is made up, give or take.
    let rig = Rig::start(Options { seed: Some(7), ..Options::default() }, BOTH).await;
    rig.pass(10).await;
    assert!(rig.exits().matched > 10 && rig.exits().made_up > 2, "{:?}", rig.exits());
}

#[actix::test]
async fn the_ledger_has_each_confirmed_message_as_a_line_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.jsonl");
    let doubled = Faults { duplicate_share: 0.2, ..Faults::default() };
    let rig = Rig::start(Options { ledger: Some(path.clone()), ..faults(doubled) }, BOTH).await;
    rig.pass(20).await;
    rig.broker.fail_next(50);
    rig.pass(20).await;
    rig.broker.set_away(true);
    rig.pass(5).await;
    let broker = rig.broker.clone();
    rig.stop().await;
    let written = std::fs::read_to_string(path).unwrap();
    let mut lines: Vec<_> = written.lines().map(str::to_owned).collect();
    let mut confirmed = broker.confirmed(Direction::Entry);
    confirmed.extend(broker.confirmed(Direction::Exit));
    assert!(confirmed.len() > 200);
    lines.sort();
    confirmed.sort();
    assert_eq!(lines, confirmed);
}

#[actix::test]
async fn the_ledger_reaches_its_file_every_second() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.jsonl");
    let rig = Rig::start(Options { ledger: Some(path.clone()), ..options() }, BOTH).await;
    rig.pass(3).await;
    let lines = std::fs::read_to_string(path).unwrap().lines().count();
    assert!(lines >= 10, "{lines}");
}

#[actix::test]
async fn a_ledger_that_cannot_be_written_is_named_at_the_start() {
    let ledger = Some("/nowhere/at/all".into());
    let error = try_start(Options { ledger, ..options() }, &Registry::new()).await.err().unwrap();
    assert!(error.to_string().starts_with("generators.ledger: /nowhere/at/all: "), "{error}");
}

#[actix::test]
async fn a_setting_that_makes_no_sense_is_named_at_the_start() {
    let options = Options { matched_share: 1.5, ..options() };
    let error = try_start(options, &Registry::new()).await.err().unwrap();
    assert_eq!(error.to_string(), "generators.matched_share: 1.5 is not between 0 and 1");
}

#[actix::test]
async fn the_metrics_have_the_names_of_the_contract_and_no_plates() {
    let rig = Rig::start(options(), BOTH).await;
    rig.pass(30).await;
    let mut text = Vec::new();
    TextEncoder::new().encode(&rig.registry.gather(), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    for name in [
        r#"vehicle_entry_published_total{outcome="confirmed",origin="new",read="first"}"#,
        r#"vehicle_exit_published_total{outcome="confirmed",origin="matched",read="first"}"#,
        r#"vehicle_exit_published_total{outcome="confirmed",origin="made_up",read="first"}"#,
        r#"vehicle_entry_publish_seconds_bucket{le="0.0001"}"#,
        "vehicle_exit_publish_seconds_count",
        "vehicle_entry_inside",
        "vehicle_exit_inside",
        "vehicle_entry_in_flight",
        "vehicle_entry_turns_skipped_total",
    ] {
        let found = text.lines().any(|line| same_series(line, name));
        assert!(found, "{name} is missing in\n{text}");
    }
    for plate in rig.plates(Direction::Entry) {
        assert!(!text.contains(plate.as_str()));
    }
}

/// Whether `line` is a sample of `name`, whatever the order of its labels.
fn same_series(line: &str, name: &str) -> bool {
    let labels = |text: &str| -> Vec<String> {
        let mut words: Vec<_> =
            text.split(['{', '}', ',']).map(str::trim).map(str::to_owned).collect();
        words.sort();
        words
    };
    let Some((series, _)) = line.rsplit_once(' ') else { return false };
    labels(series) == labels(name)
}

#[actix::test]
async fn only_the_roles_that_run_have_metrics() {
    let rig = Rig::start(options(), EXITS).await;
    rig.pass(1).await;
    let names: Vec<_> =
        rig.registry.gather().iter().map(|family| family.name().to_owned()).collect();
    assert!(names.iter().all(|name| name.starts_with("vehicle_exit_")), "{names:?}");
    assert!(rig.generators.snapshot().entries.is_none());
}

#[actix::test]
async fn two_sets_of_generators_do_not_fit_one_registry() {
    let registry = Registry::new();
    let first = try_start(options(), &registry).await;
    let second = try_start(options(), &registry).await;
    assert!(first.is_ok());
    assert!(matches!(second, Err(StartError::Metrics(_))));
}

#[actix::test]
async fn a_process_without_a_role_stops_at_once() {
    let rig = Rig::start(options(), &[]).await;
    rig.pass(5).await;
    assert_eq!(rig.stop().await, super::Snapshot::default());
}

#[actix::test]
async fn generators_that_are_dropped_make_nothing_any_more_and_lose_nobody() {
    let rig = Rig::start(Options { matched_share: 1.0, ..options() }, BOTH).await;
    rig.pass(30).await;
    let Rig { generators, broker, store, .. } = rig;
    drop(generators);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let published = broker.attempted().len();
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    assert_eq!(broker.attempted().len(), published);
    let entered = broker.confirmed(Direction::Entry).len() as u64;
    let left = broker.confirmed(Direction::Exit).len() as u64;
    assert_eq!(crate::InsideStore::count(&*store).await, Ok(entered - left));
    assert_eq!(Arc::strong_count(&broker), 1, "nothing is left running");
}

#[actix::test]
async fn a_stop_ends_in_time_whatever_is_away() {
    let rig = Rig::start(Options { rate: 50.0, stop_seconds_max: 5.0, ..options() }, BOTH).await;
    rig.pass(20).await;
    rig.broker.set_away(true);
    rig.store.set_away(true);
    rig.pass(20).await;
    let begun_at = tokio::time::Instant::now();
    let stopped = rig.stop().await;
    assert!(begun_at.elapsed() < std::time::Duration::from_secs(8), "{:?}", begun_at.elapsed());
    assert_eq!(stopped.entries.unwrap().in_flight, 0);
    assert_eq!(stopped.exits.unwrap().in_flight, 0);
}
