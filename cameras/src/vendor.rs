//! Whose a body is, and what it says to them.

use std::fmt;
use std::str::FromStr;

use crate::adapters::{ADAPTERS, Adapter};
use crate::body::encoding::Legacy;
use crate::body::{BadBody, Body, Document};
use crate::read::{Message, READS_MAX, Unreadable};
use crate::tree::is_word;

/// Who made what posts: a camera, or a program that reads plates in a camera's pictures. One of the
/// table in [`adapters`](crate::adapters).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Vendor(
    /// Its row in [`ADAPTERS`]: what makes it the same vendor, and its place in the order.
    usize,
);

impl Vendor {
    /// Every vendor, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ADAPTERS.len()).map(Self)
    }

    /// Whose message it is, where it is one's.
    pub fn detect(body: &Body) -> Option<Self> {
        Self::all().find(|vendor| vendor.is_own(body))
    }

    /// Whether some of it is a message of this vendor.
    pub(crate) fn is_own(self, body: &Body) -> bool {
        body.documents.iter().any(|document| (self.adapter().is_own)(document))
    }

    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        self.adapter().names[0]
    }

    /// What the message says. Of a body with several documents (multipart), those of this vendor
    /// count; where none is, the first one's error says what is missing.
    pub fn read(self, body: &Body) -> Result<Message, Unreadable> {
        if body.is_nothing() {
            return Ok(Message::Nothing("nothing was found"));
        }
        let adapter = self.adapter();
        let mut own: Vec<&Document> =
            body.documents.iter().filter(|document| (adapter.is_own)(document)).collect();
        if own.is_empty() {
            own.extend(body.documents.first());
        }
        let mut reads = Vec::new();
        let mut other = Message::Nothing("no document");
        for document in own {
            match (adapter.read)(document)? {
                // What a message says twice is one read: an alarm on two lists, a plate in two boxes.
                Message::Reads(more) => {
                    if reads.len() + more.len() > READS_MAX {
                        return Err(Unreadable::TooMany);
                    }
                    for read in more {
                        if !reads.contains(&read) {
                            reads.push(read);
                        }
                    }
                }
                message => other = message,
            }
        }
        match reads.is_empty() {
            true => Ok(other),
            false => Ok(Message::Reads(reads)),
        }
    }

    /// The JSON that the camera wants to hear once its message is kept, so that it does not send it
    /// again. `None`: the status is enough. Nothing said here opens a barrier.
    pub fn answer(self, message: &Message) -> Option<String> {
        self.adapter().answer.map(|answer| answer(message))
    }

    fn adapter(self) -> &'static Adapter {
        ADAPTERS[self.0]
    }
}

/// Parses a body of `vendor`'s, or of whose it looks like: bytes that are not UTF-8 are taken for
/// the old encoding that is usual there.
pub(crate) fn parse(
    bytes: &[u8],
    content_type: Option<&str>,
    vendor: Option<Vendor>,
) -> Result<Body, BadBody> {
    let body = Body::parse_as(bytes, content_type, Legacy::Gb18030);
    let is_usual = |body: &Body| {
        let vendor = vendor.or_else(|| Vendor::detect(body));
        vendor.is_some_and(|vendor| vendor.adapter().legacy == Legacy::Gb18030)
    };
    match body {
        Ok(body) if !body.is_guessed_chinese || is_usual(&body) => Ok(body),
        Err(bad) if std::str::from_utf8(bytes).is_ok() => Err(bad),
        _ => Body::parse(bytes, content_type),
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No vendor is called so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no vendor is called {0:?}; known are {known}", known = known())]
pub struct UnknownVendor(String);

fn known() -> String {
    Vendor::all().map(Vendor::name).collect::<Vec<_>>().join(", ")
}

impl FromStr for Vendor {
    type Err = UnknownVendor;

    fn from_str(name: &str) -> Result<Self, UnknownVendor> {
        let is_called = |vendor: &Self| vendor.adapter().names.iter().any(|n| is_word(name, n));
        Self::all().find(is_called).ok_or_else(|| UnknownVendor(name.to_owned()))
    }
}

#[cfg(test)]
mod tests;
