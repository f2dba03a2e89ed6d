//! What a person gets wrong: each time the program says what, where and what to do, and exits
//! non-zero.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use tests::process::{Carpark, Ended};
use tests::{Site, ports, site};

/// Nothing here waits for a server.
const AT_ONCE: Duration = Duration::from_secs(10);

fn run(role: &str, environment: &[(&str, &str)]) -> Ended {
    let mut carpark = Carpark::new(&site::directory(), role);
    for (name, value) in environment {
        carpark = carpark.env(name, value);
    }
    carpark.run(AT_ONCE)
}

#[test]
fn a_url_that_is_none_is_named_with_what_is_expected() {
    // What is hard to read is not shown: a part of it may be a password.
    for (wrong, shown) in [
        ("nonsense", "\"nonsense\""),
        ("http://localhost:5672", "http://localhost:5672"),
        ("amqp//guest@localhost", "it may hold a password"),
        ("amqp://", "\"amqp://\""),
    ] {
        run("actors", &[("CARPARK_BROKER_URL", wrong)]).failed_saying(&[
            "CARPARK_BROKER_URL",
            shown,
            "amqp://",
        ]);
    }
    run("actors", &[("CARPARK_BROKER_URL", "amqp://127.0.0.1"), ("CARPARK_STORE_URL", "rediss")])
        .failed_saying(&["CARPARK_STORE_URL", "redis://"]);
    run("actors", &[("CARPARK_SUMMARY_URL", "ftp://sink")])
        .failed_saying(&["CARPARK_SUMMARY_URL", "http://"]);
    run("web", &[("CARPARK_WEB_LISTEN", "localhost")]).failed_saying(&["CARPARK_WEB_LISTEN"]);
    run("serve", &[("CARPARK_LATENESS", "soon")]).failed_saying(&["CARPARK_LATENESS", "5s"]);
}

#[test]
fn a_server_that_is_not_there_is_tried_for_a_while_which_is_said() {
    let port = ports::free();
    let url = format!("amqp://guest:hunter2@127.0.0.1:{port}/");
    let broker = [("CARPARK_BROKER_URL", &*url), ("CARPARK_START_PATIENCE", "2s")];
    for role in ["configure", "actors"] {
        let ended = run(role, &broker).failed_saying(&[
            "waiting for RabbitMQ",
            &format!("127.0.0.1:{port}"),
            "gave up",
            "2s",
        ]);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }

    let site = Site::new();
    let url = format!("redis://:hunter2@127.0.0.1:{port}/0");
    let ended = site
        .carpark("actors")
        .env("CARPARK_STORE_URL", &url)
        .env("CARPARK_START_PATIENCE", "2s")
        .run(Duration::from_secs(20))
        .failed_saying(&["waiting for the store", &format!("127.0.0.1:{port}"), "gave up"]);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[test]
fn a_server_that_comes_late_is_waited_for() {
    let mut site = Site::new();
    site.redis.kill();
    site.set("CARPARK_START_PATIENCE", "60s");
    let web = site.start_web();
    let mut actors = site.carpark("actors").start();
    tests::wait::until("it says that it waits", AT_ONCE, || {
        actors.stderr().contains("waiting for the store").then_some(())
    });
    assert!(!actors.is_ready());
    site.redis.restart();
    actors.wait_ready(Duration::from_secs(20));
    actors.terminate();
    web.terminate();
}

#[test]
fn wrong_credentials_are_not_tried_for_long() {
    let site = Site::new();
    let url = site.broker.url().replace("guest:guest", "guest:hunter2");
    // What one node refuses, the others refuse, though they do not answer now.
    let (start, path) = url.rsplit_once('/').unwrap();
    let of_several = format!("{start},127.0.0.1:{}/{path}", ports::free());
    for url in [&url, &of_several] {
        let ended = site
            .carpark("configure")
            .env("CARPARK_BROKER_URL", url)
            .run(AT_ONCE)
            .failed_saying(&["127.0.0.1", "password"]);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
}

#[test]
fn a_port_in_use_is_named_with_the_setting_that_moves_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    for (role, name) in [("web", "CARPARK_WEB_LISTEN"), ("serve", "CARPARK_WEB_LISTEN")] {
        run(role, &[(name, &address)]).failed_saying(&[&address, name]);
    }
    let site = Site::new();
    site.carpark("actors")
        .env("CARPARK_ACTORS_LISTEN", &address)
        .run(AT_ONCE)
        .failed_saying(&[&address, "CARPARK_ACTORS_LISTEN"]);
}

#[test]
fn an_unknown_key_in_the_file_is_named_with_the_file() {
    let directory = site::directory();
    fs::write(directory.join("carpark.toml"), "lateness = \"2s\"\nbrokerurl = \"embedded\"\n")
        .unwrap();
    Carpark::new(&directory, "serve").run(AT_ONCE).failed_saying(&[
        "carpark.toml",
        "brokerurl",
        "broker_url",
    ]);
    fs::write(directory.join("carpark.toml"), "lateness = \n").unwrap();
    Carpark::new(&directory, "config").run(AT_ONCE).failed_saying(&["carpark.toml"]);
    Carpark::new(&directory, "config")
        .args(&["--config", "nowhere.toml"])
        .run(AT_ONCE)
        .failed_saying(&["nowhere.toml"]);
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    // Root may write anywhere, so there is a file in the directory's place.
    let directory = site::directory();
    let taken = directory.join("taken");
    fs::write(&taken, "a file").unwrap();
    for role in ["web", "serve", "all"] {
        for data_dir in [taken.clone(), taken.join("below")] {
            let data_dir = data_dir.display().to_string();
            run(role, &[("CARPARK_DATA_DIR", &data_dir)])
                .failed_saying(&[&data_dir, "CARPARK_DATA_DIR"]);
        }
    }
}

#[test]
fn a_flag_that_is_not_known_and_a_role_that_is_not_known_are_named() {
    run("carry", &[]).failed_saying(&["carry", "usage"]);
    Carpark::new(&site::directory(), "serve")
        .args(&["--latenes", "5s"])
        .run(AT_ONCE)
        .failed_saying(&["--latenes", "--lateness"]);
}

#[test]
fn a_listener_for_other_machines_wants_a_token_first() {
    for role in ["web", "serve"] {
        let anyone = format!("0.0.0.0:{}", ports::free());
        run(role, &[("CARPARK_WEB_LISTEN", &anyone)])
            .failed_saying(&[&anyone, "CARPARK_ADMIN_TOKEN"]);
    }
}

#[test]
fn a_role_that_needs_a_server_says_which() {
    run("actors", &[]).failed_saying(&["CARPARK_BROKER_URL", "amqp://"]);
    run("generators", &[]).failed_saying(&["CARPARK_BROKER_URL", "amqp://"]);
    run("configure", &[]).failed_saying(&["CARPARK_BROKER_URL", "amqp://"]);
}
