//! One car park for one test: its own virtual host, its own Redis, its own data directory, and
//! the environment that makes every role of the program work on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chrono::Utc;
use domain::wire::{DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE, format_time};

use crate::broker_client::BrokerClient;
use crate::files::Files;
use crate::process::{self, Carpark, Running};
use crate::servers::{RabbitMq, Redis, VirtualHost};
use crate::truth::Truth;
use crate::{feed, guard, ports};

/// See the module.
pub struct Site {
    /// The virtual host with the queues.
    pub broker: VirtualHost,
    /// The server of the store.
    pub redis: Redis,
    directory: PathBuf,
    web_port: u16,
    environment: BTreeMap<String, String>,
}

impl Site {
    /// On the RabbitMQ that all tests share.
    #[expect(clippy::new_without_default, reason = "it starts servers")]
    pub fn new() -> Self {
        Self::on(&RabbitMq::shared())
    }

    /// On a RabbitMQ of the test's own, which it may stop and kill.
    pub fn on(server: &Arc<RabbitMq>) -> Self {
        let broker = server.virtual_host();
        let redis = Redis::start(&[]);
        let directory = directory();
        let web_port = ports::free();
        let settings = [
            ("CARPARK_BROKER_URL", broker.url()),
            ("CARPARK_STORE_URL", redis.url(0)),
            ("CARPARK_GENERATOR_STORE_URL", redis.url(1)),
            ("CARPARK_VEHICLES_STORE_URL", redis.url(2)),
            ("CARPARK_DATA_DIR", directory.join("data").display().to_string()),
            ("CARPARK_SUMMARY_URL", format!("http://127.0.0.1:{web_port}/save_summary")),
        ];
        let environment = settings.map(|(name, value)| (name.to_owned(), value)).into();
        Self { broker, redis, directory, web_port, environment }
    }

    /// Sets an environment variable for every role that starts from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// A role with this site's environment; not started yet.
    pub fn carpark(&self, role: &str) -> Carpark {
        let role = Carpark::new(&self.directory, role);
        role.envs(&self.environment)
    }

    /// Declares the queues, so that a camera can publish before anybody consumes.
    #[track_caller]
    pub fn configure(&self) {
        self.carpark("configure").run(Duration::from_secs(30)).succeeded();
    }

    /// Starts the web service, always on the same port.
    #[track_caller]
    pub fn start_web(&self) -> Running {
        self.carpark("web").port(self.web_port).start_ready()
    }

    /// The port of the web service.
    pub fn web_port(&self) -> u16 {
        self.web_port
    }

    /// Starts a processor; several may run.
    #[track_caller]
    pub fn start_actors(&self) -> Running {
        self.carpark("actors").start_ready()
    }

    /// Starts a processor whose sink may be away: it works, though it is not ready.
    #[track_caller]
    pub fn start_actors_unready(&self) -> Running {
        let actors = self.carpark("actors").start();
        actors.wait_live(process::START);
        actors
    }

    /// What must hold after any fault, when all is told and the processors are stopped: the files
    /// and the feed say what they must, by the test's own truth and by the program's audit; nothing is left in
    /// the queues, nothing in an outbox; the plates inside are those that are.
    #[track_caller]
    pub fn check_at_rest(&self, truth: &Truth) {
        assert_eq!(truth.check_in_sum(&self.files()), Ok(()));
        let told = feed::read_files(&self.directory.join("data"));
        feed::is_what_the_files_say(&told, &self.files());
        feed::is_in_order(&told);
        let ledger = self.directory.join("ledger.jsonl");
        truth.write_ledger(&ledger);
        let ledger = ledger.display().to_string();
        self.carpark("verify")
            .args(&["--ledger", &ledger, "--as-of", &format_time(Utc::now())])
            .run(Duration::from_secs(30))
            .succeeded();
        let client = self.client();
        for queue in [ENTRY_QUEUE, EXIT_QUEUE, DEAD_LETTER_QUEUE] {
            assert_eq!(client.depth(queue), 0, "messages left in {queue}");
        }
        let outboxes: Vec<String> = self.redis.command(0, &["KEYS", "carpark:outbox:*"]);
        assert_eq!(outboxes, Vec::<String>::new(), "reports left in an outbox");
        let inside: BTreeSet<String> = self.redis.command(0, &["SMEMBERS", "entry_plates"]);
        assert_eq!(&inside, truth.inside(), "plates inside");
    }

    /// A publisher and reader that is not the program's.
    pub fn client(&self) -> BrokerClient {
        self.broker.client()
    }

    /// What the web service wrote.
    pub fn files(&self) -> Files {
        Files::in_directory(&self.directory.join("data"))
    }

    /// The working directory of its programs.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A failed test's files are worth a look; they go when the test process is gone.
        if !thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// A new directory, named after the test that runs on this thread.
pub fn directory() -> PathBuf {
    guard::directory(&thread::current().name().unwrap_or("test").replace("::", "-"))
}
