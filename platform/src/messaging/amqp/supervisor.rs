//! Keeps the connection to RabbitMQ that messages are published on: makes it, watches it, makes it
//! anew, for ever, and opens and closes the gates of the outlets accordingly. Says in the log what
//! changed, once.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{ConfirmSelectOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;
use lapin::{Connection, ErrorKind, Event};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::publishing::{Gate, Line, Outlet};
use super::{PATIENCE, Server};
use crate::messaging::BrokerError;
use crate::runtime::Backoff;

/// For a connection to say goodbye.
const CLOSE_MAX: Duration = Duration::from_secs(1);
/// How often a queue that is missing is looked for.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// A connection that held this long was a good one: the next wait is short again.
const GOOD_AFTER: Duration = Duration::from_secs(10);

/// What went wrong with a message.
pub(super) struct Report {
    /// Number of the connection that it is about.
    pub(super) connection: u64,
    pub(super) trouble: Trouble,
}

pub(super) enum Trouble {
    /// It came back: no queue took it.
    NoQueue(&'static str),
    /// No confirmation came in time.
    Stuck,
    /// The channel failed; why, in words.
    Broken(String),
}

/// See the module.
pub(super) struct Supervisor {
    server: Server,
    /// Gated here.
    outlets: Arc<Vec<Outlet>>,
    /// From the messages under way.
    reports: mpsc::Receiver<Report>,
    /// Connections made so far.
    connections: u64,
    /// See [`PublisherOptions::name`](super::PublisherOptions::name).
    name: String,
}

impl Supervisor {
    pub(super) fn new(
        server: Server,
        name: String,
        outlets: Arc<Vec<Outlet>>,
        reports: mpsc::Receiver<Report>,
    ) -> Self {
        Self { server, outlets, reports, connections: 0, name }
    }

    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::default();
        let mut is_known_away = false;
        loop {
            let address = self.server.shown().to_owned();
            match self.server.connect(&self.name).await {
                Ok(connection) => {
                    tracing::info!(broker.address = %address, "publishing to the broker");
                    let begun_at = Instant::now();
                    let error = self.serve(&connection).await;
                    self.gate_all(&Gate::Away);
                    tracing::warn!(broker.address = %address, %error, "lost the broker, retrying");
                    is_known_away = true;
                    if begun_at.elapsed() >= GOOD_AFTER {
                        backoff.reset();
                    }
                    let _closed = timeout(CLOSE_MAX, connection.close(200, "OK".into())).await;
                }
                Err(error) if !is_known_away => {
                    tracing::warn!(broker.address = %address, %error, "no broker, retrying");
                    is_known_away = true;
                }
                Err(_) => {}
            }
            backoff.wait().await;
        }
    }

    /// Serves the outlets until the connection is of no use. Returns why.
    async fn serve(&mut self, connection: &Connection) -> String {
        self.connections += 1;
        let mut events = pin!(connection.events_listener());
        let mut check = interval(CHECK_EVERY);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let end = tokio::select! {
                event = events.next() => self.on_event(connection, event),
                Some(report) = self.reports.recv() => self.on_report(connection, report),
                _ = check.tick() => self.open_closed(connection).await,
            };
            if let Err(why) = end {
                return why;
            }
        }
    }

    fn on_event(&self, connection: &Connection, event: Option<Event>) -> Result<(), String> {
        match event {
            Some(Event::ConnectionBlocked(reason)) => {
                tracing::warn!(reason, "the broker holds publishers back");
                self.each_gate(|gate| match gate {
                    Gate::Open(line) => Some(Gate::Blocked(line.clone())),
                    _ => None,
                });
            }
            Some(Event::ConnectionUnblocked) => {
                tracing::info!("the broker takes messages again");
                self.each_gate(|gate| match gate {
                    Gate::Blocked(line) => Some(Gate::Open(line.clone())),
                    _ => None,
                });
            }
            // A channel that failed has its own way to say so.
            Some(Event::Error(error)) if !connection.status().connected() => {
                return Err(error.to_string());
            }
            None => return Err("the connection is gone".to_owned()),
            Some(_) => {}
        }
        Ok(())
    }

    fn on_report(&self, connection: &Connection, report: Report) -> Result<(), String> {
        if report.connection != self.connections {
            return Ok(());
        }
        match report.trouble {
            Trouble::NoQueue(queue) => {
                if let Some(outlet) = self.outlets.iter().find(|outlet| outlet.queue == queue) {
                    miss_queue(outlet);
                }
                Ok(())
            }
            // It says that it confirms nothing: a new connection would be told the same.
            Trouble::Stuck if connection.status().blocked() => Ok(()),
            Trouble::Stuck => Err("a message was not confirmed in time".to_owned()),
            Trouble::Broken(error) => Err(error),
        }
    }

    /// Opens the outlets that are closed, where their queue is there.
    async fn open_closed(&self, connection: &Connection) -> Result<(), String> {
        if !connection.status().connected() {
            return Err("the broker closed the connection".to_owned());
        }
        if connection.status().blocked() {
            return Ok(());
        }
        for outlet in self.outlets.iter() {
            let is_closed = matches!(*outlet.gate.borrow(), Gate::Away | Gate::NoQueue);
            if is_closed {
                let opening = self.open(connection, outlet);
                let opened = self.server.within(PATIENCE, opening, "opening a channel").await;
                opened.map_err(|error: BrokerError| error.to_string())?;
            }
        }
        Ok(())
    }

    async fn open(&self, connection: &Connection, outlet: &Outlet) -> lapin::Result<()> {
        if !queue_exists(connection, outlet.queue).await? {
            miss_queue(outlet);
            return Ok(());
        }
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let line = Line { channel, connection: self.connections };
        if matches!(outlet.gate.send_replace(Gate::Open(line)), Gate::NoQueue) {
            tracing::info!(queue.name = outlet.queue, "the queue exists now");
        }
        Ok(())
    }

    fn gate_all(&self, gate: &Gate) {
        self.each_gate(|_| Some(gate.clone()));
    }

    fn each_gate(&self, change: impl Fn(&Gate) -> Option<Gate>) {
        for outlet in self.outlets.iter() {
            outlet.gate.send_if_modified(|gate| {
                let Some(changed) = change(gate) else { return false };
                *gate = changed;
                true
            });
        }
    }
}

/// Closes an outlet whose queue is missing, and says so the first time.
fn miss_queue(outlet: &Outlet) {
    if !matches!(outlet.gate.send_replace(Gate::NoQueue), Gate::NoQueue) {
        tracing::error!(
            queue.name = outlet.queue,
            "the queue does not exist, run `carpark configure` to declare it"
        );
    }
}

/// Asks on a channel of its own: the answer no closes it.
async fn queue_exists(connection: &Connection, queue: &str) -> lapin::Result<bool> {
    let channel = connection.create_channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    match channel.queue_declare(queue.into(), passive, FieldTable::default()).await {
        Ok(_) => channel.close(200, "OK".into()).await.map(|()| true),
        Err(error) => match soft_error(&error) {
            Some(AMQPSoftError::NOTFOUND) => Ok(false),
            // Not for us to ask; publishing will tell.
            Some(_) => Ok(true),
            None => Err(error),
        },
    }
}

fn soft_error(error: &lapin::Error) -> Option<AMQPSoftError> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Soft(soft) => Some(soft.clone()),
            AMQPErrorKind::Hard(_) => None,
        },
        _ => None,
    }
}
