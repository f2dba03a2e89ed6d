//! One run: server, store and sink that last, processors that come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::store::ProcessorId;
use actors::testing::{
    Fate, Fortune, MemoryBroker, MemoryServer, MemorySink, MemoryStore, Moment, SharedFate, Turn,
};
use actors::{Actors, Metrics, Options, Parts};
use chrono::TimeDelta;
use domain::judgement::ObservationOutcome;
use domain::reference::Net;
use domain::{Direction, Effect, ObservationId, Plate, Policy, SharedClock, Watermarks};
use platform::component::Component as _;
use platform::runtime::Vitals;
use prometheus::Registry;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::reach::{MOMENTS, Reach};
use crate::traffic::{Traffic, epoch};

/// Virtual time after which nothing fails any more.
const FATE_ENDS: Duration = Duration::from_mins(4);
/// Virtual time after that in which everything must have come right: a silent processor's watermark
/// is dropped after 30 s, a lone exit waits for two times the lateness.
const CALM: Duration = Duration::from_secs(100);

/// What an observation can turn out to be.
const OUTCOMES: [ObservationOutcome; 5] = [
    ObservationOutcome::Duplicate,
    ObservationOutcome::ReRead,
    ObservationOutcome::Matched,
    ObservationOutcome::Opened,
    ObservationOutcome::Waiting,
];

/// What is taken away, to see that it is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Nothing: the real thing.
    Nothing,
    /// The store commits whatever version stands.
    CompareAndSet,
    /// The sink writes what it has written before.
    DuplicateCheck,
    /// Reports are not in the store.
    Outbox,
    /// Deliveries are acknowledged when they arrive.
    AcknowledgeLast,
}

/// What came of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub faults: Vec<String>,
    pub observations: u64,
    pub sessions: u64,
    pub exceptions: u64,
    pub crashes: u64,
    pub conflicts: u64,
    pub redelivered: u64,
    pub reach: Reach,
}

impl Outcome {
    pub fn add(&mut self, other: &Self) {
        self.observations += other.observations;
        self.sessions += other.sessions;
        self.exceptions += other.exceptions;
        self.crashes += other.crashes;
        self.conflicts += other.conflicts;
        self.redelivered += other.redelivered;
        self.reach.add(&other.reach);
    }
}

/// Fails at random moments until it is over.
struct Misfortune {
    random: StdRng,
    /// How often a moment fails.
    share: f64,
    /// Of each moment, whether it fails and whether it takes long in this run: half of the faults
    /// are off, so that each is met with and without every other.
    is_on: BTreeMap<Moment, (bool, bool)>,
    reach: Arc<Mutex<Reach>>,
    is_over: Arc<AtomicBool>,
}

impl Fate for Misfortune {
    fn at(&mut self, moment: Moment) -> Turn {
        if self.is_over.load(Ordering::Relaxed) {
            return Fortune.at(moment);
        }
        let share = if moment == Moment::Delivering { self.share / 10.0 } else { self.share };
        let (fails, takes) = self.is_on[&moment];
        if self.random.random_bool(share) && fails {
            self.reach.lock().expect("reach").note_fault(moment, "fails");
            return Turn::Fails;
        }
        let time = match self.random.random_range(0..10) {
            0..2 if takes => Duration::from_millis(self.random.random_range(0..5_000)),
            2..6 => Duration::from_micros(self.random.random_range(0..5_000)),
            _ => return Turn::Goes,
        };
        if time > Duration::from_millis(5) {
            self.reach.lock().expect("reach").note_fault(moment, "takes");
        }
        Turn::Takes(time)
    }
}

/// What outlives the processors.
struct World {
    server: MemoryServer,
    store: MemoryStore,
    sink: MemorySink,
    broken: Broken,
    policy: Policy,
    reach: Arc<Mutex<Reach>>,
    metrics: Mutex<Vec<Arc<Metrics>>>,
    begun: Instant,
    is_over: Arc<AtomicBool>,
}

/// Plays a seed.
pub fn run(seed: u64, broken: Broken) -> Outcome {
    fastrand::seed(seed); // the actors' backoff draws from it
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(play(seed, broken))
}

async fn play(seed: u64, broken: Broken) -> Outcome {
    let mut random = StdRng::seed_from_u64(seed);
    let traffic = Traffic::new(&mut random);
    let is_over = Arc::new(AtomicBool::new(false));
    let reach: Arc<Mutex<Reach>> = Arc::new(Mutex::new(traffic.reach.clone()));
    let is_on =
        MOMENTS.map(|moment| (moment, (random.random_bool(0.5), random.random_bool(0.5)))).into();
    let fate = SharedFate::new(Misfortune {
        random: StdRng::seed_from_u64(random.random()),
        is_on,
        reach: Arc::clone(&reach),
        share: [0.0, 0.01, 0.05, 0.2][random.random_range(0..4)],
        is_over: Arc::clone(&is_over),
    });
    let mut store = MemoryStore::new(fate.clone());
    let mut sink = MemorySink::new(fate.clone());
    let mut server = MemoryServer::new(fate, random.random_range(1..=20));
    match broken {
        Broken::CompareAndSet => store = store.without_compare_and_set(),
        Broken::DuplicateCheck => sink = sink.without_duplicate_check(),
        Broken::Outbox => store = store.without_outbox(),
        Broken::AcknowledgeLast => server = server.acknowledging_at_once(),
        Broken::Nothing => {}
    }
    let metrics = Mutex::default();
    let begun = Instant::now();
    let policy = traffic.policy.clone();
    let world =
        Rc::new(World { server, store, sink, broken, policy, reach, metrics, begun, is_over });
    let slots = random.random_range(1..=3);
    world.reach.lock().expect("reach").note(format!("processors: {slots}"));
    let lives: Vec<_> = (0..slots)
        .map(|slot| live(Rc::clone(&world), slot, StdRng::seed_from_u64(random.random())))
        .collect();
    let published = publish(&world, &traffic);
    let over = async {
        sleep_until(begun + FATE_ENDS).await;
        world.is_over.store(true, Ordering::Relaxed);
    };
    let ((), (), crashes) = tokio::join!(published, over, futures_util::future::join_all(lives));
    judge(&world, &traffic, crashes.into_iter().sum())
}

async fn publish(world: &World, traffic: &Traffic) {
    for message in &traffic.messages {
        sleep_until(world.begun + message.after).await;
        world.server.publish(message.direction, message.body.clone());
    }
}

/// The processors of one slot, one after the other; answers how many crashed.
async fn live(world: Rc<World>, slot: usize, mut random: StdRng) -> u64 {
    let end = world.begun + FATE_ENDS + CALM;
    let mut crashes = 0;
    for life in 0.. {
        let is_last = Instant::now() >= world.begun + FATE_ENDS - Duration::from_secs(20);
        let span = Duration::from_millis(random.random_range(1..60_000));
        let until = if is_last { end } else { (Instant::now() + span).min(end) };
        let crashes_then = !is_last && random.random_bool(0.7);
        let seed = random.random();
        // All tasks of a processor live in this set: dropped, they end at the await they stand at.
        let local = LocalSet::new();
        local.run_until(process(&world, slot, life, seed, until, crashes_then)).await;
        world.reach.lock().expect("reach").note(match crashes_then {
            false => "stop in order",
            true if world.store.unconfirmed() > 0 => "crash with reports unconfirmed",
            true if world.server.unacknowledged() > 0 => "crash with deliveries held",
            true => "crash at rest",
        });
        drop(local);
        crashes += u64::from(crashes_then);
        if is_last {
            return crashes;
        }
        sleep(Duration::from_millis(random.random_range(0..10_000))).await;
    }
    crashes
}

async fn process(
    world: &World,
    slot: usize,
    life: usize,
    seed: u64,
    until: Instant,
    crashes_then: bool,
) {
    let mut random = StdRng::seed_from_u64(seed);
    let metrics = Arc::new(Metrics::new(&Registry::new()).expect("metrics"));
    world.metrics.lock().expect("metrics").push(Arc::clone(&metrics));
    let options = Options {
        policy: world.policy.clone(),
        idle_after: Duration::from_millis(random.random_range(1_000..20_000)),
        settle_every: Duration::from_millis(random.random_range(500..4_000)),
        residents_max: random.random_range(1..=4),
        commit_batch_max: random.random_range(1..=4),
        commits_in_flight: random.random_range(1..=2),
        post_batch_max: random.random_range(1..=3),
        outbox_max: random.random_range(1..=50),
        ..Options::default()
    };
    let vitals = Vitals::default();
    let actors = Actors::start(Parts {
        options,
        broker: Box::new(MemoryBroker::new(world.server.clone())),
        store: Arc::new(world.store.clone()),
        sink: Box::new(world.sink.clone()),
        processor: ProcessorId(format!("p{slot}l{life}").into()),
        clock: clock(world.begun),
        metrics,
        vitals: vitals.clone(),
    });
    tokio::select! {
        biased;
        () = sleep_until(until) => {}
        name = vitals.died() => panic!("the {name} died"),
    }
    if !crashes_then {
        Box::new(actors).stop().await;
    }
}

pub fn clock(begun: Instant) -> SharedClock {
    Arc::new(move || {
        let elapsed = TimeDelta::from_std(begun.elapsed()).expect("a short run");
        epoch() + elapsed
    })
}

/// G9: the reports of a plate arrive in their order, so that whoever follows them knows in the end
/// which stays are open.
fn faults_of_order(written: &[Effect], traffic: &Traffic, policy: &Policy) -> Vec<String> {
    let mut faults = Vec::new();
    let mut revisions: BTreeMap<&Plate, u64> = BTreeMap::new();
    let mut open: BTreeMap<&Plate, &ObservationId> = BTreeMap::new();
    for effect in written {
        let revision = match effect {
            Effect::Opened(opening) => {
                open.insert(&opening.plate, &opening.observation_id);
                opening.revision
            }
            Effect::Summary(summary) => {
                let Some(origin) = &summary.origin else { continue };
                if open.get(&summary.plate) == Some(&&origin.entry_id) {
                    open.remove(&summary.plate);
                }
                origin.revision
            }
            Effect::Exception(row) => row.revision,
        };
        let last = revisions.entry(effect.plate()).or_default();
        if revision < *last {
            faults.push(format!("out of order: {} after revision {last}", effect.key()));
        }
        *last = revision;
    }
    for (plate, verdicts) in domain::reference::verdicts(&traffic.observations, &policy.re_reads) {
        let told = open.get(plate).copied();
        let is_right = match &verdicts.open_entry {
            Some(entry) => told.is_some_and(|id| entry.reads.iter().any(|read| read.id == *id)),
            None => told.is_none(),
        };
        if !is_right {
            faults.push(format!("told as open at the end: {told:?}, {:?}", verdicts.open_entry));
        }
    }
    faults
}

/// Holds what was reported against what was observed.
fn judge(world: &World, traffic: &Traffic, crashes: u64) -> Outcome {
    let written = world.sink.written();
    let mut faults = Vec::new();
    let mut net = Net::default();
    net.extend(&written);
    let settled_to = epoch() + TimeDelta::from_std(FATE_ENDS).expect("short");
    let watermarks = Watermarks { entries: Some(settled_to), exits: Some(settled_to) };
    let differences = net.differences(&traffic.observations, &watermarks, &world.policy);
    faults.extend(differences.iter().map(|difference| format!("{difference:?}")));

    let mut keys = BTreeSet::new();
    for effect in &written {
        if !keys.insert(effect.key()) {
            faults.push(format!("written twice: {}", effect.key()));
        }
    }
    faults.extend(faults_of_order(&written, traffic, &world.policy));
    let left = [
        ("unacknowledged", world.server.unacknowledged(), 0),
        ("unconfirmed reports", world.store.unconfirmed(), 0),
        ("wrong acknowledgements", world.server.wrong_acknowledgements(), 0),
    ];
    for (what, found, expected) in left {
        if found != expected && world.broken != Broken::Outbox {
            faults.push(format!("{what}: {found}, expected {expected}"));
        }
    }
    // At least once: a dead letter whose acknowledgement was lost comes again.
    if world.server.dead_letters().len() < traffic.nonsense {
        faults.push(format!("dead letters: {}", world.server.dead_letters().len()));
    }
    let sum = |of: &dyn Fn(&Metrics) -> u64| {
        world.metrics.lock().expect("metrics").iter().map(|metrics| of(metrics)).sum()
    };
    let is_summary = |effect: &&Effect| matches!(effect, Effect::Summary(_));
    let sessions = written.iter().filter(is_summary).count() as u64;
    let conflicts = sum(&|metrics| metrics.conflicts.get());
    let redelivered = sum(&|metrics| {
        metrics.redelivered(Direction::Entry).get() + metrics.redelivered(Direction::Exit).get()
    });
    let mut reach = world.reach.lock().expect("reach").clone();
    for effect in &written {
        reach.note_effect(effect);
    }
    for outcome in OUTCOMES {
        let times = sum(&|metrics| metrics.times_observed(outcome));
        let rule = match outcome {
            ObservationOutcome::Duplicate => "R1",
            ObservationOutcome::ReRead => "R2",
            _ => "R3",
        };
        reach.note_times(format!("{rule} {}", outcome.as_str()), times);
    }
    if world.policy.re_reads.default > domain::policy::RE_READ {
        let times = sum(&|metrics| metrics.times_observed(ObservationOutcome::ReRead));
        reach.note_times("R2 re-read by the site's own time", times);
    }
    let mut stays = BTreeMap::new();
    for effect in &written {
        if let Effect::Summary(summary) = effect {
            let stay = (summary.plate.clone(), summary.entry_at, summary.exit_at);
            *stays.entry(stay).or_insert(0) += 1;
        }
    }
    let again = stays.values().filter(|times| **times > 1).count() as u64;
    reach.note_times("R9 session named again after it was withdrawn", again);
    reach.note_times("R8 dead letter", world.server.dead_letters().len() as u64);
    reach.note_times("conflict of two processors", conflicts);
    reach.note_times("redelivery", redelivered);
    Outcome {
        faults,
        reach,
        observations: traffic.observations.len() as u64,
        sessions,
        exceptions: written.len() as u64 - sessions,
        crashes,
        conflicts,
        redelivered,
    }
}
