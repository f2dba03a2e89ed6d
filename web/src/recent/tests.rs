use domain::wire::ExceptionMessage;
use domain::{PlaceName, Reason};

use super::looking::Listing;
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

fn glance(recent: &Recent, most: usize) -> Glance {
    glance_of(recent, None, most)
}

fn glance_of(recent: &Recent, place: Option<&str>, most: usize) -> Glance {
    let place = place.map(|place| place.parse().unwrap());
    let most = Most { open: most, sessions: most, exceptions: most };
    recent.glance(place.as_ref(), most, at("2026-11-20T10:00:30Z"))
}

fn list(
    recent: &Recent,
    kind: Option<ExceptionKind>,
    before: Option<Cursor>,
    most: usize,
) -> Listing {
    recent.list(Which { kind, place: None }, before, most)
}

fn shown(recent: &Recent) -> Vec<(ExceptionKind, u64)> {
    let glance = glance(recent, 10);
    glance.exceptions.iter().map(|row| (row.kind, row.revision)).collect()
}

#[test]
fn of_an_observation_the_highest_revision_holds_in_whatever_order_the_rows_come() {
    let lone = exception(ExceptionKind::UnmatchedExit, "AA1", "x1", 2);
    let repaired = exception(ExceptionKind::Repaired, "AA1", "x1", 3);
    for rows in [[&lone, &repaired], [&repaired, &lone]] {
        let recent = Recent::default();
        for row in rows {
            recent.state().exception_written(row);
        }
        assert_eq!(shown(&recent), []);
        assert!(recent.of(&lone.plate).is_empty());
    }
}

#[test]
fn a_dismissal_hides_one_verdict_and_not_the_next_one() {
    let recent = Recent::default();
    let first = exception(ExceptionKind::Overstay, "AA1", "e1", 2);
    recent.state().exception_written(&first);
    recent.dismissed(&dismissal(&first));
    assert_eq!(shown(&recent), []);
    let glance = glance(&recent, 10);
    assert_eq!((glance.inside, glance.open.len()), (1, 1), "it is as long as it was");
    assert!(recent.of(&first.plate)[0].dismissed.is_some());

    // Late, of a verdict that has given way.
    let next = exception(ExceptionKind::MissedExit, "AA1", "e1", 4);
    recent.state().exception_written(&next);
    recent.dismissed(&dismissal(&first));
    assert_eq!(shown(&recent), [(ExceptionKind::MissedExit, 4)]);
}

#[test]
fn a_withdrawn_session_is_no_last_session_and_a_forgotten_plate_is_nowhere() {
    let recent = Recent::default();
    let (gone, stays) = (summary(1), summary(2));
    recent.state().session_written(&gone);
    recent.state().session_written(&stays);
    let withdrawn = exception(ExceptionKind::Withdrawn, gone.plate.as_str(), &gone.session_id, 5);
    recent.state().exception_written(&withdrawn);
    assert_eq!(glance(&recent, 10).sessions, [Arc::new(stays.clone())]);
    assert_eq!(glance_of(&recent, Some("main"), 10).sessions.len(), 1);
    assert_eq!(shown(&recent), [(ExceptionKind::Withdrawn, 5)]);
    recent.forget(&gone.plate).unwrap();
    recent.forget(&stays.plate).unwrap();
    let glance = glance(&recent, 10);
    assert!(glance.sessions.is_empty() && glance.exceptions.is_empty());
}

/// Each a second later than the one before.
/// The kinds of which there are any, and how many.
fn counted(counts: Counts) -> Vec<(ExceptionKind, u64)> {
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
        recent.state().exception_written(&numbered(ExceptionKind::UnmatchedExit, n));
    }
    recent.state().exception_written(&numbered(ExceptionKind::MissedExit, 99_999));
    let every = [(ExceptionKind::MissedExit, 1), (ExceptionKind::UnmatchedExit, 12_345)];
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let list = list(&recent, Some(ExceptionKind::UnmatchedExit), before, 1_000);
        assert_eq!((counted(list.counts), list.unlisted), (every.to_vec(), 0));
        seen.extend(list.rows.iter().map(|row| subject_of(row).to_owned()));
        let Some(next) = list.next else { break };
        before = Cursor::parse(&next.to_text());
        assert_eq!(before, Some(next), "as it stands in an address");
    }
    let expected: Vec<String> = (0..12_345).rev().map(|n| format!("x{n}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(list(&recent, None, None, 1).rows[0].kind, ExceptionKind::MissedExit);
}

#[test]
fn what_is_too_old_to_be_listed_stays_counted_until_it_is_repaired_dismissed_or_erased() {
    let recent = Recent::with_rows_max(10);
    let rows: Vec<ExceptionRow> =
        (0..100).map(|n| numbered(ExceptionKind::UnmatchedExit, n)).collect();
    for row in &rows {
        recent.state().exception_written(row);
    }
    let counted = || list(&recent, None, None, 100);
    assert_eq!((counted().counts[2], counted().rows.len(), counted().unlisted), (100, 10, 90));

    recent.state().exception_written(&exception(ExceptionKind::Repaired, "AA3", "x3", 2));
    assert_eq!(counted().counts[2], 99);
    recent.state().exception_written(&rows[3]);
    assert_eq!(counted().counts[2], 99, "an older row that comes again changes nothing");
    recent.dismissed(&dismissal(&rows[4]));
    recent.dismissed(&dismissal(&rows[4]));
    assert_eq!(counted().counts[2], 98);
    recent.forget(&rows[5].plate).unwrap();
    assert_eq!(counted().counts[2], 97);
    recent.dismissed(&dismissal(&rows[99]));
    assert_eq!((counted().counts[2], counted().rows.len()), (96, 9));
    // The dismissed leave first.
    recent.state().exception_written(&numbered(ExceptionKind::UnmatchedExit, 200));
    assert_eq!((counted().counts[2], counted().rows.len(), counted().unlisted), (97, 10, 87));
    assert!(recent.of(&rows[99].plate).is_empty());
}

#[test]
fn an_overstay_is_never_forgotten_however_much_else_happens() {
    let recent = Recent::with_rows_max(10);
    let overstay = numbered(ExceptionKind::Overstay, 0);
    recent.state().exception_written(&overstay);
    for n in 1..1_000 {
        recent.state().exception_written(&numbered(ExceptionKind::UnmatchedExit, n));
    }
    let glance = glance(&recent, 25);
    let every = vec![(ExceptionKind::Overstay, 1), (ExceptionKind::UnmatchedExit, 999)];
    assert_eq!((counted(glance.counts), glance.inside), (every, 1));
    assert_eq!(glance.open[0].plate, overstay.plate);
    let listed = list(&recent, Some(ExceptionKind::Overstay), None, 10);
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
    let recent = Recent::read(dir.path(), 0).unwrap();
    let list = list(&recent, None, None, 100);
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
        recent.state().exception_written(&row);
        if [199_999, 999_999].contains(&n) {
            println!("{} rows: {} MB", n + 1, (resident() - before) >> 20);
        }
    }
}

/// The same of vehicles that are inside, and how long a checkpoint of them takes.
#[test]
#[allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "as above")]
#[ignore = "measures; says nothing of right and wrong"]
#[expect(clippy::print_stdout, reason = "what it is for")]
fn the_memory_of_a_million_inside() {
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let dir = tempfile::tempdir().unwrap();
    let recent = Recent::read(dir.path(), 0).unwrap();
    let before = resident();
    {
        let mut state = recent.state();
        state.position = Some(0);
        for n in 0..1_000_000_u32 {
            let name = format!("place {}", n % 100).parse().unwrap();
            let at_place = state.places.number(&name);
            let plate = Plate::parse(&format!("AB{n}")).unwrap();
            let entry = uuid::Uuid::from_u128(n.into()).to_string().parse().unwrap();
            let entered = at("2026-11-20T10:00:00Z") + chrono::TimeDelta::milliseconds(n.into());
            state.inside.opened(Stay { plate, entry, at: entered, place: at_place });
        }
    }
    println!("inside: {} MB", (resident() - before) >> 20);
    let begun = std::time::Instant::now();
    recent.keep().unwrap();
    let bytes = std::fs::metadata(dir.path().join("pages.checkpoint")).unwrap().len();
    println!("kept: {} MB in {:?}", bytes >> 20, begun.elapsed());
    let begun = std::time::Instant::now();
    let again = Recent::read(dir.path(), 0).unwrap();
    println!("read: {:?}", begun.elapsed());
    assert_eq!(again.state().inside.count(None), 1_000_000);
    let begun = std::time::Instant::now();
    let place = "place 7".parse().unwrap();
    for place in [None, Some(&place)] {
        let most = Most { open: 25, sessions: 15, exceptions: 25 };
        assert_eq!(again.glance(place, most, at("2026-11-20T10:00:30Z")).open.len(), 25);
    }
    println!("two glances: {:?}", begun.elapsed());
    let begun = std::time::Instant::now();
    let part = domain::plate::PlatePart::parse("B99999").unwrap();
    assert_eq!(again.search(&part, None, 50).0.len(), 11);
    println!("search: {:?}", begun.elapsed());
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

#[test]
fn each_place_has_its_own_figures_rows_and_pages() {
    let recent = Recent::with_rows_max(100);
    let places = ["north", "south"];
    for n in 0..150 {
        let mut row = numbered(ExceptionKind::UnmatchedExit, n);
        row.place = places[usize::try_from(n % 3).unwrap().min(1)].parse().unwrap();
        recent.state().exception_written(&row);
    }
    let all = glance(&recent, 10).counts[2];
    let of = |place| glance_of(&recent, Some(place), 1_000);
    assert_eq!((all, of("north").counts[2], of("south").counts[2]), (150, 50, 100));
    let north: PlaceName = "north".parse().unwrap();
    let which = Which { kind: Some(ExceptionKind::UnmatchedExit), place: Some(&north) };
    let first = recent.list(which, None, 10);
    assert!(first.rows.iter().all(|row| row.place == north));
    assert_eq!((first.rows.len(), first.counts[2]), (10, 50));
    let mut listed = first.rows.len();
    let mut before = first.next;
    while before.is_some() {
        let page = recent.list(which, before, 10);
        listed += page.rows.len();
        before = page.next;
    }
    // Those that are only counted are the oldest.
    assert_eq!(listed as u64 + first.unlisted, 50);
    assert!(first.unlisted > 0);
    assert_eq!(of("nowhere").counts, Counts::default());
}

/// The feed of the web role, its reader, and what it knows: everything but the pages themselves.
mod of_the_feed {
    use domain::wire::{OpeningMessage, OriginMessage, SummaryMessage};
    use platform::feed::Reader as _;
    use platform::feed::{Event, Page, Source as _, Unread, Wanted};

    use super::*;
    use crate::csv_writer::Journal;
    use crate::feed::{LocalFeed, Readers};
    use crate::testing::{Bench, write};

    const NOON: &str = "2026-11-20T12:00:00Z";

    fn opening(plate: &str, minute: u32, car_park: &str) -> domain::Opening {
        let message = OpeningMessage {
            vehicle_plate: plate.to_owned(),
            observation_id: format!("e-{plate}-{minute}"),
            entry_date_time: format!("2026-11-20T11:{minute:02}:00Z"),
            place: Some(car_park.to_owned()),
            lane: None,
            revision: 1,
        };
        (&message).try_into().unwrap()
    }

    /// The end of that stay.
    fn closing(plate: &str, entered: u32, left: u32, car_park: &str) -> Summary {
        let message = SummaryMessage {
            vehicle_plate: plate.to_owned(),
            entry_date_time: format!("2026-11-20T11:{entered:02}:00Z"),
            exit_date_time: format!("2026-11-20T11:{left:02}:00Z"),
            duration_seconds: None,
            session_id: Some(format!("s-{plate}-{entered}")),
            place: Some(car_park.to_owned()),
            repaired: false,
            origin: Some(OriginMessage {
                revision: 2,
                entry_observation_id: format!("e-{plate}-{entered}"),
                entry_lane: None,
                exit_observation_id: format!("x-{plate}-{left}"),
                exit_place: car_park.to_owned(),
                exit_lane: None,
            }),
        };
        (&message).try_into().unwrap()
    }

    struct Pages {
        recent: Arc<Recent>,
        source: PagesFeed,
        reader: PagesReader,
    }

    impl Pages {
        /// As a start makes it, of what is on the disk.
        fn start(bench: &Bench, journal: &Journal) -> Self {
            let recent = Recent::read(&bench.path(""), journal.view().last()).unwrap();
            let recent = Arc::new(recent);
            let readers = Readers::new(journal.view(), bench.settings().metrics.clone());
            let erasures = Arc::default();
            let feed = LocalFeed::new(&readers, Wanted::default());
            let source = PagesFeed::new(feed, Arc::clone(&recent), Arc::clone(&erasures));
            let clock = Arc::new(|| at(NOON));
            let reader = PagesReader::new(Arc::clone(&recent), clock, erasures);
            Self { recent, source, reader }
        }

        async fn page(&mut self) -> Result<Page, Unread> {
            let position = self.reader.position().await.unwrap();
            self.source.read(position, 3, std::time::Duration::ZERO).await
        }

        /// Takes all there is; answers how many events that were.
        async fn catch_up(&mut self) -> usize {
            let mut count = 0;
            loop {
                match self.page().await {
                    Ok(Page { events, next, .. }) => {
                        let is_end = events.is_empty();
                        self.reader.take(&events, next).await.unwrap();
                        count += events.len();
                        if is_end {
                            return count;
                        }
                    }
                    Err(Unread::Gone { after }) => self.reader.gone(after).await.unwrap(),
                    Err(Unread::Failed(why)) => panic!("{why}"),
                }
            }
        }

        fn inside(&self, place: Option<&str>) -> (u64, Vec<String>) {
            let glance = glance_of_noon(&self.recent, place);
            (glance.inside, glance.open.iter().map(|stay| stay.plate.to_string()).collect())
        }
    }

    fn glance_of_noon(recent: &Recent, place: Option<&str>) -> Glance {
        let place = place.map(|place| place.parse().unwrap());
        let most = Most { open: 10, sessions: 10, exceptions: 10 };
        recent.glance(place.as_ref(), most, at(NOON))
    }

    fn opens(journal: &mut Journal, all: &[(&str, u32, &str)]) {
        let all: Vec<_> = all.iter().map(|(plate, at, place)| opening(plate, *at, place)).collect();
        write(journal, domain::Opening::lines(&all));
    }

    fn closes(journal: &mut Journal, closings: &[Summary]) {
        write(journal, Lines::of(closings));
    }

    #[actix::test]
    async fn who_is_inside_and_what_passed_is_what_the_feed_tells() {
        let bench = Bench::new();
        let mut journal = bench.open();
        let mut pages = Pages::start(&bench, &journal);
        opens(&mut journal, &[("AA1", 10, "north"), ("AA2", 5, "south"), ("AA3", 7, "north")]);
        closes(&mut journal, &[closing("AA1", 10, 40, "north"), closing("BB1", 20, 41, "south")]);
        assert_eq!(pages.catch_up().await, 5);
        assert_eq!(pages.inside(None), (2, vec!["AA2".to_owned(), "AA3".to_owned()]));
        assert_eq!(pages.inside(Some("north")), (1, vec!["AA3".to_owned()]));
        let glance = glance_of_noon(&pages.recent, None);
        let sum =
            glance.passed.iter().fold((0, 0), |sum, of| (sum.0 + of.entries, sum.1 + of.exits));
        assert_eq!(sum, (4, 2), "one of the four was told with its end only");
        assert_eq!(glance.sessions.len(), 2);
        assert_eq!(glance_of_noon(&pages.recent, Some("south")).sessions.len(), 1);
        journal.close();
    }

    #[actix::test]
    async fn a_start_goes_on_where_the_one_before_ended_and_reads_nothing_twice() {
        let bench = Bench::new();
        let mut journal = bench.open();
        let mut pages = Pages::start(&bench, &journal);
        opens(&mut journal, &[("AA1", 10, "north"), ("AA2", 5, "south")]);
        closes(&mut journal, &[closing("AA1", 10, 40, "north")]);
        pages.catch_up().await;
        pages.recent.keep().unwrap();
        opens(&mut journal, &[("AA3", 50, "north")]);
        closes(&mut journal, &[closing("AA3", 50, 55, "north")]);
        pages.catch_up().await;
        let was = (pages.inside(None), glance_of_noon(&pages.recent, None));
        journal.close();

        let journal = bench.open();
        let mut again = Pages::start(&bench, &journal);
        assert!(!again.recent.is_caught_up());
        assert_eq!(again.catch_up().await, 2, "what was told since");
        assert!(again.recent.is_caught_up());
        let glance = glance_of_noon(&again.recent, None);
        assert_eq!(again.inside(None), was.0);
        assert_eq!((&glance.passed, &glance.sessions), (&was.1.passed, &was.1.sessions));

        // Without the checkpoint, and with one that is damaged: from the first event on.
        for damage in [None, Some("carpark pages 1\nposition\t3\nstay\t0\t1\tAA9\te9\nend\t1\n")] {
            match damage {
                None => std::fs::remove_file(bench.path("pages.checkpoint")).unwrap(),
                Some(text) => bench.put("pages.checkpoint", text),
            }
            let mut anew = Pages::start(&bench, &journal);
            assert_eq!(anew.catch_up().await, 5);
            assert_eq!(anew.inside(None), was.0);
            assert_eq!(glance_of_noon(&anew.recent, None).sessions, was.1.sessions);
        }
        journal.close();
    }

    #[actix::test]
    async fn an_erased_plate_is_nowhere_whatever_is_on_its_way_and_in_no_checkpoint() {
        let bench = Bench::new();
        let mut journal = bench.open();
        let mut pages = Pages::start(&bench, &journal);
        opens(&mut journal, &[("AA1", 10, "north"), ("AA2", 5, "north")]);
        pages.catch_up().await;
        pages.recent.keep().unwrap();
        assert!(bench.read("pages.checkpoint").contains("AA1"));

        // A page with the plate is on its way.
        opens(&mut journal, &[("AA1", 20, "north"), ("AA3", 21, "north")]);
        let page = pages.page().await.unwrap();
        let plate = Plate::parse("AA1").unwrap();
        pages.recent.forget(&plate).unwrap();
        assert!(!bench.read("pages.checkpoint").contains("AA1"));
        pages.reader.take(&page.events, page.next).await.unwrap();
        assert_eq!(pages.inside(None), (2, vec!["AA2".to_owned(), "AA3".to_owned()]));

        // What is told of it from then on is another matter.
        opens(&mut journal, &[("AA1", 30, "north")]);
        pages.catch_up().await;
        assert_eq!(pages.inside(None).0, 3);

        // It has left, and stands in the checkpoint only.
        pages.recent.keep().unwrap();
        closes(&mut journal, &[closing("AA1", 30, 40, "north")]);
        pages.catch_up().await;
        assert!(bench.read("pages.checkpoint").contains("AA1"));
        pages.recent.forget(&plate).unwrap();
        assert!(!bench.read("pages.checkpoint").contains("AA1"));
        journal.close();
    }

    #[actix::test]
    async fn who_slept_too_long_keeps_who_was_inside_and_an_older_copy_of_the_feed_does_not() {
        let recent = Arc::new(Recent::default());
        let mut reader =
            PagesReader::new(Arc::clone(&recent), Arc::new(|| at(NOON)), Arc::default());
        let stay = || Stay {
            plate: Plate::parse("AA1").unwrap(),
            entry: "e1".parse().unwrap(),
            at: at("2026-11-20T11:00:00Z"),
            place: 0,
        };
        recent.state().inside.opened(stay());
        recent.state().position = Some(10);
        reader.gone(20).await.unwrap();
        assert_eq!((reader.position().await, recent.state().inside.count(None)), (Ok(Some(20)), 1));
        reader.gone(5).await.unwrap();
        assert_eq!((reader.position().await, recent.state().inside.count(None)), (Ok(Some(5)), 0));
    }

    #[actix::test]
    async fn a_place_has_the_name_that_was_told_last() {
        let recent = Recent::default();
        let changed = |position: u64, after: &str| {
            Event::parse(format!(
                r#"{{"position":{position},"id":"i","type":"place.changed","time":"{NOON}","place":"north","subject":"north","recordedat":"{NOON}","data":{{"place":"north","by":"Ada","before":null,"after":{after}}}}}"#
            ))
            .unwrap()
        };
        let north: PlaceName = "north".parse().unwrap();
        for (after, title) in [
            (r#"{"name":"North Garage","bays":{}}"#, Some("North Garage".to_owned())),
            (r#"{"name":"north"}"#, None),
            (r#"{"name":"P2"}"#, Some("P2".to_owned())),
            ("null", None),
        ] {
            recent.take(&[changed(1, after)], 1, 0, at(NOON));
            assert_eq!(recent.title(&north), title);
        }
        assert_eq!(recent.places(10).1, 1);
    }
}
