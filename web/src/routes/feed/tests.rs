//! The feed over HTTP, as its readers see it.

use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::test::{TestRequest, call_service, init_service, read_body, read_body_json};
use domain::Plate;
use futures_util::future::poll_fn;
use platform::runtime::Vitals;
use serde_json::{Value, json};
use std::pin::Pin;
use tokio::time::timeout;

use super::*;
use crate::csv_writer::{Append, EraseRowsOf};
use crate::row::Lines;
use crate::testing::{Bench, PATIENCE, exception_lines, lines};
use crate::{Options, Web};

async fn start(bench: &Bench) -> Web {
    crate::service::start_with(&Options::default(), bench.settings(), Vitals::default())
        .await
        .unwrap()
}

async fn write(web: &Web, request: Lines) {
    web.writer().send(Append(request)).await.unwrap().unwrap();
}

async fn call(web: &Web, request: TestRequest) -> ServiceResponse {
    let app = init_service(App::new().configure(web.feed().routes().open())).await;
    call_service(&app, request.to_request()).await
}

async fn get(web: &Web, query: &str) -> (u16, Value) {
    let answer = call(web, TestRequest::get().uri(&format!("/feed{query}"))).await;
    (answer.status().as_u16(), read_body_json(answer).await)
}

/// Subjects of the events of an answer, and its next position.
async fn page(web: &Web, query: &str) -> (Vec<String>, u64) {
    let (status, answer) = get(web, query).await;
    assert_eq!(status, 200, "{query}: {answer}");
    let subject = |event: &Value| event["subject"].as_str().unwrap().to_owned();
    let events = answer["events"].as_array().unwrap().iter().map(subject).collect();
    (events, answer["next"].as_u64().unwrap())
}

#[actix_web::test]
async fn what_was_posted_is_read_in_order_page_by_page() {
    let bench = Bench::new();
    let web = start(&bench).await;
    assert_eq!(page(&web, "").await, (vec![], 0));
    write(&web, lines(0..2)).await;
    write(&web, exception_lines(["o1"])).await;
    write(&web, lines(1..3)).await;
    let all = ["session-0", "session-1", "o1", "session-2"].map(str::to_owned).to_vec();
    assert_eq!(page(&web, "").await, (all.clone(), 4));
    assert_eq!(page(&web, "?after=0&limit=2").await, (all[..2].to_vec(), 2));
    assert_eq!(page(&web, "?after=2&limit=9").await, (all[2..].to_vec(), 4));
    assert_eq!(page(&web, "?after=4").await, (vec![], 4));
    assert_eq!(page(&web, "?type=exception.raised").await, (vec!["o1".to_owned()], 4));
    let two = "?type=exception.raised&type=session.withdrawn,exception.repaired&place=main,north";
    assert_eq!(page(&web, two).await, (vec!["o1".to_owned()], 4));
    assert_eq!(page(&web, "?place=north").await, (vec![], 4));

    let (_, answer) = get(&web, "?limit=1").await;
    let event = &answer["events"][0];
    assert_eq!(event["type"], "session.closed");
    assert_eq!((&event["position"], &event["place"]), (&json!(1), &json!("main")));
    assert_eq!(event["time"], "2026-11-20T11:30:00Z", "when the stay ended");
    assert_eq!(event["recordedat"], "2026-11-20T12:00:00Z");
    assert_eq!(
        event["data"],
        json!({"vehicle_plate": "ABC0000", "entry_date_time": "2026-11-20T10:00:00.000Z",
               "exit_date_time": "2026-11-20T11:30:00.000Z", "duration_seconds": 5400.0,
               "session_id": "session-0", "place": "main", "repaired": false})
    );
}

#[actix_web::test]
async fn a_question_that_makes_no_sense_is_refused_with_what_would() {
    let web = start(&Bench::new()).await;
    for (query, says) in [
        ("?after=soon", "`after`"),
        ("?after=-1", "`after`"),
        ("?limit=0", "`limit` is 1 to 10000"),
        ("?limit=10001", "`limit` is 1 to 10000"),
        ("?wait=long", "20s"),
        ("?type=session.ended", "session.closed"),
        ("?typ=session.closed", "`typ` is no parameter"),
    ] {
        let (status, answer) = get(&web, query).await;
        assert_eq!(status, 400, "{query}");
        assert!(answer["detail"].as_str().unwrap().contains(says), "{answer}");
    }
}

#[actix_web::test]
async fn who_waits_is_woken_by_news_that_it_wants_and_else_answered_in_time() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let waits = page(&web, "?after=0&wait=20s&type=session.closed");
    let posts = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        write(&web, exception_lines(["o1"])).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        write(&web, lines([7])).await;
    };
    let (read, ()) = timeout(PATIENCE, async { tokio::join!(waits, posts) }).await.unwrap();
    assert_eq!(read, (vec!["session-7".to_owned()], 2));

    let began = std::time::Instant::now();
    assert_eq!(page(&web, "?after=2&wait=100ms").await, (vec![], 2));
    assert!(began.elapsed() >= Duration::from_millis(100));
    let nothing_of_it = page(&web, "?after=0&wait=100ms&place=north").await;
    assert_eq!(nothing_of_it, (vec![], 2), "what it does not want is behind it");
}

#[actix_web::test]
async fn who_asks_for_what_is_gone_is_told_where_to_begin() {
    let bench = Bench::new();
    let web = start(&bench).await;
    write(&web, lines(0..3)).await;
    bench.set_now("2027-01-20T12:00:00Z");
    write(&web, lines(3..4)).await;
    // A file may go when what follows the feed is synced: here at the next start.
    Box::new(web).stop().await;
    let web = start(&bench).await;
    for accept in ["application/json", "text/event-stream"] {
        for asked in [0, 2, 5] {
            let request = TestRequest::get().uri(&format!("/feed?after={asked}"));
            let answer = call(&web, request.insert_header((ACCEPT, accept))).await;
            assert_eq!(answer.status(), 410, "{asked}");
            assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), "application/problem+json");
            let body: Value = read_body_json(answer).await;
            assert_eq!((&body["status"], &body["after"]), (&json!(410), &json!(3)), "{body}");
        }
    }
    assert_eq!(page(&web, "?after=3").await, (vec!["session-3".to_owned()], 4));
    assert_eq!(page(&web, "").await, (vec!["session-3".to_owned()], 4));
}

type Stream = Pin<Box<dyn MessageBody<Error = Box<dyn std::error::Error>>>>;

async fn stream(web: &Web, query: &str, last: Option<&str>) -> Stream {
    let mut request = TestRequest::get().uri(&format!("/feed{query}"));
    request = request.insert_header((ACCEPT, "text/event-stream"));
    if let Some(last) = last {
        request = request.insert_header(("last-event-id", last));
    }
    let answer = call(web, request).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), "text/event-stream");
    Box::pin(answer.into_body())
}

async fn said(stream: &mut Stream) -> Option<String> {
    let next = poll_fn(|context| stream.as_mut().poll_next(context));
    let bytes = timeout(PATIENCE, next).await.expect("something is said")?.unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

/// Ids and subjects of what was said.
fn events_of(said: &str) -> Vec<(u64, String)> {
    let blocks = said.split_terminator("\n\n");
    let event = |block: &str| {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert_eq!(field("event: "), "message");
        let event: Value = serde_json::from_str(field("data: ")).unwrap();
        assert_eq!(field("id: "), event["position"].to_string());
        (field("id: ").parse().unwrap(), event["subject"].as_str().unwrap().to_owned())
    };
    blocks.map(event).collect()
}

#[actix_web::test]
async fn a_stream_goes_on_behind_the_last_event_that_its_reader_had() {
    let bench = Bench::new();
    let web = start(&bench).await;
    write(&web, lines(0..3)).await;
    let mut first = stream(&web, "?after=1", None).await;
    let told = |n: u64| (n + 1, format!("session-{n}"));
    assert_eq!(events_of(&said(&mut first).await.unwrap()), [told(1), told(2)]);
    write(&web, lines(3..4)).await;
    assert_eq!(events_of(&said(&mut first).await.unwrap()), [told(3)]);
    drop(first);
    write(&web, lines(4..6)).await;
    // As a browser does: the same address, and the last id.
    let mut again = stream(&web, "?after=1", Some("4")).await;
    assert_eq!(events_of(&said(&mut again).await.unwrap()), [told(4), told(5)]);
    let refused = TestRequest::get().uri("/feed").insert_header((ACCEPT, "text/event-stream"));
    let refused = call(&web, refused.insert_header(("last-event-id", "x"))).await;
    assert_eq!(refused.status(), 400);
}

#[actix_web::test]
async fn a_stream_with_nothing_to_tell_says_how_far_it_has_come() {
    let bench = Bench::new();
    let web = start(&bench).await;
    write(&web, lines(0..3)).await;
    tokio::time::pause();
    let mut quiet = stream(&web, "?place=north", None).await;
    // No field but the id: a reader keeps it, and hears of no event.
    let next = poll_fn(|context| quiet.as_mut().poll_next(context));
    let bytes = next.await.unwrap().unwrap();
    assert_eq!(bytes, "id: 3\n: nothing new\n\n");
}

#[actix_web::test]
async fn when_the_service_ends_who_waits_is_let_go_at_once() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let mut stream = stream(&web, "", None).await;
    let waits = page(&web, "?wait=60s");
    let stops = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Box::new(web.feed()).stop().await;
    };
    let (read, ended, ()) =
        timeout(PATIENCE, async { tokio::join!(waits, said(&mut stream), stops) }).await.unwrap();
    assert_eq!(read, (vec![], 0));
    assert_eq!(ended, None);
}

#[actix_web::test]
async fn an_erased_plate_is_gone_from_the_feed_and_its_events_stay() {
    let bench = Bench::new();
    let web = start(&bench).await;
    write(&web, lines(0..3)).await;
    let plate = Plate::parse("ABC0001").unwrap();
    assert_eq!(web.writer().send(EraseRowsOf(plate)).await.unwrap(), Ok(1));
    write(&web, lines(3..4)).await;
    let (_, answer) = get(&web, "").await;
    assert_eq!(answer["next"], 4);
    let plates: Vec<_> = (0..4).map(|n| &answer["events"][n]["data"]["vehicle_plate"]).collect();
    assert_eq!(plates, [&json!("ABC0000"), &Value::Null, &json!("ABC0002"), &json!("ABC0003")]);
    assert!(!bench.feed().contains("ABC0001"));
    let _ = read_body(call(&web, TestRequest::get().uri("/feed")).await).await;
}

#[actix_web::test]
async fn after_a_write_that_panics_the_readers_go_on() {
    let bench = Bench::new();
    let web = start(&bench).await;
    write(&web, lines(0..1)).await;
    let mut stream = stream(&web, "", None).await;
    assert_eq!(events_of(&said(&mut stream).await.unwrap()).len(), 1);
    bench.disk.faults().write_panics = true;
    web.writer().send(Append(lines(1..2))).await.unwrap().unwrap_err();
    write(&web, lines(1..3)).await;
    let mut read = Vec::new();
    while read.len() < 2 {
        read.extend(events_of(&said(&mut stream).await.unwrap()));
    }
    assert_eq!(read, [(2, "session-1".to_owned()), (3, "session-2".to_owned())]);
    assert_eq!(page(&web, "").await.1, 3);
}
