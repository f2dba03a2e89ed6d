//! The queues that carpark declares in RabbitMQ. Part of the contract: publishers send to them by
//! name through the default exchange.

use domain::wire::ping::PING_QUEUE;
use domain::wire::{DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Connection, ErrorKind, ExchangeKind};
use prometheus::{IntCounter, IntCounterVec, Registry};

use crate::runtime::Register;

/// Takes what the queues give up after the delivery limit, to [`DEAD_LETTER_QUEUE`].
pub const DEAD_LETTER_EXCHANGE: &str = DEAD_LETTER_QUEUE;

/// How often a message is delivered again before it counts as poison. Set explicitly: RabbitMQ
/// before 4.0 has no limit, later ones have one but drop the message where no exchange is named.
pub const DELIVERY_LIMIT: i64 = 20;

/// How often the dead letters can be looked at. Each look counts as a delivery, and RabbitMQ from
/// 4.0 on drops a message past its limit: there the default is 20.
const LOOKS_MAX: i64 = 1_000_000_000;

/// What was found of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// It stands as carpark declares it.
    AsWanted,
    /// It stands with other arguments and is used as it is.
    Otherwise,
    /// It stands as somebody else declared it, who may.
    ByAnother,
}

impl Declared {
    /// As a metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AsWanted => "as_wanted",
            Self::Otherwise => "otherwise",
            Self::ByAnother => "by_another",
        }
    }
}

/// What became of the declarations, as metrics. Its clones are one.
#[derive(Debug, Clone)]
pub struct Declarations {
    found: IntCounterVec,
    failed: IntCounter,
}

impl Declarations {
    /// Counted, and shown to nobody: by a command that ends, or where another part of the process
    /// declares the same.
    pub fn unseen() -> prometheus::Result<Self> {
        Self::register(&Registry::new())
    }

    /// Makes the meters and registers them.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let make = Register(registry);
        let found = make.counters(
            "queue_configurator_declarations_total",
            "Declarations of a queue, by how it was found: as_wanted, or otherwise (it stands \
             with other arguments).",
            &["queue", "found"],
        )?;
        let failed = make.counter(
            "queue_configurator_failures_total",
            "Attempts to declare the queues that failed.",
        )?;
        Ok(Self { found, failed })
    }

    /// A queue was declared.
    pub(super) fn found(&self, queue: &str, found: Declared) {
        self.found.with_label_values(&[queue, found.as_str()]).inc();
    }

    /// Counts an attempt to declare that failed.
    pub(super) fn failed(&self) {
        self.failed.inc();
    }
}

fn table(entries: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in entries {
        table.insert((*name).into(), value.clone());
    }
    table
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// Arguments of the queues of entries, exits and pings. A ping is worth little by itself, and a
/// classic queue would hold it; but only a quorum queue counts how often a message came back, which
/// is what keeps one that kills its reader from being delivered for ever.
fn stream_arguments() -> FieldTable {
    table(&[
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongLongInt(DELIVERY_LIMIT)),
        ("x-dead-letter-exchange", text(DEAD_LETTER_EXCHANGE)),
        // At least once: the broker moves a dead letter only when its queue has confirmed it. That
        // wants `reject-publish`, so that a full queue tells the publisher instead of dropping.
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
    ])
}

/// Declares the exchange and the queues; answers what was found of each queue. A user who may not
/// declare finds them as `carpark configure` left them.
pub async fn declare(connection: &Connection) -> lapin::Result<Vec<(&'static str, Declared)>> {
    declare_exchange(connection).await?;
    let dead_letter_arguments = table(&[
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongLongInt(LOOKS_MAX)),
    ]);
    let mut found = Vec::new();
    for (name, arguments) in [
        (DEAD_LETTER_QUEUE, dead_letter_arguments),
        (ENTRY_QUEUE, stream_arguments()),
        (EXIT_QUEUE, stream_arguments()),
        (PING_QUEUE, stream_arguments()),
    ] {
        found.push((name, declare_queue(connection, name.into(), arguments).await?));
    }
    bind(connection).await?;
    Ok(found)
}

async fn declare_exchange(connection: &Connection) -> lapin::Result<()> {
    let declared = async |passive| {
        let channel = connection.create_channel().await?;
        let options = ExchangeDeclareOptions { durable: true, passive, ..Default::default() };
        let (name, arguments) = (DEAD_LETTER_EXCHANGE.into(), FieldTable::default());
        channel.exchange_declare(name, ExchangeKind::Fanout, options, arguments).await?;
        channel.close(200, "declared".into()).await
    };
    match declared(false).await {
        Err(e) if is(&e, ACCESS_REFUSED) => declared(true).await,
        declared => declared,
    }
}

async fn bind(connection: &Connection) -> lapin::Result<()> {
    let channel = connection.create_channel().await?;
    let bound = channel.queue_bind(
        DEAD_LETTER_QUEUE.into(),
        DEAD_LETTER_EXCHANGE.into(),
        ShortString::default(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    match bound.await {
        Ok(()) => channel.close(200, "declared".into()).await,
        Err(e) if is(&e, ACCESS_REFUSED) => Ok(()),
        Err(e) => Err(e),
    }
}

/// Declares one queue, on a channel of its own: a refusal closes the channel.
pub(super) async fn declare_queue(
    connection: &Connection,
    name: ShortString,
    arguments: FieldTable,
) -> lapin::Result<Declared> {
    let channel = connection.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    match channel.queue_declare(name.clone(), durable, arguments).await {
        Ok(_) => {
            channel.close(200, "declared".into()).await?;
            Ok(Declared::AsWanted)
        }
        Err(e) if is(&e, PRECONDITION_FAILED) || is(&e, ACCESS_REFUSED) => {
            let channel = connection.create_channel().await?;
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            channel.queue_declare(name, passive, FieldTable::default()).await?;
            channel.close(200, "declared".into()).await?;
            Ok(if is(&e, ACCESS_REFUSED) { Declared::ByAnother } else { Declared::Otherwise })
        }
        Err(e) => Err(e),
    }
}

const ACCESS_REFUSED: u16 = 403;
const PRECONDITION_FAILED: u16 = 406;

fn is(error: &lapin::Error, code: u16) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error) if error.get_id() == code)
}
