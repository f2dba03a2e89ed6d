//! G5 at the places where it is hardest to keep: the process dies between two steps, at named
//! failpoints (`platform/src/runtime/failpoint.rs`), again and again. Nothing lost, nothing doubled.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tests::Site;
use tests::truth::{Order, Truth, Workload};

const TOLD: Duration = Duration::from_mins(2);
/// How often the process dies at a place.
const DEATHS: usize = 3;

/// Lets `role` die at `place`, each time when it has been there for a random number of times
/// below `visits`, then runs to the end and wants every row.
fn dies_at(seed: u64, role: &str, place: &str, visits: u32) {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "2s");
    site.configure();
    let truth = Truth::of(Workload::realistic(seed, 3_000));
    truth.publish(Order::EntriesFirst, &site.client());
    let now = chrono::Utc::now().timestamp_micros().unsigned_abs();
    let mut dice = StdRng::seed_from_u64(now);
    let mut died = 0;
    for _ in 0..DEATHS {
        let survived = dice.random_range(0..visits);
        eprintln!("dies at {place} after {survived} visits (dice {now})");
        let doomed = |name: &str| {
            let role_with_env = match name {
                "web" => site.carpark("web").port(site.web_port()),
                _ => site.carpark(name),
            };
            role_with_env.env("FAILPOINTS", &format!("{place}={survived}*off->return"))
        };
        let mut dying = doomed(role).start();
        let other = match role {
            "web" => site.start_actors_unready(),
            _ => site.start_web(),
        };
        let status = dying.wait(TOLD);
        assert_eq!(status.code(), None, "it was to die: {status}");
        died += 1;
        other.terminate();
    }
    assert_eq!(died, DEATHS);
    let written = site.files().summary_count();
    assert!(written < truth.session_count(), "all was done before the last death");
    eprintln!("{written} of {} rows were written by the dead", truth.session_count());
    let (web, actors) = (site.start_web(), site.start_actors());
    truth.wait_until_told(&site.files(), TOLD);
    actors.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

#[test]
fn a_message_was_delivered_and_nothing_done_with_it() {
    dies_at(61, "actors", "delivered", 1_500);
}

#[test]
fn the_store_has_committed_and_nobody_was_told() {
    dies_at(62, "actors", "commit_applied", 10);
}

#[test]
fn reports_are_stored_and_not_posted() {
    dies_at(63, "actors", "before_post", 3);
}

#[test]
fn the_sink_has_confirmed_and_the_outbox_still_has_them() {
    dies_at(64, "actors", "posted", 3);
}

#[test]
fn the_sink_has_written_and_not_answered() {
    dies_at(65, "web", "rows_synced", 3);
}

#[test]
fn one_acknowledgement_of_many_is_sent_and_the_next_is_not() {
    dies_at(66, "actors", "acknowledged", 10);
}
