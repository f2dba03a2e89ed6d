use std::time::Duration;

use domain::Kind;
use lapin::types::ShortString;

use super::{AmqpOptions, AmqpPublisher, parse_url, properties};
use crate::publisher::{PublishError, Publisher as _, queue_of};

#[test]
fn a_url_is_read_with_the_defaults_that_people_mean() {
    let uri = parse_url("amqp://me:secret@broker:5673").unwrap();
    assert_eq!((uri.authority.host.as_str(), uri.authority.port), ("broker", 5673));
    assert_eq!((uri.vhost.as_str(), uri.query.heartbeat), ("/", Some(10)));
    assert_eq!(parse_url("amqp://127.0.0.1/").unwrap().vhost, "/");
    assert_eq!(parse_url("amqp://127.0.0.1").unwrap().authority.host, "127.0.0.1");
    let given = parse_url("amqp://broker/parking?heartbeat=3").unwrap();
    assert_eq!((given.vhost.as_str(), given.query.heartbeat), ("parking", Some(3)));
}

#[test]
fn a_url_that_is_none_is_refused_without_being_repeated() {
    for url in [
        "secret",
        "amqp:secret",
        "redis://:secret@host",
        "amqp://me:secret@host?heartbeat=x",
        "amqp://me:secret@[::1]:5672",
    ] {
        let error = parse_url(url).unwrap_err().to_string();
        assert!(!error.contains("secret") && error.contains("amqp://user"), "{url}: {error}");
    }
}

#[test]
fn a_message_names_its_observation_and_survives_the_broker() {
    let message = properties(r#"{"vehicle_plate":"A-1","id":"read-1"}"#);
    assert_eq!(message.message_id().as_ref().map(ShortString::as_str), Some("read-1"));
    assert_eq!(*message.delivery_mode(), Some(2));
    let content_type = message.content_type().as_ref().map(ShortString::as_str);
    assert_eq!(content_type, Some("application/json"));
    let long = properties(&format!(r#"{{"id":"{}"}}"#, "x".repeat(256)));
    assert_eq!(*long.message_id(), None);
}

#[actix::test]
async fn without_a_broker_a_message_fails_in_time_and_nothing_is_ready() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = AmqpOptions {
        confirm_time_out: Duration::from_millis(50),
        ..AmqpOptions::new(&format!("amqp://{nobody}"))
    };
    let publisher = AmqpPublisher::start(&options, &[queue_of(Kind::Entry)]).unwrap();
    assert!(!publisher.is_ready());
    assert_eq!(publisher.publish(Kind::Entry, "{}".to_owned()).await, Err(PublishError::Away));
    assert_eq!(publisher.wait_ready(Duration::ZERO).await, Err(PublishError::Away));
}
