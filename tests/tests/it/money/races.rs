//! G10: as many are let in as there are bays, and as many as the account bears, whoever asks where at the
//! same moment.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::process::{Carpark, Running, START};
use tests::servers::Postgres;
use tests::{ports, site, wait};

use super::{HOLD, SOON, ago, asks, books, call, open_account, post};

/// Cars of a round.
const CARS: usize = 64;
/// Rounds that there are places for.
const ROUNDS_MAX: usize = 100;
/// For the rounds of one kind, at least three of which are run.
const FOR: Duration = Duration::from_secs(6);

/// Two offices on one database, and nothing else.
struct Offices {
    database: Postgres,
    offices: [Running; 2],
}

impl Offices {
    fn new() -> Self {
        let (directory, database) = (site::directory(), Postgres::start());
        let nobody = format!("http://127.0.0.1:{}/feed", ports::free());
        let office = || {
            Carpark::new(&directory, "office")
                .env("CARPARK_OFFICE_URL", &database.url())
                .env("CARPARK_OFFICE_HOLD", "5.00")
                .env("CARPARK_FEED_URL", &nobody)
                .start()
        };
        let offices = [office(), office()];
        for office in &offices {
            office.wait_live(START);
        }
        // A place of ten bays for each round, and one that is large enough for all holders.
        let mut places: Vec<Value> = (0..ROUNDS_MAX)
            .map(|n| {
                json!({ "id": format!("p{n}"), "bays": { "standard": { "spaces": 10 } },
                "lanes": { format!("p{n}-in"): { "gate": "everybody" } } })
            })
            .collect();
        places.push(json!({ "id": "wide", "bays": { "standard": { "spaces": 100_000 } },
            "lanes": { "wide-in": { "gate": "holders" } } }));
        let report = wait::until("the places are described", SOON, || {
            let url = offices[0].url("/admin/places/import");
            call("POST", &url, &json!(places).to_string())
                .ok()
                .filter(|answer| answer.status == 200)
        });
        assert_eq!(report.json()["added"], places.len(), "{}", report.body);
        wait::until("the other office knows them", SOON, || {
            let known = call("GET", &offices[1].url("/admin/places/wide"), "").ok()?;
            (known.status == 200).then_some(())
        });
        Self { database, offices }
    }

    /// All cars of a round at the same moment, at both offices in turn: how many are let in, and why the
    /// others are not.
    fn race(&self, lane: &str, round: &str) -> (usize, BTreeMap<String, usize>) {
        let (path, at) = (format!("/gates/{lane}/check-in"), ago(0));
        let question = |n: usize| {
            let name = format!("{round}N{n}");
            (name.clone(), asks(&name, &name, at))
        };
        let together = Barrier::new(CARS);
        let answers: Vec<String> = thread::scope(|scope| {
            let (together, path) = (&together, &path);
            let asked: Vec<_> = (0..CARS)
                .map(|n| {
                    scope.spawn(move || {
                        let ((id, body), office) = (question(n), &self.offices[n % 2]);
                        together.wait();
                        let answer = call("POST", &office.url(path), &body).unwrap();
                        assert_eq!(answer.status, 200, "{id}: {}", answer.body);
                        answer.body
                    })
                })
                .collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).collect()
        });
        // Some ask again, at the other office: the same id is answered the same.
        for n in [0, 1, 31, 62, 63] {
            let url = self.offices[(n + 1) % 2].url(&path);
            assert_eq!(call("POST", &url, &question(n).1).unwrap().body, answers[n]);
        }
        let (mut admitted, mut refused) = (0, BTreeMap::new());
        for answer in &answers {
            let answer: Value = serde_json::from_str(answer).unwrap();
            match answer["reason"].as_str() {
                None => admitted += 1,
                Some(reason) => *refused.entry(reason.to_owned()).or_default() += 1,
            }
        }
        (admitted, refused)
    }
}

/// Runs rounds for a while; answers how many there were.
fn rounds(mut one: impl FnMut(usize)) -> usize {
    let began = Instant::now();
    let goes_on = |round: &usize| *round < 3 || began.elapsed() < FOR;
    let rounds = (0..ROUNDS_MAX).take_while(goes_on);
    rounds.inspect(|round| one(*round)).count()
}

#[test]
fn of_sixty_four_at_once_at_two_offices_ten_get_the_ten_bays_and_ten_the_money_for_ten() {
    let two = Offices::new();
    let refused_for = |reason: &str| BTreeMap::from([(reason.to_owned(), CARS - 10)]);
    let of_bays = rounds(|round| {
        let raced = two.race(&format!("p{round}-in"), &format!("B{round}"));
        assert_eq!(raced, (10, refused_for("full")), "round {round}");
        let admitted = format!("SELECT admitted FROM bays WHERE place = 'p{round}'");
        assert_eq!(books::number(&two.database, &admitted), 10);
    });
    let of_money = rounds(|round| {
        let (holder, round) = (format!("h{round}"), format!("M{round}"));
        let plates: Vec<String> = (0..CARS).map(|n| format!("{round}N{n}")).collect();
        // One cent less than eleven holds.
        open_account(&two.offices[0], &holder, &plates, 11 * HOLD - 1);
        let raced = two.race("wide-in", &round);
        assert_eq!(raced, (10, refused_for("balance_below_minimum")), "{holder}");
        let held = format!("SELECT held FROM accounts WHERE holder = '{holder}'");
        assert_eq!(books::number(&two.database, &held), 10 * HOLD);
    });
    eprintln!("{of_bays} rounds for ten bays, {of_money} for ten holds");
    // What is set aside is not given back at the desk.
    let refund = json!({ "key": "refund", "amount": -HOLD, "method": "cash", "by": "Ada" });
    let answer = post(&two.offices[1], "/admin/holders/h0/payments", &refund);
    assert_eq!(answer.status, 422, "{}", answer.body);
    books::are_right(&two.database);
    for office in two.offices {
        office.terminate();
    }
}
