use super::*;

fn why_of(state: State, is_reported: bool, waits_for: Option<(Direction, Instant)>) -> String {
    let (entry, exit, session_id) = (None, None, None);
    why(&Chapter { state, entry, exit, session_id, is_reported, waits_for })
}

#[test]
fn each_stay_and_each_lone_read_says_why_and_what_it_waits_for() {
    let at = parse_time("2026-11-20T10:00:05Z").unwrap();
    assert_eq!(
        why_of(State::FINISHED, true, None),
        "the exit is the next read after the entry in event time (R3)"
    );
    assert_eq!(
        why_of(State(Some(ExceptionKind::UnmatchedExit)), false, Some((Direction::Entry, at))),
        "there is no entry directly before this exit (R4); it will be reported once all entries \
         up to 2026-11-20T10:00:05.000Z have been read"
    );
    assert_eq!(
        why_of(State(Some(ExceptionKind::MissedExit)), true, None),
        "another entry follows directly, with no exit in between (R5)"
    );
    assert_eq!(
        why_of(State::OPEN, false, Some((Direction::Exit, at))),
        "nothing was read after this entry; it will be reported as an overstay once all exits up \
         to 2026-11-20T10:00:05.000Z have been read"
    );
    assert_eq!(
        why_of(State::OPEN, true, None),
        "nothing was read after this entry for longer than max_stay (R7)"
    );
}

#[test]
fn who_asks_for_what_there_is_not_is_told_what_there_is() {
    let said = |problem: Problem| problem.to_string();
    let (states, kinds) = (said(state("gone").unwrap_err()), said(kind("repaired").unwrap_err()));
    assert!(states.contains("`state` is open, finished, unmatched_exit"), "{states}");
    assert!(kinds.contains("`kind` is unmatched_exit, missed_exit"), "{kinds}");
    assert_eq!(in_words(&["open", "finished", "missed_exit"]), "open, finished or missed_exit");
    assert_eq!(in_words(&["open"]), "open");
}
