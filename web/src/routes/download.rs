//! Hands a file out while it grows: as far as it was durable when the request came.

use std::io;
use std::os::unix::fs::FileExt;

use actix::Addr;
use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::stream::{self, TryStreamExt};
use platform::http::Problem;
use tokio::task::spawn_blocking;

use super::writer_is_gone;

use crate::csv_writer::{CsvWriter, GetSnapshot, Snapshot};
use crate::table::Table;

/// All of a download that is in memory at a time.
const CHUNK_BYTES: u64 = 128 * 1024;

/// Streams a file of any size.
pub(crate) async fn download(
    writer: &Addr<CsvWriter>,
    table: Table,
) -> Result<HttpResponse, Problem> {
    let snapshot = writer.send(GetSnapshot(table)).await.map_err(|_| writer_is_gone())?;
    let bytes = snapshot.bytes;
    let chunks = stream::try_unfold((snapshot, 0), read_chunk).inspect_err(
        move |error| tracing::warn!(file.name = table.file_name(), %error, "download broke off"),
    );
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", table.file_name()),
        ))
        // Plates are not for the cache of a proxy.
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(SizedStream::new(bytes, chunks)))
}

type Position = (Snapshot, u64);

async fn read_chunk((snapshot, begin): Position) -> io::Result<Option<(Bytes, Position)>> {
    let length = (snapshot.bytes - begin).min(CHUNK_BYTES);
    if length == 0 {
        return Ok(None);
    }
    let file = snapshot.file.clone();
    let read = spawn_blocking(move || {
        let mut chunk = vec![0; usize::try_from(length).expect("a chunk is small")];
        file.read_exact_at(&mut chunk, begin).map(|()| Bytes::from(chunk))
    });
    let chunk = read.await.map_err(io::Error::other)??;
    Ok(Some((chunk, (snapshot, begin + length))))
}
