//! `/admin/dead-letters` at any number of letters: what is answered is what the broker holds.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use domain::wire::ping::PING_QUEUE;
use domain::wire::{DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE, format_time};
use serde_json::Value;
use tests::broker_client::BrokerClient;
use tests::process::{Carpark, Running};
use tests::{Site, http, site, wait};

const SOON: Duration = Duration::from_mins(1);
/// Most time that an answer may take on a machine that is busy with other tests; it takes a tenth.
const ANSWERED: Duration = Duration::from_secs(9);

fn read(kind: &str, number: usize, hours_ago: i64) -> String {
    let at = format_time(Utc::now() - TimeDelta::hours(hours_ago));
    format!(
        r#"{{"id":"{kind}-{number}","vehicle_plate":"DL{number:05}","{kind}_date_time":"{at}"}}"#
    )
}

/// No observation, and never will be.
fn unmendable(number: usize) -> String {
    format!(r#"{{"id":"bad-{number}"}}"#)
}

/// A handling of all, or of one: its answer, and how long that took.
fn handle(actors: &Running, method: &str, path: &str) -> Value {
    let begun = Instant::now();
    let url = actors.url(&format!("/admin/dead-letters{path}"));
    let answer = http::request(method, &url, &[], b"").unwrap().ok().json();
    eprintln!("{method} {path}: {answer} within {:?}", begun.elapsed());
    assert!(begun.elapsed() < ANSWERED, "{:?}", begun.elapsed());
    answer
}

fn list(actors: &Running, query: &str) -> Value {
    http::get(&actors.url(&format!("/admin/dead-letters{query}"))).ok().json()
}

fn dead(client: &BrokerClient) -> usize {
    usize::try_from(client.depth(DEAD_LETTER_QUEUE)).unwrap()
}

/// The messages that are dead letters, and how often each.
fn messages(actors: &Running) -> BTreeMap<String, usize> {
    let listed = list(actors, "?limit=10000");
    let mut messages = BTreeMap::new();
    for letter in listed["dead_letters"].as_array().unwrap() {
        *messages.entry(letter["message"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(messages.values().sum::<usize>(), listed["total"], "{}", listed["total"]);
    messages
}

#[test]
fn of_any_number_that_is_discarded_nothing_is_left() {
    let site = Site::new();
    site.configure();
    let actors = site.start_actors_unready();
    let client = site.client();
    for count in [1, 40, 300, 5_000] {
        client.put_dead_letters(ENTRY_QUEUE, (0..count).map(unmendable));
        wait::until("they lie there", SOON, || (dead(&client) == count).then_some(()));
        let answer = handle(&actors, "DELETE", "");
        assert_eq!((&answer["discarded"], &answer["left"]), (&count.into(), &0.into()));
        assert_eq!(dead(&client), 0, "of {count}");
        assert_eq!(list(&actors, "")["total"], 0, "of {count}");
    }
    actors.terminate();
    // Nothing came back from anybody who held it.
    assert_eq!(dead(&client), 0);
}

#[test]
fn any_number_that_is_replayed_is_delivered_once_and_no_dead_letter_any_more() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "2s");
    site.configure();
    let (web, actors) = (site.start_web(), site.start_actors());
    let client = site.client();
    let mut reads = 0;
    for count in [1, 40, 300, 5_000] {
        let numbers = reads..reads + count;
        client.put_dead_letters(ENTRY_QUEUE, numbers.clone().map(|n| read("entry", n, 2)));
        wait::until("they lie there", SOON, || (dead(&client) == count).then_some(()));
        let answer = handle(&actors, "POST", "/replay");
        assert_eq!((&answer["replayed"], &answer["left"]), (&count.into(), &0.into()));
        assert_eq!(list(&actors, "")["total"], 0, "of {count}");
        client.publish(EXIT_QUEUE, numbers.map(|n| read("exit", n, 1)));
        reads += count;
        site.files().wait_for_summaries(reads, SOON);
    }
    let delivered = |kind: &str| {
        let text = http::get(&actors.url("/metrics")).ok().body;
        let name = format!("backend_observations_total{{kind=\"{kind}\"");
        let counts = text.lines().filter(|line| line.starts_with(&name));
        counts.map(|line| line.rsplit_once(' ').unwrap().1.parse::<usize>().unwrap()).sum::<usize>()
    };
    assert_eq!(delivered("entry"), reads, "each of them once");
    actors.terminate();
    web.terminate();
    assert_eq!((site.files().summary_count(), site.files().exception_count()), (reads, 0));
    assert_eq!(dead(&client), 0);
}

#[test]
fn what_is_replayed_unmended_comes_back_once_each_and_what_has_no_queue_stays() {
    let site = Site::new();
    site.configure();
    let actors = site.start_actors_unready();
    let client = site.client();
    let mut expected = BTreeMap::new();
    for n in 0..1_200 {
        match n % 3 {
            0 => client.put_dead_letters(ENTRY_QUEUE, [unmendable(n)]),
            1 => client.put_dead_letters("", [unmendable(n)]),
            _ => {
                client.put_dead_letters(EXIT_QUEUE, [read("exit", n, 1)]);
                continue;
            }
        }
        expected.insert(unmendable(n), 1);
    }
    for _ in 0..2 {
        let letters = dead(&client);
        let answer = handle(&actors, "POST", "/replay");
        assert_eq!(answer["homeless"], 400, "{answer}");
        assert_eq!(answer["replayed"], letters - 400, "{answer}");
        wait::until_ok("the others are refused again", SOON, || match dead(&client) {
            800 => Ok(()),
            letters => Err(format!("{letters} are there")),
        });
        assert_eq!(messages(&actors), expected);
    }
    assert_eq!(handle(&actors, "DELETE", "")["discarded"], 800);
    assert_eq!(dead(&client), 0);
    actors.terminate();
}

#[test]
fn one_and_those_of_a_plate_are_taken_out_of_thousands() {
    let site = Site::new();
    site.configure();
    let (web, actors) = (site.start_web(), site.start_actors());
    let client = site.client();
    // Every tenth is of the plate; twins among the others say the same.
    let of_plate = |n: usize| format!(r#"{{"id":"{n}","vehicle_plate":"ER-450"}}"#);
    let letter = |n: usize| if n.is_multiple_of(10) { of_plate(n) } else { unmendable(n % 100) };
    client.put_dead_letters(ENTRY_QUEUE, (0..3_000).map(letter));
    wait::until("they lie there", SOON, || (dead(&client) == 3_000).then_some(()));

    let mut seen = BTreeSet::new();
    let mut after = String::new();
    loop {
        let page = list(&actors, &format!("?limit=700{after}"));
        assert_eq!(page["total"], 3_000);
        for letter in page["dead_letters"].as_array().unwrap() {
            assert!(seen.insert(letter["id"].as_str().unwrap().to_owned()), "twice: {letter}");
        }
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen.len(), 3_000);

    let last = format!("/{}", seen.last().unwrap());
    assert_eq!(handle(&actors, "DELETE", &last)["discarded"], 1);
    let erased = http::request("DELETE", &actors.url("/admin/plates/er450"), &[], b"").unwrap();
    let gone = erased.ok().json()["dead_letters"].as_u64().unwrap();
    assert!((299..=300).contains(&gone), "{gone}");
    let left = 3_000 - 1 - usize::try_from(gone).unwrap();
    assert_eq!(dead(&client), left);
    assert!(messages(&actors).keys().all(|message| !message.contains("ER-450")));
    actors.terminate();
    web.terminate();
}

#[test]
fn who_looks_while_others_do_sees_the_same_as_they_in_one_process_and_in_two() {
    let site = Site::new();
    site.configure();
    let (one, other) = (site.start_actors_unready(), site.start_actors_unready());
    let client = site.client();
    client.put_dead_letters(ENTRY_QUEUE, (0..500).map(unmendable));
    wait::until("they lie there", SOON, || (dead(&client) == 500).then_some(()));
    let whole = messages(&one);
    assert_eq!(whole.len(), 500);
    for round in 0..4 {
        let urls = [&one, &one, &other, &other].map(|a| a.url("/admin/dead-letters?limit=10000"));
        let people = urls.map(|url| thread::spawn(move || http::get(&url)));
        let mut seen = 0;
        for person in people {
            let answer = person.join().unwrap();
            // It may take too long until the other process is done; then that is what is answered.
            if answer.status == 503 {
                assert!(answer.body.contains("another process looks at"), "{}", answer.body);
                continue;
            }
            let listed = answer.ok().json();
            let ids = |listed: &Value| {
                let letters = listed["dead_letters"].as_array().unwrap().iter();
                letters.map(|letter| letter["message"].to_string()).collect::<BTreeSet<_>>()
            };
            assert_eq!((&listed["total"], ids(&listed).len()), (&500.into(), 500), "{round}");
            seen += 1;
        }
        assert!(seen >= 2, "nobody is kept waiting for ever: {seen} of four");
    }
    one.terminate();
    other.terminate();
    assert_eq!(dead(&client), 500);
}

#[test]
fn while_another_process_has_the_letters_in_hand_that_is_answered_and_nothing_is_done() {
    let site = Site::new();
    site.configure();
    let actors = site.start_actors_unready();
    let client = site.client();
    client.put_dead_letters(ENTRY_QUEUE, (0..3).map(unmendable));
    wait::until("they lie there", SOON, || (dead(&client) == 3).then_some(()));
    let another = site.client();
    another.declare_exclusive("vehicle_dead_letter.looked_at");
    for (method, path) in [("GET", ""), ("POST", "/replay"), ("DELETE", "")] {
        let url = actors.url(&format!("/admin/dead-letters{path}"));
        let answer = http::request(method, &url, &[], b"").unwrap();
        assert_eq!(answer.status, 503, "{method} {path}: {}", answer.body);
        assert!(answer.body.contains("another process looks at"), "{}", answer.body);
    }
    assert_eq!(dead(&client), 3);
    drop(another);
    wait::until_ok("it can be looked at again", SOON, || {
        let answer = http::get(&actors.url("/admin/dead-letters"));
        (answer.status == 200).then_some(answer.body.clone()).ok_or(answer.body)
    });
    assert_eq!(handle(&actors, "DELETE", "")["discarded"], 3);
    actors.terminate();
}

#[test]
fn a_replay_that_the_broker_stops_says_how_far_it_came_and_loses_nothing() {
    let site = Site::new();
    site.configure();
    let actors = site.start_actors_unready();
    let client = site.client();
    // Nobody consumes the pings, and their queue has more than it takes.
    client.publish(PING_QUEUE, (0..20).map(unmendable));
    site.broker.limit_queue(PING_QUEUE, 10);
    // Of each two one is taken, and the other refused.
    for n in 0..150 {
        client.put_dead_letters(EXIT_QUEUE, [read("exit", n, 1)]);
        client.put_dead_letters(PING_QUEUE, [unmendable(n)]);
    }
    wait::until("they lie there", SOON, || (dead(&client) == 300).then_some(()));
    let url = actors.url("/admin/dead-letters/replay");
    let refused = http::request("POST", &url, &[], b"").unwrap();
    assert_eq!(refused.status, 503, "{}", refused.body);
    let said = refused.json()["detail"].as_str().unwrap().to_owned();
    let left = dead(&client);
    assert!((150..300).contains(&left), "{left}");
    let back = 300 - left;
    assert!(said.contains(&format!("after {back} were replayed, {left} are left")), "{said}");
    assert_eq!(client.depth(PING_QUEUE), 20, "none of those that were refused");
    wait::until("what was replayed is delivered", SOON, || {
        let exits = actors.metric_sum("backend_observations_total");
        ((exits - f64::from(u32::try_from(back).unwrap())).abs() < 0.5).then_some(())
    });

    site.broker.limit_queue(PING_QUEUE, 1_000);
    wait::until_ok("there is room again", SOON, || {
        let answer = http::request("POST", &url, &[], b"").unwrap();
        (answer.status == 200).then_some(()).ok_or(answer.body)
    });
    assert_eq!((client.depth(PING_QUEUE), dead(&client)), (170, 0));
    actors.terminate();
}

#[test]
fn large_letters_are_handled_in_pages_that_fit_into_little_memory() {
    let site = Site::new();
    site.configure();
    let actors = site.start_actors_unready();
    let client = site.client();
    list(&actors, "");
    let before = actors.memory_bytes();
    let large = "x".repeat(60_000);
    for _ in 0..20 {
        client.put_dead_letters("", (0..75).map(|_| &large));
    }
    wait::until("they lie there", SOON, || (dead(&client) == 1_500).then_some(()));
    let page = list(&actors, "?limit=10");
    assert_eq!(
        (&page["total"], page["dead_letters"].as_array().unwrap().len()),
        (&1500.into(), 10)
    );
    assert_eq!(handle(&actors, "POST", "/replay")["homeless"], 1_500);
    assert_eq!(handle(&actors, "DELETE", "")["discarded"], 1_500);
    let more = actors.memory_bytes_peak().saturating_sub(before) >> 20;
    // 90 MB of letters, 4 MB of them at a time, in some copies.
    assert!(more < 45, "{more} MB");
    actors.terminate();
}

#[test]
fn the_embedded_broker_handles_thousands_as_well() {
    let directory = site::directory();
    let lines: Vec<String> = (0..5_000).map(unmendable).collect();
    std::fs::write(directory.join("day.jsonl"), lines.join("\n")).unwrap();
    let carpark = Carpark::new(&directory, "serve").args(&["--reads", "day.jsonl"]).start_ready();
    let total = |count: usize| {
        wait::until_ok("so many lie there", SOON, || {
            let total = list(&carpark, "?limit=1")["total"].clone();
            (total == count).then_some(()).ok_or_else(|| total.to_string())
        });
    };
    total(5_000);
    let expected: BTreeMap<String, usize> = lines.into_iter().map(|line| (line, 1)).collect();
    let answer = handle(&carpark, "POST", "/replay");
    assert_eq!(answer["replayed"], 5_000);
    total(5_000);
    assert_eq!(messages(&carpark), expected, "each came back once");
    let id = list(&carpark, "?limit=1")["dead_letters"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(handle(&carpark, "DELETE", &format!("/{id}"))["left"], 4_999);
    let answer = handle(&carpark, "DELETE", "");
    assert_eq!((&answer["discarded"], &answer["left"]), (&4_999.into(), &0.into()));
    assert_eq!(list(&carpark, "")["total"], 0);
    carpark.terminate();
}
