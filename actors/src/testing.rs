//! Broker, store and sink in memory, for tests that own time and fate: the actors' own and the
//! simulation's. What goes wrong, and when, is a [`Fate`]'s to say; everything else keeps the
//! promises of the real ones.

mod broker;
mod sink;
mod store;

use std::sync::{Arc, Mutex};
use std::time::Duration;

pub use broker::{Link, MemoryBroker, MemoryServer};
pub use sink::MemorySink;
pub use store::MemoryStore;

/// A moment at which something can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment {
    /// A commit has arrived at the store, nothing is applied.
    CommitArrived,
    /// A commit is applied, the answer is on its way.
    CommitApplied,
    /// Another question to the store.
    StoreAsked,
    /// A post has arrived at the sink, nothing is written.
    PostArrived,
    /// The rows are written, the answer is on its way.
    PostWritten,
    /// A message is about to be delivered.
    Delivering,
}

/// What happens then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing out of the ordinary.
    Goes,
    /// It takes this long.
    Takes(Duration),
    /// It fails here: an error, or a broken connection.
    Fails,
}

/// Decides what happens. Asked in the order of events, so a seeded one is a replayable run.
pub trait Fate: Send {
    /// What happens at this moment.
    fn at(&mut self, moment: Moment) -> Turn;
}

/// Nothing ever goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct Fortune;

impl Fate for Fortune {
    fn at(&mut self, _: Moment) -> Turn {
        Turn::Goes
    }
}

impl<F: FnMut(Moment) -> Turn + Send> Fate for F {
    fn at(&mut self, moment: Moment) -> Turn {
        self(moment)
    }
}

/// One fate for all.
#[derive(Clone)]
pub struct SharedFate(Arc<Mutex<dyn Fate>>);

impl SharedFate {
    /// Shares it.
    pub fn new(fate: impl Fate + 'static) -> Self {
        Self(Arc::new(Mutex::new(fate)))
    }

    /// Lives through the moment; an error where it fails.
    async fn at(&self, moment: Moment) -> Result<(), String> {
        let turn = self.turn(moment);
        match turn {
            Turn::Goes => Ok(()),
            Turn::Takes(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Turn::Fails => Err(format!("fate at {moment:?}")),
        }
    }

    fn turn(&self, moment: Moment) -> Turn {
        self.0.lock().expect("fate does not panic").at(moment)
    }
}
