//! Serves a person who asks what is held of a plate, or wants it erased (G8).
//!
//! Owns: nothing.
//! Hears: [`Export`], [`Erase`], from the routes of [`crate::admin`].
//! Tells: the store, the sink, the desk of the dead letters, the vehicle monitor.
//! Never: answers an erasure before all places have confirmed it. Repeated, it is the same.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message, ResponseFuture};
use async_trait::async_trait;
use domain::Plate;
use platform::messaging::BrokerError;
use platform::messaging::dead_letters::{DeadLetter, Which};
use platform::runtime::Vital;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use tracing::info;
use utoipa::ToSchema;

use crate::dead_letter_desk::{DeadLetterDesk, Discard, Find};
use crate::store::{Plates, StoreError};
use crate::summary_client::{PostError, Sink};

/// For reports of the plate to reach the sink, so that none comes after the erasure.
const REPORTED_WITHIN: Duration = Duration::from_secs(5);
/// Between two looks whether they have.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// All that is held of a plate.
#[derive(Debug, Message)]
#[rtype(result = "Result<Holdings, DeskError>")]
pub struct Export(pub Plate);

/// Erase all that is held of a plate.
#[derive(Debug, Message)]
#[rtype(result = "Result<Erased, DeskError>")]
pub struct Erase(pub Plate);

/// All that is held of a plate.
#[derive(Debug, Serialize, ToSchema)]
pub struct Holdings {
    /// The plate, normalised.
    #[schema(value_type = String)]
    pub vehicle_plate: Plate,
    /// The record of the store: reads of the last day or so, and what was reported of them.
    pub record: Option<Value>,
    /// Reports on their way to the sink.
    pub reports: Vec<Value>,
    /// What the sink answers for its files: rows of `summaries.csv` and `exceptions.csv`.
    pub files: Value,
    /// Messages among the dead letters.
    pub dead_letters: Vec<String>,
    /// The vehicle of the vehicle monitor that has the plate: none, or one; missing where no monitor
    /// is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicles: Option<Value>,
    /// Where its vehicle is counted as inside: nowhere, or at one place; missing where no office is
    /// known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub places: Option<Value>,
}

/// How much of each was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Erased {
    /// Whether the store held a record.
    pub record: bool,
    /// Rows of the files.
    pub rows: usize,
    /// Messages among the dead letters.
    pub dead_letters: usize,
    /// Vehicles of the vehicle monitor; missing where no monitor is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vehicles: Option<usize>,
    /// Stays of the office; missing where no office is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub places: Option<usize>,
}

/// Another room that holds something of a plate; the binary brings the two together.
#[async_trait(?Send)]
pub trait HoldsPlates {
    /// What it holds of a plate, a list of none or one. An error says why in words.
    async fn held(&self, plate: &Plate) -> Result<Value, String>;

    /// Erases that; answers how much it was.
    async fn erase(&self, plate: &Plate) -> Result<usize, String>;
}

/// The other room, from when it is known: it starts after the actors.
pub type LaterHolder = Rc<OnceCell<Box<dyn HoldsPlates>>>;

/// Why a request could not be served, or not to its end. Ask again.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sink could not be asked.
    #[error("the files cannot be reached: {0}")]
    Sink(#[from] PostError),
    /// The broker could not be asked.
    #[error("the dead letters cannot be reached: {0}")]
    Broker(#[from] BrokerError),
    /// The vehicle monitor could not be asked; why, in words.
    #[error("the vehicle monitor cannot be reached: {0}")]
    Vehicles(String),
    /// The office could not be asked; why, in words.
    #[error("the office cannot be reached: {0}")]
    Places(String),
    /// What is on its way would arrive after the erasure.
    #[error(
        "reports of the plate are on their way to the sink and have not arrived within {} s: the \
         record is erased, the files are not; ask again when the sink works",
        REPORTED_WITHIN.as_secs()
    )]
    OnTheirWay,
    /// The desk of the dead letters.
    #[error("the actors are stopping")]
    Stopping,
}

/// See the module.
pub struct PlateDesk {
    parts: Rc<Parts>,
    /// Without the desk nothing is erased.
    vital: Vital,
}

/// What the desk is made of: the four places where something can be held.
pub struct Parts {
    /// The records, and the reports that are not confirmed.
    pub store: Arc<dyn Plates>,
    /// The files.
    pub sink: Rc<dyn Sink>,
    /// What could not be read.
    pub dead_letters: Addr<DeadLetterDesk>,
    /// The vehicle monitor, which knows whose a plate is.
    pub vehicles: LaterHolder,
    /// The office, which counts its vehicle.
    pub places: LaterHolder,
}

impl PlateDesk {
    /// Made of its parts.
    pub fn new(parts: Parts, vital: Vital) -> Self {
        Self { parts: Rc::new(parts), vital }
    }
}

/// What another room holds, where there is one.
async fn held_by(
    other: &LaterHolder,
    plate: &Plate,
    failed: fn(String) -> DeskError,
) -> Result<Option<Value>, DeskError> {
    let Some(other) = other.get() else { return Ok(None) };
    other.held(plate).await.map(Some).map_err(failed)
}

/// Erases that.
async fn erased_by(
    other: &LaterHolder,
    plate: &Plate,
    failed: fn(String) -> DeskError,
) -> Result<Option<usize>, DeskError> {
    let Some(other) = other.get() else { return Ok(None) };
    other.erase(plate).await.map(Some).map_err(failed)
}

impl Parts {
    async fn export(&self, plate: Plate) -> Result<Holdings, DeskError> {
        let held = self.store.held(&plate).await?;
        let files = self.sink.held(&plate).await?;
        let letters = self.letters_of(&plate).await?;
        let vehicles = held_by(&self.vehicles, &plate, DeskError::Vehicles).await?;
        let places = held_by(&self.places, &plate, DeskError::Places).await?;
        let as_json = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
        Ok(Holdings {
            record: held.record.as_deref().map(as_json),
            reports: held.reports.iter().map(|entry| as_json(&entry.body)).collect(),
            files,
            dead_letters: letters
                .iter()
                .map(|letter| String::from_utf8_lossy(&letter.body).into_owned())
                .collect(),
            vehicles,
            places,
            vehicle_plate: plate,
        })
    }

    /// In the order of the way, so that nothing follows behind: the record, what is on its way,
    /// the files; then what never was on it: dead letters, and whose the plate is.
    async fn erase(&self, plate: Plate) -> Result<Erased, DeskError> {
        let record = self.store.erase(&plate).await?;
        let begun = Instant::now();
        while !self.store.held(&plate).await?.reports.is_empty() {
            if begun.elapsed() > REPORTED_WITHIN {
                return Err(DeskError::OnTheirWay);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let rows = self.sink.erase(&plate).await?;
        let dead_letters = self.discard_letters_of(&plate).await?;
        let vehicles = erased_by(&self.vehicles, &plate, DeskError::Vehicles).await?;
        let places = erased_by(&self.places, &plate, DeskError::Places).await?;
        info!(?plate, record, rows, dead_letters, vehicles, places, "plate erased");
        Ok(Erased { record, rows, dead_letters, vehicles, places })
    }

    async fn discard_letters_of(&self, plate: &Plate) -> Result<usize, DeskError> {
        let ids: BTreeSet<String> =
            self.letters_of(plate).await?.into_iter().map(|letter| letter.id).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        let discard = Discard(Which::These(ids));
        let handled = self.dead_letters.send(discard).await.map_err(|_| DeskError::Stopping)??;
        match handled.stopped {
            Some(e) => Err(e.into()),
            None => Ok(handled.done),
        }
    }

    async fn letters_of(&self, plate: &Plate) -> Result<Vec<DeadLetter>, DeskError> {
        let of = plate.clone();
        let find = Find(Box::new(move |letter| speaks_of(&letter.body, &of)));
        Ok(self.dead_letters.send(find).await.map_err(|_| DeskError::Stopping)??)
    }
}

/// Whether a message, good or not, names the plate.
fn speaks_of(body: &[u8], plate: &Plate) -> bool {
    #[derive(Deserialize)]
    struct Named {
        vehicle_plate: String,
    }
    serde_json::from_slice::<Named>(body)
        .is_ok_and(|named| Plate::parse(&named.vehicle_plate).as_ref() == Ok(plate))
}

impl Actor for PlateDesk {
    type Context = Context<Self>;
}

impl Handler<Export> for PlateDesk {
    type Result = ResponseFuture<Result<Holdings, DeskError>>;

    fn handle(&mut self, Export(plate): Export, _: &mut Self::Context) -> Self::Result {
        self.vital.may_die_here();
        let parts = Rc::clone(&self.parts);
        Box::pin(async move { parts.export(plate).await })
    }
}

impl Handler<Erase> for PlateDesk {
    type Result = ResponseFuture<Result<Erased, DeskError>>;

    fn handle(&mut self, Erase(plate): Erase, _: &mut Self::Context) -> Self::Result {
        let parts = Rc::clone(&self.parts);
        Box::pin(async move { parts.erase(plate).await })
    }
}
