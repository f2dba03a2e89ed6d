//! Messages that kill who takes them, and what becomes of them: the delivery limit, the dead
//! letters, `/admin/dead-letters`. Their neighbours never notice (G7).

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::wire::{DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE, format_time};
use serde_json::Value;
use tests::process::Running;
use tests::truth::{Order, Truth, Workload};
use tests::{Site, http, wait};

const TOLD: Duration = Duration::from_mins(2);
/// The delivery limit, and some.
const RESTARTS_MAX: usize = 30;

/// Of this run, so that the same call gives the same message; of today, so that nobody stays too
/// long while a test runs.
static CAME: LazyLock<DateTime<Utc>> = LazyLock::new(|| Utc::now() - TimeDelta::hours(2));

fn entry(id: &str, plate: &str) -> String {
    let at = format_time(*CAME);
    format!(r#"{{"id":"{id}","vehicle_plate":"{plate}","entry_date_time":"{at}"}}"#)
}

fn exit(id: &str, plate: &str) -> String {
    let at = format_time(*CAME + TimeDelta::hours(1));
    format!(r#"{{"id":"{id}","vehicle_plate":"{plate}","exit_date_time":"{at}"}}"#)
}

fn dead_letters(actors: &Running, query: &str) -> Value {
    http::get(&actors.url(&format!("/admin/dead-letters{query}"))).ok().json()
}

fn ask(actors: &Running, method: &str, path: &str) -> http::Answer {
    http::request(method, &actors.url(path), &[], b"").unwrap()
}

#[test]
fn a_message_that_ends_the_process_goes_to_the_dead_letters_and_its_neighbours_do_not() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "2s");
    site.configure();
    let truth = Truth::of(Workload::of_stays(71, 1_500));
    let client = site.client();
    // In the midst of the others, and with them in one prefetch.
    let messages = truth.messages(Order::AsItHappened);
    let (before, after) = messages.split_at(messages.len() / 2);
    client.publish_all(before.iter().map(|message| (message.queue, &message.body)));
    client.publish(ENTRY_QUEUE, [entry("poison", "POISON1")]);
    client.publish_all(after.iter().map(|message| (message.queue, &message.body)));

    let web = site.start_web();
    let doomed = site.carpark("actors").env("FAILPOINTS", "abort:poison=return");
    let mut deaths = 0;
    let actors = loop {
        let mut actors = doomed.start();
        let is_over =
            wait::until("it dies, or the poison is dead", TOLD, || match actors.has_ended() {
                true => Some(false),
                false => (client.depth(DEAD_LETTER_QUEUE) == 1).then_some(true),
            });
        if is_over {
            break actors;
        }
        deaths += 1;
        assert!(deaths <= RESTARTS_MAX, "still dying");
    };
    eprintln!("died {deaths} times");
    truth.wait_until_told(&site.files(), TOLD);
    let letters = dead_letters(&actors, "");
    assert_eq!(letters["total"], 1, "{letters}");
    let letter = &letters["dead_letters"][0];
    assert_eq!(letter["queue"], ENTRY_QUEUE);
    assert_eq!(letter["reason"], "delivery_limit");
    assert_eq!(letter["message"], entry("poison", "POISON1"));
    assert!(letter["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{letter}");
    actors.terminate();

    // What it was is mended: it is taken back, and makes its row.
    let actors = site.start_actors();
    let id = letter["id"].as_str().unwrap();
    let answer = ask(&actors, "POST", &format!("/admin/dead-letters/{id}/replay")).ok().json();
    assert_eq!(answer["replayed"], 1);
    client.publish(EXIT_QUEUE, [exit("poison-x", "POISON1")]);
    site.files().wait_for_summaries(truth.session_count() + 1, TOLD);
    actors.terminate();
    web.terminate();
    let mut rows = site.files().standing_summaries();
    rows.retain(|row| row.vehicle_plate != "POISON1");
    assert_eq!(rows.len(), truth.session_count());
    assert_eq!(client.depth(DEAD_LETTER_QUEUE), 0);
}

#[test]
fn a_message_that_kills_its_plates_actor_goes_to_the_dead_letters_while_all_others_are_served() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "2s");
    site.configure();
    let client = site.client();
    let truth = Truth::of(Workload::of_stays(72, 300));
    client.publish(ENTRY_QUEUE, [entry("poison", "POISON1"), entry("good", "POISON1")]);
    truth.publish(Order::AsItHappened, &client);
    let web = site.start_web();
    let mut actors = site.carpark("actors").env("FAILPOINTS", "panic:poison=panic").start_ready();
    actors.may_panic();
    truth.wait_until_told(&site.files(), TOLD);
    wait::until_ok("the poison is a dead letter", TOLD, || match client.depth(DEAD_LETTER_QUEUE) {
        1 => Ok(()),
        count => Err(format!("there are {count}")),
    });
    assert!(actors.metric("backend_sessions_respawned_total") >= 1.0);
    // A neighbour on the same plate was stored.
    client.publish(EXIT_QUEUE, [exit("good-x", "POISON1")]);
    site.files().wait_for_summaries(truth.session_count() + 1, TOLD);
    let letters = dead_letters(&actors, "");
    assert_eq!(letters["dead_letters"][0]["message"], entry("poison", "POISON1"));
    actors.terminate();
    web.terminate();
}

/// Dead letters: `count` messages that are no observation, all different.
fn with_dead_letters(site: &Site, count: usize) -> Running {
    let client = site.client();
    client.publish(ENTRY_QUEUE, (0..count).map(|n| format!(r#"{{"id":"bad-{n:03}"}}"#)));
    let actors = site.start_actors();
    wait::until("they are dead letters", TOLD, || {
        (usize::try_from(client.depth(DEAD_LETTER_QUEUE)).unwrap() == count).then_some(())
    });
    actors
}

#[test]
fn dead_letters_are_listed_in_pages_however_often_they_are_looked_at() {
    let site = Site::new();
    site.configure();
    let web = site.start_web();
    let actors = with_dead_letters(&site, 25);
    // More often than RabbitMQ's own delivery limit.
    for _ in 0..25 {
        assert_eq!(dead_letters(&actors, "?limit=1")["total"], 25);
    }
    let mut seen = BTreeSet::new();
    let mut after = String::new();
    for page in 1..=3 {
        let letters = dead_letters(&actors, &format!("?limit=10{after}"));
        for letter in letters["dead_letters"].as_array().unwrap() {
            assert_eq!(letter["queue"], ENTRY_QUEUE);
            assert!(letter["reason"].as_str().unwrap().starts_with("missing_plate"), "{letter}");
            assert!(seen.insert(letter["message"].to_string()), "twice: {letter}");
        }
        match letters["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => assert_eq!(page, 3),
        }
    }
    assert_eq!(seen.len(), 25);
    assert_eq!(ask(&actors, "GET", "/admin/dead-letters?limit=0").status, 400);
    assert_eq!(ask(&actors, "GET", "/admin/dead-letters?after=gone").status, 404);
    actors.terminate();
    web.terminate();
}

#[test]
fn dead_letters_are_discarded_one_or_all_and_what_is_replayed_unmended_comes_back() {
    let site = Site::new();
    site.configure();
    let web = site.start_web();
    let actors = with_dead_letters(&site, 5);
    let first = dead_letters(&actors, "")["dead_letters"][0].clone();
    let path = format!("/admin/dead-letters/{}", first["id"].as_str().unwrap());
    assert_eq!(ask(&actors, "DELETE", &path).ok().json()["discarded"], 1);
    assert_eq!(ask(&actors, "DELETE", &path).status, 404);
    assert_eq!(ask(&actors, "POST", &format!("{path}/replay")).status, 404);
    assert_eq!(dead_letters(&actors, "")["total"], 4);

    assert_eq!(ask(&actors, "POST", "/admin/dead-letters/replay").ok().json()["replayed"], 4);
    wait::until("they are refused again", TOLD, || {
        (dead_letters(&actors, "")["total"] == 4).then_some(())
    });
    assert_eq!(ask(&actors, "DELETE", "/admin/dead-letters").ok().json()["discarded"], 4);
    assert_eq!(dead_letters(&actors, "")["total"], 0);
    actors.terminate();
    web.terminate();
}

#[test]
fn a_replay_that_is_killed_halfway_loses_nothing() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "2s");
    site.configure();
    let client = site.client();
    let plates: Vec<String> = (0..30).map(|n| format!("P{n:03}")).collect();
    client.publish(ENTRY_QUEUE, plates.iter().map(|plate| entry(&format!("e{plate}"), plate)));
    let points: Vec<String> = plates.iter().map(|plate| format!("panic:e{plate}=panic")).collect();
    let web = site.start_web();
    let mut actors = site.carpark("actors").env("FAILPOINTS", &points.join(";")).start_ready();
    actors.may_panic();
    wait::until("all are dead letters", TOLD, || {
        (client.depth(DEAD_LETTER_QUEUE) == 30).then_some(())
    });
    actors.terminate();

    let mut actors =
        site.carpark("actors").env("FAILPOINTS", "replay_confirmed=12*off->return").start_ready();
    let url = actors.url("/admin/dead-letters/replay");
    assert!(http::request("POST", &url, &[], b"").is_err(), "it was to die");
    actors.wait(TOLD);

    let actors = site.start_actors();
    let left = dead_letters(&actors, "")["total"].as_u64().unwrap();
    assert!((17..=30).contains(&left), "{left} are left of 30, of which 12 were replayed");
    ask(&actors, "POST", "/admin/dead-letters/replay").ok();
    client.publish(EXIT_QUEUE, plates.iter().map(|plate| exit(&format!("x{plate}"), plate)));
    site.files().wait_for_summaries(30, TOLD);
    actors.terminate();
    web.terminate();
    let told: BTreeSet<String> =
        site.files().summaries().into_iter().map(|row| row.vehicle_plate).collect();
    assert_eq!(told, plates.into_iter().collect());
    assert_eq!((site.files().summary_count(), site.files().exception_count()), (30, 0));
}
