use std::time::Duration;

use super::*;

settings! {
    /// A room's.
    #[derive(Debug, PartialEq)]
    struct Options {
        /// How long,
        /// in all
        time: Duration = setting("Room", "room.time", "5s").at_least(0.1),
        /// How many
        count: u16 = rare("Room", "room.count", "10").at_least(1.0),
        /// Of what goes wrong.
        faults: Faults = nested(),
        /// Nobody's.
        pace: usize = fixed(7),
    }
}

settings! {
    /// Of several, together.
    #[derive(Debug, PartialEq)]
    struct Faults {
        /// Share of them
        share: f64 = setting("Room", "room.faults.share", "0.5").within(0.0, 1.0),
        /// Not above the share
        least: Option<f64> = setting("Room", "room.faults.least", "none").or_none("none"),
        /// A word
        word: bool = setting("Room", "room.faults.word", "false"),
        /// Kept to oneself
        secret: Option<String> = secret("Room", "room.faults.secret"),
    }
    check Self::is_in_order;
}

impl Faults {
    fn is_in_order(&self) -> Result<(), Refused> {
        match self.least {
            Some(least) if least > self.share => {
                Err(Refused { key: "room.faults.least", why: "above the share".to_owned() })
            }
            _ if self.secret.as_deref() == Some("hush") => {
                Err(Refused { key: "room.faults.secret", why: "weak".to_owned() })
            }
            _ => Ok(()),
        }
    }
}

fn with(key: &str, text: &str) -> Result<Options, String> {
    let mut values = Values::default();
    let setting = Options::settings().into_iter().find(|setting| setting.key == key).unwrap();
    values.put(&setting, text.to_owned(), Source::Flag(setting.flag()));
    Options::of(&values).map_err(|e| e.to_string())
}

#[test]
fn a_line_of_the_options_is_all_there_is_of_a_setting() {
    let settings = Options::settings();
    let keys: Vec<&str> = settings.iter().map(|setting| setting.key).collect();
    assert_eq!(
        keys,
        [
            "room.time",
            "room.count",
            "room.faults.share",
            "room.faults.least",
            "room.faults.word",
            "room.faults.secret"
        ]
    );
    assert_eq!(settings[0].help, "How long, in all");
    assert_eq!(
        (settings[0].env(), settings[0].flag()),
        ("CARPARK_ROOM_TIME".into(), "room-time".into())
    );
    assert!(settings[1].is_rare && settings[5].may_be_file());
    let faults = Faults { share: 0.5, least: None, word: false, secret: None };
    let options = Options { time: Duration::from_secs(5), count: 10, faults, pace: 7 };
    assert_eq!(Options::default(), options);
    assert_eq!(Options::of(&Values::default()).unwrap(), options);
    assert_eq!(with("room.faults.least", "0.25").unwrap().faults.least, Some(0.25));
}

#[test]
fn what_is_wrong_is_said_with_what_would_be_right() {
    for (key, text, says) in [
        (
            "room.time",
            "soon",
            "`room.time` = \"soon\" (flag --room-time): not a duration of at least 100ms; write for \
             instance 500ms, 5s, 2m, 24h or 30d",
        ),
        ("room.time", "5", "not a duration of at least 100ms"),
        ("room.time", "10ms", "not a duration of at least 100ms"),
        ("room.time", "", "`room.time` is not set: expected a duration of at least 100ms"),
        ("room.count", "0", "not a whole number of at least 1 that fits"),
        ("room.count", "65536", "not a whole number of at least 1 that fits"),
        ("room.faults.share", "2", "= \"2\" (flag --room-faults-share): 2 is not between 0 and 1"),
        ("room.faults.share", "NaN", "NaN is not between 0 and 1"),
        ("room.faults.share", "x", "not a number between 0 and 1"),
        ("room.faults.least", "x", "expected `none` or a number"),
        (
            "room.faults.least",
            "0.6",
            "`room.faults.least` = \"0.6\" (flag --room-faults-least): above",
        ),
        ("room.faults.word", "yes", "expected `true` or `false`"),
        (
            "room.faults.secret",
            "hush",
            "`room.faults.secret` = \"***\" (flag --room-faults-secret): weak",
        ),
    ] {
        let error = with(key, text).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn what_nobody_set_can_be_suggested() {
    let mut values = Values::default();
    let time = Options::settings()[0];
    values.suggest(&time, "6s");
    assert_eq!(values.get(&time), ("6s", &Source::Default));
    values.put(&time, "7s".to_owned(), Source::File("a".to_owned()));
    values.suggest(&time, "8s");
    assert_eq!(values.get(&time).0, "7s");
}
