//! A Redis that throws away what it is given is not used; one that keeps no log is told of.

use std::time::Duration;

use serde_json::Value;
use tests::process::Running;
use tests::servers::Redis;
use tests::{Site, http, wait};

const SOON: Duration = Duration::from_secs(30);
/// Role, its store's part in `/readyz`, the setting that names the store, its database.
const ROLES: [(&str, &str, &str, u8); 3] = [
    ("actors", "store_settings", "CARPARK_STORE_URL", 0),
    ("vehicles", "vehicles_store_settings", "CARPARK_VEHICLES_STORE_URL", 2),
    ("generators", "generator_store_settings", "CARPARK_GENERATOR_STORE_URL", 1),
];

fn readyz(role: &Running) -> (u16, Value) {
    let answer = http::get(&role.url("/readyz"));
    (answer.status, answer.json())
}

fn ready(part: &str, found: (u16, Value)) -> Result<Value, String> {
    let (status, said) = found;
    let is_ok = said["parts"][part] == "ok";
    if status == 200 && is_ok { Ok(said) } else { Err(said.to_string()) }
}

#[test]
fn no_role_starts_on_a_redis_that_throws_keys_away() {
    let site = Site::new();
    site.configure();
    let cache = ["--maxmemory", "50mb", "--maxmemory-policy"];
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let redis = Redis::start(&[&cache[..], &[policy]].concat());
        for (role, _, key, database) in ROLES {
            let role = site.carpark(role).env(key, &redis.url(database));
            role.run(SOON).failed_saying(&["maxmemory-policy", policy, "noeviction", "open stays"]);
        }
    }
    // Where CONFIG is forbidden, INFO tells.
    let managed =
        Redis::start(&[&cache[..], &["allkeys-lfu", "--rename-command", "CONFIG", ""]].concat());
    let actors = site.carpark("actors").env("CARPARK_STORE_URL", &managed.url(0));
    actors.run(SOON).failed_saying(&["allkeys-lfu"]);
}

#[test]
fn a_redis_whose_settings_change_under_a_role_is_told_of_within_seconds() {
    let site = Site::new();
    site.configure();
    let web = site.start_web();
    let set = |words: &[&str]| {
        let words = [&["CONFIG", "SET"], words].concat();
        let _: String = site.redis.command(0, &words);
    };
    let roles = ROLES.map(|(role, part, ..)| (site.carpark(role).start_ready(), part));
    set(&["maxmemory", "200mb"]);
    set(&["maxmemory-policy", "allkeys-random"]);
    for (role, part) in &roles {
        wait::until_ok("it is not ready", SOON, || {
            let (status, said) = readyz(role);
            let why = said["parts"][*part].as_str().unwrap_or_default().to_owned();
            let is_told = status == 503 && why.contains("allkeys-random");
            if is_told { Ok(()) } else { Err(said.to_string()) }
        });
        // Eviction 0, persistence 1.
        assert_eq!(role.metric_sum("carpark_redis_setting_ok").to_string(), "1");
    }
    set(&["maxmemory-policy", "noeviction"]);
    set(&["appendonly", "no"]);
    for (role, part) in &roles {
        let said = wait::until_ok("it is ready, with a remark", SOON, || {
            let said = ready(part, readyz(role))?;
            let remark = said["remarks"][*part].as_str().unwrap_or_default().to_owned();
            if remark.contains("appendonly") { Ok(said) } else { Err(said.to_string()) }
        });
        assert_eq!(said["ready"], true);
    }
    let status = http::get(&roles[0].0.url("/admin/status")).ok().json();
    let remark = status["remarks"]["store_settings"].as_str().unwrap();
    assert!(remark.contains("appendonly"), "{status}");
    set(&["appendonly", "yes"]);
    for (role, part) in roles {
        wait::until_ok("nothing is remarked", SOON, || {
            let said = ready(part, readyz(&role))?;
            let is_quiet = said["remarks"][part].is_null();
            if is_quiet { Ok(()) } else { Err(said.to_string()) }
        });
        role.terminate();
    }
    web.terminate();
}
