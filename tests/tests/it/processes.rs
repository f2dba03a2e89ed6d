//! G1 to G5 on real processes: stopped, killed, frozen, several at once. Nothing lost, nothing
//! doubled.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Signal;
use tests::process::Carpark;
use tests::truth::{Order, Truth, Workload};
use tests::{Site, site, wait};

const TOLD: Duration = Duration::from_mins(2);

/// A backlog of `entries` entries and as many exits, one queue before the other, which is the
/// order that shows most.
fn site_with_backlog(seed: u64, entries: usize) -> (Site, Truth) {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "2s");
    site.configure();
    let truth = Truth::of(Workload::realistic(seed, entries));
    truth.publish(Order::EntriesFirst, &site.client());
    (site, truth)
}

/// A different number of rows at each run, so that each run stops at another moment.
fn at_random(truth: &Truth) -> impl Iterator<Item = usize> + use<> {
    let seed = chrono::Utc::now().timestamp_micros().unsigned_abs();
    eprintln!("moments by seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let total = truth.session_count();
    let mut moments: Vec<usize> = (0..4).map(|_| dice.random_range(1..total * 9 / 10)).collect();
    moments.sort_unstable();
    moments.into_iter()
}

/// Whether rows are missing right after a strike: one that comes when all is done proves nothing.
fn left_to_do(site: &Site, truth: &Truth) -> bool {
    let (written, owed) = (site.files().summary_count(), truth.session_count());
    eprintln!("struck when {written} of {owed} rows were written");
    written < owed
}

#[test]
fn sigterm_under_load_ends_in_time_and_loses_nothing() {
    let (site, truth) = site_with_backlog(41, 10_000);
    let web = site.start_web();
    let mut struck = false;
    for moment in at_random(&truth) {
        let actors = site.start_actors();
        site.files().wait_for_summaries(moment, TOLD);
        actors.terminate();
        struck |= left_to_do(&site, &truth);
    }
    assert!(struck, "no strike came in time");
    let actors = site.start_actors();
    truth.wait_until_told(&site.files(), TOLD);
    actors.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

#[test]
fn who_asks_a_second_time_is_not_kept_waiting() {
    let mut carpark = Carpark::new(&site::directory(), "serve").start_ready();
    // A sender that never comes to its end is given a moment.
    let mut sender = TcpStream::connect(("127.0.0.1", carpark.port())).unwrap();
    sender.write_all(b"POST /save_summary HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{").unwrap();
    let asked_at = Instant::now();
    carpark.signal(Signal::TERM);
    wait::until("it stops", TOLD, || carpark.stderr().contains("stopping").then_some(()));
    carpark.signal(Signal::TERM);
    let status = carpark.wait(TOLD);
    let said = carpark.stderr();
    assert!(asked_at.elapsed() < Duration::from_millis(1_500), "{:?}: {said}", asked_at.elapsed());
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("asked a second time"), "{said}");
}

#[test]
fn actors_killed_under_load_lose_nothing_and_double_nothing() {
    let (site, truth) = site_with_backlog(42, 10_000);
    let web = site.start_web();
    let mut struck = false;
    for moment in at_random(&truth) {
        let actors = site.start_actors();
        site.files().wait_for_summaries(moment, TOLD);
        actors.kill();
        struck |= left_to_do(&site, &truth);
    }
    assert!(struck, "no strike came in time");
    let actors = site.start_actors();
    truth.wait_until_told(&site.files(), TOLD);
    actors.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

#[test]
fn a_web_service_killed_under_load_loses_nothing_and_doubles_nothing() {
    let (site, truth) = site_with_backlog(43, 10_000);
    let mut web = site.start_web();
    let actors = site.start_actors();
    let mut struck = false;
    for moment in at_random(&truth) {
        site.files().wait_for_summaries(moment, TOLD);
        web.kill();
        struck |= left_to_do(&site, &truth);
        web = site.start_web();
    }
    assert!(struck, "no strike came in time");
    truth.wait_until_told(&site.files(), TOLD);
    actors.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

#[test]
fn everything_killed_at_once_loses_nothing_and_doubles_nothing() {
    let (site, truth) = site_with_backlog(44, 5_000);
    let mut struck = false;
    for moment in at_random(&truth) {
        let (web, actors) = (site.start_web(), site.start_actors());
        site.files().wait_for_summaries(moment, TOLD);
        site.redis.kill();
        actors.kill();
        web.kill();
        struck |= left_to_do(&site, &truth);
        site.redis.restart();
    }
    assert!(struck, "no strike came in time");
    let (web, actors) = (site.start_web(), site.start_actors());
    truth.wait_until_told(&site.files(), TOLD);
    actors.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

#[test]
fn several_processors_give_the_same_rows_though_one_is_killed_and_one_is_stopped() {
    let (site, truth) = site_with_backlog(45, 10_000);
    let web = site.start_web();
    let mut moments = at_random(&truth);
    let (first, second) = (site.start_actors(), site.start_actors());
    site.files().wait_for_summaries(moments.next().unwrap(), TOLD);
    first.kill();
    assert!(left_to_do(&site, &truth), "the strike came too late");
    let third = site.start_actors();
    site.files().wait_for_summaries(moments.next().unwrap(), TOLD);
    second.terminate();
    truth.wait_until_told(&site.files(), TOLD);
    third.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

#[test]
fn a_processor_frozen_past_its_heartbeat_changes_nothing_when_it_thaws() {
    let (site, truth) = site_with_backlog(46, 10_000);
    let web = site.start_web();
    let (frozen, other) = (site.start_actors(), site.start_actors());
    site.files().wait_for_summaries(truth.session_count() / 4, TOLD);
    frozen.stop();
    assert!(left_to_do(&site, &truth), "the strike came too late");
    // What it holds comes to the other once the broker has missed its heartbeats.
    truth.wait_until_told(&site.files(), TOLD);
    frozen.cont();
    frozen.terminate();
    other.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

#[test]
fn one_to_four_processors_that_come_and_go_give_the_same_rows() {
    let (site, truth) = site_with_backlog(47, 15_000);
    let web = site.start_web();
    let seed = chrono::Utc::now().timestamp_micros().unsigned_abs();
    eprintln!("comings and goings by seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut running = vec![site.start_actors()];
    let mut conflicts = 0.0;
    for moment in 1..=8 {
        site.files().wait_for_summaries(truth.session_count() * moment / 10, TOLD);
        if running.len() < 4 && (running.len() == 1 || dice.random_bool(0.5)) {
            running.push(site.start_actors());
            continue;
        }
        let leaving = running.swap_remove(dice.random_range(0..running.len()));
        conflicts += leaving.metric("backend_commit_conflicts_total");
        match dice.random_bool(0.5) {
            true => leaving.kill(),
            false => leaving.terminate(),
        }
    }
    truth.wait_until_told(&site.files(), TOLD);
    for actors in running {
        conflicts += actors.metric("backend_commit_conflicts_total");
        actors.terminate();
    }
    web.terminate();
    eprintln!("{conflicts} conflicts");
    site.check_at_rest(&truth);
}
