//! Who makes cameras, and whose a body is.

use std::fmt;
use std::str::FromStr;

use crate::adapters::{
    READS_MAX, axis, blue_iris, carpark, dahua, frigate, genetec, hikvision, lilin, milesight,
    openalpr, plate_recognizer, survision, tattile, unifi_protect, verkada, vzenith,
};
use crate::body::{Body, Document};
use crate::read::{Message, Unreadable};

/// Who made what posts: a camera, or a program that reads plates in a camera's pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vendor {
    /// carpark's own messages.
    Carpark,
    /// Axis, and CaMMRa of FF Group.
    Axis,
    /// Blue Iris with CodeProject.AI.
    BlueIris,
    /// Dahua.
    Dahua,
    /// Frigate.
    Frigate,
    /// Genetec AutoVu.
    Genetec,
    /// Hikvision.
    Hikvision,
    /// LILIN.
    Lilin,
    /// Milesight.
    Milesight,
    /// OpenALPR, and Rekor Scout.
    OpenAlpr,
    /// Plate Recognizer Stream.
    PlateRecognizer,
    /// Survision.
    Survision,
    /// Tattile.
    Tattile,
    /// UniFi Protect.
    UnifiProtect,
    /// Verkada.
    Verkada,
    /// Vzenith, and Alphadigi.
    Vzenith,
}

/// What carpark knows of one vendor.
struct Adapter {
    vendor: Vendor,
    /// In the configuration; others for the same, where people know it by another name.
    names: &'static [&'static str],
    is_own: fn(&Document) -> bool,
    read: fn(&Document) -> Result<Message, Unreadable>,
}

/// One row per vendor; the order does not matter, since no message is two vendors' (a test).
const ADAPTERS: &[Adapter] = &[
    row(Vendor::Carpark, &["carpark"], carpark::is_own, carpark::read),
    row(Vendor::Axis, &["axis", "ff-group"], axis::is_own, axis::read),
    row(Vendor::BlueIris, &["blue-iris"], blue_iris::is_own, blue_iris::read),
    row(Vendor::Dahua, &["dahua"], dahua::is_own, dahua::read),
    row(Vendor::Frigate, &["frigate"], frigate::is_own, frigate::read),
    row(Vendor::Genetec, &["genetec"], genetec::is_own, genetec::read),
    row(Vendor::Hikvision, &["hikvision"], hikvision::is_own, hikvision::read),
    row(Vendor::Lilin, &["lilin"], lilin::is_own, lilin::read),
    row(Vendor::Milesight, &["milesight"], milesight::is_own, milesight::read),
    row(Vendor::OpenAlpr, &["openalpr", "rekor"], openalpr::is_own, openalpr::read),
    row(
        Vendor::PlateRecognizer,
        &["plate-recognizer"],
        plate_recognizer::is_own,
        plate_recognizer::read,
    ),
    row(Vendor::Survision, &["survision"], survision::is_own, survision::read),
    row(Vendor::Tattile, &["tattile"], tattile::is_own, tattile::read),
    row(Vendor::UnifiProtect, &["unifi-protect"], unifi_protect::is_own, unifi_protect::read),
    row(Vendor::Verkada, &["verkada"], verkada::is_own, verkada::read),
    row(Vendor::Vzenith, &["vzenith", "alphadigi"], vzenith::is_own, vzenith::read),
];

const fn row(
    vendor: Vendor,
    names: &'static [&'static str],
    is_own: fn(&Document) -> bool,
    read: fn(&Document) -> Result<Message, Unreadable>,
) -> Adapter {
    Adapter { vendor, names, is_own, read }
}

impl Vendor {
    /// Every vendor, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        ADAPTERS.iter().map(|adapter| adapter.vendor)
    }

    /// Whose message it is, where it is one's.
    pub fn detect(body: &Body) -> Option<Self> {
        let is_own = |adapter: &&Adapter| body.documents.iter().any(|d| (adapter.is_own)(d));
        ADAPTERS.iter().find(is_own).map(|adapter| adapter.vendor)
    }

    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        self.adapter().names[0]
    }

    /// What the message says. Of a body with several documents (multipart), those of this vendor
    /// count; where none is, the first one's error says what is missing.
    pub fn read(self, body: &Body) -> Result<Message, Unreadable> {
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
        match self {
            Self::Dahua => Some(r#"{"Result":true}"#.to_owned()),
            Self::Vzenith => Some(vzenith::answer(message)),
            _ => None,
        }
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
        let adapter = ADAPTERS.iter().find(|adapter| adapter.names.contains(&name));
        adapter.map(|a| a.vendor).ok_or_else(|| UnknownVendor(name.to_owned()))
    }
}

#[cfg(test)]
mod tests;
