//! From bytes to what a camera says: the body, its vendor, its message. Pure.

use crate::body::{BadBody, Body};
use crate::read::{Message, Unreadable};
use crate::vendor::Vendor;

/// A message, and whose it is.
#[derive(Debug)]
pub struct Understood {
    /// As configured, or as detected.
    pub vendor: Vendor,
    /// What it says.
    pub message: Message,
}

/// Why a body says nothing. Shows nothing of what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUnderstood {
    /// It cannot be parsed.
    #[error(transparent)]
    Body(#[from] BadBody),
    /// It can, and is of no vendor that is known.
    #[error(
        "the message is of no vendor that carpark knows ({0}); if it is one of these, set the \
         camera's `vendor`, and the answer will say what is missing"
    )]
    NobodysMessage(String),
    /// It is the vendor's, or should be, and lacks what it must have.
    #[error("as a message of {0}: {1}")]
    Message(Vendor, Unreadable),
}

/// Reads a body as a message of `vendor`, or of whose it looks like.
pub fn understand(
    bytes: &[u8],
    content_type: Option<&str>,
    vendor: Option<Vendor>,
) -> Result<Understood, NotUnderstood> {
    let body = Body::parse(bytes, content_type)?;
    let Some(vendor) = vendor.or_else(|| Vendor::detect(&body)) else {
        let known: Vec<&str> = Vendor::all().map(Vendor::name).collect();
        return Err(NotUnderstood::NobodysMessage(known.join(", ")));
    };
    let message = vendor.read(&body).map_err(|why| NotUnderstood::Message(vendor, why))?;
    Ok(Understood { vendor, message })
}
