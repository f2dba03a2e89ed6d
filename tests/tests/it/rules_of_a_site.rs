//! What belongs to a site: how its plates are spelled, how long cars wait at its barriers, and the
//! audit of what its cameras read.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use serde_json::json;
use tests::files::Files;
use tests::http::{self, Answer};
use tests::process::{Carpark, Running};
use tests::{Site, site, wait};

const TOLD: Duration = Duration::from_mins(1);
const TOKEN: &str = "a-camera-token";

const LAYOUT: &str = r#"
camera_token = "a-camera-token"

[places.main]
time_zone = "UTC"

[places.north]
time_zone = "UTC"
re_read = "45s"

[lanes.in]
place = "main"
role = "entry"

[lanes.out]
place = "main"
role = "exit"
re_read = "90s"

[cameras.entry]
lane = "in"

[cameras.exit]
lane = "out"
"#;

fn serve(directory: &Path, arguments: &[&str]) -> Running {
    fs::write(directory.join("carpark.toml"), LAYOUT).unwrap();
    Carpark::new(directory, "serve").args(&["--lateness", "1s"]).args(arguments).start_ready()
}

fn try_read(carpark: &Running, id: &str, plate: &str, at: DateTime<Utc>) -> Answer {
    let camera = if id.starts_with('e') { "entry" } else { "exit" };
    let field = format!("{camera}_date_time");
    let body = json!({ "id": id, "vehicle_plate": plate, field: format_time(at) }).to_string();
    let headers =
        [("authorization", &*format!("Bearer {TOKEN}")), ("content-type", "application/json")];
    let url = carpark.url(&format!("/cameras/{camera}"));
    http::request("POST", &url, &headers, body.as_bytes()).unwrap()
}

#[track_caller]
fn read(carpark: &Running, id: &str, plate: &str, at: DateTime<Utc>) {
    let answer = try_read(carpark, id, plate, at);
    assert!(answer.body.contains("published"), "{plate:?}: {}", answer.body);
}

#[test]
fn the_two_cameras_of_a_site_spell_a_plate_as_they_like() {
    let directory = site::directory();
    let carpark = serve(&directory, &[]);
    let files = Files::in_directory(&directory.join("data"));
    let spellings = [
        ("KB 4417 HC", "КВ4417НС", "KB4417HC"),
        ("81ب34567", "۸۱ب۳۴۵۶۷", "81ب34567"),
        ("FK–82", "FK\u{0}82\u{0}\u{0}", "FK82"),
        ("京B•814", "京B/814", "京B814"),
        ("2ขข 8123 กรุงเทพมหานคร", "๒ขข-๘๑๒๓ กรุงเทพมหานคร", "2ขข8123กรุงเทพมหานคร"),
        ("77ي88", "۷۷ی۸۸", "77ي88"),
    ];
    let now = Utc::now();
    for (n, (entry, exit, _)) in spellings.iter().enumerate() {
        read(&carpark, &format!("e{n}"), entry, now - TimeDelta::minutes(9));
        read(&carpark, &format!("x{n}"), exit, now - TimeDelta::minutes(2));
    }
    files.wait_for_summaries(spellings.len(), TOLD);
    let mut plates: Vec<String> =
        files.summaries().into_iter().map(|row| row.vehicle_plate).collect();
    let mut expected: Vec<&str> = spellings.iter().map(|(.., plate)| *plate).collect();
    plates.sort();
    expected.sort_unstable();
    assert_eq!(plates, expected);
    for spelling in ["KB4417HC", "%D0%9A%D0%92-4417%20%D0%9D%D0%A1"] {
        let asked = http::get(&carpark.url(&format!("/admin/sessions/{spelling}"))).ok();
        assert!(asked.body.contains("KB4417HC"), "{}", asked.body);
        assert!(asked.body.contains("КВ4417НС"), "as it was read: {}", asked.body);
    }
    carpark.terminate();
}

#[test]
fn a_car_that_waits_at_a_barrier_is_one_passage_for_as_long_as_the_site_says() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "1s");
    fs::write(site.directory().join("carpark.toml"), LAYOUT).unwrap();
    site.configure();
    let web = site.start_web();
    let actors = site.start_actors();
    let at =
        |seconds: i64| format_time(Utc::now() - TimeDelta::hours(2) + TimeDelta::seconds(seconds));
    let read = |plate: &str, id: &str, place: &str, lane: &str, seconds: i64| {
        let (queue, field) = match id.starts_with('e') {
            true => (ENTRY_QUEUE, "entry_date_time"),
            false => (EXIT_QUEUE, "exit_date_time"),
        };
        let message = json!({ "id": id, "vehicle_plate": plate, field: at(seconds), "place": place, "lane": lane });
        site.client().publish(queue, [message.to_string()]);
    };
    // A publisher that is not ours: place and lane of the message tell the rule.
    read("WAIT1", "e1", "main", "in", 0);
    read("WAIT1", "x1", "main", "out", 600);
    read("WAIT1", "x2", "main", "out", 640);
    read("WAIT1", "x3", "main", "out", 720);
    read("WAIT2", "x1", "main", "other", 600);
    read("WAIT2", "x2", "main", "other", 640);
    read("WAIT3", "x1", "north", "any", 600);
    read("WAIT3", "x2", "north", "any", 640);
    let files = site.files();
    wait::until("what is alone is told", TOLD, || {
        (files.exception_count() >= 3 && files.summary_count() == 1).then_some(())
    });
    let mut told: Vec<(String, String)> = files
        .standing_exceptions()
        .into_iter()
        .map(|row| (row.vehicle_plate, row.observation_id))
        .collect();
    told.sort();
    let expected = [("WAIT2", "x1"), ("WAIT2", "x2"), ("WAIT3", "x1")];
    assert_eq!(told, expected.map(|(plate, id)| (plate.to_owned(), id.to_owned())));
    actors.terminate();
    web.terminate();
}

#[test]
fn what_cameras_read_is_audited_and_a_row_that_is_missing_is_found() {
    let directory = site::directory();
    let carpark = serve(&directory, &["--ledger", "ledger.jsonl"]);
    let files = Files::in_directory(&directory.join("data"));
    let now = Utc::now() - TimeDelta::minutes(30);
    for n in 0..5 {
        read(&carpark, &format!("e{n}"), &format!("AU-DIT{n}"), now + TimeDelta::seconds(n));
        read(&carpark, &format!("x{n}"), &format!("audit {n}"), now + TimeDelta::seconds(600 + n));
    }
    read(&carpark, "x9", "AUDIT9", now);
    files.wait_for_summaries(5, TOLD);
    files.wait_for_exceptions(1, TOLD);
    carpark.terminate();
    let ledger = fs::read_to_string(directory.join("ledger.jsonl")).unwrap();
    assert_eq!(ledger.lines().count(), 11, "{ledger}");
    assert!(ledger.contains("AU-DIT3"), "to the letter");

    let as_of = format_time(Utc::now());
    let verify = || {
        Carpark::new(&directory, "verify")
            .args(&["--ledger", "ledger.jsonl", "--as-of", &as_of])
            .run(Duration::from_secs(30))
    };
    let clean = verify().succeeded();
    assert!(clean.stdout.contains("lost          0"), "{}", clean.stdout);
    let text = fs::read_to_string(files.summaries_path()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(files.summaries_path(), [&lines[..2], &lines[3..]].concat().join("\n") + "\n")
        .unwrap();
    let ended = verify();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
    assert!(ended.stdout.contains("lost          1\n"), "{}", ended.stdout);
}

#[test]
fn a_ledger_on_a_full_disk_harms_nothing_else() {
    let directory = site::directory();
    let carpark = serve(&directory, &["--ledger", "/dev/full"]);
    let files = Files::in_directory(&directory.join("data"));
    let now = Utc::now();
    read(&carpark, "e1", "FULL1", now - TimeDelta::minutes(9));
    read(&carpark, "x1", "FULL1", now - TimeDelta::minutes(2));
    files.wait_for_summaries(1, TOLD);
    assert!(carpark.is_ready());
    assert_eq!(carpark.stderr().matches("the ledger is incomplete").count(), 1);
    carpark.terminate();
}

#[test]
fn an_open_stay_that_an_earlier_version_spelled_otherwise_is_ended_by_its_exit() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "1s");
    let web = site.start_web();
    let actors = site.start_actors();
    let at = |minutes| format_time(Utc::now() - TimeDelta::minutes(minutes));
    let entry = json!({ "id": "e1", "vehicle_plate": "КВ4417НС", "entry_date_time": at(30) });
    let inside = || -> Vec<String> { site.redis.command(0, &["SMEMBERS", "entry_plates"]) };
    site.client().publish(ENTRY_QUEUE, [entry.to_string()]);
    wait::until("it is inside", TOLD, || (inside() == ["KB4417HC"]).then_some(()));
    actors.terminate();

    // As the earlier version left it: under the letters that were read, and nothing noted.
    let (today, former) = ("KB4417HC", "КВ4417НС");
    let due: String = site.redis.command(0, &["ZSCORE", "carpark:due:exits", today]);
    let _: () = site.redis.command(0, &["RENAME", today, former]);
    let _: u64 = site.redis.command(0, &["SREM", "entry_plates", today]);
    let _: u64 = site.redis.command(0, &["SADD", "entry_plates", former]);
    let _: u64 = site.redis.command(0, &["ZREM", "carpark:due:exits", today]);
    let _: u64 = site.redis.command(0, &["ZADD", "carpark:due:exits", &due, former]);
    let _: u64 = site.redis.command(0, &["DEL", "carpark:spelling"]);

    let actors = [site.start_actors(), site.start_actors()];
    assert_eq!(inside(), [today]);
    // The broker gives the entry a second time; and the exit is read in other letters.
    let exit = json!({ "id": "x1", "vehicle_plate": "kb 4417 hc", "exit_date_time": at(5) });
    site.client().publish(ENTRY_QUEUE, [entry.to_string()]);
    site.client().publish(EXIT_QUEUE, [exit.to_string()]);
    let files = site.files();
    files.wait_for_summaries(1, TOLD);
    assert_eq!(files.summaries()[0].vehicle_plate, today);
    assert_eq!(inside(), Vec::<String>::new());
    let keys: Vec<String> = site.redis.command(0, &["KEYS", "*"]);
    assert!(!keys.contains(&former.to_owned()), "{keys:?}");
    assert_eq!(files.exception_count(), 0);
    for processor in actors {
        processor.terminate();
    }
    web.terminate();
}
