//! A broker in the process: a bounded channel per queue. Who publishes waits until the message is
//! acknowledged, so that "confirmed" means "stored", as with the real one; nothing outlives the
//! process, but nothing was promised either.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::wire::format_time;
use domain::{Instant, SharedClock};
use futures_util::StreamExt;
use futures_util::stream;
use redb::{Database, TableDefinition};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use super::dead_letters::{DeadLetter, DeadLetters, Handled, LOOKED_AT_MAX, Which, queue_named};
use super::topology::DELIVERY_LIMIT;
use super::{
    Broker, BrokerError, Consumed, Delivery, Event, Message, PublishError, Publisher, Queue, Tag,
};
use crate::storage::{DatabaseFile, DatabaseOptions, Failure, OpenError, mark_erased};

/// Dead letters by number: queue, reason, when, the message.
const DEAD_LETTERS: TableDefinition<'_, u64, (&str, &str, &str, &[u8])> =
    TableDefinition::new("dead_letters");

/// Dead letters that are in hand at a time. Bodies are 64 KiB at most, larger ones are refused at the
/// door.
const PAGE: usize = 200;
/// Page cache: dead letters are few, and seldom looked at.
const CACHE_BYTES: usize = 4 << 20;

/// A message under way, and who waits for it.
struct UnderWay {
    body: Bytes,
    /// Answered when the message is stored or among the dead letters; dropped when it is lost.
    stored: oneshot::Sender<()>,
    /// How often it came back.
    returned: i64,
}

/// The publishing side: confirms a message once it is stored. Clones are one.
#[derive(Clone)]
pub struct EmbeddedPublisher(Arc<HashMap<&'static str, mpsc::Sender<UnderWay>>>);

#[async_trait]
impl Publisher for EmbeddedPublisher {
    async fn publish(&self, message: &Message) -> Result<(), PublishError> {
        let (stored, confirmed) = oneshot::channel();
        let queue = self.0.get(message.queue).ok_or(PublishError::NoQueue(message.queue))?;
        let message = UnderWay { body: message.body.clone(), stored, returned: 0 };
        queue.send(message).await.map_err(|_| PublishError::Away)?;
        confirmed.await.map_err(|_| PublishError::Away)
    }
}

/// See the module.
pub struct EmbeddedBroker {
    publisher: EmbeddedPublisher,
    /// Taken by [`Broker::consume`], once each.
    receivers: RefCell<HashMap<&'static str, mpsc::Receiver<UnderWay>>>,
    dead_letters: Arc<DatabaseFile>,
    clock: SharedClock,
    prefetch: usize,
}

impl EmbeddedBroker {
    /// `capacity` messages wait per queue, `prefetch` are under way; dead letters go into the
    /// file `dead_letters`.
    pub fn open(
        queues: &[&'static str],
        dead_letters: &Path,
        capacity: usize,
        prefetch: usize,
        clock: SharedClock,
    ) -> Result<Self, OpenError> {
        let file = DatabaseFile::open(DatabaseOptions {
            path: dead_letters.to_owned(),
            cache_bytes: CACHE_BYTES,
            prepare: |write| write.open_table(DEAD_LETTERS).map(drop),
            holds: "the dead letters",
        })?;
        let channels = queues.iter().map(|queue| (*queue, mpsc::channel(capacity)));
        let (senders, receivers) = channels
            .map(|(queue, (sender, receiver))| ((queue, sender), (queue, receiver)))
            .unzip();
        Ok(Self {
            publisher: EmbeddedPublisher(Arc::new(senders)),
            receivers: RefCell::new(receivers),
            dead_letters: file,
            clock,
            prefetch,
        })
    }

    /// The file of the dead letters, to see how it does.
    pub fn file(&self) -> Arc<DatabaseFile> {
        Arc::clone(&self.dead_letters)
    }

    /// The way in.
    pub fn publisher(&self) -> EmbeddedPublisher {
        self.publisher.clone()
    }
}

#[async_trait(?Send)]
impl Broker for EmbeddedBroker {
    async fn prepare(&self) -> Result<(), BrokerError> {
        Ok(())
    }

    fn dead_letters(&self) -> Rc<dyn DeadLetters> {
        Rc::new(Shelf { file: Arc::clone(&self.dead_letters), publisher: self.publisher.clone() })
    }

    fn consume(&self, name: &'static str) -> Consumed {
        let receiver = self.receivers.borrow_mut().remove(name);
        let receiver = receiver.expect("each embedded queue has one consumer");
        let queue = Rc::new(EmbeddedQueue {
            name,
            waiting: self.publisher.0[name].clone(),
            receiver: Mutex::new(receiver),
            under_way: RefCell::default(),
            returned: RefCell::default(),
            delivered: Cell::new(0),
            depth_asked_at: Cell::new(None),
            changed: Notify::new(),
            cancelled: Cell::new(false),
            prefetch: self.prefetch,
            dead_letters: Arc::clone(&self.dead_letters),
            clock: Arc::clone(&self.clock),
        });
        let connected = stream::once(async { Event::Connected });
        let deliveries =
            stream::unfold(Rc::clone(&queue), |queue| async { Some((queue.next().await?, queue)) });
        (connected.chain(deliveries).boxed_local(), queue)
    }
}

struct EmbeddedQueue {
    name: &'static str,
    /// Kept to see how many wait.
    waiting: mpsc::Sender<UnderWay>,
    /// Only the stream receives; the lock is never contended.
    receiver: Mutex<mpsc::Receiver<UnderWay>>,
    /// Delivered, not acknowledged, by number.
    under_way: RefCell<BTreeMap<u64, UnderWay>>,
    /// Given back, to be delivered first.
    returned: RefCell<VecDeque<UnderWay>>,
    delivered: Cell<u64>,
    /// A question about the depth that was not answered yet.
    depth_asked_at: Cell<Option<Instant>>,
    /// Something was given back, acknowledged or cancelled.
    changed: Notify,
    cancelled: Cell<bool>,
    prefetch: usize,
    dead_letters: Arc<DatabaseFile>,
    clock: SharedClock,
}

impl EmbeddedQueue {
    async fn next(&self) -> Option<Event> {
        let mut receiver = self.receiver.lock().await;
        loop {
            let changed = self.changed.notified();
            if self.cancelled.get() {
                return None;
            }
            if let Some(asked_at) = self.depth_asked_at.take() {
                return Some(Event::Depth { waiting: self.depth(), asked_at });
            }
            if self.under_way.borrow().len() >= self.prefetch {
                changed.await;
                continue;
            }
            let returned = self.returned.borrow_mut().pop_front();
            if let Some(message) = returned {
                return Some(Event::Delivered(self.deliver(message)));
            }
            tokio::select! {
                biased;
                () = changed => {}
                message = receiver.recv() => {
                    return Some(Event::Delivered(self.deliver(message?)));
                }
            }
        }
    }

    fn depth(&self) -> u64 {
        let queued = self.waiting.max_capacity() - self.waiting.capacity();
        (queued + self.returned.borrow().len()) as u64
    }

    fn deliver(&self, message: UnderWay) -> Delivery {
        let number = self.delivered.get() + 1;
        self.delivered.set(number);
        let delivery = Delivery {
            tag: Tag { connection: 1, number },
            body: message.body.clone(),
            redelivered: message.returned > 0,
        };
        self.under_way.borrow_mut().insert(number, message);
        delivery
    }
}

#[async_trait(?Send)]
impl Queue for EmbeddedQueue {
    async fn acknowledge(&self, up_to: Tag) {
        let mut under_way = self.under_way.borrow_mut();
        let later = under_way.split_off(&(up_to.number + 1));
        for message in std::mem::replace(&mut *under_way, later).into_values() {
            // Who published may have gone.
            let _ = message.stored.send(());
        }
        self.changed.notify_one();
    }

    async fn give_back(&self, tag: Tag) {
        let message = self.under_way.borrow_mut().remove(&tag.number);
        let Some(mut message) = message else { return };
        message.returned += 1;
        if message.returned > DELIVERY_LIMIT
            && self.dead_letter(&message.body, "delivery_limit").await.is_ok()
        {
            let _ = message.stored.send(());
        } else {
            self.returned.borrow_mut().push_back(message);
        }
        self.changed.notify_one();
    }

    async fn dead_letter(&self, body: &[u8], reason: &str) -> Result<(), BrokerError> {
        let (queue, reason, body) = (self.name, reason.to_owned(), body.to_vec());
        let at = format_time(self.clock.now());
        let append = self.dead_letters.write(move |database| {
            let write = database.begin_write()?;
            {
                let mut letters = write.open_table(DEAD_LETTERS)?;
                let last = redb::ReadableTable::last(&letters)?.map_or(0, |(key, _)| key.value());
                letters.insert(last + 1, (queue, reason.as_str(), at.as_str(), body.as_slice()))?;
            }
            write.commit()?;
            Ok(())
        });
        append.await.map_err(failed)
    }

    fn ask_depth(&self, asked_at: Instant) {
        self.depth_asked_at.set(Some(asked_at));
        self.changed.notify_one();
    }

    async fn cancel(&self) {
        self.cancelled.set(true);
        self.changed.notify_one();
    }

    async fn close(&self) {
        self.under_way.borrow_mut().clear();
        self.returned.borrow_mut().clear();
    }
}

/// The dead letters in their file.
struct Shelf {
    file: Arc<DatabaseFile>,
    publisher: EmbeddedPublisher,
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it on")]
fn failed(reason: impl ToString) -> BrokerError {
    BrokerError::Unreachable { url: "embedded".into(), reason: reason.to_string() }
}

impl Shelf {
    /// The next letters behind that number, at most a page, up to `last`.
    async fn page(&self, behind: u64, last: u64) -> Result<Vec<(u64, DeadLetter)>, BrokerError> {
        let read = self.file.read(move |database| read(database, behind, last, PAGE));
        read.await.map_err(failed)
    }

    /// Takes them off in one step; answers how many were there.
    async fn remove(&self, numbers: Vec<u64>) -> Result<usize, BrokerError> {
        if numbers.is_empty() {
            return Ok(0);
        }
        let remove = self.file.write(move |database| {
            let write = database.begin_write()?;
            let mut removed = 0;
            {
                let mut letters = write.open_table(DEAD_LETTERS)?;
                for number in numbers {
                    removed += usize::from(letters.remove(number)?.is_some());
                }
            }
            mark_erased(&write)?;
            write.commit()?;
            Ok(removed)
        });
        remove.await.map_err(failed)
    }

    /// How many there are, and the number of the last.
    async fn extent(&self) -> Result<(usize, u64), BrokerError> {
        let extent = self.file.read(|database| {
            let letters = redb::ReadableDatabase::begin_read(database)?.open_table(DEAD_LETTERS)?;
            let there = redb::ReadableTableMetadata::len(&letters)?;
            let last = redb::ReadableTable::last(&letters)?.map_or(0, |(number, _)| number.value());
            Ok((usize::try_from(there).unwrap_or(usize::MAX), last))
        });
        extent.await.map_err(failed)
    }

    /// Goes along the letters that lie there now, page by page.
    async fn work(&self, which: &Which, replays: bool) -> Result<Handled, BrokerError> {
        let (_, last) = self.extent().await?;
        let mut handled = Handled::default();
        handled.stopped = self.work_along(last, which, replays, &mut handled).await.err();
        handled.left = self.extent().await.ok().map(|(there, _)| there);
        Ok(handled)
    }

    async fn work_along(
        &self,
        last: u64,
        which: &Which,
        replays: bool,
        handled: &mut Handled,
    ) -> Result<(), BrokerError> {
        let mut behind = 0;
        loop {
            let page = self.page(behind, last).await?;
            let Some((end, _)) = page.last() else { return Ok(()) };
            behind = *end;
            let meant = page.into_iter().filter(|(_, letter)| which.is(&letter.id));
            let (gone, outcome) = if replays {
                let homed = meant.filter_map(|(number, letter)| {
                    // There are no others here than those of the observations.
                    let queue = letter.from.filter(|queue| self.publisher.0.contains_key(queue));
                    handled.homeless += usize::from(queue.is_none());
                    Some((number, Message { queue: queue?, id: None, body: letter.body }))
                });
                self.publish(homed.collect()).await
            } else {
                (meant.map(|(number, _)| number).collect(), Ok(()))
            };
            handled.done += self.remove(gone).await?;
            outcome?;
        }
    }

    /// Publishes them; answers which are stored.
    async fn publish(&self, letters: Vec<(u64, Message)>) -> (Vec<u64>, Result<(), BrokerError>) {
        let under_way = letters.into_iter().map(|(number, letter)| async move {
            self.publisher.publish(&letter).await.map(|()| number)
        });
        let mut stored = Vec::new();
        let mut outcome = Ok(());
        // All together: each answers when it is stored, and those that wait together are stored
        // together.
        for answer in futures_util::future::join_all(under_way).await {
            match answer {
                Ok(number) => stored.push(number),
                Err(e) => outcome = Err(failed(e)),
            }
        }
        (stored, outcome)
    }
}

#[async_trait(?Send)]
impl DeadLetters for Shelf {
    async fn look(&self, see: &mut dyn FnMut(DeadLetter)) -> Result<usize, BrokerError> {
        // Of an earlier process, too.
        self.file.scrub_erased();
        let (there, last) = self.extent().await?;
        let (mut behind, mut seen) = (0, 0);
        while seen < LOOKED_AT_MAX {
            let page = self.page(behind, last).await?;
            let Some((end, _)) = page.last() else { break };
            behind = *end;
            for (_, letter) in page.into_iter().take(LOOKED_AT_MAX - seen) {
                see(letter);
                seen += 1;
            }
        }
        Ok(there)
    }

    async fn waiting(&self) -> Result<u64, BrokerError> {
        let count = |database: &Database| {
            let table = redb::ReadableDatabase::begin_read(database)?.open_table(DEAD_LETTERS)?;
            Ok(redb::ReadableTableMetadata::len(&table)?)
        };
        self.file.read(count).await.map_err(failed)
    }

    async fn replay(&self, which: &Which) -> Result<Handled, BrokerError> {
        self.work(which, true).await
    }

    async fn discard(&self, which: &Which) -> Result<Handled, BrokerError> {
        let handled = self.work(which, false).await;
        self.file.scrub_erased();
        handled
    }
}

/// The letters behind one number up to another, at most so many.
fn read(
    database: &Database,
    behind: u64,
    last: u64,
    at_most: usize,
) -> Result<Vec<(u64, DeadLetter)>, Failure> {
    let table = redb::ReadableDatabase::begin_read(database)?.open_table(DEAD_LETTERS)?;
    let mut letters = Vec::new();
    if behind >= last {
        return Ok(letters);
    }
    for entry in redb::ReadableTable::range(&table, behind + 1..=last)?.take(at_most) {
        let (number, letter) = entry?;
        let (queue, reason, at, body) = letter.value();
        let letter = DeadLetter {
            id: number.value().to_string(),
            from: queue_named(queue),
            reason: reason.to_owned(),
            at: at.to_owned(),
            body: Bytes::copy_from_slice(body),
        };
        letters.push((number.value(), letter));
    }
    Ok(letters)
}

/// The dead letters in a file that no broker has open.
pub fn read_dead_letters(path: &Path) -> Result<Vec<DeadLetter>, Failure> {
    let database = Database::open(path)?;
    let letters = read(&database, 0, u64::MAX, usize::MAX)?;
    Ok(letters.into_iter().map(|(_, letter)| letter).collect())
}
