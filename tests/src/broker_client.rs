//! A publisher and reader of queues that is not the program's: what a foreign camera is to it.
//! Publishes raw bodies with confirms to a queue by name, through the default exchange.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use domain::wire::{DEAD_LETTER_QUEUE, QUEUE_HEADER, REASON_HEADER};
use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};

use crate::runtime;

/// Nothing a broker on this machine is asked takes longer, 10 MB messages included.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many messages are under way before the first confirm is awaited.
const WINDOW: usize = 1_000;

/// One connection, one channel.
pub struct BrokerClient {
    /// Kept open for the channel's sake.
    _connection: Connection,
    channel: Channel,
}

/// A message as it lies in a queue.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its headers, all but text as `Debug` shows it.
    pub headers: BTreeMap<String, String>,
    /// The message's body.
    pub body: Vec<u8>,
}

impl Letter {
    /// Why it is dead, empty where nobody said so.
    pub fn reason(&self) -> &str {
        self.headers.get(REASON_HEADER).map_or("", String::as_str)
    }

    /// The queue it came from, empty where nobody said so.
    pub fn came_from(&self) -> &str {
        self.headers.get(QUEUE_HEADER).map_or("", String::as_str)
    }
}

impl BrokerClient {
    /// Connects to the broker at that URL.
    #[track_caller]
    pub fn connect(url: &str) -> Self {
        Self::try_connect(url).unwrap_or_else(|e| panic!("connecting to {url}: {e}"))
    }

    /// Connects, where the broker may not be there.
    pub fn try_connect(url: &str) -> Result<Self, String> {
        wait_for(async {
            let options = ConnectionProperties::default();
            let connection = Connection::connect(url, options).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(Self { _connection: connection, channel })
        })
    }

    /// Publishes bodies to one queue, persistent, and returns when the broker has confirmed all.
    #[track_caller]
    pub fn publish<B: AsRef<[u8]>>(&self, queue: &str, bodies: impl IntoIterator<Item = B>) {
        self.publish_all(bodies.into_iter().map(|body| (queue, body)));
    }

    /// As [`BrokerClient::publish`], to several queues in the order given.
    #[track_caller]
    pub fn publish_all<'q, B: AsRef<[u8]>>(
        &self,
        messages: impl IntoIterator<Item = (&'q str, B)>,
    ) {
        self.try_publish_all(messages).unwrap_or_else(|e| panic!("publishing: {e}"));
    }

    /// As [`BrokerClient::publish_all`], where the broker may go away, or a queue be in the making. What was published of it
    /// is then unknown: publish all of it again.
    pub fn try_publish_all<'q, B: AsRef<[u8]>>(
        &self,
        messages: impl IntoIterator<Item = (&'q str, B)>,
    ) -> Result<(), String> {
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            let window: Vec<(&str, B)> = messages.by_ref().take(WINDOW).collect();
            wait_for(async {
                let mut confirms = Vec::with_capacity(window.len());
                for (queue, body) in &window {
                    // A message that no queue takes comes back instead of vanishing.
                    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
                    let properties = BasicProperties::default()
                        .with_delivery_mode(2)
                        .with_content_type("application/json".into());
                    let exchange = "".into();
                    let body = body.as_ref();
                    let confirm = self
                        .channel
                        .basic_publish(exchange, (*queue).into(), options, body, properties)
                        .await?;
                    confirms.push(confirm);
                }
                let mut are_taken = true;
                for confirm in confirms {
                    are_taken &= confirm.await? == Confirmation::Ack(None);
                }
                Ok(are_taken)
            })?
            .then_some(())
            .ok_or("a queue did not take it")?;
        }
        Ok(())
    }

    /// Puts bodies among the dead letters, as those of `queue`; of no queue where that is empty.
    #[track_caller]
    pub fn put_dead_letters<B: AsRef<[u8]>>(
        &self,
        queue: &str,
        bodies: impl IntoIterator<Item = B>,
    ) {
        let mut headers = FieldTable::default();
        let said = [(QUEUE_HEADER, queue), (REASON_HEADER, "put there by a test")];
        for (name, value) in said.into_iter().filter(|(_, value)| !value.is_empty()) {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        let properties = BasicProperties::default().with_delivery_mode(2).with_headers(headers);
        let mut bodies = bodies.into_iter().peekable();
        while bodies.peek().is_some() {
            wait_for(async {
                let mut confirms = Vec::new();
                for body in bodies.by_ref().take(WINDOW) {
                    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
                    let (name, body) = (DEAD_LETTER_QUEUE.into(), body.as_ref());
                    let sent = self.channel.basic_publish(
                        "".into(),
                        name,
                        options,
                        body,
                        properties.clone(),
                    );
                    confirms.push(sent.await?);
                }
                for confirm in confirms {
                    assert_eq!(confirm.await?, Confirmation::Ack(None), "it was not taken");
                }
                Ok(())
            })
            .unwrap_or_else(|e| panic!("publishing dead letters: {e}"));
        }
    }

    /// How many messages wait in a queue; those a consumer holds do not count.
    #[track_caller]
    pub fn depth(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        wait_for(async {
            self.channel.queue_declare(queue.into(), options, FieldTable::default()).await
        })
        .unwrap_or_else(|e| panic!("depth of {queue}: {e}"))
        .message_count()
    }

    /// Declares a queue that is this connection's alone, until the client is dropped.
    #[track_caller]
    pub fn declare_exclusive(&self, queue: &str) {
        let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
        wait_for(async {
            self.channel.queue_declare(queue.into(), options, FieldTable::default()).await
        })
        .unwrap_or_else(|e| panic!("declaring {queue}: {e}"));
    }

    /// Takes a message out of a queue.
    #[track_caller]
    pub fn take(&self, queue: &str) -> Option<Letter> {
        wait_for(async {
            let got = self.channel.basic_get(queue.into(), BasicGetOptions::default()).await?;
            let Some(BasicGetMessage { delivery, .. }) = got else {
                return Ok(None);
            };
            delivery.ack(BasicAckOptions::default()).await?;
            let headers = delivery.properties.headers().clone().unwrap_or_default();
            let headers = headers
                .inner()
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect();
            Ok(Some(Letter { headers, body: delivery.data }))
        })
        .unwrap_or_else(|e| panic!("reading {queue}: {e}"))
    }

    /// Takes all dead letters there are.
    #[track_caller]
    pub fn take_dead_letters(&self) -> Vec<Letter> {
        std::iter::from_fn(|| self.take(DEAD_LETTER_QUEUE)).collect()
    }
}

fn text(value: &AMQPValue) -> String {
    match value {
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        AMQPValue::ShortString(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}

fn wait_for<T>(work: impl Future<Output = lapin::Result<T>>) -> Result<T, String> {
    runtime().block_on(async {
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(e)) => Err(e.to_string()),
            Err(_) => Err(format!("no answer from the broker for {PATIENCE:?}")),
        }
    })
}
