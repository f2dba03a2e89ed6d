//! One PostgreSQL per test, with a database of its own: some seconds to make, then it syncs each commit.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, geteuid};

use crate::{guard, ports, wait};

/// Its superuser; it asks for no password, and listens on loopback alone.
const USER: &str = "carpark";

/// A server that can be killed and started again on the same port with the same data.
pub struct Postgres {
    port: u16,
    directory: PathBuf,
    child: Mutex<Option<Child>>,
}

/// Debian keeps the server's programs out of PATH; the newest version is taken.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|all| all.flatten().map(|entry| entry.path().join("bin").join(name)).collect())
        .unwrap_or_default();
    versions.retain(|path| path.exists());
    versions.sort();
    versions.pop().unwrap_or_else(|| PathBuf::from(name))
}

/// A command of the server, which refuses to run as root: then as the user that Debian made for it.
fn command(name: &str) -> Command {
    let program = program(name);
    if !geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

impl Postgres {
    /// Makes one and starts it.
    pub fn start() -> Self {
        let directory = guard::directory("postgres");
        if geteuid().is_root() {
            let given = Command::new("chown").arg("postgres").arg(&directory).status().unwrap();
            assert!(given.success(), "chown {}", directory.display());
        }
        let made = command("initdb")
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--username", USER, "--pgdata"])
            .arg(directory.join("data"))
            .output()
            .expect("initdb runs: tests/run installs it");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = Self { port: ports::free(), directory, child: Mutex::new(None) };
        server.restart();
        server
    }

    /// The URL of its one database.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it again after [`Postgres::kill`], and waits until it answers.
    pub fn restart(&self) {
        self.kill();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.directory.join("log"))
            .unwrap();
        let mut command = command("postgres");
        command
            .arg("-D")
            .arg(self.directory.join("data"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-k", ""])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        *self.child.lock().unwrap() = Some(guard::spawn(&mut command));
        wait::until_ok("postgres is ready", Duration::from_secs(30), || self.query("SELECT 1"));
    }

    /// What one statement answers, a row per line.
    pub fn query(&self, statement: &str) -> Result<String, String> {
        let answered = Command::new("psql")
            .args(["--no-psqlrc", "--tuples-only", "--no-align", "--dbname", &self.url()])
            .args(["--command", statement])
            .output()
            .map_err(|e| e.to_string())?;
        if answered.status.success() {
            return Ok(String::from_utf8_lossy(&answered.stdout).trim().to_owned());
        }
        Err(String::from_utf8_lossy(&answered.stderr).into_owned())
    }

    /// `kill -9` of the server, whose children end of it.
    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
            // Its children hold the memory that the next start wants for itself.
            let lock = self.directory.join("data/postmaster.pid");
            let _ = std::fs::remove_file(lock);
        }
    }

    /// SIGSTOP: it takes connections and does not answer.
    pub fn stop(&self) {
        guard::signal(self.child.lock().unwrap().as_ref().expect("it runs"), Signal::STOP);
    }

    /// SIGCONT.
    pub fn cont(&self) {
        guard::signal(self.child.lock().unwrap().as_ref().expect("it runs"), Signal::CONT);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- postgres\n{}", guard::tail(&self.directory.join("log"), 20));
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
