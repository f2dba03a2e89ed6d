//! What every room stands on, and nothing of what a car park is about: what a process consists of
//! ([`component`]), how a role lives and dies ([`runtime`]), how messages travel ([`messaging`]), where
//! things are kept ([`storage`]), how HTTP answers look ([`http`]), what can be set ([`settings`]), how the
//! feed is read ([`feed`]). A mechanism that a second room needs moves here.
//!
//! Only [`messaging`] knows lapin, only [`storage`] opens Redis and redb.

pub mod address;
pub mod component;
pub mod feed;
pub mod http;
pub mod messaging;
pub mod runtime;
pub mod settings;
pub mod storage;
pub mod upload;
