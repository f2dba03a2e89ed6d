//! A process whose registry has died is worse than one that has ended: it looks alive. Whatever the
//! others cannot do without, an actor or a task, holds a [`Vital`] of the process's one [`Vitals`]. If it
//! is dropped before all were put at rest, the wiring hears of it and the role ends with an error.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

/// Knows what must not die, and hears of it. Its clones are one.
#[derive(Debug, Clone, Default)]
pub struct Vitals(Rc<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Set while stopping: then they are meant to end.
    is_at_rest: Cell<bool>,
    /// Who died first: one name is enough.
    died: Cell<Option<&'static str>>,
    told: Notify,
}

impl Vitals {
    /// A sign for what is called `name` where its death is told of.
    pub fn of(&self, name: &'static str) -> Vital {
        Vital { name, all: Rc::clone(&self.0) }
    }

    /// From here on they are meant to end.
    pub fn rest(&self) {
        self.0.is_at_rest.set(true);
    }

    /// Waits for one to die; answers its name.
    pub async fn died(&self) -> &'static str {
        loop {
            if let Some(name) = self.0.died.get() {
                return name;
            }
            self.0.told.notified().await;
        }
    }
}

/// Held by what must not die. See the module.
#[derive(Debug)]
pub struct Vital {
    name: &'static str,
    all: Rc<Known>,
}

impl Vital {
    /// A place where a test can have the holder panic: the failpoint of its name. Nothing without the
    /// feature `failpoints`, which the program has not.
    pub fn may_die_here(&self) {
        super::failpoint::panic_at!(self.name);
    }
}

impl Drop for Vital {
    fn drop(&mut self) {
        if !self.all.is_at_rest.get() && self.all.died.get().is_none() {
            self.all.died.set(Some(self.name));
            self.all.told.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const AT_ONCE: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn the_first_that_dies_is_named_whoever_asks_and_whenever() {
        let vitals = Vitals::default();
        let (first, second) = (vitals.of("first"), vitals.of("second"));
        assert!(timeout(AT_ONCE, vitals.died()).await.is_err(), "all live");
        drop(second);
        drop(first);
        assert_eq!(timeout(AT_ONCE, vitals.clone().died()).await, Ok("second"));
        assert_eq!(timeout(AT_ONCE, vitals.died()).await, Ok("second"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_hears_of_a_task_that_panics() {
        let vitals = Vitals::default();
        let vital = vitals.of("task");
        let local = tokio::task::LocalSet::new();
        let heard = local.run_until(async {
            let task = tokio::task::spawn_local(async move {
                let _vital = vital;
                tokio::time::sleep(Duration::from_secs(1)).await;
                panic!("as a bug would");
            });
            let heard = timeout(Duration::from_secs(2), vitals.died()).await;
            assert!(task.await.is_err());
            heard
        });
        assert_eq!(heard.await, Ok("task"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_at_rest_has_not_died() {
        let vitals = Vitals::default();
        let vital = vitals.of("actor");
        vitals.rest();
        drop(vital);
        assert!(timeout(AT_ONCE, vitals.died()).await.is_err());
    }
}
