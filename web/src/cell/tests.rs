use std::borrow::Cow;
use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[test]
fn what_a_spreadsheet_would_run_gets_an_apostrophe() {
    for formula in [
        "=1+1",
        "+1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        " =1",
        "\u{a0}=1",
        "'=1",
        "''=1",
        "＝1",
        "'\tx",
        "-1+1",
        "-2+3+cmd|'/C calc'!A0",
        "-(1)",
        "－1",
        "\u{feff}=1",
        "\u{200b}=1",
        "\"=1\"",
    ] {
        assert_eq!(guard(formula), format!("'{formula}"), "{formula:?}");
        assert_eq!(guard_words(formula), format!("'{formula}"), "{formula:?}");
    }
}

#[test]
fn so_does_what_would_be_a_cell_of_its_own_where_another_separator_holds() {
    for (text, expected) in [
        (";=1+1", ";'=1+1"),
        ("a;=1;+2", "a;'=1;'+2"),
        ("a,=1", "a,'=1"),
        ("a\t=1", "a\t'=1"),
        ("a;\"=1+1\"", "a;'\"=1+1\""),
        ("a; -1+1", "a;' -1+1"),
        ("=1;=2", "'=1;'=2"),
        ("a;b", "a;b"),
        ("a;-1", "a;-1"),
    ] {
        assert_eq!(guard(text), expected, "{text:?}");
        assert_eq!(unguard(expected), text, "{expected:?}");
    }
}

#[test]
fn what_it_would_not_run_stays_as_it_is() {
    for text in ["", "main", "-1", "a=1", "'s-Hertogenbosch", "'", "1@2", "Ü", "-x_Y-9", "a;", ";"]
    {
        assert_eq!(guard(text), text, "{text:?}");
    }
    for text in ["", "seen", "-5", "-5.25", "-10%", "5 - 3", "it's"] {
        assert_eq!(guard_words(text), text, "{text:?}");
    }
    // No name, but words: `-A1` would show another cell, `-1-1` a sum.
    for text in ["-A1", "-1-1", "- left", "-", "-5 °C"] {
        assert_eq!(guard_words(text), format!("'{text}"), "{text:?}");
    }
}

#[test]
fn two_texts_never_become_one_cell() {
    let mut texts = vec![String::new()];
    for _ in 0..4 {
        for i in 0..texts.len() {
            texts.extend(["'", "=", "\t", " ", "a", ";", "-"].map(|c| format!("{}{c}", texts[i])));
        }
        texts.sort();
        texts.dedup();
    }
    for guard in [guard, guard_words] {
        let cells: HashSet<_> = texts.iter().map(|text| guard(text)).collect();
        assert_eq!(cells.len(), texts.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    /// However a line is taken apart, no cell of it is a formula. Of what begins with `-` a name, or
    /// in words a number, may stand.
    #[test]
    fn no_cell_of_a_line_runs_whatever_the_separator(
        cells in proptest::collection::vec("[-=+@;,\t\r \"'a1|!(\u{feff}＝]{0,12}", 1..4),
        is_words in any::<bool>(),
    ) {
        let guard = if is_words { guard_words } else { guard };
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        writer.write_record(cells.iter().map(|cell| guard(cell).into_owned())).unwrap();
        let line = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let line = line.strip_suffix('\n').unwrap();
        let ways: [&[char]; 4] = [&[','], &[';'], &['\t'], &[',', ';', '\t']];
        for way in ways {
            for cell in line.split(way) {
                let cell = cell.trim_start_matches(['"', ' ', '\u{feff}']);
                let runs = match cell.chars().next() {
                    Some('=' | '+' | '@' | '＝' | '\t' | '\r') => true,
                    Some('-') => {
                        let rest = cell[1..].split([',', ';', '\t', '\r', '"']).next().unwrap();
                        let is_plain = if is_words { is_number(rest) } else { is_name(rest) };
                        !is_plain
                    }
                    _ => false,
                };
                prop_assert!(!runs, "{cell:?} of {line:?}");
            }
        }
    }

    #[test]
    fn a_cell_tells_the_text_it_was_made_of(text in "[-=+@;,\t '\"a1＝]{0,12}") {
        let cell = guard(&text);
        prop_assert_eq!(unguard(&cell), text.as_str());
        let cell = guard_words(&text);
        prop_assert_eq!(unguard_words(&cell), text.as_str());
    }
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
