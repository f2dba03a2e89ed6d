//! The service over HTTP, as its clients see it.

use actix_web::App;
use actix_web::dev::ServiceResponse;
use actix_web::http::{StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service, read_body, read_body_json};
use platform::component::Component as _;
use platform::runtime::Vitals;
use serde_json::{Value, json};

use crate::testing::{Bench, summary_message};
use crate::{Options, StartError, Web};

/// Items that one request may bring in these tests.
const ITEMS_MAX: usize = 50;
const BODY_BYTES_MAX: usize = 20_000;

async fn start(bench: &Bench) -> Web {
    let options =
        Options { body_bytes_max: BODY_BYTES_MAX, items_max: ITEMS_MAX, ..Options::default() };
    crate::service::start_with(&options, bench.settings(), Vitals::default()).await.unwrap()
}

async fn call(web: &Web, request: TestRequest) -> ServiceResponse {
    let app = init_service(App::new().configure(web.routes().open())).await;
    call_service(&app, request.to_request()).await
}

/// Posts a body and returns the status and the JSON of the answer.
async fn post(web: &Web, path: &str, body: impl Into<actix_web::web::Bytes>) -> (u16, Value) {
    let response = call(web, TestRequest::post().uri(path).set_payload(body)).await;
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE).unwrap().clone();
    let expected =
        if status.is_success() { "application/json" } else { "application/problem+json" };
    assert_eq!(content_type, expected);
    (status.as_u16(), read_body_json(response).await)
}

async fn post_json(web: &Web, path: &str, body: &Value) -> (u16, Value) {
    post(web, path, body.to_string()).await
}

async fn get(web: &Web, path: &str) -> ServiceResponse {
    call(web, TestRequest::get().uri(path)).await
}

fn summaries(numbers: impl IntoIterator<Item = u32>) -> Value {
    numbers.into_iter().map(|n| serde_json::to_value(summary_message(n)).unwrap()).collect()
}

fn without_id() -> Value {
    json!({"vehicle_plate": "abc-123", "entry_date_time": "2026-11-20T10:00:00.123Z",
           "exit_date_time": "2026-11-20T11:30:00Z"})
}

fn unmatched_exit() -> Value {
    json!({"kind": "unmatched_exit", "vehicle_plate": "ABC123", "observation_id": "o1",
           "exit_date_time": "2026-11-20T11:30:00Z", "revision": 3,
           "recorded_at": "2026-11-20T11:30:05Z", "reason": "no entry was read"})
}

#[actix_web::test]
async fn an_array_is_answered_in_order_item_by_item() {
    let bench = Bench::new();
    let web = start(&bench).await;
    post_json(&web, "/save_summary", &summaries([1])).await;
    let (status, answer) = post_json(&web, "/save_summary", &summaries([0, 1, 2, 2])).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer,
        json!([{"session_id": "session-0", "status": "written"},
               {"session_id": "session-1", "status": "duplicate"},
               {"session_id": "session-2", "status": "written"},
               {"session_id": "session-2", "status": "duplicate"}])
    );
    assert_eq!(bench.ids("summaries.csv"), ["session-1", "session-0", "session-2"]);
}

#[actix_web::test]
async fn one_object_is_answered_by_one_and_gets_the_same_id_each_time() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let (status, first) = post_json(&web, "/save_summary", &without_id()).await;
    assert_eq!((status, &first["status"]), (200, &json!("written")));
    let (_, second) = post_json(&web, "/save_summary", &without_id()).await;
    assert_eq!(second, json!({"session_id": first["session_id"], "status": "duplicate"}));
}

#[actix_web::test]
async fn nothing_is_saved_by_an_empty_array() {
    let bench = Bench::new();
    let web = start(&bench).await;
    assert_eq!(post(&web, "/save_summary", " [ ] ").await, (200, json!([])));
}

#[actix_web::test]
async fn exceptions_are_saved_once_by_their_key() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let mut revised = unmatched_exit();
    revised["revision"] = json!(4);
    let key = "unmatched_exit:3:ABC123:o1";
    let (status, answer) = post_json(&web, "/save_exception", &unmatched_exit()).await;
    assert_eq!((status, answer), (200, json!({"key": key, "status": "written"})));
    let both = json!([unmatched_exit(), revised]);
    let (_, answer) = post_json(&web, "/save_exception", &both).await;
    assert_eq!(
        answer,
        json!([{"key": key, "status": "duplicate"},
               {"key": "unmatched_exit:4:ABC123:o1", "status": "written"}])
    );
    assert_eq!(bench.read("exceptions.csv").lines().count(), 3);
}

#[actix_web::test]
async fn a_bad_item_is_named_by_index_and_field_and_nothing_is_written() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let cases = [
        ("vehicle_plate", json!("<script>")),
        ("vehicle_plate", json!("entry_plates")),
        ("vehicle_plate", json!("")),
        ("vehicle_plate", json!(5)),
        ("vehicle_plate", json!(null)),
        ("entry_date_time", json!("yesterday")),
        ("exit_date_time", json!("2026-02-30T10:00:00Z")),
        ("exit_date_time", json!("1999-01-01T00:00:00Z")),
        ("exit_date_time", json!({})),
        ("session_id", json!("a\nb")),
        ("place", json!("x".repeat(1000))),
        ("repaired", json!("yes")),
    ];
    for (field, value) in cases {
        let mut items = summaries(0..3);
        items[2][field] = value.clone();
        let (status, problem) = post_json(&web, "/save_summary", &items).await;
        assert_eq!(
            (status, &problem["index"], &problem["field"], &problem["status"]),
            (422, &json!(2), &json!(field), &json!(422)),
            "{value}: {problem}"
        );
        assert!(problem["detail"].as_str().unwrap().contains("item 2"), "{problem}");
        assert!(!problem.to_string().contains("script"), "what was sent is not shown");
    }
    for missing in ["vehicle_plate", "entry_date_time", "exit_date_time"] {
        let mut item = without_id();
        item.as_object_mut().unwrap().remove(missing);
        let (status, problem) = post_json(&web, "/save_summary", &item).await;
        assert_eq!(
            (status, &problem["index"], &problem["field"]),
            (422, &json!(0), &json!(missing))
        );
    }
    assert!(bench.ids("summaries.csv").is_empty());
}

#[actix_web::test]
async fn a_bad_exception_is_named_by_index_and_field() {
    let bench = Bench::new();
    let web = start(&bench).await;
    for (field, value) in [
        ("kind", json!("lost")),
        ("revision", json!(-1)),
        ("recorded_at", json!("now")),
        ("observation_id", json!(null)),
    ] {
        let mut item = unmatched_exit();
        item[field] = value;
        let body = json!([unmatched_exit(), item]);
        let (status, problem) = post_json(&web, "/save_exception", &body).await;
        assert_eq!(
            (status, &problem["index"], &problem["field"]),
            (422, &json!(1), &json!(field)),
            "{problem}"
        );
    }
    assert!(bench.ids("exceptions.csv").is_empty());
}

#[actix_web::test]
async fn what_is_no_object_is_refused_where_it_stands() {
    let bench = Bench::new();
    let web = start(&bench).await;
    for body in ["[5]", "5", "\"x\"", "null", "[[]]"] {
        let (status, problem) = post(&web, "/save_summary", body).await;
        assert_eq!((status, &problem["index"]), (422, &json!(0)), "{body}: {problem}");
    }
    let twice = r#"{"vehicle_plate":"ABC123","vehicle_plate":"ABC124"}"#;
    let (status, problem) = post(&web, "/save_summary", twice).await;
    assert_eq!((status, &problem["field"]), (422, &json!("vehicle_plate")));
}

#[actix_web::test]
async fn malformed_json_is_a_bad_request() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let whole = summaries(0..2).to_string();
    let bodies: [&[u8]; 6] =
        [b"", b"  ", b"{", b"[}", b"{\"vehicle_plate\":\"\xff\xfe\"}", &whole.as_bytes()[..200]];
    for body in bodies {
        let (status, problem) = post(&web, "/save_summary", body.to_vec()).await;
        assert_eq!(status, 400, "{body:?}: {problem}");
    }
    assert_eq!(post(&web, "/save_summary", format!("{whole}x")).await.0, 400);
    assert!(bench.ids("summaries.csv").is_empty());
}

#[actix_web::test]
async fn what_is_too_large_is_refused_as_such() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let padded = |bytes: usize| {
        let item = without_id().to_string();
        format!("{item}{}", " ".repeat(bytes - item.len()))
    };
    assert_eq!(post(&web, "/save_summary", padded(BODY_BYTES_MAX + 1)).await.0, 413);
    assert_eq!(post(&web, "/save_summary", padded(BODY_BYTES_MAX)).await.0, 200);

    let too_many = summaries(0..=u32::try_from(ITEMS_MAX).unwrap());
    assert_eq!(post_json(&web, "/save_summary", &too_many).await.0, 413);
    assert_eq!(bench.ids("summaries.csv").len(), 1);
}

#[actix_web::test]
async fn an_announced_length_that_is_too_large_is_refused_unread() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let request = TestRequest::post()
        .uri("/save_summary")
        .insert_header((header::CONTENT_LENGTH, BODY_BYTES_MAX + 1));
    let response = call(&web, request).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[actix_web::test]
async fn a_disk_that_fails_is_never_a_success() {
    let bench = Bench::new();
    let web = start(&bench).await;
    assert!(web.is_ready());

    bench.disk.faults().room = Some(10);
    let (status, problem) = post_json(&web, "/save_summary", &summaries(0..2)).await;
    assert_eq!((status, &problem["title"]), (507, &json!("Insufficient Storage")));
    assert!(!web.is_ready());

    {
        let mut faults = bench.disk.faults();
        faults.room = None;
        faults.syncs_to_fail = 1;
    }
    assert_eq!(post_json(&web, "/save_summary", &summaries(0..2)).await.0, 500);

    let (status, answer) = post_json(&web, "/save_summary", &summaries(0..2)).await;
    assert_eq!((status, &answer[1]["status"]), (200, &json!("written")));
    assert!(web.is_ready());
    assert_eq!(bench.ids("summaries.csv"), ["session-0", "session-1"]);
}

#[actix_web::test]
async fn a_service_that_stopped_says_come_again() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let app = init_service(App::new().configure(web.routes().open())).await;
    Box::new(web).stop().await;
    for request in [
        TestRequest::post().uri("/save_summary").set_payload(without_id().to_string()),
        TestRequest::get().uri("/summaries.csv"),
    ] {
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), "1");
    }
}

#[actix_web::test]
async fn the_files_are_handed_out_whole() {
    let bench = Bench::new();
    let web = start(&bench).await;
    for from in (0..3000).step_by(ITEMS_MAX) {
        post_json(&web, "/save_summary", &summaries(from..from + 50)).await;
    }
    let response = get(&web, "/summaries.csv").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers().get(header::CONTENT_TYPE).unwrap(), "text/csv; charset=utf-8");
    let body = read_body(response).await;
    assert!(body.len() > 200_000, "more than one chunk");
    assert_eq!(body, bench.read("summaries.csv"));

    let exceptions = read_body(get(&web, "/exceptions.csv").await).await;
    assert_eq!(exceptions, bench.read("exceptions.csv"));
}

#[actix_web::test]
async fn a_download_ends_where_the_file_was_durable_when_it_began() {
    let bench = Bench::new();
    let web = start(&bench).await;
    post_json(&web, "/save_summary", &summaries(0..2)).await;
    let before = bench.read("summaries.csv");
    let response = get(&web, "/summaries.csv").await;
    post_json(&web, "/save_summary", &summaries(2..4)).await;
    assert_eq!(read_body(response).await, before);
}

#[actix_web::test]
async fn the_metrics_tell_what_was_saved() {
    let bench = Bench::new();
    let web = start(&bench).await;
    post_json(&web, "/save_summary", &summaries([0, 1, 1])).await;
    bench.disk.faults().room = Some(0);
    post_json(&web, "/save_summary", &summaries([2])).await;

    let text = prometheus::TextEncoder::new().encode_to_string(&bench.registry.gather()).unwrap();
    for line in [
        "web_backend_rows_total{file=\"summaries\",status=\"written\"} 2",
        "web_backend_rows_total{file=\"summaries\",status=\"duplicate\"} 1",
        "web_backend_rows_total{file=\"summaries\",status=\"failed\"} 1",
        "web_backend_rows_total{file=\"exceptions\",status=\"written\"} 0",
        "web_backend_write_failures_total 1",
        "web_backend_batch_rows_sum 3",
        "web_backend_write_seconds_count 1",
        "web_backend_index_rows{file=\"summaries\"} 2",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    let bytes = bench.read("summaries.csv").len();
    assert!(text.contains(&format!("web_backend_file_bytes{{file=\"summaries\"}} {bytes}")));
    let free = text.lines().find_map(|line| line.strip_prefix("web_backend_disk_free_bytes "));
    assert!(free.is_some_and(|bytes| bytes != "0"), "asked when asked for:\n{text}");
}

#[actix_web::test]
async fn starting_on_the_real_disk_needs_nothing_but_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let clock: domain::SharedClock =
        std::sync::Arc::new(|| crate::testing::at("2026-11-20T12:00:00Z"));
    let options = Options { data_dir: dir.path().join("a/b"), ..Options::default() };
    let registry = prometheus::Registry::new();
    let web =
        crate::start(options.clone(), clock.clone(), &registry, Vitals::default()).await.unwrap();
    assert_eq!(post_json(&web, "/save_summary", &without_id()).await.0, 200);

    let fresh = prometheus::Registry::new();
    let second = crate::start(options.clone(), clock.clone(), &fresh, Vitals::default()).await;
    assert!(matches!(second.err(), Some(StartError::Locked(_))));
    Box::new(web).stop().await;

    let no_window = Options { index_rows: 0, ..options.clone() };
    let refused =
        crate::start(no_window, clock.clone(), &prometheus::Registry::new(), Vitals::default())
            .await;
    assert!(matches!(refused.err(), Some(StartError::IndexRows(0))));
    let taken = crate::start(options.clone(), clock.clone(), &registry, Vitals::default()).await;
    assert!(matches!(taken.err(), Some(StartError::Metrics(_))));

    let web = crate::start(options, clock, &prometheus::Registry::new(), Vitals::default())
        .await
        .unwrap();
    let (_, answer) = post_json(&web, "/save_summary", &without_id()).await;
    assert_eq!(answer["status"], "duplicate");
}
