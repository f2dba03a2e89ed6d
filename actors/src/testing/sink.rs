//! A sink in memory that keeps the contract of the real one: each report once, by its key.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::wire::{ExceptionMessage, OpeningMessage, SummaryMessage};
use domain::{Effect, ExceptionRow, Opening, Plate, Summary};
use serde_json::{Value, json};

use super::{Moment, SharedFate};
use crate::store::OutboxKind;
use crate::summary_client::{PostError, Sink};

/// See the module. Clones share.
#[derive(Clone)]
pub struct MemorySink {
    rows: Arc<Mutex<Rows>>,
    fate: SharedFate,
    /// Whether duplicates are recognised: a test takes that away and sees the difference.
    recognises: bool,
}

#[derive(Default)]
struct Rows {
    known: BTreeSet<String>,
    written: Vec<Effect>,
}

impl MemorySink {
    /// A sink that has no rows yet.
    pub fn new(fate: SharedFate) -> Self {
        Self { rows: Arc::default(), fate, recognises: true }
    }

    /// One that writes every post again: broken on purpose.
    #[must_use]
    pub fn without_duplicate_check(mut self) -> Self {
        self.recognises = false;
        self
    }

    /// What is written, in order.
    pub fn written(&self) -> Vec<Effect> {
        self.rows.lock().expect("the sink does not panic").written.clone()
    }

    fn write(&self, effect: Effect) {
        let mut rows = self.rows.lock().expect("the sink does not panic");
        if rows.known.insert(effect.key()) || !self.recognises {
            rows.written.push(effect);
        }
    }
}

fn parse(kind: OutboxKind, item: &str) -> Result<Effect, String> {
    match kind {
        OutboxKind::Opened => {
            let message: OpeningMessage = serde_json::from_str(item).map_err(|e| e.to_string())?;
            Opening::try_from(&message).map(Effect::Opened).map_err(|e| e.to_string())
        }
        OutboxKind::Summary => {
            let message: SummaryMessage = serde_json::from_str(item).map_err(|e| e.to_string())?;
            Summary::try_from(&message).map(Effect::Summary).map_err(|e| e.to_string())
        }
        OutboxKind::Exception => {
            let message: ExceptionMessage =
                serde_json::from_str(item).map_err(|e| e.to_string())?;
            ExceptionRow::try_from(&message).map(Effect::Exception).map_err(|e| e.to_string())
        }
    }
}

#[async_trait(?Send)]
impl Sink for MemorySink {
    fn shown(&self) -> String {
        "memory".to_owned()
    }

    async fn post(&self, kind: OutboxKind, items: &[&str]) -> Result<(), PostError> {
        self.fate.at(Moment::PostArrived).await.map_err(PostError::NoAnswer)?;
        for item in items {
            let effect =
                parse(kind, item).map_err(|text| PostError::Status { status: 422, text })?;
            self.write(effect);
        }
        self.fate.at(Moment::PostWritten).await.map_err(PostError::NoAnswer)
    }

    async fn held(&self, plate: &Plate) -> Result<Value, PostError> {
        let rows = self.written().iter().filter(|effect| effect.plate() == plate).count();
        Ok(json!({ "rows": rows }))
    }

    async fn erase(&self, plate: &Plate) -> Result<usize, PostError> {
        let mut rows = self.rows.lock().expect("the sink does not panic");
        let before = rows.written.len();
        rows.written.retain(|effect| effect.plate() != plate);
        Ok(before - rows.written.len())
    }
}
