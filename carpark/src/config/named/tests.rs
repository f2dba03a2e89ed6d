use chrono_tz::{Europe, Tz};
use domain::{LaneName, PlaceName};

use super::*;

const TWO_CAMERAS: &str = "\
[places.north]
time_zone = 'Europe/Berlin'
[lanes.in]
role = 'entry'
[lanes.gate]
place = 'north'
role = 'both'
[cameras.in-1]
lane = 'in'
vendor = 'carpark'
min_confidence = 0.5
[cameras.gate-1]
lane = 'gate'
time_zone = 'UTC'
approaching = 'exit'
";

fn named(toml: &str) -> Result<Named, SettingError> {
    let mut named = Named::default();
    named.take_from(&mut toml.parse().unwrap(), &Source::File("carpark.toml".into()))?;
    Ok(named)
}

fn cameras(toml: &str) -> Result<Vec<Camera>, SettingError> {
    named(toml)?.cameras(None)
}

#[test]
fn a_camera_knows_its_lane_its_place_and_its_zone() {
    let cameras = cameras(TWO_CAMERAS).unwrap();
    let [gate, inward] = &cameras[..] else { panic!("{cameras:?}") };
    assert_eq!((inward.name.as_str(), inward.lane.as_str()), ("in-1", "in"));
    assert_eq!((inward.role, inward.place.as_str()), (LaneRole::Entry, "north"), "the only place");
    assert_eq!((inward.zone, inward.vendor), (Europe::Berlin, Vendor::from_str("carpark").ok()));
    assert!((inward.min_confidence - 0.5).abs() < 1e-6);
    assert_eq!((gate.role, gate.zone, gate.vendor), (LaneRole::Both, Tz::UTC, None));
    assert_eq!((gate.approaching, gate.min_confidence), (Some(Direction::Exit), 0.0));
}

#[test]
fn what_is_shown_can_be_used_as_the_file() {
    let shown = named(TWO_CAMERAS).unwrap().show().join("\n");
    assert!(shown.contains("[cameras.gate-1]") && shown.contains("# carpark.toml"), "{shown}");
    assert_eq!(cameras(&shown).unwrap(), cameras(TWO_CAMERAS).unwrap());
}

#[test]
fn a_camera_may_have_a_token_of_its_own_that_nothing_shows() {
    let toml = TWO_CAMERAS.replace("vendor = 'carpark'", "token = 'of-its-own'");
    let named = named(&toml).unwrap();
    let cameras = named.cameras(Some("of-all")).unwrap();
    let tokens: Vec<_> = cameras.iter().map(|c| c.token.as_ref().unwrap().as_str()).collect();
    assert_eq!(tokens, ["of-all", "of-its-own"]);
    assert_eq!(named.camera_tokens().unwrap(), ["of-its-own"]);
    let shown = format!("{:?} {}", cameras, named.show().join("\n"));
    assert!(!shown.contains("of-its-own") && !shown.contains("of-all"), "{shown}");
    for (wrong, says) in [
        ("token = 'a'\ntoken_file = 'b'", "are both set"),
        ("token_file = '/nowhere/token'", "cannot be read"),
        ("token = ' '", "is empty"),
    ] {
        let error = super::tests::cameras(&TWO_CAMERAS.replace("vendor = 'carpark'", wrong));
        let error = error.unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("cameras.in-1"), "{error}");
    }
}

#[test]
fn what_is_wrong_is_named_with_value_place_and_remedy() {
    let with = |more: &str| format!("{TWO_CAMERAS}{more}");
    for (toml, parts) in [
        ("cameras = 3".to_owned(), &["`cameras`", "[cameras.NAME]"][..]),
        ("[cameras]\nx = 3".to_owned(), &["`cameras.x`", "[cameras.NAME]", "lane, vendor"]),
        ("[cameras.'a b']\nlane = 'in'".to_owned(), &["[cameras.a b]", "letters", "carpark.toml"]),
        ("[places.p]".to_owned(), &["`places.p.time_zone` is not set", "Europe/Berlin"]),
        (
            "[places.p]\ntime_zone = 'Europe/Berlni'".to_owned(),
            &["\"Europe/Berlni\"", "IANA", "did you mean `Europe/Berlin`?"],
        ),
        ("[places.p]\ntimezone = 'UTC'".to_owned(), &["`places.p.timezone`", "mean `time_zone`?"]),
        ("[lanes.l]\nrole = 'in'".to_owned(), &["`lanes.l.role` = \"in\"", "entry, exit or both"]),
        (
            "[lanes.l]\nrole = 'entry'".to_owned(),
            &["`lanes.l.place` is not set", "add a section [places.NAME]"],
        ),
        (
            with("[places.south]\ntime_zone = 'UTC'"),
            &["`lanes.in.place` is not set", "expected one of north, south"],
        ),
        (with("[cameras.c]\nvendor = 'auto'"), &["`cameras.c.lane` is not set", "gate, in"]),
        (with("[cameras.c]\nlane = 'out'"), &["`cameras.c.lane` = \"out\"", "gate, in"]),
        (with("[cameras.c]\nlane = 'in'\nvendor = 'kodak'"), &["\"kodak\"", "auto, or one of"]),
        (with("[cameras.c]\nlane = 'in'\nmin_confidence = 60"), &["\"60\"", "0 to 1"]),
        (with("[cameras.c]\nlane = 'in'\nlanes = 'in'"), &["`cameras.c.lanes`", "mean `lane`?"]),
        (
            with("[cameras.c]\nlane = 'in'\napproaching = 'entry'"),
            &["`cameras.c.approaching`", "role entry", "role both"],
        ),
    ] {
        let error = cameras(&toml).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{toml}:\n{error}");
        }
    }
}

#[test]
fn the_time_of_re_reads_is_of_a_lane_or_of_a_place() {
    let re_reads = |toml: &str| named(toml).unwrap().re_reads();
    let seconds = |toml: &str, place: &str, lane: &str| {
        let (place, lane) = (PlaceName::parse(place).unwrap(), LaneName::parse(lane).unwrap());
        re_reads(toml).unwrap().of(&place, Some(&lane)).num_seconds()
    };
    let toml = "[places.north]\ntime_zone = 'UTC'\nre_read = '60s'\n\
                [lanes.out]\nrole = 'exit'\nre_read = '2m'";
    assert_eq!(seconds(toml, "north", "out"), 120);
    assert_eq!(seconds(toml, "north", "in"), 60);
    assert_eq!(seconds(toml, "south", "out"), 20);
    for wrong in ["soon", "2h", "-1s"] {
        let error = re_reads(&format!("[places.north]\nre_read = '{wrong}'")).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("places.north.re_read") && error.contains("90s"), "{error}");
    }
}

#[test]
fn a_rate_table_is_read_from_where_the_file_is_and_what_is_wrong_with_it_has_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let city = include_str!("../../../../rates/tables/city.toml");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("city.toml", city);
    write("open.toml", &city.replace("leave_grace = \"PT15M\"\n", ""));
    write("broken.toml", "id = \"broken\"\nname = 3\n");
    let tables = |toml: &str| {
        let mut named = Named::default();
        let file = directory.path().join("carpark.toml").display().to_string();
        named.take_from(&mut toml.parse().unwrap(), &Source::File(file))?;
        named.rate_tables()
    };
    let read = tables("[rate_tables.city-multi-storey]\nfile = 'city.toml'").unwrap();
    assert_eq!((read.len(), &*read[0].id), (1, "city-multi-storey"));
    for (toml, parts) in [
        ("[rate_tables.x]", &["`rate_tables.x.file` is not set", "rates/city.toml"][..]),
        (
            "[rate_tables.x]\nfile = 'none.toml'",
            &[
                "`rate_tables.x.file` = \"none.toml\"",
                "cannot be read",
                "where the configuration is",
            ],
        ),
        (
            "[rate_tables.x]\nfile = 'city.toml'",
            &["`rate_tables.x.file`", "\"city-multi-storey\"", "the table \"x\""],
        ),
        (
            "[rate_tables.city-multi-storey]\nfile = 'open.toml'",
            &["has faults", "open.toml:13: rules.leave_grace", "How long may a driver take"],
        ),
        ("[rate_tables.broken]\nfile = 'broken.toml'", &["broken.toml: line 2", "string"]),
    ] {
        let error = tables(toml).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{toml}:\n{error}");
        }
    }
}
