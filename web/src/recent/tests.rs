use domain::Label;
use domain::wire::ExceptionMessage;

use super::*;
use crate::row::{Lines, Row};
use crate::testing::{at, summary};

fn exception(kind: ExceptionKind, plate: &str, id: &str, revision: u64) -> ExceptionRow {
    let is_session = kind == ExceptionKind::Withdrawn;
    let message = ExceptionMessage {
        kind,
        vehicle_plate: plate.to_owned(),
        entry_date_time: Some("2026-11-20T10:00:00Z".to_owned()),
        exit_date_time: None,
        observation_id: (!is_session).then(|| id.to_owned()),
        session_id: is_session.then(|| id.to_owned()),
        place: None,
        revision,
        recorded_at: "2026-11-20T10:00:01Z".to_owned(),
        reason: "for a test".to_owned(),
    };
    ExceptionRow::try_from(&message).unwrap()
}

fn dismissal(row: &ExceptionRow) -> Dismissal {
    Dismissal::of(row, at("2026-11-20T11:00:00Z"), Label::parse("=seen").unwrap())
}

fn shown(recent: &Recent) -> Vec<(ExceptionKind, u64)> {
    let glance = recent.glance(10, 10, None);
    glance.exceptions.iter().map(|row| (row.kind, row.revision)).collect()
}

#[test]
fn of_an_observation_the_highest_revision_holds_in_whatever_order_the_rows_come() {
    let lone = exception(ExceptionKind::UnmatchedExit, "AA1", "x1", 2);
    let repaired = exception(ExceptionKind::Repaired, "AA1", "x1", 3);
    for rows in [[&lone, &repaired], [&repaired, &lone]] {
        let recent = Recent::default();
        for row in rows {
            recent.exception_written(row);
        }
        assert_eq!(shown(&recent), []);
        assert!(recent.of(&lone.plate).is_empty());
    }
}

#[test]
fn a_dismissal_hides_one_verdict_and_not_the_next_one() {
    let recent = Recent::default();
    let first = exception(ExceptionKind::Overstay, "AA1", "e1", 2);
    recent.exception_written(&first);
    recent.dismissed(&dismissal(&first));
    assert_eq!(shown(&recent), []);
    let glance = recent.glance(10, 10, None);
    assert_eq!(glance.overstays.len(), 1, "it is as long as it was");
    assert!(recent.of(&first.plate)[0].dismissed.is_some());

    // Late, of a verdict that has given way.
    let next = exception(ExceptionKind::MissedExit, "AA1", "e1", 4);
    recent.exception_written(&next);
    recent.dismissed(&dismissal(&first));
    assert_eq!(shown(&recent), [(ExceptionKind::MissedExit, 4)]);
}

#[test]
fn a_withdrawn_session_is_no_last_session_and_a_forgotten_plate_is_nowhere() {
    let recent = Recent::default();
    let (gone, stays) = (summary(1), summary(2));
    recent.session_written(&gone);
    recent.session_written(&stays);
    let withdrawn = exception(ExceptionKind::Withdrawn, gone.plate.as_str(), &gone.session_id, 5);
    recent.exception_written(&withdrawn);
    assert_eq!(recent.glance(10, 10, None).sessions, std::slice::from_ref(&stays));
    assert_eq!(shown(&recent), [(ExceptionKind::Withdrawn, 5)]);
    recent.forget(&gone.plate);
    recent.forget(&stays.plate);
    let glance = recent.glance(10, 10, None);
    assert!(glance.sessions.is_empty() && glance.exceptions.is_empty());
}

#[test]
fn only_so_many_are_remembered_and_those_are_the_newest() {
    let recent = Recent::default();
    for n in 0..EXCEPTIONS_MAX + 3 {
        let mut row = exception(ExceptionKind::UnmatchedExit, "AA1", &format!("x{n}"), 1);
        row.recorded_at += chrono::TimeDelta::seconds(i64::try_from(n).unwrap());
        recent.exception_written(&row);
    }
    let glance = recent.glance(0, 1, None);
    assert_eq!(glance.counts, [0, 0, EXCEPTIONS_MAX, 0]);
    assert_eq!(subject_of(&glance.exceptions[0]), format!("x{}", EXCEPTIONS_MAX + 2));
}

#[test]
fn a_row_of_a_dismissal_is_read_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let row = exception(ExceptionKind::UnmatchedExit, "AA1", "=x1", 2);
    let (one, other) =
        (dismissal(&row), dismissal(&exception(ExceptionKind::Withdrawn, "B2", "s", 9)));
    let lines = Lines::of(&[one.clone(), other.clone()]);
    let mut text = format!("{}\n", Dismissal::TABLE.header()).into_bytes();
    lines.iter().for_each(|(_, line)| text.extend_from_slice(line));
    std::fs::write(dir.path().join("dismissals.csv"), text).unwrap();
    assert_eq!(newest_rows::<Dismissal>(dir.path(), 10).unwrap(), [one, other.clone()]);
    assert_eq!(newest_rows::<Dismissal>(dir.path(), 1).unwrap(), [other]);
    assert_eq!(dismissal(&row).key(), row.key());
}
