//! A process whose registry has died is worse than one that has ended: it looks alive. Each actor
//! that the others cannot do without holds a [`Vital`]; when it is dropped without having been put
//! at rest, the wiring hears of it and the role ends with an error.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::mpsc;

/// See the module.
#[derive(Debug)]
pub struct Vital {
    name: &'static str,
    died: mpsc::Sender<&'static str>,
    /// Set while stopping: then actors are meant to end.
    at_rest: Rc<Cell<bool>>,
}

impl Vital {
    /// A sign for the actor `name`.
    pub fn new(
        name: &'static str,
        died: mpsc::Sender<&'static str>,
        at_rest: Rc<Cell<bool>>,
    ) -> Self {
        Self { name, died, at_rest }
    }
}

impl Drop for Vital {
    fn drop(&mut self) {
        if !self.at_rest.get() {
            // One name is enough.
            let _ = self.died.try_send(self.name);
        }
    }
}
