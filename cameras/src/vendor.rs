//! Who makes cameras, and whose a body is.

use std::fmt;
use std::str::FromStr;

use crate::adapters;
use crate::body::{Body, Document};
use crate::read::{Message, Unreadable};

/// Who made what posts: a camera, or a program that reads plates in a camera's pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vendor {
    Carpark,
}

/// One row per vendor: its name in the configuration, how to tell its messages, how to read them.
struct Adapter {
    vendor: Vendor,
    name: &'static str,
    is_own: fn(&Document) -> bool,
    read: fn(&Document) -> Result<Message, Unreadable>,
}

const ADAPTERS: &[Adapter] = &[Adapter {
    vendor: Vendor::Carpark,
    name: "carpark",
    is_own: adapters::carpark::is_own,
    read: adapters::carpark::read,
}];

impl Vendor {
    /// Every vendor, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        ADAPTERS.iter().map(|adapter| adapter.vendor)
    }

    /// Whose message it is, where it is one's.
    pub fn detect(body: &Body) -> Option<Self> {
        let own = |adapter: &&Adapter| body.documents.iter().any(|d| (adapter.is_own)(d));
        ADAPTERS.iter().find(own).map(|adapter| adapter.vendor)
    }

    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        self.adapter().name
    }

    /// What the message says: of all documents of the body that are this vendor's.
    pub fn read(self, body: &Body) -> Result<Message, Unreadable> {
        let adapter = self.adapter();
        let own = body.documents.iter().find(|d| (adapter.is_own)(d));
        (adapter.read)(own.ok_or(Unreadable::OtherVendor(adapter.name))?)
    }

    /// What the camera wants to hear as JSON, once its message is kept, so that it does not send it
    /// again. `None`: the status is enough. Nothing said here opens a barrier.
    pub fn answer(self) -> Option<&'static str> {
        None
    }

    fn adapter(self) -> &'static Adapter {
        ADAPTERS.iter().find(|a| a.vendor == self).expect("every vendor has a row")
    }
}

impl fmt::Display for Vendor {
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
        Self::all().find(|v| v.name() == name).ok_or_else(|| UnknownVendor(name.to_owned()))
    }
}
