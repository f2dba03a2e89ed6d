use domain::PlaceName;
use platform::settings::{Settings as _, Source, Values};

use super::{Dwell, Faults, Options, Profile};
use crate::PlateFormat;

fn read(given: &[(&str, &str)]) -> Result<Options, String> {
    let mut values = Values::default();
    for setting in Options::settings() {
        for (_, text) in given.iter().filter(|(key, _)| *key == setting.key) {
            values.put(&setting, (*text).to_owned(), Source::File("a file".to_owned()));
        }
    }
    Options::of(&values).map_err(|error| error.to_string())
}

#[test]
fn nothing_given_is_the_default_and_the_default_makes_sense() {
    assert_eq!(read(&[]), Ok(Options::default()));
    assert_eq!(Options::default().check(), Ok(()));
}

#[test]
fn what_is_written_is_read() {
    let options = Options {
        profile: Profile::Campus,
        seed: Some(1),
        plate_format: PlateFormat::parse("M-AA 9999").unwrap(),
        ledger: Some("ledger.jsonl".into()),
        ..Options::default()
    };
    let given = [
        ("generators.profile", "campus"),
        ("generators.seed", "1"),
        ("generators.plate_format", "M-AA 9999"),
        ("generators.ledger", "ledger.jsonl"),
    ];
    assert_eq!(read(&given), Ok(options));
}

#[test]
fn what_has_no_meaning_is_refused_with_what_has() {
    let error = read(&[("generators.plate_format", "aaa")]).unwrap_err();
    assert!(error.contains("has no meaning"), "{error}");
    let error = read(&[("generators.profile", "rush")]).unwrap_err();
    assert!(error.contains("expected `steady` or `campus`"), "{error}");
    for place in [" ", "a\nb"] {
        let error = read(&[("generators.places", place)]).unwrap_err();
        let why = PlaceName::parse(place.trim()).unwrap_err().to_string();
        assert!(error.starts_with("`generators.places` = ") && error.ends_with(&why), "{error}");
    }
}

#[test]
fn places_are_named_with_commas_between() {
    let names = |text| {
        let options = read(&[("generators.places", text)]).unwrap();
        options.places.all().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names("north, south"), ["north", "south"]);
    assert_eq!(names("main"), ["main"]);
    assert!(read(&[("generators.places", "north,")]).is_err());
}

#[test]
fn each_setting_that_makes_no_sense_is_named() {
    fn check(change: fn(&mut Options), setting: &str) {
        let mut options = Options::default();
        change(&mut options);
        assert_eq!(options.check().unwrap_err().key, format!("generators.{setting}"));
    }
    check(|options| options.rate = -1.0, "rate");
    check(|options| options.rate = f64::NAN, "rate");
    check(|options| options.rate = f64::INFINITY, "rate");
    check(|options| options.speed = 0.0, "speed");
    check(|options| options.start_hour = 24, "start_hour");
    check(|options| options.matched_share = 1.01, "matched_share");
    check(|options| options.lanes = 0, "lanes");
    check(|options| options.in_flight_max = 0, "in_flight_max");
    check(|options| options.stop_seconds_max = -1.0, "stop_seconds_max");
    let dwell = Dwell::default();
    let none = Dwell { min_seconds: 0.0, ..dwell };
    assert_eq!(none.check().unwrap_err().key, "generators.dwell.min_seconds");
    let above = Dwell { min_seconds: 5.0, ..dwell };
    assert_eq!(above.check().unwrap_err().key, "generators.dwell.median_seconds");
    let above = Dwell { median_seconds: 11.0, ..dwell };
    assert_eq!(above.check().unwrap_err().key, "generators.dwell.max_seconds");
    check(|options| options.faults.duplicate_share = 2.0, "faults.duplicate_share");
    check(|options| options.faults.re_read_share = 2.0, "faults.re_read_share");
    check(|options| options.faults.late_share = 2.0, "faults.late_share");
    check(|options| options.faults.misread_share = 2.0, "faults.misread_share");
    check(|options| options.faults.late_seconds_max = -1.0, "faults.late_seconds_max");
    let gap = Faults { re_read_gap_seconds_max: 20.0, ..Faults::default() };
    assert_eq!(gap.check().unwrap_err().key, "generators.faults.re_read_gap_seconds_max");
}
