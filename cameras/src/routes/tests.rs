use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{App, test};
use domain::Direction;
use platform::component::Component as _;
use platform::runtime::Vitals;
use prometheus::Registry;

use crate::camera::{Camera, LaneRole};
use crate::options::Options;
use crate::rig::{Broker, Mood, camera, clock};

/// What a camera is answered: status, whether `Retry-After` is said, body.
async fn post(
    broker: Option<std::sync::Arc<Broker>>,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> (u16, bool, String) {
    let cameras = vec![
        Camera { vendor: crate::Vendor::all().next(), ..camera(LaneRole::Entry) },
        Camera { name: domain::CameraName::parse("any").unwrap(), ..camera(LaneRole::Exit) },
    ];
    let publisher =
        broker.map(|broker| broker as std::sync::Arc<dyn platform::messaging::Publisher>);
    let options = Options { body_bytes_max: 100_000, ..Options::default() };
    let cameras =
        crate::start(options, cameras, publisher, clock(), &Registry::new(), &Vitals::default())
            .unwrap();
    let app = test::init_service(App::new().configure(cameras.routes().open())).await;
    let mut request = test::TestRequest::post().uri(path).set_payload(body.into());
    for header in headers {
        request = request.insert_header(*header);
    }
    let response = test::call_service(&app, request.to_request()).await;
    let (status, retries) = (response.status(), response.headers().contains_key(RETRY_AFTER));
    let body = test::read_body(response).await;
    assert_eq!(retries, status == StatusCode::SERVICE_UNAVAILABLE, "{status}");
    (status.as_u16(), retries, String::from_utf8(body.to_vec()).unwrap())
}

/// In carpark's own words.
const READ: &str =
    r#"{"id":"r-1","vehicle_plate":"AB-12","entry_date_time":"2026-06-01T10:00:00Z"}"#;

#[actix_web::test]
async fn a_read_is_answered_with_what_became_of_it() {
    let broker = Broker::new(Mood::Confirms);
    let (status, _, body) = post(Some(broker.clone()), "/cameras/cam", &[], READ).await;
    assert_eq!(status, 200, "{body}");
    let (kind, id, plate) = broker.taken().remove(0);
    assert_eq!((kind, plate.as_str()), (Direction::Entry, "AB12"));
    assert!(body.contains(&id) && body.contains("published") && !body.contains("AB"), "{body}");
    let behind = post(Some(broker.clone()), "/cameras/any/NotificationInfo/x", &[], READ).await;
    assert_eq!((behind.0, broker.taken()[1].0), (200, Direction::Exit));
}

/// A camera that hears nothing of `Active` takes the server for one that does not know it, and one that
/// hears it of a read, for a heartbeat.
#[actix_web::test]
async fn itsapi_is_answered_that_the_camera_is_alive_where_it_asks_and_nothing_else_elsewhere() {
    let heartbeat = include_str!("../../payloads/dahua-itsapi-keepalive.json");
    let device = include_str!("../../payloads/dahua-itsapi-device.json");
    let read = include_str!("../../payloads/dahua-itsapi.json");
    let alive = r#"{"Result":true,"Message":"Success","Active":true}"#;
    for (path, body, expected) in [
        ("KeepAlive", heartbeat, alive),
        ("DeviceInfo", device, alive),
        ("TollgateInfo", read, r#"{"Result":true}"#),
    ] {
        let broker = Broker::new(Mood::Confirms);
        let path = format!("/cameras/any/NotificationInfo/{path}");
        let answer = post(Some(broker.clone()), &path, &[], body).await;
        assert_eq!((answer.0, answer.2.as_str()), (200, expected), "{path}");
        assert_eq!(broker.plates().len(), usize::from(body == read), "{path}");
    }
}

#[actix_web::test]
async fn what_cannot_be_taken_is_kept_by_the_camera() {
    let away = post(Some(Broker::new(Mood::Away)), "/cameras/cam", &[], READ).await;
    assert!(away.0 == 503 && away.1 && away.2.contains("send it again"), "{away:?}");
    let none = post(None, "/cameras/cam", &[], READ).await;
    assert!(none.0 == 503 && none.2.contains("CARPARK_BROKER_URL"), "{none:?}");
}

#[actix_web::test]
async fn what_is_wrong_is_said_and_never_quoted() {
    let broker = || Some(Broker::new(Mood::Confirms));
    let deep = format!("{}\"AB-12\"{}", "[".repeat(30_000), "]".repeat(30_000));
    let entities = "<!DOCTYPE a [<!ENTITY b \"AB-12\">]><a>&b;</a>";
    for (path, headers, body, status, says) in [
        ("/cameras/nobody", &[][..], READ, 404, "those configured are any, cam"),
        ("/cameras/cam", &[], " \r\n", 200, "this address is right"),
        ("/cameras/cam", &[], "{\"vehicle_plate\":\"AB-12\"", 400, "no JSON"),
        ("/cameras/cam", &[], &deep, 400, "nests"),
        ("/cameras/cam", &[], entities, 400, "document type"),
        ("/cameras/cam", &[("content-encoding", "gzip")], READ, 415, "compressed"),
        ("/cameras/cam", &[("content-encoding", "identity, ZSTD")], READ, 415, "compressed"),
        ("/cameras/cam", &[], &"x".repeat(100_001), 413, "smaller pictures"),
        ("/cameras/any", &[], r#"{"hello":"AB-12"}"#, 422, "no vendor"),
        ("/cameras/cam", &[], r#"{"hello":"AB-12"}"#, 422, "carpark"),
    ] {
        let answer = post(broker(), path, headers, body).await;
        assert_eq!(answer.0, status, "{path} {answer:?}");
        assert!(answer.2.contains(says) && !answer.2.contains("AB-12"), "{answer:?}");
    }
    let declared = [("content-length", "1073741824")];
    assert_eq!(post(broker(), "/cameras/cam", &declared, READ).await.0, 413, "before it comes");
}

#[actix_web::test]
async fn what_is_being_received_is_bounded_for_all_cameras_together() {
    let cameras = vec![camera(LaneRole::Entry)];
    let options = Options { receiving_bytes_max: 8192, ..Options::default() };
    let broker = Broker::new(Mood::Confirms);
    let cameras =
        crate::start(options, cameras, Some(broker), clock(), &Registry::new(), &Vitals::default())
            .unwrap();
    let app = test::init_service(App::new().configure(cameras.routes().open())).await;
    for (length, status) in [(8192, 200), (8193, 503), (8192, 200)] {
        let body = format!("{READ:<length$}");
        let request = test::TestRequest::post().uri("/cameras/cam").set_payload(body);
        let response = test::call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), status, "{length}");
    }
}

#[actix_web::test]
async fn a_coding_that_is_none_is_no_reason_to_refuse() {
    for coding in ["Identity", "", "utf-8", "UTF-8", "none", "8bit"] {
        let broker = Broker::new(Mood::Confirms);
        let headers = [("content-encoding", coding)];
        let answer = post(Some(broker), "/cameras/cam", &headers, READ).await;
        assert_eq!(answer.0, 200, "{coding} {answer:?}");
    }
}

#[actix_web::test]
async fn a_read_of_the_future_is_refused_and_never_published() {
    let at = |time: &str| READ.replace("2026-06-01T10:00:00Z", time);
    for (time, status) in [
        ("2026-06-01T10:05:01Z", 200),
        ("2026-06-01T10:05:02Z", 422),
        ("2026-06-01T11:00:00Z", 422),
        ("2199-01-01T00:00:00Z", 422),
    ] {
        let broker = Broker::new(Mood::Confirms);
        let answer = post(Some(broker.clone()), "/cameras/cam", &[], at(time)).await;
        assert_eq!(answer.0, status, "{time} {answer:?}");
        assert_eq!(broker.plates().len(), usize::from(status == 200), "{time}");
        assert!(status == 200 || answer.2.contains("time server"), "{answer:?}");
    }
}

/// What is asked by another method, of two cameras: `own` has a token of its own, `cam` none.
async fn ask(method: actix_web::http::Method, path: &str) -> (u16, String) {
    let own = Some(crate::Token::new("secret".to_owned()));
    let own = Camera {
        name: domain::CameraName::parse("own").unwrap(),
        token: own,
        ..camera(LaneRole::Exit)
    };
    let cameras = vec![camera(LaneRole::Entry), own];
    let cameras = crate::start(
        Options::default(),
        cameras,
        None,
        clock(),
        &Registry::new(),
        &Vitals::default(),
    )
    .unwrap();
    let app = test::init_service(App::new().configure(cameras.routes().open())).await;
    let request = test::TestRequest::with_uri(path).method(method).to_request();
    let response = test::call_service(&app, request).await;
    let status = response.status().as_u16();
    (status, String::from_utf8(test::read_body(response).await.to_vec()).unwrap())
}

#[actix_web::test]
async fn who_tries_an_address_out_hears_whether_it_is_right() {
    use actix_web::http::Method;
    for (method, path, status, says) in [
        (Method::GET, "/cameras/cam", 200, "address is right"),
        (Method::GET, "/cameras/cam/NotificationInfo/x", 200, "POST"),
        (Method::PUT, "/cameras/cam", 405, "POST"),
        (
            Method::GET,
            "/cameras/nobody",
            404,
            "POST to /cameras/NAME; those configured are cam, own",
        ),
        (Method::POST, "/cameras/", 404, "those configured are cam, own"),
        (Method::POST, "/cameras", 404, "those configured are cam, own"),
        (Method::POST, "/camera/cam", 404, "POST to /cameras/NAME"),
        (Method::GET, "/camera", 404, "POST to /cameras/NAME"),
        (Method::GET, "/cameras/own", 401, "another camera's token"),
        (Method::GET, "/cameras/%6fwn", 401, "another camera's token"),
        (Method::POST, "/cameras/own?token=other", 401, "another camera's token"),
        (Method::GET, "/cameras/own?token=secret", 200, "address is right"),
    ] {
        let answer = ask(method.clone(), path).await;
        assert_eq!(answer.0, status, "{method} {path} {answer:?}");
        assert!(answer.1.contains(says), "{method} {path} {answer:?}");
    }
}
