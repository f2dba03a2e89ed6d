//! The commands of README.md and docs/, run as they stand.
//!
//! A block says what it is: `sh` is run, `sh not-run: WHY` is not and says why, `python` is run where
//! `pika` can be had. Ports are exchanged for free ones, `cargo run --release` for the program that was
//! built; whatever else stands there is run by a shell that stops at the first command that fails. A
//! program in the foreground gets its Ctrl-C after a while.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use domain::wire::ENTRY_QUEUE;
use tests::process::{Carpark, binary, workspace};
use tests::{Site, http, ports, python, site, wait};

/// What a block may be.
const KINDS: [&str; 8] = ["csv", "ini", "json", "promql", "python", "sh", "text", "toml"];
const SOON: Duration = Duration::from_mins(1);

pub(crate) struct Block {
    /// File and line.
    at: String,
    kind: String,
    /// Why it is not run.
    not_run: Option<String>,
    pub(crate) text: String,
}

/// All blocks, in their order.
fn blocks() -> Vec<Block> {
    let mut files: Vec<PathBuf> = fs::read_dir(workspace().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    files.insert(0, workspace().join("README.md"));
    let mut blocks = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let mut open: Option<Block> = None;
        for (number, line) in text.lines().enumerate() {
            let Some(info) = line.trim_start().strip_prefix("```") else {
                if let Some(block) = &mut open {
                    writeln!(block.text, "{line}").unwrap();
                }
                continue;
            };
            if let Some(block) = open.take() {
                blocks.push(block);
                continue;
            }
            let (kind, more) = info.split_once(' ').unwrap_or((info, ""));
            let not_run = more.strip_prefix("not-run: ").map(str::to_owned);
            let at = format!("{}:{}", file.file_name().unwrap().display(), number + 1);
            assert!(more.is_empty() || not_run.is_some(), "{at}: {info:?} is not understood");
            open = Some(Block { at, kind: kind.to_owned(), not_run, text: String::new() });
        }
    }
    blocks
}

/// The block that has these words, to be run; each of which is one that is.
pub(crate) fn block(words: &str) -> Block {
    let found = blocks().into_iter().find(|block| block.text.contains(words));
    found
        .filter(|block| block.not_run.is_none())
        .unwrap_or_else(|| panic!("no block has {words:?}"))
}

/// Words of the blocks that start programs themselves, and of the test that runs each.
const STARTING: [&str; 4] =
    ["cargo run --release\n", "-- serve &", "-- --ledger day.jsonl", "carpark configure"];

/// A directory, a shell's search path in it, and ports for those that the documents name.
struct Bench {
    directory: PathBuf,
    ports: [(u16, u16); 6],
    /// More that is exchanged.
    servers: Vec<(String, String)>,
}

impl Bench {
    fn new() -> Self {
        let directory = site::directory();
        let bin = directory.join("bin");
        fs::create_dir_all(&bin).unwrap();
        let program = |name: &str, text: String| {
            fs::write(bin.join(name), text).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        };
        let carpark = binary().display();
        // One in the background goes on until the shell ends; one in the foreground that does not
        // end by itself gets its Ctrl-C.
        program("carpark", format!("#!/bin/sh\nexec {carpark} \"$@\"\n"));
        program(
            "cargo",
            "#!/bin/sh\n\
             [ \"$1 $2\" = 'run --release' ] || { echo \"cargo $*?\" >&2; exit 2; }\n\
             shift 2; [ \"${1-}\" = -- ] && shift\n\
             exec timeout --foreground --signal=INT --preserve-status 20 carpark \"$@\"\n"
                .to_owned(),
        );
        // A person waits until the program is there, and sees what it answers.
        program(
            "curl",
            "#!/bin/sh\nexec /usr/bin/env -i PATH=/usr/bin:/bin curl -sS --fail-with-body --retry 20 \
             --retry-connrefused --retry-delay 1 \"$@\"\n"
                .to_owned(),
        );
        let ports =
            [40_000, 40_001, 40_002, 40_003, 40_004, 40_012].map(|port| (port, ports::free()));
        Self { directory, ports, servers: Vec::new() }
    }

    fn port(&self, documented: u16) -> u16 {
        self.ports.iter().find(|(port, _)| *port == documented).unwrap().1
    }

    /// Runs a text, and what looks at its outcome before what it started is ended.
    #[track_caller]
    fn run(&self, block: &Block, then: &str) -> String {
        eprintln!("--- {}\n{}", block.at, block.text);
        let mut text = block.text.clone();
        for (documented, here) in &self.servers {
            text = text.replace(documented, here);
        }
        for (documented, here) in self.ports {
            text = text.replace(&format!(":{documented}"), &format!(":{here}"));
        }
        let script = format!(
            "set -eu\n\
             trap 'ended=$?; set +e; kill $(jobs -p) 2>/dev/null; wait; exit $ended' EXIT\n\
             {text}\n{then}\n"
        );
        let at = |port: u16| format!("127.0.0.1:{}", self.port(port));
        let path = env::var("PATH").unwrap();
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", format!("{}:{path}", self.directory.join("bin").display()))
            .env("TOKEN", "of-a-camera")
            .env("CARPARK_WEB_LISTEN", at(40_000))
            .env("CARPARK_ACTORS_LISTEN", at(40_001))
            .env("CARPARK_GENERATORS_LISTEN", at(40_002))
            .env("CARPARK_VEHICLES_LISTEN", at(40_004))
            .envs(self.roles(block))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{}: {}\n{said}", block.at, output.status);
        said
    }

    /// Where roles in processes of their own find each other, which by default they do by the
    /// documented ports.
    fn roles(&self, block: &Block) -> Vec<(&'static str, String)> {
        if !block.text.contains("carpark configure") {
            return Vec::new();
        }
        let url = |port: u16| format!("http://127.0.0.1:{}", self.port(port));
        vec![
            ("CARPARK_SUMMARY_URL", format!("{}/save_summary", url(40_000))),
            ("CARPARK_ACTORS_URL", url(40_001)),
            ("CARPARK_VEHICLES_URL", url(40_004)),
            ("CARPARK_PINGS_MONITOR_URL", url(40_004)),
        ]
    }
}

/// Waits, in a shell, until a command succeeds.
fn until(command: &str) -> String {
    format!("for _ in $(seq 300); do if {command}; then exit 0; fi; sleep 0.1; done; exit 1")
}

#[test]
fn every_block_says_what_it_is_and_what_is_not_run_says_why() {
    let all = blocks();
    for block in &all {
        assert!(KINDS.contains(&block.kind.as_str()), "{}: {:?} is no kind", block.at, block.kind);
        if let Some(why) = &block.not_run {
            assert!(block.kind == "sh" && why.len() > 8, "{}: why is it not run?", block.at);
            eprintln!("not run: {} ({why})\n{}", block.at, block.text);
        }
    }
    let run = all.iter().filter(|block| block.kind == "sh" && block.not_run.is_none()).count();
    assert!(run >= 9, "only {run} blocks are run");
}

#[test]
fn every_recipe_has_one_line_that_says_what_it_does_and_those_that_are_named_exist() {
    let read = |path: &str| fs::read_to_string(workspace().join(path)).unwrap();
    let mut recipes = Vec::new();
    for file in ["justfile", "docker/recipes.just"] {
        let text = read(file);
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let is_recipe = line.starts_with(|c: char| c.is_ascii_lowercase())
                && line.split_once(':').is_some_and(|(_, rest)| !rest.starts_with('='));
            if !is_recipe {
                continue;
            }
            let name = line.split([' ', ':']).next().unwrap();
            let above = lines[..number].iter().rev().skip_while(|line| line.starts_with('['));
            let comment = above.take_while(|line| line.starts_with('#')).count();
            assert_eq!(
                comment, 1,
                "{file}: `just --list` shows one line of what is said of {name}"
            );
            recipes.push(name.to_owned());
        }
    }
    assert!(recipes.len() > 20, "{recipes:?}");
    let named_in = [
        "README.md",
        "CONTRIBUTING.md",
        "docs/alerts.md",
        "docs/api.md",
        "docs/operations.md",
        "docs/performance.md",
        "docs/vehicles.md",
        "docs/webhooks.md",
    ];
    for file in named_in {
        let text = read(file);
        // As code, in a shell's brackets, or as a line of a block; elsewhere `just` is a word.
        for before in ["`just ", "$(just ", "\njust "] {
            for named in text.split(before).skip(1) {
                let name: String = named.chars().take_while(char::is_ascii_lowercase).collect();
                assert!(recipes.contains(&name), "{file} names `just {name}`, which is no recipe");
            }
        }
    }
}

#[test]
fn commands_to_a_running_program_work_as_they_stand() {
    let bench = Bench::new();
    // The documents' cameras, without a token: the commands show none.
    let toml = block("[cameras.entry-1]").text.replace("camera_token", "#");
    // And bays, which people count.
    let toml = toml.replace("[places.main]", "[places.main]\nbays = { standard = 120 }");
    fs::write(bench.directory.join("carpark.toml"), toml).unwrap();
    let now = chrono::Utc::now().to_rfc3339();
    let read = format!(r#"{{"id":"d-1","vehicle_plate":"ABC-123","entry_date_time":"{now}"}}"#);
    fs::write(bench.directory.join("message"), read).unwrap();
    let payloads = bench.directory.join("cameras/payloads");
    fs::create_dir_all(&payloads).unwrap();
    let hikvision = workspace().join("cameras/payloads/hikvision.xml");
    fs::copy(&hikvision, payloads.join("hikvision.xml")).unwrap();
    fs::copy(&hikvision, bench.directory.join("message.xml")).unwrap();
    let places = "id,name,spaces_standard\neast,East,30\n";
    fs::write(bench.directory.join("places.csv"), places).unwrap();
    let table = workspace().join("rates/tables/dynamic.toml");
    fs::copy(&table, bench.directory.join("dynamic.toml")).unwrap();
    let carpark = Carpark::new(&bench.directory, "all").port(bench.port(40_000)).start_ready();
    for block in blocks() {
        let starts = STARTING.iter().any(|words| block.text.contains(words));
        if block.kind == "sh" && block.not_run.is_none() && !starts {
            bench.run(&block, "");
        }
    }
    let fleet = "vehicle_id,plate,customer_id,customer_name,customer_address\nVIN-9,ZZ-9,acme,Acme Couriers,1 Mill Lane\n";
    fs::write(bench.directory.join("fleet.csv"), fleet).unwrap();
    let import = Block {
        at: "vehicles.md: Importing".to_owned(),
        kind: "sh".to_owned(),
        not_run: None,
        text: format!(
            "carpark vehicles import fleet.csv --url http://127.0.0.1:{}",
            bench.port(40_000)
        ),
    };
    assert!(bench.run(&import, "").contains("1 vehicles and 0 customers added"));
    assert!(http::get(&carpark.url("/vehicles/WVWZZZ1JZXW000001")).ok().body.contains("connected"));
    carpark.terminate();
}

#[test]
fn the_commands_that_start_carpark_do_what_is_said_of_them() {
    let bench = Bench::new();
    let said = bench.run(&block(STARTING[0]), "grep -q . data/summaries.csv");
    assert!(
        said.contains(&format!("open        http://127.0.0.1:{}", bench.port(40_000))),
        "{said}"
    );
    let rows =
        |bench: &Bench| fs::read_to_string(bench.directory.join("data/summaries.csv")).unwrap();
    assert!(rows(&bench).lines().count() > 5, "{}", rows(&bench));

    let bench = Bench::new();
    fs::write(bench.directory.join("carpark.toml"), block("[cameras.entry-1]").text).unwrap();
    bench.run(&block(STARTING[1]), &until("grep -q 'ABC-*123,' data/summaries.csv"));

    let bench = Bench::new();
    let said = bench.run(&block(STARTING[2]), "");
    assert!(said.contains("lost"), "{said}");
}

#[test]
fn the_distributed_commands_make_a_whole_system() {
    let site = Site::new();
    let mut bench = Bench::new();
    let redis = site.redis.url(0);
    bench.servers = vec![
        ("amqp://guest:guest@127.0.0.1:5672".to_owned(), site.broker.url()),
        ("redis://127.0.0.1:6379/0".to_owned(), redis.clone()),
        ("redis://127.0.0.1:6379/1".to_owned(), site.redis.url(1)),
    ];
    let web = format!("http://127.0.0.1:{}", bench.port(40_000));
    let ready: Vec<String> = bench
        .ports
        .iter()
        .map(|(_, port)| format!("curl http://127.0.0.1:{port}/readyz && "))
        .collect();
    let ready = ready.concat();
    let then = until(&format!(
        "{ready} [ $(curl {web}/summaries.csv | wc -l) -gt 5 ] && \
         curl {web}/vehicles?status=connected | grep -q vehicle_id"
    ));
    bench.run(&block(STARTING[3]), &then);
}

#[test]
fn the_example_of_a_publisher_in_python_publishes_where_pika_can_be_had() {
    let Some(target) = python::package("pika", "pika==1.3.2") else { return };
    let site = Site::new();
    site.configure();
    let example = blocks().into_iter().find(|block| block.kind == "python").unwrap();
    let output = Command::new("python3")
        .args(["-c", &example.text])
        .env("PYTHONPATH", &target)
        .env("CARPARK_BROKER_URL", site.broker.url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let client = site.client();
    wait::until("the read waits", SOON, || (client.depth(ENTRY_QUEUE) == 1).then_some(()));
}

#[test]
fn the_example_of_a_receiver_in_python_takes_what_is_genuine_and_each_event_once() {
    // The standard's own example.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let directory = site::directory();
    let (port, web) = (ports::free(), ports::free());
    let printed = directory.join("printed");
    let mut program = Command::new("python3");
    program.args(["-c", &block("def is_genuine").text]).stderr(Stdio::null());
    program.env("WEBHOOK_SECRET", SECRET).env("PORT", port.to_string());
    let mut receiver = tests::guard::spawn(program.stdout(fs::File::create(&printed).unwrap()));
    let url = format!("http://127.0.0.1:{port}/hooks/carpark");
    let ask = |headers: &[(&str, &str)], body: &str| {
        http::request("POST", &url, headers, body.as_bytes()).map(|answer| answer.status)
    };
    let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let old = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", signature),
    ];
    let now = chrono::Utc::now().timestamp().to_string();
    let forged = [old[0], ("webhook-timestamp", now.as_str()), old[2]];
    wait::until("it is there", SOON, || ask(&forged, "{}").ok());
    assert_eq!(ask(&forged, r#"{"test": 2432232314}"#), Ok(401), "forged");
    assert_eq!(ask(&old, r#"{"test": 2432232314}"#), Ok(401), "genuine, and of 2021");

    fs::write(directory.join("secret"), SECRET).unwrap();
    let toml = block("[webhooks.ledger]").text;
    let toml =
        toml.replace("/etc/carpark/ledger_secret", directory.join("secret").to_str().unwrap());
    let toml = toml.replace("https://example.com/hooks/carpark", &url) + "allow_private = true\n";
    fs::write(directory.join("carpark.toml"), toml).unwrap();
    let running = Carpark::new(&directory, "web").port(web).start_ready();
    let list = || http::get(&running.url("/admin/webhooks")).ok().json()["webhooks"][0].clone();
    wait::until("it begins", SOON, || list()["position"].is_u64().then_some(()));
    let stay = serde_json::json!({ "vehicle_plate": "HOOK1", "session_id": "stay-1",
        "entry_date_time": "2026-05-04T08:00:00Z", "exit_date_time": "2026-05-04T09:00:00Z" });
    http::post_json(&running.url("/save_summary"), &stay).ok();
    let attempts = |count: usize| {
        wait::until("it is delivered", SOON, || {
            let log = http::get(&running.url("/admin/webhooks/ledger/deliveries")).ok().json();
            let log = log["deliveries"].as_array().unwrap().clone();
            (log.len() == count).then_some(log)
        })
    };
    let first = attempts(1)[0].clone();
    let again =
        format!("/admin/webhooks/ledger/deliveries/{}/retry", first["id"].as_str().unwrap());
    http::post_json(&running.url(&again), &serde_json::json!({})).ok();
    for attempt in attempts(2) {
        assert_eq!((&attempt["outcome"], &attempt["status"]), (&"delivered".into(), &204.into()));
    }
    assert_eq!(fs::read_to_string(printed).unwrap(), "session.closed stay-1\n", "once");
    running.terminate();
    receiver.kill().unwrap();
    receiver.wait().unwrap();
}

#[test]
fn simulations_say_in_their_logs_what_they_published() {
    let mut site = Site::new();
    site.configure();
    site.set("CARPARK_PUBLISHED_EVERY", "1s");
    let cameras = site.carpark("generators").start_ready();
    let monitor = site.carpark("vehicles").start_ready();
    let pings = site
        .carpark("ping-generator")
        .env("CARPARK_PINGS_MONITOR_URL", &monitor.url(""))
        .args(&["--vehicles", "20", "--ping-every", "1s"])
        .start_ready();
    let published = |log: &str, what: &str| {
        let lines = log.lines().filter(|line| line.contains(what));
        let of = |line: &str| {
            let word = line.split_whitespace().find(|word| word.starts_with("published="))?;
            word["published=".len()..].parse::<u32>().ok()
        };
        lines.filter_map(of).sum::<u32>()
    };
    for (role, what) in [
        (&cameras, "reads published kind=\"entry\""),
        (&cameras, "reads published kind=\"exit\""),
        (&pings, "pings published"),
    ] {
        wait::until(what, SOON, || (published(&role.stderr(), what) >= 5).then_some(()));
    }
    assert!(!cameras.stdout().contains("Ctrl-C"), "nobody is there to press it");
    pings.terminate();
    monitor.terminate();
    cameras.terminate();
}
