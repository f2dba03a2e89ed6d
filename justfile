# `just` lists the recipes. It comes with `cargo install just`; nothing needs it, it only knows the
# commands by heart.

import 'docker/recipes.just'

# List the recipes.
_default:
    @just --list --unsorted

# Run everything in one process, with simulated traffic: rows appear in ./data.
[group('run')]
run *arguments:
    cargo run --release -- {{ arguments }}

# Run all tests, real RabbitMQ and Redis included; arguments go to `cargo test`.
[group('check')]
test *arguments:
    tests/run {{ arguments }}

# Run what a change has to pass: format, lints, tests.
[group('check')]
ci:
    .ci/run

# Random faults under traffic on real servers, for some minutes; ends with the audit's figures.
[group('long')]
soak minutes="10" *seed:
    cargo build --release -p carpark -p tests --bins
    CARPARK_BIN=target/release/carpark target/release/soak {{ minutes }} {{ seed }}

# A million events of the feed, read by three readers while the web role is killed twenty times.
[group('long')]
readers:
    cargo test --workspace --test it a_million_events -- --ignored --nocapture

# How fast, against the bare broker and a plain loop (parts: backlog, latency, embedded, places, memory); minutes on a quiet machine.
[group('long')]
bench *parts:
    cargo build --profile dist -p carpark
    cargo build --release -p tests --bins
    CARPARK_BIN=target/dist/carpark target/release/bench {{ parts }} --json target/bench.json

# How good forecasts are, on the CSV files that are given (docs/forecasts.md); downloads nothing.
[group('long')]
forecast *files:
    cargo run --release -p forecasts --example forecast -- {{ files }}

# How good it is known when a client comes, on simulated drivers.
[group('long')]
arrivals *seed:
    cargo run --release -p forecasts --example arrivals -- {{ seed }}

# The parts by themselves, in nanoseconds: parsing and judging, the actors in memory, the writer.
[group('long')]
micro:
    cargo bench -p domain -p actors -p web

# Vehicles that ping once a minute, over RabbitMQ and Redis: memory, processor time, the time of a list.
[group('long')]
fleet vehicles="100000" minutes="3":
    cargo build --release -p carpark -p tests --bins
    CARPARK_BIN=target/release/carpark target/release/fleet {{ vehicles }} {{ minutes }}

# Feed a parser with anything (observation, plate, report, record, recovery, camera-body for all vendors, or camera-vendor with VENDOR=tvt); nightly, cargo-fuzz.
[group('long')]
fuzz target seconds="60":
    mkdir -p fuzz/corpus/{{ target }}
    cargo +nightly fuzz run {{ target }} fuzz/corpus/{{ target }} \
      {{ if target =~ "^camera-" { "cameras/payloads" } else { "" } }} -- -max_total_time={{ seconds }}

# Format all code.
[group('check')]
fmt:
    cargo fmt --all

# Lint all code, tests included; a warning is an error.
[group('check')]
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Check licences, banned crates and sources (`cargo install cargo-deny`).
[group('check')]
deny:
    cargo deny check bans licenses sources

# Check for known vulnerabilities; fetches the RustSec database from its git repository.
[group('check')]
advisories:
    cargo deny check advisories
