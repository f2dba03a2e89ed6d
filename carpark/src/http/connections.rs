//! Who is connected to a listener, and for whom there is room. Whoever holds connections open, on
//! purpose or by a fault, keeps nobody else out: each address has so many, and where there is no
//! room the connection that has been idle longest makes some, first among those that never showed a
//! token. All of it is of one thread: a listener has one worker.

mod meters;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use tracing::warn;

use crate::client::TrustedProxies;
pub use meters::Meters;

/// How long a connection that never showed a token may be idle after an answer.
const STRANGERS_IDLE_MAX: Duration = Duration::from_secs(5);
/// For a request's head to arrive: a slow client does not hold a connection for ever.
pub const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// By so much the clock that watches over it may be behind.
const COARSE: Duration = Duration::from_millis(500);
/// How often a shortage is told of.
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most connections of all addresses together.
    pub total: usize,
    /// Of one address, a /64 in IPv6. Not of this machine itself, where a proxy may speak for all, nor
    /// of a proxy that is trusted.
    pub per_address: usize,
}

impl Limits {
    /// Streams without an end (`/events`) of those who showed no token.
    fn streams_of_strangers(self) -> usize {
        self.total.div_ceil(4)
    }
}

/// See the module.
pub struct Connections {
    limits: Limits,
    /// They speak for many.
    proxies: TrustedProxies,
    meters: Meters,
    open: RefCell<HashMap<u64, Rc<Connection>>>,
    by_address: RefCell<HashMap<IpAddr, usize>>,
    /// Counts all there ever were.
    last_id: Cell<u64>,
    strangers_streams: Cell<usize>,
    shortage: Cell<Shortage>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Shortage {
    closed: u64,
    refused: u64,
    told_at: Option<Instant>,
}

/// One connection, as the stream, the guard of its requests and the listener know it.
pub struct Connection {
    id: u64,
    address: IpAddr,
    is_counted: bool,
    opened_at: Instant,
    /// It showed a token, or needs none.
    is_known: Cell<bool>,
    /// Requests whose answer is not sent to its end.
    requests: Cell<u32>,
    has_asked: Cell<bool>,
    active_at: Cell<Instant>,
    is_closed: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    all: Weak<Connections>,
}

impl Connections {
    /// Counts from zero: nobody is connected yet.
    pub fn new(limits: Limits, proxies: TrustedProxies, meters: Meters) -> Rc<Self> {
        Rc::new(Self {
            limits,
            proxies,
            meters,
            open: RefCell::default(),
            by_address: RefCell::default(),
            last_id: Cell::new(0),
            strangers_streams: Cell::new(0),
            shortage: Cell::default(),
        })
    }

    /// Makes room for a connection from there; `None`: there is none, all others are at work.
    pub fn admit(self: &Rc<Self>, peer: IpAddr) -> Option<Rc<Connection>> {
        let address = network(peer);
        let is_counted = !is_this_machine(peer) && !self.proxies.trust(peer.to_canonical());
        let of_address = self.by_address.borrow().get(&address).copied().unwrap_or(0);
        if is_counted && of_address >= self.limits.per_address && !self.close_idlest(Some(address))
        {
            self.meters.refused_at_its_address.inc();
            self.tell(|shortage| shortage.refused += 1);
            return None;
        }
        if self.open.borrow().len() >= self.limits.total && !self.close_idlest(None) {
            self.meters.refused.inc();
            self.tell(|shortage| shortage.refused += 1);
            return None;
        }
        self.last_id.set(self.last_id.get() + 1);
        let connection = Rc::new(Connection {
            id: self.last_id.get(),
            address,
            is_counted,
            opened_at: Instant::now(),
            is_known: Cell::new(false),
            requests: Cell::new(0),
            has_asked: Cell::new(false),
            active_at: Cell::new(Instant::now()),
            is_closed: Cell::new(false),
            waker: RefCell::default(),
            all: Rc::downgrade(self),
        });
        self.open.borrow_mut().insert(connection.id, Rc::clone(&connection));
        self.meters.open.inc();
        if is_counted {
            *self.by_address.borrow_mut().entry(address).or_default() += 1;
        }
        Some(connection)
    }

    /// Closes strangers' connections that have been idle too long.
    pub fn sweep(&self) {
        let now = Instant::now();
        let idle: Vec<_> = self
            .open
            .borrow()
            .values()
            .filter(|c| c.is_idle() && !c.is_known.get() && c.has_asked.get())
            .filter(|c| now.duration_since(c.active_at.get()) >= STRANGERS_IDLE_MAX)
            .map(Rc::clone)
            .collect();
        for connection in &idle {
            self.meters.idle.inc();
            self.close(connection);
        }
    }

    /// Closes the connection that is needed least; answers whether there was one.
    fn close_idlest(&self, of: Option<IpAddr>) -> bool {
        let idlest = self
            .open
            .borrow()
            .values()
            .filter(|c| c.is_idle() && of.is_none_or(|address| c.address == address))
            .min_by_key(|c| (c.is_known.get(), c.active_at.get()))
            .map(Rc::clone);
        let Some(idlest) = idlest else { return false };
        match of {
            Some(_) => self.meters.made_room_at_its_address.inc(),
            None => self.meters.made_room.inc(),
        }
        self.tell(|shortage| shortage.closed += 1);
        self.close(&idlest);
        true
    }

    fn close(&self, connection: &Connection) {
        connection.is_closed.set(true);
        self.remove(connection);
        if let Some(waker) = connection.waker.take() {
            waker.wake();
        }
    }

    fn remove(&self, connection: &Connection) {
        if self.open.borrow_mut().remove(&connection.id).is_none() {
            return;
        }
        self.meters.open.dec();
        if !connection.is_counted {
            return;
        }
        let mut by_address = self.by_address.borrow_mut();
        if let Some(count) = by_address.get_mut(&connection.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&connection.address);
            }
        }
    }

    fn tell(&self, what: impl FnOnce(&mut Shortage)) {
        let mut shortage = self.shortage.get();
        what(&mut shortage);
        if shortage.told_at.is_none_or(|told_at| told_at.elapsed() >= TOLD_EVERY) {
            warn!(
                connections = self.open.borrow().len(),
                closed = shortage.closed,
                refused = shortage.refused,
                "no room for more connections, idle ones are closed (CARPARK_CONNECTIONS_MAX, \
                 CARPARK_CONNECTIONS_PER_ADDRESS)"
            );
            shortage = Shortage { told_at: Some(Instant::now()), ..Shortage::default() };
        }
        self.shortage.set(shortage);
    }
}

impl Connection {
    /// A request came; it is at work until what is answered is dropped.
    pub fn begin(self: &Rc<Self>, shows_token: bool) -> AtWork {
        self.requests.set(self.requests.get() + 1);
        self.has_asked.set(true);
        if shows_token {
            self.is_known.set(true);
        }
        AtWork { connection: Rc::clone(self), is_strangers_stream: false }
    }

    /// Whether it was made to end.
    pub fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    /// Bytes came or went.
    pub fn is_active(&self) {
        self.active_at.set(Instant::now());
    }

    /// Who is to be woken when it is closed.
    pub fn wakes(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
    }

    /// It has ended by itself.
    pub fn has_ended(&self) {
        if let Some(all) = self.all.upgrade() {
            if self.was_slow() {
                all.meters.slow.inc();
            }
            all.remove(self);
        }
    }

    /// Whether it was ended because nothing was asked in time.
    fn was_slow(&self) -> bool {
        let time = self.opened_at.elapsed() + COARSE;
        !self.is_closed.get() && !self.has_asked.get() && time >= HEAD_WITHIN
    }

    fn is_idle(&self) -> bool {
        self.requests.get() == 0
    }
}

/// A request under way, to the end of its answer.
pub struct AtWork {
    connection: Rc<Connection>,
    is_strangers_stream: bool,
}

impl AtWork {
    /// The answer has no end. Whether there is room for it: for who showed a token there is.
    pub fn may_stream(&mut self) -> bool {
        let Some(all) = self.connection.all.upgrade() else { return true };
        if self.connection.is_known.get() {
            return true;
        }
        let streams = all.strangers_streams.get();
        if streams >= all.limits.streams_of_strangers() {
            return false;
        }
        all.strangers_streams.set(streams + 1);
        self.is_strangers_stream = true;
        true
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.connection.requests.set(self.connection.requests.get() - 1);
        self.connection.is_active();
        if let Some(all) = self.connection.all.upgrade().filter(|_| self.is_strangers_stream) {
            all.strangers_streams.set(all.strangers_streams.get() - 1);
        }
    }
}

/// What counts as one address: who has one of IPv6 has 2^64 of them.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The address that a proxy on this machine comes from.
fn is_this_machine(peer: IpAddr) -> bool {
    let own = [IpAddr::from([127, 0, 0, 1]), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    own.contains(&peer.to_canonical())
}

#[cfg(test)]
pub use tests::connections;

#[cfg(test)]
mod tests;
