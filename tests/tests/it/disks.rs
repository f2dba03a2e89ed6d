//! Disks that are full for a while, files that vanish or are damaged: of each file that the program
//! keeps. Nothing is answered for that is not kept, nothing is lost or doubled, and when the disk is
//! well again so is the program, without anybody restarting it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::process::Signal;
use serde_json::{Value, json};
use tests::files::Files;
use tests::http;
use tests::process::{Carpark, Running};
use tests::small_disk::SmallDisk;
use tests::{site, wait};

const SOON: Duration = Duration::from_secs(30);
const LAYOUT: &str = "[places.main]\ntime_zone = \"UTC\"\n\n[lanes.gate]\nrole = \"both\"\n\n[cameras.gate]\nlane = \"gate\"\nvendor = \"carpark\"\n";

fn serve(directory: &Path) -> Carpark {
    fs::write(directory.join("carpark.toml"), LAYOUT).unwrap();
    Carpark::new(directory, "serve")
        .env("CARPARK_CAMERA_ANSWER_WITHIN", "1s")
        .env("CARPARK_POST_PATIENCE", "2s")
}

/// A stay of an hour, of a car of its own: the read of its entry, and of its exit.
fn stay(car: usize, began: DateTime<Utc>) -> [Value; 2] {
    let plate = format!("DISK{car}");
    let at = began + TimeDelta::seconds(i64::try_from(car).unwrap());
    [
        json!({ "id": format!("in-{car}"), "vehicle_plate": plate, "entry_date_time": at }),
        json!({
            "id": format!("out-{car}"), "vehicle_plate": plate,
            "exit_date_time": at + TimeDelta::hours(1),
        }),
    ]
}

/// The status of a read's answer; 0 where there is none.
fn post(carpark: &Running, read: &Value) -> u16 {
    let headers = [("content-type", "application/json")];
    let answer =
        http::request("POST", &carpark.url("/cameras/gate"), &headers, read.to_string().as_bytes());
    answer.map_or(0, |answer| answer.status)
}

/// What `/readyz` says of a part.
fn part(carpark: &Running, name: &str) -> String {
    let answer = http::request("GET", &carpark.url("/readyz"), &[], b"").unwrap();
    answer.json()["parts"][name].as_str().unwrap_or("missing").to_owned()
}

/// Sees it not ready, and not once ready in between, for as long as a few failed probes of an
/// orchestrator take.
#[track_caller]
fn stays_unready(carpark: &Running) {
    wait::until("it says that it is not ready", SOON, || (!carpark.is_ready()).then_some(()));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        assert!(!carpark.is_ready(), "ready on a full disk: {:?}", began.elapsed());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_disk_that_was_full_takes_the_next_read_when_there_is_room_and_every_stay_is_one_row() {
    let disk = SmallDisk::new(12 << 20);
    let mut carpark = serve(disk.directory()).start_ready();
    let began = Utc::now() - TimeDelta::hours(30);
    let mut refused = Vec::new();
    let mut cars = 0;
    let mut read = |carpark: &Running, cars: &mut usize| {
        let statuses = stay(*cars, began).map(|read| match post(carpark, &read) {
            200 => 200,
            status => {
                refused.push(read);
                status
            }
        });
        *cars += 1;
        statuses
    };
    for _ in 0..20 {
        assert_eq!(read(&carpark, &mut cars), [200, 200]);
    }
    disk.fill(&carpark, 64 << 10);
    wait::until("a read is refused", Duration::from_mins(2), || {
        (read(&carpark, &mut cars)[1] != 200).then_some(())
    });
    stays_unready(&carpark);
    let store = part(&carpark, "store");
    assert!(store != "ok" && store != "missing", "{store}");
    // Whoever sends goes on sending.
    read(&carpark, &mut cars);

    disk.free(&carpark);
    carpark.wait_ready(SOON);
    for _ in 0..5 {
        assert_eq!(read(&carpark, &mut cars), [200, 200]);
    }
    for read in &refused {
        assert_eq!(post(&carpark, read), 200, "sent again: {read}");
    }
    let files = Files::in_directory(&disk.directory().join("data"));
    files.wait_for_summaries(cars, SOON);
    carpark.terminate();
    let mut plates: Vec<_> = files.summaries().into_iter().map(|row| row.vehicle_plate).collect();
    plates.sort();
    let mut expected: Vec<_> = (0..cars).map(|car| format!("DISK{car}")).collect();
    expected.sort();
    assert_eq!(plates, expected);
    assert!(files.exceptions().is_empty(), "{:?}", files.exceptions());
}

#[test]
fn rows_whose_log_is_on_the_same_full_disk_are_written_when_there_is_room() {
    let disk = SmallDisk::new(1 << 20);
    // Its log is in the same directory.
    let mut web = Carpark::new(disk.directory(), "web").start_ready();
    let url = web.url("/save_summary");
    let row = |car: usize| {
        let row = json!({
            "vehicle_plate": format!("LOG{car}"),
            "entry_date_time": "2026-05-04T08:00:00Z", "exit_date_time": "2026-05-04T09:00:00Z",
        });
        http::post_json(&url, &row).status
    };
    assert_eq!(row(0), 200);
    disk.fill(&web, 0);
    let mut car = 0;
    wait::until("the disk is full", SOON, || {
        car += 1;
        let status = row(car);
        assert!([200, 503, 507].contains(&status), "{status}");
        (status != 200).then_some(())
    });
    // Each of these is told of in the log.
    for _ in 0..200 {
        let bad = http::post_json(&web.url("/save_summary"), &json!({ "vehicle_plate": "" }));
        assert_eq!(bad.status, 422, "{}", bad.body);
    }
    stays_unready(&web);
    disk.free(&web);
    let answers: Vec<u16> = {
        web.wait_ready(SOON);
        (1000..1010).map(row).collect()
    };
    assert_eq!(answers, [200; 10]);
    let files = Files::in_directory(&disk.directory().join("data"));
    assert_eq!(row(car), 200, "sent again");
    assert_eq!(files.summary_count(), 1 + car + 10);
    web.terminate();
}

const FLEET: &str = "vehicle_id,plate,customer_id,customer_name,customer_address\n";

fn import(carpark: &Running, rows: &str) -> Result<http::Answer, String> {
    let file = format!("{FLEET}{rows}");
    let headers = [("content-type", "text/csv")];
    http::request("POST", &carpark.url("/admin/vehicles/import"), &headers, file.as_bytes())
}

#[test]
fn vehicles_on_a_disk_that_was_full_are_kept_when_there_is_room() {
    let disk = SmallDisk::new(8 << 20);
    let mut carpark = serve(disk.directory()).start_ready();
    let fleet = |from: usize, to: usize| -> String {
        let name = "Ann".repeat(60);
        let rows: Vec<String> =
            (from..to).map(|n| format!("vin-{n},FLT {n},c1,{name},\n")).collect();
        rows.concat()
    };
    import(&carpark, &fleet(0, 10)).unwrap().ok();
    disk.fill(&carpark, 16 << 10);
    // The answer comes when they are kept; who has no patience sends them again.
    thread::scope(|scope| {
        let waits = scope.spawn(|| import(&carpark, &fleet(0, 20_000)));
        wait::until("the file of the vehicles fails", SOON, || {
            (part(&carpark, "vehicles_store") != "ok").then_some(())
        });
        stays_unready(&carpark);
        disk.free(&carpark);
        if let Ok(answer) = waits.join().unwrap() {
            answer.ok();
        }
    });
    carpark.wait_ready(SOON);
    import(&carpark, &fleet(19_999, 20_010)).unwrap().ok();
    let count = |carpark: &Running| {
        let list = http::get(&carpark.url("/vehicles?limit=1")).ok().json();
        list["counts"]["never_seen"].as_u64()
    };
    assert_eq!(count(&carpark), Some(20_010));
    // What it says it has kept it has.
    carpark.kill();
    let carpark = serve(disk.directory()).start_ready();
    assert_eq!(count(&carpark), Some(20_010));
    carpark.terminate();
}

#[test]
fn dead_letters_on_a_disk_that_was_full_are_kept_when_there_is_room_each_once() {
    let disk = SmallDisk::new(8 << 20);
    let fifo = disk.directory().join("reads");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let starting = serve(disk.directory()).args(&["--reads", "reads"]).start();
    let mut reads = File::options().write(true).open(&fifo).unwrap();
    let mut carpark = starting;
    carpark.wait_ready(SOON);
    let mut no_read = |n: usize| {
        let line = format!("no read {n} {}\n", "x".repeat(30_000));
        reads.write_all(line.as_bytes()).unwrap();
    };
    (0..5).for_each(&mut no_read);
    let count = |carpark: &Running| {
        let letters = http::get(&carpark.url("/admin/dead-letters")).ok().json();
        letters["dead_letters"].as_array().map_or(0, Vec::len)
    };
    wait::until("the first are there", SOON, || (count(&carpark) == 5).then_some(()));
    disk.fill(&carpark, 32 << 10);
    (5..60).for_each(&mut no_read);
    wait::until("the file of the dead letters fails", SOON, || {
        (part(&carpark, "dead_letters") != "ok").then_some(())
    });
    stays_unready(&carpark);
    disk.free(&carpark);
    carpark.wait_ready(SOON);
    wait::until_ok("all of them are there", SOON, || match count(&carpark) {
        60 => Ok(()),
        count => Err(count.to_string()),
    });
    carpark.kill();
    let carpark = serve(disk.directory()).start_ready();
    assert_eq!(count(&carpark), 60);
    carpark.terminate();
}

#[test]
fn without_descriptors_for_a_while_nothing_is_lost_and_all_goes_on_when_there_are_some() {
    let disk = SmallDisk::new(12 << 20);
    let mut carpark = serve(disk.directory()).start_ready();
    let began = Utc::now() - TimeDelta::hours(30);
    let [entry, exit] = stay(0, began);
    assert_eq!(post(&carpark, &entry), 200);
    // The file of the store is closed by its error, and there is no descriptor to open it with.
    disk.fill(&carpark, 0);
    let mut car = 1;
    wait::until("a read is refused", Duration::from_mins(2), || {
        car += 1;
        (post(&carpark, &stay(car, began)[0]) == 503).then_some(())
    });
    carpark.limit_descriptors(8);
    disk.free(&carpark);
    assert_eq!(post(&carpark, &exit), 0, "nobody can be let in");
    carpark.limit_descriptors(1024);
    carpark.wait_ready(SOON);
    assert_eq!(post(&carpark, &exit), 200);
    let files = Files::in_directory(&disk.directory().join("data"));
    files.wait_for_summaries(1, SOON);
    carpark.terminate();
    assert_eq!(files.summary_count(), 1);
}

#[test]
fn a_data_directory_that_is_moved_away_takes_no_read_until_it_is_back() {
    let directory = site::directory();
    let (data, away) = (directory.join("data"), directory.join("away"));
    let mut carpark = serve(&directory).start_ready();
    let [entry, exit] = stay(1, Utc::now() - TimeDelta::hours(3));
    assert_eq!(post(&carpark, &entry), 200);

    fs::rename(&data, &away).unwrap();
    assert_eq!(post(&carpark, &exit), 503, "it would be kept where nobody finds it");
    for name in ["data_dir", "store_file", "vehicles_file", "dead_letters"] {
        wait::until(&format!("{name} is told of"), SOON, || {
            part(&carpark, name).contains("gone").then_some(())
        });
    }
    stays_unready(&carpark);
    // Another one in its place is not it: a volume that was mounted over it, or anew.
    fs::create_dir(&data).unwrap();
    fs::copy(away.join("carpark.redb"), data.join("carpark.redb")).unwrap();
    assert_eq!(post(&carpark, &exit), 503);
    fs::remove_dir_all(&data).unwrap();

    fs::rename(&away, &data).unwrap();
    carpark.wait_ready(SOON);
    assert_eq!(post(&carpark, &exit), 200);
    let files = Files::in_directory(&data);
    files.wait_for_summaries(1, SOON);
    carpark.terminate();
    assert_eq!(files.summary_count(), 1);
}

#[test]
fn a_data_directory_that_does_not_come_back_ends_the_process_with_an_error() {
    for role in ["serve", "web"] {
        let directory = site::directory();
        let mut carpark =
            Carpark::new(&directory, role).env("CARPARK_START_PATIENCE", "2s").start_ready();
        fs::remove_dir_all(directory.join("data")).unwrap();
        let status = carpark.wait(SOON);
        assert_eq!(status.code(), Some(1), "{role}");
        let said = carpark.stderr();
        assert!(said.contains("gone") && said.contains("did not come back"), "{role}: {said}");
    }
}

#[test]
fn a_file_that_is_damaged_is_called_damaged_and_one_in_use_is_not() {
    for name in ["carpark.redb", "vehicles.redb", "dead-letters.redb"] {
        let directory = site::directory();
        let carpark = Carpark::new(&directory, "serve").start_ready();
        carpark.terminate();
        let path = directory.join("data").join(name);
        let whole = fs::read(&path).unwrap();
        let random: Vec<u8> = (0..50_000_u32).map(|n| (n * 31 % 251) as u8).collect();
        let torn = whole[..whole.len() / 3].to_vec();
        for bytes in [random, torn] {
            fs::write(&path, bytes).unwrap();
            let ended = Carpark::new(&directory, "serve").run(SOON);
            let ended = ended.failed_saying(&[name, "damaged", "backup", "move it away"]);
            assert!(!ended.stderr.contains("another carpark"), "{}", ended.stderr);
        }
        fs::write(&path, whole).unwrap();
        Carpark::new(&directory, "serve").start_ready().terminate();
    }
}

/// In the header of a file of redb: it was not closed, and has to be repaired.
fn needs_repair(path: &Path) -> bool {
    fs::read(path).unwrap()[9] & 2 != 0
}

#[test]
fn a_stop_closes_the_files_well_though_somebody_still_looks_at_a_page() {
    let directory = site::directory();
    let carpark = serve(&directory).start_ready();
    assert_eq!(post(&carpark, &stay(1, Utc::now() - TimeDelta::hours(3))[0]), 200);
    let path = directory.join("data/carpark.redb");
    assert!(needs_repair(&path), "it is in use");
    let mut viewer = std::net::TcpStream::connect(("127.0.0.1", carpark.port())).unwrap();
    viewer.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    carpark.terminate();
    for name in ["carpark.redb", "vehicles.redb", "dead-letters.redb"] {
        assert!(!needs_repair(&path.with_file_name(name)), "{name}");
    }
}

#[test]
fn a_closed_terminal_changes_nothing() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "serve").start_ready();
    carpark.signal(Signal::HUP);
    wait::until("it says so", SOON, || carpark.stderr().contains("SIGHUP").then_some(()));
    assert!(carpark.is_ready());
    carpark.terminate();
}

#[test]
fn nobody_else_on_the_machine_can_read_what_it_keeps() {
    use std::os::unix::fs::PermissionsExt;
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "all")
        .args(&["--rate", "50", "--ledger", "data/ledger.jsonl"])
        .start_ready();
    let data = directory.join("data");
    Files::in_directory(&data).wait_for_summaries(1, SOON);
    carpark.terminate();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(format!("{:o}", mode(&data)), "750");
    let mut names = 0;
    let mut directories = vec![data];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let expected = if path.is_dir() { "750" } else { "640" };
            assert_eq!(format!("{:o}", mode(&path)), expected, "{}", path.display());
            names += 1;
            directories.extend(path.is_dir().then_some(path));
        }
    }
    assert!(names >= 8, "all files of the directory are looked at: {names}");
}
