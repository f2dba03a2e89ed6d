use std::fs;

use super::*;

const HEADER: &str = domain::wire::SUMMARIES_HEADER;

fn row(plate: &str, id: &str) -> String {
    format!("{plate},2026-11-20T10:00:00.000Z,2026-11-20T11:00:00.000Z,3600.000,{id},main,false\n")
}

fn plate(text: &str) -> Plate {
    Plate::parse(text).unwrap()
}

#[test]
fn the_rows_of_the_plate_go_and_all_others_stay_to_the_letter() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("summaries.csv");
    let (a, b, c) = (row("AB1", "AB12"), row("AB12", "s2"), row("CD34", "s3"));
    fs::write(&path, format!("{HEADER}\n{a}{b}{c}{b}odd line\ntorn")).unwrap();
    assert_eq!(erase(&path, Table::Summaries, &plate("AB12")).unwrap(), 2);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{HEADER}\n{a}{c}odd line\ntorn"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind");
    assert_eq!(erase(&path, Table::Summaries, &plate("AB12")).unwrap(), 0);
}

#[test]
fn a_damaged_line_that_names_the_plate_goes_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("summaries.csv");
    fs::write(&path, format!("{HEADER}\n\"AB12,half a row\nAB12,2026\n")).unwrap();
    assert_eq!(erase(&path, Table::Summaries, &plate("AB12")).unwrap(), 2);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{HEADER}\n"));
}

#[test]
fn a_missing_file_holds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(erase(&dir.path().join("no"), Table::Exceptions, &plate("AB12")).unwrap(), 0);
}

#[test]
fn an_exception_is_known_by_its_second_column() {
    let line = b"unmatched_exit,AB12,,2026,o,,main,1,2026,why\n";
    assert!(is_of(line, Table::Exceptions, &plate("AB12")));
    assert!(!is_of(line, Table::Exceptions, &plate("CD34")));
}
