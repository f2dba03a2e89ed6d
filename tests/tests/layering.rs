//! The shape of the workspace, held: who may depend on whom, "only X knows Y", and that its
//! documents lead to each other.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::process::workspace;

/// Each crate's own dependencies, without those for its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = |of: &Value| of.as_array().unwrap().clone();
    list(&metadata["packages"])
        .iter()
        .map(|package| {
            let dependencies = list(&package["dependencies"])
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), dependencies)
        })
        .collect()
}

#[test]
fn the_crates_stand_on_each_other_in_one_order() {
    let dependencies = dependencies();
    let crates: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    let known = [
        "actors",
        "cameras",
        "carpark",
        "domain",
        "generators",
        "office",
        "platform",
        "rates",
        "tests",
        "vehicles",
        "web",
    ];
    assert_eq!(crates, known.into(), "a new crate needs its place in this test");
    let below = |name: &str| -> BTreeSet<&str> {
        dependencies[name].iter().map(String::as_str).filter(|d| crates.contains(d)).collect()
    };
    assert_eq!(below("domain"), [].into());
    assert_eq!(below("rates"), [].into());
    assert_eq!(below("platform"), ["domain"].into());
    // No room knows another: they meet in messages, in HTTP, and in what both stand on.
    for name in ["actors", "cameras", "generators", "vehicles", "web"] {
        assert_eq!(below(name), ["domain", "platform"].into(), "{name}");
    }
    assert_eq!(below("office"), ["domain", "platform", "rates"].into());
    // The binary is where all of them meet.
    let all: BTreeSet<&str> =
        crates.iter().copied().filter(|c| !["carpark", "tests"].contains(c)).collect();
    assert_eq!(below("carpark"), all);
    for (name, dependencies) in &dependencies {
        assert!(!dependencies.contains("tests") && !dependencies.contains("carpark"), "{name}");
    }
}

#[test]
fn the_domain_has_no_io_no_async_no_actor_and_no_server() {
    let dependencies = dependencies();
    let allowed = [
        "chrono",
        "compact_str",
        "hashbrown",
        "serde",
        "serde_json",
        "smallvec",
        "thiserror",
        "unicode-normalization",
        "unicode-properties",
        "unicode-script",
        "uuid",
    ];
    for name in &dependencies["domain"] {
        assert!(allowed.contains(&name.as_str()), "domain depends on {name}");
    }
    for file in rust_files("domain/src") {
        for word in ["std::fs", "std::net", "std::env", "std::thread", "std::process", "async fn"] {
            assert!(!code(&file).contains(word), "{} knows {word}", file.display());
        }
    }
}

#[test]
fn the_image_is_built_of_every_crate() {
    let read = |path: &str| fs::read_to_string(workspace().join(path)).unwrap();
    let (dockerfile, ignored) = (read("docker/Dockerfile"), read(".dockerignore"));
    for name in dependencies().into_keys().filter(|name| name != "tests") {
        for (text, line) in
            [(&dockerfile, format!("COPY {name} {name}")), (&ignored, format!("!{name}"))]
        {
            assert!(text.lines().any(|found| found == line), "`{line}` is missing");
        }
    }
}

/// What to look for, where (the program's crates), and which files may have it.
const ONLY: &[(&str, &[&str])] = &[
    // In a filter of logs the program names it.
    ("lapin::", &["platform/src/messaging", "carpark/src/telemetry"]),
    (
        "deadpool_redis::",
        &[
            "platform/src/storage/redis_link",
            "platform/src/storage/erased_log",
            // What is asked of it, over that link.
            "actors/src/store/redis",
            "generators/src/inside_store/redis",
            "vehicles/src/store/redis",
        ],
    ),
    (
        "MultiplexedConnection",
        &["platform/src/storage/redis_link", "actors/src/store/redis/committing"],
    ),
    (
        "redb::",
        &[
            "actors/src/store/embedded",
            "platform/src/messaging/embedded",
            "platform/src/storage/database",
            "platform/src/storage/scrub",
            "vehicles/src/store/embedded",
            "web/src/webhooks/store",
        ],
    ),
    (
        "ureq::",
        &[
            "carpark/src/camera",
            "carpark/src/health",
            "carpark/src/import",
            "carpark/src/plates_elsewhere",
            "generators/src/pings/monitor",
        ],
    ),
    (
        "awc::",
        &[
            "actors/src/summary_client",
            "office/src/telling",
            "platform/src/feed/http",
            "web/src/pages/actors_client",
            "web/src/webhooks/sender",
        ],
    ),
    ("sqlx::", &["office/src/store"]),
    ("quick_xml::", &["cameras/src/body/xml"]),
    // Else a route could have no scope.
    ("web::resource", &["platform/src/http/routes"]),
    ("web::scope", &[]),
    ("ServiceConfig", &["platform/src/http/routes", "carpark/src/http"]),
    ("env::var", &["carpark/src/config"]),
    ("env::args", &["carpark/src/cli"]),
    ("io::stdout", &["carpark/src/say"]),
    ("io::stderr", &["carpark/src/say"]),
    ("umask", &["carpark/src/limits"]),
    ("setrlimit", &["carpark/src/limits"]),
    ("signal::", &["carpark/src/shutdown"]),
    ("Utc::now", &["carpark/src/clock"]),
    ("SystemTime::now", &["carpark/src/clock"]),
    ("std::process::exit", &[]),
    ("do_send(", &[]),
    ("unsafe ", &[]),
];

#[test]
fn only_those_who_should_know_it_know_it() {
    let mut found = Vec::new();
    for crate_name in
        "domain platform actors web generators cameras vehicles office rates carpark".split(' ')
    {
        for file in rust_files(&format!("{crate_name}/src")) {
            let path = file.strip_prefix(workspace()).unwrap().to_str().unwrap().to_owned();
            let code = code(&file);
            for (what, who) in ONLY {
                let may = who.iter().any(|prefix| path.starts_with(prefix));
                if !may && has_word(&code, what) {
                    found.push(format!("{path} knows {what}; only {who:?} may"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Actors whose death harms nobody else: a plate's, which the registry makes anew (G7).
const MAY_DIE: &[&str] = &["actors/src/plate_actor.rs"];

#[test]
fn every_actor_is_watched_or_named_here() {
    let mut actors = 0;
    for crate_name in "actors web generators cameras vehicles carpark".split(' ') {
        for file in rust_files(&format!("{crate_name}/src")) {
            let path = file.strip_prefix(workspace()).unwrap().to_str().unwrap().to_owned();
            let code = code(&file);
            if code.contains("impl Actor for ") {
                actors += 1;
                let is_watched = code.contains("vital: Vital,");
                let may_die = MAY_DIE.contains(&path.as_str());
                assert!(is_watched != may_die, "{path}: should its actor die, nobody hears of it");
            }
        }
    }
    assert!(actors >= 16, "the actors are found: {actors}");
}

/// Crates whose modules, those that stand in `lib.rs`, use each other in one direction alone.
const WITHOUT_CIRCLES: &[&str] = &[
    "actors",
    "domain",
    "generators",
    "platform",
    "vehicles",
    "web",
    "cameras",
    "rates",
    "carpark",
];

#[test]
fn the_modules_of_a_crate_stand_on_each_other_in_one_order() {
    for crate_name in WITHOUT_CIRCLES {
        let mut left = uses_of_modules(crate_name);
        assert!(left.len() > 3, "the modules of {crate_name} are found");
        // What stands on nothing that is left is taken away. What stays is a circle, or stands on one.
        loop {
            let is_free = |on: &BTreeSet<String>| on.iter().all(|on| !left.contains_key(on));
            let free: Vec<String> =
                left.iter().filter(|(_, on)| is_free(on)).map(|(name, _)| name.clone()).collect();
            if free.is_empty() {
                break;
            }
            left.retain(|name, _| !free.contains(name));
        }
        assert!(left.is_empty(), "{crate_name} has modules in a circle, or on one: {left:#?}");
    }
}

/// Of each module of the crate, the others that it uses.
fn uses_of_modules(crate_name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let folder = workspace().join(crate_name).join("src");
    let root = ["lib.rs", "main.rs"]
        .into_iter()
        .find_map(|root| fs::read_to_string(folder.join(root)).ok());
    let root = root.unwrap();
    let (mut modules, mut exported) = (BTreeSet::new(), BTreeMap::new());
    for statement in root.split(';') {
        let words: Vec<&str> = statement.split_whitespace().collect();
        if let [.., "mod", name] = words[..] {
            modules.insert(name.to_owned());
        } else if let Some((_, path)) = statement.rsplit_once("pub use ") {
            let mut names = identifiers(path).map(str::to_owned);
            let module = names.next().unwrap();
            exported.extend(names.map(|name| (name, module.clone())));
        }
    }
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in rust_files(&format!("{crate_name}/src")) {
        let path = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        let module = path.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if path.contains("test") || !modules.contains(&module) {
            continue;
        }
        let of_file: Vec<String> = used(&code(&file))
            .into_iter()
            .map(|name| match exported.get(&name) {
                Some(from) if !modules.contains(&name) => from.clone(),
                _ => name,
            })
            .filter(|name| *name != module && modules.contains(name))
            .collect();
        uses.entry(module).or_default().extend(of_file);
    }
    uses
}

/// What stands behind `crate::`, alone or first in each part of a group.
fn used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let mut depth = 0;
        let mut is_first = true;
        let rest = &code[at + "crate::".len()..];
        if !rest.starts_with('{') {
            used.extend(identifiers(rest).next().map(str::to_owned));
            continue;
        }
        for part in rest.split_inclusive(['{', '}', ',']) {
            if is_first && let Some(name) = identifiers(part).next() {
                used.insert(name.to_owned());
            }
            match part.as_bytes().last() {
                Some(b'{') => depth += 1,
                Some(b'}') => depth -= 1,
                _ => {}
            }
            is_first = depth == 1 && !part.ends_with('}');
            if depth <= 0 {
                break;
            }
        }
    }
    used
}

fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty())
}

#[test]
fn only_the_writer_of_the_files_touches_files() {
    for file in rust_files("web/src") {
        let path = file.strip_prefix(workspace()).unwrap().to_str().unwrap().to_owned();
        let is_writer = [
            "csv_writer",
            "disk",
            "feed/log",
            "feed/segment",
            "recent/checkpoint",
            "table",
            "testing",
        ]
        .iter()
        .any(|name| path.starts_with(&format!("web/src/{name}")));
        for word in ["std::fs", "tokio::fs", "File::", "OpenOptions"] {
            assert!(is_writer || !has_word(&code(&file), word), "{path} knows {word}");
        }
    }
}

#[test]
fn no_file_names_a_path_of_the_machine_it_was_written_on() {
    let root = workspace().to_str().unwrap();
    let home = std::env::home_dir().unwrap_or_default();
    let home = home.join(".cargo");
    for file in files(workspace(), &|_| true) {
        let text = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&text);
        for path in [format!("{root}/"), home.display().to_string()] {
            assert!(!text.contains(&path), "{} names {path}", file.display());
        }
    }
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let mut broken = Vec::new();
    let mut count = 0;
    for file in documents() {
        let (text, folder) = (prose(&file), file.parent().unwrap());
        let markdown = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let html = ["src=\"", "srcset=\""]
            .into_iter()
            .flat_map(|before| text.split(before).skip(1).filter_map(|rest| rest.split_once('"')));
        for (link, _) in markdown.chain(html).filter(|(link, _)| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if path.is_empty() { file.clone() } else { folder.join(path) };
            let leads = to.exists() && (anchor.is_empty() || anchors(&to).contains(anchor));
            count += 1;
            if !leads {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 80, "only {count} links are looked at");
}

#[test]
fn what_a_newcomer_reads_first_stays_short() {
    for (name, bytes_max) in [("README.md", 6 * 1024), ("ARCHITECTURE.md", 14 * 1024)] {
        let bytes = fs::metadata(workspace().join(name)).unwrap().len();
        assert!(bytes <= bytes_max, "{name} has {bytes} bytes: move something into docs/");
    }
}

/// Every Markdown file of the tree.
fn documents() -> Vec<PathBuf> {
    files(workspace(), &|path| path.extension().is_some_and(|extension| extension == "md"))
}

/// A document without its blocks of code.
fn prose(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let parts = text.split("```");
    parts.step_by(2).collect()
}

/// The names by which a page can be entered: its headings, in lower case, without punctuation, and
/// with hyphens for blanks, as the places that show Markdown make them.
fn anchors(file: &Path) -> BTreeSet<String> {
    let text = prose(file);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept =
                heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The code of a file, without comments and without the tests at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    lines.map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Whether `word` occurs, not as the end of a longer one.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

/// The source files below a folder of the workspace, without tests.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let files = files(&workspace().join(folder), &|path| {
        path.extension().is_some_and(|e| e == "rs")
            && path.file_stem().is_some_and(|s| s != "tests")
    });
    assert!(!files.is_empty(), "{folder} has no source");
    files
}

fn files(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                // Not part of the tree: what is built, what is written, what git keeps.
                if !["target", "data", ".git"].contains(&name) {
                    folders.push(path);
                }
            } else if wanted(&path) {
                found.push(path);
            }
        }
    }
    found
}
