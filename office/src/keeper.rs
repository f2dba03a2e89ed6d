//! The actor that keeps what the office knows.
//!
//! Owns: the [`Picture`], and all writing to the store but that of what was told.
//! Hears: [`Take`], a page of the feed; [`Do`], an act of a person; [`Step`], its own schedule; questions.
//! Tells: the [`Board`] and the [`Catalog`].
//! Never: answers before what it answers is durable; goes on from a picture that the store does not
//! confirm.
//!
//! One thing at a time: the picture goes along with what is being done, and comes back. Another
//! process may change the same database. Then the store refuses the change, and what it did is learned
//! before the act is tried again.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt, AtomicResponse, Context, Handler, Message, MessageResponse, WrapFuture,
};
use chrono::TimeDelta;
use domain::occupancy::Verified;
use domain::place::Place;
use domain::{Effect, Instant, PlaceName, Plate, SharedClock};
use platform::http::Problem;
use platform::runtime::{Part, Vital};
use tokio::sync::Notify;

use crate::board::Board;
use crate::catalog::Catalog;
use crate::metrics::Metrics;
use crate::picture::{Act, Done, Picture, Refusal};
use crate::shapes::{CountShown, PlaceDetail, StayShown};
use crate::store::{Change, Committed, SqlError, Store};

/// For how long a process that reads the feed has said that it does. Another takes over behind that.
const HELD_FOR: TimeDelta = TimeDelta::seconds(10);
/// Attempts at a change that others were quicker with.
const ATTEMPTS: usize = 20;

/// Prices that are reckoned by the clock in one step: some milliseconds, with tables of their own each.
const PRICES_AT_ONCE: usize = 1_000;

/// Takes in a page of the feed.
pub struct Take {
    /// What it tells of stays.
    pub events: Vec<Effect>,
    /// Where it ends.
    pub position: u64,
    /// Whether it goes on where the last one ended; otherwise events between are gone.
    pub follows: bool,
}

impl Message for Take {
    type Result = Result<(), Failure>;
}

/// Does what a person asks for.
pub struct Do {
    /// What it is.
    pub act: Act,
    /// Who asks.
    pub by: String,
}

impl Message for Do {
    type Result = Result<Done, Failure>;
}

/// Holds on to the reading of the feed, learns what others did, and has told what is new.
pub struct Step;

/// Who reads the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, MessageResponse)]
pub enum Reads {
    /// This process.
    Us,
    /// Another one.
    Another,
    /// The database does not say.
    Unknown,
}

impl Message for Step {
    type Result = Reads;
}

/// How far the feed has been read.
pub struct GetPosition;

impl Message for GetPosition {
    type Result = Result<u64, Failure>;
}

/// Places in the order of their ids, described or not, behind the one that is named.
pub struct GetDetails {
    /// Behind this one.
    pub after: Option<PlaceName>,
    /// Only this one.
    pub only: Option<PlaceName>,
    /// At most so many.
    pub limit: usize,
}

impl Message for GetDetails {
    type Result = Result<Vec<PlaceDetail>, Failure>;
}

/// Where a plate is inside.
pub struct GetStay(pub Plate);

impl Message for GetStay {
    type Result = Result<Option<StayShown>, Failure>;
}

/// The plates whose stays stand open at a place.
pub struct GetInside(pub PlaceName);

impl Message for GetInside {
    type Result = Result<Vec<Plate>, Failure>;
}

/// Ends, and lets another process read the feed.
pub struct Stop;

impl Message for Stop {
    type Result = ();
}

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// It makes no sense.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database does not take it, or does not say.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// Others change the same all the time.
    #[error("other processes were quicker {ATTEMPTS} times: try again")]
    Busy,
    /// Another process reads the feed.
    #[error("another process reads the feed for this database")]
    NotTheReader,
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal @ Refusal::NoPlace(_)) => Self::not_found(refusal.to_string()),
            Failure::Refused(refusal) => Self::unprocessable(refusal.to_string()),
            other => Self::unavailable(other.to_string()),
        }
    }
}

/// What it works with.
#[derive(Clone)]
pub struct Parts {
    /// Where all is kept.
    pub store: Store,
    /// Shown how full the places are.
    pub board: Arc<Board>,
    /// Shown how they are described, and all rate tables.
    pub catalog: Arc<Catalog>,
    /// Which process this is.
    pub name: Arc<str>,
    /// The clock of processing time.
    pub clock: SharedClock,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether the database works.
    pub health: Arc<Part>,
    /// Woken where there is something to be told in the feed.
    pub untold: Arc<Notify>,
}

/// What goes along with what is being done.
#[derive(Default)]
struct Work {
    picture: Picture,
    /// Whether the stays that stand open are in the picture.
    is_reader: bool,
    /// Until when it has said that it reads the feed.
    held_until: Option<Instant>,
    /// Whether the picture is what the store says, as far as is known.
    is_right: bool,
}

/// See the module.
pub struct Keeper {
    parts: Parts,
    work: Work,
    vital: Vital,
}

impl Keeper {
    /// One that knows nothing yet.
    pub fn new(parts: Parts, vital: Vital) -> Self {
        Self { parts, work: Work::default(), vital }
    }

    /// Does something with the picture, alone.
    fn with<T: 'static, F: Future<Output = (Work, T)> + 'static>(
        &mut self,
        work: impl FnOnce(Parts, Work) -> F,
    ) -> AtomicResponse<Self, T> {
        self.vital.may_die_here();
        let doing = work(self.parts.clone(), mem::take(&mut self.work));
        AtomicResponse::new(Box::pin(doing.into_actor(self).map(|(work, answer), keeper, _| {
            keeper.work = work;
            answer
        })))
    }
}

impl Work {
    /// Brings the picture to where the store is.
    async fn catch_up(&mut self, parts: &Parts) -> Result<(), SqlError> {
        if !self.is_right {
            self.picture = self.picture.anew();
        }
        let news = parts.store.since(self.picture.version).await?;
        let changed = self.picture.learn(news);
        if !self.is_right && self.is_reader {
            self.picture.learn_as_reader(parts.store.stays().await?);
        }
        self.is_right = true;
        self.show(parts, changed);
        Ok(())
    }

    /// Shows these places to whoever looks, and those that have another price by it.
    fn show(&mut self, parts: &Parts, mut places: BTreeSet<PlaceName>) {
        places.append(&mut self.picture.reckon_prices(parts.clock.now()));
        parts.board.show(&self.picture, &places);
        parts.catalog.show(&self.picture, &places);
    }

    /// The picture, as the store has it.
    async fn right(&mut self, parts: &Parts) -> Result<&Picture, Failure> {
        if !self.is_right {
            self.catch_up(parts).await.inspect_err(|e| parts.fails(e))?;
        }
        Ok(&self.picture)
    }

    /// From here on it knows the stays too, which only the reader of the feed has in mind; answers
    /// whether it is that one.
    fn knows_stays(&mut self) -> bool {
        let was_reader = std::mem::replace(&mut self.is_reader, true);
        self.is_right &= was_reader;
        was_reader
    }

    /// Who is not the reader forgets the stays: it does not hear what becomes of them.
    fn goes_on(&mut self, was_reader: bool) {
        self.is_reader = was_reader;
        self.is_right &= was_reader;
    }

    /// Makes a change and keeps it; again, where another was quicker.
    async fn change<T>(
        &mut self,
        parts: &Parts,
        make: impl Fn(&mut Picture) -> Result<(Change, T, BTreeSet<PlaceName>), Failure>,
    ) -> Result<T, Failure> {
        for _ in 0..ATTEMPTS {
            self.right(parts).await?;
            // What is refused has changed nothing.
            let (change, answer, places) = make(&mut self.picture)?;
            if change.is_empty() {
                return Ok(answer);
            }
            // From here on the picture is ahead of the store.
            self.is_right = false;
            let committed = parts.store.commit(self.picture.version, &change).await;
            match committed.inspect_err(|e| parts.fails(e))? {
                Committed::Done(version) => {
                    self.is_right = true;
                    self.picture.version = version;
                    if let Some(position) = change.position {
                        self.picture.position = position;
                    }
                    parts.health.keeps();
                    self.show(parts, places);
                    if !change.facts.is_empty() {
                        parts.untold.notify_one();
                    }
                    return Ok(answer);
                }
                Committed::Conflict => parts.metrics.conflicts.inc(),
            }
        }
        Err(Failure::Busy)
    }

    /// Says that this process reads the feed, if no other does.
    async fn hold(&mut self, parts: &Parts) -> Result<Reads, SqlError> {
        let now = parts.clock.now();
        if self.held_until.is_some_and(|until| until - now > HELD_FOR / 2) {
            return Ok(Reads::Us);
        }
        let until = now + HELD_FOR;
        let is_reader = parts.store.hold(&parts.name, now, until).await?;
        self.held_until = is_reader.then_some(until);
        if is_reader != self.is_reader {
            // Another one has gone on with the stays, or will.
            (self.is_reader, self.is_right) = (is_reader, false);
        }
        Ok(if is_reader { Reads::Us } else { Reads::Another })
    }

    async fn step(&mut self, parts: &Parts) -> Result<Reads, Failure> {
        let reads = self.hold(parts).await?;
        self.catch_up(parts).await?;
        parts.health.works();
        let now = parts.clock.now();
        let given = parts.store.given(now).await?;
        let changed = self.picture.learn_given(given);
        self.show(parts, changed);
        let repriced = self.picture.reckon_prices_by_the_clock(now, PRICES_AT_ONCE);
        self.show(parts, repriced);
        if reads == Reads::Us {
            self.change(parts, |picture| Ok((picture.tell(now), (), BTreeSet::new()))).await?;
        }
        parts.metrics.show(&self.picture, &parts.board);
        Ok(reads)
    }

    fn details(&self, asked: &GetDetails) -> Vec<PlaceDetail> {
        let known: BTreeSet<&PlaceName> = match &asked.only {
            Some(only) => self.picture.known().filter(|id| *id == only).collect(),
            None => self.picture.known().collect(),
        };
        let behind = known.into_iter().filter(|id| asked.after.as_ref().is_none_or(|a| *id > a));
        behind.take(asked.limit).map(|id| self.detail(id)).collect()
    }

    fn detail(&self, id: &PlaceName) -> PlaceDetail {
        let description = self.picture.place(id).cloned();
        let counts = self.picture.counts(id).into_iter().map(|(bay_type, count)| {
            let shown = CountShown {
                open_stays: count.open,
                correction: count.correction,
                entries: count.entries,
                exits: count.exits,
                drift_per_1000: count.verified.as_ref().and_then(Verified::drift_per_1000),
            };
            (bay_type, shown)
        });
        PlaceDetail {
            id: id.to_string(),
            state: self.picture.state(id, description.as_ref().unwrap_or(&Place::default())),
            counts: counts.collect(),
            remarks: self.picture.remarks(id),
            description,
        }
    }
}

impl Parts {
    fn fails(&self, error: &SqlError) {
        self.metrics.failures.with_label_values(&["database"]).inc();
        if self.health.fails_to_keep(&error.to_string()) {
            tracing::error!(%error, "the office's database is not usable, trying again");
        }
    }
}

impl Actor for Keeper {
    type Context = Context<Self>;
}

impl Handler<Take> for Keeper {
    type Result = AtomicResponse<Self, Result<(), Failure>>;

    fn handle(&mut self, take: Take, _: &mut Self::Context) -> Self::Result {
        self.with(|parts, mut work| async move {
            let taken = work
                .change(&parts, |picture| {
                    if !take.follows {
                        tracing::warn!(
                            position = take.position,
                            "counts go on without what the feed does not hold any more: have the places counted",
                        );
                    }
                    let (change, places) = picture.hear(&take.events, take.position);
                    Ok((change, (), places))
                })
                .await;
            (work, taken)
        })
    }
}

impl Handler<Do> for Keeper {
    type Result = AtomicResponse<Self, Result<Done, Failure>>;

    fn handle(&mut self, Do { act, by }: Do, _: &mut Self::Context) -> Self::Result {
        self.with(|parts, mut work| async move {
            let now = parts.clock.now();
            let is_about_a_stay = matches!(act, Act::Forget(_));
            let was_reader = is_about_a_stay && work.knows_stays();
            let done = work.change(&parts, |picture| Ok(picture.act(&act, &by, now)?)).await;
            if is_about_a_stay {
                work.goes_on(was_reader);
            }
            (work, done)
        })
    }
}

impl Handler<Step> for Keeper {
    type Result = AtomicResponse<Self, Reads>;

    fn handle(&mut self, _: Step, _: &mut Self::Context) -> Self::Result {
        self.with(|parts, mut work| async move {
            let reads = match work.step(&parts).await {
                Ok(reads) => reads,
                Err(failure) => {
                    parts.fails(&SqlError::new(failure.to_string()));
                    Reads::Unknown
                }
            };
            (work, reads)
        })
    }
}

impl Handler<GetPosition> for Keeper {
    type Result = AtomicResponse<Self, Result<u64, Failure>>;

    fn handle(&mut self, _: GetPosition, _: &mut Self::Context) -> Self::Result {
        self.with(|parts, mut work| async move {
            if !work.is_reader {
                return (work, Err(Failure::NotTheReader));
            }
            work.is_right = false;
            let position = work.right(&parts).await.map(|picture| picture.position);
            (work, position)
        })
    }
}

impl Handler<GetDetails> for Keeper {
    type Result = AtomicResponse<Self, Result<Vec<PlaceDetail>, Failure>>;

    fn handle(&mut self, asked: GetDetails, _: &mut Self::Context) -> Self::Result {
        self.with(|parts, mut work| async move {
            let right = work.right(&parts).await.map(|_| ());
            let details = right.map(|()| work.details(&asked));
            (work, details)
        })
    }
}

impl Handler<GetStay> for Keeper {
    type Result = AtomicResponse<Self, Result<Option<StayShown>, Failure>>;

    fn handle(&mut self, GetStay(plate): GetStay, _: &mut Self::Context) -> Self::Result {
        self.with(|parts, mut work| async move {
            let was_reader = work.knows_stays();
            let stay = work.right(&parts).await.map(|picture| {
                picture.where_is(&plate).map(|stay| StayShown {
                    place: stay.place.to_string(),
                    bay_type: stay.bay_type.as_str().to_owned(),
                })
            });
            work.goes_on(was_reader);
            (work, stay)
        })
    }
}

impl Handler<GetInside> for Keeper {
    type Result = AtomicResponse<Self, Result<Vec<Plate>, Failure>>;

    fn handle(&mut self, GetInside(place): GetInside, _: &mut Self::Context) -> Self::Result {
        self.with(|parts, mut work| async move {
            let was_reader = work.knows_stays();
            let inside = work.right(&parts).await.map(|picture| picture.inside(&place));
            work.goes_on(was_reader);
            (work, inside)
        })
    }
}

impl Handler<Stop> for Keeper {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: Stop, _: &mut Self::Context) -> Self::Result {
        self.with(|parts, work| async move {
            if work.is_reader {
                let _ = parts.store.let_go(&parts.name).await;
            }
            (work, ())
        })
    }
}
