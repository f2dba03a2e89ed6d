//! A Prometheus that scrapes what a test runs, with the project's own rules.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::process::workspace;
use crate::{guard, http, ports, wait};

/// Scrapes and evaluates each second. Ends when dropped.
pub struct Prometheus {
    port: u16,
    directory: PathBuf,
    child: Child,
}

/// What it scrapes: the job's name as in `monitoring/prometheus.yml`, the port, more lines of its
/// configuration.
pub type Job<'a> = (&'a str, u16, &'a str);

impl Prometheus {
    /// Starts one, which also scrapes itself.
    #[track_caller]
    pub fn start(jobs: &[Job<'_>]) -> Self {
        let port = ports::free();
        let directory = guard::directory("prometheus");
        let rules = workspace().join("monitoring/rules");
        let itself = ("prometheus", port, "");
        let jobs = jobs.iter().chain([&itself]).map(|(name, port, more)| {
            let more: String = more.lines().map(|line| ["    ", line, "\n"].concat()).collect();
            format!(
                "  - job_name: {name}\n    static_configs: [{{ targets: [\"127.0.0.1:{port}\"] }}]\n{more}"
            )
        });
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
             rule_files: [\"{}/*.yml\"]\nscrape_configs:\n{}",
            rules.display(),
            jobs.collect::<String>()
        );
        let file = directory.join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", directory.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let child = guard::spawn(&mut command);
        let this = Self { port, directory, child };
        wait::until_ok("prometheus is ready", Duration::from_secs(30), || {
            match http::request("GET", &format!("{}/-/ready", this.url()), &[], b"")? {
                answer if answer.status == 200 => Ok(()),
                answer => Err(answer.body),
            }
        });
        this
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- prometheus\n{}", guard::tail(&self.directory.join("log"), 20));
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
