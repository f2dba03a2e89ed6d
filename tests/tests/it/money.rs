//! Who is let in, and what it costs: G10 and G11 on real databases, with several processes, whatever
//! dies.

mod alone;
mod books;
mod faults;
mod races;
mod stays;

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use serde_json::{Value, json};
use tests::http::{self, Answer};
use tests::process::Running;
use tests::servers::Postgres;
use tests::{Site, ports};

const SOON: Duration = Duration::from_secs(40);

/// Set aside for a stay, in cents.
const HOLD: i64 = 500;

/// Seven cents for each started minute.
const BY_THE_MINUTE: &str = r#"
id = "minutes"
version = 1
name = "By the minute"
currency = "EUR"
time_zone = "Europe/Berlin"
valid_from = "2026-01-01"

[rules]
rounding = { mode = "half_up", to = "0.01" }
grace = "none"
leave_grace = "PT0S"
crossing = "by_segment"
change_while_parked = "entry"
reentry = "separate"
hold_above = "never"

[[product]]
name = "minutes"

[[product.line]]
name = "minute"
price = { kind = "per_unit", amount = "0.07", per = "PT1M", step = "PT1M" }
"#;

/// What a stay costs by [`BY_THE_MINUTE`], reckoned without the program. `stays` holds it against
/// `carpark rates price`.
fn price_of(entry: DateTime<Utc>, exit: DateTime<Utc>) -> i64 {
    7 * ((exit - entry).num_milliseconds() + 59_999).div_euclid(60_000)
}

fn call(method: &str, url: &str, body: &str) -> Result<Answer, String> {
    http::request(method, url, &[("content-type", "application/json")], body.as_bytes())
}

#[track_caller]
fn put(office: &Running, path: &str, body: &Value) {
    call("PUT", &office.url(path), &body.to_string()).unwrap().ok();
}

#[track_caller]
fn post(office: &Running, path: &str, body: &Value) -> Answer {
    call("POST", &office.url(path), &body.to_string()).unwrap()
}

fn get(office: &Running, path: &str) -> Value {
    http::get(&office.url(path)).ok().json()
}

/// What a gate asks of a plate.
fn asks(id: &str, plate: &str, at: DateTime<Utc>) -> String {
    let credential = json!({ "kind": "plate", "value": plate });
    json!({ "id": id, "credential": credential, "at": format_time(at) }).to_string()
}

/// Money for a holder, at the desk.
fn cash(key: &str, amount: i64) -> Value {
    json!({ "key": key, "amount": amount, "method": "cash", "by": "Ada" })
}

/// Describes a holder who has so much.
#[track_caller]
fn open_account(office: &Running, id: &str, plates: &[String], amount: i64) {
    put(office, &format!("/admin/holders/{id}"), &json!({ "name": id, "plates": plates }));
    post(office, &format!("/admin/holders/{id}/payments"), &cash(&format!("first-{id}"), amount))
        .ok();
}

/// A moment in the past, in whole seconds: gates and cameras are believed for a quarter of an hour.
fn ago(seconds: i64) -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0) - TimeDelta::seconds(seconds)
}

/// The real pipeline on RabbitMQ and Redis, and offices on one PostgreSQL.
struct Garage {
    site: Site,
    database: Postgres,
    office_ports: [u16; 2],
}

impl Garage {
    fn new() -> Self {
        let mut site = Site::new();
        for (name, value) in [
            ("CARPARK_LATENESS", "1s"),
            ("CARPARK_OFFICE_HOLD", "5.00"),
            ("CARPARK_OFFICE_ADMISSION_LAPSE", "1h"),
        ] {
            site.set(name, value);
        }
        site.configure();
        Self { site, database: Postgres::start(), office_ports: [ports::free(), ports::free()] }
    }

    /// Starts one of the offices, always on the same port.
    fn office(&self, which: usize) -> Running {
        let feed = format!("http://127.0.0.1:{}/feed", self.site.web_port());
        self.site
            .carpark("office")
            .port(self.office_ports[which])
            .env("CARPARK_OFFICE_URL", &self.database.url())
            .env("CARPARK_FEED_URL", &feed)
            .start()
    }

    /// The address of a path at each office.
    fn urls(&self, path: &str) -> [String; 2] {
        self.office_ports.map(|port| format!("http://127.0.0.1:{port}{path}"))
    }

    /// A place with a gate at each side, and its prices.
    fn describe(&self, office: &Running, place: &str, spaces: u32) {
        let table = self.site.directory().join("minutes.toml");
        std::fs::write(&table, BY_THE_MINUTE).unwrap();
        let headers = [("content-type", "application/toml")];
        let url = office.url("/admin/rate-tables/minutes");
        http::request("PUT", &url, &headers, BY_THE_MINUTE.as_bytes()).unwrap().ok();
        let lanes = json!({ format!("{place}-in"): { "role": "entry" }, format!("{place}-out"): { "role": "exit" } });
        put(
            office,
            &format!("/admin/places/{place}"),
            &json!({ "time_zone": "Europe/Berlin",
            "bays": { "standard": { "spaces": spaces } }, "rate_table": "minutes", "lanes": lanes }),
        );
    }

    /// A camera at the entry has read a plate.
    fn enters(&self, place: &str, id: &str, plate: &str, at: DateTime<Utc>) {
        self.read(ENTRY_QUEUE, "entry_date_time", place, id, plate, at);
    }

    /// A camera at the exit has read a plate.
    fn leaves(&self, place: &str, id: &str, plate: &str, at: DateTime<Utc>) {
        self.read(EXIT_QUEUE, "exit_date_time", place, id, plate, at);
    }

    fn read(
        &self,
        queue: &str,
        field: &str,
        place: &str,
        id: &str,
        plate: &str,
        at: DateTime<Utc>,
    ) {
        let read =
            json!({ "id": id, "vehicle_plate": plate, "place": place, field: format_time(at) });
        self.site.client().publish(queue, [read.to_string()]);
    }
}
