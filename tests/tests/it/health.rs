//! `/readyz` says how everything is now, not how it was when it was last needed.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Clock;
use domain::wire::ENTRY_QUEUE;
use futures_util::StreamExt;
use lapin::options::{BasicGetOptions, BasicNackOptions};
use lapin::{Connection, ConnectionProperties};
use platform::messaging::amqp::{AmqpBroker, Server};
use platform::messaging::topology::Declarations;
use platform::messaging::{Broker, BrokerError, Event, Tag};
use tests::process::Running;
use tests::{Site, http, wait};

/// What is frozen shows within this: asked every 2 s, answered within 3 s, and a slow machine.
const SECONDS: Duration = Duration::from_secs(15);
const SOON: Duration = Duration::from_mins(1);

fn part(role: &Running, name: &str) -> String {
    let said = http::get(&role.url("/readyz")).json();
    said["parts"][name].as_str().unwrap_or_default().to_owned()
}

/// Waits until the part is not ok; answers how long that took.
fn wait_until_told(role: &Running, name: &str) -> Duration {
    let began = Instant::now();
    let why = wait::until(&format!("{name} is not ok"), SECONDS, || {
        Some(part(role, name)).filter(|state| state != "ok")
    });
    eprintln!("{name}: {why:?} after {:?}", began.elapsed());
    began.elapsed()
}

fn wait_until_ok(role: &Running, name: &str) {
    wait::until_ok(&format!("{name} is ok again"), SOON, || match part(role, name) {
        state if state == "ok" => Ok(()),
        state => Err(state),
    });
}

#[test]
fn a_redis_that_is_frozen_shows_within_seconds_in_every_role_that_nothing_is_asked_of() {
    let site = Site::new();
    site.configure();
    let web = site.start_web();
    let roles = [
        (site.carpark("actors").start_ready(), "store"),
        (site.carpark("vehicles").start_ready(), "vehicles_store"),
        // Idle: no vehicle comes or goes.
        (site.carpark("generators").args(&["--rate", "0"]).start_ready(), "generator_store"),
    ];
    site.redis.stop();
    for (role, name) in &roles {
        wait_until_told(role, name);
    }
    site.redis.cont();
    for (role, name) in roles {
        wait_until_ok(&role, name);
        role.terminate();
    }
    web.terminate();
}

#[test]
fn a_sink_and_a_broker_that_are_frozen_show_within_seconds() {
    let server = Arc::new(tests::servers::RabbitMq::start());
    let site = Site::on(&server);
    site.configure();
    let web = site.start_web();
    let actors = site.carpark("actors").start_ready();
    let vehicles = site.carpark("vehicles").start_ready();
    web.stop();
    wait_until_told(&actors, "sink");
    web.cont();
    wait_until_ok(&actors, "sink");
    server.stop();
    wait_until_told(&actors, "vehicle_entry");
    wait_until_told(&vehicles, "vehicle_ping");
    server.cont();
    wait_until_ok(&actors, "vehicle_exit");
    wait_until_ok(&vehicles, "vehicle_ping");
    for role in [vehicles, actors, web] {
        role.terminate();
    }
}

/// Gives the messages of a queue back so often that they are suspect.
async fn return_all(url: &str, times: usize) {
    let link = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    for _ in 0..times {
        let channel = link.create_channel().await.unwrap();
        let mut held = Vec::new();
        while let Some(got) =
            channel.basic_get(ENTRY_QUEUE.into(), BasicGetOptions::default()).await.unwrap()
        {
            held.push(got.delivery.delivery_tag);
        }
        for tag in held {
            let back = BasicNackOptions { requeue: true, multiple: false };
            channel.basic_nack(tag, back).await.unwrap();
        }
        channel.close(200, "given back".into()).await.unwrap();
    }
    let _ = link.close(200, "done".into()).await;
}

#[test]
fn a_channel_that_the_broker_closes_while_messages_are_taken_one_by_one_is_noticed() {
    let site = Site::new();
    site.configure();
    site.client().publish(ENTRY_QUEUE, ["one", "two", "three"]);
    let local = tokio::task::LocalSet::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(local.run_until(async {
        let url = site.broker.url();
        return_all(&url, 4).await;
        let server = Server::new(&url, Declarations::unseen().unwrap()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let broker = AmqpBroker::new(server, 10, clock);
        let (mut events, queue) = broker.consume(ENTRY_QUEUE);
        let is_connected = Rc::new(Cell::new(false));
        let mut taken = Vec::new();
        // The second message is asked for when the first is done with.
        let first = loop {
            match events.next().await.unwrap() {
                Event::Connected => is_connected.set(true),
                Event::Delivered(delivery) => break delivery.tag,
                _ => {}
            }
        };
        assert!(is_connected.get());
        queue.is_alive().await.unwrap();
        queue.acknowledge(first).await;
        while taken.is_empty() {
            if let Event::Delivered(delivery) = events.next().await.unwrap() {
                taken.push(delivery.tag);
            }
        }
        assert_eq!(taken, [Tag { connection: 1, number: 2 }], "one by one");
        // Acknowledged twice: RabbitMQ closes the channel (406). The second message is under way.
        queue.acknowledge(first).await;
        let said = tokio::time::timeout(Duration::from_secs(10), events.next()).await;
        assert!(matches!(said, Ok(Some(Event::Disconnected(_)))), "{said:?}");
        assert!(matches!(queue.is_alive().await, Err(BrokerError::NotConnected)));
        // And it goes on with what came back.
        let again = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some(Event::Delivered(delivery)) = events.next().await {
                    return delivery.tag;
                }
            }
        });
        assert_eq!(again.await.unwrap(), Tag { connection: 2, number: 1 });
        queue.close().await;
    }));
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> domain::Instant {
        chrono::Utc::now()
    }
}
