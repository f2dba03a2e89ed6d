//! What the cameras of a seed see, and when their messages are published.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use domain::{Direction, Instant, Observation, ObservationId, PlaceName, Plate, Policy, wire};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use crate::reach::Reach;

/// Where virtual time begins.
pub fn epoch() -> Instant {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time")
}

/// One message, due to be published at a virtual time.
#[derive(Debug, Clone)]
pub struct Message {
    pub after: Duration,
    pub direction: Direction,
    pub body: String,
}

/// Everything of one seed.
pub struct Traffic {
    /// Each observation once.
    pub observations: Vec<Observation>,
    /// What is published, in order of time: duplicates and nonsense included.
    pub messages: Vec<Message>,
    /// How many of them are nonsense.
    pub nonsense: usize,
    /// The rules of the site.
    pub policy: Policy,
    /// What of it there is to be met.
    pub reach: Reach,
}

/// What this seed's cars and cameras do: half of it is off in each run, so that each is met with and
/// without every other.
#[expect(clippy::struct_excessive_bools, reason = "switches")]
struct Kinds {
    misses: bool,
    re_reads: bool,
    copies: bool,
    late: bool,
    nonsense: bool,
    many_plates: bool,
}

impl Kinds {
    fn any(random: &mut StdRng) -> Self {
        let mut is_on = || random.random_bool(0.5);
        Self {
            misses: is_on(),
            re_reads: is_on(),
            copies: is_on(),
            late: is_on(),
            nonsense: is_on(),
            many_plates: is_on(),
        }
    }
}

/// Rules of a site: the usual ones, or a barrier at which cars wait, or short stays.
fn policy(random: &mut StdRng) -> Policy {
    let mut policy = Policy::default();
    if random.random_bool(0.3) {
        policy.re_reads.default = TimeDelta::seconds(35);
    }
    if random.random_bool(0.3) {
        policy.max_stay = TimeDelta::seconds(60);
    }
    policy
}

impl Traffic {
    /// The traffic of a seed.
    pub fn new(random: &mut StdRng) -> Self {
        let mut observations = Vec::new();
        let publishing = Publishing::any(random);
        let (kinds, policy) = (Kinds::any(random), policy(random));
        let mut reach = Reach::default();
        reach.note(match publishing {
            Publishing::Backlog { .. } => "traffic: backlog",
            Publishing::Live => "traffic: live",
        });
        let plates = if kinds.many_plates { random.random_range(2..=5) } else { 1 };
        for n in 0..plates {
            let plate = Plate::parse(&format!("SIM{n}")).expect("a valid plate");
            timeline(random, &kinds, &plate, publishing.begins(), &mut observations);
        }
        let mut messages = Vec::new();
        for observation in &observations {
            let copies = if kinds.copies { copies(random) } else { 1 };
            if copies > 1 {
                reach.note("traffic: sent twice");
            }
            for _ in 0..copies {
                let late = match kinds.late && random.random_bool(0.2) {
                    true => random.random_range(0..40_000),
                    false => 0,
                };
                if late > 0 {
                    reach.note("traffic: late");
                }
                messages.push(Message {
                    after: publishing.delay(random, observation) + Duration::from_millis(late),
                    direction: observation.direction,
                    body: wire::observation_to_json(observation),
                });
            }
        }
        let nonsense = if kinds.nonsense { random.random_range(1..=2) } else { 0 };
        for _ in 0..nonsense {
            messages.push(Message {
                after: Duration::from_secs(random.random_range(0..200)),
                direction: Direction::Exit,
                body: "{\"id\":\"no plate, no time\"}".to_owned(),
            });
        }
        messages.shuffle(random);
        messages.sort_by_key(|message| message.after);
        Self { observations, messages, nonsense, policy, reach }
    }
}

fn copies(random: &mut StdRng) -> usize {
    if random.random_bool(0.15) { 2 } else { 1 }
}

/// How the messages of a seed leave.
enum Publishing {
    /// All within a second: a backlog, of one kind first or mixed.
    Backlog { first: Option<Direction> },
    /// Each at its time.
    Live,
}

impl Publishing {
    fn any(random: &mut StdRng) -> Self {
        match random.random_range(0..4) {
            0 => Self::Backlog { first: None },
            1 => Self::Backlog { first: Some(Direction::Entry) },
            2 => Self::Backlog { first: Some(Direction::Exit) },
            _ => Self::Live,
        }
    }

    /// Event time of the first passages: a backlog is the past.
    fn begins(&self) -> Instant {
        match self {
            Self::Backlog { .. } => epoch() - TimeDelta::hours(1),
            Self::Live => epoch() - TimeDelta::seconds(100),
        }
    }

    fn delay(&self, random: &mut StdRng, observation: &Observation) -> Duration {
        match self {
            Self::Backlog { first } => {
                let second = first.is_some_and(|first| first != observation.direction);
                Duration::from_millis(random.random_range(0..1000) + if second { 1000 } else { 0 })
            }
            Self::Live => {
                let at = (observation.at - epoch()).num_milliseconds().max(0);
                Duration::from_millis(u64::try_from(at).unwrap_or(0))
            }
        }
    }
}

/// A plate's passages: mostly in turn, some missed, some read several times.
fn timeline(
    random: &mut StdRng,
    kinds: &Kinds,
    plate: &Plate,
    begins: Instant,
    into: &mut Vec<Observation>,
) {
    let mut at = begins + TimeDelta::seconds(random.random_range(0..100));
    let mut direction = Direction::Entry;
    for _ in 0..random.random_range(1..=4) {
        if kinds.misses && random.random_bool(0.4) {
            direction = other(direction); // a passage that no camera saw
        }
        into.push(observation(random, plate, direction, at));
        let mut again = at;
        // A chain of them may reach further than two neighbours do: what joins its ends comes last.
        while kinds.re_reads && random.random_bool(0.25) {
            again += TimeDelta::milliseconds(random.random_range(0..20_000));
            into.push(observation(random, plate, direction, again));
        }
        at += TimeDelta::milliseconds(random.random_range(21_000..50_000));
        direction = other(direction);
    }
}

fn other(direction: Direction) -> Direction {
    match direction {
        Direction::Entry => Direction::Exit,
        Direction::Exit => Direction::Entry,
    }
}

pub fn observation(
    random: &mut StdRng,
    plate: &Plate,
    direction: Direction,
    at: Instant,
) -> Observation {
    let id = format!("{:016x}", random.next_u64());
    Observation {
        id: ObservationId::parse(&id).expect("a valid id"),
        plate: plate.clone(),
        plate_as_read: None,
        direction,
        at,
        place: PlaceName::default(),
        lane: None,
        camera: None,
        confidence: None,
        method: domain::Method::Camera,
    }
}
