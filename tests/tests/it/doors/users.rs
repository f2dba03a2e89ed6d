//! The users that `docker/secrets.sh` makes, one for each role: each may do what its role does, on real
//! servers, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use domain::wire::ENTRY_QUEUE;
use serde_json::Value;
use tests::broker_client::BrokerClient;
use tests::process::{Carpark, workspace};
use tests::servers::{RabbitMq, Redis};
use tests::{http, ports, site, wait};

const SOON: Duration = Duration::from_mins(1);

/// The secrets, made in a directory of the test's own.
fn secrets(directory: &Path) -> PathBuf {
    let script = directory.join("secrets.sh");
    fs::copy(workspace().join("docker/secrets.sh"), &script).unwrap();
    assert!(Command::new("sh").arg(&script).status().unwrap().success());
    directory.join("secrets")
}

#[test]
fn each_role_works_as_its_own_user_and_may_do_nothing_else() {
    let directory = site::directory();
    let secrets = secrets(&directory);
    let secret = |name: &str| fs::read_to_string(secrets.join(name)).unwrap().trim().to_owned();

    let server = Arc::new(RabbitMq::start());
    let definitions: Value = serde_json::from_str(&secret("rabbitmq_definitions.json")).unwrap();
    let imported = server.api("POST", "definitions", &definitions);
    assert!((200..300).contains(&imported.status), "{}", imported.body);
    let users = fs::read_to_string(secrets.join("redis_auth.conf")).unwrap();
    let conf = directory.join("redis_auth.conf");
    fs::write(&conf, users).unwrap();
    let redis =
        Redis::start_as(&secret("redis_password"), &["--include", &conf.display().to_string()]);

    let broker = |role: &str| {
        let port = format!("@127.0.0.1:{}/", server.port());
        secret(&format!("broker_url_{role}")).replace("@rabbitmq:5672/", &port)
    };
    let store =
        |name: &str| secret(name).replace("@redis:6379/", &format!("@127.0.0.1:{}/", redis.port()));
    let web_port = ports::free();
    let role = |role: &str, user: &str| {
        Carpark::new(&directory, role)
            .env("CARPARK_BROKER_URL", &broker(user))
            .env("CARPARK_DATA_DIR", &directory.join("data").display().to_string())
            .env("CARPARK_SUMMARY_URL", &format!("http://127.0.0.1:{web_port}/save_summary"))
    };
    role("configure", "configure").run(SOON).succeeded();
    let web = role("web", "cameras").env("CARPARK_FEED_STREAM", "true");
    let web = web.port(web_port).start_ready();
    let actors = role("actors", "processors").env("CARPARK_STORE_URL", &store("store_url"));
    let actors = actors.start_ready();
    let vehicles = role("vehicles", "vehicles")
        .env("CARPARK_STORE_URL", &store("inside_store_url"))
        .env("CARPARK_VEHICLES_STORE_URL", &store("vehicles_store_url"))
        .start_ready();
    let generators = role("generators", "simulation")
        .env("CARPARK_GENERATOR_STORE_URL", &store("generator_store_url"))
        .args(&["--rate", "20"])
        .start_ready();
    tests::files::Files::in_directory(&directory.join("data")).wait_for_summaries(20, SOON);
    wait::until("the feed is a stream, too", SOON, || {
        let metrics = http::get(&web.url("/metrics")).ok().body;
        let series = "carpark_feed_reader_position{reader=\"stream\"}";
        let at = metrics.lines().find_map(|line| line.strip_prefix(series))?;
        at.trim().parse::<u64>().ok().filter(|at| *at > 0)
    });
    let monitor_url = format!("http://127.0.0.1:{}", vehicles.port());
    let pings = |role: Carpark, register: &str| {
        role.args(&["--vehicles", "10", "--ping-every", "200ms", "--register", register])
            .env("CARPARK_PINGS_MONITOR_URL", &monitor_url)
    };
    pings(role("ping-generator", "simulation"), "only").run(SOON).succeeded();
    let pinging = pings(role("ping-generator", "simulation"), "no").start_ready();
    wait::until("pings arrive", SOON, || {
        let list = http::get(&vehicles.url("/vehicles")).ok().json();
        (list["counts"]["connected"].as_u64() > Some(5)).then_some(())
    });
    // Whether vehicles are inside is read from the processors' database.
    let inside = http::get(&vehicles.url("/vehicles?limit=1")).ok().json();
    assert!(inside["vehicles"][0]["inside"].is_boolean(), "{inside}");
    // The processors take turns at the dead letters, for which they declare a queue.
    assert_eq!(http::get(&actors.url("/admin/dead-letters")).ok().json()["total"], 0);
    assert!(!actors.stderr().contains("may not declare"), "{}", actors.stderr());
    for running in [pinging, generators, vehicles, actors, web] {
        // They may not declare the queues, which is as it should be and no error.
        assert!(!running.stderr().contains("ACCESS_REFUSED"), "{}", running.stderr());
        running.terminate();
    }

    let declaring = |user: &str| role("configure", user).run(SOON);
    for user in ["processors", "cameras", "simulation", "vehicles"] {
        declaring(user).succeeded();
    }
    let tests_client = |user: &str| BrokerClient::try_connect(&format!("{}%2f", broker(user)));
    for user in ["cameras", "simulation"] {
        let client = tests_client(user).unwrap();
        let taken =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.take(ENTRY_QUEUE)));
        assert!(taken.is_err(), "{user} reads what cameras sent");
    }
    for (name, words) in [
        ("vehicles_store_url", &["GET", "AB12"][..]),
        ("generator_store_url", &["SMEMBERS", "entry_plates"]),
        ("inside_store_url", &["SADD", "entry_plates", "AB12"]),
        ("store_url", &["FLUSHALL"]),
    ] {
        let refused = redis_answer(&store(name), words);
        assert!(refused.is_err_and(|e| e.contains("NOPERM")), "{name}: {words:?}");
    }
}

fn redis_answer(url: &str, words: &[&str]) -> Result<(), String> {
    use deadpool_redis::redis;
    let mut link = redis::Client::open(url).unwrap().get_connection().unwrap();
    let (name, arguments) = words.split_first().unwrap();
    redis::cmd(name)
        .arg(arguments)
        .query::<redis::Value>(&mut link)
        .map(|_| ())
        .map_err(|e| format!("{:?} {e}", e.code()))
}
