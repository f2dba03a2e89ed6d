//! What watches the program: rules, dashboards and metrics, held to what Prometheus says of them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tests::process::workspace;
use tests::receiver::Receiver;
use tests::servers::{Prometheus, RabbitMq};
use tests::{Site, http, wait};

/// Runs a command in `monitoring/`; what it says, and whether it was content.
fn run(program: &str, arguments: &[&str], input: &str) -> (bool, String) {
    let input_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(input_file.path(), input).unwrap();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(workspace().join("monitoring"))
        .stdin(Stdio::from(input_file.reopen().unwrap()))
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// A car park with one camera.
const CAMERA: &str = "\
[places.main]
time_zone = 'UTC'
[lanes.in]
role = 'entry'
[cameras.in-1]
lane = 'in'
";

#[track_caller]
fn passes(program: &str, arguments: &[&str], input: &str) {
    let (is_content, said) = run(program, arguments, input);
    assert!(is_content, "{program} {arguments:?}:\n{said}");
}

#[test]
fn rules_fire_when_they_should_and_only_then() {
    passes("promtool", &["check", "config", "prometheus.yml"], "");
    passes("promtool", &["check", "rules", "rules/alerts.yml", "rules/recording.yml"], "");
    passes(
        "promtool",
        &["test", "rules", "tests/alerts.yml", "tests/days.yml", "tests/recording.yml"],
        "",
    );
}

#[test]
fn every_panel_is_described_and_every_alert_has_its_paragraph_and_its_cases() {
    assert!(Path::new(workspace()).join("monitoring/check-queries.py").exists());
    passes("python3", &["check-queries.py"], "");
}

#[test]
fn metrics_are_well_named_and_every_query_of_dashboards_and_rules_has_data() {
    let server = Arc::new(RabbitMq::start());
    let mut site = Site::on(&server);
    site.set("CARPARK_LATENESS", "1s");
    site.configure();
    let receiver = Receiver::start();
    let webhook = format!(
        "[webhooks.one]\nurl = '{}'\nallow_private = true\n\
         secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'\n",
        receiver.url()
    );
    let layout = format!("{CAMERA}{webhook}");
    std::fs::write(site.directory().join("carpark.toml"), layout).unwrap();
    site.set("CARPARK_FEED_STREAM", "true");
    let (web, actors) = (site.start_web(), site.start_actors());
    // Each fifth exit without an entry, each tenth message twice, and some that are late.
    let cameras = |role: &str| {
        site.carpark(role)
            .args(&["--rate", "50", "--faults-duplicate-share", "0.1"])
            .args(&["--faults-late-share", "0.1", "--lateness", "1s"])
            .start_ready()
    };
    let (entries, exits) = (cameras("entry-generator"), cameras("exit-generator"));
    let vehicles = site.carpark("vehicles").start_ready();
    let pings = site
        .carpark("ping-generator")
        .env("CARPARK_PINGS_MONITOR_URL", &vehicles.url(""))
        .args(&["--vehicles", "20", "--ping-every", "1s"])
        .start_ready();
    let office = site.carpark("office").env("CARPARK_FEED_URL", &web.url("/feed")).start_ready();
    let prometheus = Prometheus::start(&[
        ("web", web.port(), ""),
        ("office", office.port(), ""),
        ("actors", actors.port(), ""),
        ("entry-generator", entries.port(), ""),
        ("exit-generator", exits.port(), ""),
        ("vehicles", vehicles.port(), ""),
        ("ping-generator", pings.port(), ""),
        ("rabbitmq", server.metrics_port(), ""),
        (
            "rabbitmq-queues",
            server.metrics_port(),
            "metrics_path: /metrics/detailed\n\
             params: { family: [queue_coarse_metrics, queue_consumer_count] }",
        ),
    ]);
    // A real one too.
    let now = domain::wire::format_time(chrono::Utc::now());
    let read = json!({ "id": "r-1", "vehicle_plate": "CAM-1", "entry_date_time": now });
    for message in [read, json!({ "data_type": "heartbeat", "company_id": "c-1" })] {
        http::post_json(&web.url("/cameras/in-1"), &message).ok();
    }
    // People count the place of the simulated cameras, once some of their vehicles are inside.
    let json = [("content-type", "application/json")];
    let ask = |method: &str, path: &str, body: &Value| {
        let body = body.to_string();
        http::request(method, &office.url(path), &json, body.as_bytes()).unwrap().ok().json()
    };
    ask("PUT", "/admin/places/main", &json!({ "bays": { "standard": { "spaces": 500 } } }));
    wait::until("vehicles are counted", Duration::from_mins(1), || {
        let place = http::get(&office.url("/admin/places/main")).ok().json();
        place["counts"]["standard"]["entries"].as_u64().filter(|entries| *entries > 0)
    });
    ask("POST", "/admin/places/main/count", &json!({ "inside": 1, "by": "Ada" }));
    // Something for the panels of what goes wrong.
    site.client().publish("vehicle_entry", ["{}"]);
    wait::until_ok("every query has data", Duration::from_mins(2), || {
        match run("python3", &["check-queries.py", &prometheus.url()], "") {
            (true, _) => Ok(()),
            (false, said) => Err(said),
        }
    });
    for role in [&web, &actors, &entries, &exits, &vehicles, &pings, &office] {
        let metrics = http::get(&role.url("/metrics")).ok().body;
        passes("promtool", &["check", "metrics"], &metrics);
    }
    pings.terminate();
    exits.terminate();
    entries.terminate();
    vehicles.terminate();
    office.terminate();
    actors.terminate();
    web.terminate();
}
