use std::time::Duration;

use lapin::types::{FieldTable, ShortString};

use super::{AmqpPublisher, PublisherOptions, Server, properties};
use crate::messaging::topology::Declarations;
use crate::messaging::{Message, PublishError, Publisher as _};

fn message(id: Option<&str>) -> Message {
    Message { queue: "some_queue", id: id.map(str::to_owned), body: "{}".into() }
}

#[test]
fn a_message_carries_its_id_and_survives_the_broker() {
    let sent = properties(&message(Some("read-1")), FieldTable::default());
    assert_eq!(sent.message_id().as_ref().map(ShortString::as_str), Some("read-1"));
    assert_eq!(*sent.delivery_mode(), Some(2));
    let content_type = sent.content_type().as_ref().map(ShortString::as_str);
    assert_eq!(content_type, Some("application/json"));
    let long = "x".repeat(256);
    assert_eq!(*properties(&message(Some(&long)), FieldTable::default()).message_id(), None);
}

#[tokio::test]
async fn without_a_broker_a_message_fails_in_time_and_nothing_is_ready() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = PublisherOptions {
        confirm_time_out: Duration::from_millis(50),
        ..PublisherOptions::new("a test")
    };
    let server = Server::new(&format!("amqp://{nobody}"), Declarations::unseen().unwrap()).unwrap();
    let publisher = AmqpPublisher::start(server, &options, &["some_queue"]);
    assert!(!publisher.is_ready());
    assert_eq!(publisher.publish(&message(None)).await, Err(PublishError::Away));
    assert_eq!(publisher.wait_ready(Duration::ZERO).await, Err(PublishError::Away));
}
