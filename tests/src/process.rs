//! The program under test, run as a person runs it: arguments, environment, a working directory,
//! signals; standard output and error, exit code, `/readyz`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::{guard, http, ports, usage, wait};

/// How long the program may take to be ready, on a machine that is busy with other tests.
pub const START: Duration = Duration::from_secs(30);
/// How long a graceful stop may take: the program's promise.
pub const STOP: Duration = Duration::from_secs(10);

/// The program's path: `CARPARK_BIN`, or built first, so that it is never older than its source;
/// when nothing changed that takes a moment.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BINARY.get_or_init(|| match std::env::var_os("CARPARK_BIN") {
        // Each runs in a directory of its own, so the path must not depend on it.
        Some(path) => {
            fs::canonicalize(&path).map_err(|e| format!("CARPARK_BIN: {}: {e}", path.display()))
        }
        None => build(),
    });
    built.as_ref().unwrap_or_else(|e| panic!("{e}"))
}

fn build() -> Result<PathBuf, String> {
    // <target>/<profile>/deps/<this test>
    let profile = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_path_buf();
    let mut build = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    // With all tests of the workspace, so that dependencies have the features they were built with
    // for the tests, and are not built a second time.
    build
        .args(["build", "--quiet", "--workspace", "--bin", "carpark", "--tests", "--target-dir"])
        .arg(profile.parent().unwrap())
        .current_dir(workspace());
    match profile.file_name().unwrap().to_str().unwrap() {
        "debug" => {}
        name => _ = build.args(["--profile", name]),
    }
    // What cargo tells a test of itself would make some dependencies' build scripts believe that
    // they have to run again.
    for (name, _) in std::env::vars() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        {
            build.env_remove(name);
        }
    }
    let status = build.stdin(Stdio::null()).status().expect("cargo is there");
    if status.success() {
        Ok(profile.join("carpark"))
    } else {
        Err(format!("the program cannot be built: {status}; see above (CARPARK_BIN names another)"))
    }
}

/// The folder of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// What is to be run: a role, and how.
#[derive(Debug, Clone)]
pub struct Carpark {
    directory: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    port: Option<u16>,
    /// What a shell does before it becomes the program.
    before: Vec<String>,
}

impl Carpark {
    /// `carpark <role>` (`""` for none at all) with `directory` as its working directory and its
    /// home, and an environment of its own: nothing of the developer's configuration gets in.
    pub fn new(directory: &Path, role: &str) -> Self {
        let mut this = Self {
            directory: directory.to_owned(),
            arguments: role.split_whitespace().map(str::to_owned).collect(),
            environment: BTreeMap::new(),
            port: None,
            before: Vec::new(),
        };
        let listen = match role {
            "" | "all" | "serve" | "web" => "CARPARK_WEB_LISTEN",
            "actors" => "CARPARK_ACTORS_LISTEN",
            "office" => "CARPARK_OFFICE_LISTEN",
            "vehicles" => "CARPARK_VEHICLES_LISTEN",
            "generators" | "entry-generator" | "exit-generator" | "ping-generator" => {
                "CARPARK_GENERATORS_LISTEN"
            }
            _ => return this,
        };
        this.port = Some(ports::free());
        this.environment.insert(listen.to_owned(), format!("127.0.0.1:{}", this.port.unwrap()));
        this
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets several environment variables.
    #[must_use]
    pub fn envs<'e>(mut self, all: impl IntoIterator<Item = (&'e String, &'e String)>) -> Self {
        self.environment.extend(all.into_iter().map(|(n, v)| (n.clone(), v.clone())));
        self
    }

    /// Listens on the given port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        let taken = self.port.expect("a role that listens").to_string();
        for value in self.environment.values_mut() {
            if let Some(host) = value.strip_suffix(&taken) {
                *value = format!("{host}{port}");
            }
        }
        self.port = Some(port);
        self
    }

    /// Ignores a signal from the start, such as `XFSZ`: then a write beyond its limit of file sizes
    /// fails and does not end it.
    #[must_use]
    pub fn ignoring(mut self, signal: &'static str) -> Self {
        self.before.push(format!("trap '' {signal}"));
        self
    }

    /// With so many descriptors to begin with, and so many that it may give itself.
    #[must_use]
    pub fn descriptors(mut self, soft: u32, hard: u32) -> Self {
        self.before.push(format!("ulimit -Sn {soft} && ulimit -Hn {hard}"));
        self
    }

    fn command(&self) -> Command {
        let mut command = if self.before.is_empty() {
            Command::new(binary())
        } else {
            let mut shell = Command::new("sh");
            let script = format!("{}; exec \"$0\" \"$@\"", self.before.join("; "));
            shell.args(["-c", &script]).arg(binary());
            shell
        };
        command.args(&self.arguments);
        command
    }

    /// Adds arguments of the command line.
    #[must_use]
    pub fn args(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// Starts it.
    pub fn start(&self) -> Running {
        self.start_with(None, None)
    }

    /// Starts it with another standard output, another standard error.
    pub fn start_with(&self, out: Option<Stdio>, err: Option<Stdio>) -> Running {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let role = self.arguments.first().map_or("carpark", String::as_str).replace('/', "_");
        let name = format!("{role}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let log = |kind| self.directory.join(format!("{name}.{kind}"));
        let (stdout, stderr) = (log("stdout"), log("stderr"));
        let mut command = self.command();
        command
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.directory)
            .env("RUST_BACKTRACE", "1")
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(out.unwrap_or_else(|| fs::File::create(&stdout).unwrap().into()))
            .stderr(err.unwrap_or_else(|| fs::File::create(&stderr).unwrap().into()));
        let child = guard::spawn(&mut command);
        Running { name, child, port: self.port, stdout, stderr, ended: None, may_panic: false }
    }

    /// Starts it and waits until it says that it is ready.
    #[track_caller]
    pub fn start_ready(&self) -> Running {
        let mut running = self.start();
        running.wait_ready(START);
        running
    }

    /// Runs it to its end, which must come within `patience`.
    #[track_caller]
    pub fn run(&self, patience: Duration) -> Ended {
        let mut running = self.start();
        let status = running.wait(patience);
        Ended { status, stdout: running.stdout(), stderr: running.stderr() }
    }
}

/// What a run to the end left.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The exit code.
    pub status: ExitStatus,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Ended {
    /// Asserts success.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert!(self.status.success(), "{}\n{}\n{}", self.status, self.stdout, self.stderr);
        self
    }

    /// Asserts an exit code of its own that is not 0 (no signal, no panic), and that standard
    /// error has each of `words`, whatever their case.
    #[track_caller]
    pub fn failed_saying(self, words: &[&str]) -> Self {
        let code = self.status.code();
        assert!(
            code.is_some_and(|code| code != 0 && code != 101),
            "{}\n{}\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        let said = self.stderr.to_lowercase();
        for word in words {
            assert!(said.contains(&word.to_lowercase()), "says no {word:?}:\n{}", self.stderr);
        }
        self
    }
}

/// A program that runs. When dropped it is killed; dropped before its time, or with a panic in
/// its log, it fails the test.
pub struct Running {
    name: String,
    child: Child,
    port: Option<u16>,
    stdout: PathBuf,
    stderr: PathBuf,
    /// Set once its end was seen by the test.
    ended: Option<ExitStatus>,
    may_panic: bool,
}

impl Running {
    /// The URL of a path on its listener.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port.expect("a role that listens"))
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port.expect("a role that listens")
    }

    /// Waits until `/readyz` answers 200.
    #[track_caller]
    pub fn wait_ready(&mut self, patience: Duration) {
        let url = self.url("/readyz");
        wait::until_ok(&format!("{} is ready", self.name), patience, || {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.ended = Some(status);
                panic!("{} ended before it was ready: {status}", self.name);
            }
            match http::request("GET", &url, &[], b"")? {
                answer if answer.status == 200 => Ok(()),
                answer => Err(format!("{} {}", answer.status, answer.body)),
            }
        });
    }

    /// Waits until it listens, ready or not.
    #[track_caller]
    pub fn wait_live(&self, patience: Duration) {
        let url = self.url("/livez");
        wait::until_ok(&format!("{} listens", self.name), patience, || {
            http::request("GET", &url, &[], b"")
        });
    }

    /// Whether `/readyz` answers 200 now.
    pub fn is_ready(&self) -> bool {
        http::request("GET", &self.url("/readyz"), &[], b"").is_ok_and(|a| a.status == 200)
    }

    /// The value of a metric by its name and labels as written, `0` where it is not there (yet).
    #[track_caller]
    pub fn metric(&self, series: &str) -> f64 {
        self.metrics(|name| name == series)
    }

    /// The sum of a metric over all its labels.
    #[track_caller]
    pub fn metric_sum(&self, metric: &str) -> f64 {
        self.metrics(|name| name.split('{').next() == Some(metric))
    }

    fn metrics(&self, is_meant: impl Fn(&str) -> bool) -> f64 {
        let text = http::get(&self.url("/metrics")).ok().body;
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(name, _)| is_meant(name))
            .map(|(_, value)| value.parse::<f64>().unwrap())
            .sum()
    }

    /// SIGTERM, and the promise: exit code 0 within ten seconds.
    #[track_caller]
    pub fn terminate(mut self) {
        let asked_at = Instant::now();
        self.signal(Signal::TERM);
        let status = self.wait(STOP);
        assert!(status.success(), "{} stopped with {status}", self.name);
        eprintln!("{} stopped within {:?}", self.name, asked_at.elapsed());
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.ended = Some(self.child.wait().unwrap());
    }

    /// SIGSTOP: it neither answers nor closes anything.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// Sends SIGCONT: lets it go on.
    pub fn cont(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        guard::signal(&self.child, signal);
    }

    /// Whether it has ended by itself. If so, the test has seen it.
    pub fn has_ended(&mut self) -> bool {
        self.ended = self.ended.or_else(|| self.child.try_wait().unwrap());
        self.ended.is_some()
    }

    /// Memory that it really uses at the moment (its resident set).
    pub fn memory_bytes(&self) -> u64 {
        usage::memory_bytes(self.pid())
    }

    /// The most that it ever used at one moment.
    pub fn memory_bytes_peak(&self) -> u64 {
        usage::memory_bytes_peak(self.pid())
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Most bytes that a file of it may have from now on; `None`: any number.
    pub fn limit_file_bytes(&self, bytes: Option<u64>) {
        let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        self.limit(&format!("--fsize={limit}:unlimited"));
    }

    /// Most descriptors that it may have from now on; those that it has stay.
    pub fn limit_descriptors(&self, count: u32) {
        self.limit(&format!("--nofile={count}:"));
    }

    fn limit(&self, limit: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("prlimit").args(["--pid", &pid, limit]).status().unwrap();
        assert!(status.success(), "prlimit {limit}: {status}");
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let what = format!("{} ends", self.name);
        let status = wait::until(&what, patience, || self.child.try_wait().unwrap());
        self.ended = Some(status);
        status
    }

    /// Standard output so far.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stdout).unwrap_or_default()).into_owned()
    }

    /// Standard error so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stderr).unwrap_or_default()).into_owned()
    }

    /// For a test that makes it panic on purpose.
    pub fn may_panic(&mut self) {
        self.may_panic = true;
    }

    fn show(&self) {
        let test = thread::current().name().unwrap_or("test").replace("::", "-");
        // <target>/<profile>/deps/<this test>
        let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_path_buf();
        let kept = target.join("failed-tests").join(test);
        let _ = fs::create_dir_all(&kept);
        for log in [&self.stdout, &self.stderr] {
            let tail = guard::tail(log, 40);
            if !tail.is_empty() {
                let kept = kept.join(log.file_name().unwrap());
                let _ = fs::copy(log, &kept);
                eprintln!("--- {} (whole: {})\n{tail}", self.name, kept.display());
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended_by_itself = match self.ended {
            Some(_) => None,
            None => self.child.try_wait().unwrap(),
        };
        if self.ended.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if thread::panicking() {
            self.show();
            return;
        }
        if let Some(status) = ended_by_itself {
            self.show();
            panic!("{} ended by itself: {status}", self.name);
        }
        if !self.may_panic && self.stderr().contains("panicked at") {
            self.show();
            panic!("{} panicked", self.name);
        }
    }
}
