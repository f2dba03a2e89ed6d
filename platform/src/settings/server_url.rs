//! What the URL of a server looks like, by the kind of server.

use std::ops::Deref;

use url::Url;

use super::Value;
use crate::address::each_host;

/// RabbitMQ, of one node or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmqpUrl(String);

/// A Redis or Valkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

/// A database of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

macro_rules! server_url {
    ($name:ident, $schemes:expr, $example:literal, $hosts:expr) => {
        impl Value for $name {
            const HINT: &'static str = concat!(", for instance ", $example);
            const HAS_PASSWORD: bool = true;

            fn noun() -> String {
                let [plain, tls] = $schemes;
                format!("a URL beginning with {plain}:// or {tls}://")
            }

            fn parse(text: &str) -> Option<Self> {
                let is_one = |url: Url| url.has_host() && $schemes.contains(&url.scheme());
                let hosts: Vec<String> = $hosts(text);
                let are_all = hosts.iter().all(|url| Url::parse(url).is_ok_and(is_one));
                are_all.then(|| Self(text.to_owned()))
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }
    };
}

server_url!(AmqpUrl, ["amqp", "amqps"], "amqp://user:password@host:5672/vhost", each_host);
server_url!(RedisUrl, ["redis", "rediss"], "redis://:password@host:6379/0", |url: &str| vec![
    url.to_owned()
]);
server_url!(
    PostgresUrl,
    ["postgres", "postgresql"],
    "postgres://user:password@host/database",
    |url: &str| vec![url.to_owned()]
);
