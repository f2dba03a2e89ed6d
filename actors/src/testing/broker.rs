//! A message server in memory: outlives the processors that consume from it, and takes back what
//! they held when they go.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::wire::queue_of;
use domain::{Direction, Instant};
use futures_util::StreamExt;
use futures_util::stream;
use platform::messaging::dead_letters::{DeadLetter, DeadLetters, Handled, Which};
use platform::messaging::{Broker, BrokerError, Consumed, Delivery, Event, Queue, Tag};
use tokio::sync::Notify;

use super::{Moment, SharedFate, Turn};

#[derive(Debug, Clone)]
struct Message {
    body: Bytes,
    was_delivered: bool,
}

#[derive(Default)]
struct QueueState {
    ready: VecDeque<Message>,
    /// By connection and number.
    held: BTreeMap<(u32, u64), Message>,
    connections: u32,
    dead: Vec<(Bytes, String)>,
    /// Acknowledgements of what was not held: a consumer's mistake.
    wrong_acknowledgements: usize,
}

struct Lane {
    state: RefCell<QueueState>,
    /// Something arrived or came back.
    changed: Notify,
}

/// The server. Clones share.
#[derive(Clone)]
pub struct MemoryServer {
    lanes: Rc<BTreeMap<&'static str, Rc<Lane>>>,
    fate: SharedFate,
    prefetch: usize,
    /// Whether a delivery is gone once it is delivered: a test turns that on and sees what is lost.
    forgets_at_once: bool,
}

impl MemoryServer {
    /// A server with empty queues.
    pub fn new(fate: SharedFate, prefetch: usize) -> Self {
        let lane = || Rc::new(Lane { state: RefCell::default(), changed: Notify::new() });
        let lanes = [Direction::Entry, Direction::Exit]
            .map(|direction| (queue_of(direction), lane()))
            .into();
        Self { lanes: Rc::new(lanes), fate, prefetch, forgets_at_once: false }
    }

    /// One whose consumers acknowledge first: broken on purpose.
    #[must_use]
    pub fn acknowledging_at_once(mut self) -> Self {
        self.forgets_at_once = true;
        self
    }

    fn lane(&self, queue: &str) -> &Rc<Lane> {
        &self.lanes[queue]
    }

    /// Puts a message into a queue.
    pub fn publish(&self, direction: Direction, body: impl Into<Bytes>) {
        let lane = self.lane(queue_of(direction));
        let message = Message { body: body.into(), was_delivered: false };
        lane.state.borrow_mut().ready.push_back(message);
        lane.changed.notify_waiters();
    }

    /// Messages that wait or are held.
    pub fn unacknowledged(&self) -> usize {
        let count = |lane: &Rc<Lane>| {
            let state = lane.state.borrow();
            state.ready.len() + state.held.len()
        };
        self.lanes.values().map(count).sum()
    }

    /// Dead letters of both queues, with their reasons.
    pub fn dead_letters(&self) -> Vec<(Bytes, String)> {
        self.lanes.values().flat_map(|lane| lane.state.borrow().dead.clone()).collect()
    }

    /// See [`QueueState::wrong_acknowledgements`].
    pub fn wrong_acknowledgements(&self) -> usize {
        self.lanes.values().map(|lane| lane.state.borrow().wrong_acknowledgements).sum()
    }
}

/// Enough to be looked at; what replays them is tested on the real ones.
#[async_trait(?Send)]
impl DeadLetters for MemoryServer {
    async fn look(&self, see: &mut dyn FnMut(DeadLetter)) -> Result<usize, BrokerError> {
        let letters = self.dead_letters();
        let there = letters.len();
        for (number, (body, reason)) in letters.into_iter().enumerate() {
            let id = format!("{number}");
            see(DeadLetter { id, from: None, reason, at: String::new(), body });
        }
        Ok(there)
    }

    async fn waiting(&self) -> Result<u64, BrokerError> {
        Ok(self.dead_letters().len() as u64)
    }

    async fn replay(&self, _: &Which) -> Result<Handled, BrokerError> {
        Err(BrokerError::NotConnected)
    }

    async fn discard(&self, _: &Which) -> Result<Handled, BrokerError> {
        Err(BrokerError::NotConnected)
    }
}

/// One processor's access to the server. Dropped with its streams, what they held goes back.
pub struct MemoryBroker {
    server: MemoryServer,
    link: Rc<Cell<Link>>,
}

impl MemoryBroker {
    /// Access that nothing comes in between of.
    pub fn new(server: MemoryServer) -> Self {
        Self { server, link: Rc::default() }
    }

    /// Access over a link that a test breaks.
    pub fn over(server: MemoryServer, link: Rc<Cell<Link>>) -> Self {
        Self { server, link }
    }
}

/// What becomes of a processor's way to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Link {
    /// It is well.
    #[default]
    Up,
    /// The connection is gone, and there is no new one.
    Cut,
    /// Nothing comes any more, and nobody is told.
    Frozen,
}

/// How soon a link that is well again is noticed.
const LINK_LOOKED_AT_EVERY: Duration = Duration::from_millis(100);

/// A connection, of one consumer of one queue.
struct Connection {
    lane: Rc<Lane>,
    number: u32,
}

impl Connection {
    fn open(lane: &Rc<Lane>) -> Self {
        let mut state = lane.state.borrow_mut();
        state.connections += 1;
        Self { lane: Rc::clone(lane), number: state.connections }
    }
}

impl Drop for Connection {
    /// Whatever it held goes back to the front, marked as delivered before.
    fn drop(&mut self) {
        let mut state = self.lane.state.borrow_mut();
        let mine: Vec<(u32, u64)> = state
            .held
            .range((self.number, 0)..=(self.number, u64::MAX))
            .map(|(key, _)| *key)
            .collect();
        for key in mine.into_iter().rev() {
            if let Some(message) = state.held.remove(&key) {
                state.ready.push_front(Message { was_delivered: true, ..message });
            }
        }
        drop(state);
        self.lane.changed.notify_waiters();
    }
}

/// What the stream and the way back share.
struct Consumer {
    lane: Rc<Lane>,
    fate: SharedFate,
    prefetch: usize,
    forgets_at_once: bool,
    connection: RefCell<Option<Connection>>,
    delivered: RefCell<u64>,
    depth_asked_at: RefCell<Option<Instant>>,
    cancelled: RefCell<bool>,
    link: Rc<Cell<Link>>,
}

impl Consumer {
    async fn next(&self) -> Option<Event> {
        loop {
            let changed = self.lane.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if *self.cancelled.borrow() {
                return None;
            }
            match self.link.get() {
                Link::Up => {}
                Link::Cut if self.connection.borrow().is_some() => {
                    drop(self.connection.borrow_mut().take());
                    return Some(Event::Disconnected("cut off".to_owned()));
                }
                Link::Cut | Link::Frozen => {
                    tokio::time::sleep(LINK_LOOKED_AT_EVERY).await;
                    continue;
                }
            }
            let number = self.connection.borrow().as_ref().map(|connection| connection.number);
            let Some(number) = number else {
                *self.connection.borrow_mut() = Some(Connection::open(&self.lane));
                *self.delivered.borrow_mut() = 0;
                return Some(Event::Connected);
            };
            // However much there is: who always has something to deliver is told as well.
            let asked = self.depth_asked_at.borrow_mut().take();
            if let Some(asked_at) = asked {
                let waiting = self.lane.state.borrow().ready.len() as u64;
                return Some(Event::Depth { waiting, asked_at });
            }
            if let Some(body) = self.take(number) {
                match self.fate.turn(Moment::Delivering) {
                    Turn::Goes => return Some(body),
                    Turn::Takes(time) => {
                        tokio::time::sleep(time).await;
                        return Some(body);
                    }
                    Turn::Fails => {
                        drop(self.connection.borrow_mut().take());
                        return Some(Event::Disconnected("fate".to_owned()));
                    }
                }
            }
            changed.await;
        }
    }

    fn take(&self, connection: u32) -> Option<Event> {
        let mut state = self.lane.state.borrow_mut();
        let holds = state.held.range((connection, 0)..=(connection, u64::MAX)).count();
        if holds >= self.prefetch {
            return None;
        }
        let message = state.ready.pop_front()?;
        let mut delivered = self.delivered.borrow_mut();
        *delivered += 1;
        if !self.forgets_at_once {
            state.held.insert((connection, *delivered), message.clone());
        }
        Some(Event::Delivered(Delivery {
            tag: Tag { connection, number: *delivered },
            body: message.body,
            redelivered: message.was_delivered,
        }))
    }
}

#[async_trait(?Send)]
impl Queue for Consumer {
    async fn acknowledge(&self, up_to: Tag) {
        let mut state = self.lane.state.borrow_mut();
        let covered = (up_to.connection, 0)..=(up_to.connection, up_to.number);
        let mine: Vec<(u32, u64)> = state.held.range(covered).map(|(key, _)| *key).collect();
        let is_alive =
            self.connection.borrow().as_ref().is_some_and(|c| c.number == up_to.connection);
        if is_alive && mine.is_empty() {
            state.wrong_acknowledgements += 1;
        }
        for key in mine {
            state.held.remove(&key);
        }
        drop(state);
        self.lane.changed.notify_waiters();
    }

    async fn give_back(&self, tag: Tag) {
        let mut state = self.lane.state.borrow_mut();
        if let Some(message) = state.held.remove(&(tag.connection, tag.number)) {
            state.ready.push_front(Message { was_delivered: true, ..message });
        }
        drop(state);
        self.lane.changed.notify_waiters();
    }

    async fn dead_letter(&self, body: &[u8], reason: &str) -> Result<(), BrokerError> {
        let letter = (Bytes::copy_from_slice(body), reason.to_owned());
        self.lane.state.borrow_mut().dead.push(letter);
        Ok(())
    }

    fn ask_depth(&self, asked_at: Instant) {
        *self.depth_asked_at.borrow_mut() = Some(asked_at);
        self.lane.changed.notify_waiters();
    }

    async fn cancel(&self) {
        *self.cancelled.borrow_mut() = true;
        self.lane.changed.notify_waiters();
    }

    async fn close(&self) {
        drop(self.connection.borrow_mut().take());
    }
}

#[async_trait(?Send)]
impl Broker for MemoryBroker {
    async fn prepare(&self) -> Result<(), BrokerError> {
        Ok(())
    }

    fn dead_letters(&self) -> Rc<dyn DeadLetters> {
        Rc::new(self.server.clone())
    }

    fn consume(&self, queue: &'static str) -> Consumed {
        let consumer = Rc::new(Consumer {
            lane: Rc::clone(self.server.lane(queue)),
            fate: self.server.fate.clone(),
            prefetch: self.server.prefetch,
            forgets_at_once: self.server.forgets_at_once,
            connection: RefCell::new(None),
            delivered: RefCell::new(0),
            depth_asked_at: RefCell::new(None),
            cancelled: RefCell::new(false),
            link: Rc::clone(&self.link),
        });
        let events = stream::unfold(Rc::clone(&consumer), |consumer| async move {
            let event = consumer.next().await?;
            Some((event, consumer))
        });
        (events.boxed_local(), consumer)
    }
}
