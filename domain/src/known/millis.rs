//! Spans in a stored record: whole milliseconds.

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(span: &TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
    span.num_milliseconds().serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<TimeDelta, D::Error> {
    let millis = i64::deserialize(deserializer)?;
    TimeDelta::try_milliseconds(millis).ok_or_else(|| serde::de::Error::custom("no span of time"))
}
