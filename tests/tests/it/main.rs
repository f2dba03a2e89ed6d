//! The program, real RabbitMQ, real Redis, real processes, real faults. Knows the program by its
//! contract alone. One binary, so that all themes are linked once and share one broker.
//!
//! `tests/run --test it bad_input::` runs one theme.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test stops at the first surprise, and lives by the real clock"
)]
#![allow(clippy::doc_markdown, reason = "RabbitMQ is a name, not code")]

mod admin;
mod bad_input;
mod bounds;
mod camera_field;
mod cameras;
mod configure;
mod crowds;
mod dead_letters;
mod disks;
mod documented;
mod doors;
mod elsewhere;
mod embedded;
mod errors;
mod failpoints;
mod feed;
mod feed_readers;
mod health;
mod http;
mod logs;
mod money;
mod monitoring;
mod network;
mod pages;
mod pipeline;
mod places;
mod plates;
mod poison;
mod prices;
mod processes;
mod redis_contract;
mod redis_keys;
mod redis_settings;
mod rules_of_a_site;
mod security;
mod stream;
mod vehicles;
mod verify;
mod vital;
mod waiting;
mod webhooks;
