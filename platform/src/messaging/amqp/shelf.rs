//! The dead letters in RabbitMQ, for a person: [`Shelf`] shows, replays and discards them. A
//! [`Walk`] goes along them page by page.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use domain::wire::{
    DEAD_LETTER_QUEUE, QUEUE_HEADER, REASON_HEADER, REFUSED_AT_HEADER, format_time,
};
use futures_util::StreamExt;
use futures_util::future::join_all;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::time::timeout;
use uuid::{Uuid, uuid};

use super::turn::give_up;
use super::waiting::{Waiting, waiting_in};
use super::{AmqpPublisher, PATIENCE, PublisherOptions, Server};
use crate::messaging::dead_letters::{
    DeadLetter, DeadLetters, HOMES, Handled, LOOKED_AT_MAX, Which, queue_named,
};
use crate::messaging::{BrokerError, Message, PublishError, Publisher as _};
use crate::runtime::failpoint::die_at;

/// Headers of a letter that the broker itself put there.
const BROKERS_QUEUE_HEADER: &str = "x-first-death-queue";
const BROKERS_REASON_HEADER: &str = "x-first-death-reason";
const BROKERS_DEATHS_HEADER: &str = "x-death";

/// Names the ids of dead letters.
const ID_NAMESPACE: Uuid = uuid!("b0b1d1f4-6d6c-4f0a-9f0d-3d7d6a8f2c11");

/// Letters of the first page: nobody knows yet how large they are.
const PAGE_FIRST: usize = 16;
/// Most letters of a page.
const PAGE_MAX: usize = 500;
/// What a page is to have at most, by the size of those before it.
const PAGE_BYTES: usize = 4 << 20;
/// A delivery that does not come for this long does not come: somebody else's program has it.
const NEXT_WITHIN: Duration = Duration::from_secs(1);
/// Longest wait for the letters to be back in their queue; somebody else may have taken some.
const BACK_WITHIN: Duration = Duration::from_secs(2);
const BACK_POLL: Duration = Duration::from_millis(5);
/// Longest wait for a goodbye.
const CLOSED_WITHIN: Duration = Duration::from_secs(1);

/// See the module. Letters are taken without acknowledging, and let go. The queue's delivery limit
/// is far away (see [`topology`](crate::messaging::topology)), for each look counts as one.
pub(super) struct Shelf {
    server: Server,
    /// For who asks only how many there are.
    waiting: Waiting,
}

/// What is done to a letter.
enum Work {
    /// By this publisher, which has a connection of its own: the broker may block one that publishes,
    /// and what was confirmed is to be taken off all the same.
    Replay(AmqpPublisher),
    Discard,
}

impl Shelf {
    pub(super) fn new(server: Server) -> Self {
        Self { waiting: Waiting::new(server.clone()), server }
    }

    async fn work(&self, which: &Which, work: Work) -> Result<Handled, BrokerError> {
        let mut walk = Walk::begin(&self.server, *which != Which::All).await?;
        let mut handled = Handled::default();
        let worked = self.work_along(&mut walk, which, &work, &mut handled).await;
        let confirmed = walk.confirm().await;
        handled.stopped = worked.and(confirmed).err();
        handled.left = walk.end().await;
        Ok(handled)
    }

    async fn work_along(
        &self,
        walk: &mut Walk<'_>,
        which: &Which,
        work: &Work,
        handled: &mut Handled,
    ) -> Result<(), BrokerError> {
        while let Some(page) = walk.next().await? {
            let meant = page.iter().filter(|taken| which.is(&taken.letter.id));
            let (gone, outcome) = match work {
                Work::Discard => (meant.map(|taken| taken.tag).collect(), Ok(())),
                Work::Replay(publisher) => {
                    let (homed, homeless): (Vec<&Taken>, Vec<&Taken>) =
                        meant.partition(|taken| taken.letter.from.is_some());
                    handled.homeless += homeless.len();
                    self.replay_page(publisher, &homed).await
                }
            };
            walk.let_go(&gone).await?;
            handled.done += gone.len();
            outcome?;
        }
        Ok(())
    }

    /// Publishes them; answers which are confirmed, and what stopped it.
    async fn replay_page(
        &self,
        publisher: &AmqpPublisher,
        page: &[&Taken],
    ) -> (Vec<u64>, Result<(), BrokerError>) {
        let under_way = page.iter().filter_map(|taken| {
            let (queue, letter) = (taken.letter.from?, &taken.letter);
            let id = taken.message_id.as_ref().map(ToString::to_string);
            let message = Message { queue, id, body: letter.body.clone() };
            Some(async move {
                publisher.publish(&message).await?;
                die_at!("replay_confirmed");
                Ok::<_, PublishError>(taken.tag)
            })
        });
        let (mut confirmed, mut outcome) = (Vec::with_capacity(page.len()), Ok(()));
        // All of them together: what is confirmed beside one that is not has to be taken off.
        for answer in join_all(under_way).await {
            match answer {
                Ok(tag) => confirmed.push(tag),
                Err(e) => outcome = outcome.and(Err(self.server.unreachable(&e))),
            }
        }
        (confirmed, outcome)
    }
}

#[async_trait(?Send)]
impl DeadLetters for Shelf {
    async fn waiting(&self) -> Result<u64, BrokerError> {
        self.waiting.count().await
    }

    async fn look(&self, see: &mut dyn FnMut(DeadLetter)) -> Result<usize, BrokerError> {
        let mut walk = Walk::begin(&self.server, true).await?;
        let there = walk.ahead;
        walk.ahead = there.min(LOOKED_AT_MAX);
        let seen = loop {
            match walk.next().await {
                Ok(Some(page)) => page.into_iter().for_each(|taken| see(taken.letter)),
                Ok(None) => break Ok(()),
                Err(e) => break Err(e),
            }
        };
        walk.end().await;
        seen.map(|()| there)
    }

    async fn replay(&self, which: &Which) -> Result<Handled, BrokerError> {
        let options = PublisherOptions::new("carpark dead letters, replayed");
        let publisher = AmqpPublisher::start(self.server.clone(), &options, &HOMES);
        publisher.wait_ready(PATIENCE).await.map_err(|e| self.server.unreachable(&e))?;
        self.work(which, Work::Replay(publisher)).await
    }

    async fn discard(&self, which: &Which) -> Result<Handled, BrokerError> {
        self.work(which, Work::Discard).await
    }
}

/// A letter that a walk holds.
struct Taken {
    letter: DeadLetter,
    tag: u64,
    message_id: Option<ShortString>,
}

/// A connection that takes the dead letters page by page; with its end those that it was not told
/// to let go are back in their queue. There is one at a time ([`turn`](super::turn)).
///
/// A quorum queue's client in RabbitMQ has 32 settlements under way, keeps the others to itself, and
/// drops them when the channel ends. So acknowledgements are gathered in a transaction, which makes
/// one settlement of them. Each page has a consumer of its own, which is cancelled before anything
/// is let go: one that goes on would be given the next letters for those. A queue begins with a
/// consumer when it has done all that was asked before: this confirms what was let go.
struct Walk<'s> {
    server: &'s Server,
    connection: Connection,
    /// In transactions.
    channel: Channel,
    /// Letters that lay there at the beginning and are not taken yet: what comes meanwhile, such as
    /// a replayed one that is refused again, is not walked to.
    ahead: usize,
    /// Taken and not let go: they stay with the broker, and cost no memory here.
    held: usize,
    /// Letters of the next page.
    page: usize,
    consumers: usize,
    /// Whether something was let go that the queue has not confirmed.
    is_open: bool,
    /// How many of one name were seen: letters that say the same, refused at the same moment, are
    /// told apart by a number. `None` where nobody asks for names.
    twins: Option<HashMap<u128, u32>>,
}

impl<'s> Walk<'s> {
    async fn begin(server: &'s Server, has_names: bool) -> Result<Self, BrokerError> {
        let connection = server.connect("carpark dead letters, looked at").await?;
        let opening = async {
            server.declare(&connection).await?;
            server.take_turn(&connection).await?;
            let opened = async {
                let channel = connection.create_channel().await?;
                channel.tx_select().await?;
                let ahead = waiting(&channel).await?;
                Ok::<_, lapin::Error>((channel, ahead))
            };
            server.within(PATIENCE, opened, "looking").await
        };
        match opening.await {
            Ok((channel, ahead)) => Ok(Self {
                server,
                connection,
                channel,
                ahead,
                held: 0,
                page: PAGE_FIRST,
                consumers: 0,
                is_open: false,
                twins: has_names.then(HashMap::new),
            }),
            Err(e) => {
                let closed = connection.close(200, "not looked at".into());
                let _ = timeout(CLOSED_WITHIN, closed).await;
                Err(e)
            }
        }
    }

    /// The next page; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<Taken>>, BrokerError> {
        let wanted = self.page.min(self.ahead);
        if wanted == 0 {
            return Ok(None);
        }
        let mut consumer = self.consume(wanted).await?;
        let mut page = Vec::with_capacity(wanted);
        while page.len() < wanted
            && let Ok(Some(delivery)) = timeout(NEXT_WITHIN, consumer.next()).await
        {
            page.push(read(delivery.map_err(|e| self.server.explain(&e))?, self.twins.as_mut()));
        }
        let late = self.cancel(consumer).await?;
        let has_all = page.len() == wanted;
        self.ahead = if has_all { self.ahead - wanted } else { 0 };
        self.held += page.len() + late;
        if page.is_empty() {
            return Ok(None);
        }
        let bytes: usize = page.iter().map(|taken| taken.letter.body.len()).sum();
        let mean = bytes.div_ceil(page.len()).max(1);
        self.page = (PAGE_BYTES / mean).clamp(1, PAGE_MAX);
        Ok(Some(page))
    }

    /// Takes letters of the page in hand off the shelf; [`Walk::next`] or [`Walk::confirm`] confirms
    /// it.
    async fn let_go(&mut self, tags: &[u64]) -> Result<(), BrokerError> {
        if tags.is_empty() {
            return Ok(());
        }
        let committing = async {
            for tag in tags {
                self.channel.basic_ack(*tag, BasicAckOptions::default()).await?;
            }
            self.channel.tx_commit().await
        };
        self.server.within(PATIENCE, committing, "taking dead letters off").await?;
        self.is_open = true;
        self.held -= tags.len();
        Ok(())
    }

    /// What was let go is gone when this returns.
    async fn confirm(&mut self) -> Result<(), BrokerError> {
        if self.is_open {
            let consumer = self.consume(1).await?;
            // What it was given goes back with all that is held.
            self.held += self.cancel(consumer).await?;
        }
        Ok(())
    }

    /// A consumer that is given so many letters.
    async fn consume(&mut self, letters: usize) -> Result<Consumer, BrokerError> {
        let prefetch = u16::try_from(letters).unwrap_or(u16::MAX);
        let name = format!("carpark-look-{}", self.consumers);
        let consuming = async {
            self.channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
            let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
            self.channel.basic_consume(DEAD_LETTER_QUEUE.into(), name.into(), options, none).await
        };
        let consumer = self.server.within(PATIENCE, consuming, "looking").await?;
        self.consumers += 1;
        self.is_open = false;
        Ok(consumer)
    }

    /// Answers how many letters it was given that nobody has looked at.
    async fn cancel(&self, mut consumer: Consumer) -> Result<usize, BrokerError> {
        let cancel = self.channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
        self.server.within(PATIENCE, cancel, "looking").await?;
        let mut given = 0;
        // It ends, now that it is cancelled.
        while let Ok(Some(Ok(_))) = timeout(CLOSED_WITHIN, consumer.next()).await {
            given += 1;
        }
        Ok(given)
    }

    /// What was not let go goes back, and is there when this returns, unless somebody else took it:
    /// the next look must not find the queue empty. Answers how many lie there.
    async fn end(self) -> Option<usize> {
        let mut there = None;
        let counting = async {
            let channel = self.connection.create_channel().await?;
            // Of those that wait already nobody takes one, unless another looks.
            let all = waiting(&channel).await? + self.held;
            self.channel.close(200, "looked at".into()).await?;
            loop {
                let now = waiting(&channel).await?;
                there = Some(now);
                if now >= all {
                    return Ok::<_, lapin::Error>(());
                }
                tokio::time::sleep(BACK_POLL).await;
            }
        };
        let _ = timeout(BACK_WITHIN, counting).await;
        let _ = timeout(CLOSED_WITHIN, give_up(&self.connection)).await;
        let _ = timeout(CLOSED_WITHIN, self.connection.close(200, "looked at".into())).await;
        there
    }
}

/// How many letters wait in their queue.
async fn waiting(channel: &Channel) -> lapin::Result<usize> {
    let letters = waiting_in(channel, DEAD_LETTER_QUEUE).await?;
    Ok(usize::try_from(letters).unwrap_or(usize::MAX))
}

/// A dead letter, put there by carpark or by the broker itself.
fn read(delivery: Delivery, twins: Option<&mut HashMap<u128, u32>>) -> Taken {
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
    let name = Uuid::new_v5(&ID_NAMESPACE, &name);
    let mut id = name.simple().to_string();
    if let Some(twins) = twins {
        let number = twins.entry(name.as_u128()).or_insert(0);
        *number += 1;
        if *number > 1 {
            id = format!("{id}-{number}");
        }
    }
    let letter =
        DeadLetter { id, from: queue_named(&queue), reason, at, body: Bytes::from(delivery.data) };
    let message_id = delivery.properties.message_id().clone();
    Taken { letter, tag: delivery.delivery_tag, message_id }
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
