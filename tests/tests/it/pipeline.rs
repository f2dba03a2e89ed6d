//! The main job: 10,000 entries and 10,000 exits of a publisher that is not ours, in any order,
//! and exactly the rows that are owed.

use std::time::Duration;

use domain::wire::{DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE};
use tests::Site;
use tests::truth::{Order, Truth, Workload};

/// For 20,000 observations on a machine that is busy with other tests; a quiet one takes seconds.
const TOLD: Duration = Duration::from_mins(2);

/// Everything lies in the queues before anybody consumes.
fn a_backlog_gives_exactly_the_rows_owed(order: Order, seed: u64) {
    let site = Site::new();
    site.configure();
    let truth = Truth::of(Workload::realistic(seed, 10_000));
    let client = site.client();
    truth.publish(order, &client);

    let web = site.start_web();
    let actors = site.start_actors();
    truth.wait_until_told(&site.files(), TOLD);
    for queue in [ENTRY_QUEUE, EXIT_QUEUE, DEAD_LETTER_QUEUE] {
        assert_eq!(client.depth(queue), 0, "{queue}");
    }
    let inside: Vec<String> = site.redis.command(0, &["SMEMBERS", "entry_plates"]);
    assert_eq!(inside.into_iter().collect::<std::collections::BTreeSet<_>>(), *truth.inside());
    actors.terminate();
    web.terminate();
    assert_eq!(truth.check_exactly(&site.files()), Ok(()));
}

#[test]
fn all_entries_before_all_exits_give_exactly_the_rows_owed() {
    a_backlog_gives_exactly_the_rows_owed(Order::EntriesFirst, 1);
}

#[test]
fn all_exits_before_all_entries_give_exactly_the_rows_owed() {
    a_backlog_gives_exactly_the_rows_owed(Order::ExitsFirst, 2);
}

#[test]
fn entries_and_exits_as_they_happened_give_exactly_the_rows_owed() {
    a_backlog_gives_exactly_the_rows_owed(Order::AsItHappened, 3);
}

#[test]
fn any_order_and_missed_exits_give_in_sum_the_rows_owed() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "1s");
    let web = site.start_web();
    let actors = site.start_actors();
    let truth = Truth::of(Workload::untidy(4, 3_000));
    // While they consume: verdicts may be given too early and must be put right.
    truth.publish(Order::Shuffled, &site.client());
    truth.wait_until_told(&site.files(), TOLD);
    actors.terminate();
    web.terminate();
    assert_eq!(truth.check_in_sum(&site.files()), Ok(()));
}

#[test]
fn a_plate_is_in_no_log_and_in_no_metric() {
    let mut site = Site::new();
    site.set("CARPARK_LOG", "debug");
    site.set("CARPARK_LATENESS", "1s");
    let web = site.start_web();
    let actors = site.start_actors();
    let truth = Truth::of(Workload::untidy(5, 200));
    let client = site.client();
    truth.publish(Order::Shuffled, &client);
    client
        .publish(ENTRY_QUEUE, [r#"{"id":"1","vehicle_plate":"SECRET-99","entry_date_time":"x"}"#]);
    client.publish(EXIT_QUEUE, [r#"{"id":"2","vehicle_plate":["SECRET-99"]}"#]);
    truth.wait_until_told(&site.files(), TOLD);
    tests::wait::until("both are refused", TOLD, || {
        (client.depth(DEAD_LETTER_QUEUE) == 2).then_some(())
    });

    for role in [&web, &actors] {
        let metrics = tests::http::get(&role.url("/metrics")).ok().body;
        let said = [role.stdout(), role.stderr(), metrics].join("\n");
        for plate in truth.plates().into_iter().chain(["SECRET-99", "SECRET99"]) {
            assert!(!said.contains(plate), "{plate} shows");
        }
    }
    actors.terminate();
    web.terminate();
}
