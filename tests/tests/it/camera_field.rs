//! Cameras as the field has them: ids that are used again, clocks that are wrong, HTTP as they speak
//! it, a token each; posted to a running `serve`, and looked at in its rows and its sessions.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::wire::format_time;
use serde_json::{Value, json};
use tests::files::Files;
use tests::http::{self, Answer};
use tests::process::{Carpark, Running};
use tests::{site, wait};

const TOLD: Duration = Duration::from_mins(1);

const LAYOUT: &str = r#"
[places.main]
time_zone = "UTC"

[lanes.in]
role = "entry"

[lanes.out]
role = "exit"

[cameras.in-1]
lane = "in"

[cameras.out-1]
lane = "out"
"#;

fn serve(directory: &Path, layout: &str) -> Running {
    fs::write(directory.join("carpark.toml"), layout).unwrap();
    Carpark::new(directory, "serve").args(&["--lateness", "1s"]).start_ready()
}

fn post(carpark: &Running, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let url = carpark.url(path);
    http::request("POST", &url, headers, body.to_string().as_bytes())
        .unwrap_or_else(|e| panic!("POST {url}: {e}"))
}

/// In carpark's own words.
fn own(id: &str, plate: &str, at: DateTime<Utc>) -> Value {
    json!({ "id": id, "vehicle_plate": plate, "entry_date_time": format_time(at) })
}

/// As Axis says it; its ids begin at one again when it starts.
fn axis(car: u32, state: &str, plate: &str, at: DateTime<Utc>) -> Value {
    json!({
        "packetCounter": "3", "capture_timestamp": at.timestamp_millis().to_string(),
        "plateUTF8": plate, "plateConfidence": "0.95", "carState": state, "carID": car.to_string(),
        "carMoveDirection": "unk", "camera_info": { "SerialNumber": "ACCC00000009" },
    })
}

/// As Dahua's ITSAPI says it: the same code with every car, and a serial number that goes on.
fn itsapi(plate: &str, serial: u32, at: DateTime<Utc>) -> Value {
    let wall = at.format("%Y-%m-%d %H:%M:%S%.3f");
    json!({ "Picture": {
        "Plate": { "IsExist": true, "PlateNumber": plate, "Confidence": 90, "UploadNum": serial },
        "SnapInfo": { "AccurateTime": wall.to_string(), "DefenceCode": "C0DE", "DeviceID": "d-1" },
    }})
}

/// The observation of the only read, as answered.
#[track_caller]
fn id(answer: Answer) -> String {
    let answer = answer.ok().json();
    answer["reads"][0]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn camera(carpark: &Running, name: &str) -> Value {
    let json = http::get(&carpark.url("/admin/cameras")).ok().json();
    let all = json["cameras"].as_array().unwrap();
    all.iter().find(|camera| camera["camera"] == name).unwrap().clone()
}

#[test]
fn an_id_that_comes_again_with_another_plate_is_another_car_with_its_own_row() {
    let directory = site::directory();
    let carpark = serve(&directory, LAYOUT);
    let files = Files::in_directory(&directory.join("data"));
    let now = Utc::now();
    let ago = |minutes| now - TimeDelta::minutes(minutes);
    let ids = [
        id(post(&carpark, "/cameras/in-1", &[], &own("77", "QA1001", ago(12)))),
        id(post(&carpark, "/cameras/in-1", &[], &own("77", "QB2002", ago(11)))),
        id(post(&carpark, "/cameras/in-1", &[], &axis(1, "lost", "QC3003", ago(10)))),
        id(post(&carpark, "/cameras/in-1", &[], &axis(1, "new", "QD4004", ago(9)))),
    ];
    let again = post(&carpark, "/cameras/in-1", &[], &own("77", "QA1001", ago(12)));
    assert_eq!(id(again), ids[0], "sent again");
    let plates = ["QA1001", "QB2002", "QC3003", "QD4004"];
    for plate in plates {
        wait::until("its session is open", TOLD, || {
            let session = http::get(&carpark.url(&format!("/admin/sessions/{plate}")));
            (session.status == 200).then_some(())
        });
    }
    for (minutes, plate) in (1..).zip(plates.iter().rev()) {
        post(&carpark, "/cameras/out-1", &[], &itsapi(plate, 2, ago(minutes))).ok();
    }
    files.wait_for_summaries(4, TOLD);
    carpark.terminate();
    let mut left: Vec<String> =
        files.summaries().into_iter().map(|row| row.vehicle_plate).collect();
    left.sort();
    assert_eq!((left, files.exception_count()), (plates.map(str::to_owned).to_vec(), 0));
}

#[test]
fn what_is_refined_is_one_car_and_what_it_was_before_is_counted() {
    let directory = site::directory();
    let carpark = serve(&directory, LAYOUT);
    let files = Files::in_directory(&directory.join("data"));
    let at = Utc::now() - TimeDelta::minutes(5);
    let seconds = |seconds| at + TimeDelta::seconds(seconds);
    let first = id(post(&carpark, "/cameras/in-1", &[], &axis(4, "new", "QE500", at)));
    let more = axis(4, "update", "QE5005", seconds(3));
    assert_eq!(id(post(&carpark, "/cameras/in-1", &[], &more)), first);
    let last = axis(4, "lost", "QE5005", seconds(8));
    assert_eq!(id(post(&carpark, "/cameras/in-1", &[], &last)), first);
    assert_eq!(camera(&carpark, "in-1")["merged_reads"], 2);
    let series =
        "web_backend_camera_merged_reads_total{camera=\"in-1\",lane=\"in\",place=\"main\"}";
    assert!((carpark.metric(series) - 2.0).abs() < 0.5);
    let said = carpark.stdout() + &carpark.stderr();
    assert!(said.contains("has a different plate") && !said.contains("QE500"), "{said}");
    carpark.terminate();
    assert_eq!((files.summary_count(), files.exception_count()), (0, 0));
}

#[test]
fn a_wrong_clock_shows_whatever_numbers_come_with_it_and_a_read_of_the_future_is_refused() {
    let directory = site::directory();
    let carpark = serve(&directory, LAYOUT);
    for serial in 2..14 {
        let slow = Utc::now() - TimeDelta::hours(1) + TimeDelta::seconds(i64::from(serial));
        let read = itsapi(&format!("QF60{serial}"), serial, slow);
        post(&carpark, "/cameras/in-1", &[], &read).ok();
    }
    let slow = camera(&carpark, "in-1");
    assert_eq!((&slow["state"], &slow["severity"]), (&json!("clock_wrong"), &json!("warning")));
    assert!((3500.0..3700.0).contains(&slow["clock_offset_seconds"].as_f64().unwrap()), "{slow}");
    assert!(slow["why"].as_str().unwrap().contains("after they were made"), "{slow}");

    let far = own("9", "QG7007", "2199-01-01T00:00:00Z".parse().unwrap());
    let refused = post(&carpark, "/cameras/out-1", &[], &far);
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("time server") && !refused.body.contains("QG7007"));
    let ahead = camera(&carpark, "out-1");
    assert_eq!((&ahead["state"], &ahead["messages"]["future"]), (&json!("clock_wrong"), &json!(1)));
    let letters = http::get(&carpark.url("/admin/dead-letters")).ok().json();
    assert_eq!(letters["total"], 0, "{letters}");
    carpark.terminate();
}

#[test]
fn how_a_camera_did_is_known_after_a_restart() {
    let directory = site::directory();
    let carpark = serve(&directory, LAYOUT);
    assert_eq!(camera(&carpark, "in-1")["severity"], "unknown", "put up just now");
    assert_eq!(post(&carpark, "/cameras/in-1", &[], &json!({ "hello": 1 })).status, 422);
    let at = Utc::now() - TimeDelta::minutes(1);
    let unread = axis(5, "lost", "", at);
    assert_eq!(
        post(&carpark, "/cameras/in-1", &[], &unread).ok().json()["reads"][0]["outcome"],
        "unread"
    );
    let before = camera(&carpark, "in-1");
    assert_eq!(before["state"], "refused");
    carpark.terminate();
    let carpark = serve(&directory, LAYOUT);
    let after = camera(&carpark, "in-1");
    for key in ["state", "since", "last_read", "last_refusal", "without_observation"] {
        assert_eq!(after[key], before[key], "{key}");
    }
    assert_eq!(after["without_observation"][0]["lane"], "in");
    carpark.terminate();
    let carpark =
        Carpark::new(&directory, "serve").args(&["--camera-heard-within", "1ms"]).start_ready();
    assert_eq!(camera(&carpark, "out-1")["severity"], "warning", "never heard of");
    carpark.terminate();
}

#[test]
fn http_is_taken_as_cameras_and_watchdogs_speak_it() {
    let directory = site::directory();
    let carpark = serve(&directory, LAYOUT);
    let open = ["/livez", "/readyz", "/metrics", "/", "/events"];
    let others = ["/exceptions", "/sign-in", "/summaries.csv", "/admin/cameras", "/cameras/in-1"];
    for path in open.iter().chain(&others) {
        let url = carpark.url(path);
        let head = http::request("HEAD", &url, &[], b"").unwrap_or_else(|e| panic!("{url}: {e}"));
        // A stream of events would not end.
        let status = if *path == "/events" { 200 } else { http::get(&url).status };
        assert_eq!((head.status, head.body.as_str()), (status, ""), "HEAD {path}");
        assert!(status == 200 || *path == "/sign-in", "{path} {status}");
    }
    let read = |plate| own(plate, plate, Utc::now());
    for (coding, plate) in [("Identity", "QH8001"), ("utf-8", "QH8002"), ("", "QH8003")] {
        let answer = post(&carpark, "/cameras/in-1", &[("content-encoding", coding)], &read(plate));
        assert_eq!(answer.status, 200, "{coding:?} {}", answer.body);
    }
    id(post(&carpark, "//cameras/in-1", &[], &read("QH8004")));
    id(post(&carpark, "/cameras//in-1/NotificationInfo", &[], &read("QH8005")));
    let empty = http::request("POST", &carpark.url("/cameras/in-1"), &[], b"").unwrap();
    assert!(empty.status == 200 && empty.body.contains("this address is right"), "{}", empty.body);
    for path in ["/camera/in-1", "/cameras/?token=x", "/cameras"] {
        let wrong = post(&carpark, path, &[], &read("QH8006"));
        assert_eq!(wrong.status, 404, "{path}");
        assert!(wrong.body.contains("/cameras/NAME") && wrong.body.contains("in-1, out-1"));
    }
    let foreign = [("origin", "http://elsewhere.example")];
    assert_eq!(post(&carpark, "/cameras/in-1", &foreign, &read("QH8007")).status, 403);
    carpark.terminate();
}

#[test]
fn each_camera_may_have_a_token_that_opens_its_own_address_alone() {
    let directory = site::directory();
    fs::write(directory.join("out.token"), "of-the-exit-camera+5\n").unwrap();
    let layout = LAYOUT
        .replace("[cameras.in-1]", "[cameras.in-1]\ntoken = \"of-the-entry-camera-3\"")
        .replace("[cameras.out-1]", "[cameras.out-1]\ntoken_file = \"out.token\"");
    let layout = format!(
        "camera_token = \"of-all-the-others-7\"\n{layout}\n[cameras.in-2]\nlane = \"in\"\n"
    );
    fs::write(directory.join("carpark.toml"), layout).unwrap();
    let shown = Carpark::new(&directory, "config").run(Duration::from_secs(20)).succeeded();
    assert!(!shown.stdout.contains("of-the-entry"), "{}", shown.stdout);
    let carpark = Carpark::new(&directory, "serve").start_ready();
    let (entry, exit, all) =
        ("of-the-entry-camera-3", "of-the-exit-camera+5", "of-all-the-others-7");
    let mut number = 0;
    for (camera, right) in [("in-1", entry), ("out-1", exit), ("in-2", all)] {
        for token in [entry, exit, all, "nobodys-at-all"] {
            number += 1;
            let body = own(&number.to_string(), &format!("QK90{number}"), Utc::now());
            let status = if token == right { 200 } else { 401 };
            let bearer = [("authorization", &*format!("Bearer {token}"))];
            let address = format!("/cameras/{camera}");
            let spelled = address.replace("in-", "%69n-").replace("out-", "%6fut-");
            for path in [&address, &spelled] {
                assert_eq!(post(&carpark, path, &bearer, &body).status, status, "{path} {token}");
            }
            // As it is, plus sign and all; and with the path that some cameras put behind.
            for more in ["", "/NotificationInfo/TollgateInfo"] {
                let path = format!("{address}?token={token}{more}");
                assert_eq!(post(&carpark, &path, &[], &body).status, status, "{path}");
            }
        }
    }
    let said = carpark.stdout() + &carpark.stderr();
    assert!([entry, exit, all].iter().all(|token| !said.contains(token)), "{said}");
    carpark.terminate();
}
