//! Connections without end: idle ones, slow ones, streams, and few descriptors. Whoever shows a
//! token is served all the while, and the program's own rows are written.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use serde_json::json;
use tests::files::Files;
use tests::process::{Carpark, Running};
use tests::{http, site, wait};

const SOON: Duration = Duration::from_secs(30);
/// A camera that waits longer is one that is shut out.
const AT_ONCE: Duration = Duration::from_secs(3);
const LAYOUT: &str = "[places.main]\ntime_zone = \"UTC\"\n\n[lanes.gate]\nrole = \"both\"\n\n[cameras.gate]\nlane = \"gate\"\nvendor = \"carpark\"\n";

fn serve(directory: &Path) -> Carpark {
    fs::write(directory.join("carpark.toml"), LAYOUT).unwrap();
    Carpark::new(directory, "serve")
        .env("CARPARK_ADMIN_TOKEN", "of-the-administrator")
        .env("CARPARK_SINK_TOKEN", "of-the-summaries")
        .env("CARPARK_CAMERA_TOKEN", "of-the-cameras")
        .env("CARPARK_REQUESTS_PER_SECOND", "100000")
}

/// A connection from an address of this machine.
fn connect_from(last: u8, carpark: &Running) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
        let to = SocketAddr::from(([127, 0, 0, 1], carpark.port()));
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Asks for something on a connection that stays open, and reads the beginning of the answer.
fn ask(stream: &mut TcpStream, path: &str, token: Option<&str>) -> String {
    let shown = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{shown}\r\n");
    let mut answer = [0; 4096];
    let read = stream.write_all(request.as_bytes()).and_then(|()| stream.read(&mut answer));
    String::from_utf8_lossy(&answer[..read.unwrap_or(0)]).into_owned()
}

/// Whether the other side has closed it. What is still to be read is passed over.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut rest = [0; 4096];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return false,
            Err(_) => return true,
        }
    }
}

fn still_open(streams: &mut [TcpStream]) -> usize {
    streams.iter_mut().filter_map(|stream| (!is_closed(stream)).then_some(())).count()
}

/// A stay of a car is posted by a camera, and becomes a row, at once.
#[track_caller]
fn a_camera_is_served(carpark: &Running, directory: &Path, car: usize) {
    let entered = Utc::now() - TimeDelta::hours(3);
    let plate = format!("CROWD{car}");
    for (id, time, at) in [
        ("in", "entry_date_time", entered),
        ("out", "exit_date_time", entered + TimeDelta::hours(1)),
    ] {
        let read = json!({ "id": format!("{id}-{car}"), "vehicle_plate": plate, time: at });
        let headers =
            [("authorization", "Bearer of-the-cameras"), ("content-type", "application/json")];
        let began = Instant::now();
        let url = carpark.url("/cameras/gate");
        http::request("POST", &url, &headers, read.to_string().as_bytes()).unwrap().ok();
        assert!(began.elapsed() < AT_ONCE, "the camera waited {:?}", began.elapsed());
    }
    let files = Files::in_directory(&directory.join("data"));
    wait::until("its row is written", SOON, || {
        files.summaries().iter().any(|row| row.vehicle_plate == plate).then_some(())
    });
}

#[test]
fn idle_connections_of_strangers_shut_out_no_camera_and_keep_no_row_from_its_file() {
    let directory = site::directory();
    let carpark = serve(&directory).env("CARPARK_CONNECTIONS_MAX", "60").start_ready();
    // More than there is room for, over and over: some asked something, some a part of it, some not.
    let mut crowd = Vec::new();
    for n in 0..300 {
        let mut stream = connect_from(1, &carpark);
        match n % 3 {
            0 => drop(ask(&mut stream, "/livez", None)),
            1 => stream.write_all(b"GET /livez HTTP/1.1\r\nHost: 12").unwrap(),
            _ => {}
        }
        crowd.push(stream);
    }
    a_camera_is_served(&carpark, &directory, 1);
    assert!(still_open(&mut crowd) <= 60, "{}", still_open(&mut crowd));
    http::get(&carpark.url("/livez")).ok();
    assert!(carpark.is_ready());
    wait::until("it is told of", SOON, || carpark.stderr().contains("no room").then_some(()));
    assert!(carpark.metric("carpark_connections_closed_total{reason=\"room\"}") > 200.0);
    assert!(carpark.metric("carpark_connections_open") <= 60.0);
    wait::until("those that never ask are counted", SOON, || {
        let slow = carpark.metric("carpark_connections_closed_total{reason=\"slow\"}");
        (slow >= 1.0).then_some(())
    });
    drop(crowd);
    carpark.terminate();
}

#[test]
fn one_address_has_so_many_connections_and_the_others_theirs() {
    let directory = site::directory();
    let carpark = serve(&directory).env("CARPARK_CONNECTIONS_PER_ADDRESS", "20").start_ready();
    let mut kept = connect_from(3, &carpark);
    assert!(ask(&mut kept, "/admin/status", Some("of-the-administrator")).contains("200 OK"));
    let mut crowd: Vec<_> = (0..100).map(|_| connect_from(2, &carpark)).collect();
    wait::until_ok("most are closed", SOON, || match still_open(&mut crowd) {
        open if open <= 20 => Ok(()),
        open => Err(open.to_string()),
    });
    assert!(still_open(&mut crowd) >= 15, "those within the limit stay");
    assert!(!is_closed(&mut kept), "another address's");
    // The newest is served: the idlest made room.
    let mut newest = connect_from(2, &carpark);
    assert!(ask(&mut newest, "/livez", None).contains("200 OK"));
    a_camera_is_served(&carpark, &directory, 2);
    let counted = |what: &str| carpark.metric(&format!("carpark_connections_{what}"));
    assert!(counted("closed_total{reason=\"address\"}") >= 80.0);
    assert!(counted("refused_total{reason=\"address\"}") < 0.5);
    // All of its connections at work: the next is refused.
    let mut busy: Vec<_> = (0..20).map(|_| connect_from(4, &carpark)).collect();
    for stream in &mut busy {
        assert!(ask(stream, "/events", Some("of-the-administrator")).contains("200 OK"));
    }
    assert!(!ask(&mut connect_from(4, &carpark), "/livez", None).contains("200 OK"));
    assert!(counted("refused_total{reason=\"address\"}") > 0.5);
    carpark.terminate();
}

#[test]
fn a_trusted_proxy_has_as_many_connections_as_it_needs() {
    let directory = site::directory();
    let carpark = serve(&directory)
        .env("CARPARK_CONNECTIONS_PER_ADDRESS", "20")
        .env("CARPARK_TRUSTED_PROXIES", "127.0.0.5")
        .start_ready();
    let mut of_proxy: Vec<_> = (0..60).map(|_| connect_from(5, &carpark)).collect();
    let mut of_stranger: Vec<_> = (0..60).map(|_| connect_from(6, &carpark)).collect();
    wait::until_ok("the stranger's are closed", SOON, || match still_open(&mut of_stranger) {
        open if open <= 20 => Ok(()),
        open => Err(open.to_string()),
    });
    assert_eq!(still_open(&mut of_proxy), 60);
    carpark.terminate();
}

#[test]
fn a_connection_that_never_showed_a_token_is_soon_closed_and_one_that_did_is_not() {
    let directory = site::directory();
    let carpark = serve(&directory).start_ready();
    let (mut stranger, mut administrator) = (connect_from(1, &carpark), connect_from(1, &carpark));
    assert!(
        ask(&mut administrator, "/admin/status", Some("of-the-administrator")).contains("200 OK")
    );
    assert!(ask(&mut stranger, "/livez", None).contains("200 OK"));
    wait::until("the stranger's is closed", Duration::from_secs(15), || {
        is_closed(&mut stranger).then_some(())
    });
    assert!(carpark.metric("carpark_connections_closed_total{reason=\"idle\"}") > 0.5);
    assert!(!is_closed(&mut administrator));
    carpark.terminate();
}

#[test]
fn streams_of_strangers_have_a_limit_and_nobody_else_notices() {
    let directory = site::directory();
    let carpark = serve(&directory).env("CARPARK_CONNECTIONS_MAX", "80").start_ready();
    let mut streams: Vec<_> = (0..40).map(|_| connect_from(1, &carpark)).collect();
    let answers: Vec<String> = streams.iter_mut().map(|s| ask(s, "/events", None)).collect();
    let of = |status: &str| answers.iter().filter(|a| a.contains(status)).count();
    assert_eq!((of("200 OK"), of("503 Service Unavailable")), (20, 20));
    let mut mine = connect_from(1, &carpark);
    assert!(ask(&mut mine, "/events", Some("of-the-administrator")).contains("200 OK"));
    a_camera_is_served(&carpark, &directory, 3);
    // A viewer that goes makes room for another.
    streams.clear();
    wait::until("there is room again", SOON, || {
        ask(&mut connect_from(1, &carpark), "/events", None).contains("200 OK").then_some(())
    });
    drop(mine);
    carpark.terminate();
}

#[test]
fn descriptors_are_taken_as_far_as_granted_and_some_are_kept_where_they_are_few() {
    let directory = site::directory();
    let carpark = serve(&directory).descriptors(200, 3_000).start_ready();
    let limits = fs::read_to_string(format!("/proc/{}/limits", carpark.pid())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft = files.split_whitespace().nth(3).unwrap();
    assert_eq!(soft, "3000", "{files}");
    carpark.terminate();

    let directory = site::directory();
    let carpark = serve(&directory).descriptors(256, 256).start_ready();
    let crowd: Vec<_> = (0..400).map(|_| connect_from(1, &carpark)).collect();
    a_camera_is_served(&carpark, &directory, 4);
    assert!(carpark.is_ready());
    let said = carpark.stderr();
    assert!(said.contains("fewer descriptors") && !said.contains("Too many open files"), "{said}");
    drop(crowd);
    carpark.terminate();
}
