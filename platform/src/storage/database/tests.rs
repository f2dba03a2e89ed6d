use std::fs;

use redb::{ReadableDatabase, ReadableTable};

use super::*;

const NUMBERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("numbers");

fn options(path: PathBuf) -> DatabaseOptions {
    DatabaseOptions {
        path,
        cache_bytes: 1 << 20,
        prepare: |write| write.open_table(NUMBERS).map(drop),
        holds: "the numbers",
    }
}

async fn put(file: &Arc<DatabaseFile>, number: u64) -> Result<(), Failure> {
    let put = file.write(move |database| {
        let write = database.begin_write()?;
        write.open_table(NUMBERS)?.insert(number, &[7_u8; 1000][..])?;
        write.commit()?;
        Ok(())
    });
    put.await
}

async fn numbers(file: &Arc<DatabaseFile>) -> Result<Vec<u64>, Failure> {
    let read = file.read(|database| {
        let table = database.begin_read()?.open_table(NUMBERS)?;
        let numbers = table.iter()?.map(|entry| Ok(entry?.0.value()));
        numbers.collect()
    });
    read.await
}

#[actix_rt::test]
async fn an_error_of_the_disk_closes_the_database_and_the_next_request_opens_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = DatabaseFile::open(options(dir.path().join("file"))).unwrap();
    put(&file, 1).await.unwrap();
    // As redb does after an error: from here on the handle refuses everything.
    let failed = file.write(|_| Err::<(), _>(redb::StorageError::PreviousIo.into()));
    assert!(failed.await.is_err());
    assert!(file.trouble().is_some());
    assert_eq!(numbers(&file).await.unwrap(), [1]);
    assert!(file.trouble().is_some(), "that it can be read says nothing");
    put(&file, 2).await.unwrap();
    assert_eq!(file.trouble(), None);
    assert_eq!(numbers(&file).await.unwrap(), [1, 2]);
}

#[actix_rt::test]
async fn an_error_of_an_earlier_opening_does_not_close_a_later_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = DatabaseFile::open(options(dir.path().join("file"))).unwrap();
    let number = file.opened.read().unwrap().number;
    file.close(number);
    put(&file, 1).await.unwrap();
    file.close(number);
    assert!(file.opened.read().unwrap().database.is_some());
}

#[actix_rt::test]
async fn a_file_that_is_gone_takes_nothing_and_is_read_no_more_until_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let (path, away) = (dir.path().join("file"), dir.path().join("away"));
    let file = DatabaseFile::open(options(path.clone())).unwrap();
    put(&file, 1).await.unwrap();
    fs::rename(&path, &away).unwrap();
    assert!(put(&file, 2).await.unwrap_err().to_string().contains("gone"));
    assert!(file.look().is_err());
    assert!(numbers(&file).await.is_err());
    // Another file in its place is not it.
    fs::copy(&away, &path).unwrap();
    assert!(put(&file, 2).await.unwrap_err().to_string().contains("another file"));
    fs::rename(&away, &path).unwrap();
    put(&file, 2).await.unwrap();
    assert_eq!(numbers(&file).await.unwrap(), [1, 2]);
    assert_eq!(file.trouble(), None);
}

#[actix_rt::test]
async fn where_nobody_repeats_a_write_the_disk_is_tried() {
    let dir = tempfile::tempdir().unwrap();
    let file = DatabaseFile::open(options(dir.path().join("file"))).unwrap();
    assert!(file.write(|_| Err::<(), _>(Failure::content("bad"))).await.is_err());
    file.look().unwrap();
    assert!(file.trouble().is_some(), "whoever wrote may be about to try again");
    file.failed_write.lock().unwrap().as_mut().unwrap().at -= PROBE_EVERY;
    file.look().unwrap();
    assert_eq!(file.trouble(), None);
}

/// The error of a start on a file with those bytes.
fn refusal(bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, bytes).unwrap();
    let error = DatabaseFile::open(options(path.clone())).err().expect("it is refused");
    assert_eq!(fs::read(&path).unwrap().len(), bytes.len(), "it is left as it is");
    error.to_string()
}

/// A file with some numbers, closed.
async fn whole(count: u64) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let file = DatabaseFile::open(options(path.clone())).unwrap();
    for number in 0..count {
        put(&file, number).await.unwrap();
    }
    drop(file);
    fs::read(path).unwrap()
}

#[actix_rt::test]
async fn a_damaged_file_is_called_damaged_with_what_helps_and_what_that_costs() {
    let whole = whole(200).await;
    let random: Vec<u8> = (0..100_000_u32).map(|n| (n * 31 % 251) as u8).collect();
    for (what, bytes) in [
        ("random bytes", random.clone()),
        ("a text", b"not a database at all\n".repeat(10)),
        ("a torn copy", whole[..whole.len() / 2].to_vec()),
        ("another beginning", [&random[..4096], &whole[4096..]].concat()),
    ] {
        let refusal = refusal(&bytes);
        for word in ["damaged", "backup", "move it away", "the numbers are lost"] {
            assert!(refusal.contains(word), "{what}: {refusal}");
        }
        assert!(!refusal.contains("another carpark"), "{what}: {refusal}");
    }
}

#[actix_rt::test]
async fn flipped_bytes_in_a_file_that_was_closed_well_are_found() {
    let whole = whole(200).await;
    let at = whole.windows(1000).rposition(|bytes| bytes == [7; 1000]).unwrap();
    let mut flipped = whole.clone();
    flipped[at + 500] ^= 0xff;
    let refusal = refusal(&flipped);
    assert!(refusal.contains("damaged"), "{refusal}");
}

#[test]
fn a_file_in_use_is_called_that() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let _first = DatabaseFile::open(options(path.clone())).unwrap();
    let second = DatabaseFile::open(options(path)).err().unwrap().to_string();
    assert!(second.contains("another carpark") && second.contains("CARPARK_DATA_DIR"), "{second}");
    assert!(!second.contains("damaged"), "{second}");
}

#[test]
fn strangers_cannot_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let _file = DatabaseFile::open(options(path.clone())).unwrap();
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode & 0o007, 0, "{mode:o}");
}

/// `cargo test -p service --release -- --ignored measures --nocapture`
#[actix_rt::test]
#[ignore = "a measurement"]
async fn measures_how_long_a_look_at_the_whole_file_takes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let file = DatabaseFile::open(options(path.clone())).unwrap();
    for round in 0..25_u64 {
        let fill = file.write(move |database| {
            let write = database.begin_write()?;
            {
                let mut table = write.open_table(NUMBERS)?;
                for number in 0..40_000 {
                    table.insert(round * 40_000 + number, &[7_u8; 1000][..])?;
                }
            }
            write.commit()?;
            Ok(())
        });
        fill.await.unwrap();
    }
    drop(file);
    let bytes = fs::metadata(&path).unwrap().len();
    let began = Instant::now();
    let mut database = Database::open(&path).unwrap();
    let opened = began.elapsed();
    let began = Instant::now();
    assert!(database.check_integrity().unwrap());
    panic!("{bytes} bytes: opened in {opened:?}, read whole in {:?}", began.elapsed());
}
