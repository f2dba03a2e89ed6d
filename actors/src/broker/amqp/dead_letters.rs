//! The dead letters in RabbitMQ: [`Publisher`] puts them there, [`Shelf`] lets a person look at
//! them, replay and discard them.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use domain::SharedClock;
use domain::wire::{
    DEAD_LETTER_QUEUE, QUEUE_HEADER, REASON_HEADER, REFUSED_AT_HEADER, format_time,
};
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::Mutex;
use tokio::time::timeout;
use uuid::{Uuid, uuid};

use super::waiting::Waiting;
use super::{PATIENCE, PERSISTENT, Server};
use crate::broker::BrokerError;
use crate::broker::dead_letters::{
    DeadLetter, DeadLetters, Handled, LOOKED_AT_MAX, Which, queue_named, sort,
};
use crate::failpoint::die_at;

/// Headers of a letter that the broker itself put there.
const BROKERS_QUEUE_HEADER: &str = "x-first-death-queue";
const BROKERS_REASON_HEADER: &str = "x-first-death-reason";
const BROKERS_DEATHS_HEADER: &str = "x-death";

/// Names the ids of dead letters.
const ID_NAMESPACE: Uuid = uuid!("b0b1d1f4-6d6c-4f0a-9f0d-3d7d6a8f2c11");

/// Letters replayed before their confirms are awaited.
const WINDOW: usize = 200;
/// A delivery that does not come for this long does not come: another look has it.
const NEXT_WITHIN: Duration = Duration::from_secs(1);
/// Longest wait for the letters to be back in their queue; somebody else may have taken some.
const BACK_WITHIN: Duration = Duration::from_secs(2);
const BACK_POLL: Duration = Duration::from_millis(5);

/// Publishes what can never be processed.
pub(super) struct Publisher {
    server: Rc<Server>,
    clock: SharedClock,
    /// Opened by the first dead letter, and again after a failure.
    channel: Mutex<Option<Arc<(Connection, Channel)>>>,
}

impl Publisher {
    pub(super) fn new(server: Rc<Server>, clock: SharedClock) -> Self {
        Self { server, clock, channel: Mutex::new(None) }
    }

    pub(super) async fn publish(
        &self,
        queue: &str,
        body: &[u8],
        reason: &str,
    ) -> Result<(), BrokerError> {
        let link = self.link().await?;
        let mut headers = FieldTable::default();
        let refused_at = format_time(self.clock.now());
        for (name, value) in
            [(REASON_HEADER, reason), (QUEUE_HEADER, queue), (REFUSED_AT_HEADER, &refused_at)]
        {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        let properties =
            BasicProperties::default().with_delivery_mode(PERSISTENT).with_headers(headers);
        let published = publish(&link.1, DEAD_LETTER_QUEUE, body, properties);
        let outcome = match timeout(PATIENCE, published).await {
            Ok(Ok(confirm)) => match timeout(PATIENCE, confirm).await {
                Ok(confirmed) => self.server.taken(confirmed),
                Err(_) => Err(self.server.unreachable(&"dead letter not confirmed within 10 s")),
            },
            Ok(Err(e)) => Err(self.server.explain(&e)),
            Err(_) => Err(self.server.unreachable(&"dead letter not sent within 10 s")),
        };
        if outcome.is_err() {
            *self.channel.lock().await = None;
        }
        outcome
    }

    async fn link(&self) -> Result<Arc<(Connection, Channel)>, BrokerError> {
        let mut link = self.channel.lock().await;
        if let Some(link) = &*link {
            return Ok(Arc::clone(link));
        }
        let fresh = Arc::new(open(&self.server, "dead letters").await?);
        *link = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    pub(super) async fn close(&self) {
        if let Some(link) = self.channel.lock().await.take() {
            let _ = timeout(PATIENCE, link.0.close(200, "stopping".into())).await;
        }
    }
}

/// A connection and a channel that confirms.
async fn open(server: &Server, name: &str) -> Result<(Connection, Channel), BrokerError> {
    let connection = server.connect(name).await?;
    server.declare(&connection).await?;
    let opened = async {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok::<_, lapin::Error>(channel)
    };
    let channel = match timeout(PATIENCE, opened).await {
        Ok(channel) => channel.map_err(|e| server.explain(&e))?,
        Err(_) => return Err(server.unreachable(&"no channel within 10 s")),
    };
    Ok((connection, channel))
}

async fn publish(
    channel: &Channel,
    queue: &str,
    body: &[u8],
    properties: BasicProperties,
) -> lapin::Result<impl Future<Output = lapin::Result<Confirmation>>> {
    // A message that finds no queue comes back instead of vanishing.
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    channel.basic_publish(ShortString::default(), queue.into(), options, body, properties).await
}

impl Server {
    /// Whether a published message is in its queue.
    fn taken(&self, confirmed: lapin::Result<Confirmation>) -> Result<(), BrokerError> {
        match confirmed {
            // Without a message inside: a returned one found no queue.
            Ok(Confirmation::Ack(None)) => Ok(()),
            Ok(other) => Err(self.unreachable(&format!("message not taken: {other:?}"))),
            Err(e) => Err(self.explain(&e)),
        }
    }
}

/// Looks at the dead letters: takes them without acknowledging, and lets go. The queue's delivery
/// limit is far away (see [`topology`](crate::broker::topology)), for each look counts as one.
pub(super) struct Shelf {
    server: Rc<Server>,
    waiting: Waiting,
}

/// A connection that holds the dead letters; with its end those that were not acknowledged go back.
struct Look {
    connection: Connection,
    channel: Channel,
    letters: Vec<(DeadLetter, Delivery)>,
}

impl Shelf {
    pub(super) fn new(server: Rc<Server>) -> Self {
        Self { waiting: Waiting::new(Rc::clone(&server)), server }
    }

    async fn look(&self) -> Result<Look, BrokerError> {
        let (connection, channel) = open(&self.server, "dead letters, looked at").await?;
        match self.take(&channel).await {
            Ok(letters) => Ok(Look { connection, channel, letters }),
            Err(e) => {
                let _ = timeout(PATIENCE, connection.close(200, "not looked at".into())).await;
                Err(e)
            }
        }
    }

    async fn take(&self, channel: &Channel) -> Result<Vec<(DeadLetter, Delivery)>, BrokerError> {
        let consuming = async {
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            let queue =
                channel.queue_declare(DEAD_LETTER_QUEUE.into(), passive, FieldTable::default());
            let waiting = usize::try_from(queue.await?.message_count()).unwrap_or(usize::MAX);
            let wanted = u16::try_from(waiting.min(LOOKED_AT_MAX)).unwrap_or(u16::MAX);
            if wanted == 0 {
                return Ok((None, 0));
            }
            channel.basic_qos(wanted, BasicQosOptions::default()).await?;
            let consumer = channel
                .basic_consume(
                    DEAD_LETTER_QUEUE.into(),
                    "carpark-look".into(),
                    BasicConsumeOptions::default(),
                    FieldTable::default(),
                )
                .await?;
            Ok::<_, lapin::Error>((Some(consumer), usize::from(wanted)))
        };
        let (consumer, wanted) = match timeout(PATIENCE, consuming).await {
            Ok(consuming) => consuming.map_err(|e| self.server.explain(&e))?,
            Err(_) => return Err(self.server.unreachable(&"looking took over 10 s")),
        };
        let mut letters = Vec::with_capacity(wanted);
        if let Some(mut consumer) = consumer {
            while letters.len() < wanted
                && let Ok(Some(delivery)) = timeout(NEXT_WITHIN, consumer.next()).await
            {
                let delivery = delivery.map_err(|e| self.server.explain(&e))?;
                letters.push((read(&delivery), delivery));
            }
        }
        Ok(letters)
    }

    /// Publishes those that are meant, and takes off the shelf what is confirmed.
    async fn replay_some(&self, look: &Look, which: &Which) -> Result<Handled, BrokerError> {
        let mut handled = Handled::default();
        let mut meant = look.letters.iter().filter(|(letter, _)| which.is(&letter.id));
        loop {
            let mut under_way = Vec::with_capacity(WINDOW);
            for (letter, delivery) in meant.by_ref().take(WINDOW) {
                let Some(queue) = letter.from else {
                    handled.homeless += 1;
                    continue;
                };
                let mut properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
                if let Some(id) = delivery.properties.message_id() {
                    properties = properties.with_message_id(id.clone());
                }
                let confirm = publish(&look.channel, queue, &letter.body, properties);
                under_way.push((confirm.await.map_err(|e| self.server.explain(&e))?, delivery));
            }
            if under_way.is_empty() {
                return Ok(handled);
            }
            for (confirm, delivery) in under_way {
                match timeout(PATIENCE, confirm).await {
                    Ok(confirmed) => self.server.taken(confirmed)?,
                    Err(_) => return Err(self.server.unreachable(&"not confirmed within 10 s")),
                }
                die_at!("replay_confirmed");
                let taken = delivery.ack(BasicAckOptions::default()).await;
                taken.map_err(|e| self.server.explain(&e))?;
                handled.done += 1;
            }
        }
    }

    async fn discard_some(&self, look: &Look, which: &Which) -> Result<Handled, BrokerError> {
        let mut handled = Handled::default();
        for (_, delivery) in look.letters.iter().filter(|(letter, _)| which.is(&letter.id)) {
            let taken = delivery.ack(BasicAckOptions::default()).await;
            taken.map_err(|e| self.server.explain(&e))?;
            handled.done += 1;
        }
        Ok(handled)
    }
}

impl Look {
    /// What was not acknowledged goes back; what was is gone when this returns. The queue takes back
    /// in its own time, and the next look must not find it empty.
    async fn end(self, taken_off: usize) {
        let _ = timeout(PATIENCE, self.channel.close(200, "looked at".into())).await;
        let goes_back = self.letters.len() - taken_off;
        let _ = timeout(BACK_WITHIN, self.is_back(goes_back)).await;
        let _ = timeout(PATIENCE, self.connection.close(200, "looked at".into())).await;
    }

    /// Waits until so many letters wait in the queue.
    async fn is_back(&self, letters: usize) -> lapin::Result<()> {
        let channel = self.connection.create_channel().await?;
        loop {
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            let queue = channel
                .queue_declare(DEAD_LETTER_QUEUE.into(), passive, FieldTable::default())
                .await?;
            if usize::try_from(queue.message_count()).unwrap_or(usize::MAX) >= letters {
                return Ok(());
            }
            tokio::time::sleep(BACK_POLL).await;
        }
    }
}

#[async_trait(?Send)]
impl DeadLetters for Shelf {
    async fn list(&self) -> Result<Vec<DeadLetter>, BrokerError> {
        let look = self.look().await?;
        let mut letters: Vec<DeadLetter> =
            look.letters.iter().map(|(letter, _)| letter.clone()).collect();
        look.end(0).await;
        sort(&mut letters);
        Ok(letters)
    }

    async fn waiting(&self) -> Result<u64, BrokerError> {
        self.waiting.count().await
    }

    async fn replay(&self, which: &Which) -> Result<Handled, BrokerError> {
        let look = self.look().await?;
        let handled = self.replay_some(&look, which).await;
        look.end(handled.as_ref().map_or(0, |handled| handled.done)).await;
        handled
    }

    async fn discard(&self, which: &Which) -> Result<Handled, BrokerError> {
        let look = self.look().await?;
        let handled = self.discard_some(&look, which).await;
        look.end(handled.as_ref().map_or(0, |handled| handled.done)).await;
        handled
    }
}

/// A dead letter, put there by carpark or by the broker itself.
fn read(delivery: &Delivery) -> DeadLetter {
    let none = FieldTable::default();
    let headers = delivery.properties.headers().as_ref().unwrap_or(&none);
    let text = |names: [&str; 2]| {
        names.iter().find_map(|name| text_of(headers.inner().get(*name)?)).unwrap_or_default()
    };
    let queue = text([QUEUE_HEADER, BROKERS_QUEUE_HEADER]);
    let reason = text([REASON_HEADER, BROKERS_REASON_HEADER]);
    let at = headers
        .inner()
        .get(REFUSED_AT_HEADER)
        .and_then(text_of)
        .or_else(|| died_at(headers))
        .unwrap_or_default();
    let mut name = [queue.as_bytes(), reason.as_bytes(), at.as_bytes()].join(&b'\n');
    name.push(b'\n');
    name.extend_from_slice(&delivery.data);
    DeadLetter {
        id: Uuid::new_v5(&ID_NAMESPACE, &name).simple().to_string(),
        from: queue_named(&queue),
        reason,
        at,
        body: Bytes::copy_from_slice(&delivery.data),
    }
}

fn text_of(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

/// When the broker gave it up, from the newest entry of its list of deaths.
fn died_at(headers: &FieldTable) -> Option<String> {
    let AMQPValue::FieldArray(deaths) = headers.inner().get(BROKERS_DEATHS_HEADER)? else {
        return None;
    };
    let AMQPValue::FieldTable(newest) = deaths.as_slice().first()? else { return None };
    let AMQPValue::Timestamp(seconds) = newest.inner().get("time")? else { return None };
    let at = DateTime::from_timestamp(i64::try_from(*seconds).ok()?, 0)?;
    Some(format_time(at))
}
