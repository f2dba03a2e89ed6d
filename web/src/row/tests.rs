use super::*;
use crate::cell::split;

fn text_of<R: Row>(row: R) -> String {
    String::from_utf8(Lines::of(&[row]).text).unwrap()
}

fn summary(json: &str) -> Summary {
    Summary::try_from(&serde_json::from_str::<SummaryMessage>(json).unwrap()).unwrap()
}

fn exception(json: &str) -> ExceptionRow {
    ExceptionRow::try_from(&serde_json::from_str::<ExceptionMessage>(json).unwrap()).unwrap()
}

#[test]
fn a_summary_is_a_line_of_the_contract() {
    let row = summary(
        r#"{"vehicle_plate":"abc-123","entry_date_time":"2026-11-20T11:00:00.1239+01:00",
            "exit_date_time":"2026-11-20T11:30:00.5Z","session_id":"s1","place":"P1, North"}"#,
    );
    assert_eq!(
        text_of(row),
        "ABC123,2026-11-20T10:00:00.123Z,2026-11-20T11:30:00.500Z,5400.377,s1,\"P1, North\",false\n"
    );
}

#[test]
fn an_exception_is_a_line_of_the_contract() {
    let row = exception(
        r#"{"kind":"unmatched_exit","vehicle_plate":"ABC123",
            "exit_date_time":"2026-11-20T11:30:00Z","observation_id":"o1","revision":3,
            "recorded_at":"2026-11-20T11:30:05Z","reason":"no entry was read, \"they say\"\n"}"#,
    );
    assert_eq!(
        text_of(row),
        "unmatched_exit,ABC123,,2026-11-20T11:30:00.000Z,o1,,main,3,2026-11-20T11:30:05.000Z,\
         \"no entry was read, \"\"they say\"\" \"\n"
    );
}

#[test]
fn formulas_are_disarmed_in_every_text() {
    let row = exception(
        r#"{"kind":"repaired","vehicle_plate":"ABC123","observation_id":"=o","session_id":"+s",
            "place":"@p","revision":1,"recorded_at":"2026-11-20T11:30:05Z","reason":"\t=r"}"#,
    );
    assert_eq!(text_of(row), "repaired,ABC123,,,'=o,'+s,'@p,1,2026-11-20T11:30:05.000Z,' =r\n");
    let row = summary(
        r#"{"vehicle_plate":"ABC123","entry_date_time":"2026-11-20T10:00:00Z",
            "exit_date_time":"2026-11-20T10:00:00Z","session_id":"=1","place":"-1"}"#,
    );
    assert!(text_of(row).ends_with(",0.000,'=1,-1,false\n"));
}

#[test]
fn a_row_that_is_read_back_has_the_fingerprint_it_was_written_with() {
    for id in ["plain", "=1", "'=1", "a,b", "say \"x\"", "2b8d2a3e-4f1c-5d6e-8f70-123456789abc"] {
        let json = serde_json::json!({
            "vehicle_plate": "ABC123", "entry_date_time": "2026-11-20T10:00:00Z",
            "exit_date_time": "2026-11-20T10:00:00Z", "session_id": id,
        });
        let lines = Lines::of(&[summary(&json.to_string())]);
        let Line { fingerprint: written, text: line, .. } = lines.iter().next().unwrap();
        let cells = split(line.trim_ascii_end()).unwrap();
        assert_eq!(Table::Summaries.fingerprint(&cells), Some(written), "{id}");
    }
}

#[test]
fn another_spelling_of_an_id_is_another_id() {
    let ids = [
        "2b8d2a3e-4f1c-5d6e-8f70-123456789abc",
        "2B8D2A3E-4F1C-5D6E-8F70-123456789ABC",
        "2b8d2a3e4f1c5d6e8f70123456789abc",
        "{2b8d2a3e-4f1c-5d6e-8f70-123456789abc}",
    ];
    let fingerprints: std::collections::HashSet<_> = ids
        .iter()
        .map(|id| Table::Summaries.fingerprint(&["P", "e", "x", "0", id, "main", "false"]))
        .collect();
    assert_eq!(fingerprints.len(), ids.len());
}

#[test]
fn exceptions_are_told_apart_by_every_part_of_their_key() {
    let of = |kind, plate, observation, session, revision| {
        let cells = [kind, plate, "", "", observation, session, "main", revision, "t", "why"];
        Table::Exceptions.fingerprint(&cells).unwrap()
    };
    let one = of("repaired", "P1", "o1", "s1", "1");
    assert_ne!(one, of("overstay", "P1", "o1", "s1", "1"));
    assert_ne!(one, of("repaired", "P2", "o1", "s1", "1"));
    assert_ne!(one, of("repaired", "P1", "o2", "s1", "1"));
    assert_ne!(one, of("repaired", "P1", "o1", "s1", "2"));
    // The session is the subject only where no observation is.
    assert_eq!(one, of("repaired", "P1", "o1", "s2", "1"));
    assert_ne!(of("withdrawn", "P1", "", "s1", "1"), of("withdrawn", "P1", "", "s2", "1"));
}

#[test]
fn a_line_of_another_shape_names_no_row() {
    assert_eq!(Table::Summaries.fingerprint(&["P", "e", "x", "0", "s", "main"]), None);
    assert_eq!(Table::Summaries.fingerprint(&["P", "e", "x", "0", "", "main", "false"]), None);
    assert_eq!(Table::Exceptions.fingerprint(&["k", "P", "", "", "o", "", "p", "1", "t"]), None);
    assert_eq!(
        Table::Exceptions.fingerprint(&["k", "P", "", "", "", "", "p", "1", "t", "r"]),
        None
    );
    assert_eq!(Table::Exceptions.fingerprint(&["o"; 11]), None);
}
