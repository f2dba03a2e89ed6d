//! Places: what is counted of them is right, whatever dies; what people say is taken; what apps ask is
//! answered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tests::events::Events;
use tests::http::{self, Answer};
use tests::process::{Carpark, Running};
use tests::servers::Postgres;
use tests::{feed, ports, site, wait};

const SOON: Duration = Duration::from_secs(40);

fn call(method: &str, running: &Running, path: &str, body: &str) -> Answer {
    let headers = [("content-type", "application/json")];
    http::request(method, &running.url(path), &headers, body.as_bytes()).unwrap()
}

fn get(running: &Running, path: &str) -> Value {
    http::get(&running.url(path)).ok().json()
}

fn time(minutes: i64) -> String {
    let begin: DateTime<Utc> = "2026-05-04T08:00:00Z".parse().unwrap();
    (begin + TimeDelta::minutes(minutes)).to_rfc3339()
}

/// Waits until the numbers of a place are these.
fn wait_for(running: &Running, place: &str, free: u64, state: &str) -> Value {
    wait::until(&format!("{place} has {free} free and is {state}"), SOON, || {
        let answer = http::request("GET", &running.url(&format!("/places/{place}")), &[], b"");
        let shown = answer.ok().filter(|answer| answer.status == 200)?.json();
        (shown["free"] == free && shown["state"] == state).then_some(shown)
    })
}

/// One process with everything, and this configuration.
fn serve(directory: &Path, toml: &str) -> Carpark {
    std::fs::write(directory.join("carpark.toml"), toml).unwrap();
    Carpark::new(directory, "serve")
}

const TWO_PLACES: &str = r#"
lateness = "1s"
[places.north]
name = "North garage"
location = [52.53, 13.41]
time_zone = "Europe/Berlin"
bays = { standard = 2, electric = { spaces = 1, may_use = ["standard"] } }
[places.south]
time_zone = "UTC"
bays = { standard = 5 }
[lanes.n-1]
place = "north"
role = "entry"
[lanes.n-e]
place = "north"
role = "entry"
bay_type = "electric"
"#;

/// A read, as the queue has it.
fn read(kind: &str, plate: &str, at: &str, lane: Option<&str>, minutes: i64) -> String {
    let mut read = json!({
        "id": format!("{plate}-{minutes}"), "vehicle_plate": plate, "place": at,
        format!("{kind}_date_time"): time(minutes),
    });
    if let Some(lane) = lane {
        read["lane"] = lane.into();
    }
    read.to_string()
}

/// Runs the reads of a file through the whole program.
fn play(directory: &Path, toml: &str, reads: &[String]) -> Running {
    let file = directory.join("reads.jsonl");
    std::fs::write(&file, reads.join("\n") + "\n").unwrap();
    serve(directory, toml).env("CARPARK_READS", &file.display().to_string()).start_ready()
}

#[test]
fn cars_come_and_go_and_each_place_has_its_numbers() {
    let directory = site::directory();
    let reads = [
        read("entry", "AA1", "north", Some("n-1"), 0),
        read("entry", "BB2", "north", Some("n-1"), 1),
        read("entry", "CC3", "north", Some("n-e"), 2),
        read("entry", "DD4", "south", None, 3),
        // Enters in the north and leaves in the south: right in both counts.
        read("exit", "BB2", "south", None, 9),
        // Was never seen to enter.
        read("exit", "EE5", "south", None, 10),
    ];
    let carpark = play(&directory, TWO_PLACES, &reads);
    let north = wait_for(&carpark, "north", 1, "open");
    assert_eq!(north["bays"]["standard"], json!({ "spaces": 2, "derived": 1, "free": 1 }));
    assert_eq!(north["bays"]["electric"], json!({ "spaces": 1, "derived": 1, "free": 0 }));
    assert_eq!((&north["name"], &north["spaces"]), (&"North garage".into(), &3.into()));
    let south = wait_for(&carpark, "south", 4, "open");
    assert_eq!(south["derived"], 1, "who was not seen to enter was not counted as inside");
    let told = wait::until("both places are told of in the feed", SOON, || {
        let events = feed::read_all(&carpark);
        let of = |place: &str| -> Option<Value> {
            let about = |e: &&Value| e["type"] == "parking_lot_state" && e["place"] == place;
            events.iter().rfind(about).map(|event| event["data"].clone())
        };
        let (north, south) = (of("north")?, of("south")?);
        (north["free"] == 1 && south["free"] == 4).then_some(north)
    });
    assert_eq!((&told["capacity"], &told["state"]), (&3.into(), &"open".into()));
    carpark.terminate();
    // What was counted is there after a restart, though the feed is not read anew.
    let carpark = serve(&directory, TWO_PLACES).start_ready();
    wait_for(&carpark, "north", 1, "open");
    assert_eq!(get(&carpark, "/admin/places/north")["counts"]["standard"]["entries"], 2);
}

#[test]
fn an_app_sees_a_place_fill_up_and_asks_for_no_more_than_it_wants() {
    let directory = site::directory();
    let carpark = serve(&directory, TWO_PLACES).start_ready();
    wait_for(&carpark, "north", 3, "open");
    let near = get(&carpark, "/places?near=52.53,13.41,500");
    assert_eq!((near["places"].as_array().unwrap().len(), &near["matching"]), (1, &1.into()));
    assert_eq!(get(&carpark, "/places?bay_type=electric")["places"][0]["id"], "north");
    assert_eq!(get(&carpark, "/places?state=full")["matching"], 0);
    let page = get(&carpark, "/places?limit=1");
    assert_eq!(page["places"][0]["id"], "north");
    let next = page["next"].as_str().unwrap();
    assert_eq!(get(&carpark, &format!("/places?limit=1&after={next}"))["places"][0]["id"], "south");

    let first = http::get(&carpark.url("/places")).ok();
    let tag = first.header("etag").to_owned();
    let again = |tag: &str| {
        http::request("GET", &carpark.url("/places"), &[("if-none-match", tag)], b"").unwrap()
    };
    assert_eq!((again(&tag).status, again(&tag).body.len()), (304, 0));

    let mut events = Events::open(&carpark, "/places/events?q=north", &[]);
    let shown: Value = events.next("parking_lot_state").data;
    assert_eq!((&shown["id"], &shown["free"]), (&"north".into(), &3.into()));
    for bay_type in ["standard", "electric"] {
        let count = json!({ "bay_type": bay_type, "inside": 2, "by": "Ada", "reason": "round" });
        call("POST", &carpark, "/admin/places/north/count", &count.to_string()).ok();
    }
    let shown = wait::until("the stream says full", SOON, || {
        let shown: Value = events.next("parking_lot_state").data;
        assert_eq!(shown["id"], "north", "nothing else was asked for");
        (shown["state"] == "full").then_some(shown)
    });
    assert_eq!(shown["bays"]["standard"]["verified"]["inside"], 2);
    // The same for people, as a page that goes on by itself.
    let page = |query: &str| {
        let accept = [("accept", "text/html")];
        http::request("GET", &carpark.url(&format!("/places{query}")), &accept, b"")
            .unwrap()
            .ok()
            .body
    };
    let all = page("");
    assert!(all.contains("North garage") && all.contains("</i>Full<") && all.contains("</i>Open<"));
    assert!(page("?q=south").contains("1 of 1.") && !page("?q=south").contains("North garage"));
    assert!(page("?q=nowhere").contains("No places match"));
    let mut live = Events::open(&carpark, "/pages/places?state=full", &[]);
    let news: Value = live.next("news").data;
    assert!(news["regions"]["places"].as_str().unwrap().contains("North garage"), "{news}");
    assert_eq!(again(&tag).status, 200, "something is otherwise");
    for (path, words) in [
        ("/places?near=1,2", "LATITUDE,LONGITUDE,METRES"),
        ("/places?state=free", "open, full, closed"),
        ("/places?sate=full", "sate"),
    ] {
        let answer = http::get(&carpark.url(path));
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(words),
            "{path}: {}",
            answer.body
        );
    }
    let apds = get(&carpark, "/apds/places?offset=1&limit=1");
    assert_eq!((&apds["meta"]["total"], &apds["data"][0]["id"]), (&2.into(), &"south".into()));
    assert_eq!(get(&carpark, "/apds/places/north")["timeZone"], "Europe/Berlin");
    let datex2 = http::get(&carpark.url("/datex2/parking-status?limit=1&q=o")).ok();
    assert_eq!(datex2.header("content-type"), "application/xml");
    assert_eq!(
        datex2.header("link"),
        "</datex2/parking-status?limit=1&q=o&after=north>; rel=\"next\""
    );
    assert!(datex2.body.contains("id=\"north/electric\""), "{}", datex2.body);
    assert_eq!(http::get(&carpark.url("/datex2/parking-status?q=nowhere")).status, 204);
    assert_eq!(http::get(&carpark.url("/places/west")).status, 404);
    // The stream ends when the process does.
    carpark.terminate();
    events.wait_for_end(10);
}

#[test]
fn people_count_reset_and_erase_and_the_numbers_say_so() {
    let directory = site::directory();
    let reads: Vec<String> =
        (1..=4).map(|n| read("entry", &format!("AB{n}"), "south", None, n)).collect();
    let carpark = play(&directory, TWO_PLACES, &reads);
    wait_for(&carpark, "south", 1, "open");
    let count =
        |body: &Value| call("POST", &carpark, "/admin/places/south/count", &body.to_string());
    let answer = count(&json!({ "inside": 2, "by": "Ada", "reason": "two have left unseen" })).ok();
    let counted = &answer.json()["counts"]["standard"];
    assert_eq!((&counted["correction"], &counted["open_stays"]), (&(-2).into(), &4.into()));
    assert_eq!(counted["drift_per_1000"], 500.0, "two too many after four entries");
    wait_for(&carpark, "south", 3, "open");
    let drift = r#"office_drift_per_1000{bay_type="standard",place="south"}"#;
    wait::until("the drift is a metric", SOON, || (carpark.metric(drift) > 499.0).then_some(()));
    for (body, words) in [
        (json!({ "inside": 2, "by": " " }), "`by` is empty"),
        (json!({ "inside": 2, "by": "Ada", "bay_type": "truck" }), "no bays of the type `truck`"),
        (json!({ "inside": -2, "by": "Ada" }), "`-2`"),
        (json!({ "inside": 2, "by": "Ada", "reasn": "x" }), "reasn"),
    ] {
        let answer = count(&body);
        assert!((400..500).contains(&answer.status), "{body}: {}", answer.body);
        assert!(answer.json()["detail"].as_str().unwrap().contains(words), "{}", answer.body);
    }
    assert_eq!(
        call("POST", &carpark, "/admin/places/west/count", r#"{"inside":1,"by":"A"}"#).status,
        404
    );

    let erased = call("DELETE", &carpark, "/admin/plates/AB1", "").ok().json();
    assert_eq!(erased["places"], 1, "{erased}");
    let held = get(&carpark, "/admin/plates/AB2");
    assert_eq!(held["places"][0]["place"], "south", "{held}");
    wait_for(&carpark, "south", 3, "open");

    let reset = json!({ "by": "Ada", "reason": "closed for the night" }).to_string();
    let closed = call("POST", &carpark, "/admin/places/south/reset", &reset).ok().json();
    assert_eq!(closed["closed"], 3, "of three plates a stay stood open");
    wait_for(&carpark, "south", 5, "open");
    let inside = get(&carpark, "/admin/sessions?state=open");
    assert_eq!(inside["sessions"].as_array().unwrap().len(), 0, "{inside}");
    let told = feed::read_all(&carpark);
    let acts = told.iter().filter(|event| event["type"] == "count.corrected");
    let acts: Vec<&Value> = acts.map(|event| &event["data"]["reason"]).collect();
    assert_eq!(acts, ["two have left unseen", "closed for the night"]);
}

#[test]
fn places_are_described_over_http_and_by_files_and_what_is_wrong_is_named() {
    let directory = site::directory();
    let carpark = serve(&directory, "").start_ready();
    let put = |id: &str, body: &str| call("PUT", &carpark, &format!("/admin/places/{id}"), body);
    assert_eq!(put("west", r#"{"bays":{"standard":{"spaces":3}}}"#).status, 201);
    assert_eq!(put("west", r#"{"bays":{"standard":{"spaces":4}}}"#).status, 200);
    wait_for(&carpark, "west", 4, "open");
    for (body, status, words) in [
        (r#"{"bays":{"Wide":{"spaces":3}}}"#, 400, "small letters"),
        (r#"{"baiz":{}}"#, 400, "baiz"),
        (r#"{"time_zone":"Mars"}"#, 422, "`time_zone`"),
        (r#"{"full_at":3,"open_again_at":3}"#, 422, "`open_again_at`"),
        ("{", 400, "/docs"),
    ] {
        let answer = put("west", body);
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        assert!(answer.json()["detail"].as_str().unwrap().contains(words), "{}", answer.body);
    }
    let mut file = "id,name,latitude,longitude,spaces_standard\n".to_owned();
    for n in 0..10_000 {
        writeln!(file, "p{n:05},Garage {n},{},{},{}", n % 80, n % 170, n % 500).unwrap();
    }
    file.push_str("west,West,,,4\nbad,Bad,95,0,1\n");
    let report = call("POST", &carpark, "/admin/places/import", &file).ok().json();
    assert_eq!((&report["added"], &report["changed"]), (&10_000.into(), &1.into()), "{report}");
    assert_eq!(report["refusals"][0]["line"], 10_003);
    assert_eq!(report["refusals"][0]["field"], "location");
    let report = call("POST", &carpark, "/admin/places/import", &file).ok().json();
    assert_eq!((&report["added"], &report["unchanged"]), (&0.into(), &10_001.into()), "{report}");
    assert_eq!(get(&carpark, "/places?limit=1000")["matching"], 10_001);
    assert_eq!(call("DELETE", &carpark, "/admin/places/west", "").status, 200);
    assert_eq!(call("DELETE", &carpark, "/admin/places/west", "").status, 404);
    assert_eq!(http::get(&carpark.url("/places/west")).status, 404);
    wait::until("every place is told of", SOON, || {
        let told = carpark.metric("office_facts_total");
        (told >= 20_000.0).then_some(())
    });
    let changes = feed::read_all(&carpark);
    let of_west = changes.iter().filter(|e| e["type"] == "place.changed" && e["place"] == "west");
    assert_eq!(of_west.count(), 4, "described, twice described anew, removed");
}

#[test]
fn a_configuration_that_makes_no_sense_says_what_would() {
    let directory = site::directory();
    for (toml, words) in [
        ("[places.a]\ntime_zone = \"UTC\"\nbays = 5\n", ["places.a.bays", "standard = 120"]),
        (
            "[places.a]\ntime_zone = \"UTC\"\nbays = { Wide = 5 }\n",
            ["places.a.bays", "small letters"],
        ),
        (
            "[places.a]\ntime_zone = \"UTC\"\nlocation = [99, 0]\n",
            ["places.a.location", "-90 to 90"],
        ),
        ("[places.a]\ntime_zone = \"UTC\"\nbayz = { standard = 5 }\n", ["bayz", "bays"]),
        (
            "[places.a]\ntime_zone = \"UTC\"\nopen_again_at = 0\n",
            ["open_again_at", "more than `full_at`"],
        ),
        (
            "[places.a]\ntime_zone = \"UTC\"\n[lanes.x]\nrole = \"entry\"\nbay_type = \"truck\"\n",
            ["lanes.x.bay_type", "has no bays"],
        ),
    ] {
        let ended = serve(&directory, toml).run(SOON);
        ended.failed_saying(&words);
    }
    let office = Carpark::new(&directory, "office");
    std::fs::remove_file(directory.join("carpark.toml")).unwrap();
    let office = office.env("CARPARK_OFFICE_URL", "mysql://x/y").run(SOON);
    office.failed_saying(&["CARPARK_OFFICE_URL", "postgres://user:password@host/database"]);
}

/// A web role and offices in processes of their own, on one PostgreSQL.
pub(crate) struct Apart {
    pub(crate) directory: PathBuf,
    pub(crate) database: Postgres,
    web_port: u16,
}

impl Apart {
    pub(crate) fn new() -> Self {
        Self { directory: site::directory(), database: Postgres::start(), web_port: ports::free() }
    }

    pub(crate) fn web(&self) -> Running {
        Carpark::new(&self.directory, "web").port(self.web_port).start_ready()
    }

    pub(crate) fn office(&self) -> Running {
        Carpark::new(&self.directory, "office")
            .port(ports::free())
            .env("CARPARK_OFFICE_URL", &self.database.url())
            .env("CARPARK_FEED_URL", &format!("http://127.0.0.1:{}/feed", self.web_port))
            .start()
    }

    /// Posts until somebody confirms it, as the actors do.
    fn tell(&self, route: &str, body: &Value) {
        let url = format!("http://127.0.0.1:{}/{route}", self.web_port);
        let headers = [("content-type", "application/json")];
        wait::until("the web role takes it", SOON * 3, || {
            let answer = http::request("POST", &url, &headers, body.to_string().as_bytes());
            answer.ok().filter(|answer| answer.status == 200)
        });
    }
}

#[test]
fn whoever_is_killed_each_vehicle_counts_once_and_each_change_is_told_once() {
    const PLACES: [&str; 3] = ["east", "north", "west"];
    let apart = Apart::new();
    let seed = Utc::now().timestamp_micros().unsigned_abs();
    eprintln!("dice {seed}");
    let web = Mutex::new(Some(apart.web()));
    let offices = [Mutex::new(Some(apart.office())), Mutex::new(Some(apart.office()))];
    for office in &offices {
        office.lock().unwrap().as_mut().unwrap().wait_ready(SOON);
    }
    let of_first = |path: &str| offices[0].lock().unwrap().as_ref().unwrap().url(path);
    for place in PLACES {
        let url = of_first(&format!("/admin/places/{place}"));
        let headers = [("content-type", "application/json")];
        let body = br#"{"bays":{"standard":{"spaces":500}}}"#;
        http::request("PUT", &url, &headers, body).unwrap().ok();
    }

    let (apart_ref, web_ref, offices_ref) = (&apart, &web, &offices);
    let expected: BTreeMap<&str, (u64, u64)> = thread::scope(|scope| {
        let traffic = scope.spawn(move || {
            let mut dice = StdRng::seed_from_u64(seed);
            let mut expected: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
            for n in 0..600_u32 {
                let at = PLACES[dice.random_range(0..3)];
                let (plate, entry) = (format!("AB{n}"), format!("e{n}"));
                apart_ref.tell("save_opened", &json!({
                    "vehicle_plate": plate, "observation_id": entry, "place": at,
                    "entry_date_time": time(i64::from(n)), "revision": 1,
                }));
                let (inside, entries) = expected.entry(at).or_default();
                *entries += 1;
                *inside += 1;
                if dice.random_range(0..3) > 0 {
                    *inside -= 1;
                    apart_ref.tell("save_summary", &json!({
                        "vehicle_plate": plate, "place": at, "session_id": format!("s{n}"),
                        "entry_date_time": time(i64::from(n)), "exit_date_time": time(i64::from(n) + 1),
                        "origin": { "revision": 2, "entry_observation_id": entry,
                                    "exit_observation_id": format!("x{n}"), "exit_place": at },
                    }));
                }
            }
            expected
        });
        let mut dice = StdRng::seed_from_u64(seed ^ 1);
        let mut kills = 0;
        while !traffic.is_finished() || kills < 6 {
            let pause = Duration::from_millis(dice.random_range(100..1_200));
            let until = Instant::now() + pause;
            wait::until("it is time", SOON, || (Instant::now() >= until).then_some(()));
            kills += 1;
            match dice.random_range(0..5) {
                0 => {
                    let mut web = web_ref.lock().unwrap();
                    web.take().unwrap().kill();
                    *web = Some(apart_ref.web());
                }
                1 => {
                    apart_ref.database.kill();
                    apart_ref.database.restart();
                }
                which => {
                    let mut office = offices_ref[which % 2].lock().unwrap();
                    office.take().unwrap().kill();
                    *office = Some(apart_ref.office());
                }
            }
        }
        traffic.join().unwrap()
    });

    for (which, office) in offices.iter().enumerate() {
        let mut office = office.lock().unwrap();
        let office = office.as_mut().unwrap();
        office.wait_ready(SOON);
        for (place, (inside, entries)) in &expected {
            let detail = wait::until(&format!("office {which} has {place} right"), SOON, || {
                let url = office.url(&format!("/admin/places/{place}"));
                let detail = http::get(&url).json();
                (detail["state"]["derived"] == *inside).then_some(detail)
            });
            assert_eq!(detail["counts"]["standard"]["entries"], *entries, "{place}");
            assert_eq!(detail["counts"]["standard"]["exits"], entries - inside, "{place}");
        }
    }
    let web = web.lock().unwrap();
    let web = web.as_ref().unwrap();
    for (place, (inside, _)) in &expected {
        let numbers = wait::until(&format!("the feed has the last of {place}"), SOON, || {
            let told = feed::read_all(web);
            let about = |e: &&Value| e["type"] == "parking_lot_state" && e["place"] == *place;
            let told: Vec<Value> = told.iter().filter(about).map(|e| e["data"].clone()).collect();
            (told.last()?["derived"] == *inside).then_some(told)
        });
        let numbers: Vec<u64> =
            numbers.iter().map(|told| told["number"].as_u64().unwrap()).collect();
        let each_once: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, each_once, "{place}: each change of the numbers once, in order");
    }
    assert_eq!(apart.database.query("SELECT count(*) FROM facts"), Ok("0".to_owned()));
    let open: u64 = expected.values().map(|(inside, _)| inside).sum();
    assert_eq!(apart.database.query("SELECT count(*) FROM stays"), Ok(open.to_string()));
}
