//! `just soak`: the whole system on real servers under traffic, with one random fault after the
//! other for as long as it is told; then the audit. Ends with the figures, and with 1 where
//! something is lost, doubled, wrong or torn.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it stops at the first surprise and lives by the real clock, as a test does"
)]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use domain::wire::{DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE, format_time};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tests::process::Running;
use tests::proxy::{Mode, Proxy};
use tests::servers::RabbitMq;
use tests::{Site, wait};

const USAGE: &str = "\
soak [MINUTES] [SEED]   (default: 10 minutes, a seed of the clock)

Traffic of 200 vehicles a second, up to four processors, one random fault after the other.";

/// Longest wait for everything to be ready again after a fault.
const RECOVERED: Duration = Duration::from_mins(1);

/// The running system.
struct System {
    site: Site,
    server: Arc<RabbitMq>,
    /// Between the processors and their three neighbours.
    broker: Proxy,
    store: Proxy,
    sink: Proxy,
    web: Option<Running>,
    actors: Vec<Running>,
    dice: StdRng,
}

type Fault = fn(&mut System);

/// Each by its name in the table.
const FAULTS: &[(&str, Fault)] = &[
    ("a processor is killed", |system| {
        let gone = system.any_actors();
        system.actors.swap_remove(gone).kill();
    }),
    ("a processor is stopped", |system| {
        let gone = system.any_actors();
        system.actors.swap_remove(gone).terminate();
    }),
    ("a processor is added", |system| {
        if system.actors.len() < 4 {
            let actors = system.site.start_actors_unready();
            system.actors.push(actors);
        }
    }),
    ("a processor is frozen past its heartbeat", |system| {
        let frozen = system.any_actors();
        system.actors[frozen].stop();
        lasts(20.0);
        system.actors[frozen].cont();
    }),
    ("web is killed", |system| {
        system.web.take().unwrap().kill();
        lasts(1.0);
        system.web = Some(system.site.start_web());
    }),
    ("web is stopped", |system| {
        system.web.take().unwrap().terminate();
        lasts(3.0);
        system.web = Some(system.site.start_web());
    }),
    ("Redis is killed", |system| {
        system.site.redis.kill();
        lasts(1.0);
        system.site.redis.restart();
    }),
    ("Redis hangs", |system| {
        system.site.redis.stop();
        lasts(3.0);
        system.site.redis.cont();
    }),
    ("Redis forgets its scripts", |system| {
        let _: String = system.site.redis.command(0, &["SCRIPT", "FLUSH"]);
    }),
    ("Redis is short of memory", |system| {
        let _: String = system.site.redis.command(0, &["CONFIG", "SET", "maxmemory", "1"]);
        lasts(2.0);
        let _: String = system.site.redis.command(0, &["CONFIG", "SET", "maxmemory", "0"]);
    }),
    ("RabbitMQ is killed", |system| {
        system.server.kill();
        system.server.restart();
    }),
    ("RabbitMQ is restarted", |system| {
        system.server.terminate();
        system.server.restart();
    }),
    ("RabbitMQ closes all connections", |system| system.site.broker.close_connections()),
    ("RabbitMQ is short of memory", |system| {
        system.server.raise_memory_alarm();
        lasts(2.0);
        system.server.clear_memory_alarm();
    }),
    ("the network to RabbitMQ is silent", |system| {
        system.broker.set(Mode::BlackHole);
        lasts(15.0);
        system.broker.set(Mode::Pass);
    }),
    ("the network to RabbitMQ resets", |system| {
        system.broker.set(Mode::Reset);
        lasts(1.0);
        system.broker.set(Mode::Pass);
    }),
    ("the network to Redis loses answers", |system| {
        system.store.set(Mode::LoseAnswers);
        lasts(1.0);
        system.store.cut();
        system.store.set(Mode::Pass);
    }),
    ("the network to Redis resets", |system| system.store.cut()),
    ("the network to the sink loses answers", |system| {
        system.sink.set(Mode::LoseAnswers);
        lasts(2.0);
        system.sink.cut();
        system.sink.set(Mode::Pass);
    }),
    ("the sink hangs", |system| {
        system.web.as_ref().unwrap().stop();
        lasts(5.0);
        system.web.as_ref().unwrap().cont();
    }),
    ("everything is killed at once", |system| {
        system.site.redis.kill();
        system.actors.drain(..).for_each(Running::kill);
        system.web.take().unwrap().kill();
        system.site.redis.restart();
        system.web = Some(system.site.start_web());
    }),
];

/// The passing of time is what is tested.
fn lasts(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

impl System {
    fn start(seed: u64) -> Self {
        let server = Arc::new(RabbitMq::start());
        let mut site = Site::on(&server);
        let broker = Proxy::before(server.port());
        let store = Proxy::before(site.redis.port());
        let sink = Proxy::before(site.web_port());
        site.configure();
        // The cameras' own way to RabbitMQ is not touched: what they have confirmed is the truth.
        site.set("CARPARK_GENERATORS_PLATE_FORMAT", "AAA-9999");
        let web = Some(site.start_web());
        site.set("CARPARK_POST_PATIENCE", "3s");
        Self {
            server,
            broker,
            store,
            sink,
            web,
            actors: Vec::new(),
            dice: StdRng::seed_from_u64(seed),
            site,
        }
    }

    fn start_generators(&self) -> Running {
        self.site
            .carpark("generators")
            .args(&["--rate", "200", "--ledger", "ledger.jsonl"])
            .args(&["--faults-duplicate-share", "0.05", "--faults-re-read-share", "0.05"])
            .args(&["--faults-late-share", "0.05", "--faults-late-seconds-max", "2"])
            .start_ready()
    }

    /// From here on a processor is reached through the proxies.
    fn put_proxies_between(&mut self) {
        let broker = self.site.broker.url_through(self.broker.port());
        self.site.set("CARPARK_BROKER_URL", &broker);
        let store = format!("redis://127.0.0.1:{}/0", self.store.port());
        self.site.set("CARPARK_STORE_URL", &store);
        let sink = format!("http://127.0.0.1:{}/save_summary", self.sink.port());
        self.site.set("CARPARK_SUMMARY_URL", &sink);
    }

    fn any_actors(&mut self) -> usize {
        self.dice.random_range(0..self.actors.len())
    }

    fn ensure_actors(&mut self) {
        if self.actors.is_empty() {
            let actors = self.site.start_actors_unready();
            self.actors.push(actors);
        }
    }

    /// Waits until everything is ready, and answers how long that took.
    fn recover(&mut self) -> Duration {
        let begun = Instant::now();
        self.ensure_actors();
        for actors in &mut self.actors {
            actors.wait_ready(RECOVERED);
        }
        begun.elapsed()
    }

    /// Waits until all that was published is in the files.
    fn settle(&self) {
        let client = self.site.client();
        wait::until_ok("the queues and outboxes are empty", Duration::from_mins(5), || {
            let waiting = client.depth(ENTRY_QUEUE) + client.depth(EXIT_QUEUE);
            let outboxes: Vec<String> =
                self.site.redis.try_command(0, &["KEYS", "carpark:outbox:*"]).unwrap_or_default();
            match (waiting, outboxes.len()) {
                (0, 0) => Ok(()),
                (waiting, outboxes) => Err(format!("{waiting} messages, {outboxes} outboxes")),
            }
        });
        // Lone reads get their verdict when the watermarks have passed them: those of a processor
        // that was killed count for half a minute.
        let mut seen = (0, Instant::now());
        wait::until("nothing is written any more", Duration::from_mins(5), || {
            let written = self.site.files().summary_count() + self.site.files().exception_count();
            if written != seen.0 {
                seen = (written, Instant::now());
            }
            (seen.1.elapsed() > Duration::from_secs(45)).then_some(())
        });
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).map(|text| text.parse::<u64>());
    let (Ok(minutes), Ok(seed)) = (
        number(0).unwrap_or(Ok(10)),
        number(1).unwrap_or(Ok(Utc::now().timestamp_micros().unsigned_abs())),
    ) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    println!("soaking for {minutes} minutes, seed {seed}");
    let mut system = System::start(seed);
    let generators = system.start_generators();
    system.put_proxies_between();
    system.ensure_actors();
    system.recover();

    let mut recoveries: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    let until = Instant::now() + Duration::from_secs(60 * minutes);
    while Instant::now() < until {
        lasts(system.dice.random_range(0.0..4.0));
        let (name, fault) = FAULTS.choose(&mut system.dice).unwrap();
        fault(&mut system);
        let recovered = system.recover();
        recoveries.entry(name).or_default().push(recovered);
        let left = until.saturating_duration_since(Instant::now()).as_secs();
        println!(
            "{left:>5} s left  {:>8} rows  {} processors  {:>6.1} s  {name}",
            system.site.files().summary_count(),
            system.actors.len(),
            recovered.as_secs_f64()
        );
    }
    generators.terminate();
    let published_until = Utc::now();
    println!("traffic has ended, waiting for the last verdicts");
    system.settle();

    println!("\n{:<45} {:>5} {:>14} {:>14}", "fault", "runs", "ready median", "ready longest");
    for (name, recoveries) in &mut recoveries {
        recoveries.sort();
        println!(
            "{name:<45} {:>5} {:>12.1} s {:>12.1} s",
            recoveries.len(),
            recoveries[recoveries.len() / 2].as_secs_f64(),
            recoveries[recoveries.len() - 1].as_secs_f64()
        );
    }
    let memory: Vec<u64> = system.actors.iter().map(|actors| actors.memory_bytes() >> 20).collect();
    println!("\nmemory of the processors: {memory:?} MiB");
    println!("dead letters: {}", system.site.client().depth(DEAD_LETTER_QUEUE));
    system.actors.drain(..).for_each(Running::terminate);
    system.web.take().unwrap().terminate();
    let as_of = format_time(published_until + TimeDelta::seconds(10));
    let audit = system
        .site
        .carpark("verify")
        .args(&["--ledger", "ledger.jsonl", "--as-of", &as_of])
        .run(Duration::from_mins(10));
    println!("\n{}{}", audit.stdout, audit.stderr);
    if audit.status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
