//! The office as a reader of the feed: what is told of stays becomes counts, in one transaction with
//! the position.

use actix::Addr;
use async_trait::async_trait;
use domain::wire::{ExceptionMessage, OpeningMessage, SummaryMessage, Unsavable};
use domain::{Effect, ExceptionRow, Opening, Summary};
use platform::feed::{Event, EventError, Reader, Wanted};
use serde::de::DeserializeOwned;

use crate::keeper::{Failure, GetPosition, Keeper, Take};
use crate::money::{Ask, Cashier, Order};
use crate::store::SqlError;

/// The types of what is told of stays.
const TYPES: [&str; 5] = [
    "session.opened",
    "session.closed",
    "session.withdrawn",
    "exception.raised",
    "exception.repaired",
];

/// Stays of one transaction: one that is longer keeps the gates waiting.
const SETTLED_AT_ONCE: usize = 250;

/// Which events are wanted.
pub fn wanted() -> Wanted {
    Wanted { types: TYPES.map(str::to_owned).to_vec(), places: Vec::new() }
}

/// See the module.
pub struct OfficeReader {
    keeper: Addr<Keeper>,
    cashier: Addr<Cashier>,
}

impl OfficeReader {
    /// That gives everything to both.
    pub fn new(keeper: Addr<Keeper>, cashier: Addr<Cashier>) -> Self {
        Self { keeper, cashier }
    }

    /// First the money: said twice, it is done once, and the position is kept with the counts, behind
    /// it.
    async fn settle(&self, told: &[Effect]) -> Result<(), NotTaken> {
        for part in told.chunks(SETTLED_AT_ONCE) {
            let order = Ask(Order::Settle(part.to_vec()));
            self.cashier.send(order).await.map_err(|_| NotTaken::Stopping)??;
        }
        Ok(())
    }

    async fn give(&self, take: Take) -> Result<(), NotTaken> {
        self.keeper.send(take).await.map_err(|_| NotTaken::Stopping)??;
        Ok(())
    }
}

/// Why a page was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// Nothing can be made of an event; waiting may help, with another version of the program.
    #[error(transparent)]
    Event(#[from] EventError),
    /// See [`Failure`].
    #[error(transparent)]
    Failed(#[from] Failure),
    /// See [`SqlError`].
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The process ends.
    #[error("the office is stopping")]
    Stopping,
}

#[async_trait(?Send)]
impl Reader for OfficeReader {
    type Error = NotTaken;

    async fn position(&mut self) -> Result<Option<u64>, NotTaken> {
        let position = self.keeper.send(GetPosition).await.map_err(|_| NotTaken::Stopping)??;
        Ok((position > 0).then_some(position))
    }

    async fn take(&mut self, events: &[Event], next: u64) -> Result<(), NotTaken> {
        let told: Vec<Effect> = events
            .iter()
            .filter_map(|event| effect_of(event).transpose())
            .collect::<Result<_, _>>()?;
        self.settle(&told).await?;
        self.give(Take { events: told, position: next, follows: true }).await
    }

    async fn gone(&mut self, after: u64) -> Result<(), NotTaken> {
        self.give(Take { events: Vec::new(), position: after, follows: false }).await
    }
}

/// What an event tells of a stay; `None`: of a plate that was erased, or nothing.
fn effect_of(event: &Event) -> Result<Option<Effect>, EventError> {
    fn read<M, T>(event: &Event) -> Result<Option<T>, EventError>
    where
        M: DeserializeOwned,
        T: for<'a> TryFrom<&'a M, Error = Unsavable>,
    {
        // Of an erased plate nothing stands there that could be read.
        let Ok(message) = event.data::<M>() else { return erased(event).map(|()| None) };
        Ok(T::try_from(&message).ok())
    }
    Ok(match event.kind.as_str() {
        "session.opened" => read::<OpeningMessage, Opening>(event)?.map(Effect::Opened),
        "session.closed" => read::<SummaryMessage, Summary>(event)?.map(Effect::Summary),
        kind if TYPES.contains(&kind) => {
            read::<ExceptionMessage, ExceptionRow>(event)?.map(Effect::Exception)
        }
        _ => None,
    })
}

/// Whether it has no plate any more; otherwise it is not understood.
fn erased(event: &Event) -> Result<(), EventError> {
    #[derive(serde::Deserialize)]
    struct Plateless {
        #[serde(rename = "vehicle_plate")]
        _plate: (),
    }
    event.data::<Plateless>().map(|_| ())
}
