//! One look at the dead letters at a time, whichever process looks: a look holds the letters, and another
//! would not see them. Whose turn it is says an exclusive queue: no second connection gets it, and it
//! goes with the first, however that ends.

use std::time::Duration;

use domain::wire::DEAD_LETTER_QUEUE;
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ErrorKind};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::warn;

use super::{PATIENCE, Server};
use crate::messaging::BrokerError;
use crate::runtime::Backoff;

/// How long others' looks are waited for: less than who asks over HTTP waits for the answer.
const TURN_WITHIN: Duration = Duration::from_secs(3);
/// Between two attempts. RabbitMQ writes a line for each that fails.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_millis(400);

/// Where the connection's user may not declare the queue, looks go on side by side, as they did.
const ACCESS_REFUSED: u16 = 403;
/// Another connection has it.
const RESOURCE_LOCKED: u16 = 405;

/// The name of the queue.
fn turn() -> String {
    format!("{DEAD_LETTER_QUEUE}.looked_at")
}

impl Server {
    /// Waits for the turn of this connection, which has it until [`give_up`] or its end.
    pub(super) async fn take_turn(&self, connection: &Connection) -> Result<(), BrokerError> {
        let deadline = Instant::now() + TURN_WITHIN;
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_MAX);
        loop {
            let Ok(taken) = timeout(PATIENCE, declare(connection)).await else {
                return Err(self.unreachable(&"asking whose turn it is took over 10 s"));
            };
            match taken {
                Ok(()) => return Ok(()),
                Err(e) if is(&e, ACCESS_REFUSED) => {
                    if !self.looks_side_by_side() {
                        warn!(
                            queue.name = turn(),
                            "the user of RabbitMQ may not declare this queue: who looks at the dead \
                             letters while another process does sees some of them only"
                        );
                    }
                    return Ok(());
                }
                Err(e) if is(&e, RESOURCE_LOCKED) => {}
                Err(e) => return Err(self.explain(&e)),
            }
            if timeout_at(deadline, backoff.wait()).await.is_err() {
                return Err(BrokerError::LookedAt);
            }
        }
    }
}

/// On a channel of its own: a refusal closes it.
async fn declare(connection: &Connection) -> lapin::Result<()> {
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let mut arguments = FieldTable::default();
    // Whatever the virtual host's default is: no other type can be exclusive.
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("classic".into()));
    channel.queue_declare(turn().into(), options, arguments).await?;
    channel.close(200, "it is this connection's turn".into()).await
}

/// The next may look. Without it the connection's end says so, a moment later.
pub(super) async fn give_up(connection: &Connection) -> lapin::Result<()> {
    let channel = connection.create_channel().await?;
    channel.queue_delete(turn().into(), QueueDeleteOptions::default()).await?;
    Ok(())
}

fn is(error: &lapin::Error, code: u16) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error) if error.get_id() == code)
}
