//! Named places where a test can have the process die as `kill -9` would have it, or panic: only
//! built with the feature `failpoints`, which the program is not. A test sets them by the
//! environment: `FAILPOINTS="posted=20*off->return"` lets the process die when it is there for the
//! 21st time.
//!
//! | name | where |
//! |---|---|
//! | `delivered` | a message was delivered, nothing has been done with it |
//! | `commit_applied` | the store has committed, nobody has been told |
//! | `before_post` | reports are stored, and about to be posted |
//! | `posted` | the sink has confirmed, the outbox still has them |
//! | `feed_synced` | the feed has a batch, the files have not (in `web`) |
//! | `rows_synced` | the sink has written, and has not answered (in `web`) |
//! | `files_synced` | a file that follows the feed is synced, and it is not noted (in `web`) |
//! | `feed_erased` | a plate is erased from the feed, and stands in the files (in `web`) |
//! | `webhook_taken` | an event is about to be sent to a webhook (in `web`) |
//! | `webhook_sent` | a webhook has answered, nothing of it is kept (in `web`) |
//! | `webhook_kept` | what a webhook has answered is kept (in `web`) |
//! | `stream_confirmed` | a message is in the stream, the next one is not published |
//! | `acknowledged` | an acknowledgement of many is sent, more of them follow |
//! | `replay_confirmed` | a dead letter is back in its queue, and still a dead letter |
//! | `panic:<id>` | in the actor of a plate, at the observation of that id |
//! | `abort:<id>` | the same, but the whole process |
//! | `registry`, … | in the actor, or task, of that name (see [`Vital`](super::Vital)) |

/// Reads what the environment asks for; held for as long as it holds.
#[must_use]
pub struct Failpoints {
    #[cfg(feature = "failpoints")]
    _scenario: fail::FailScenario<'static>,
}

impl Failpoints {
    /// Nothing without the feature.
    pub fn begin() -> Self {
        Self {
            #[cfg(feature = "failpoints")]
            _scenario: fail::FailScenario::setup(),
        }
    }
}

/// Dies here, without a word, if a test asks for it.
#[macro_export]
macro_rules! die_at {
    ($name:expr) => {
        $crate::runtime::failpoint::fail_point!($name, |_| ::std::process::abort())
    };
}

/// Panics here, if a test asks for it.
#[macro_export]
macro_rules! panic_at {
    ($name:expr) => {
        $crate::runtime::failpoint::fail_point!($name)
    };
}

#[doc(hidden)]
pub use fail::fail_point;
pub use {die_at, panic_at};
