//! An event, as a reader has it.

use domain::Instant;
use domain::wire::parse_time;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// An event of the feed: that something became true. What the fields mean is in `docs/api.md`.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its place in the order of all events; never given twice.
    pub position: u64,
    /// The same for every retry of the same fact.
    pub id: String,
    /// Its `type`, for instance `session.closed`. One that a reader does not know is passed over.
    pub kind: String,
    /// When it became true.
    pub time: Instant,
    /// The car park; empty where it is about none.
    pub place: String,
    /// The session or the observation that it is about; never a plate.
    pub subject: String,
    /// When the feed took it.
    pub recorded_at: Instant,
    /// What is said of it: JSON, as it was posted. Of an erased plate its `vehicle_plate` is null.
    pub data: Box<RawValue>,
    /// The whole event, as the feed says it.
    pub text: Box<str>,
}

/// A text is no event.
#[derive(Debug, thiserror::Error)]
#[error("what the feed says is not understood: {0}")]
pub struct EventError(String);

#[derive(Deserialize)]
struct Fields {
    position: u64,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    time: String,
    #[serde(default)]
    place: String,
    subject: String,
    recordedat: String,
    data: Box<RawValue>,
}

impl Event {
    /// Reads what the feed says.
    pub fn parse(text: impl Into<Box<str>>) -> Result<Self, EventError> {
        let text = text.into();
        // Without the words of the error: they may quote a plate (G8).
        let wrong = |e: serde_json::Error| EventError(format!("column {}", e.column()));
        let fields: Fields = serde_json::from_str(&text).map_err(wrong)?;
        let Fields { position, id, kind, time, place, subject, recordedat, data } = fields;
        let instant = |name: &str, text: &str| {
            parse_time(text).ok_or_else(|| EventError(format!("`{name}` of event {position}")))
        };
        let (time, recorded_at) = (instant("time", &time)?, instant("recordedat", &recordedat)?);
        Ok(Self { position, id, kind, time, place, subject, recorded_at, data, text })
    }

    /// What is said of it, as a value of its own.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, EventError> {
        let about = |_| EventError(format!("the data of event {} ({})", self.position, self.kind));
        serde_json::from_str(self.data.get()).map_err(about)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use serde_json::Value;

    use super::*;

    const TEXT: &str = r#"{"specversion":"1.0","id":"0b2c","source":"/carpark","type":"session.closed","time":"2026-11-20T11:30:00Z","subject":"5c1d","datacontenttype":"application/json","place":"main","data":{"vehicle_plate":"ABC123",  "n":1},"position":4711,"recordedat":"2026-11-20T11:30:00.214Z"}"#;

    #[test]
    fn an_event_has_what_the_feed_says_of_it_and_its_own_text() {
        let event = Event::parse(TEXT).unwrap();
        assert_eq!((event.position, &*event.id, &*event.kind), (4711, "0b2c", "session.closed"));
        assert_eq!((&*event.place, &*event.subject), ("main", "5c1d"));
        assert_eq!(event.time, parse_time("2026-11-20T11:30:00Z").unwrap());
        assert_eq!(event.recorded_at, parse_time("2026-11-20T11:30:00.214Z").unwrap());
        assert_eq!(event.data.get(), r#"{"vehicle_plate":"ABC123",  "n":1}"#);
        assert_eq!(event.data::<Value>().unwrap()["n"], 1);
        assert_eq!(&*event.text, TEXT);
    }

    #[test]
    fn what_is_no_event_says_so_without_its_content() {
        for text in [
            TEXT.replace("\"position\":4711", "\"position\":\"ABC123\""),
            TEXT.replace("11:30:00Z", "ABC123"),
        ] {
            let error = Event::parse(text).unwrap_err().to_string();
            assert!(!error.contains("ABC123"), "{error}");
        }
        let error = Event::parse(TEXT).unwrap().data::<Vec<u8>>().unwrap_err().to_string();
        assert!(error.contains("4711") && !error.contains("ABC123"), "{error}");
    }
}
