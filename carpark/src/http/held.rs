//! An answer's body that keeps its request at work until it is sent to its end.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use super::connections::AtWork;

/// See the module.
pub struct Held {
    body: BoxBody,
    work: Option<AtWork>,
}

impl Held {
    /// `work` ends with `body`.
    pub fn until_the_end_of(body: BoxBody, work: Option<AtWork>) -> Self {
        Self { body, work }
    }
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }

    /// What is whole already is sent at once.
    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, work } = self;
        body.try_into_bytes().map_err(|body| Self { body, work })
    }
}
