//! One Redis per test: it starts in milliseconds.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use deadpool_redis::redis;
use rustix::process::Signal;

use crate::{guard, ports, wait};

/// A server that syncs its append-only file before it answers, as the README advises.
pub struct Redis {
    port: u16,
    /// Of the user `default`, as part of a URL.
    credentials: String,
    directory: PathBuf,
    options: Vec<String>,
    child: Mutex<Option<Child>>,
}

impl Redis {
    /// Starts one with `options` on top, such as `["--maxmemory", "4mb"]`.
    pub fn start(options: &[&str]) -> Self {
        Self::start_with(String::new(), options)
    }

    /// Starts one whose user `default` has a password, which the options set.
    pub fn start_as(password: &str, options: &[&str]) -> Self {
        Self::start_with(format!(":{password}@"), options)
    }

    fn start_with(credentials: String, options: &[&str]) -> Self {
        let server = Self {
            port: ports::free(),
            credentials,
            directory: guard::directory("redis"),
            options: options.iter().map(ToString::to_string).collect(),
            child: Mutex::new(None),
        };
        server.restart();
        server
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: u8) -> String {
        format!("redis://{}127.0.0.1:{}/{database}", self.credentials, self.port)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().as_ref().expect("it runs").id()
    }

    /// Starts it again after [`Redis::kill`], and waits until it has read its data.
    pub fn restart(&self) {
        self.kill();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.directory.join("log"))
            .unwrap();
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            // What docker/redis.conf has, too.
            .args(["--appendonly", "yes", "--appendfsync", "always", "--save", ""])
            .args(["--hash-max-listpack-value", "2048", "--auto-aof-rewrite-min-size", "256mb"])
            .arg("--dir")
            .arg(&self.directory)
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        *self.child.lock().unwrap() = Some(guard::spawn(&mut command));
        wait::until_ok("redis-server is ready", Duration::from_secs(20), || {
            self.connect(0)
                .and_then(|mut link| redis::cmd("PING").query::<String>(&mut link))
                .map_err(|e| e.to_string())
        });
    }

    fn connect(&self, database: u8) -> redis::RedisResult<redis::Connection> {
        let client = redis::Client::open(self.url(database))?;
        let link = client.get_connection_with_timeout(Duration::from_secs(5))?;
        link.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(link)
    }

    /// Runs one command, given as words, in a database.
    #[track_caller]
    pub fn command<T: redis::FromRedisValue>(&self, database: u8, words: &[&str]) -> T {
        self.try_command(database, words).unwrap_or_else(|e| panic!("{words:?}: {e}"))
    }

    /// As [`Redis::command`], where the server may be gone.
    pub fn try_command<T: redis::FromRedisValue>(
        &self,
        database: u8,
        words: &[&str],
    ) -> redis::RedisResult<T> {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query(&mut self.connect(database)?)
    }

    /// `kill -9`.
    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            // A stopped process dies of it too.
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGSTOP: it neither answers nor closes anything.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn cont(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        guard::signal(self.child.lock().unwrap().as_ref().expect("it runs"), signal);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- redis-server\n{}", guard::tail(&self.directory.join("log"), 20));
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
