# `just` lists the recipes. It comes with `cargo install just`; nothing needs it, it only knows the
# commands by heart.

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
