use std::borrow::Cow;

use super::*;

#[test]
fn what_a_spreadsheet_would_run_gets_an_apostrophe() {
    for formula in
        ["=1+1", "+1", "@SUM(A1)", "\tx", "\rx", " =1", "\u{a0}=1", "'=1", "''=1", "＝1", "'\tx"]
    {
        assert_eq!(guard(formula), format!("'{formula}"), "{formula:?}");
    }
}

#[test]
fn what_it_would_not_run_stays_as_it_is() {
    for text in ["", "main", "-1", "a=1", "'s-Hertogenbosch", "'", "1@2", "Ü"] {
        assert_eq!(guard(text), text, "{text:?}");
    }
}

#[test]
fn two_texts_never_become_one_cell() {
    let mut texts = vec![String::new()];
    for _ in 0..4 {
        for i in 0..texts.len() {
            texts.extend(["'", "=", "\t", " ", "a"].map(|c| format!("{}{c}", texts[i])));
        }
        texts.sort();
        texts.dedup();
    }
    let cells: std::collections::HashSet<_> = texts.iter().map(|text| guard(text)).collect();
    assert_eq!(cells.len(), texts.len());
}

#[test]
fn a_line_is_taken_apart_into_what_was_put_together() {
    let cells =
        ["plain", "", "a,b", "she said \"hello\"", "\"", "\"\"", "'=1", "ends with \"", "é"];
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).unwrap();
    let line = writer.into_inner().unwrap();

    let found = split(line.trim_ascii_end()).unwrap();
    assert_eq!(found, cells.map(|cell| Cow::Borrowed(cell.as_bytes())));
}

#[test]
fn quotes_that_make_no_sense_are_damage() {
    for line in ["a\"b,c", "\"a", "\"a\"b,c", "a,\"", "\"a\"\""] {
        assert!(split(line.as_bytes()).is_none(), "{line}");
    }
}
