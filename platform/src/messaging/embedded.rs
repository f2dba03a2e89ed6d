//! A broker in the process: a bounded channel per queue. Who publishes waits until the message is
//! acknowledged, so that "confirmed" means "stored", as with the real one; nothing outlives the
//! process, but nothing was promised either.

mod shelf;

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
use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use super::dead_letters::DeadLetters;
use super::topology::DELIVERY_LIMIT;
use super::{
    Broker, BrokerError, Consumed, Delivery, Event, Message, PublishError, Publisher, Queue, Tag,
};
use crate::storage::{DatabaseFile, OpenError};
use shelf::Shelf;

pub use shelf::read_dead_letters;

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
    /// File of the dead letters, in the data directory.
    pub const DEAD_LETTERS: &str = "dead-letters.redb";

    /// `capacity` messages wait per queue, `prefetch` are under way; dead letters go into the
    /// file `dead_letters`.
    pub fn open(
        queues: &[&'static str],
        dead_letters: &Path,
        capacity: usize,
        prefetch: usize,
        clock: SharedClock,
    ) -> Result<Self, OpenError> {
        let file = shelf::open(dead_letters)?;
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
        Rc::new(Shelf::new(Arc::clone(&self.dead_letters), self.publisher.clone()))
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
        let at = format_time(self.clock.now());
        shelf::append(&self.dead_letters, self.name, reason, at, body).await
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
