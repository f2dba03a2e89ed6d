//! Answers in less bytes, for those who read gzip. A stream is one text that goes on: what has been
//! said in it already, as most of a region has, costs a few bytes when it is said again, and each
//! event is let out as soon as it is there.

use std::io::Write as _;

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{Stream, StreamExt};

/// Answers of this size; less is not worth it, more would hold up the others.
const BYTES: std::ops::RangeInclusive<usize> = 1_000..=1 << 20;

/// Whether whoever asks reads gzip (RFC 9110, 12.5.3).
fn reads_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = quality
            .trim()
            .strip_prefix("q=")
            .is_some_and(|q| q.parse().is_ok_and(|q: f32| q <= 0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

/// A middleware: texts of a known length, compressed.
pub async fn compressed(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<BoxBody>> {
    let is_wanted = reads_gzip(request.headers());
    let answer = next.call(request).await?.map_into_boxed_body();
    let headers = answer.headers();
    let is_text =
        headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
            kind.starts_with("text/")
                || ["json", "javascript", "svg"].iter().any(|k| kind.contains(k))
        });
    if !is_wanted || !is_text || headers.contains_key(CONTENT_ENCODING) {
        return Ok(answer);
    }
    Ok(answer.map_body(|head, body| match body.try_into_bytes() {
        Ok(bytes) if BYTES.contains(&bytes.len()) => match gzip(&bytes) {
            Some(packed) => {
                head.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                head.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
                BoxBody::new(packed)
            }
            None => BoxBody::new(bytes),
        },
        Ok(bytes) => BoxBody::new(bytes),
        Err(body) => body,
    }))
}

fn gzip(bytes: &[u8]) -> Option<Bytes> {
    let mut packer = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::default());
    packer.write_all(bytes).ok()?;
    packer.finish().ok().map(Bytes::from)
}

/// An answer of server-sent events.
pub(super) fn events(
    asked: &HeaderMap,
    events: impl Stream<Item = String> + 'static,
) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "accept-encoding"))
        // A proxy that gathers answers would make it anything but live.
        .insert_header(("x-accel-buffering", "no"));
    if !reads_gzip(asked) {
        return answer.streaming(events.map(|event| Ok::<_, actix_web::Error>(Bytes::from(event))));
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    answer
        .insert_header((CONTENT_ENCODING, "gzip"))
        .streaming(events.map(move |event| Ok::<_, actix_web::Error>(packed(&mut packer, &event)?)))
}

/// What the event adds to the stream, all of it.
fn packed(packer: &mut GzEncoder<Vec<u8>>, event: &str) -> std::io::Result<Bytes> {
    packer.write_all(event.as_bytes())?;
    packer.flush()?;
    Ok(Bytes::from(std::mem::take(packer.get_mut())))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn headers(accepted: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
        headers
    }

    #[test]
    fn gzip_is_for_those_who_read_it() {
        for accepted in ["gzip", "deflate, gzip;q=0.5, br", "br,GZIP"] {
            assert!(reads_gzip(&headers(accepted)), "{accepted}");
        }
        for accepted in ["", "br", "gzip;q=0", "x-gzip-no"] {
            assert!(!reads_gzip(&headers(accepted)), "{accepted}");
        }
        assert!(!reads_gzip(&HeaderMap::new()));
    }

    #[test]
    fn an_event_is_let_out_at_once_and_what_was_said_before_costs_next_to_nothing() {
        let rows: Vec<String> =
            (0..200).map(|n| format!("<tr><td>PLATE{}</td></tr>", n * 7)).collect();
        let event = format!("event: news\ndata: {}\n\n", rows.concat());
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        let first = packed(&mut packer, &event).unwrap();
        let second = packed(&mut packer, &event).unwrap();
        assert!(second.len() * 20 < event.len(), "{} of {}", second.len(), event.len());
        let mut read = String::new();
        // What has come can be read, though the stream has no end yet.
        let all = [first, second].concat();
        let _ = GzDecoder::new(&*all).read_to_string(&mut read);
        assert_eq!(read, event.repeat(2));
    }
}
