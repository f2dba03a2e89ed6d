//! The harness itself: what it promises to the other tests.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use domain::wire::{ENTRY_QUEUE, parse_observation};
use domain::{
    Decision, Effect, ExceptionRow, Policy, Record, Summary, Watermarks, decide, judgement,
};
use serde_json::json;
use tests::files::Files;
use tests::proxy::{Mode, Proxy};
use tests::servers::{RabbitMq, Redis};
use tests::truth::{Order, Truth, Workload};
use tests::{http, site, wait};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn what_is_published_lies_in_the_queue_of_that_virtual_host_alone() {
    let server = RabbitMq::shared();
    let (ours, other) = (server.virtual_host(), server.virtual_host());
    for host in [&ours, &other] {
        host.declare_queue(ENTRY_QUEUE, true, &json!({ "x-queue-type": "quorum" }));
    }
    let client = ours.client();
    client.publish(ENTRY_QUEUE, (0..2_500).map(|n| n.to_string()));

    assert_eq!(client.depth(ENTRY_QUEUE), 2_500);
    assert_eq!(client.take(ENTRY_QUEUE).unwrap().body, b"0");
    assert_eq!(other.client().depth(ENTRY_QUEUE), 0);
    assert_eq!(ours.queue(ENTRY_QUEUE).unwrap()["type"], "quorum");
    assert_eq!(ours.queue("no_such_queue"), None);
}

/// Two runs may share a server (`TEST_RABBITMQ`): each counts from nought.
#[test]
fn no_other_run_has_a_virtual_host_of_the_same_name() {
    let server = RabbitMq::shared();
    let parts = || {
        let url = server.virtual_host().url();
        let (number, rest) = url.rsplit_once('/').unwrap().1.split_once('-').expect("two parts");
        (number.to_owned(), rest.to_owned())
    };
    let (first, second) = (parts(), parts());
    assert_eq!(first.1.len(), 8, "{first:?}");
    assert!(first.0 != second.0 && first.1 != second.1, "{first:?} {second:?}");
}

#[test]
fn a_message_that_no_queue_takes_is_not_taken_for_published() {
    let host = RabbitMq::shared().virtual_host();
    let client = host.client();
    let published = client.try_publish_all([("no_such_queue", "{}")]);
    assert_eq!(published, Err("a queue did not take it".to_owned()));
}

#[test]
fn a_broker_that_was_killed_comes_back_with_what_it_had_confirmed() {
    let server = std::sync::Arc::new(RabbitMq::start());
    let host = server.virtual_host();
    host.declare_queue(ENTRY_QUEUE, true, &json!({ "x-queue-type": "quorum" }));
    host.client().publish(ENTRY_QUEUE, ["{}"; 100]);
    server.kill();
    assert!(tests::broker_client::BrokerClient::try_connect(&host.url()).is_err());
    server.restart();
    wait::until("the queue has its leader again", SOON, || {
        (host.client().depth(ENTRY_QUEUE) == 100).then_some(())
    });
}

#[test]
fn a_store_that_was_killed_comes_back_with_what_it_had_answered() {
    let redis = Redis::start(&["--maxmemory", "32mb"]);
    let _: () = redis.command(1, &["SET", "key", "value"]);
    redis.kill();
    assert!(redis.try_command::<()>(1, &["PING"]).is_err());
    redis.restart();
    assert_eq!(redis.command::<String>(1, &["GET", "key"]), "value");

    redis.stop();
    assert!(redis.try_command::<()>(1, &["PING"]).is_err(), "a stopped server answers nothing");
    redis.cont();
    assert_eq!(redis.command::<String>(1, &["GET", "key"]), "value");
}

#[test]
fn nothing_outlives_the_test_process() {
    // This test, run once more by itself, is killed with a server running.
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper_that_starts_a_server_and_waits", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .find_map(|line| line.unwrap().split_once("server ").map(|(_, rest)| rest.to_owned()))
        .unwrap();
    let (port, directory) = line.split_once(' ').unwrap();
    let server = format!("127.0.0.1:{port}");
    TcpStream::connect(&server).unwrap();
    assert!(Path::new(directory).exists());

    child.kill().unwrap();
    child.wait().unwrap();
    wait::until("the server is gone", SOON, || TcpStream::connect(&server).is_err().then_some(()));
    wait::until("its files are gone", SOON, || (!Path::new(directory).exists()).then_some(()));
}

#[test]
#[ignore = "part of nothing_outlives_the_test_process"]
fn helper_that_starts_a_server_and_waits() {
    let redis = Redis::start(&[]);
    println!("server {} {}", redis.port(), site::directory().display());
    let _ = std::io::stdin().read(&mut [0]);
}

/// A server that answers each byte by the same, and a connection to it through a proxy.
fn echo_behind_proxy() -> (Proxy, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::before(listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut reader = stream.try_clone().unwrap();
                let _ = std::io::copy(&mut reader, &mut stream);
            });
        }
    });
    let client = connect(&proxy);
    (proxy, client)
}

fn connect(proxy: &Proxy) -> TcpStream {
    let client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    client
}

fn echo(client: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    client.write_all(text)?;
    let mut answer = vec![0; text.len()];
    client.read_exact(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_proxy_passes_slows_swallows_and_resets() {
    let (proxy, mut client) = echo_behind_proxy();
    for mode in [Mode::Pass, Mode::OneByteAtATime, Mode::Slow(Duration::from_millis(20))] {
        proxy.set(mode);
        assert_eq!(echo(&mut client, b"hello").unwrap(), b"hello", "{mode:?}");
    }
    for mode in [Mode::BlackHole, Mode::LoseAnswers] {
        proxy.set(mode);
        let error = echo(&mut client, b"lost?").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "{mode:?}");
        proxy.set(Mode::Pass);
        let mut late = [0; 5];
        client.read_exact(&mut late).unwrap();
        assert_eq!(&late, b"lost?", "{mode:?}");
    }

    proxy.cut();
    let error = echo(&mut client, b"hello").unwrap_err();
    assert!(matches!(error.kind(), std::io::ErrorKind::ConnectionReset), "{error:?}");
    let mut client = connect(&proxy);
    assert_eq!(echo(&mut client, b"again").unwrap(), b"again");

    proxy.set(Mode::Reset);
    assert!(echo(&mut client, b"hello").is_err());
    assert!(echo(&mut connect(&proxy), b"hello").is_err());
}

#[test]
fn a_request_gets_whatever_status_there_is() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).unwrap();
        stream
            .write_all(b"HTTP/1.1 503 No\r\ncontent-length: 4\r\ncontent-type: a/b\r\n\r\nbusy")
            .unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    let answer = http::get_as("secret", &url);
    assert_eq!((answer.status, &*answer.body, &*answer.content_type), (503, "busy", "a/b"));
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /x HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("authorization: bearer secret"), "{request}");
}

/// The rules themselves, without any of the machinery, given a workload in an order.
fn by_the_rules(truth: &Truth, order: Order) -> (Vec<Summary>, Vec<ExceptionRow>) {
    let (now, policy) = (truth.end(), Policy::default());
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    let (mut summaries, mut exceptions) = (Vec::new(), Vec::new());
    let mut judge = |plate: &domain::Plate, command| {
        let record = records.entry(plate.to_string()).or_default();
        if let Decision::Changed { record: next, effects } = decide(plate, record, command, &policy)
        {
            *record = next;
            for effect in effects {
                match effect {
                    Effect::Summary(summary) => summaries.push(summary),
                    Effect::Opened(_) => {}
                    Effect::Exception(row) => exceptions.push(row),
                }
            }
        }
    };
    for message in truth.messages(order) {
        let observation = parse_observation(message.body.as_bytes(), now).unwrap();
        let plate = observation.plate.clone();
        judge(
            &plate,
            judgement::Command::Observe {
                observation,
                watermarks: Watermarks::default(),
                is_past: false,
                now,
            },
        );
    }
    let read_to = Some(now + policy.lateness);
    let watermarks = Watermarks { entries: read_to, exits: read_to };
    for plate in truth.plates() {
        let plate = domain::Plate::parse(plate).unwrap();
        judge(
            &plate,
            judgement::Command::Settle { watermarks, behind: domain::Behind::default(), now },
        );
    }
    (summaries, exceptions)
}

/// Writes them as the program would.
fn written(summaries: &[Summary], exceptions: &[ExceptionRow]) -> Files {
    use domain::wire::{EXCEPTIONS_HEADER, ExceptionMessage, SUMMARIES_HEADER, SummaryMessage};
    let files = Files::in_directory(&site::directory());
    let mut text = format!("{SUMMARIES_HEADER}\n");
    for row in summaries {
        let m = SummaryMessage::from(row);
        let line = [
            m.vehicle_plate,
            m.entry_date_time,
            m.exit_date_time,
            domain::wire::format_seconds(row.duration()),
            m.session_id.unwrap(),
            m.place.unwrap(),
            m.repaired.to_string(),
        ];
        text.push_str(&(line.join(",") + "\n"));
    }
    std::fs::write(files.summaries_path(), text + "TORN,20").unwrap();
    let mut text = format!("{EXCEPTIONS_HEADER}\n");
    for row in exceptions {
        let m = ExceptionMessage::from(row);
        let line = [
            row.kind.as_str().to_owned(),
            m.vehicle_plate,
            m.entry_date_time.unwrap_or_default(),
            m.exit_date_time.unwrap_or_default(),
            m.observation_id.unwrap_or_default(),
            m.session_id.unwrap_or_default(),
            m.place.unwrap(),
            m.revision.to_string(),
            m.recorded_at,
            m.reason,
        ];
        text.push_str(&(line.join(",") + "\n"));
    }
    std::fs::write(files.exceptions_path(), text).unwrap();
    files
}

#[test]
fn what_is_owed_of_a_workload_is_what_the_rules_say() {
    for order in [Order::EntriesFirst, Order::ExitsFirst, Order::AsItHappened, Order::Shuffled] {
        for seed in 0..5 {
            let truth = Truth::of(Workload::untidy(seed, 400));
            let (summaries, exceptions) = by_the_rules(&truth, order);
            truth.wait_until_told(&written(&summaries, &exceptions), SOON);
            if order != Order::Shuffled {
                let truth = Truth::of(Workload::realistic(seed, 400));
                let (summaries, exceptions) = by_the_rules(&truth, order);
                let exactly = truth.check_exactly(&written(&summaries, &exceptions));
                assert_eq!(exactly, Ok(()), "{order:?}, seed {seed}");
            }
        }
    }
}

#[test]
fn what_is_lost_doubled_or_wrong_is_found() {
    let truth = Truth::of(Workload::realistic(1, 200));
    let (summaries, exceptions) = by_the_rules(&truth, Order::EntriesFirst);

    let lost = truth.check_exactly(&written(&summaries[1..], &exceptions)).unwrap_err();
    assert!(lost.starts_with("lost session: 1,"), "{lost}");
    let lost = truth.check_in_sum(&written(&summaries, &exceptions[1..])).unwrap_err();
    assert!(lost.starts_with("lost exception: 1,"), "{lost}");

    let mut doubled = summaries.clone();
    doubled.push(summaries[7].clone());
    let doubled = truth.check_in_sum(&written(&doubled, &exceptions)).unwrap_err();
    assert!(doubled.contains("session id twice: 1,"), "{doubled}");
    assert!(doubled.contains("session too many: 1,"), "{doubled}");

    let mut wrong = summaries;
    wrong[3].exit_at += chrono::TimeDelta::milliseconds(1);
    let wrong = truth.check_exactly(&written(&wrong, &exceptions)).unwrap_err();
    assert!(
        wrong.contains("lost session: 1,") && wrong.contains("session too many: 1,"),
        "{wrong}"
    );
}
