//! `HEAD` wherever `GET` is, as HTTP has it (RFC 9110, 9.1 and 9.3.2): watchdogs ask that way. The
//! request goes on as a `GET`; of the answer all but the body is sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Bytes;

/// The length that a body would have had, and none of it: what streams for ever is not begun.
struct NoBody(BodySize);

impl MessageBody for NoBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// Answers `HEAD` as `GET`, without a body.
pub(super) async fn as_get(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<BoxBody>> {
    if request.method() != Method::HEAD {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    request.head_mut().method = Method::GET;
    let answer = next.call(request).await?;
    Ok(answer.map_body(|_, body| NoBody(body.size())).map_into_boxed_body())
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpRequest, HttpResponse, test, web};
    use futures_util::stream;

    use super::*;

    /// Method that the route saw, status, length said and body sent.
    async fn asked(method: Method, path: &str) -> (String, u16, BodySize, Bytes) {
        let seen = |request: HttpRequest| async move {
            let mut answer = HttpResponse::Ok();
            answer.insert_header(("x-seen", request.method().as_str()));
            let bytes = Ok::<_, Infallible>(Bytes::from_static(b"x"));
            match request.path() {
                "/stream" => answer.streaming(stream::once(ready(bytes))),
                _ => answer.body("twelve bytes"),
            }
        };
        let app = App::new().wrap(from_fn(as_get)).default_service(web::to(seen));
        let app = test::init_service(app).await;
        let request = test::TestRequest::default().method(method).uri(path).to_request();
        let answer = test::call_service(&app, request).await;
        let seen = answer.headers().get("x-seen").unwrap().to_str().unwrap().to_owned();
        let (status, size) = (answer.status().as_u16(), answer.response().body().size());
        (seen, status, size, test::read_body(answer).await)
    }

    #[actix_web::test]
    async fn a_head_is_a_get_whose_body_is_not_sent() {
        let get = || "GET".to_owned();
        let length = BodySize::Sized(12);
        assert_eq!(asked(Method::HEAD, "/").await, (get(), 200, length, Bytes::new()));
        assert_eq!(asked(Method::GET, "/").await, (get(), 200, length, "twelve bytes".into()));
        let posted = ("POST".to_owned(), 200, length, "twelve bytes".into());
        assert_eq!(asked(Method::POST, "/").await, posted);
    }

    #[actix_web::test]
    async fn what_streams_is_not_begun_for_a_head() {
        let answer = asked(Method::HEAD, "/stream").await;
        assert_eq!(answer, ("GET".to_owned(), 200, BodySize::Stream, Bytes::new()));
    }
}
