//! What really happened in a car park, made up from a seed; what its cameras say of it; and what
//! the files must say in the end. Built from stories of single cars, not by the rules of the
//! program, so that it can contradict them.

mod audit;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use domain::{ObservationId, Plate, session_id};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::broker_client::BrokerClient;
use audit::{OwedException, OwedSession};

/// How many cars do what.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// Everything random follows from it.
    pub seed: u64,
    /// Entries with their exits.
    pub stays: usize,
    /// Exits whose entry no camera saw.
    pub lone_exits: usize,
    /// Entries whose exit no camera saw, of cars that came again.
    pub missed_exits: usize,
    /// Entries of cars that are still inside.
    pub still_inside: usize,
    /// So many of a hundred messages are sent once more, later.
    pub duplicates_percent: u32,
}

impl Workload {
    /// `stays` cars that come and go, and nothing odd.
    pub fn of_stays(seed: u64, stays: usize) -> Self {
        let (lone_exits, missed_exits, still_inside) = (0, 0, 0);
        Self { seed, stays, lone_exits, missed_exits, still_inside, duplicates_percent: 0 }
    }

    /// `entries` entries and as many exits: 3 % of either without the other, 5 % sent twice. No
    /// missed exits: while an entry is not read yet, the one before it is paired with its exit,
    /// which is put right afterwards. Without them the rows do not depend on any timing.
    pub fn realistic(seed: u64, entries: usize) -> Self {
        let alone = entries * 3 / 100;
        Self {
            seed,
            stays: entries - alone,
            lone_exits: alone,
            missed_exits: 0,
            still_inside: alone,
            duplicates_percent: 5,
        }
    }

    /// As [`Workload::realistic`], with missed exits: rows may have to be taken back in between.
    pub fn untidy(seed: u64, entries: usize) -> Self {
        let realistic = Self::realistic(seed, entries);
        let missed_exits = realistic.still_inside / 2;
        let still_inside = realistic.still_inside - missed_exits;
        Self { missed_exits, still_inside, ..realistic }
    }
}

/// The order in which the messages are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// All entries as they happened, then all exits as they happened.
    EntriesFirst,
    /// The other way round.
    ExitsFirst,
    /// Everything as it happened.
    AsItHappened,
    /// In any order.
    Shuffled,
}

/// What one camera read, as a message.
#[derive(Debug, Clone)]
pub struct Message {
    /// The queue it goes to.
    pub queue: &'static str,
    /// The message, as JSON.
    pub body: String,
    at: DateTime<Utc>,
}

/// What happened, and what is owed for it.
#[derive(Debug, Clone)]
pub struct Truth {
    workload: Workload,
    messages: Vec<Message>,
    sessions: BTreeSet<OwedSession>,
    exceptions: BTreeSet<OwedException>,
    inside: BTreeSet<String>,
}

/// One car on its way through the day.
struct Car<'t> {
    plate: Plate,
    place: &'static str,
    now: DateTime<Utc>,
    dice: &'t mut StdRng,
    truth: &'t mut Truth,
}

/// A camera read and what its message said.
struct Read {
    id: ObservationId,
    at: DateTime<Utc>,
}

impl Car<'_> {
    /// Between half a minute and an hour goes by: more than a re-read takes.
    fn time_goes_by(&mut self) {
        self.now +=
            TimeDelta::nanoseconds(self.dice.random_range(30_000_000_000..3_600_000_000_000));
    }

    fn passes(&mut self, queue: &'static str) -> Read {
        self.time_goes_by();
        let field = if queue == ENTRY_QUEUE { "entry_date_time" } else { "exit_date_time" };
        let number = self.truth.messages.len();
        let id = format!("{field:.2}-{:x}-{number}", self.truth.workload.seed);
        // The wire keeps microseconds and more; the files cut to milliseconds.
        let digits = if self.dice.random_bool(0.5) { 1_000_000 } else { 1 };
        let nanos = self.now.timestamp_subsec_nanos() / digits * digits;
        let at = DateTime::from_timestamp(self.now.timestamp(), nanos).unwrap();
        let mut body = json!({
            "id": id, "vehicle_plate": spelled(&self.plate, self.dice),
            field: written(at, self.dice), "camera": "c1", "not_in_the_contract": [1, 2],
        });
        if self.place != "main" {
            body["place"] = json!(self.place);
        }
        self.truth.messages.push(Message { queue, body: body.to_string(), at });
        Read { id: ObservationId::parse(&id).unwrap(), at }
    }

    fn stays(&mut self) {
        let entry = self.passes(ENTRY_QUEUE);
        let exit = self.passes(EXIT_QUEUE);
        let millis = exit.at.timestamp_millis() - entry.at.timestamp_millis();
        self.truth.sessions.insert(OwedSession {
            plate: self.plate.to_string(),
            entry: format_time(entry.at),
            exit: format_time(exit.at),
            duration: format!("{}.{:03}", millis / 1000, millis % 1000),
            place: self.place.to_owned(),
            session_id: session_id(&self.plate, &entry.id, &exit.id, 0).to_string(),
        });
    }

    fn leaves_unseen_before(&mut self) {
        let entry = self.passes(ENTRY_QUEUE);
        self.owes("missed_exit", format_time(entry.at), String::new(), &entry.id);
    }

    fn leaves_having_come_unseen(&mut self) {
        let exit = self.passes(EXIT_QUEUE);
        self.owes("unmatched_exit", String::new(), format_time(exit.at), &exit.id);
    }

    fn owes(&mut self, kind: &str, entry: String, exit: String, id: &ObservationId) {
        self.truth.exceptions.insert(OwedException {
            kind: kind.to_owned(),
            plate: self.plate.to_string(),
            entry,
            exit,
            observation_id: id.to_string(),
            place: self.place.to_owned(),
        });
    }
}

/// What a car does between two silences.
#[derive(Debug, Clone, Copy)]
enum Episode {
    Stay,
    MissedExitThenStay,
    LoneExit,
}

impl Truth {
    /// Makes a day up. It ended a moment ago: nothing of it lies in the future.
    pub fn of(workload: Workload) -> Self {
        let mut dice = StdRng::seed_from_u64(workload.seed);
        let mut truth = Self {
            workload,
            messages: Vec::new(),
            sessions: BTreeSet::new(),
            exceptions: BTreeSet::new(),
            inside: BTreeSet::new(),
        };
        assert!(workload.missed_exits <= workload.stays, "who was missed came again");
        let mut episodes = vec![Episode::Stay; workload.stays];
        episodes[..workload.missed_exits].fill(Episode::MissedExitThenStay);
        episodes.extend(vec![Episode::LoneExit; workload.lone_exits]);
        episodes.shuffle(&mut dice);

        // A car does at most three things, of at most three reads at most an hour apart, and may
        // come once more: 22 h suffice.
        let begin = Utc::now() - TimeDelta::hours(22);
        let mut number = 0;
        let mut still_inside = workload.still_inside;
        while !episodes.is_empty() || still_inside > 0 {
            let count = dice.random_range(1..=3).min(episodes.len());
            let mut car = Car {
                plate: plate(workload.seed, number),
                place: if number % 5 == 0 { "north" } else { "main" },
                now: begin + TimeDelta::seconds(dice.random_range(0..10 * 3600)),
                dice: &mut dice,
                truth: &mut truth,
            };
            for episode in episodes.drain(episodes.len() - count..) {
                match episode {
                    Episode::Stay => car.stays(),
                    Episode::MissedExitThenStay => {
                        car.leaves_unseen_before();
                        car.stays();
                    }
                    Episode::LoneExit => car.leaves_having_come_unseen(),
                }
            }
            if still_inside > 0 && (episodes.is_empty() || car.dice.random_bool(0.1)) {
                still_inside -= 1;
                car.passes(ENTRY_QUEUE);
                let plate = car.plate.to_string();
                truth.inside.insert(plate);
            }
            number += 1;
        }
        truth.messages.sort_by_key(|message| message.at);
        truth
    }

    /// The messages in an order of publication, duplicates among them.
    pub fn messages(&self, order: Order) -> Vec<Message> {
        let mut dice = StdRng::seed_from_u64(self.workload.seed ^ 0x5eed);
        let mut messages = self.messages.clone();
        match order {
            Order::EntriesFirst => messages.sort_by_key(|m| m.queue != ENTRY_QUEUE),
            Order::ExitsFirst => messages.sort_by_key(|m| m.queue != EXIT_QUEUE),
            Order::AsItHappened => {}
            Order::Shuffled => messages.shuffle(&mut dice),
        }
        let chance = f64::from(self.workload.duplicates_percent) / 100.0;
        // Each with the position after which it is sent; a copy somewhat or much later.
        let mut sent: Vec<(usize, Message)> = Vec::new();
        for (position, message) in messages.iter().enumerate() {
            sent.push((position, message.clone()));
            if dice.random_bool(chance) {
                let last = messages.iter().rposition(|m| m.queue == message.queue).unwrap();
                sent.push((dice.random_range(position..=last), message.clone()));
            }
        }
        sent.sort_by_key(|(position, _)| *position);
        sent.into_iter().map(|(_, message)| message).collect()
    }

    /// Publishes all of it and returns when the broker has confirmed it.
    #[track_caller]
    pub fn publish(&self, order: Order, client: &BrokerClient) {
        self.try_publish(order, client).unwrap_or_else(|e| panic!("publishing: {e}"));
    }

    /// The same; an error leaves open which of the messages are there.
    pub fn try_publish(&self, order: Order, client: &BrokerClient) -> Result<(), String> {
        let messages = self.messages(order);
        client.try_publish_all(messages.iter().map(|message| (message.queue, &message.body)))
    }

    /// What `carpark verify` takes: every message as a line.
    pub fn write_ledger(&self, path: &Path) {
        let lines: Vec<&str> = self.messages.iter().map(|message| &*message.body).collect();
        fs::write(path, lines.join("\n") + "\n").unwrap();
    }

    /// How many rows `summaries.csv` must have.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// How many rows `exceptions.csv` must have.
    pub fn exception_count(&self) -> usize {
        self.exceptions.len()
    }

    /// The plates inside in the end.
    pub fn inside(&self) -> &BTreeSet<String> {
        &self.inside
    }

    /// When the last car was read.
    pub fn end(&self) -> DateTime<Utc> {
        self.messages.last().expect("a workload has messages").at
    }

    /// All plates, normalised.
    pub fn plates(&self) -> BTreeSet<&str> {
        let sessions = self.sessions.iter().map(|owed| owed.plate.as_str());
        let exceptions = self.exceptions.iter().map(|owed| owed.plate.as_str());
        sessions.chain(exceptions).chain(self.inside.iter().map(String::as_str)).collect()
    }
}

/// The plate of a car: no two cars of a seed share one.
fn plate(seed: u64, number: usize) -> Plate {
    let letter = |n: u64| char::from(b'A' + u8::try_from(n % 26).unwrap());
    Plate::parse(&format!("{}{}{number:05}", letter(seed), letter(seed / 26))).unwrap()
}

/// A plate as this or that camera spells it.
fn spelled(plate: &Plate, dice: &mut StdRng) -> String {
    let (head, tail) = plate.as_str().split_at(2);
    match dice.random_range(0..5) {
        0 => format!("{head}-{tail}"),
        1 => format!(" {} {tail}", head.to_lowercase()),
        2 => format!("{head}·{tail}."),
        _ => plate.to_string(),
    }
}

/// An instant as this or that camera writes it.
fn written(at: DateTime<Utc>, dice: &mut StdRng) -> String {
    match dice.random_range(0..4) {
        0 => at.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
        1 => {
            let offset = FixedOffset::east_opt(2 * 3600 + 1800).unwrap();
            at.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::AutoSi, false)
        }
        _ => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    }
}
