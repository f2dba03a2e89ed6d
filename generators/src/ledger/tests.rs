use super::Ledger;

#[test]
fn lines_are_appended_to_what_an_earlier_run_left() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.jsonl");
    for line in ["one", "two"] {
        let ledger = Ledger::open(&path).unwrap();
        ledger.record(line.as_bytes());
        assert!(!std::fs::read_to_string(&path).unwrap().contains(line), "it is buffered");
        ledger.flush().unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
}

#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    let ledger = Ledger::open(std::path::Path::new("/dev/full")).unwrap();
    for _ in 0..10_000 {
        ledger.record(b"a line that fills the buffer before long");
    }
    assert!(ledger.flush().is_err());
}

#[test]
fn a_line_that_was_being_written_when_its_writer_died_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.jsonl");
    for (left, expected) in [("one\nhal", "one\ntwo\n"), ("hal", "two\n"), ("one\n", "one\ntwo\n")]
    {
        std::fs::write(&path, left).unwrap();
        let ledger = Ledger::open(&path).unwrap();
        ledger.record(b"two");
        ledger.flush().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "{left:?}");
    }
}

#[test]
fn two_ledgers_of_one_file_write_whole_lines() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.jsonl");
    let ledgers = [Ledger::open(&path).unwrap(), Ledger::open(&path).unwrap()];
    for n in 0..2_000 {
        ledgers[n % 2]
            .record(format!("line {n:05} of some length, so that the buffers run over").as_bytes());
    }
    for ledger in &ledgers {
        ledger.flush().unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 2_000);
    assert!(text.lines().all(|line| line.starts_with("line ") && line.ends_with("over")));
}
