//! Answers in less bytes, for those who read gzip.

use std::io::Write as _;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Answers of this size; less is not worth it, more would hold up the others.
const BYTES: std::ops::RangeInclusive<usize> = 1_000..=1 << 20;

/// Whether whoever asks reads gzip (RFC 9110, 12.5.3).
pub(super) fn reads_gzip(headers: &HeaderMap) -> bool {
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

#[cfg(test)]
mod tests {
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
}
