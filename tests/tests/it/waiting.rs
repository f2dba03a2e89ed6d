//! Nobody waits for another's past: an upload of yesterday at one place, a processor that stands still
//! or lost its broker, and lone reads elsewhere that have their verdicts in time.
//!
//! In time, where nothing is wrong, is twice the `lateness` after the read: once until the idle queue
//! counts as read to that instant (R4), and once more that the watermark has to pass it by. A processor
//! that falls silent may add one more. [`MARGIN`] is for all that a busy machine does meanwhile.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use rustix::process::Signal;
use serde_json::json;
use tests::files::Files;
use tests::proxy::{Mode, Proxy};
use tests::{Site, wait};

const TOLD: Duration = Duration::from_mins(2);
const MARGIN: TimeDelta = TimeDelta::seconds(4);

fn message(id: &str, vehicle: &str, place: &str, at: DateTime<Utc>) -> String {
    let field = if id.starts_with('e') { "entry_date_time" } else { "exit_date_time" };
    json!({ "id": id, "vehicle_plate": vehicle, field: format_time(at), "place": place })
        .to_string()
}

/// Publishes the lone exits of `count` vehicles, as they happen.
fn leave(site: &Site, name: &str, count: usize) {
    let exit = |n: usize| message(&format!("x{n}"), &format!("{name}{n}"), "south", Utc::now());
    site.client().publish(EXIT_QUEUE, (0..count).map(exit));
}

/// How long after the read each verdict on a plate of that name was given.
fn waited(files: &Files, name: &str) -> Vec<TimeDelta> {
    let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let rows = files.exceptions();
    let of_them = rows.iter().filter(|row| row.vehicle_plate.starts_with(name));
    of_them
        .inspect(|row| assert_eq!(row.kind, "unmatched_exit", "{row:?}"))
        .map(|row| time(&row.recorded_at) - time(&row.exit_date_time))
        .collect()
}

/// Waits until `count` of them have their verdicts, and holds each against the bound.
#[track_caller]
fn check_in_time(files: &Files, name: &str, count: usize, bound: TimeDelta) {
    let waited = wait::until_ok(&format!("{count} of {name} are judged"), TOLD, || {
        let waited = waited(files, name);
        if waited.len() >= count { Ok(waited) } else { Err(format!("{} are", waited.len())) }
    });
    let longest = waited.into_iter().max().unwrap();
    eprintln!("{name}: {count} judged within {longest}, the bound is {bound}");
    assert!(longest <= bound, "{name}: {longest}, the bound is {bound}");
}

fn waiting(site: &Site) -> usize {
    site.redis.command(0, &["ZCARD", "carpark:due:entries"])
}

#[test]
fn an_upload_of_yesterday_at_one_place_delays_nobody_elsewhere() {
    const STAYS: usize = 10_000;
    const AT_ONCE: usize = 500;
    let lateness = TimeDelta::seconds(2);
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "2s");
    site.configure();
    let web = site.start_web();
    let actors = [site.start_actors(), site.start_actors()];
    let (files, client) = (site.files(), site.client());
    let yesterday = Utc::now() - TimeDelta::hours(26);
    let came = |n: usize| yesterday + TimeDelta::milliseconds(i64::try_from(n).unwrap() * 200);
    let went = |n: usize| came(n) + TimeDelta::minutes(50);
    let plate = |n: usize| format!("OLD{n}");

    // The first one's entry comes last. The upload goes on until the others have their verdicts.
    client.publish(EXIT_QUEUE, [message("x", &plate(0), "north", went(0))]);
    let mut uploaded = 1;
    leave(&site, "FIRST", 3);
    let mut others = vec!["FIRST"];
    let begun = Utc::now();
    while uploaded < STAYS || waited(&files, others[others.len() - 1]).len() < 3 {
        let stays = uploaded..uploaded + AT_ONCE;
        client
            .publish(ENTRY_QUEUE, stays.clone().map(|n| message("e", &plate(n), "north", came(n))));
        client.publish(EXIT_QUEUE, stays.map(|n| message("x", &plate(n), "north", went(n))));
        uploaded += AT_ONCE;
        if others.len() == 1 && uploaded > STAYS / 4 {
            leave(&site, "SECOND", 3);
            others.push("SECOND");
        }
        // About as fast as they are read: how long what is live stands behind them in the queue is not
        // what is measured.
        wait::until("the queues are read", TOLD, || {
            (client.depth(ENTRY_QUEUE).max(client.depth(EXIT_QUEUE)) < 2_000).then_some(())
        });
        assert!(Utc::now() - begun < TimeDelta::minutes(2), "no verdicts while the upload goes on");
    }
    eprintln!("{uploaded} stays uploaded in {}", Utc::now() - begun);
    for name in others {
        check_in_time(&files, name, 3, lateness * 2 + MARGIN);
    }
    assert_eq!(files.exception_count(), 6, "none of the upload's is judged before its end");
    client.publish(ENTRY_QUEUE, [message("e", &plate(0), "north", came(0))]);
    files.wait_for_summaries(uploaded, TOLD);
    let repaired = files.summaries().into_iter().filter(|row| row.repaired).count();
    assert_eq!((repaired, files.exception_count()), (0, 6));

    // Of the upload, too, what is alone is judged when nothing of it comes any more.
    client.publish(EXIT_QUEUE, [message("x", "OLDALONE", "north", went(0))]);
    let left_at = Utc::now();
    files.wait_for_exceptions(7, TOLD);
    let judged_at: DateTime<Utc> = files.exceptions()[6].recorded_at.parse().unwrap();
    assert!(judged_at - left_at <= lateness * 2 + MARGIN, "{}", judged_at - left_at);
    for processor in actors {
        processor.terminate();
    }
    web.terminate();
}

#[test]
fn a_processor_that_stands_still_delays_nobody_beyond_lateness() {
    const STORED: usize = 20;
    const AFTERWARDS: usize = 60;
    let lateness = TimeDelta::seconds(4);
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "4s");
    site.set("CARPARK_PREFETCH", "10");
    site.configure();
    let web = site.start_web();
    let (frozen, other) = (site.start_actors(), site.start_actors());
    let files = site.files();
    // Known to both, and shared out to both.
    wait::until("each knows of the other", TOLD, || {
        (other.metric("backend_processors") >= 2.0 && frozen.metric("backend_processors") >= 2.0)
            .then_some(())
    });
    leave(&site, "STORED", STORED);
    wait::until("they are stored", TOLD, || (waiting(&site) == STORED).then_some(()));
    frozen.signal(Signal::STOP);
    assert_eq!(files.exception_count(), 0, "it was stopped too late");
    // It holds what the broker gives it until it goes on: that much is its own past.
    leave(&site, "AFTERWARDS", AFTERWARDS);
    let others = AFTERWARDS - 10;
    check_in_time(&files, "STORED", STORED, lateness * 3 + MARGIN);
    check_in_time(&files, "AFTERWARDS", others, lateness * 3 + MARGIN);
    frozen.cont();
    files.wait_for_exceptions(STORED + AFTERWARDS, TOLD);
    frozen.terminate();
    other.terminate();
    web.terminate();
    assert_eq!(files.standing_exceptions().len(), STORED + AFTERWARDS);
}

#[test]
fn a_processor_that_lost_its_broker_delays_nobody() {
    const READS: usize = 20;
    let lateness = TimeDelta::seconds(4);
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "4s");
    site.configure();
    let web = site.start_web();
    let proxy = Proxy::before(site.broker.server().port());
    let url = site.broker.url_through(proxy.port());
    let lost = site.carpark("actors").env("CARPARK_BROKER_URL", &url).start_ready();
    let other = site.start_actors();
    proxy.set(Mode::Reset);
    wait::until("it has noticed", TOLD, || (!lost.is_ready()).then_some(()));
    // It gives signs of life, and its share of the verdicts; of the queues it knows nothing.
    leave(&site, "ELSEWHERE", READS);
    check_in_time(&site.files(), "ELSEWHERE", READS, lateness * 2 + MARGIN);
    assert!(!lost.is_ready());
    proxy.set(Mode::Pass);
    lost.terminate();
    other.terminate();
    web.terminate();
}
