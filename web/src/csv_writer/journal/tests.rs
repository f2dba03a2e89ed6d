//! What is found at the start, and the lock.

use std::fs;

use domain::wire::{EXCEPTIONS_HEADER, SUMMARIES_HEADER};

use super::*;
use crate::csv_writer::opening::header_line;
use crate::testing::{Bench, lines, write, write_and_close};

use Saved::{Duplicate, Written};

#[test]
fn an_empty_directory_gets_both_files_with_their_headers() {
    let bench = Bench::new();
    drop(bench.open());
    assert_eq!(bench.read("summaries.csv"), format!("{SUMMARIES_HEADER}\n"));
    assert_eq!(bench.read("exceptions.csv"), format!("{EXCEPTIONS_HEADER}\n"));
}

#[test]
fn rows_that_were_written_are_duplicates_after_a_restart() {
    let bench = Bench::new();
    assert_eq!(write(&mut bench.open(), lines(0..3)), [Written; 3]);
    let before = bench.read("summaries.csv");

    assert_eq!(write(&mut bench.open(), lines(0..4)), [Duplicate, Duplicate, Duplicate, Written]);
    assert!(bench.read("summaries.csv").starts_with(&before));
    assert_eq!(bench.ids("summaries.csv").len(), 4);
}

#[test]
fn a_file_that_was_torn_at_any_byte_ends_up_with_every_row_once() {
    let bench = Bench::new();
    write_and_close(&bench, lines(0..3));
    let whole = bench.read("summaries.csv");

    for torn_at in 0..=whole.len() {
        bench.put("summaries.csv", &whole[..torn_at]);
        let mut journal = bench.open();
        let saved = write(&mut journal, lines(0..3));
        assert_eq!(bench.read("summaries.csv"), whole, "torn at byte {torn_at}");

        let rows_before = whole[..torn_at].matches('\n').count().saturating_sub(1);
        let expected = (0..3).map(|n| if n < rows_before { Duplicate } else { Written });
        assert!(saved.iter().copied().eq(expected), "torn at byte {torn_at}: {saved:?}");
    }
}

#[test]
fn a_file_that_a_crash_tore_at_any_byte_is_made_whole_of_the_feed() {
    let bench = Bench::new();
    write(&mut bench.open(), lines(0..3));
    let whole = bench.read("summaries.csv");
    let noted = bench.read("feed/summaries.checkpoint");
    let header = header_line(Table::Summaries).len();
    for torn_at in header..whole.len() {
        for tail in ["", "\0\0\0", "\n", "ABC0001,half"] {
            bench.put("summaries.csv", format!("{}{tail}", &whole[..torn_at]));
            bench.put("feed/summaries.checkpoint", &noted);
            let mut journal = bench.open();
            assert_eq!(bench.read("summaries.csv"), whole, "torn at byte {torn_at}, then {tail:?}");
            assert_eq!(write(&mut journal, lines(0..3)), [Duplicate; 3]);
        }
    }
}

#[test]
fn a_torn_tail_of_zeros_or_of_a_probe_is_cut_off() {
    let bench = Bench::new();
    write(&mut bench.open(), lines(0..2));
    let whole = bench.read("summaries.csv");
    for tail in [[0_u8; 5000], [b' '; 5000], [0xff; 5000]] {
        bench.put("summaries.csv", [whole.as_bytes(), &tail].concat());
        bench.open();
        assert_eq!(bench.read("summaries.csv"), whole);
    }
}

#[test]
fn a_file_with_another_header_is_refused_and_left_alone() {
    let contents = ["plate,entry\nA,1\n", "something else", "\n", &"x".repeat(5000)];
    let torn_foreign = format!("{SUMMARIES_HEADER},more");
    let other_end = format!("{SUMMARIES_HEADER}\r\nA\r\n");
    for content in contents.into_iter().chain([torn_foreign.as_str(), &other_end]) {
        let bench = Bench::new();
        bench.put("summaries.csv", content);
        let error = bench.try_open().err().expect("it is refused").to_string();
        assert!(error.contains("summaries.csv") && error.contains("move the file away"), "{error}");
        assert_eq!(bench.read("summaries.csv"), content);
    }
}

#[test]
fn a_damaged_line_stays_where_it_is_and_harms_no_other() {
    let bench = Bench::new();
    write_and_close(&bench, lines(0..3));
    let rows = bench.read("summaries.csv");
    let rows: Vec<&str> = rows.lines().collect();
    for damage in ["", "garbage", "\"never closed", "a,b,c,d,,f,g", "\0\0\0", "1,2,3,4,5,6,7,8"] {
        let content = format!("{}\n{}\n{damage}\n{}\n", rows[0], rows[1], rows[3]);
        bench.put("summaries.csv", &content);
        let saved = write(&mut bench.open(), lines(0..3));
        assert_eq!(saved, [Duplicate, Written, Duplicate], "{damage:?}");
        assert!(bench.read("summaries.csv").starts_with(&content), "{damage:?}");
    }
}

#[test]
fn invalid_utf8_is_a_damaged_line() {
    let bench = Bench::new();
    write_and_close(&bench, lines(0..1));
    let content = [bench.read("summaries.csv").as_bytes(), b"\xff,b,c,d,e,f,g\n"].concat();
    bench.put("summaries.csv", &content);
    assert_eq!(write(&mut bench.open(), lines(0..1)), [Duplicate]);
    assert_eq!(fs::read(bench.path("summaries.csv")).unwrap(), content);
}

#[test]
fn only_the_newest_rows_of_a_large_file_are_remembered() {
    let mut bench = Bench::new();
    let rows = 5000;
    write(&mut bench.open(), lines(0..rows));
    for window in [1, 2, 1000, 4999, 5000, 5001] {
        bench.index_rows = window as usize;
        let mut journal = bench.open();
        assert_eq!(journal.files[0].index_len(), window.min(rows) as usize);
        let oldest_known = rows.saturating_sub(window);
        assert_eq!(write(&mut journal, lines([oldest_known, rows - 1])), [Duplicate, Duplicate]);
    }
    bench.index_rows = 1000;
    assert_eq!(write(&mut bench.open(), lines([3999, 4001])), [Written, Duplicate]);
}

#[test]
fn what_is_found_at_the_start_is_synced_before_it_is_called_a_duplicate() {
    let bench = Bench::new();
    write(&mut bench.open(), lines(0..1));
    let syncs_before = bench.disk.faults().syncs;
    drop(bench.open());
    let syncs = bench.disk.faults().syncs - syncs_before;
    assert_eq!(syncs, 6, "the feed, each file, and those that follow the feed before it is noted");
}

#[test]
fn one_process_has_the_directory_to_itself() {
    let bench = Bench::new();
    let journal = bench.open();
    let error = bench.try_open().err().expect("the directory is locked");
    assert!(matches!(&error, StartError::Locked(dir) if *dir == bench.path("")), "{error}");
    assert!(error.to_string().contains("another carpark writes to"), "{error}");
    drop(journal);
    bench.open();
}

#[test]
fn a_directory_that_cannot_be_made_is_named_with_what_to_do() {
    let bench = Bench::new();
    fs::write(bench.dir.path().join("data"), "a file").unwrap();
    let error = bench.try_open().err().expect("a file is no directory").to_string();
    assert!(error.contains("/data") && error.contains("CARPARK_DATA_DIR"), "{error}");
}

#[test]
fn both_files_are_written_with_one_sync_for_a_batch() {
    let bench = Bench::new();
    let mut journal = bench.open();
    let exception = crate::testing::exception_lines(["o1", "o2", "o1"]);
    let syncs_before = bench.disk.faults().syncs;
    let results = journal.write(&[lines(0..2), exception, lines(1..3)]);
    let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(results[0], [Written, Written]);
    assert_eq!(results[1], [Written, Written, Duplicate]);
    assert_eq!(results[2], [Duplicate, Written]);
    assert_eq!(bench.disk.faults().syncs, syncs_before + 1);
    assert_eq!(bench.told_ids(), ["session-0", "session-1", "o1", "o2", "session-2"]);
    assert_eq!(bench.ids("summaries.csv"), ["session-0", "session-1", "session-2"]);
    assert_eq!(bench.ids("exceptions.csv"), ["o1", "o2"]);
}

#[test]
fn a_batch_of_duplicates_costs_no_sync() {
    let bench = Bench::new();
    let mut journal = bench.open();
    write(&mut journal, lines(0..2));
    let syncs_before = bench.disk.faults().syncs;
    assert_eq!(write(&mut journal, lines(0..2)), [Duplicate; 2]);
    assert_eq!(bench.disk.faults().syncs, syncs_before);
}
