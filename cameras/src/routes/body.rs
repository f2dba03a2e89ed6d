//! The bytes of a request, within bounds: of one message, and of all that are being received (G6).

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::web::{Bytes, Payload};
use platform::http::{Problem, read_body};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::unavailable;
use crate::options::Options;

/// The unit that room is reckoned in.
const BLOCK: usize = 4096;

/// What may be received.
pub(crate) struct Receiving {
    bytes_max: usize,
    /// Free blocks, of all requests together.
    room: Arc<Semaphore>,
}

/// A body, and the room it takes.
pub(crate) struct Received {
    bytes: Bytes,
    /// Given back with it.
    _room: Option<OwnedSemaphorePermit>,
}

impl std::ops::Deref for Received {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Codings that change the bytes (RFC 9110, 8.4.1, and the registry it names). Anything else there,
/// such as a charset that a camera writes into the wrong header, changes nothing.
const CODINGS: &[&str] = &[
    "gzip",
    "x-gzip",
    "compress",
    "x-compress",
    "deflate",
    "br",
    "zstd",
    "dcb",
    "dcz",
    "aes128gcm",
    "exi",
    "pack200-gzip",
];

/// Whether one of the codings in the header is a real one, in whatever case.
fn is_compressed(codings: &str) -> bool {
    codings
        .split(',')
        .any(|coding| CODINGS.iter().any(|real| real.eq_ignore_ascii_case(coding.trim())))
}

impl Receiving {
    pub(crate) fn new(options: &Options) -> Self {
        let blocks = options.receiving_bytes_max.div_ceil(BLOCK);
        Self { bytes_max: options.body_bytes_max, room: Arc::new(Semaphore::new(blocks)) }
    }

    /// Reads a body: 415 where it is compressed, 503 where there is no room just now; else as
    /// [`read_body`] does.
    pub(crate) async fn read(
        &self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<Received, Problem> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        if header(CONTENT_ENCODING).is_some_and(is_compressed) {
            let detail = "the body is compressed; turn compression off";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let mut room: Option<OwnedSemaphorePermit> = None;
        // Room is taken for what has come, not for what was declared.
        let take_room = |length: usize| {
            let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let missing = length.div_ceil(BLOCK).saturating_sub(held);
            if let (true, Ok(missing)) = (missing > 0, u32::try_from(missing)) {
                let more = Arc::clone(&self.room).try_acquire_many_owned(missing);
                let more = more.map_err(|_| unavailable("too much is received at once"))?;
                match &mut room {
                    Some(room) => room.merge(more),
                    None => room = Some(more),
                }
            }
            Ok(())
        };
        let bytes = read_body(request, payload, self.bytes_max, too_large, take_room).await?;
        Ok(Received { bytes, _room: room })
    }
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::too_large(format!(
        "at most {bytes_max} bytes are allowed in one message: set the camera to send smaller \
         pictures, or none",
    ))
}
