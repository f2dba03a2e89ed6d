//! From bytes to what a camera says: the body, its vendor, its message. Pure.

use crate::body::BadBody;
use crate::read::{Message, Unreadable};
use crate::vendor::{self, Vendor};

/// A message, and whose it is.
#[derive(Debug)]
pub struct Understood {
    /// As configured, or as detected.
    pub vendor: Vendor,
    /// What the message says.
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
    let body = vendor::parse(bytes, content_type, vendor)?;
    let Some(vendor) = vendor.or_else(|| Vendor::detect(&body)) else {
        if body.is_damaged {
            return Err(BadBody::NotUtf8.into());
        }
        let known: Vec<&str> = Vendor::all().map(Vendor::name).collect();
        return Err(NotUnderstood::NobodysMessage(known.join(", ")));
    };
    let message = vendor.read(&body).map_err(|why| NotUnderstood::Message(vendor, why))?;
    match body.is_damaged && message.has_hole() {
        true => Err(BadBody::NotUtf8.into()),
        false => Ok(Understood { vendor, message }),
    }
}

#[cfg(test)]
mod tests;
