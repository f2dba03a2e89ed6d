//! Where RabbitMQ is: one node or several, and the one way to connect to them.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, ErrorKind};
use tokio::time::timeout;
use tracing::warn;

use super::PATIENCE;
use super::dialling;
use super::url::{AmqpUrlError, parse_amqp_urls};
use crate::address::masked;
use crate::messaging::BrokerError;
use crate::messaging::topology::{self, Declarations, Declared};

/// RabbitMQ at a URL: `amqp://user:password@a:5672,b:5672/vhost`. Where it names several nodes the
/// next one is tried when one is away; what works is kept to. Clones are one.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    nodes: Vec<AMQPUri>,
    /// The one that was reached last.
    current: AtomicUsize,
    /// The URL without its password.
    shown: String,
    declarations: Declarations,
    /// It was told that looks at the dead letters are not one at a time.
    looks_side_by_side: AtomicBool,
}

impl Server {
    /// Reads the URL; connects later.
    pub fn new(url: &str, declarations: Declarations) -> Result<Self, AmqpUrlError> {
        let nodes = parse_amqp_urls(url)?;
        let inner = Inner {
            nodes,
            current: AtomicUsize::new(0),
            shown: masked(url),
            declarations,
            looks_side_by_side: AtomicBool::new(false),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The URL without its password.
    pub fn shown(&self) -> &str {
        &self.0.shown
    }

    /// A connection that the broker's own lists call `name`, to the first node that answers.
    pub(super) async fn connect(&self, name: &str) -> Result<Connection, BrokerError> {
        let (count, first) = (self.0.nodes.len(), self.0.current.load(Ordering::Relaxed));
        let mut failure = self.unreachable(&"no node is named");
        for number in (first..first + count).map(|number| number % count) {
            match self.connect_to(&self.0.nodes[number], name).await {
                Ok(connection) => {
                    self.0.current.store(number, Ordering::Relaxed);
                    return Ok(connection);
                }
                // All nodes are of one mind about users and virtual hosts.
                Err(refused @ BrokerError::Refused { .. }) => return Err(refused),
                Err(away) => failure = away,
            }
        }
        Err(failure)
    }

    async fn connect_to(&self, node: &AMQPUri, name: &str) -> Result<Connection, BrokerError> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        match timeout(PATIENCE, dialling::connect(node, properties)).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(e)) => Err(self.explain(&e)),
            Err(_) => Err(self.unreachable(&"no answer within 10 s")),
        }
    }

    /// Notes that looks at the dead letters are not one at a time; answers whether that was known.
    pub(super) fn looks_side_by_side(&self) -> bool {
        self.0.looks_side_by_side.swap(true, Ordering::Relaxed)
    }

    pub(super) fn unreachable(&self, reason: &dyn Display) -> BrokerError {
        BrokerError::Unreachable { url: self.0.shown.clone(), reason: reason.to_string() }
    }

    /// Sorts an error by what is to be done: wait, or change something.
    pub(super) fn explain(&self, error: &lapin::Error) -> BrokerError {
        const ACCESS_REFUSED: u16 = 403;
        const NOT_ALLOWED: u16 = 530;
        let refused = |reason: String| BrokerError::Refused { url: self.0.shown.clone(), reason };
        match error.kind() {
            ErrorKind::ProtocolError(e) if e.get_id() == ACCESS_REFUSED => {
                refused(format!("{}; check user, password and permissions", e.get_message()))
            }
            ErrorKind::ProtocolError(e) if e.get_id() == NOT_ALLOWED => {
                refused(format!("{}; does the virtual host exist?", e.get_message()))
            }
            _ => self.unreachable(error),
        }
    }

    /// The outcome of something asked of the broker; `what` took too long where it does not come.
    pub(super) async fn within<T>(
        &self,
        patience: Duration,
        asked: impl Future<Output = lapin::Result<T>>,
        what: &str,
    ) -> Result<T, BrokerError> {
        if let Ok(answer) = timeout(patience, asked).await {
            answer.map_err(|e| self.explain(&e))
        } else {
            let seconds = patience.as_secs();
            Err(self.unreachable(&format!("{what} took over {seconds} s")))
        }
    }

    pub(super) async fn declare(&self, connection: &Connection) -> Result<(), BrokerError> {
        let declared =
            self.within(PATIENCE, topology::declare(connection), "declaring the queues").await;
        let found = declared.inspect_err(|_| self.0.declarations.failed())?;
        for (queue, declared) in found {
            self.0.declarations.found(queue, declared);
            if declared == Declared::Otherwise {
                warn!(
                    queue.name = queue,
                    "queue stands with other arguments, using it as it is: without a delivery limit \
                     and a dead-letter exchange a poisonous message is delivered for ever or dropped"
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_node_that_is_silent_is_waited_for_a_while_and_then_the_next_one_is_asked() {
        let nodes = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [first, second] = nodes.each_ref().map(|node| node.local_addr().unwrap());
        let url = format!("amqp://{first},{second}/");
        let server = Server::new(&url, Declarations::unseen().unwrap()).unwrap();
        let begun_at = Instant::now();
        let error = server.connect("test").await.unwrap_err().to_string();
        assert!(error.contains("no answer within 10 s"), "{error}");
        assert_eq!(begun_at.elapsed().as_secs(), 2 * PATIENCE.as_secs(), "each of them");
        drop(nodes);
    }
}
