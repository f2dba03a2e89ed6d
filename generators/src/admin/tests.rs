use actix_web::http::{Method, StatusCode};
use actix_web::{App, test};
use platform::component::Component as _;
use serde_json::{Value, json};

use crate::rig::{BOTH, ENTRIES, Rig, options};
use crate::{Options, Profile};

/// One request to the routes of `rig`: the status, the content type and the body.
async fn call(rig: &Rig, method: Method, path: &str, body: &str) -> (StatusCode, String, Value) {
    let app = test::init_service(App::new().configure(rig.generators.routes().open())).await;
    let request = test::TestRequest::with_uri(&format!("/admin/generators{path}"))
        .method(method)
        .insert_header(("content-type", "application/json"))
        .set_payload(body.to_owned());
    let response = test::call_service(&app, request.to_request()).await;
    let status = response.status();
    let content_type = response.headers().get("content-type").unwrap().to_str().unwrap().to_owned();
    let body = test::read_body(response).await;
    (status, content_type, serde_json::from_slice(&body).unwrap())
}

async fn problem(rig: &Rig, method: Method, path: &str, body: &str, status: StatusCode) -> String {
    let (answered, content_type, body) = call(rig, method, path, body).await;
    assert_eq!((answered, content_type.as_str()), (status, "application/problem+json"));
    assert_eq!(body["status"], json!(status.as_u16()));
    assert!(body["title"].is_string());
    body["detail"].as_str().unwrap().to_owned()
}

#[actix::test]
async fn the_state_tells_the_schedule_and_what_was_done() {
    let rig = Rig::start(options(), BOTH).await;
    rig.pass(60).await;
    let (status, _, state) = call(&rig, Method::GET, "", "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(state["entries"]["rate"], json!(5.0));
    assert_eq!(state["entries"]["paused"], json!(false));
    assert_eq!(state["entries"]["confirmed"], json!(rig.entries().confirmed));
    assert_eq!(state["exits"]["matched"], json!(rig.exits().matched));
    assert!(state["exits"]["inside"].as_i64().unwrap() > 10);
}

#[actix::test]
async fn a_role_that_runs_elsewhere_is_left_out() {
    let rig = Rig::start(options(), ENTRIES).await;
    let (_, _, state) = call(&rig, Method::GET, "", "").await;
    assert!(state.get("exits").is_none());
}

#[actix::test]
async fn a_new_rate_holds_from_the_next_vehicle_on() {
    tokio::time::pause();
    for method in [Method::PUT, Method::POST] {
        let rig = Rig::start_again(options(), BOTH).await;
        rig.pass(10).await;
        let before = rig.entries().confirmed;
        let (status, _, state) = call(&rig, method, "/rate", r#"{"rate": 40}"#).await;
        assert_eq!((status, &state["entries"]["rate"]), (StatusCode::OK, &json!(40.0)));
        rig.pass(10).await;
        let made = rig.entries().confirmed - before;
        assert!((395..=405).contains(&made), "{made} instead of 400");
        rig.pass(20).await;
        assert!(rig.exits().confirmed > 800, "exits follow: {}", rig.exits().confirmed);
    }
}

#[actix::test]
async fn in_a_pause_nothing_comes_and_after_it_nothing_is_made_up_for() {
    let rig = Rig::start(options(), BOTH).await;
    rig.pass(60).await;
    for _ in 0..2 {
        let (_, _, state) = call(&rig, Method::POST, "/pause", "").await;
        assert_eq!(
            (&state["entries"]["paused"], &state["exits"]["paused"]),
            (&json!(true), &json!(true))
        );
        rig.pass(1).await;
    }
    let (entered, left) = (rig.entries().confirmed, rig.exits().confirmed);
    rig.pass(3600).await;
    assert_eq!((rig.entries().confirmed, rig.exits().confirmed), (entered, left));
    for _ in 0..2 {
        let (_, _, state) = call(&rig, Method::POST, "/resume", "").await;
        assert_eq!(state["entries"]["paused"], json!(false));
    }
    rig.pass(10).await;
    let made = rig.entries().confirmed - entered;
    assert!((50..=52).contains(&made), "{made} instead of 50");
    rig.pass(60).await;
    assert!(rig.exits().confirmed > left + 300, "exits go on, too");
}

#[actix::test]
async fn a_rate_that_makes_no_sense_is_refused_with_the_reason() {
    let rig = Rig::start(options(), BOTH).await;
    let (put, refused) = (Method::PUT, StatusCode::UNPROCESSABLE_ENTITY);
    let why = problem(&rig, put.clone(), "/rate", r#"{"rate": -1}"#, refused).await;
    assert_eq!(why, "-1 is not between 0 and 100000");
    for body in ["", "{}", "[]", r#"{"rate": 1, "speed": 2}"#, r#"{"rate": null}"#] {
        let why = problem(&rig, put.clone(), "/rate", body, StatusCode::BAD_REQUEST).await;
        assert!(why.contains(r#"send JSON such as {"rate": 10}"#), "{why}");
    }
    assert_eq!(call(&rig, Method::GET, "", "").await.2["entries"]["rate"], json!(5.0));
}

#[actix::test]
async fn the_rate_of_a_campus_is_not_the_operators_to_set() {
    let rig = Rig::start(Options { profile: Profile::Campus, ..options() }, BOTH).await;
    let body = r#"{"rate": 10}"#;
    let why = problem(&rig, Method::PUT, "/rate", body, StatusCode::CONFLICT).await;
    assert!(why.contains("campus profile"), "{why}");
}

#[actix::test]
async fn what_is_not_there_is_a_problem_too() {
    let rig = Rig::start(options(), BOTH).await;
    problem(&rig, Method::DELETE, "", "", StatusCode::METHOD_NOT_ALLOWED).await;
    problem(&rig, Method::GET, "/pause", "", StatusCode::METHOD_NOT_ALLOWED).await;
}

#[actix::test]
async fn generators_that_stop_say_so() {
    let rig = Rig::start(options(), BOTH).await;
    let routes = rig.generators.routes();
    rig.stop().await;
    let app = test::init_service(App::new().configure(routes.open())).await;
    let request = test::TestRequest::get().uri("/admin/generators").to_request();
    let response = test::call_service(&app, request).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}
