//! RabbitMQ: five seconds to start, so one server serves all tests of a process, each in a virtual
//! host of its own. A test that kills its broker starts one for itself.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::broker_client::BrokerClient;
use crate::http::Answer;
use crate::{guard, http, ports, wait};

/// `Authorization` of `guest:guest`.
const GUEST: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";

/// One server: a broker, its port mapper, and the management plugin, whose HTTP API makes a
/// virtual host in 12 ms (`rabbitmqctl` takes more than a second for anything).
pub struct RabbitMq {
    port: u16,
    management_port: u16,
    metrics_port: u16,
    mapper_port: u16,
    distribution_port: u16,
    directory: PathBuf,
    processes: Mutex<Option<Processes>>,
}

struct Processes {
    /// Erlang's virtual machine itself, no shell around it: signals reach the broker.
    broker: Child,
    /// Erlang's port mapper. Left to itself the broker would start one as a daemon, which would
    /// outlive the tests.
    mapper: Child,
}

impl RabbitMq {
    /// The server that the tests of this process share. It ends with the process (see
    /// [`crate::guard`]). `TEST_RABBITMQ=PORT,MANAGEMENT_PORT` names one that runs already on this
    /// machine and has the user `guest`: for another version than the system's.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<RabbitMq>> = OnceLock::new();
        let of_somebody_else = || {
            let ports = std::env::var("TEST_RABBITMQ").ok()?;
            let (port, management_port) = ports.split_once(',')?;
            Some(Self::of_ports(port.parse().ok()?, management_port.parse().ok()?))
        };
        let start = || Arc::new(of_somebody_else().unwrap_or_else(Self::start));
        Arc::clone(SHARED.get_or_init(start))
    }

    /// None that runs, or one that somebody else runs.
    fn of_ports(port: u16, management_port: u16) -> Self {
        Self {
            port,
            management_port,
            metrics_port: ports::free(),
            mapper_port: ports::free(),
            distribution_port: ports::free(),
            directory: guard::directory("rabbitmq"),
            processes: Mutex::new(None),
        }
    }

    /// Starts one and waits until it is ready.
    pub fn start() -> Self {
        let server = Self::of_ports(ports::free(), ports::free());
        server.restart();
        server
    }

    /// Where Prometheus asks.
    pub fn metrics_port(&self) -> u16 {
        self.metrics_port
    }

    /// Where it speaks AMQP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.processes.lock().unwrap().as_ref().expect("it runs").broker.id()
    }

    /// A new virtual host. The server may be shared or the test's own, or another run's at the same
    /// time: the number is for who reads the logs, the rest makes it this run's.
    pub fn virtual_host(self: &Arc<Self>) -> VirtualHost {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{number}-{:08x}", rand::random::<u32>());
        self.api("PUT", &format!("vhosts/{name}"), &Value::Null).ok();
        VirtualHost { server: Arc::clone(self), name }
    }

    /// Starts it again after [`RabbitMq::kill`], and waits until it takes connections.
    pub fn restart(&self) {
        self.kill_now();
        std::fs::write(
            self.directory.join("rabbitmq.conf"),
            format!(
                "listeners.tcp.1 = 127.0.0.1:{}\n\
                 management.tcp.ip = 127.0.0.1\n\
                 management.tcp.port = {}\n\
                 prometheus.tcp.ip = 127.0.0.1\n\
                 prometheus.tcp.port = {}\n\
                 log.console = true\n\
                 log.console.level = warning\n",
                self.port, self.management_port, self.metrics_port
            ),
        )
        .unwrap();
        std::fs::write(
            self.directory.join("plugins"),
            "[rabbitmq_management,rabbitmq_prometheus].\n",
        )
        .unwrap();

        let mapper =
            guard::spawn(self.quietly(Command::new(found("epmd", &["/usr/bin/epmd"])).args([
                "-port",
                &self.mapper_port.to_string(),
                "-address",
                "127.0.0.1",
            ])));
        // The script below Debian's wrapper, which insists on root or the user `rabbitmq`.
        let script = found("rabbitmq-server", &["/usr/lib/rabbitmq/bin/rabbitmq-server"]);
        let at = |name: &str| self.directory.join(name);
        let broker = guard::spawn(
            self.quietly(
                Command::new(script)
                    // Makes the script `exec` the virtual machine instead of watching over it.
                    .env("detached", "1")
                    .env("HOME", &self.directory)
                    .env("ERL_EPMD_PORT", self.mapper_port.to_string())
                    .env("ERL_EPMD_ADDRESS", "127.0.0.1")
                    .env("RABBITMQ_NODENAME", format!("t{}@localhost", self.port))
                    .env("RABBITMQ_DIST_PORT", self.distribution_port.to_string())
                    .env(
                        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                        // Its schedulers do not spin while they wait: others need the cores.
                        "-kernel inet_dist_use_interface {127,0,0,1} \
                         +sbwt none +sbwtdcpu none +sbwtdio none",
                    )
                    .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
                    .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"))
                    .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
                    .env("RABBITMQ_LOG_BASE", at("log"))
                    .env("RABBITMQ_LOGS", "-")
                    .env("RABBITMQ_PID_FILE", at("pid")),
            ),
        );
        *self.processes.lock().unwrap() = Some(Processes { broker, mapper });

        wait::until_ok("rabbitmq-server is ready", Duration::from_mins(1), || {
            let mut processes = self.processes.lock().unwrap();
            let running = processes.as_mut().expect("started above").broker.try_wait().unwrap();
            assert!(
                running.is_none(),
                "rabbitmq-server ended ({running:?}):\n{}",
                guard::tail(&self.log(), 40)
            );
            let url = format!("http://127.0.0.1:{}/api/vhosts", self.management_port);
            http::request("GET", &url, &[("authorization", GUEST)], b"")?;
            BrokerClient::try_connect(&self.url("%2f")).map(drop)
        });
    }

    fn quietly<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log)
    }

    fn log(&self) -> PathBuf {
        self.directory.join("broker.log")
    }

    fn url(&self, virtual_host: &str) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/{virtual_host}", self.port)
    }

    /// Asks the management API; `path` follows `/api/`.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, body: &Value) -> Answer {
        let url = format!("http://127.0.0.1:{}/api/{path}", self.management_port);
        let headers = [("authorization", GUEST), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        http::request(method, &url, &headers, body.as_bytes())
            .unwrap_or_else(|e| panic!("{method} {url}: {e}"))
    }

    /// `kill -9`, as soon as the queues are known to its disk: it writes the list of its quorum
    /// queues half a second behind (3.10), and one that was declared within that time never gets
    /// a leader again. Not a fault the program could do anything about.
    pub fn kill(&self) {
        wait::until_ok("the list of queues is on disk", Duration::from_secs(10), || {
            self.queues_are_on_disk()
        });
        self.kill_now();
    }

    fn queues_are_on_disk(&self) -> Result<(), String> {
        let queues = self.api("GET", "queues?disable_stats=true", &Value::Null).ok().json();
        let node = format!("t{}@localhost", self.port);
        let folder = self.directory.join("mnesia").join(&node).join("quorum").join(&node);
        let list = std::fs::read(folder.join("names.dets")).unwrap_or_default();
        for queue in queues.as_array().into_iter().flatten().filter(|q| q["type"] == "quorum") {
            let text = |field: &str| queue[field].as_str().unwrap_or_default().to_owned();
            let name = format!("{}_{}", text("vhost"), text("name"));
            if !list.windows(name.len()).any(|window| window == name.as_bytes()) {
                return Err(format!("{name} is not in it"));
            }
        }
        for file in ["names.dets", "meta.dets"] {
            let written_at = std::fs::metadata(folder.join(file)).and_then(|m| m.modified());
            let age = written_at.ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age < Duration::from_secs(1)) {
                return Err(format!("{file} was written {age:?} ago"));
            }
        }
        Ok(())
    }

    /// SIGTERM, and waits for its end: what an upgrade does.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
        wait::until("rabbitmq-server ends", Duration::from_secs(30), || {
            let mut processes = self.processes.lock().unwrap();
            processes.as_mut().expect("it runs").broker.try_wait().unwrap()
        });
        self.kill_now();
    }

    /// Says that memory is short: from now on nobody may publish.
    pub fn raise_memory_alarm(&self) {
        self.ctl(&["set_vm_memory_high_watermark", "absolute", "1000"]);
    }

    /// Says that there is memory enough.
    pub fn clear_memory_alarm(&self) {
        self.ctl(&["set_vm_memory_high_watermark", "0.6"]);
    }

    fn ctl(&self, arguments: &[&str]) {
        let script = found("rabbitmqctl", &["/usr/lib/rabbitmq/bin/rabbitmqctl"]);
        let output = Command::new(script)
            .args(["-n", &format!("t{}@localhost", self.port)])
            .args(arguments)
            .env("HOME", &self.directory)
            .env("ERL_EPMD_PORT", self.mapper_port.to_string())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn kill_now(&self) {
        if let Some(Processes { mut broker, mut mapper }) = self.processes.lock().unwrap().take() {
            for child in [&mut broker, &mut mapper] {
                child.kill().unwrap();
                child.wait().unwrap();
            }
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
        let processes = self.processes.lock().unwrap();
        guard::signal(&processes.as_ref().expect("it runs").broker, signal);
    }
}

/// A program by its path where the system keeps it out of `PATH`, else by its name.
fn found(name: &str, paths: &[&str]) -> PathBuf {
    paths
        .iter()
        .map(Path::new)
        .find(|path| path.exists())
        .map_or_else(|| PathBuf::from(name), Path::to_path_buf)
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.kill_now();
        if thread::panicking() {
            eprintln!("--- rabbitmq-server\n{}", guard::tail(&self.log(), 40));
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A test's own corner of a broker; removed with all its queues and connections when dropped.
pub struct VirtualHost {
    server: Arc<RabbitMq>,
    name: String,
}

impl VirtualHost {
    /// For `CARPARK_BROKER_URL`.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// The same through another port, such as a proxy's.
    pub fn url_through(&self, port: u16) -> String {
        format!("amqp://guest:guest@127.0.0.1:{port}/{}", self.name)
    }

    /// The server.
    pub fn server(&self) -> &RabbitMq {
        &self.server
    }

    /// A publisher and reader that is not the program's.
    pub fn client(&self) -> BrokerClient {
        BrokerClient::connect(&self.url())
    }

    /// What the broker knows of a queue: `durable`, `arguments`, `type`. `None` where it is not.
    pub fn queue(&self, name: &str) -> Option<Value> {
        let path = format!("queues/{}/{name}?disable_stats=true", self.name);
        let answer = self.server.api("GET", &path, &Value::Null);
        (answer.status != 404).then(|| answer.ok().json())
    }

    /// Declares a queue with arguments that are not the program's.
    pub fn declare_queue(&self, name: &str, durable: bool, arguments: &Value) {
        let path = format!("queues/{}/{name}", self.name);
        let body = json!({ "durable": durable, "auto_delete": false, "arguments": arguments });
        self.server.api("PUT", &path, &body).ok();
    }

    /// Has a queue refuse what goes beyond so many messages.
    pub fn limit_queue(&self, name: &str, messages: usize) {
        let body = json!({
            "pattern": format!("^{name}$"),
            "apply-to": "queues",
            "definition": { "max-length": messages },
        });
        let policy = format!("limit-{name}");
        self.server.api("PUT", &format!("policies/{}/{policy}", self.name), &body).ok();
        // With the figures, which come every few seconds: the rest does not name it.
        let path = format!("queues/{}/{name}", self.name);
        wait::until("the queue has its limit", Duration::from_secs(30), || {
            let queue = self.server.api("GET", &path, &Value::Null).ok().json();
            let holds = &queue["effective_policy_definition"]["max-length"];
            (queue["policy"] == policy.as_str() && *holds == messages).then_some(())
        });
    }

    /// Deletes a queue under its consumers.
    pub fn delete_queue(&self, name: &str) {
        self.server.api("DELETE", &format!("queues/{}/{name}", self.name), &Value::Null).ok();
    }

    /// Closes every connection into this virtual host from the broker's side.
    pub fn close_connections(&self) {
        let path = format!("vhosts/{}/connections?disable_stats=true", self.name);
        let connections = self.server.api("GET", &path, &Value::Null).ok().json();
        for connection in connections.as_array().into_iter().flatten() {
            let name = connection["name"].as_str().unwrap().replace(' ', "%20").replace('>', "%3E");
            // One that is gone already is closed.
            self.server.api("DELETE", &format!("connections/{name}"), &Value::Null);
        }
    }
}

impl Drop for VirtualHost {
    fn drop(&mut self) {
        if self.server.processes.lock().is_ok_and(|processes| processes.is_some()) {
            let url = format!(
                "http://127.0.0.1:{}/api/vhosts/{}",
                self.server.management_port, self.name
            );
            // The broker may be stopped or gone: then there is nothing to tidy.
            let _ = http::request("DELETE", &url, &[("authorization", GUEST)], b"");
        }
    }
}
