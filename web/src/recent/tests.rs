use domain::Reason;
use domain::wire::ExceptionMessage;

use super::*;
use crate::row::{Lines, Posted as _, Row, subject_of};
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
    Dismissal::of(row, at("2026-11-20T11:00:00Z"), Reason::parse("=seen").unwrap())
}

fn shown(recent: &Recent) -> Vec<(ExceptionKind, u64)> {
    let glance = recent.glance(10, 10);
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
    let glance = recent.glance(10, 10);
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
    assert_eq!(recent.glance(10, 10).sessions, std::slice::from_ref(&stays));
    assert_eq!(shown(&recent), [(ExceptionKind::Withdrawn, 5)]);
    recent.forget(&gone.plate);
    recent.forget(&stays.plate);
    let glance = recent.glance(10, 10);
    assert!(glance.sessions.is_empty() && glance.exceptions.is_empty());
}

/// Each a second later than the one before.
/// The kinds of which there are any, and how many.
fn counted(counts: [u64; ExceptionKind::TO_REVIEW.len()]) -> Vec<(ExceptionKind, u64)> {
    ExceptionKind::TO_REVIEW.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect()
}

fn numbered(kind: ExceptionKind, n: i64) -> ExceptionRow {
    let mut row = exception(kind, &format!("AA{n}"), &format!("x{n}"), 1);
    row.recorded_at += chrono::TimeDelta::seconds(n);
    row.entry_at = row.entry_at.map(|at| at + chrono::TimeDelta::seconds(n));
    row
}

#[test]
fn all_are_counted_and_listed_page_by_page_down_to_the_first() {
    let recent = Recent::default();
    for n in 0..12_345 {
        recent.exception_written(&numbered(ExceptionKind::UnmatchedExit, n));
    }
    recent.exception_written(&numbered(ExceptionKind::MissedExit, 99_999));
    let every = [(ExceptionKind::MissedExit, 1), (ExceptionKind::UnmatchedExit, 12_345)];
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let list = recent.list(Some(ExceptionKind::UnmatchedExit), before, 1_000);
        assert_eq!((counted(list.counts), list.unlisted), (every.to_vec(), 0));
        seen.extend(list.rows.iter().map(|row| subject_of(row).to_owned()));
        let Some(next) = list.next else { break };
        before = Cursor::parse(&next.to_text());
        assert_eq!(before, Some(next), "as it stands in an address");
    }
    let expected: Vec<String> = (0..12_345).rev().map(|n| format!("x{n}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(recent.list(None, None, 1).rows[0].kind, ExceptionKind::MissedExit);
}

#[test]
fn what_is_too_old_to_be_listed_stays_counted_until_it_is_repaired_dismissed_or_erased() {
    let recent = Recent::with_rows_max(10);
    let rows: Vec<ExceptionRow> =
        (0..100).map(|n| numbered(ExceptionKind::UnmatchedExit, n)).collect();
    for row in &rows {
        recent.exception_written(row);
    }
    let counted = || recent.list(None, None, 100);
    assert_eq!((counted().counts[2], counted().rows.len(), counted().unlisted), (100, 10, 90));

    recent.exception_written(&exception(ExceptionKind::Repaired, "AA3", "x3", 2));
    assert_eq!(counted().counts[2], 99);
    recent.exception_written(&rows[3]);
    assert_eq!(counted().counts[2], 99, "an older row that comes again changes nothing");
    recent.dismissed(&dismissal(&rows[4]));
    recent.dismissed(&dismissal(&rows[4]));
    assert_eq!(counted().counts[2], 98);
    recent.forget(&rows[5].plate);
    assert_eq!(counted().counts[2], 97);
    recent.dismissed(&dismissal(&rows[99]));
    assert_eq!((counted().counts[2], counted().rows.len()), (96, 9));
    // The dismissed leave first.
    recent.exception_written(&numbered(ExceptionKind::UnmatchedExit, 200));
    assert_eq!((counted().counts[2], counted().rows.len(), counted().unlisted), (97, 10, 87));
    assert!(recent.of(&rows[99].plate).is_empty());
}

#[test]
fn an_overstay_is_never_forgotten_however_much_else_happens() {
    let recent = Recent::with_rows_max(10);
    let overstay = numbered(ExceptionKind::Overstay, 0);
    recent.exception_written(&overstay);
    for n in 1..1_000 {
        recent.exception_written(&numbered(ExceptionKind::UnmatchedExit, n));
    }
    let glance = recent.glance(0, 25);
    let every = vec![(ExceptionKind::Overstay, 1), (ExceptionKind::UnmatchedExit, 999)];
    assert_eq!((counted(glance.counts), glance.overstays_all), (every, 1));
    assert_eq!(glance.overstays, std::slice::from_ref(&overstay));
    let listed = recent.list(Some(ExceptionKind::Overstay), None, 10);
    assert_eq!(listed.rows, std::slice::from_ref(&overstay));
    assert_eq!(recent.of(&overstay.plate).len(), 1);
}

#[test]
fn everything_is_read_back_from_the_files_of_all_days() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<ExceptionRow> =
        (0..20).map(|n| numbered(ExceptionKind::UnmatchedExit, n)).collect();
    let header = ExceptionRow::TABLE.header();
    for (name, part) in
        [("exceptions-2026-11-20.csv", &rows[..15]), ("exceptions.csv", &rows[15..])]
    {
        let mut text = format!("{header}\n").into_bytes();
        Lines::of(part).iter().for_each(|row| text.extend_from_slice(row.text));
        text.extend_from_slice(b"damaged\n");
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let mut text = format!("{}\n", Dismissal::TABLE.header()).into_bytes();
    Lines::of(&[dismissal(&rows[0])]).iter().for_each(|row| text.extend_from_slice(row.text));
    std::fs::write(dir.path().join("dismissals.csv"), text).unwrap();
    let recent = Recent::read(dir.path()).unwrap();
    let list = recent.list(None, None, 100);
    assert_eq!((list.counts[2], list.rows.len()), (19, 19));
    assert_eq!(list.rows.last(), Some(&rows[1]));
}

/// For the figure in the docs: `cargo test -p web --lib -- --ignored memory --nocapture`.
#[test]
#[allow(clippy::disallowed_macros, reason = "figures for the person who asks for them")]
#[ignore = "measures; says nothing of right and wrong"]
#[expect(clippy::print_stdout, reason = "what it is for")]
fn the_memory_of_a_million() {
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let recent = Recent::default();
    let before = resident();
    for n in 0..1_000_000 {
        let id = uuid::Uuid::from_u128(n).to_string();
        let mut row = exception(ExceptionKind::UnmatchedExit, &format!("AB{n}"), &id, 1);
        row.recorded_at += chrono::TimeDelta::seconds(i64::try_from(n).unwrap());
        recent.exception_written(&row);
        if [199_999, 999_999].contains(&n) {
            println!("{} rows: {} MB", n + 1, (resident() - before) >> 20);
        }
    }
}

#[test]
fn a_row_of_a_dismissal_is_read_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let row = exception(ExceptionKind::UnmatchedExit, "AA1", "=x1", 2);
    let (one, other) =
        (dismissal(&row), dismissal(&exception(ExceptionKind::Withdrawn, "B2", "s", 9)));
    let lines = Lines::of(&[one.clone(), other.clone()]);
    let mut text = format!("{}\n", Dismissal::TABLE.header()).into_bytes();
    lines.iter().for_each(|row| text.extend_from_slice(row.text));
    std::fs::write(dir.path().join("dismissals.csv"), text).unwrap();
    assert_eq!(newest_rows::<Dismissal>(dir.path(), 10).unwrap(), [one, other.clone()]);
    assert_eq!(newest_rows::<Dismissal>(dir.path(), 1).unwrap(), [other]);
    assert_eq!(dismissal(&row).key(), row.key());
}
