//! Nobody waits for another's past. A few car parks with lone reads, of which one uploads yesterday's
//! and one of the processors falls silent; nothing else goes wrong, so that time can be told exactly.
//!
//! The bound, for a lone read of a place that uploads nothing: its verdict is given within twice the
//! lateness of when it was stored (or happened, where that is later), and three periods of the settler:
//! one until it asks how far the queue is, one until it looks at the answer, one until the processor
//! that the plate is shared out to looks at what all agree on. A moment more is what the messages that
//! are under way take. An upload elsewhere adds nothing to it, a silent processor one lateness.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::store::ProcessorId;
use actors::testing::{Link, MemoryBroker, MemoryServer, MemorySink, MemoryStore};
use actors::testing::{Moment, SharedFate, Turn};
use actors::{Actors, Metrics, Options, Parts};
use chrono::TimeDelta;
use domain::reference::Net;
use domain::{
    Direction, Effect, ExceptionKind, Instant, Observation, PlaceName, Plate, Policy, Watermarks,
};
use platform::runtime::Vitals;
use prometheus::Registry;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::task::LocalSet;
use tokio::time::{sleep, sleep_until};

use crate::reach::Reach;
use crate::run::clock;
use crate::traffic::{self, Message, epoch};

/// How many seeds are played where nobody says otherwise.
pub const SEEDS: u64 = 3_000;
/// Virtual time in which live reads are made.
const LIVE: u64 = 120;
/// Virtual time of a run.
const END: Duration = Duration::from_mins(3);
/// Longest period of a settler.
const PERIOD: u64 = 1_000;
/// What messages under way and a queue that is not empty take.
const MOMENT: TimeDelta = TimeDelta::milliseconds(1_000);

/// What a delivery takes where an upload is more than is read meanwhile: 24 of each queue in a second.
const DELIVERY: Duration = Duration::from_millis(40);
/// Stays of such an upload, in [`BUSY`] seconds: 28 reads of each queue in a second.
const BUSY_STAYS: u32 = 1_250;
/// How long such an upload goes on.
const BUSY: f64 = 40.0;
/// The longest that a message then waits in its queue, and as long again for what was asked of the queue
/// to have come: 1,125 and a few live ones are published of which 960 are delivered meanwhile.
const QUEUED: TimeDelta = TimeDelta::seconds(15);

/// How a processor falls silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    Killed,
    Paused,
    CutOff,
    Frozen,
    Stuck,
}

const SILENCES: [Silence; 5] =
    [Silence::Killed, Silence::Paused, Silence::CutOff, Silence::Frozen, Silence::Stuck];

/// All that must be reached.
pub const WANTED: [&str; 9] = [
    "an upload that fills the queues",
    "an upload elsewhere",
    "no upload",
    "nobody silent",
    "silent: Killed",
    "silent: Paused",
    "silent: CutOff",
    "silent: Frozen",
    "silent: Stuck",
];

/// A lone read, or the second of two entries: which version of its record has it, and its verdict.
struct Lone {
    plate: Plate,
    at: Instant,
    version: u64,
    kind: ExceptionKind,
}

/// What happens in a seed.
struct Day {
    observations: Vec<Observation>,
    messages: Vec<Message>,
    lone: Vec<Lone>,
    /// Entries and exits of the upload are one vehicle's each.
    uploads: bool,
    /// The upload brings more than is read meanwhile.
    is_busy: bool,
}

fn place(name: &str) -> PlaceName {
    PlaceName::parse(name).expect("a valid name")
}

fn second(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

impl Day {
    fn new(random: &mut StdRng) -> Self {
        let (uploads, is_busy) = (random.random_bool(0.8), random.random_bool(0.05));
        let (observations, messages, lone) = (Vec::new(), Vec::new(), Vec::new());
        let mut day = Self { observations, messages, lone, uploads, is_busy };
        let count = random.random_range(3..12);
        for n in 0..count {
            day.live(random, n);
        }
        if random.random_bool(0.5) {
            day.late(random);
        }
        if uploads {
            day.upload(random);
        }
        day.messages.shuffle(random);
        day.messages.sort_by_key(|message| message.after);
        day
    }

    fn publish(
        &mut self,
        random: &mut StdRng,
        plate: &Plate,
        (direction, at, at_place): (Direction, Instant, &str),
        after: Duration,
    ) {
        let observation = traffic::observation(random, plate, direction, at);
        let observation = Observation { place: place(at_place), ..observation };
        let body = domain::wire::observation_to_json(&observation);
        self.messages.push(Message { after, direction, body });
        self.observations.push(observation);
    }

    /// A lone exit, two entries, or a car that leaves where it did not come in.
    fn live(&mut self, random: &mut StdRng, n: usize) {
        let plate = Plate::parse(&format!("LIVE{n}")).expect("a valid plate");
        let places = ["south", "east"];
        let (one, other) = (places[n % 2], places[random.random_range(0..2)]);
        let from = random.random_range(0.0..LIVE as f64 - 30.0);
        let to = from + random.random_range(21.0..29.0);
        let first = if random.random_bool(0.5) { Direction::Exit } else { Direction::Entry };
        let second_is = [Direction::Entry, Direction::Exit][random.random_range(0..2)];
        let instant =
            |seconds: f64| epoch() + TimeDelta::from_std(second(seconds)).expect("a short time");
        let mut delay = || second(random.random_range(0.0..4.0));
        let (soon, later) = (second(from) + delay(), second(to) + delay());
        self.publish(random, &plate, (first, instant(from), one), soon);
        let lone =
            |at, version, kind| Lone { plate: plate.clone(), at: instant(at), version, kind };
        if first == Direction::Exit {
            self.lone.push(lone(from, 1, ExceptionKind::UnmatchedExit));
            return;
        }
        self.publish(random, &plate, (second_is, instant(to), other), later);
        if second_is == Direction::Entry {
            self.lone.push(lone(to, 2, ExceptionKind::MissedExit));
        }
    }

    /// A lone exit that is late itself: its own past is all that it waits for.
    fn late(&mut self, random: &mut StdRng) {
        let plate = Plate::parse("LATE").expect("a valid plate");
        let after = random.random_range(0.0..LIVE as f64);
        let at = epoch() + TimeDelta::from_std(second(after)).expect("a short time")
            - TimeDelta::seconds(random.random_range(11..7200));
        self.publish(random, &plate, (Direction::Exit, at, "west"), second(after));
        let kind = ExceptionKind::UnmatchedExit;
        self.lone.push(Lone { plate, at, version: 1, kind });
    }

    /// Yesterday's reads of one place, in whatever order, some of them lone.
    fn upload(&mut self, random: &mut StdRng) {
        let begins = random.random_range(0.0..60.0);
        let span = if self.is_busy { BUSY } else { random.random_range(5.0..40.0) };
        let stays = if self.is_busy { BUSY_STAYS } else { random.random_range(20..=40) };
        // A vehicle that leaves in these days, and whose entry comes at the end of the upload: a live
        // read of a place whose past is coming in waits for it as well.
        if span > 6.0 {
            let plate = Plate::parse("STAYED").expect("a valid plate");
            let left_after = second(begins + random.random_range(5.0..span));
            let left = epoch() + TimeDelta::from_std(left_after).expect("a short time");
            let came = epoch() - TimeDelta::hours(23);
            self.publish(random, &plate, (Direction::Exit, left, "north"), left_after);
            let last = second(begins + span);
            self.publish(random, &plate, (Direction::Entry, came, "north"), last);
        }
        // Which half of it comes first; 2: each exit soon after its entry.
        let order = if self.is_busy { 2 } else { random.random_range(0..3) };
        for n in 0..stays {
            let plate = Plate::parse(&format!("OLD{n}")).expect("a valid plate");
            let part = f64::from(n) / f64::from(stays);
            let came = epoch() - TimeDelta::hours(24) + TimeDelta::minutes(i64::from(n));
            let went = came + TimeDelta::minutes(random.random_range(1..60));
            let at = |half: f64| match order {
                2 => second(begins + span * part + half * random_within(span)),
                first => second(begins + span * (part + (f64::from(first) - half).abs()) / 2.0),
            };
            if random.random_bool(0.9) {
                self.publish(random, &plate, (Direction::Entry, came, "north"), at(0.0));
            }
            if random.random_bool(0.9) {
                self.publish(random, &plate, (Direction::Exit, went, "north"), at(1.0));
            }
        }
    }
}

/// How far an exit follows its entry where an upload is in order.
fn random_within(span: f64) -> f64 {
    span / 20.0
}

/// One processor of a run.
struct Seat {
    server: MemoryServer,
    store: MemoryStore,
    sink: MemorySink,
    link: Rc<Cell<Link>>,
    stuck_until: StuckUntil,
    begun: tokio::time::Instant,
    every: Duration,
}

impl Seat {
    fn actors(&self, name: &str, vitals: &Vitals) -> Actors {
        let options = Options { settle_every: self.every, ..Options::default() };
        Actors::start(Parts {
            options,
            broker: Box::new(MemoryBroker::over(self.server.clone(), Rc::clone(&self.link))),
            store: Arc::new(self.store.clone()),
            sink: Box::new(self.sink.clone()),
            processor: ProcessorId(name.into()),
            clock: clock(self.begun),
            metrics: Arc::new(Metrics::new(&Registry::new()).expect("metrics")),
            vitals: vitals.clone(),
        })
    }

    /// Lives to the end, silent for a while where it is to be.
    async fn live(self, slot: usize, silence: Option<(Silence, Duration, Duration)>) {
        let end = self.begun + END;
        let vitals = Vitals::default();
        let local = LocalSet::new();
        let actors = local.run_until(async { self.actors(&format!("p{slot}"), &vitals) }).await;
        let until = |at: tokio::time::Instant| local.run_until(sleep_until(at));
        let Some((silence, from, to)) = silence else {
            until(end).await;
            return;
        };
        until(self.begun + from).await;
        if matches!(silence, Silence::CutOff | Silence::Killed) {
            // So that there is something in its hands.
            let soon = self.begun + from + Duration::from_secs(3);
            *self.stuck_until.lock().expect("a time") = Some(soon);
            until(soon).await;
        }
        match silence {
            Silence::Killed => {
                drop(actors);
                drop(local);
                sleep_until(self.begun + to).await;
                let local = LocalSet::new();
                let again = async {
                    let _actors = self.actors(&format!("p{slot}again"), &vitals);
                    sleep_until(end).await;
                };
                pin!(local.run_until(again)).await;
                return;
            }
            // What is not polled does not go on, and keeps what it has.
            Silence::Paused => sleep_until(self.begun + to).await,
            Silence::CutOff => self.link.set(Link::Cut),
            Silence::Frozen => self.link.set(Link::Frozen),
            Silence::Stuck => {
                *self.stuck_until.lock().expect("a time") = Some(self.begun + to);
            }
        }
        until(self.begun + to).await;
        self.link.set(Link::Up);
        until(end).await;
    }
}

/// Until when a processor's commits do not arrive.
type StuckUntil = Arc<Mutex<Option<tokio::time::Instant>>>;

/// Nothing fails; everything takes a moment, and a commit of a processor that is stuck until it is not.
fn fate(seed: u64, stuck_until: &StuckUntil) -> SharedFate {
    let mut random = StdRng::seed_from_u64(seed);
    let stuck_until = Arc::clone(stuck_until);
    SharedFate::new(move |moment: Moment| {
        let until = stuck_until.lock().expect("a time").filter(|_| moment == Moment::CommitArrived);
        let left = until.map(|until| until.saturating_duration_since(tokio::time::Instant::now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            return Turn::Takes(left);
        }
        Turn::Takes(Duration::from_micros(random.random_range(0..10_000)))
    })
}

/// Plays a seed; what is wrong, and what was reached.
pub fn run(seed: u64) -> (Vec<String>, Reach) {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(play(seed))
}

async fn play(seed: u64) -> (Vec<String>, Reach) {
    let mut random = StdRng::seed_from_u64(seed);
    let day = Day::new(&mut random);
    let begun = tokio::time::Instant::now();
    let never = Arc::default();
    let mut of_server = fate(random.random(), &never);
    if day.is_busy {
        of_server = SharedFate::new(|moment| match moment {
            Moment::Delivering => Turn::Takes(DELIVERY),
            _ => Turn::Goes,
        });
    }
    let server = MemoryServer::new(of_server, random.random_range(2..=20));
    let store = MemoryStore::new(fate(random.random(), &never));
    let sink = MemorySink::new(fate(random.random(), &never));
    let slots = if day.is_busy { 1 } else { random.random_range(1..=3) };
    let silence = (slots > 1 && random.random_bool(0.7)).then(|| {
        let from = random.random_range(1.0..LIVE as f64);
        let silence = SILENCES[random.random_range(0..SILENCES.len())];
        (silence, second(from), second(from + random.random_range(4.0..40.0)))
    });
    let lives: Vec<_> = (0..slots)
        .map(|slot| {
            let stuck_until = Arc::default();
            let seat = Seat {
                server: server.clone(),
                store: store.with_fate(fate(random.random(), &stuck_until)),
                sink: sink.clone(),
                link: Rc::default(),
                stuck_until,
                begun,
                every: Duration::from_millis(random.random_range(500..=PERIOD)),
            };
            seat.live(slot, silence.filter(|_| slot == 0))
        })
        .collect();
    let published = async {
        for message in &day.messages {
            sleep_until(begun + message.after).await;
            server.publish(message.direction, message.body.clone());
        }
        sleep(Duration::ZERO).await;
    };
    tokio::join!(published, futures_util::future::join_all(lives));
    let mut reach = Reach::default();
    reach.note(match day.uploads {
        true if day.is_busy => "an upload that fills the queues",
        true => "an upload elsewhere",
        false => "no upload",
    });
    reach.note(silence.map_or("nobody silent".to_owned(), |(how, ..)| format!("silent: {how:?}")));
    let silent = if silence.is_some() { Policy::default().lateness } else { TimeDelta::zero() };
    let added = silent + if day.is_busy { QUEUED } else { TimeDelta::zero() };
    let written = sink.written();
    let mut faults = late_verdicts(&day, &store, &written, added, begun);
    faults.extend(other_faults(&day, &written, silence.is_none()));
    (faults, reach)
}

/// The verdicts that came later than the bound.
fn late_verdicts(
    day: &Day,
    store: &MemoryStore,
    written: &[Effect],
    added: TimeDelta,
    begun: tokio::time::Instant,
) -> Vec<String> {
    let lateness = Policy::default().lateness;
    let periods = TimeDelta::milliseconds(3 * i64::try_from(PERIOD).expect("short"));
    let mut faults = Vec::new();
    for lone in &day.lone {
        let told = written.iter().find_map(|effect| match effect {
            Effect::Exception(row) if row.plate == lone.plate && row.kind == lone.kind => Some(row),
            _ => None,
        });
        let stored_at = store.stored_at(&lone.plate, lone.version);
        let (Some(told), Some(stored_at)) = (told, stored_at) else {
            faults.push(format!("{:?}: no {}", lone.plate, lone.kind.as_str()));
            continue;
        };
        let stored_at = epoch() + TimeDelta::from_std(stored_at - begun).expect("short");
        let bound = stored_at.max(lone.at) + lateness * 2 + periods + MOMENT + added;
        if told.recorded_at > bound {
            let late = told.recorded_at - bound;
            let (kind, plate) = (lone.kind.as_str(), &lone.plate);
            faults.push(format!("{plate:?}: {kind} {late} too late, stored at {stored_at}"));
        }
    }
    faults
}

/// Each stay is one right row in the end, and where no processor was silent nothing was said that had
/// to be taken back.
fn other_faults(day: &Day, written: &[Effect], is_calm: bool) -> Vec<String> {
    let mut net = Net::default();
    net.extend(written);
    let settled = Watermarks { entries: Some(end()), exits: Some(end()) };
    let differences = net.differences(&day.observations, &settled, &Policy::default());
    let mut faults: Vec<String> = differences.iter().map(|one| format!("{one:?}")).collect();
    let mut keys = BTreeSet::new();
    for effect in written {
        if !keys.insert(effect.key()) {
            faults.push(format!("written twice: {}", effect.key()));
        }
        if let Effect::Exception(row) = effect
            && is_calm
            && matches!(row.kind, ExceptionKind::Repaired | ExceptionKind::Withdrawn)
        {
            faults.push(format!("{:?}: {} for nothing", row.plate, row.kind.as_str()));
        }
    }
    faults
}

fn end() -> Instant {
    epoch() + TimeDelta::seconds(i64::try_from(LIVE).expect("short"))
}
