#![expect(clippy::float_cmp, reason = "what was written is read back")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use chrono::TimeDelta;
use domain::Policy;
use platform::settings::Source;

use super::layers::strange_variables;
use super::*;

/// Layers of a file and flags alone: the environment of a test run is not the test's.
fn layers(toml: &str, flags: &[(&str, &str)]) -> Result<Layers, SettingError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    let mut layers = Layers::default();
    layers.read_file(Some(file.path()))?;
    for (key, text) in flags {
        let setting = find(key).unwrap();
        layers.values.put(setting, (*text).to_owned(), Source::Flag(setting.flag()));
    }
    Ok(layers)
}

fn config(toml: &str, flags: &[(&str, &str)]) -> Result<Config, SettingError> {
    layers(toml, flags)?.check()
}

fn error(toml: &str) -> String {
    config(toml, &[]).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let config = config("", &[]).unwrap();
    assert_eq!(config.broker_url, None);
    assert_eq!(config.data_dir, PathBuf::from("./data"));
    assert_eq!(config.web_listen, "127.0.0.1:40000".parse().unwrap());
    assert_eq!(config.actors.policy, Policy::default());
    assert_eq!(config.rules.retention, TimeDelta::days(30));
    assert_eq!(config.generators, generators::Options::default());
    assert_eq!(config.web, web::Options::default());
    assert_eq!(config.summary_url, None, "nobody said where to post");
}

#[test]
fn a_flag_counts_more_than_the_file_and_the_file_more_than_the_default() {
    let toml = "lateness = '7s'\nretention = '1d'\n[generators]\nrate = 9\n[generators.dwell]\nmax_seconds = 99";
    let config = config(toml, &[("lateness", "2s"), ("generators.seed", "5")]).unwrap();
    assert_eq!(config.actors.policy.lateness, TimeDelta::seconds(2));
    assert_eq!(config.rules.retention, TimeDelta::days(1));
    assert_eq!((config.generators.rate, config.generators.seed), (9.0, Some(5)));
    assert_eq!(config.generators.dwell.max_seconds, 99.0);
}

#[test]
fn what_is_wrong_is_named_with_value_place_and_remedy() {
    for (toml, parts) in [
        ("latenes = '5s'", &["unknown key `latenes`", "did you mean `lateness`?"][..]),
        (
            "[generators]\nrat = 5",
            &["unknown key `generators.rat`", "did you mean `generators.rate`?"],
        ),
        ("[web]\nrotate_dayly = true", &["did you mean `web.rotate_daily`?"]),
        ("nonsense_of_all_kinds = 1", &["unknown key", "`carpark config` lists"]),
        ("lateness = 'soon'", &["`lateness` = \"soon\"", "not a duration; write for instance"]),
        ("web_listen = 'localhost'", &["`web_listen`", "IP:PORT"]),
        (
            "broker_url = 'http://x'",
            &["`broker_url`", "`embedded` or a URL beginning with amqp://"],
        ),
        ("store_url = 'redis'", &["`store_url`", "redis://"]),
        ("prefetch = 0", &["`prefetch` = \"0\"", "whole number of at least 1"]),
        ("prefetch = 70000", &["`prefetch` = \"70000\"", "that fits"]),
        ("log_format = 'xml'", &["`log_format`", "`human` or `json`"]),
        ("[generators]\nmatched_share = 3", &["`generators.matched_share` = \"3\""]),
        ("[web]\nindex_rows = 'many'", &["`web.index_rows` = \"many\""]),
        ("lateness = ", &["is not valid TOML"]),
    ] {
        let error = error(toml);
        for part in parts {
            assert!(error.contains(part), "{toml}: {error}");
        }
    }
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let missing = Path::new("no-such-carpark.toml");
    let error = Layers::default().read_file(Some(missing)).unwrap_err().to_string();
    assert!(error.contains("no-such-carpark.toml cannot be read"), "{error}");
}

#[test]
fn a_broker_may_have_several_nodes_and_a_store_has_one() {
    let several = "amqp://me:hush@a:5672,b,[::1]:5673/parking";
    let read = config(&format!("broker_url = '{several}'"), &[]).unwrap();
    assert_eq!(read.broker_url.as_deref(), Some(several));
    let shown = layers(&format!("broker_url = '{several}'"), &[]).unwrap().show();
    assert!(shown.contains("amqp://me:***@a:5672,b,[::1]:5673/parking"), "{shown}");
    for wrong in
        ["broker_url = 'amqp://me:hush@a:5672,b:x/'", "store_url = 'redis://:hush@a:1,b:2/0'"]
    {
        let error = config(wrong, &[]).unwrap_err().to_string();
        assert!(error.contains("or a URL beginning with") && !error.contains("hush"), "{error}");
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let toml = "admin_token = 'tell-nobody'\nbroker_url = 'amqp://me:hush@host:5672'\nstore_url='redis://:hush@host/0'";
    let shown = layers(toml, &[]).unwrap().show();
    assert!(shown.contains("admin_token = \"***\""), "{shown}");
    assert!(!shown.contains("tell-nobody") && !shown.contains("hush"), "{shown}");
    let config = config(toml, &[]).unwrap();
    assert!(!format!("{:?}", config.tokens).contains("tell-nobody"));
}

#[test]
fn what_is_shown_can_be_used_as_the_file() {
    let toml = "lateness = '7s'\n[generators]\nrate = 9";
    let shown = layers(toml, &[]).unwrap().show();
    let again = config(&shown, &[]).unwrap();
    assert_eq!(again.actors.policy.lateness, TimeDelta::seconds(7));
    assert_eq!(again.generators.rate, 9.0);
}

#[test]
fn every_setting_is_in_the_help_and_refused_with_key_value_and_remedy_when_it_is_nonsense() {
    /// Of these any text is one.
    const ANY_TEXT: [&str; 10] = [
        "data_dir",
        "reads",
        "admin_token",
        "sink_token",
        "camera_token",
        "ping_token",
        "feed_token",
        "gate_token",
        "log",
        "generators.ledger",
    ];
    let help = crate::cli::command().render_long_help().to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let nonsense = "\u{1}nonsense";
    for setting in SETTINGS.iter() {
        let key = setting.key;
        assert!(help.contains(&format!("--{} <", setting.flag())), "{key}");
        assert!(!setting.help.is_empty() && help.contains(setting.help), "{key}");
        let layers = layers("", &[(key, nonsense)]).unwrap();
        let shown = layers.show();
        let source = format!("# flag --{}", setting.flag());
        assert!(shown.lines().any(|line| line.ends_with(&source)), "{key}: {shown}");
        match layers.check().map_err(|e| e.to_string()) {
            Ok(_) => assert!(ANY_TEXT.contains(&key), "{key} takes anything"),
            Err(error) => {
                let beginning = format!("`{key}` = \"{nonsense}\" (flag --{}): ", setting.flag());
                let remedy = error.strip_prefix(&beginning);
                assert!(remedy.is_some_and(|remedy| !remedy.is_empty()), "{error}");
            }
        }
    }
}

#[test]
fn no_two_settings_share_a_flag_or_a_variable() {
    let flags: BTreeSet<_> = SETTINGS.iter().map(Setting::flag).collect();
    let variables: BTreeSet<_> = SETTINGS.iter().map(Setting::env).collect();
    assert_eq!((flags.len(), variables.len()), (SETTINGS.len(), SETTINGS.len()));
}

#[test]
fn a_variable_that_is_no_setting_is_told_of_with_what_may_have_been_meant() {
    let strange = |name: &str| strange_variables([name.to_owned(), "PATH".to_owned()]);
    for (name, meant) in [
        ("CARPARK_LATENES", "did you mean CARPARK_LATENESS?"),
        ("carpark_lateness", "did you mean CARPARK_LATENESS?"),
        ("CARPARK_BROKER_URL_FIL", "did you mean CARPARK_BROKER_URL_FILE?"),
        ("CARPARK_WEB_ROTATE_DAYLY", "did you mean CARPARK_WEB_ROTATE_DAILY?"),
        ("CARPARK_SOMETHING_ELSE_ALTOGETHER", "lists the known ones"),
        // Not every setting may come from a file.
        ("CARPARK_LATENESS_FILE", "is not a setting"),
    ] {
        let told = strange(name);
        assert!(told.len() == 1 && told[0].contains(name) && told[0].contains(meant), "{told:?}");
    }
    let fine = SETTINGS.iter().map(Setting::env).chain([
        "CARPARK_CONFIG".to_owned(),
        "CARPARK_ADMIN_TOKEN_FILE".to_owned(),
        "CARPARK_SERVICE_HOST".to_owned(),
        "CARPARK_PORT_40000_TCP".to_owned(),
    ]);
    assert_eq!(strange_variables(fine), Vec::<String>::new());
}
