use super::{Dwell, Faults, Options};
use crate::{PlateFormat, Profile};

fn from_json(json: &str) -> Result<Options, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn nothing_given_is_the_default_and_the_default_makes_sense() {
    assert_eq!(from_json("{}"), Ok(Options::default()));
    assert_eq!(Options::default().check(), Ok(()));
}

#[test]
fn what_is_written_is_read_back() {
    let options = Options {
        profile: Profile::Campus,
        seed: Some(1),
        plate_format: PlateFormat::parse("M-AA 9999").unwrap(),
        ledger: Some("ledger.jsonl".into()),
        ..Options::default()
    };
    assert_eq!(from_json(&serde_json::to_string(&options).unwrap()), Ok(options));
}

#[test]
fn an_unknown_setting_is_refused() {
    for json in [r#"{"rates": 1}"#, r#"{"dwell": {"mean": 1}}"#, r#"{"faults": {"lost": 1}}"#] {
        let error = from_json(json).unwrap_err();
        assert!(error.starts_with("unknown field"), "{error}");
    }
    assert!(from_json(r#"{"plate_format": "aaa"}"#).unwrap_err().contains("has no meaning"));
    assert!(from_json(r#"{"profile": "rush"}"#).is_err());
}

#[test]
fn each_setting_that_makes_no_sense_is_named() {
    fn check(change: fn(&mut Options), setting: &str) {
        let mut options = Options::default();
        change(&mut options);
        assert_eq!(options.check().unwrap_err().setting, setting);
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
    check(|options| options.place = " ".into(), "place");
    check(|options| options.place = "a\nb".into(), "place");
    let dwell = Dwell::default();
    assert_eq!(
        Dwell { min_seconds: 0.0, ..dwell }.check().unwrap_err().setting,
        "dwell.min_seconds"
    );
    let above = Dwell { min_seconds: 5.0, ..dwell };
    assert_eq!(above.check().unwrap_err().setting, "dwell.median_seconds");
    let above = Dwell { median_seconds: 11.0, ..dwell };
    assert_eq!(above.check().unwrap_err().setting, "dwell.max_seconds");
    check(|options| options.faults.duplicate_share = 2.0, "faults.duplicate_share");
    check(|options| options.faults.re_read_share = 2.0, "faults.re_read_share");
    check(|options| options.faults.late_share = 2.0, "faults.late_share");
    check(|options| options.faults.misread_share = 2.0, "faults.misread_share");
    check(|options| options.faults.late_seconds_max = -1.0, "faults.late_seconds_max");
    let gap = Faults { re_read_gap_seconds_max: 20.0, ..Faults::default() };
    assert_eq!(gap.check().unwrap_err().setting, "faults.re_read_gap_seconds_max");
}
