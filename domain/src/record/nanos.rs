//! Times in a stored record: nanoseconds since 1970 as a number, which is short and quick to write.
//! What lies too far from 1970 for 64 bits (before 1677, after 2262) is an RFC 3339 text.

use std::fmt;

use chrono::DateTime;
use serde::de::{Error, Visitor};
use serde::{Deserializer, Serialize, Serializer};

use crate::Instant;
use crate::wire::parse_time;

pub(super) fn serialize<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    match at.timestamp_nanos_opt() {
        Some(nanos) => serializer.serialize_i64(nanos),
        None => at.serialize(serializer),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    deserializer.deserialize_any(TimeVisitor)
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Instant;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("nanoseconds since 1970, or an RFC 3339 time")
    }

    fn visit_i64<E: Error>(self, nanos: i64) -> Result<Instant, E> {
        Ok(DateTime::from_timestamp_nanos(nanos))
    }

    fn visit_u64<E: Error>(self, nanos: u64) -> Result<Instant, E> {
        i64::try_from(nanos).map_err(E::custom).and_then(|nanos| self.visit_i64(nanos))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Instant, E> {
        parse_time(text).ok_or_else(|| E::custom("no time"))
    }
}

/// The same for a time that need not be there.
pub(super) mod optional {
    use super::{Deserializer, Instant, Serializer};

    #[expect(clippy::ref_option, reason = "the form that serde calls")]
    pub(in crate::record) fn serialize<S: Serializer>(
        at: &Option<Instant>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::record) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Instant>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}
