//! Writes that fail, files that change under the writer, days that end.

use std::fs;

use domain::wire::Saved::{Duplicate, Written};

use super::*;
use crate::csv_writer::Journal;
use crate::feed::Log;
use crate::row::Lines;
use crate::testing::{Bench, at, exception_lines, lines, write};

fn fail(journal: &mut Journal, request: Lines) -> WriteFailure {
    journal.write(&[request]).remove(0).expect_err("the write fails")
}

/// What the feed takes for these requests.
fn told_bytes(requests: impl IntoIterator<Item = Lines>) -> usize {
    let bench = Bench::new();
    let requests: Vec<Lines> = requests.into_iter().collect();
    assert!(bench.open().write(&requests).iter().all(Result::is_ok));
    bench.feed().len()
}

#[test]
fn a_full_disk_leaves_nothing_of_the_batch_in_the_file_wherever_it_ends() {
    let told = told_bytes([lines(1..4)]);
    // An odd step: at every other one the journal is opened anew.
    for room in (0..told + lines(1..4).file_bytes()).step_by(11).chain([told - 1, told]) {
        let bench = Bench::new();
        let mut journal = bench.open();
        write(&mut journal, lines(0..1));
        let before = bench.read("summaries.csv");

        bench.disk.faults().room = Some(room);
        assert!(fail(&mut journal, lines(0..4)).is_disk_full);
        assert_eq!(bench.read("summaries.csv"), before, "room for {room}");
        assert!(!journal.is_writable());
        assert_eq!(journal.view().last(), if room < told { 1 } else { 4 }, "room for {room}");

        bench.disk.faults().room = None;
        let mut journal = if room % 2 == 0 {
            journal
        } else {
            drop(journal);
            bench.open()
        };
        let saved = write(&mut journal, lines(0..4));
        assert_eq!(saved[0], Duplicate);
        // After a start, whoever reads the files has seen them.
        let is_read = room % 2 == 1 && room >= told;
        assert_eq!(saved[1..], [if is_read { Duplicate } else { Written }; 3], "room for {room}");
        assert!(journal.is_writable());
        assert_eq!(bench.ids("summaries.csv").len(), 4);
        assert_eq!(bench.told_ids(), bench.ids("summaries.csv"));
    }
}

#[test]
fn a_failed_sync_takes_the_batch_back_and_opens_the_file_anew() {
    let bench = Bench::new();
    let mut journal = bench.open();
    write(&mut journal, lines(0..1));
    let before = bench.read("summaries.csv");
    let opened_before = bench.disk.faults().opened;

    bench.disk.faults().syncs_to_fail = usize::MAX;
    assert!(!fail(&mut journal, lines(0..3)).is_disk_full);
    assert_eq!(bench.read("summaries.csv"), before);
    assert!(bench.disk.faults().opened > opened_before);

    bench.disk.faults().syncs_to_fail = 0;
    assert_eq!(write(&mut journal, lines(0..3)), [Duplicate, Written, Written]);
    assert_eq!(bench.ids("summaries.csv").len(), 3);
}

#[test]
fn what_could_not_be_taken_back_at_once_is_taken_back_before_the_next_batch() {
    let bench = Bench::new();
    let mut journal = bench.open();
    {
        let mut faults = bench.disk.faults();
        faults.syncs_to_fail = usize::MAX;
        faults.cuts_fail = true;
    }
    fail(&mut journal, lines(0..3));
    assert!(bench.feed().contains("session-2"), "still there, and not durable");
    assert_eq!(journal.view().last(), 0, "nobody reads it");
    assert_eq!(journal.snapshots()[0].bytes, header_line(Table::Summaries).len() as u64);

    bench.disk.faults().syncs_to_fail = 0;
    fail(&mut journal, lines(0..3));
    bench.disk.faults().cuts_fail = false;
    assert_eq!(write(&mut journal, lines(0..3)), [Written; 3]);
    assert_eq!(bench.ids("summaries.csv").len(), 3);
    assert_eq!(bench.told_ids(), bench.ids("summaries.csv"));
}

#[test]
fn a_line_that_could_not_be_taken_back_at_once_is_taken_back_before_the_next_batch() {
    let bench = Bench::new();
    let mut journal = bench.open();
    {
        let mut faults = bench.disk.faults();
        faults.room = Some(told_bytes([lines(0..3)]) + lines(0..2).file_bytes());
        faults.cuts_fail = true;
    }
    fail(&mut journal, lines(0..3));
    assert_eq!(bench.ids("summaries.csv").len(), 2, "still there");
    assert_eq!(journal.snapshots()[0].bytes, header_line(Table::Summaries).len() as u64);
    bench.disk.faults().room = None;
    fail(&mut journal, lines(0..3));
    bench.disk.faults().cuts_fail = false;
    assert_eq!(write(&mut journal, lines(0..3)), [Written; 3]);
    assert_eq!(bench.ids("summaries.csv"), ["session-0", "session-1", "session-2"]);
}

#[test]
fn a_failure_of_one_file_is_none_of_the_other() {
    let bench = Bench::new();
    let mut journal = bench.open();
    let requests = || [lines(0..1), exception_lines(["o1"])];
    bench.disk.faults().room = Some(told_bytes(requests()) + lines(0..1).file_bytes());
    let results = journal.write(&requests());
    assert_eq!(results[0], Ok(vec![Written]));
    assert!(results[1].as_ref().is_err_and(|failure| failure.is_disk_full));
    assert!(!journal.is_writable());
    bench.disk.faults().room = None;
    journal.write(&[]);
    assert!(journal.is_writable());
    assert_eq!(bench.ids("exceptions.csv"), ["o1"], "the feed has it, and the file follows");
}

#[test]
fn a_probe_finds_out_that_the_disk_takes_rows_again_and_leaves_no_trace() {
    let bench = Bench::new();
    let mut journal = bench.open();
    bench.disk.faults().room = Some(10);
    fail(&mut journal, lines(0..1));
    let before = bench.read("summaries.csv");

    journal.write(&[]);
    assert!(!journal.is_writable(), "the probe needs more room than this");
    assert_eq!(write(&mut journal, lines([])), []);
    assert!(!journal.is_writable(), "an empty request proves nothing");
    assert_eq!(bench.read("summaries.csv"), before);

    bench.disk.faults().room = None;
    journal.write(&[]);
    assert!(journal.is_writable());
    assert_eq!(bench.read("summaries.csv"), before);
    assert_eq!(write(&mut journal, lines(0..1)), [Written]);
}

#[test]
fn a_file_that_is_moved_away_is_begun_anew() {
    let bench = Bench::new();
    let mut journal = bench.open();
    write(&mut journal, lines(0..2));
    fs::rename(bench.path("summaries.csv"), bench.path("mine.csv")).unwrap();
    assert_eq!(write(&mut journal, lines(2..3)), [Written]);
    assert_eq!(bench.ids("mine.csv").len(), 2);
    assert_eq!(bench.ids("summaries.csv"), ["session-2"]);
}

#[test]
fn a_file_that_somebody_changes_is_read_anew() {
    let bench = Bench::new();
    let mut journal = bench.open();
    write(&mut journal, lines(0..2));
    let whole = bench.read("summaries.csv");

    let first_two_lines: String = whole.split_inclusive('\n').take(2).collect();
    bench.put("summaries.csv", first_two_lines);
    assert_eq!(write(&mut journal, lines(0..2)), [Duplicate, Written]);
    assert_eq!(bench.read("summaries.csv"), whole);

    bench.put("summaries.csv", format!("{whole}torn"));
    assert_eq!(write(&mut journal, lines(0..2)), [Duplicate, Duplicate]);
    assert_eq!(bench.read("summaries.csv"), whole);
}

/// A bench on which two rows were written on the 20th, the clock being the file's.
fn day_old_bench() -> Bench {
    let mut bench = Bench::new();
    bench.rotate_daily = true;
    write(&mut bench.open(), lines(0..2));
    set_day(&bench, "summaries.csv", "2026-11-20T23:59:00Z");
    bench
}

/// The day of a file is that of its last change: the test's clock reaches no file system.
fn set_day(bench: &Bench, name: &str, time: &str) {
    let file = File::options().append(true).open(bench.path(name)).unwrap();
    file.set_modified(at(time).into()).unwrap();
}

#[test]
fn the_first_batch_of_a_day_puts_the_file_of_the_day_before_aside() {
    let bench = day_old_bench();
    bench.set_now("2026-11-20T23:59:59.999Z");
    let mut journal = bench.open();
    assert_eq!(write(&mut journal, lines(2..3)), [Written]);
    let of_the_day = journal.snapshots()[0].clone();

    bench.set_now("2026-11-21T00:00:00Z");
    assert_eq!(write(&mut journal, lines(0..3)), [Duplicate; 3]);
    assert!(!bench.path("summaries-2026-11-20.csv").exists(), "duplicates begin no day");
    assert_eq!(write(&mut journal, lines(0..5)).iter().filter(|s| **s == Written).count(), 2);

    assert_eq!(bench.ids("summaries-2026-11-20.csv").len(), 3);
    assert_eq!(bench.ids("summaries.csv"), ["session-3", "session-4"]);
    let still_readable = of_the_day.file.metadata().unwrap().len();
    assert_eq!(still_readable, of_the_day.bytes);
    assert!(bench.read("summaries.csv").starts_with(&header_line(Table::Summaries)));
}

#[test]
fn rows_of_past_days_are_duplicates_after_a_restart() {
    let bench = day_old_bench();
    bench.set_now("2026-11-21T08:00:00Z");
    write(&mut bench.open(), lines(2..4));
    assert_eq!(bench.ids("summaries-2026-11-20.csv").len(), 2);
    set_day(&bench, "summaries.csv", "2026-11-21T08:00:00Z");
    assert_eq!(write(&mut bench.open(), lines(0..4)), [Duplicate; 4]);
}

#[test]
fn past_days_fill_the_window_the_newest_first() {
    let mut bench = Bench::new();
    let header = header_line(Table::Summaries);
    for (name, n) in [
        ("summaries-2026-11-18.csv", 0..3),
        ("summaries-2026-11-19.csv", 3..6),
        ("summaries-2026-11-19.2.csv", 6..9),
        ("summaries.csv", 9..11),
    ] {
        let rows: String =
            lines(n).iter().map(|row| String::from_utf8(row.text.to_vec()).unwrap()).collect();
        bench.put(name, format!("{header}{rows}"));
    }
    for window in 1..=11 {
        bench.index_rows = window;
        let settings = bench.settings();
        let feed = Log::open(settings.feed()).unwrap().view();
        let journal = CsvFile::open(Table::Summaries, &settings, &feed).unwrap();
        let known: Vec<u32> = (0..11)
            .filter(|n| journal.index.contains(lines([*n]).iter().next().unwrap().fingerprint))
            .collect();
        let oldest = 11 - u32::try_from(window).unwrap();
        assert_eq!(known, (oldest..11).collect::<Vec<_>>(), "window {window}");
    }
}

#[test]
fn a_crash_between_the_two_steps_of_a_rotation_is_harmless() {
    let bench = day_old_bench();
    bench.set_now("2026-11-21T08:00:00Z");
    fs::rename(bench.path("summaries.csv"), bench.path("summaries-2026-11-20.csv")).unwrap();
    for torn_at in [None, Some(0), Some(10)] {
        if let Some(bytes) = torn_at {
            bench.put("summaries.csv", &header_line(Table::Summaries)[..bytes]);
        }
        let mut journal = bench.open();
        assert_eq!(write(&mut journal, lines(0..2)), [Duplicate; 2]);
        assert_eq!(bench.read("summaries.csv"), header_line(Table::Summaries));
    }
    assert_eq!(write(&mut bench.open(), lines(1..3)), [Duplicate, Written]);
    assert_eq!(bench.ids("summaries-2026-11-20.csv").len(), 2);
}

#[test]
fn a_file_of_a_past_day_is_never_written_over() {
    let bench = day_old_bench();
    bench.put("summaries-2026-11-20.csv", "precious");
    bench.put("summaries-2026-11-20.2.csv", "precious too");
    bench.set_now("2026-11-22T08:00:00Z");
    assert_eq!(write(&mut bench.open(), lines(2..3)), [Written]);
    assert_eq!(bench.read("summaries-2026-11-20.csv"), "precious");
    assert_eq!(bench.read("summaries-2026-11-20.2.csv"), "precious too");
    assert_eq!(bench.ids("summaries-2026-11-20.3.csv").len(), 2);
}

#[test]
fn a_day_without_rows_leaves_no_file_and_a_clock_set_back_rotates_nothing() {
    let mut bench = Bench::new();
    bench.rotate_daily = true;
    let mut journal = bench.open();
    bench.set_now("2126-11-20T12:00:00Z");
    write(&mut journal, lines(0..1));
    bench.set_now("2126-11-19T12:00:00Z");
    write(&mut journal, lines(1..2));
    assert_eq!(bench.ids("summaries.csv").len(), 2);
    assert_eq!(past_count(&bench), 0);
    bench.set_now("2126-11-21T12:00:00Z");
    write(&mut journal, lines(2..3));
    assert_eq!(bench.ids("summaries-2126-11-20.csv").len(), 2);
}

#[test]
fn a_torn_line_does_not_change_the_day_of_a_file() {
    let bench = day_old_bench();
    let whole = bench.read("summaries.csv");
    bench.put("summaries.csv", format!("{whole}torn"));
    set_day(&bench, "summaries.csv", "2001-02-03T23:59:59Z");
    drop(bench.open());
    write(&mut bench.open(), lines(2..3));
    assert_eq!(bench.read("summaries-2001-02-03.csv"), whole);
}

#[test]
fn a_rotation_that_fails_halfway_is_finished_by_the_next_batch() {
    let bench = day_old_bench();
    bench.set_now("2026-11-21T08:00:00Z");
    let mut journal = bench.open();
    bench.disk.faults().room = Some(told_bytes([lines(2..3)]) + 10);
    assert!(fail(&mut journal, lines(2..3)).is_disk_full);
    assert_eq!(bench.ids("summaries-2026-11-20.csv").len(), 2);

    bench.disk.faults().room = None;
    assert_eq!(write(&mut journal, lines(0..3)), [Duplicate, Duplicate, Written]);
    assert_eq!(bench.ids("summaries.csv"), ["session-2"]);
    assert_eq!(past_count(&bench), 1);
}

#[test]
fn without_rotation_a_file_goes_on_for_ever() {
    let bench = Bench::new();
    write(&mut bench.open(), lines(0..1));
    set_day(&bench, "summaries.csv", "2020-01-01T00:00:00Z");
    write(&mut bench.open(), lines(1..2));
    assert_eq!(bench.ids("summaries.csv").len(), 2);
    assert_eq!(past_count(&bench), 0);
}

fn past_count(bench: &Bench) -> usize {
    let names = fs::read_dir(bench.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("summaries-")).count()
}

#[test]
fn the_files_are_synced_when_it_is_time_and_a_start_finds_nothing_to_make_again() {
    let mut bench = Bench::new();
    bench.checkpoint_every = std::time::Duration::ZERO;
    let mut journal = bench.open();
    let syncs = bench.disk.faults().syncs;
    write(&mut journal, lines(0..2));
    assert_eq!(bench.disk.faults().syncs, syncs + 2, "the feed, and the file that has grown");
    assert!(!journal.is_checkpoint_wanted());
    let noted = |table| Checkpoint::read(&bench.path("feed"), table).unwrap().unwrap();
    assert_eq!(noted(Table::Summaries).position, 2);
    assert_eq!(noted(Table::Summaries).bytes, bench.read("summaries.csv").len() as u64);
    assert_eq!(noted(Table::Exceptions).position, 2, "it has all that is for it");
}

#[test]
fn a_sync_of_a_file_that_fails_loses_nothing_that_the_feed_has() {
    let mut bench = Bench::new();
    let mut journal = bench.open();
    write(&mut journal, lines(0..2));
    bench.checkpoint_every = std::time::Duration::ZERO;
    drop(journal);
    let mut journal = bench.open();
    // The feed's succeeds, the file's does not.
    bench.disk.faults().syncs_to_succeed = Some(1);
    assert_eq!(write(&mut journal, lines(2..4)), [Written; 2], "the feed has them");
    assert!(!journal.is_writable());
    bench.disk.faults().syncs_to_succeed = None;
    // What the system shows of the unsynced rows is not to be believed: here it has lost some.
    let mut text = bench.read("summaries.csv").into_bytes();
    let whole = text.len() - 20;
    text[whole..].fill(0);
    bench.put("summaries.csv", text);
    assert_eq!(write(&mut journal, lines(0..5))[4..], [Written]);
    assert!(journal.is_writable());
    let ids: Vec<String> = (0..5).map(|n| format!("session-{n}")).collect();
    assert_eq!((bench.ids("summaries.csv"), bench.told_ids()), (ids.clone(), ids));
}

#[test]
fn a_row_that_the_feed_has_and_the_file_has_not_is_durable_before_it_is_answered() {
    let bench = Bench::new();
    let mut journal = bench.open();
    write(&mut journal, lines(0..3));
    let rows = bench.read("summaries.csv");
    let header_and_first: String = rows.split_inclusive('\n').take(2).collect();
    bench.put("summaries.csv", header_and_first);
    assert_eq!(write(&mut journal, lines(0..3)), [Duplicate, Written, Written]);
    let noted = Checkpoint::read(&bench.path("feed"), Table::Summaries).unwrap().unwrap();
    assert_eq!(noted.bytes, rows.len() as u64, "synced, and it is noted");
    drop(journal);
    let mut journal = bench.open();
    assert_eq!(bench.read("summaries.csv"), rows, "it is not taken for what a crash left");
    assert_eq!(write(&mut journal, lines(0..3)), [Duplicate; 3]);
    assert_eq!(bench.told_ids().len(), 3, "told once");
}

#[test]
fn what_somebody_adds_to_a_file_while_nothing_runs_stays() {
    let bench = Bench::new();
    let mut journal = bench.open();
    write(&mut journal, lines(0..2));
    journal.close();
    let more = lines(7..8);
    let line = more.iter().next().unwrap().text.to_vec();
    let edited = [bench.read("summaries.csv").into_bytes(), line].concat();
    bench.put("summaries.csv", edited);
    assert_eq!(write(&mut bench.open(), lines(7..8)), [Duplicate]);
    assert_eq!(bench.ids("summaries.csv"), ["session-0", "session-1", "session-7"]);
}

#[test]
fn an_erasure_that_was_cut_short_is_finished_at_the_next_start() {
    let bench = Bench::new();
    let mut journal = bench.open();
    write(&mut journal, lines(0..3));
    journal.close();
    let plate = domain::Plate::parse("ABC0001").unwrap();
    let mut erasures = crate::csv_writer::erasing::Erasures::read(&bench.path("feed")).unwrap();
    erasures.begin(&plate).unwrap();
    let mut journal = bench.open();
    assert_eq!(bench.ids("summaries.csv"), ["session-0", "session-2"]);
    assert!(!bench.feed().contains("ABC0001"));
    assert!(!bench.path("feed").join("erasing").exists());
    // What was erased is no row that is missing.
    assert_eq!(write(&mut journal, lines([0, 2, 3])), [Duplicate, Duplicate, Written]);
    drop(journal);
    bench.open();
    assert_eq!(bench.ids("summaries.csv"), ["session-0", "session-2", "session-3"]);
}

#[test]
fn events_that_a_file_still_needs_do_not_go_with_their_retention() {
    let bench = Bench::new();
    let mut journal = bench.open();
    write(&mut journal, lines(0..1));
    bench.set_now("2027-03-01T12:00:00Z");
    // The file does not take it, so its row is needed.
    bench.disk.faults().room = Some(told_bytes([lines(1..2)]) + 10);
    fail(&mut journal, lines(1..2));
    bench.disk.faults().room = None;
    // The other file goes on meanwhile.
    fs::rename(bench.path("summaries.csv"), bench.path("aside")).unwrap();
    fs::create_dir(bench.path("summaries.csv")).unwrap();
    bench.set_now("2027-05-01T12:00:00Z");
    assert_eq!(write(&mut journal, exception_lines(["o1"])), [Written]);
    fs::remove_dir(bench.path("summaries.csv")).unwrap();
    fs::rename(bench.path("aside"), bench.path("summaries.csv")).unwrap();
    write(&mut journal, lines(2..3));
    assert_eq!(bench.ids("summaries.csv"), ["session-0", "session-1", "session-2"]);
    journal.close();
    let journal = bench.open();
    assert_eq!(journal.view().before_first(), 2, "then they go");
}

#[test]
fn facts_without_a_file_are_told_once() {
    let bench = Bench::new();
    let mut journal = bench.open();
    let opened = |id: &str| {
        let about = crate::fact::About {
            kind: crate::fact::FactKind::SessionOpened,
            key: id,
            at: at("2026-11-20T10:00:00Z"),
            place: "main",
            subject: id,
        };
        crate::fact::Fact::new(&about, &serde_json::json!({"vehicle_plate": "ABC123"}))
    };
    let request = |ids: &[&str]| Lines::of_facts(ids.iter().map(|id| opened(id)));
    let results = journal.write(&[request(&["a", "b", "a"]), lines(0..1), request(&["b", "c"])]);
    let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(results[0], [Written, Written, Duplicate]);
    assert_eq!(results[2], [Duplicate, Written]);
    assert_eq!(bench.told_ids(), ["a", "b", "session-0", "c"]);
    drop(journal);
    let mut journal = bench.open();
    assert_eq!(write(&mut journal, request(&["c", "d"])), [Duplicate, Written]);
    assert_eq!(bench.ids("summaries.csv"), ["session-0"]);
    bench.disk.faults().room = Some(10);
    assert!(fail(&mut journal, request(&["e"])).is_disk_full);
}
