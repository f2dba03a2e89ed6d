//! The vehicle monitor, on the real program: embedded, and over RabbitMQ and Redis.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::wire::ping::PING_QUEUE;
use serde_json::{Value, json};
use tests::events::Events;
use tests::http::{self, Answer};
use tests::process::{Carpark, Running};
use tests::servers::Redis;
use tests::{Site, site, wait};
use vehicles::store::Store;

const SOON: Duration = Duration::from_secs(20);
const HEADER: &str = "vehicle_id,plate,customer_id,customer_name,customer_address\n";
const SCRIPT: &str = "<script>alert(1)</script>";

/// Limits so short that a test can wait for them.
fn quick(role: Carpark) -> Carpark {
    role.env("CARPARK_VEHICLES_CONNECTED_WITHIN", "1s").env("CARPARK_VEHICLES_TOLERANCE", "500ms")
}

fn call(method: &str, running: &Running, path: &str, body: &str) -> Answer {
    let headers = [("content-type", "application/json")];
    http::request(method, &running.url(path), &headers, body.as_bytes()).unwrap()
}

fn import(running: &Running, file: &str) -> Value {
    call("POST", running, "/admin/vehicles/import", file).ok().json()
}

fn vehicle(running: &Running, id: &str) -> Value {
    http::get(&running.url(&format!("/vehicles/{id}"))).ok().json()
}

fn at(before: i64) -> String {
    (Utc::now() - TimeDelta::seconds(before)).to_rfc3339()
}

fn ping(id: &str, vehicle: &str, at: &str) -> String {
    json!({ "id": id, "vehicle_id": vehicle, "at": at }).to_string()
}

fn two(running: &Running) {
    let rows = "vin-1,ab-12,c1,Ann,Street 1\nVIN-2,CD 34,c2,Ben,\n";
    let report = import(running, &format!("{HEADER}{rows}"));
    assert_eq!(report["vehicles_added"], 2, "{report}");
}

/// The changes of state as they happen, behind an event.
fn events(running: &Running, last: Option<&str>) -> Events {
    let last: Vec<(&str, &str)> = last.map(|id| ("last-event-id", id)).into_iter().collect();
    Events::open(running, "/vehicles/events", &last)
}

#[test]
fn a_vehicle_goes_silent_and_comes_back_and_whoever_listens_hears_of_it() {
    let directory = site::directory();
    let carpark = quick(Carpark::new(&directory, "serve")).start_ready();
    two(&carpark);
    let list = http::get(&carpark.url("/vehicles")).ok().json();
    let counts = json!({ "connected": 0, "disconnected": 0, "never_seen": 2 });
    assert_eq!((&list["counts"], &list["matching"]), (&counts, &json!(2)));
    assert_eq!(list["vehicles"][0]["plate"], "AB12");
    assert_eq!(list["vehicles"][0]["inside"], false, "{list}");

    let mut changes = events(&carpark, None);
    changes.next("hello");
    let answer = call("POST", &carpark, "/vehicles/vin-1/ping", "").ok().json();
    assert_eq!(answer["status"], "connected");
    let first = changes.next("status");
    let event = &first.data;
    assert_eq!((&event["vehicle_id"], &event["status"]), (&json!("VIN-1"), &json!("connected")));
    assert_eq!(event["customer"]["name"], "Ann");
    // Nobody does anything: the monitor notices by itself.
    let event = changes.next("status").data;
    assert_eq!(event["status"], "disconnected");
    assert_eq!(event["counts"], json!({ "connected": 0, "disconnected": 1, "never_seen": 1 }));
    let seen = vehicle(&carpark, "VIN-1");
    let time = |value: &Value| DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
    assert_eq!(time(&seen["since"]) - time(&seen["last_seen"]), TimeDelta::milliseconds(1_500));
    // A device sends more after an update: taken, as the queue takes it.
    let more = r#"{"speed":50,"position":{"lat":1.5},"firmware":"2"}"#;
    call("POST", &carpark, "/vehicles/VIN-1/ping", more).ok();
    assert_eq!(changes.next("status").data["status"], "connected");

    // Who was away goes on where it was; who comes with an id of another run is told.
    let again = events(&carpark, Some(&first.id)).next("status");
    assert_eq!(again.data["status"], "disconnected");
    events(&carpark, Some("1-1")).next("reset");

    let history = vehicle(&carpark, "VIN-1")["history"].clone();
    let history: Vec<_> = history.as_array().unwrap().iter().map(|h| h["status"].clone()).collect();
    assert_eq!(history, ["connected", "disconnected", "connected"]);
    let turned = r#"vehicles_backend_status_changes_total{status="connected"}"#;
    assert!(carpark.metric(turned) >= 2.0);
    carpark.terminate();
}

#[test]
fn a_late_ping_tells_of_the_past_and_changes_nothing_of_the_present() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "vehicles").start_ready();
    two(&carpark);
    for before in [600, 10, 540, 600, 300] {
        let body = json!({ "at": at(before) }).to_string();
        call("POST", &carpark, "/vehicles/VIN-1/ping", &body).ok();
    }
    let seen = vehicle(&carpark, "VIN-1");
    assert_eq!(seen["status"], "connected");
    // 600 and 540 are one period, 300 another, 10 the last.
    assert_eq!(seen["history"].as_array().unwrap().len(), 5, "{seen}");
    call("POST", &carpark, "/vehicles/VIN-2/ping", &json!({ "at": at(600) }).to_string()).ok();
    assert_eq!(vehicle(&carpark, "VIN-2")["status"], "disconnected");

    let far = json!({ "at": at(-400) }).to_string();
    let refused = call("POST", &carpark, "/vehicles/VIN-1/ping", &far);
    assert_eq!((refused.status, refused.body.contains("future_time")), (422, true));
    for (path, body, status) in [
        ("/vehicles/VIN-9/ping", "", 404),
        ("/vehicles/VIN-1/ping", "nonsense", 400),
        ("/vehicles/VIN-1/ping", "{\"vehicle_id\":\"VIN-2\"}", 422),
        ("/vehicles/VIN-1/ping", "{\"at\":\"noon\"}", 422),
    ] {
        let refused = call("POST", &carpark, path, body);
        assert_eq!(refused.status, status, "{path} {body}: {}", refused.body);
        assert_eq!(refused.content_type, "application/problem+json");
    }
    carpark.terminate();
}

#[test]
fn an_import_takes_what_is_right_and_says_on_which_line_the_rest_is() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "vehicles").start_ready();
    let file = format!(
        "{HEADER}v1,AB1,c1,{SCRIPT},Street 1\nv1,AB2,c1,{SCRIPT},Street 1\nv2,ab-1,c2,Ben,\n\
         v3,?,c1,{SCRIPT},Street 1\nv4,AB4,c1,Other,Street 1\nv5,AB5,c3\n\"v6\",AB6,c4,\"Two, lines\",x\n"
    );
    let path = directory.join("fleet.csv");
    std::fs::write(&path, &file).unwrap();
    let url = format!("http://127.0.0.1:{}", carpark.port());
    let path = path.display().to_string();
    let arguments = ["import", path.as_str(), "--url", url.as_str()];
    let ended = Carpark::new(&directory, "vehicles").args(&arguments).run(SOON);
    assert_eq!(ended.status.code(), Some(1), "{}{}", ended.stdout, ended.stderr);
    for said in [
        "line 3: duplicate_vehicle",
        "line 4: duplicate_plate",
        "line 5: bad_row",
        "line 6: other_customer",
        "line 7: bad_row",
        "2 vehicles and 2 customers added, 5 rows refused",
    ] {
        assert!(ended.stdout.contains(said), "{said}:\n{}", ended.stdout);
    }
    // What is there already is a duplicate as well.
    let again = import(&carpark, &file);
    assert_eq!((&again["vehicles_added"], &again["refused"]), (&json!(0), &json!(7)));
    let rows = json!([
        { "vehicle_id": "j1", "plate": "JS1", "customer_id": "c9", "customer_name": "Zoë" },
        { "vehicle_id": 7 }
    ]);
    let report = import(&carpark, &serde_json::to_string_pretty(&rows).unwrap());
    assert_eq!((&report["vehicles_added"], &report["refusals"][0]["line"]), (&json!(1), &json!(8)));
    let broken = call("POST", &carpark, "/admin/vehicles/import", "[\n{\"vehicle_id\":");
    assert_eq!((broken.status, broken.body.contains("line 2")), (400, true), "{}", broken.body);

    // A name is text, and is answered as text.
    let answer = http::get(&carpark.url("/vehicles/V1")).ok();
    assert!(answer.content_type.starts_with("application/json"));
    assert_eq!(answer.json()["customer"]["name"], SCRIPT);
    carpark.terminate();
}

#[test]
fn a_list_is_filtered_sorted_and_cut_into_pages() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "vehicles").start_ready();
    let rows = (0..25)
        .map(|n| format!("V{n:02},P{:02}X,c{},Customer {},\n", 24 - n, n % 3, n % 3))
        .collect::<Vec<_>>()
        .concat();
    import(&carpark, &format!("{HEADER}{rows}"));
    for n in [3, 7, 9] {
        call("POST", &carpark, &format!("/vehicles/V{n:02}/ping"), "").ok();
    }
    let ids = |query: &str| -> Vec<String> {
        let (mut ids, mut after) = (Vec::new(), String::new());
        loop {
            let url = carpark.url(&format!("/vehicles?limit=4&{query}&after={after}"));
            let page = http::get(&url).ok().json();
            let page_ids = page["vehicles"].as_array().unwrap().iter();
            ids.extend(page_ids.map(|v| v["vehicle_id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => after = next.replace(' ', "%20"),
                None => break ids,
            }
        }
    };
    let all: Vec<String> = (0..25).map(|n| format!("V{n:02}")).collect();
    let reversed: Vec<String> = all.iter().rev().cloned().collect();
    assert_eq!(ids("sort=id"), all);
    assert_eq!(ids("sort=id&order=desc"), reversed);
    assert_eq!(ids("sort=plate"), reversed);
    assert_eq!(ids("status=connected&sort=id"), ["V03", "V07", "V09"]);
    assert_eq!(ids("q=p24x"), ["V00"]);
    assert_eq!(ids("q=Customer%201").len(), 8);
    assert_eq!(ids("customer=c1&sort=last_seen&order=desc")[0], "V07");
    for sort in ["customer", "status", "last_seen"] {
        let mut found = ids(&format!("sort={sort}"));
        found.sort();
        assert_eq!(found, all, "{sort}");
    }
    for wrong in ["sort=size", "order=up", "status=gone", "limit=0", "limit=1001", "x=1"] {
        let answer = http::get(&carpark.url(&format!("/vehicles?{wrong}")));
        assert_eq!(answer.status, 400, "{wrong}");
    }
    carpark.terminate();
}

#[test]
fn a_customer_with_vehicles_is_not_removed_without_them_and_a_restart_keeps_everything() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "vehicles").start_ready();
    two(&carpark);
    call("POST", &carpark, "/vehicles/VIN-1/ping", &json!({ "at": at(2) }).to_string()).ok();
    call("POST", &carpark, "/vehicles/VIN-1/ping", &json!({ "at": at(900) }).to_string()).ok();
    let put = |path: &str, body: Value| call("PUT", &carpark, path, &body.to_string());
    put("/admin/customers/c3", json!({ "name": SCRIPT, "address": "x" })).ok();
    put("/admin/vehicles/VIN-2", json!({ "plate": "ZZ 9", "customer": "c3" })).ok();
    let taken = put("/admin/vehicles/VIN-3", json!({ "plate": "ab12", "customer": "c3" }));
    assert_eq!(taken.status, 409);
    let nobody = put("/admin/vehicles/VIN-3", json!({ "plate": "AB13", "customer": "nobody" }));
    assert_eq!(nobody.status, 404);
    assert_eq!(call("DELETE", &carpark, "/admin/customers/c1", "").status, 409);
    call("DELETE", &carpark, "/admin/customers/c2", "").ok();
    let before = vehicle(&carpark, "VIN-1");
    carpark.kill();

    let carpark = Carpark::new(&directory, "vehicles").start_ready();
    assert_eq!(vehicle(&carpark, "VIN-1"), before);
    let other = vehicle(&carpark, "VIN-2");
    assert_eq!((&other["plate"], &other["customer"]["name"]), (&json!("ZZ9"), &json!(SCRIPT)));
    let customers = http::get(&carpark.url("/admin/customers")).ok().json();
    assert_eq!(customers["customers"].as_array().unwrap().len(), 2);
    let removed = call("DELETE", &carpark, "/admin/customers/c1?with_vehicles=true", "").ok();
    assert_eq!(removed.json()["vehicles"], 1);
    assert_eq!(http::get(&carpark.url("/vehicles/VIN-1")).status, 404);
    carpark.terminate();
}

#[test]
fn a_killed_monitor_loses_no_confirmed_ping_and_poison_goes_to_the_dead_letters() {
    let site = Site::new();
    site.configure();
    let monitor = site.carpark("vehicles").start_ready();
    let rows = (0..200).map(|n| format!("V{n:03},P{n:03}X,c1,Ann,\n")).collect::<Vec<_>>().concat();
    import(&monitor, &format!("{HEADER}{rows}"));
    let client = site.client();
    let newest = |n: i64| (Utc::now() - TimeDelta::seconds(20 - n)).to_rfc3339();
    let mut last = vec![String::new(); 200];
    let mut monitor = Some(monitor);
    for round in 0..20 {
        let pings: Vec<String> = (0..200)
            .map(|n| {
                let at = newest(round);
                last[n].clone_from(&at);
                ping(&format!("p-{round}-{n}"), &format!("V{n:03}"), &at)
            })
            .collect();
        client.publish(PING_QUEUE, pings);
        if round == 10 {
            monitor.take().unwrap().kill();
        }
    }
    let poison = [
        ("nonsense".to_owned(), "malformed_json"),
        (ping("x1", "V001", &at(-400)), "future_time"),
        (ping("x2", "nobody", &at(1)), "unknown_vehicle"),
        (ping("", "V001", &at(1)), "bad_id"),
    ];
    client.publish(PING_QUEUE, poison.iter().map(|(body, _)| body.clone()));
    let monitor = site.carpark("vehicles").start_ready();
    wait::until("all is acknowledged", SOON, || {
        let letters = client.depth(domain::wire::DEAD_LETTER_QUEUE) >= 4;
        (client.depth(PING_QUEUE) == 0 && letters).then_some(())
    });
    for (n, at) in last.iter().enumerate() {
        let seen = vehicle(&monitor, &format!("V{n:03}"));
        let time = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
        assert_eq!(time(seen["last_seen"].as_str().unwrap()), time(at), "V{n:03}");
    }
    let letters = client.take_dead_letters();
    for (body, code) in &poison {
        let letter = letters.iter().find(|letter| letter.body == body.as_bytes());
        let letter = letter.unwrap_or_else(|| panic!("{code} is not among the dead letters"));
        assert!(letter.reason().starts_with(code), "{}", letter.reason());
        assert_eq!(letter.came_from(), PING_QUEUE);
    }
    assert_eq!(letters.len(), poison.len());
    monitor.terminate();
    assert_eq!(client.depth(PING_QUEUE), 0, "what was acknowledged stays acknowledged");
}

#[test]
fn a_dead_ping_is_seen_with_its_reason_and_replayed_once_its_vehicle_is_registered() {
    let site = Site::new();
    site.configure();
    let actors = site.start_actors_unready();
    let monitor = site.carpark("vehicles").start_ready();
    let client = site.client();
    let dead = ping("early", "VIN-1", &at(5));
    client.publish(PING_QUEUE, [dead.clone()]);
    client.publish(domain::wire::EXIT_QUEUE, ["no read".to_owned()]);
    let letters = wait::until("both are dead letters", SOON, || {
        let listed = http::get(&actors.url("/admin/dead-letters")).ok().json();
        (listed["total"] == 2).then_some(listed)
    });
    let of = |queue: &str| {
        let letters = letters["dead_letters"].as_array().unwrap();
        letters.iter().find(|letter| letter["queue"] == queue).unwrap_or_else(|| panic!("{queue}"))
    };
    let (of_ping, of_exit) = (of(PING_QUEUE), of(domain::wire::EXIT_QUEUE));
    assert_eq!(of_ping["message"], dead);
    assert!(of_ping["reason"].as_str().unwrap().starts_with("unknown_vehicle"), "{of_ping}");
    assert!(of_exit["reason"].as_str().unwrap().starts_with("malformed_json"), "{of_exit}");

    two(&monitor);
    assert_eq!(vehicle(&monitor, "VIN-1")["status"], "never_seen");
    let replay = format!("/admin/dead-letters/{}/replay", of_ping["id"].as_str().unwrap());
    let replayed = call("POST", &actors, &replay, "").ok().json();
    assert_eq!((&replayed["replayed"], &replayed["homeless"]), (&json!(1), &json!(0)));
    wait::until("the ping is heard", SOON, || {
        (vehicle(&monitor, "VIN-1")["status"] == "connected").then_some(())
    });
    let left = http::get(&actors.url("/admin/dead-letters")).ok().json();
    assert_eq!((&left["total"], &left["dead_letters"][0]["id"]), (&json!(1), &of_exit["id"]));

    // All at once: each to its own queue, where this one dies again.
    client.publish(PING_QUEUE, [ping("late", "VIN-1", "noon")]);
    wait::until("it is a dead letter", SOON, || {
        (client.depth(domain::wire::DEAD_LETTER_QUEUE) == 2).then_some(())
    });
    let replayed = call("POST", &actors, "/admin/dead-letters/replay", "").ok().json();
    assert_eq!((&replayed["replayed"], &replayed["homeless"]), (&json!(2), &json!(0)));
    wait::until("both are back", SOON, || {
        let listed = http::get(&actors.url("/admin/dead-letters")).ok().json();
        let queue = |n: usize| listed["dead_letters"][n]["queue"].as_str().map(str::to_owned);
        let mut queues = [queue(0)?, queue(1)?];
        queues.sort();
        assert_eq!(queues, [domain::wire::EXIT_QUEUE, PING_QUEUE]);
        Some(())
    });
    actors.terminate();
    monitor.terminate();
}

#[test]
fn a_second_monitor_on_one_store_waits_until_the_first_has_gone() {
    let site = Site::new();
    site.configure();
    let first = site.carpark("vehicles").start_ready();
    two(&first);
    let mut second = site.carpark("vehicles").start();
    wait::until("the second says why it waits", SOON, || {
        second
            .stderr()
            .contains("one at a time")
            .then_some(())
            .or_else(|| second.stdout().contains("one at a time").then_some(()))
    });
    first.terminate();
    second.wait_ready(SOON);
    assert_eq!(vehicle(&second, "VIN-1")["plate"], "AB12");
    second.terminate();
}

#[test]
fn whether_a_vehicle_is_inside_comes_from_the_sessions_store() {
    let site = Site::new();
    site.configure();
    let monitor = site.carpark("vehicles").start_ready();
    two(&monitor);
    let _: u32 = site.redis.command(0, &["SADD", "entry_plates", "CD34"]);
    let list = http::get(&monitor.url("/vehicles?sort=id")).ok().json();
    let inside: Vec<_> =
        list["vehicles"].as_array().unwrap().iter().map(|v| &v["inside"]).collect();
    assert_eq!(inside, [&json!(false), &json!(true)]);
    assert_eq!(vehicle(&monitor, "VIN-2")["inside"], true);
    monitor.terminate();
}

#[test]
fn simulated_vehicles_register_themselves_and_ping_over_the_queue() {
    let site = Site::new();
    site.configure();
    let monitor = site.carpark("vehicles").start_ready();
    let url = format!("http://127.0.0.1:{}", monitor.port());
    let arguments = ["--vehicles", "50", "--customers", "4", "--ping-every", "1s"];
    let generator = site
        .carpark("ping-generator")
        .env("CARPARK_PINGS_MONITOR_URL", &url)
        .args(&arguments)
        .start_ready();
    wait::until("all have been heard", SOON, || {
        let list = http::get(&monitor.url("/vehicles")).ok().json();
        (list["counts"]["connected"] == 50).then_some(())
    });
    let customers = http::get(&monitor.url("/admin/customers")).ok().json();
    assert_eq!(customers["customers"].as_array().unwrap().len(), 4);
    let paused = call("POST", &generator, "/admin/generators/pings/pause", "").ok().json();
    assert_eq!((&paused["paused"], &paused["vehicles"]), (&json!(true), &json!(50)));
    generator.terminate();
    monitor.terminate();
}

#[test]
fn carpark_alone_has_a_small_fleet_that_lives() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "all").start_ready();
    wait::until("vehicles ping", Duration::from_mins(1), || {
        let list = http::get(&carpark.url("/vehicles")).ok().json();
        let connected = list["counts"]["connected"].as_u64().unwrap();
        (list["matching"] == 20 && connected >= 10).then_some(())
    });
    // The broker may confirm behind what the monitor has heard.
    let confirmed = r#"vehicle_ping_published_total{outcome="confirmed"}"#;
    wait::until("they are confirmed", SOON, || (carpark.metric(confirmed) >= 10.0).then_some(()));
    carpark.terminate();
}

#[test]
fn redis_keeps_the_contract_of_the_vehicles_store() {
    let redis = Redis::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = vehicles::store::RedisStore::new(&redis.url(2), "one").unwrap();
        vehicles::store::check_contract(&store).await.unwrap();
        // One writes at a time.
        let other = vehicles::store::RedisStore::new(&redis.url(2), "other").unwrap();
        assert!(store.hold().await.unwrap());
        assert!(!other.hold().await.unwrap());
        other.let_go().await.unwrap();
        assert!(!other.hold().await.unwrap(), "nobody gives away what is another's");
        store.let_go().await.unwrap();
        assert!(other.hold().await.unwrap());
    });
}
