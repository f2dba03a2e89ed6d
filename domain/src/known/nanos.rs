//! Times in a stored record: seconds since 1970 and nanoseconds, as numbers, which are short and
//! quick to write.

use chrono::DateTime;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Instant;

pub(crate) fn serialize<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    (at.timestamp(), at.timestamp_subsec_nanos()).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    let (seconds, nanos) = Deserialize::deserialize(deserializer)?;
    DateTime::from_timestamp(seconds, nanos).ok_or_else(|| D::Error::custom("no time"))
}

/// The same for a time that need not be there.
pub(crate) mod optional {
    use super::{Deserializer, Instant, Serializer};

    #[expect(clippy::ref_option, reason = "the form that serde calls")]
    pub(crate) fn serialize<S: Serializer>(
        at: &Option<Instant>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Instant>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}
