//! G6: what cannot be passed on is held back, and nothing grows without end.

use std::time::Duration;

use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use tests::truth::{Order, Truth, Workload};
use tests::{Site, wait};

const TOLD: Duration = Duration::from_mins(2);

#[test]
fn with_the_sink_down_the_outbox_fills_consumption_pauses_and_all_drains_when_it_returns() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "2s");
    site.set("CARPARK_OUTBOX_MAX", "300");
    site.set("CARPARK_PREFETCH", "100");
    site.configure();
    let truth = Truth::of(Workload::realistic(91, 5_000));
    let client = site.client();
    truth.publish(Order::AsItHappened, &client);
    let actors = site.start_actors_unready();
    let pending = || actors.metric("backend_outbox_pending");
    wait::until("the outbox is full", TOLD, || (pending() >= 300.0).then_some(()));
    // Paused: what is stored from here on was under way, and that is bounded by the prefetch.
    let mut depths = (0, 0);
    let paused = wait::until("consumption pauses", TOLD, || {
        let now = (client.depth(ENTRY_QUEUE), client.depth(EXIT_QUEUE));
        let stored = actors.metric("backend_matched_events_total");
        let is_still = now == depths && now.0 + now.1 > 0;
        depths = now;
        is_still.then_some(stored)
    });
    assert!(pending() <= 300.0 + 2.0 * 100.0, "{} are pending", pending());
    eprintln!("paused with {paused} matched, {} pending, {depths:?} waiting", pending());
    let memory = actors.memory_bytes();

    let web = site.start_web();
    truth.wait_until_told(&site.files(), TOLD);
    let grown = actors.memory_bytes().saturating_sub(memory);
    assert!(grown < 64 << 20, "grew by {grown} bytes while it drained");
    actors.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}
