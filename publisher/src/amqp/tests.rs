use std::time::Duration;

use domain::Kind;
use lapin::types::ShortString;

use super::{AmqpOptions, AmqpPublisher, properties};
use crate::{PublishError, Publisher as _, queue_of};

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

#[tokio::test]
async fn without_a_broker_a_message_fails_in_time_and_nothing_is_ready() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = AmqpOptions {
        confirm_time_out: Duration::from_millis(50),
        ..AmqpOptions::new(&format!("amqp://{nobody}"), "a test")
    };
    let publisher = AmqpPublisher::start(&options, &[queue_of(Kind::Entry)]).unwrap();
    assert!(!publisher.is_ready());
    assert_eq!(publisher.publish(Kind::Entry, "{}".to_owned()).await, Err(PublishError::Away));
    assert_eq!(publisher.wait_ready(Duration::ZERO).await, Err(PublishError::Away));
}
