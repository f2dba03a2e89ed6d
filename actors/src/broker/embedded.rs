//! A broker in the process: a bounded channel per queue. Who publishes waits until the message is
//! acknowledged, so that "confirmed" means "stored", as with the real one; nothing outlives the
//! process, but nothing was promised either.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::wire::format_time;
use domain::{Instant, Kind, SharedClock};
use futures_util::StreamExt;
use futures_util::stream::{self, LocalBoxStream};
use redb::{Database, TableDefinition};
use service::{Scrubber, mark_erased, scrub_erased};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use super::amqp::queue_name;
use super::dead_letters::{
    DeadLetter, DeadLetters, Handled, LOOKED_AT_MAX, Which, queue_named, sort,
};
use super::topology::DELIVERY_LIMIT;
use super::{Broker, BrokerError, Delivery, Event, Queue, Tag};

/// Dead letters by number: queue, reason, when, the message.
const DEAD_LETTERS: TableDefinition<'_, u64, (&str, &str, &str, &[u8])> =
    TableDefinition::new("dead_letters");

/// A message under way, and who waits for it.
struct Message {
    body: Bytes,
    /// Answered when the message is stored or among the dead letters; dropped when it is lost.
    stored: oneshot::Sender<()>,
    /// How often it came back.
    returned: i64,
}

/// The publishing side.
#[derive(Clone)]
pub struct EmbeddedPublisher {
    entries: mpsc::Sender<Message>,
    exits: mpsc::Sender<Message>,
}

/// The embedded broker is going down; the message was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the embedded broker has stopped; the message was not stored")]
pub struct NotStored;

impl EmbeddedPublisher {
    /// Publishes and waits until the message is stored.
    pub async fn publish(&self, kind: Kind, body: impl Into<Bytes>) -> Result<(), NotStored> {
        let (stored, confirmed) = oneshot::channel();
        let queue = match kind {
            Kind::Entry => &self.entries,
            Kind::Exit => &self.exits,
        };
        let message = Message { body: body.into(), stored, returned: 0 };
        queue.send(message).await.map_err(|_| NotStored)?;
        confirmed.await.map_err(|_| NotStored)
    }
}

/// See the module.
pub struct EmbeddedBroker {
    publisher: EmbeddedPublisher,
    /// Taken by [`Broker::consume`], once each.
    receivers: RefCell<HashMap<Kind, mpsc::Receiver<Message>>>,
    dead_letters: Arc<Database>,
    path: PathBuf,
    clock: SharedClock,
    prefetch: usize,
}

impl EmbeddedBroker {
    /// `capacity` messages wait per queue, `prefetch` are under way; dead letters go into the
    /// file `dead_letters`.
    pub fn open(
        dead_letters: &Path,
        capacity: usize,
        prefetch: usize,
        clock: SharedClock,
    ) -> Result<Self, redb::Error> {
        let database = Database::create(dead_letters)?;
        let write = database.begin_write()?;
        write.open_table(DEAD_LETTERS)?;
        write.commit()?;
        let (entries, entry_receiver) = mpsc::channel(capacity);
        let (exits, exit_receiver) = mpsc::channel(capacity);
        Ok(Self {
            publisher: EmbeddedPublisher { entries, exits },
            receivers: RefCell::new(HashMap::from([
                (Kind::Entry, entry_receiver),
                (Kind::Exit, exit_receiver),
            ])),
            dead_letters: Arc::new(database),
            path: dead_letters.to_owned(),
            clock,
            prefetch,
        })
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
        Rc::new(Shelf {
            database: Arc::clone(&self.dead_letters),
            path: self.path.clone(),
            publisher: self.publisher.clone(),
            scrubber: Arc::default(),
        })
    }

    fn consume(&self, kind: Kind) -> (LocalBoxStream<'static, Event>, Rc<dyn Queue>) {
        let receiver = self.receivers.borrow_mut().remove(&kind);
        let receiver = receiver.expect("each embedded queue has one consumer");
        let waiting = match kind {
            Kind::Entry => self.publisher.entries.clone(),
            Kind::Exit => self.publisher.exits.clone(),
        };
        let queue = Rc::new(EmbeddedQueue {
            name: queue_name(kind),
            waiting,
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
    waiting: mpsc::Sender<Message>,
    /// Only the stream receives; the lock is never contended.
    receiver: Mutex<mpsc::Receiver<Message>>,
    /// Delivered, not acknowledged, by number.
    under_way: RefCell<BTreeMap<u64, Message>>,
    /// Given back, to be delivered first.
    returned: RefCell<VecDeque<Message>>,
    delivered: Cell<u64>,
    /// A question about the depth that was not answered yet.
    depth_asked_at: Cell<Option<Instant>>,
    /// Something was given back, acknowledged or cancelled.
    changed: Notify,
    cancelled: Cell<bool>,
    prefetch: usize,
    dead_letters: Arc<Database>,
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

    fn deliver(&self, message: Message) -> Delivery {
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
        let database = Arc::clone(&self.dead_letters);
        let (queue, reason, body) = (self.name, reason.to_owned(), body.to_vec());
        let at = format_time(self.clock.now());
        let append = move || {
            let write = database.begin_write()?;
            {
                let mut letters = write.open_table(DEAD_LETTERS)?;
                let last = redb::ReadableTable::last(&letters)?.map_or(0, |(key, _)| key.value());
                letters.insert(last + 1, (queue, reason.as_str(), at.as_str(), body.as_slice()))?;
            }
            write.commit()?;
            Ok::<_, redb::Error>(())
        };
        tokio::task::spawn_blocking(append).await.map_err(failed)?.map_err(failed)
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
    database: Arc<Database>,
    path: PathBuf,
    publisher: EmbeddedPublisher,
    /// What was discarded goes from the disk as well (G8).
    scrubber: Arc<Scrubber>,
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it on")]
fn failed(reason: impl ToString) -> BrokerError {
    BrokerError::Unreachable { url: "embedded".into(), reason: reason.to_string() }
}

impl Shelf {
    /// Runs `work` where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, BrokerError> {
        let database = Arc::clone(&self.database);
        tokio::task::spawn_blocking(move || work(&database)).await.map_err(failed)?.map_err(failed)
    }

    /// Has what was discarded overwritten, in the background.
    fn scrub_erased(&self) {
        let (database, path) = (Arc::clone(&self.database), self.path.clone());
        self.scrubber.look(path.display().to_string(), async move {
            let scrubbed = tokio::task::spawn_blocking(move || scrub_erased(&database, &path));
            scrubbed.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())
        });
    }

    async fn remove(&self, id: &str) -> Result<bool, BrokerError> {
        let Ok(number) = id.parse::<u64>() else { return Ok(false) };
        self.blocking(move |database| {
            let write = database.begin_write()?;
            let was_there = write.open_table(DEAD_LETTERS)?.remove(number)?.is_some();
            mark_erased(&write)?;
            write.commit()?;
            Ok(was_there)
        })
        .await
    }
}

#[async_trait(?Send)]
impl DeadLetters for Shelf {
    async fn list(&self) -> Result<Vec<DeadLetter>, BrokerError> {
        // Of an earlier process, too.
        self.scrub_erased();
        let mut letters = self.blocking(read_all).await?;
        sort(&mut letters);
        letters.truncate(LOOKED_AT_MAX);
        Ok(letters)
    }

    async fn replay(&self, which: &Which) -> Result<Handled, BrokerError> {
        let mut handled = Handled::default();
        for letter in self.list().await? {
            if !which.is(&letter.id) {
                continue;
            }
            // It has no other queue than those of the observations.
            let kinds = [Kind::Entry, Kind::Exit];
            let kind = kinds.into_iter().find(|kind| letter.from == Some(queue_name(*kind)));
            let Some(kind) = kind else {
                handled.homeless += 1;
                continue;
            };
            self.publisher.publish(kind, letter.body).await.map_err(failed)?;
            self.remove(&letter.id).await?;
            handled.done += 1;
        }
        Ok(handled)
    }

    async fn discard(&self, which: &Which) -> Result<Handled, BrokerError> {
        let mut handled = Handled::default();
        for letter in self.list().await? {
            if which.is(&letter.id) && self.remove(&letter.id).await? {
                handled.done += 1;
            }
        }
        self.scrub_erased();
        Ok(handled)
    }
}

fn read_all(database: &Database) -> Result<Vec<DeadLetter>, redb::Error> {
    let table = redb::ReadableDatabase::begin_read(database)?.open_table(DEAD_LETTERS)?;
    let mut letters = Vec::new();
    for entry in redb::ReadableTable::iter(&table)? {
        let (number, letter) = entry?;
        let (queue, reason, at, body) = letter.value();
        letters.push(DeadLetter {
            id: number.value().to_string(),
            from: queue_named(queue),
            reason: reason.to_owned(),
            at: at.to_owned(),
            body: Bytes::copy_from_slice(body),
        });
    }
    Ok(letters)
}

/// The dead letters in a file that no broker has open.
pub fn read_dead_letters(path: &Path) -> Result<Vec<DeadLetter>, redb::Error> {
    let database = Database::open(path)?;
    read_all(&database)
}
