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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{poll_fn, ready};
    use std::net::IpAddr;

    use actix_web::body::BodyStream;
    use futures_util::stream;

    use super::*;
    use crate::http::connections::connections;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn streamed() -> BoxBody {
        let bytes = ready(Ok::<_, Infallible>(Bytes::from_static(b"AB12")));
        BoxBody::new(BodyStream::new(stream::once(bytes)))
    }

    #[actix_web::test]
    async fn a_connection_is_at_work_until_the_body_is_gone() {
        let all = connections(1, 1);
        let connection = all.admit(ONE).unwrap();
        let work = Some(connection.begin(true));
        let mut held = Held::until_the_end_of(streamed(), work);
        assert!(all.admit(ONE).is_none());
        let sent = poll_fn(|context| Pin::new(&mut held).poll_next(context)).await;
        assert_eq!(sent.unwrap().unwrap(), "AB12");
        // What streams is not whole, and goes on at work.
        let held = held.try_into_bytes().err().unwrap();
        assert!(all.admit(ONE).is_none() && !connection.is_closed());
        drop(held);
        assert!(all.admit(ONE).is_some() && connection.is_closed());
    }

    #[test]
    fn what_is_whole_is_sent_at_once_and_its_length_is_said() {
        let held = Held::until_the_end_of(BoxBody::new("AB12"), None);
        assert_eq!(held.size(), BodySize::Sized(4));
        assert_eq!(held.try_into_bytes().ok().unwrap(), "AB12");
        assert_eq!(Held::until_the_end_of(streamed(), None).size(), BodySize::Stream);
    }
}
