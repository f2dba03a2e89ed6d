//! Private RabbitMQ, Redis, PostgreSQL and Prometheus servers, of the versions the system has, on free ports of loopback.
//! The first three can be killed, stopped, continued and started again on the same port with the same
//! data.

mod postgres;
mod prometheus;
mod rabbitmq;
mod redis;

pub use postgres::Postgres;
pub use prometheus::Prometheus;
pub use rabbitmq::{RabbitMq, VirtualHost};
pub use redis::Redis;
