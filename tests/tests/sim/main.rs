//! The whole pipeline in memory, under virtual time and a seeded fate: messages twice, late and in
//! the wrong order, connections that break, commits whose answer is lost, a sink that fails before
//! or after it wrote, processors that die at any await and others that take over. After each run
//! the reports are held against the reference model. A seed is a run: a failing one is printed,
//! and `SIM_SEED=… cargo test -p tests --test sim` plays it again; `SIM_SEEDS=…` sets how many.

#![allow(clippy::disallowed_macros, reason = "a seed is printed for the person who plays it again")]

mod reach;
mod run;
mod traffic;
mod waiting;

use run::{Broken, Outcome, run};

/// Seeds of a normal test run.
const SEEDS: u64 = 10_000;

#[expect(clippy::disallowed_methods, reason = "which seeds to play is the caller's to say")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn check(seed: u64) -> Outcome {
    let outcome = run(seed, Broken::Nothing);
    assert!(outcome.faults.is_empty(), "SIM_SEED={seed}:\n{}", outcome.faults.join("\n"));
    outcome
}

#[test]
fn whatever_fails_the_reports_are_those_of_the_reference_model() {
    if let Some(seed) = number("SIM_SEED") {
        println!("{:#?}", check(seed));
        return;
    }
    let seeds = number("SIM_SEEDS").unwrap_or(SEEDS);
    let mut total = Outcome::default();
    for outcome in on_all_threads(seeds, check) {
        total.add(&outcome);
    }
    println!("{seeds} seeds:\n{}", total.reach);
    // A simulation in which nothing happens proves nothing, nor one in which something never does.
    if seeds >= SEEDS {
        assert_eq!(total.reach.missing(), Vec::<String>::new(), "no seed reached these");
    }
    assert!(total.crashes > seeds / 4, "{total:?}");
    assert!(total.conflicts > seeds / 20, "{total:?}");
    assert!(total.sessions > seeds && total.exceptions > seeds / 2, "{total:?}");
    assert!(total.redelivered > seeds / 20, "{total:?}");
}

/// What comes of each seed, in any order.
fn on_all_threads<T: Send>(seeds: u64, play: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (play, mut all) = (&play, Vec::new());
    std::thread::scope(|scope| {
        let of_one =
            |thread| (0..seeds).skip(thread).step_by(threads).map(play).collect::<Vec<_>>();
        let running: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || of_one(thread))).collect();
        for thread in running {
            all.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    all
}

#[test]
fn nobody_waits_for_anothers_past() {
    let check = |seed: u64| {
        let (faults, reach) = waiting::run(seed);
        assert!(faults.is_empty(), "SIM_SEED={seed}:\n{}", faults.join("\n"));
        reach
    };
    if let Some(seed) = number("SIM_SEED") {
        println!("{}", check(seed));
        return;
    }
    let seeds = number("SIM_SEEDS").unwrap_or(waiting::SEEDS);
    let mut total = reach::Reach::default();
    for reach in on_all_threads(seeds, check) {
        total.add(&reach);
    }
    println!("{seeds} seeds:\n{total}");
    if seeds >= waiting::SEEDS {
        assert_eq!(total.missing_of(&waiting::WANTED), Vec::<String>::new());
    }
}

#[test]
fn a_seed_is_a_run() {
    for seed in 0..20 {
        assert_eq!(run(seed, Broken::Nothing), run(seed, Broken::Nothing), "SIM_SEED={seed}");
        assert_eq!(waiting::run(seed), waiting::run(seed), "SIM_SEED={seed}");
    }
}

/// Whether some seed shows that something is broken.
fn is_noticed(broken: Broken) -> bool {
    (0..2_000).any(|seed| !run(seed, broken).faults.is_empty())
}

#[test]
fn without_the_compare_and_set_something_is_wrong() {
    assert!(is_noticed(Broken::CompareAndSet));
}

#[test]
fn without_the_duplicate_check_something_is_wrong() {
    assert!(is_noticed(Broken::DuplicateCheck));
}

#[test]
fn without_the_outbox_something_is_wrong() {
    assert!(is_noticed(Broken::Outbox));
}

#[test]
fn when_deliveries_are_acknowledged_first_something_is_wrong() {
    assert!(is_noticed(Broken::AcknowledgeLast));
}
