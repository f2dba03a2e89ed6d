//! A reader with a transactional store takes each event once and in order, wherever it is killed and whatever
//! fails.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;

use tokio::task::LocalSet;
use tokio::time::timeout;

use super::*;
use crate::runtime::Vitals;

fn event(position: u64) -> Event {
    let text = format!(
        r#"{{"id":"e{position}","type":"t","time":"2026-11-20T11:30:00Z","place":"main","subject":"s","recordedat":"2026-11-20T11:30:00Z","data":{{}},"position":{position}}}"#
    );
    Event::parse(text).unwrap()
}

/// What happens at a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    /// The process dies there: nothing goes on from it.
    Dies,
    Fails,
}

/// Counts the steps of the feed and of the store, and decides what happens at each.
struct World {
    /// Events there are, from position 1; those up to `gone` are not kept any more.
    count: u64,
    gone: u64,
    steps: Cell<u32>,
    fate: RefCell<Box<dyn FnMut(u32) -> Fate>>,
    /// The store: survives.
    taken: RefCell<Vec<u64>>,
    position: Cell<Option<u64>>,
    told_gone: RefCell<Vec<u64>>,
}

impl World {
    async fn step(&self) -> Result<(), String> {
        let step = self.steps.get();
        self.steps.set(step + 1);
        let fate = (self.fate.borrow_mut())(step);
        tokio::task::yield_now().await;
        match fate {
            Fate::Well => Ok(()),
            Fate::Dies => pending().await,
            Fate::Fails => Err("as a test wants it".to_owned()),
        }
    }
}

struct Feed(Rc<World>);

#[async_trait(?Send)]
impl Source for Feed {
    async fn read(&self, after: Option<u64>, limit: usize, wait: Duration) -> Result<Page, Unread> {
        let world = &self.0;
        let after = after.unwrap_or(world.gone);
        if after < world.gone || after > world.count {
            return Err(Unread::Gone { after: world.gone });
        }
        world.step().await.map_err(Unread::Failed)?;
        if after == world.count {
            sleep(wait).await;
        }
        let next = (after + 3.min(limit as u64)).min(world.count);
        // Every fourth event is not wanted.
        let wanted = (after + 1..=next).filter(|position| position % 4 != 0);
        Ok(Page { events: wanted.map(event).collect(), next, last: world.count })
    }
}

struct Store(Rc<World>);

#[async_trait(?Send)]
impl Reader for Store {
    type Error = String;

    async fn position(&mut self) -> Result<Option<u64>, String> {
        self.0.step().await?;
        Ok(self.0.position.get())
    }

    async fn take(&mut self, events: &[Event], next: u64) -> Result<(), String> {
        self.0.step().await?;
        self.0.taken.borrow_mut().extend(events.iter().map(|event| event.position));
        self.0.position.set(Some(next));
        // Committed, and the answer may be lost.
        self.0.step().await
    }

    async fn gone(&mut self, after: u64) -> Result<(), String> {
        self.0.step().await?;
        self.0.taken.borrow_mut().clear();
        self.0.position.set(Some(after));
        self.0.told_gone.borrow_mut().push(after);
        self.0.step().await
    }
}

fn world(count: u64, fate: impl FnMut(u32) -> Fate + 'static) -> Rc<World> {
    Rc::new(World {
        count,
        gone: 0,
        steps: Cell::default(),
        fate: RefCell::new(Box::new(fate)),
        taken: RefCell::default(),
        position: Cell::default(),
        told_gone: RefCell::default(),
    })
}

fn meters(registry: &Registry) -> Meters {
    Meters::register(registry, "test").unwrap()
}

fn start(world: &Rc<World>) -> Following {
    let registry = Registry::new();
    let vital = Vitals::default().of("reader");
    follow(Feed(Rc::clone(world)), Store(Rc::clone(world)), meters(&registry), vital)
}

/// Follows until all is taken; where nothing goes on, the process has died and begins again.
async fn follow_to_the_end(world: &Rc<World>) {
    for _ in 0..1000 {
        let following = start(world);
        let all = async {
            while world.position.get() != Some(world.count) {
                sleep(Duration::from_millis(200)).await;
            }
        };
        let is_done = timeout(Duration::from_mins(1), all).await.is_ok();
        drop(following);
        if is_done {
            return;
        }
    }
    panic!("never done");
}

fn each_once(count: u64, after: u64) -> Vec<u64> {
    (after + 1..=count).filter(|position| position % 4 != 0).collect()
}

fn run(test: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(LocalSet::new().run_until(test()));
}

#[test]
fn killed_or_failing_at_any_one_step_each_event_is_taken_once_in_order() {
    run(async || {
        for fate in [Fate::Dies, Fate::Fails] {
            for at in 0..30 {
                let world = world(14, move |step| if step == at { fate } else { Fate::Well });
                follow_to_the_end(&world).await;
                assert_eq!(*world.taken.borrow(), each_once(14, 0), "at step {at}");
            }
        }
    });
}

#[test]
fn killed_and_failing_again_and_again_each_event_is_taken_once_in_order() {
    run(async || {
        for seed in 0..300 {
            let mut dice = fastrand::Rng::with_seed(seed);
            let world = world(40, move |_| match dice.u32(0..10) {
                0 => Fate::Dies,
                1 | 2 => Fate::Fails,
                _ => Fate::Well,
            });
            follow_to_the_end(&world).await;
            assert_eq!(*world.taken.borrow(), each_once(40, 0), "seed {seed}");
        }
    });
}

#[test]
fn what_is_gone_is_said_and_the_reader_starts_over_from_what_there_is() {
    run(async || {
        for at in 0..12 {
            for fate in [Fate::Dies, Fate::Fails] {
                let mut world = world(20, move |step| if step == at { fate } else { Fate::Well });
                Rc::get_mut(&mut world).unwrap().gone = 10;
                world.taken.replace(vec![1, 2]);
                world.position.set(Some(2));
                follow_to_the_end(&world).await;
                assert_eq!(*world.taken.borrow(), each_once(20, 10), "at step {at}");
                assert!(world.told_gone.borrow().iter().all(|after| *after == 10));
                assert!(!world.told_gone.borrow().is_empty());
            }
        }
    });
}

#[test]
fn it_stops_when_what_it_takes_is_taken_and_waits_for_nothing_else() {
    run(async || {
        let world = world(3, |_| Fate::Well);
        let following = start(&world);
        // It is in the middle of a page.
        while world.steps.get() < 3 {
            tokio::task::yield_now().await;
        }
        assert!(world.taken.borrow().is_empty());
        following.stop().await;
        assert_eq!(world.position.get(), Some(3), "the page was taken");
        // And now in the wait for news.
        let following = start(&world);
        sleep(Duration::from_millis(1)).await;
        let began = tokio::time::Instant::now();
        following.stop().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    });
}

#[test]
fn how_far_a_reader_is_behind_is_shown_and_what_failed_is_counted() {
    run(async || {
        let registry = Registry::new();
        let meters = meters(&registry);
        // The first page is taken, then the store fails.
        let world = world(9, |step| if step < 4 { Fate::Well } else { Fate::Fails });
        let vital = Vitals::default().of("reader");
        let following =
            follow(Feed(Rc::clone(&world)), Store(Rc::clone(&world)), meters.clone(), vital);
        sleep(Duration::from_secs(20)).await;
        assert_eq!((meters.position.get(), meters.lag.get()), (3, 6));
        assert!(meters.failures.get() > 3);
        assert_eq!(following.part().text(), "as a test wants it");
        *world.fate.borrow_mut() = Box::new(|_| Fate::Well);
        sleep(Duration::from_secs(20)).await;
        assert_eq!((meters.position.get(), meters.lag.get()), (9, 0));
        assert!(following.part().is_usable());
        let shown: Vec<String> =
            registry.gather().iter().map(|family| format!("{family:?}")).collect();
        assert!(shown.len() == 3 && shown.iter().all(|text| text.contains("reader")), "{shown:?}");
        assert!(Meters::register(&registry, "another").is_ok(), "each has its own");
        assert!(Meters::register(&registry, "test").is_err());
    });
}

/// Tells the same page whatever it is asked for.
struct Stale;

#[async_trait(?Send)]
impl Source for Stale {
    async fn read(&self, _: Option<u64>, _: usize, _: Duration) -> Result<Page, Unread> {
        Ok(Page { events: vec![event(1), event(2)], next: 2, last: 2 })
    }
}

#[test]
fn a_page_that_does_not_follow_is_not_taken() {
    run(async || {
        let world = world(2, |_| Fate::Well);
        let (registry, vitals) = (Registry::new(), Vitals::default());
        let store = Store(Rc::clone(&world));
        let following = follow(Stale, store, meters(&registry), vitals.of("reader"));
        sleep(Duration::from_secs(5)).await;
        assert_eq!(*world.taken.borrow(), [1, 2]);
        assert!(following.part().text().contains("do not follow"));
    });
}

#[test]
fn a_reader_that_panics_ends_the_process() {
    struct Panics;
    #[async_trait(?Send)]
    impl Reader for Panics {
        type Error = String;
        async fn position(&mut self) -> Result<Option<u64>, String> {
            panic!("as a bug would")
        }
        async fn take(&mut self, _: &[Event], _: u64) -> Result<(), String> {
            Ok(())
        }
        async fn gone(&mut self, _: u64) -> Result<(), String> {
            Ok(())
        }
    }
    run(async || {
        let vitals = Vitals::default();
        let registry = Registry::new();
        let _following = follow(Stale, Panics, meters(&registry), vitals.of("reader"));
        assert_eq!(timeout(Duration::from_secs(1), vitals.died()).await, Ok("reader"));
    });
}
