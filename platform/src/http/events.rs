//! Server-sent events. A stream is one text that goes on: for those who read gzip, what has been
//! said in it already, as most of a page's region has, costs a few bytes when it is said again, and
//! each event is let out as soon as it is there.

use std::fmt::Display;
use std::io::Write as _;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt;
use futures_util::stream::unfold;

use super::compressed::reads_gzip;

/// The id of the last event that a client had, which comes back: a browser says so where it
/// reconnects by itself.
pub fn last_event_id(request: &HttpRequest) -> Option<&str> {
    request.headers().get("last-event-id").and_then(|id| id.to_str().ok())
}

/// Whoever tells a client of events.
pub trait Telling {
    /// What is said next, in whole events ([`event`]); `None`: the stream ends.
    fn next(&mut self) -> impl Future<Output = Option<String>>;
}

/// One event, as it is written. `data` is a single line.
pub fn event(id: Option<&dyn Display>, name: &str, data: &str) -> String {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("{id}event: {name}\ndata: {data}\n\n")
}

/// An answer of server-sent events.
pub fn events(request: &HttpRequest, telling: impl Telling + 'static) -> HttpResponse {
    let events = unfold(telling, async |mut telling| {
        let said = telling.next().await?;
        Some((said, telling))
    });
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "accept-encoding"))
        // A proxy that gathers answers would make it anything but live.
        .insert_header(("x-accel-buffering", "no"));
    if !reads_gzip(request.headers()) {
        return answer.streaming(events.map(|said| Ok::<_, actix_web::Error>(Bytes::from(said))));
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    answer
        .insert_header((CONTENT_ENCODING, "gzip"))
        .streaming(events.map(move |said| Ok::<_, actix_web::Error>(packed(&mut packer, &said)?)))
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
