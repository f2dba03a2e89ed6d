//! `carpark configure` and `carpark config`.

use std::fs;
use std::time::Duration;

use domain::wire::ping::PING_QUEUE;
use domain::wire::{DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE};
use serde_json::json;
use tests::process::Carpark;
use tests::truth::{Order, Truth, Workload};
use tests::{Site, site};

#[test]
fn configure_declares_durable_quorum_queues_with_dead_letters_and_may_be_repeated() {
    let site = Site::new();
    site.configure();
    site.configure();
    for name in [ENTRY_QUEUE, EXIT_QUEUE, PING_QUEUE, DEAD_LETTER_QUEUE] {
        let queue = site.broker.queue(name).unwrap();
        assert_eq!((&queue["durable"], &queue["type"]), (&json!(true), &json!("quorum")), "{name}");
    }
    for name in [ENTRY_QUEUE, EXIT_QUEUE, PING_QUEUE] {
        let arguments = &site.broker.queue(name).unwrap()["arguments"];
        assert!(arguments["x-dead-letter-exchange"].is_string(), "{arguments}");
        assert!(arguments["x-delivery-limit"].as_u64().is_some_and(|n| n >= 1), "{arguments}");
    }
}

#[test]
fn queues_that_stand_with_other_arguments_are_used_as_they_are_with_a_warning() {
    let site = Site::new();
    site.broker.declare_queue(ENTRY_QUEUE, true, &json!({ "x-max-length": 1_000_000 }));
    site.broker.declare_queue(EXIT_QUEUE, true, &json!({ "x-queue-type": "quorum" }));
    let ended = site.carpark("configure").run(Duration::from_secs(20)).succeeded();
    for name in [ENTRY_QUEUE, EXIT_QUEUE] {
        let warned = ended.stderr.lines().any(|line| line.contains("WARN") && line.contains(name));
        assert!(warned, "no warning about {name}:\n{}", ended.stderr);
    }
    assert_eq!(site.broker.queue(ENTRY_QUEUE).unwrap()["type"], "classic");

    let web = site.start_web();
    let actors = site.start_actors();
    let truth = Truth::of(Workload::of_stays(21, 100));
    truth.publish(Order::AsItHappened, &site.client());
    truth.wait_until_told(&site.files(), Duration::from_secs(30));
    let series = |queue: &str| {
        format!(r#"queue_configurator_declarations_total{{found="otherwise",queue="{queue}"}}"#)
    };
    assert!(
        actors.metric(&series(ENTRY_QUEUE)) >= 1.0 && actors.metric(&series(EXIT_QUEUE)) >= 1.0
    );
    assert!(actors.metric("process_resident_memory_bytes") > 1e6);
    assert!(actors.metric("backend_stay_duration_seconds_count") >= 100.0);
    actors.terminate();
    web.terminate();
}

#[test]
fn config_shows_what_holds_and_where_it_comes_from_and_no_secret() {
    let directory = site::directory();
    fs::write(
        directory.join("carpark.toml"),
        "lateness = \"7s\"\nretention = \"9d\"\nadmin_token = \"secret-of-the-file\"\n",
    )
    .unwrap();
    fs::write(directory.join("token"), "secret-in-a-file\n").unwrap();
    let ended = Carpark::new(&directory, "config")
        .args(&["--retention", "11d"])
        .env("CARPARK_RETENTION", "10d")
        .env("CARPARK_BROKER_URL", "amqp://user:secret-of-broker@example.org:5672/")
        .env("CARPARK_STORE_URL", "redis://:secret-of-store@example.org:6379/0")
        .env("CARPARK_SINK_TOKEN", "secret-of-sink")
        .env("CARPARK_CAMERA_TOKEN_FILE", &directory.join("token").display().to_string())
        .run(Duration::from_secs(10))
        .succeeded();
    let said = &ended.stdout;
    for shown in ["7s", "11d", "example.org:5672", "example.org:6379", "carpark.toml"] {
        assert!(said.contains(shown), "no {shown}:\n{said}");
    }
    for key in ["admin_token", "sink_token", "camera_token", "data_dir", "repair_window"] {
        assert!(said.to_lowercase().contains(key), "no {key}:\n{said}");
    }
    assert!(!format!("{said}{}", ended.stderr).contains("secret-"), "{said}");
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let directory = site::directory();
    let shown = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut carpark = Carpark::new(&directory, "config").args(arguments);
        for (name, value) in environment {
            carpark = carpark.env(name, value);
        }
        let said = carpark.run(Duration::from_secs(10)).succeeded().stdout;
        let line = said.lines().find(|line| line.starts_with("lateness")).unwrap();
        line.to_owned()
    };
    let environment = [("CARPARK_LATENESS", "3s")];
    assert!(shown(&[], &[]).contains("5s"));
    fs::write(directory.join("carpark.toml"), "lateness = \"4s\"\n").unwrap();
    assert!(shown(&[], &[]).contains("4s"));
    assert!(shown(&[], &environment).contains("3s"));
    assert!(shown(&["--lateness", "2s"], &environment).contains("2s"));
    assert!(shown(&[], &[("CARPARK_LATENESS", "")]).contains("4s"), "empty is not set");
    fs::write(directory.join("other.toml"), "lateness = \"6s\"\n").unwrap();
    assert!(shown(&[], &[("CARPARK_CONFIG", "other.toml")]).contains("6s"));
}

#[test]
fn a_url_with_a_password_may_come_from_a_file_and_is_shown_without_it() {
    let directory = site::directory();
    let file = directory.join("broker-url");
    fs::write(&file, "amqp://user:of-the-broker@127.0.0.1:1/\n").unwrap();
    let config = Carpark::new(&directory, "config")
        .env("CARPARK_BROKER_URL_FILE", &file.display().to_string())
        .run(Duration::from_secs(10))
        .succeeded();
    assert!(config.stdout.contains("\"amqp://user:***@127.0.0.1:1/\""), "{}", config.stdout);
}

#[test]
fn health_is_told_by_the_exit_code() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "serve").start_ready();
    let ask =
        |url: &str| Carpark::new(&directory, "health").args(&[url]).run(Duration::from_secs(10));
    ask(&carpark.url("/readyz")).succeeded();
    ask(&carpark.url("/nowhere")).failed_saying(&["404"]);
    let url = carpark.url("/readyz");
    carpark.terminate();
    ask(&url).failed_saying(&["does not answer"]);
}
