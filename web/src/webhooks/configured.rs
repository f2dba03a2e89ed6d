//! What is said of a webhook in `carpark.toml`.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use url::Url;

use crate::fact::FactKind;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret that is made here.
const BYTES: usize = 32;

/// Whoever is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// As logs, metrics and routes call it.
    pub name: String,
    /// Where events are posted.
    pub url: Url,
    /// Only those of these types; of all where there are none.
    pub types: Vec<String>,
    /// Only those of these places; of all where there are none.
    pub places: Vec<String>,
    /// Each signs: two of them while one is replaced.
    pub secrets: Vec<Secret>,
    /// Whether it may be in a network of one's own, and without TLS.
    pub allow_private: bool,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// Deliveries of new events at a time.
    pub concurrency: usize,
}

impl Webhook {
    /// Changes when another should be told, or of something else.
    pub(super) fn fingerprint(&self) -> String {
        let Self { url, types, places, allow_private, .. } = self;
        let said = format!("{url} {types:?} {places:?} {allow_private}");
        format!("{:08x}", crc32fast::hash(said.as_bytes()))
    }
}

/// A secret that carpark and the receiver share. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// A text is no secret; what would be one. Quotes nothing of it.
#[derive(Debug, thiserror::Error)]
#[error(
    "not a secret of Standard Webhooks: expected `whsec_` and 24 to 64 bytes in base64; `carpark webhooks secret` prints a new one"
)]
pub struct SecretError;

impl Secret {
    /// Reads `whsec_` and base64.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let bytes = text.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
        bytes.filter(|bytes| (24..=64).contains(&bytes.len())).map(Self).ok_or(SecretError)
    }

    /// A new one, as it is written; `None` where the system has no random numbers.
    pub fn generate() -> Option<String> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(format!("{PREFIX}{}", STANDARD.encode(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The types that a word of the configuration means: one, or those of a kind (`session.*`).
pub fn types_of(word: &str) -> Result<Vec<String>, String> {
    let names = FactKind::ALL.map(FactKind::as_str);
    let is_meant = |name: &&&str| match word.strip_suffix('*') {
        Some("") => true,
        Some(kind) => kind.ends_with('.') && name.starts_with(kind),
        None => **name == word,
    };
    let meant: Vec<String> = names.iter().filter(is_meant).map(|name| (*name).to_owned()).collect();
    match meant.is_empty() {
        true => Err(format!(
            "`{word}` is no type of event: expected {}, or all of a kind, as session.*",
            names.join(", ")
        )),
        false => Ok(meant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_what_the_standard_says_and_a_new_one_is_one() {
        assert!(Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_ok(), "24 bytes");
        for text in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_?"]
        {
            let error = Secret::parse(text).unwrap_err().to_string();
            assert!(error.contains("carpark webhooks secret"), "{error}");
        }
        assert!(Secret::parse(&format!("{PREFIX}{}", STANDARD.encode([1; 65]))).is_err());
        let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert!(one != other && Secret::parse(&one).is_ok(), "{one}");
        assert_eq!(format!("{:?}", Secret::parse(&one).unwrap()), "***");
    }

    #[test]
    fn a_word_means_a_type_or_those_of_a_kind() {
        assert_eq!(types_of("session.closed").unwrap(), ["session.closed"]);
        assert_eq!(types_of("exception.*").unwrap(), ["exception.raised", "exception.repaired"]);
        assert_eq!(types_of("*").unwrap().len(), FactKind::ALL.len());
        for word in ["session", "session*", "session.ended", "", ".*"] {
            assert!(types_of(word).unwrap_err().contains("session.closed"), "{word}");
        }
    }
}
