//! Serves a person who looks at the sessions of the car park, or ends one.
//!
//! Owns: nothing.
//! Hears: [`FindChapters`], [`FindLongest`], [`GetRecord`], [`GetFlow`], [`GetWatermarks`], [`Close`], from the routes of
//! [`crate::admin`].
//! Tells: the store; the registry, an exit that the operator saw.
//! Never: changes a record itself: an operator's word is an observation like any other, and the
//! plate's actor judges it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler, Message, Recipient, ResponseFuture};
use domain::plate::PlatePart;
use domain::story::{Chapter, State, story};
use domain::{
    Behind, Direction, ExceptionKind, Instant, Method, Observation, ObservationId, PlaceName,
    Plate, Policy, Reason, Record, SharedClock, Watermarks,
};
use platform::runtime::Vital;
use tokio::sync::oneshot;
use tracing::info;

use crate::flow::Passed;
use crate::plate_actor::Observed;
use crate::receipt::{Arrival, Receipt};
use crate::store::{Scope, Store, StoreError};

/// Most records looked at for one page.
const LOOKED_AT_MAX: usize = 10_000;
/// Most plates looked at for one page where a part of the plate is given: only those that have it
/// are read.
const PLATES_LOOKED_AT_MAX: usize = 2_000_000;
/// Plates looked at in one round trip then.
const PLATES_AT_ONCE: usize = 5_000;
/// Due before the open stays, and soon gone: entries that were followed by an entry.
const BEFORE_THE_LONGEST: usize = 50;
/// Records read in one round trip.
const READ_AT_ONCE: usize = 500;
/// What a person looks for. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only chapters of this state.
    pub state: Option<State>,
    /// Only what was reported as an exception.
    pub only_exceptions: bool,
    /// Of this kind of exception.
    pub kind: Option<ExceptionKind>,
    /// With this part in the plate.
    pub plate_part: Option<PlatePart>,
    /// Only chapters at this car park.
    pub place: Option<PlaceName>,
    /// Not over before this event time.
    pub since: Option<Instant>,
    /// Begun by this event time.
    pub until: Option<Instant>,
}

/// Stays and lone reads that pass the filter, from `cursor` on; a few more or less than `limit`.
#[derive(Debug, Message)]
#[rtype(result = "Result<Found, StoreError>")]
pub struct FindChapters {
    /// What to look for.
    pub filter: Filter,
    /// About how many chapters a page has.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

/// A page of what was looked for.
#[derive(Debug, Default)]
pub struct Found {
    /// Each with its plate.
    pub chapters: Vec<(Plate, Chapter)>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<String>,
}

/// The open stays that began first, the longest first. Those that were told of as an overstay are
/// not among them: they are exceptions.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<(Plate, Chapter)>, StoreError>")]
pub struct FindLongest {
    /// At most so many.
    pub limit: usize,
}

/// Vehicles that passed, by the minute, from that minute on.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<Passed>, StoreError>")]
pub struct GetFlow {
    /// Minutes since 1970.
    pub since_minute: i64,
}

/// What the store holds of a plate.
#[derive(Debug, Message)]
#[rtype(result = "Result<Record, StoreError>")]
pub struct GetRecord(pub Plate);

/// How far the queues have been read.
#[derive(Debug, Message)]
#[rtype(result = "Watermarks")]
pub struct GetWatermarks;

/// The operator says that the vehicle has left.
#[derive(Debug, Message)]
#[rtype(result = "Result<Closed, CloseError>")]
pub struct Close {
    /// The plate whose open stay is to end.
    pub plate: Plate,
    /// When the vehicle left; `None`: now.
    pub at: Option<Instant>,
    /// Why no camera read it. Kept with the observation.
    pub reason: Reason,
}

/// A stay that an operator ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The exit that was noted.
    pub observation_id: ObservationId,
    /// Event time of that exit.
    pub at: Instant,
}

/// Why a stay was not ended.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// There is nothing to end.
    #[error("no stay of that plate is open")]
    NotOpen,
    /// It would end before it began.
    #[error("the stay began at {}: it cannot end before", domain::wire::format_time(*.0))]
    BeforeEntry(Instant),
    /// It has not come yet.
    #[error("the time is in the future")]
    Ahead,
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The actors are stopping, or the plate's one has died of it.
    #[error("the exit could not be stored now; ask again")]
    NotStored,
}

/// See the module.
pub struct OperatorDesk {
    parts: Rc<Parts>,
    /// Without the desk nobody sees a stay, nor ends one.
    vital: Vital,
}

/// What the desk is made of.
pub struct Parts {
    /// Where the records are.
    pub store: Arc<dyn Store>,
    /// The registry, which takes the exit that ends a stay.
    pub registry: Recipient<Observed>,
    /// How far the queues have been read.
    pub watermarks: Rc<Cell<Watermarks>>,
    /// The rules by which chapters are told.
    pub policy: Policy,
    /// The clock of processing time.
    pub clock: SharedClock,
}

impl OperatorDesk {
    /// Made of its parts.
    pub fn new(parts: Parts, vital: Vital) -> Self {
        Self { parts: Rc::new(parts), vital }
    }
}

impl Filter {
    fn scope(&self) -> Scope {
        match self.state {
            Some(State::OPEN) => Scope::Open,
            _ => Scope::All,
        }
    }

    fn passes(&self, chapter: &Chapter) -> bool {
        let place = chapter.known().map(|known| &known.place);
        self.state.is_none_or(|state| state == chapter.state)
            && (!self.only_exceptions || chapter.exception().is_some())
            && (self.kind.is_none() || self.kind == chapter.exception())
            && self.place.as_ref().is_none_or(|wanted| Some(wanted) == place)
            && self.since.is_none_or(|since| {
                chapter.state == State::OPEN || chapter.ends_at().is_some_and(|at| at >= since)
            })
            && self.until.is_none_or(|until| chapter.begins_at().is_some_and(|at| at <= until))
    }
}

impl Parts {
    async fn find(&self, asked: FindChapters) -> Result<Found, StoreError> {
        let mut found = Found { chapters: Vec::new(), next: asked.cursor };
        let mut looked_at = 0;
        loop {
            let (at_once, looked_at_max) = match asked.filter.plate_part {
                Some(_) => (PLATES_AT_ONCE, PLATES_LOOKED_AT_MAX),
                None => (READ_AT_ONCE.min(asked.limit.max(10)), LOOKED_AT_MAX),
            };
            let (mut plates, next) =
                self.store.plates(asked.filter.scope(), found.next.take(), at_once).await?;
            looked_at += plates.len();
            if let Some(part) = &asked.filter.plate_part {
                plates.retain(|plate| part.is_in(plate));
            }
            for (plate, record) in plates.iter().zip(self.store.load(&plates).await?) {
                // One that cannot be read is told of where its plate is asked for.
                let Ok(record) = record else { continue };
                let chapters = story(plate, &record, &self.policy).into_iter();
                let passing = chapters.filter(|chapter| asked.filter.passes(chapter));
                found.chapters.extend(passing.map(|chapter| (plate.clone(), chapter)));
            }
            found.next = next;
            let is_full = found.chapters.len() >= asked.limit || looked_at >= looked_at_max;
            if is_full || found.next.is_none() {
                return Ok(found);
            }
        }
    }

    /// An open stay is due on the exits `max_stay` after its entry, so that index has them in the
    /// order that is asked for, and nothing else has to be looked at.
    async fn longest(&self, limit: usize) -> Result<Vec<(Plate, Chapter)>, StoreError> {
        let every = Watermarks { entries: None, exits: Some(Instant::MAX_UTC) };
        let plates =
            self.store.due(&every, &Behind::everywhere(), limit + BEFORE_THE_LONGEST).await?;
        let records = self.store.load(&plates).await?;
        let mut longest = Vec::new();
        for (plate, record) in plates.into_iter().zip(records) {
            let Ok(record) = record else { continue };
            let last = story(&plate, &record, &self.policy).pop();
            let open = last.filter(|chapter| chapter.state == State::OPEN && !chapter.is_reported);
            longest.extend(open.map(|chapter| (plate, chapter)));
        }
        longest.sort_by_key(|(_, chapter)| chapter.begins_at());
        longest.truncate(limit);
        Ok(longest)
    }

    async fn record(&self, plate: &Plate) -> Result<Record, StoreError> {
        let mut records = self.store.load(std::slice::from_ref(plate)).await?;
        records.pop().unwrap_or_else(|| Ok(Record::default())).map_err(StoreError)
    }

    async fn close(&self, close: Close) -> Result<Closed, CloseError> {
        let record = self.record(&close.plate).await?;
        let entry = record.open_entry().ok_or(CloseError::NotOpen)?;
        let now = self.clock.now();
        let at = close.at.unwrap_or(now);
        if at < entry.at {
            return Err(CloseError::BeforeEntry(entry.at));
        }
        if at > now {
            return Err(CloseError::Ahead);
        }
        let id = ObservationId::parse(&format!("operator-{}", nanoid::nanoid!()))
            .map_err(|_| CloseError::NotStored)?;
        let observation = Observation {
            id: id.clone(),
            plate: close.plate,
            plate_as_read: None,
            direction: Direction::Exit,
            at,
            place: entry.place.clone(),
            lane: None,
            camera: None,
            confidence: None,
            method: Method::Operator { reason: close.reason.clone() },
        };
        info!(plate = ?observation.plate, observation.id = %id, reason = %close.reason, "stay ended by an operator");
        let (answer, answered) = oneshot::channel();
        let receipt = Receipt::of_person(answer);
        let arrival = Arrival { received: tokio::time::Instant::now(), now, receipt };
        let observed = self.registry.send(Observed { observation, arrival }).await;
        observed.map_err(|_| CloseError::NotStored)?;
        match answered.await {
            Ok(true) => Ok(Closed { observation_id: id, at }),
            _ => Err(CloseError::NotStored),
        }
    }
}

impl Actor for OperatorDesk {
    type Context = Context<Self>;
}

impl Handler<FindChapters> for OperatorDesk {
    type Result = ResponseFuture<Result<Found, StoreError>>;

    fn handle(&mut self, asked: FindChapters, _: &mut Self::Context) -> Self::Result {
        let parts = Rc::clone(&self.parts);
        Box::pin(async move { parts.find(asked).await })
    }
}

impl Handler<FindLongest> for OperatorDesk {
    type Result = ResponseFuture<Result<Vec<(Plate, Chapter)>, StoreError>>;

    fn handle(&mut self, asked: FindLongest, _: &mut Self::Context) -> Self::Result {
        self.vital.may_die_here();
        let parts = Rc::clone(&self.parts);
        Box::pin(async move { parts.longest(asked.limit).await })
    }
}

impl Handler<GetFlow> for OperatorDesk {
    type Result = ResponseFuture<Result<Vec<Passed>, StoreError>>;

    fn handle(&mut self, asked: GetFlow, _: &mut Self::Context) -> Self::Result {
        let parts = Rc::clone(&self.parts);
        Box::pin(async move { parts.store.passed(asked.since_minute).await })
    }
}

impl Handler<GetRecord> for OperatorDesk {
    type Result = ResponseFuture<Result<Record, StoreError>>;

    fn handle(&mut self, GetRecord(plate): GetRecord, _: &mut Self::Context) -> Self::Result {
        let parts = Rc::clone(&self.parts);
        Box::pin(async move { parts.record(&plate).await })
    }
}

impl Handler<GetWatermarks> for OperatorDesk {
    type Result = actix::MessageResult<GetWatermarks>;

    fn handle(&mut self, _: GetWatermarks, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(self.parts.watermarks.get())
    }
}

impl Handler<Close> for OperatorDesk {
    type Result = ResponseFuture<Result<Closed, CloseError>>;

    fn handle(&mut self, close: Close, _: &mut Self::Context) -> Self::Result {
        let parts = Rc::clone(&self.parts);
        Box::pin(async move { parts.close(close).await })
    }
}
