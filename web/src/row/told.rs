//! What other parts than the actors tell: it stands in the feed and in no file.

use domain::wire::{FactMessage, Unsavable, parse_time};
use domain::{Instant, PlaceName};
use serde_json::value::RawValue;

use super::{Lines, Posted};
use crate::fact::{About, Fact, FactKind};

/// One of them.
pub(crate) struct OfOthers {
    kind: FactKind,
    key: String,
    at: Instant,
    /// None of what is about no car park.
    place: Option<PlaceName>,
    subject: String,
    data: Box<RawValue>,
}

impl TryFrom<&FactMessage<Box<RawValue>>> for OfOthers {
    type Error = Unsavable;

    fn try_from(message: &FactMessage<Box<RawValue>>) -> Result<Self, Unsavable> {
        let kind = FactKind::parse(&message.kind)
            .filter(|kind| FactKind::TOLD_BY_OTHERS.contains(kind))
            .ok_or(Unsavable::Kind)?;
        let place = Some(&message.place).filter(|place| !place.is_empty());
        let place = place.map(|place| place.parse()).transpose();
        let place = place.map_err(|e| Unsavable::Text("place", e))?;
        Ok(Self {
            kind,
            key: message.key.clone(),
            at: parse_time(&message.at).ok_or(Unsavable::Time("at"))?,
            place,
            subject: message.subject.clone(),
            data: message.data.clone(),
        })
    }
}

impl Posted for OfOthers {
    type Message = FactMessage<Box<RawValue>>;
    const KEY_NAME: &'static str = "key";

    fn key(&self) -> String {
        self.key.clone()
    }

    fn lines(posted: &[Self]) -> Lines {
        Lines::of_facts(posted.iter().map(|told| {
            let Self { kind, key, at, place, subject, data } = told;
            let about = About {
                kind: *kind,
                key,
                at: *at,
                place: place.as_ref().map_or("", PlaceName::as_str),
                subject: subject.as_str(),
            };
            Fact::new(&about, data)
        }))
    }
}
