use super::{FileLedger, Ledger as _};

#[test]
fn lines_are_appended_to_what_an_earlier_run_left() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.jsonl");
    for line in ["one", "two"] {
        let ledger = FileLedger::open(&path).unwrap();
        ledger.record(line);
        assert!(!std::fs::read_to_string(&path).unwrap().contains(line), "it is buffered");
        ledger.flush().unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
}

#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    let ledger = FileLedger::open(std::path::Path::new("/dev/full")).unwrap();
    for _ in 0..10_000 {
        ledger.record("a line that fills the buffer before long");
    }
    assert!(ledger.flush().is_err());
}
