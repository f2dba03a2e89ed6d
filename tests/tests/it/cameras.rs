//! Real cameras: what they post becomes rows, whatever is repeated, missing, hostile or away.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::wire::format_time;
use serde_json::{Value, json};
use tests::files::Files;
use tests::http::{self, Answer};
use tests::process::{Carpark, Running};
use tests::servers::RabbitMq;
use tests::{Site, site, wait};

const TOLD: Duration = Duration::from_mins(1);
const TOKEN: &str = "camera+token/1";

const LAYOUT: &str = r#"
camera_token = "camera+token/1"

[places.main]
time_zone = "Europe/Berlin"

[lanes.north-in]
role = "entry"

[lanes.north-out]
role = "exit"

[lanes.yard]
role = "both"

[cameras.entry-1]
lane = "north-in"

[cameras.entry-2]
lane = "north-in"
vendor = "axis"
min_confidence = 0.5

[cameras.exit-1]
lane = "north-out"
vendor = "hikvision"

[cameras.yard-1]
lane = "yard"
"#;

fn layout(directory: &Path) {
    fs::write(directory.join("carpark.toml"), LAYOUT).unwrap();
}

fn serve(directory: &Path) -> Running {
    layout(directory);
    Carpark::new(directory, "serve").args(&["--lateness", "1s"]).start_ready()
}

/// Posts as a camera does that can set a header.
fn post(carpark: &Running, camera: &str, content_type: &str, body: &[u8]) -> Answer {
    let headers = [("authorization", &*format!("Bearer {TOKEN}")), ("content-type", content_type)];
    let url = carpark.url(&format!("/cameras/{camera}"));
    http::request("POST", &url, &headers, body).unwrap_or_else(|e| panic!("POST {url}: {e}"))
}

/// As Plate Recognizer Stream says it.
fn plate_recognizer(plate: &str, at: DateTime<Utc>) -> Vec<u8> {
    json!({
        "hook": { "event": "recognition", "id": "door" },
        "data": {
            "camera_id": "door",
            "filename": "door/a.jpg",
            "timestamp": format_time(at),
            "results": [{
                "plate": plate, "score": 0.91, "dscore": 0.6, "direction": "",
                "region": { "code": "de", "score": 0.5 },
                "candidates": [{ "plate": plate, "score": 0.91 }],
            }],
        },
    })
    .to_string()
    .into_bytes()
}

/// As Axis says it.
fn axis(car: u32, state: &str, plate: &str, confidence: &str, at: DateTime<Utc>) -> Vec<u8> {
    json!({
        "packetCounter": "7", "capture_timestamp": at.timestamp_millis().to_string(),
        "plateUTF8": plate, "plateConfidence": confidence, "carState": state,
        "carID": car.to_string(), "carMoveDirection": "unk",
        "camera_info": { "SerialNumber": "ACCC00000001" },
    })
    .to_string()
    .into_bytes()
}

const MULTIPART: &str = "multipart/form-data; boundary=MIME_boundary";

/// As Hikvision says it, pictures and all.
fn hikvision(plate: &str, uuid: &str, at: DateTime<Utc>, picture_bytes: usize) -> Vec<u8> {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <EventNotificationAlert version=\"2.0\" xmlns=\"http://www.example.org/ver20\">\
         <ipAddress>192.0.2.7</ipAddress><dateTime>{}</dateTime><eventType>ANPR</eventType>\
         <eventState>active</eventState><ANPR><licensePlate>{plate}</licensePlate><line>1</line>\
         <direction>reverse</direction><confidenceLevel>97</confidenceLevel></ANPR>\
         <UUID>{uuid}</UUID></EventNotificationAlert>",
        (at + TimeDelta::hours(2)).format("%Y-%m-%dT%H:%M:%S%.3f+02:00"),
    );
    let part = |name: &str, kind: &str, length: usize| {
        format!(
            "--MIME_boundary\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let mut body = part("anpr.xml", "text/xml", xml.len()).into_bytes();
    body.extend(xml.bytes());
    body.extend(b"\r\n");
    body.extend(part("detectionPicture.jpg", "image/jpeg", picture_bytes).bytes());
    body.extend([0xFF, 0xD8, 0xFF, 0xE0]);
    body.extend((0..=250).cycle().take(picture_bytes));
    body.extend(b"\r\n--MIME_boundary--\r\n");
    body
}

fn heartbeat() -> Vec<u8> {
    let now = Utc::now().timestamp_millis();
    json!({ "data_type": "heartbeat", "company_id": "c-1", "version": 1, "timestamp": now })
        .to_string()
        .into_bytes()
}

fn outcomes(answer: &Answer) -> Vec<String> {
    let json = answer.clone().ok().json();
    let reads = json["reads"].as_array().unwrap_or_else(|| panic!("no reads: {json}"));
    reads.iter().map(|read| read["outcome"].as_str().unwrap().to_owned()).collect()
}

/// Series of one camera.
fn series(name: &str, camera: &str, lane: &str, more: (&str, &str)) -> String {
    let mut labels = [("camera", camera), ("lane", lane), ("place", "main"), more];
    labels.sort_unstable();
    let labels: Vec<String> = labels.iter().map(|(n, v)| format!("{n}=\"{v}\"")).collect();
    format!("web_backend_camera_{name}{{{}}}", labels.join(","))
}

/// The whole story of two cars before cameras of three vendors.
fn a_car_comes_and_goes(carpark: &Running, files: &Files) {
    let came = Utc::now() - TimeDelta::minutes(30);
    let left = Utc::now() - TimeDelta::seconds(3);
    let entry = plate_recognizer("b cd 12", came);
    for _ in 0..3 {
        let answer = post(carpark, "entry-1", "application/json", &entry);
        assert_eq!(outcomes(&answer), ["published"]);
    }
    let exit = hikvision("B-CD 12", "e-1", left, 200_000);
    for _ in 0..2 {
        assert_eq!(outcomes(&post(carpark, "exit-1", MULTIPART, &exit)), ["published"]);
    }
    files.wait_for_summaries(1, TOLD);
    let row = files.summaries().remove(0);
    assert_eq!(row.vehicle_plate, "BCD12");
    assert_eq!(row.entry_date_time, format_time(came));
    assert_eq!(row.exit_date_time, format_time(left));
    assert_eq!(row.place, "main");
}

#[test]
fn a_car_is_seen_by_two_vendors_cameras_and_has_its_row_embedded() {
    let directory = site::directory();
    let carpark = serve(&directory);
    let files = Files::in_directory(&directory.join("data"));
    a_car_comes_and_goes(&carpark, &files);
    carpark.terminate();
    assert_eq!((files.summary_count(), files.exception_count()), (1, 0));
}

#[test]
fn a_car_is_seen_by_two_vendors_cameras_and_has_its_row_over_rabbitmq_and_redis() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "1s");
    site.configure();
    layout(site.directory());
    let (web, actors) = (site.start_web(), site.start_actors());
    a_car_comes_and_goes(&web, &site.files());
    actors.terminate();
    web.terminate();
    assert_eq!((site.files().summary_count(), site.files().exception_count()), (1, 0));
}

#[test]
fn updates_of_one_car_are_one_read_and_what_is_not_read_is_counted() {
    let directory = site::directory();
    let carpark = serve(&directory);
    let files = Files::in_directory(&directory.join("data"));
    let at = Utc::now() - TimeDelta::minutes(10);
    // A preview waits for the final read: both are answered with it.
    std::thread::scope(|scope| {
        let preview = scope.spawn(|| {
            post(&carpark, "entry-2", "application/json", &axis(5, "new", "XY9", "0.6", at))
        });
        let last = axis(5, "lost", "XY 99", "0.9", at + TimeDelta::seconds(2));
        let last = post(&carpark, "entry-2", "application/json", &last);
        let preview = preview.join().unwrap();
        assert_eq!((outcomes(&preview), preview.json()), (outcomes(&last), last.json()));
    });
    // One that comes too late changes nothing any more.
    let update = axis(5, "update", "XV99", "0.99", at + TimeDelta::seconds(4));
    assert_eq!(outcomes(&post(&carpark, "entry-2", "text/plain", &update)), ["published"]);
    let unread = axis(6, "lost", "", "0.9", at);
    assert_eq!(outcomes(&post(&carpark, "entry-2", "text/plain", &unread)), ["unread"]);
    let unsure = axis(7, "lost", "UN51", "0.3", at);
    assert_eq!(outcomes(&post(&carpark, "entry-2", "text/plain", &unsure)), ["low_confidence"]);
    let no_way = plate_recognizer("NW1", at);
    assert_eq!(outcomes(&post(&carpark, "yard-1", "text/plain", &no_way)), ["no_direction"]);
    let exit = hikvision("XY99", "x-1", Utc::now(), 10);
    assert_eq!(outcomes(&post(&carpark, "exit-1", MULTIPART, &exit)), ["published"]);
    files.wait_for_summaries(1, TOLD);

    for (outcome, count) in [("published", 1.0), ("unread", 1.0), ("low_confidence", 1.0)] {
        let name = series("passages_total", "entry-2", "north-in", ("outcome", outcome));
        assert!((carpark.metric(&name) - count).abs() < 0.5, "{name}");
    }
    let json = http::get(&carpark.url("/admin/cameras")).ok().json();
    let camera = json["cameras"].as_array().unwrap().iter().find(|c| c["camera"] == "entry-2");
    let camera = camera.unwrap();
    assert_eq!(
        (&camera["passages"]["unread"], &camera["messages"]["reads"]),
        (&json!(1), &json!(5))
    );
    let offset = camera["clock_offset_seconds"].as_f64().unwrap();
    assert!((590.0..660.0).contains(&offset), "{offset}");
    carpark.terminate();
    let plates: Vec<String> = files.summaries().into_iter().map(|row| row.vehicle_plate).collect();
    assert_eq!((plates, files.exceptions()), (vec!["XY99".to_owned()], vec![]));
}

#[test]
fn heartbeats_are_answered_and_do_not_hide_that_no_reads_come() {
    let directory = site::directory();
    let carpark = serve(&directory);
    let age = |of: &str| {
        let name = format!("web_backend_camera_{of}_age_seconds");
        carpark.metric(&format!("{name}{{camera=\"entry-1\",lane=\"north-in\",place=\"main\"}}"))
    };
    wait::until("no read came for three seconds, though heartbeats do", TOLD, || {
        let answer = post(&carpark, "entry-1", "application/json", &heartbeat()).ok();
        assert_eq!(answer.json()["heartbeat"], true);
        (age("read") > 3.0 && age("heartbeat") < 1.5).then_some(())
    });
    post(&carpark, "entry-1", "application/json", &plate_recognizer("AB12", Utc::now())).ok();
    wait::until("a read came", TOLD, || (age("read") < 2.0).then_some(()));
    carpark.terminate();
}

#[test]
fn a_camera_shows_its_token_as_it_can_and_nobody_else_learns_anything() {
    let directory = site::directory();
    let carpark = serve(&directory);
    let url = carpark.url("/cameras/entry-1");
    let send = |url: &str, authorization: &str| {
        let headers = [("authorization", authorization)];
        let headers = if authorization.is_empty() { &[][..] } else { &headers };
        http::request("POST", url, headers, &plate_recognizer("AB12", Utc::now())).unwrap()
    };
    let in_query = format!("{url}?token=camera%2Btoken/1");
    // camera:camera+token/1
    for (url, authorization) in [
        (&url, format!("Bearer {TOKEN}").as_str()),
        (&url, "Basic Y2FtZXJhOmNhbWVyYSt0b2tlbi8x"),
        (&in_query, ""),
    ] {
        assert_eq!(outcomes(&send(url, authorization)), ["published"]);
    }
    for (url, authorization) in [
        (&url, ""),
        (&url, "Bearer camera+token/2"),
        (&url, "Basic Y2FtZXJhOmNhbWVyYQ=="),
        (&format!("{url}?token=guessed-by-me"), ""),
        (&carpark.url("/cameras/nobody"), ""),
    ] {
        let refused = send(url, authorization);
        assert_eq!(refused.status, 401);
        assert!(!refused.body.contains("entry-1"), "{}", refused.body);
    }
    let unknown = send(&in_query.replace("entry-1", "nobody"), "");
    assert_eq!(unknown.status, 404);
    assert!(unknown.body.contains("entry-1, entry-2, exit-1, yard-1"), "{}", unknown.body);
    let metrics = http::get(&carpark.url("/metrics")).ok().body;
    let said = [carpark.stdout(), carpark.stderr(), metrics].concat();
    for secret in ["camera+token", "camera%2Btoken", "guessed-by-me", "AB12"] {
        assert!(!said.contains(secret), "{secret} is told");
    }
    carpark.terminate();
}

#[test]
fn cameras_that_other_machines_reach_need_a_token() {
    let directory = site::directory();
    fs::write(directory.join("carpark.toml"), LAYOUT.replace("camera_token", "# camera_token"))
        .unwrap();
    Carpark::new(&directory, "serve")
        .env("CARPARK_WEB_LISTEN", "0.0.0.0:0")
        .args(&["--admin-token", "a", "--sink-token", "s"])
        .run(Duration::from_secs(20))
        .failed_saying(&["CARPARK_CAMERA_TOKEN", "web_listen"]);
}

#[test]
fn without_a_broker_the_web_role_runs_and_says_what_cameras_need() {
    let directory = site::directory();
    layout(&directory);
    let web = Carpark::new(&directory, "web").start_ready();
    let answer = post(&web, "entry-1", "text/plain", &plate_recognizer("AB12", Utc::now()));
    assert_eq!((answer.status, answer.retry_after.is_some()), (503, true));
    assert!(answer.body.contains("CARPARK_BROKER_URL"), "{}", answer.body);
    assert!(web.stderr().contains("CARPARK_BROKER_URL"));
    post(&web, "entry-1", "text/plain", &heartbeat()).ok();
    web.terminate();
}

#[test]
fn while_the_broker_is_away_cameras_keep_their_reads_and_sent_again_they_make_one_row() {
    let server = Arc::new(RabbitMq::start());
    let mut site = Site::on(&server);
    site.set("CARPARK_LATENESS", "1s");
    site.set("CARPARK_CAMERA_ANSWER_WITHIN", "2s");
    site.configure();
    layout(site.directory());
    let (web, actors) = (site.start_web(), site.start_actors());
    let came = Utc::now() - TimeDelta::minutes(5);
    let entry = plate_recognizer("AB12", came);
    server.kill();
    for _ in 0..2 {
        let began = Instant::now();
        let answer = post(&web, "entry-1", "application/json", &entry);
        assert_eq!((answer.status, answer.retry_after.is_some()), (503, true), "{}", answer.body);
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    }
    assert!(!web.is_ready(), "the web role says that it cannot publish");
    server.restart();
    wait::until("the read is taken", TOLD, || {
        (post(&web, "entry-1", "application/json", &entry).status == 200).then_some(())
    });
    let exit = hikvision("AB12", "e-1", Utc::now(), 10);
    assert_eq!(outcomes(&post(&web, "exit-1", MULTIPART, &exit)), ["published"]);
    site.files().wait_for_summaries(1, TOLD);
    actors.terminate();
    web.terminate();
    assert_eq!((site.files().summary_count(), site.files().exception_count()), (1, 0));
}

#[test]
fn a_process_that_is_killed_right_after_its_answer_has_lost_nothing() {
    let directory = site::directory();
    let files = Files::in_directory(&directory.join("data"));
    let cars = 12;
    for round in 0..cars {
        let carpark = serve(&directory);
        let at = Utc::now() - TimeDelta::minutes(1);
        let plate = format!("KILL{round}");
        let entry = plate_recognizer(&plate, at - TimeDelta::minutes(1));
        post(&carpark, "entry-1", "application/json", &entry).ok();
        if round % 2 == 0 {
            carpark.kill();
            let carpark = serve(&directory);
            post(&carpark, "exit-1", MULTIPART, &hikvision(&plate, &plate, at, 10)).ok();
            carpark.kill();
        } else {
            post(&carpark, "exit-1", MULTIPART, &hikvision(&plate, &plate, at, 10)).ok();
            carpark.kill();
        }
    }
    let carpark = serve(&directory);
    files.wait_for_summaries(cars, TOLD);
    carpark.terminate();
    assert_eq!((files.summary_count(), files.exception_count()), (cars, 0));
}

/// Sends a head that promises more than it gives, and reads the answer.
fn declares(carpark: &Running, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", carpark.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let request = format!(
        "POST /cameras/entry-1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n{head}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let _closed_early = stream.write_all(body);
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn hostile_bodies_are_refused_at_once_at_bounded_memory() {
    let directory = site::directory();
    let carpark = serve(&directory);
    let mega = 1024 * 1024;
    let nested = |open: &str, count: usize| open.repeat(count).into_bytes();
    let laughs = (0..9).fold("<!ENTITY e0 \"ha\">".to_owned(), |text, n| {
        format!("{text}<!ENTITY e{} \"{}\">", n + 1, format!("&e{n};").repeat(10))
    });
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("deep JSON", nested("[", 9 * mega)),
        ("deep objects", nested("{\"a\":", 2 * mega)),
        ("deep XML", nested("<a>", 3 * mega)),
        ("many values", [b"[".to_vec(), nested("0,", 4 * mega), b"0]".to_vec()].concat()),
        ("entities", format!("<!DOCTYPE x [{laughs}]><x>&e9;</x>").into_bytes()),
        (
            "a huge number",
            [b"{\"epoch_start\":".to_vec(), nested("9", 9 * mega), b"}".to_vec()].concat(),
        ),
        ("many parts", nested("--MIME_boundary\r\n\r\nx\r\n", 400_000)),
        ("many fields", nested("a=b&", 2 * mega)),
        ("noise", (0..=255).rev().chain(128..=255).cycle().take(9 * mega).collect()),
        ("too much", nested("x", 11 * mega)),
    ];
    let empty = carpark.memory_bytes_peak();
    let mut peaks = Vec::new();
    for round in 0..6 {
        for (name, body) in &bodies {
            let kind = if name.contains("parts") { MULTIPART } else { "application/json" };
            let began = Instant::now();
            let answer = post(&carpark, "entry-1", kind, body);
            assert!(
                (400..500).contains(&answer.status),
                "{name}: {} {}",
                answer.status,
                answer.body
            );
            assert!(
                answer.json()["detail"].as_str().unwrap().len() > 10,
                "{name}: {}",
                answer.body
            );
            eprintln!("{round} {name}: {} in {:?}", answer.status, began.elapsed());
        }
        peaks.push((carpark.memory_bytes_peak() - empty) / mega as u64);
    }
    for head in ["content-length: 1073741824", "content-length: 99999999999999999999999"] {
        let began = Instant::now();
        let answer = declares(&carpark, head, b"{");
        assert!(answer.starts_with("HTTP/1.1 4"), "{head}: {answer}");
        assert!(began.elapsed() < Duration::from_secs(2), "{head}: {:?}", began.elapsed());
    }
    // A message of 10 MB is held once as it comes and once as values, and the allocator may keep that
    // for each thread that has served one; no number of them takes more.
    eprintln!("{peaks:?} MB at most, round by round");
    assert!(peaks[2] < 256, "{peaks:?} MB at most, round by round");
    assert!(peaks[5] < peaks[2] + 64, "{peaks:?} MB at most, round by round: it grows");
    // And nothing is harmed.
    let read = plate_recognizer("AB12", Utc::now());
    assert_eq!(outcomes(&post(&carpark, "entry-1", "application/json", &read)), ["published"]);
    carpark.terminate();
}

#[test]
fn a_person_who_puts_a_camera_up_sees_what_its_message_becomes() {
    let directory = site::directory();
    let carpark = serve(&directory);
    let at = Utc::now();
    fs::write(directory.join("exit.bin"), hikvision("AB-12", "e-1", at, 1000)).unwrap();
    let run = |command: &str| Carpark::new(&directory, command).run(Duration::from_secs(20));
    let shown = run("camera test exit.bin --camera exit-1").succeeded().stdout;
    for part in ["hikvision", "AB12", "AB-12", "away from the camera", "an exit at place main"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = run("camera test exit.bin").succeeded().stdout;
    assert!(shown.contains("(by its content)") && shown.contains("--camera NAME"), "{shown}");
    run("camera test exit.bin --vendor axis").failed_saying(&["axis"]);
    run("camera test exit.bin --vendor kodak").failed_saying(&["kodak", "hikvision"]);
    run("camera test exit.bin --camera none").failed_saying(&["none", "entry-1, entry-2"]);
    let url = carpark.url("/cameras/exit-1");
    let sent = run(&format!("camera send exit.bin --to {url}")).succeeded().stdout;
    assert!(sent.contains("200") && sent.contains("published"), "{sent}");
    let sent = run(&format!("camera send exit.bin --to {url}0"));
    assert_eq!(sent.status.code(), Some(1));
    assert!(sent.stdout.contains("404"), "{}", sent.stdout);
    carpark.terminate();
}

#[test]
fn the_configuration_shows_the_cameras_and_says_what_is_wrong_with_one() {
    let directory = site::directory();
    layout(&directory);
    let shown = Carpark::new(&directory, "config").run(Duration::from_secs(20)).succeeded().stdout;
    for part in ["[cameras.entry-2]", "min_confidence = 0.5", "[places.main]", "# carpark.toml"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains(TOKEN), "{shown}");
    let wrong = LAYOUT.replace("Europe/Berlin", "Europe/Bärlin");
    fs::write(directory.join("carpark.toml"), wrong).unwrap();
    Carpark::new(&directory, "serve").run(Duration::from_secs(20)).failed_saying(&[
        "`places.main.time_zone`",
        "Europe/Bärlin",
        "did you mean `Europe/Berlin`",
    ]);
}

#[test]
fn the_cameras_are_described_and_the_admin_token_shows_them() {
    let directory = site::directory();
    layout(&directory);
    let carpark = Carpark::new(&directory, "serve").args(&["--admin-token", "boss"]).start();
    carpark.wait_live(TOLD);
    let api: Value = http::get(&carpark.url("/openapi.json")).ok().json();
    assert!(api["paths"]["/cameras/{camera}"]["post"].is_object(), "{api}");
    assert_eq!(http::get_as(TOKEN, &carpark.url("/admin/cameras")).status, 401);
    let shown = http::get_as("boss", &carpark.url("/admin/cameras")).ok().json();
    assert_eq!(shown["cameras"].as_array().unwrap().len(), 4);
    // What is told is what is described.
    let mut told: Vec<String> = shown["cameras"][0].as_object().unwrap().keys().cloned().collect();
    let described = &api["components"]["schemas"]["CameraStatus"]["properties"];
    let mut described: Vec<String> = described.as_object().unwrap().keys().cloned().collect();
    told.sort();
    described.sort();
    assert_eq!(told, described);
    carpark.terminate();
}
