//! G11: whatever dies between the gate, the reads and the charge, each stay is charged once for the
//! revision that stands, and nothing is held for a stay that is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tests::http::Answer;
use tests::process::Running;
use tests::{feed, wait};

use super::{Garage, SOON, ago, asks, books, call, get, open_account, price_of};

/// Who publishes and asks at the gates.
const DRIVERS: usize = 4;
/// Cars of each; every third one comes twice.
const CARS: usize = 18;
const HOLDERS: usize = 5;
const MONEY: i64 = 100_000;
/// Most kills.
const KILLS: usize = 14;

/// A stay as it was in truth.
struct Stay {
    plate: String,
    entry: DateTime<Utc>,
    exit: DateTime<Utc>,
    /// None: nobody has let it in.
    holder: Option<usize>,
}

/// A driver's part of the day.
struct Driver<'g> {
    garage: &'g Garage,
    number: usize,
    dice: StdRng,
    stays: Vec<Stay>,
    /// Stays that were reported with a wrong end first.
    corrected: usize,
    asked: usize,
}

impl Driver<'_> {
    /// Asks at an office, at the other one if that does not answer, as a gate does.
    fn ask(&mut self, path: &str, body: &str) -> Answer {
        let urls = self.garage.urls(path);
        let mut which = self.dice.random_range(0..2);
        wait::until("a gate is answered", SOON * 2, || {
            which += 1;
            let answer =
                call("POST", &urls[which % 2], body).ok().filter(|answer| answer.status != 503)?;
            assert_eq!(answer.status, 200, "{path} {body}: {}", answer.body);
            Some(answer)
        })
    }

    /// Asks to be let in, once the stay before is known to be over.
    fn is_let_in(&mut self, plate: &str, at: DateTime<Utc>) {
        let inside = format!(
            "SELECT COUNT(*) FROM admissions WHERE plate = '{plate}' AND state IN ('expected', 'inside')"
        );
        wait::until("its stay before is over", SOON * 3, || {
            (self.garage.database.query(&inside).ok()? == "0").then_some(())
        });
        self.asked += 1;
        let id = format!("d{}-{}", self.number, self.asked);
        let answer = self.ask("/gates/east-in/check-in", &asks(&id, plate, at)).json();
        assert_eq!(answer["decision"], "admitted", "{answer}");
    }

    /// A car comes `began` ago and goes.
    fn parks(&mut self, plate: &str, holder: Option<usize>, visit: usize, began: DateTime<Utc>) {
        let after = |seconds: i64| began + TimeDelta::seconds(seconds);
        let (entry, exit) =
            (after(self.dice.random_range(1..20)), after(self.dice.random_range(60..240)));
        if holder.is_some() {
            self.is_let_in(plate, began);
        }
        self.garage.enters("east", &format!("e{visit}"), plate, entry);
        // Some are seen to leave twice, and the wrong one of the two is told first.
        let wrong = exit + TimeDelta::seconds(self.dice.random_range(30..180));
        let is_corrected = self.dice.random_range(0..4) == 0;
        if holder.is_some() && self.dice.random_range(0..3) == 0 {
            let path = "/gates/east-out/check-out";
            self.ask(path, &asks(&format!("o-{plate}-{visit}"), plate, exit));
        }
        if is_corrected {
            self.corrected += 1;
            self.garage.leaves("east", &format!("w{visit}"), plate, wrong);
        }
        self.garage.leaves("east", &format!("x{visit}"), plate, exit);
        self.stays.push(Stay { plate: plate.to_owned(), entry, exit, holder });
    }

    fn drives(mut self) -> Self {
        let cars: Vec<(String, Option<usize>)> = (0..CARS)
            .map(|n| (format!("D{}N{n}", self.number), (n % 4 != 3).then_some(n % HOLDERS)))
            .collect();
        for (plate, holder) in &cars {
            self.parks(plate, *holder, 1, ago(800));
        }
        for (plate, holder) in cars.iter().step_by(3) {
            self.parks(plate, *holder, 2, ago(300));
        }
        self
    }
}

fn plates_of(holder: usize) -> Vec<String> {
    let cars = (0..DRIVERS).flat_map(|driver| (0..CARS).map(move |n| (driver, n)));
    let cars = cars.filter(|(_, n)| n % 4 != 3 && n % HOLDERS == holder);
    cars.map(|(driver, n)| format!("D{driver}N{n}")).collect()
}

/// Kills offices between what they do, and the database once; answers how often.
fn kills(
    garage: &Garage,
    offices: &[Mutex<Option<Running>>; 2],
    mut dice: StdRng,
    is_over: impl Fn() -> bool,
) -> usize {
    // Let in, charged, taken back: not by the clock, so that somebody gets on in between on any machine.
    let done = "SELECT (SELECT COUNT(*) FROM admissions WHERE state <> 'refused') + \
                (SELECT COUNT(*) FROM bills) + (SELECT COUNT(*) FROM bills WHERE state = 'reversed')";
    let mut reached = 0;
    for kill in 0..KILLS {
        let goal = reached + dice.random_range(1..=12);
        let is_reached = wait::until("something is done", SOON * 2, || {
            reached = garage.database.query(done).ok()?.parse().unwrap();
            let nobody_is_in =
                "SELECT COUNT(*) FROM admissions WHERE state IN ('expected', 'inside')";
            let is_all_done =
                || is_over() && garage.database.query(nobody_is_in) == Ok("0".to_owned());
            (reached >= goal).then_some(true).or_else(|| is_all_done().then_some(false))
        });
        if !is_reached {
            return kill;
        }
        if kill == KILLS / 2 {
            garage.database.kill();
            garage.database.restart();
            continue;
        }
        let which = dice.random_range(0..2);
        let mut office = offices[which].lock().unwrap();
        office.take().unwrap().kill();
        // As if ten seconds had gone by: otherwise hardly anybody would read in all this time. The one
        // that lives may lose its turn by it, in the middle of a page: that has to be right as well.
        let _is_away = garage.database.query("UPDATE office SET reader_until = 0");
        *office = Some(garage.office(which));
    }
    KILLS
}

#[test]
fn whoever_is_killed_each_stay_is_charged_once_and_nothing_is_held_for_one_that_is_over() {
    let garage = Garage::new();
    let seed = Utc::now().timestamp_micros().unsigned_abs();
    eprintln!("dice {seed}");
    let (web, actors) = (garage.site.start_web(), garage.site.start_actors());
    let offices = [0, 1].map(|which| Mutex::new(Some(garage.office(which))));
    for office in &offices {
        office.lock().unwrap().as_mut().unwrap().wait_ready(SOON);
    }
    {
        let office = offices[0].lock().unwrap();
        garage.describe(office.as_ref().unwrap(), "east", 500);
        for holder in 0..HOLDERS {
            open_account(
                office.as_ref().unwrap(),
                &format!("h{holder}"),
                &plates_of(holder),
                MONEY,
            );
        }
        let [_, other] = garage.urls("/admin/places/east");
        wait::until("the other office knows the place", SOON, || {
            call("GET", &other, "").ok().filter(|answer| answer.status == 200)
        });
    }
    let drivers: Vec<Driver<'_>> = thread::scope(|scope| {
        let drivers: Vec<_> = (0..DRIVERS)
            .map(|number| {
                let dice = StdRng::seed_from_u64(seed ^ number as u64);
                let garage = &garage;
                let driver =
                    Driver { garage, number, dice, stays: Vec::new(), corrected: 0, asked: 0 };
                scope.spawn(move || driver.drives())
            })
            .collect();
        let is_over = || drivers.iter().all(thread::ScopedJoinHandle::is_finished);
        let kills = kills(&garage, &offices, StdRng::seed_from_u64(!seed), is_over);
        eprintln!("{kills} kills");
        drivers.into_iter().map(|driver| driver.join().unwrap()).collect()
    });
    let stays: Vec<&Stay> = drivers.iter().flat_map(|driver| &driver.stays).collect();
    let corrected: usize = drivers.iter().map(|driver| driver.corrected).sum();
    eprintln!("{} stays, {corrected} of them corrected", stays.len());
    for office in &offices {
        office.lock().unwrap().as_mut().unwrap().wait_ready(SOON);
    }
    // Every exit is judged, every stay charged, all of it told.
    wait::until_ok("every stay is charged, and all is told", SOON * 2, || {
        let query = "SELECT (SELECT COUNT(*) FROM bills), \
                     (SELECT COUNT(*) FROM bills WHERE state <> 'reversed'), \
                     (SELECT COUNT(*) FROM admissions WHERE state IN ('expected', 'inside')), \
                     (SELECT COUNT(*) FROM facts)";
        let now = garage.database.query(query)?;
        let wanted = format!("{}|{}|0|0", stays.len() + corrected, stays.len());
        (now == wanted).then_some(()).ok_or_else(|| format!("{now}, not {wanted}"))
    });
    books::are_right(&garage.database);
    assert_eq!(
        books::number(&garage.database, "SELECT COUNT(*) FROM holds WHERE ended IS NULL"),
        0
    );
    is_charged_as_it_was(&garage, &stays);
    for office in offices {
        let office = office.into_inner().unwrap().unwrap();
        for holder in 0..HOLDERS {
            let of_holder = stays.iter().filter(|stay| stay.holder == Some(holder));
            let spent: i64 = of_holder.map(|stay| price_of(stay.entry, stay.exit)).sum();
            let statement = get(&office, &format!("/admin/holders/h{holder}/statement?limit=1000"));
            assert_eq!(statement["account"]["balance"], MONEY - spent, "h{holder}");
            let lines = statement["lines"].as_array().unwrap().iter();
            let sum: i64 = lines.map(|line| line["amount"].as_i64().unwrap()).sum();
            assert_eq!(sum, MONEY - spent, "h{holder}: {statement}");
        }
        office.terminate();
    }
    let told = feed::read_all(&web);
    is_told_once(&told, stays.len() + corrected, corrected);
    let admitted = stays.iter().filter(|stay| stay.holder.is_some()).count();
    assert_eq!(told.iter().filter(|event| event["type"] == "check_in").count(), admitted);
    actors.terminate();
    web.terminate();
}

/// Of each stay one bill stands, with its times, by its holder, to the cent.
fn is_charged_as_it_was(garage: &Garage, stays: &[&Stay]) {
    let summaries = garage.site.files().standing_summaries();
    let mut sessions: BTreeMap<(String, String), String> = BTreeMap::new();
    for row in summaries {
        let twice = sessions.insert((row.vehicle_plate, row.entry_date_time), row.session_id);
        assert_eq!(twice, None);
    }
    let bills = "SELECT session || ' ' || state || ' ' || total || ' ' || taken || ' ' || owed || ' ' || \
                 COALESCE(holder, '-') FROM bills WHERE state <> 'reversed' ORDER BY 1";
    let bills = garage.database.query(bills).unwrap();
    let bills: BTreeSet<&str> = bills.lines().collect();
    let expected: BTreeSet<String> = stays
        .iter()
        .map(|stay| {
            let key = (stay.plate.clone(), domain::wire::format_time(stay.entry));
            let session = sessions.get(&key).unwrap_or_else(|| panic!("no summary of {key:?}"));
            let price = price_of(stay.entry, stay.exit);
            match stay.holder {
                Some(holder) => format!("{session} charged {price} {price} 0 h{holder}"),
                None => format!("{session} due {price} 0 {price} -"),
            }
        })
        .collect();
    assert_eq!(bills, expected.iter().map(String::as_str).collect());
}

/// Each bill is told once when it is charged, and once when it is taken back, in that order.
fn is_told_once(told: &[Value], charged: usize, reversed: usize) {
    let mut of: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let (mut stands, mut closed) = (BTreeSet::new(), BTreeSet::new());
    for event in told {
        let (kind, data) = (event["type"].as_str().unwrap(), &event["data"]);
        let session = data["session"].as_str().unwrap_or_default();
        match kind {
            "session.closed" => _ = closed.insert(data["session_id"].as_str().unwrap()),
            "charge.posted" => {
                assert!(closed.contains(session), "charged before it was over: {event}");
                stands.insert(session);
            }
            "charge.reversed" => assert!(stands.remove(session), "not charged: {event}"),
            "exit" | "check_in" => {}
            _ => continue,
        }
        let name = json!([data["session"], data["revision"], data["admission"]]).to_string();
        if kind != "session.closed" {
            *of.entry((kind, name)).or_default() += 1;
        }
    }
    let twice: Vec<_> = of.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "told twice: {twice:?}");
    let count = |wanted: &str| of.keys().filter(|(kind, _)| *kind == wanted).count();
    assert_eq!(
        (count("charge.posted"), count("exit"), count("charge.reversed")),
        (charged, charged, reversed)
    );
}
