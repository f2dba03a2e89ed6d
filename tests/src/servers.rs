//! Private RabbitMQ and Redis servers, of the versions the system has, on free ports of loopback.
//! Both can be killed, stopped, continued and started again on the same port with the same data.

mod rabbitmq;
mod redis;

pub use rabbitmq::{RabbitMq, VirtualHost};
pub use redis::Redis;
