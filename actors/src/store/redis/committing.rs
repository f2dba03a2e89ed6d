//! The call of `commit.lua`, and its answer.

use chrono::TimeDelta;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, Script, ServerErrorKind, Value, from_redis_value,
};
use domain::Record;

use crate::store::change::{Change, IndexChange, ShownChange, past_text};
use crate::store::{Committed, ProcessorId};

/// Arguments of `commit.lua` for each plate, its outbox entries aside.
const COMMIT_ARGUMENTS: usize = 12;

/// The script that commits a batch.
pub(super) struct CommitScript(Script);

impl CommitScript {
    pub(super) fn new() -> Self {
        Self(Script::new(concat!(include_str!("../past.lua"), include_str!("../commit.lua"))))
    }

    /// The call: see `commit.lua` for its arguments. Written straight into the command's one buffer; the
    /// library's own way allocates each argument.
    pub(super) fn call(&self, owner: &ProcessorId, retention: TimeDelta, batch: &[Change]) -> Cmd {
        let entries = batch.iter().map(|change| change.outbox.len()).sum::<usize>();
        let bytes = batch.iter().map(commit_bytes).sum::<usize>();
        let arguments = 5 + batch.len() * (1 + COMMIT_ARGUMENTS) + entries * 2;
        let mut call = Cmd::with_capacity(arguments, bytes);
        call.arg("EVALSHA").arg(self.0.get_hash()).arg(batch.len());
        for change in batch {
            call.arg(change.plate.as_str());
        }
        call.arg(&*owner.0).arg(retention.num_milliseconds());
        for change in batch {
            call.arg(change.expected).arg(change.version).arg(&change.record);
            match &change.shown_entry {
                ShownChange::Keep => call.arg("").arg(""),
                ShownChange::Remove => call.arg("-").arg("-"),
                ShownChange::Set(entry) => call.arg(&entry.time).arg(&entry.data),
            };
            match &change.shown_exit {
                ShownChange::Keep => call.arg(""),
                ShownChange::Remove => call.arg("-"),
                ShownChange::Set(data) => call.arg(data),
            };
            call.arg(match (change.was_open, change.is_open) {
                (false, true) => "+",
                (true, false) => "-",
                _ => "",
            });
            for index in [change.due_on_entries, change.due_on_exits] {
                match index {
                    IndexChange::Keep => call.arg(""),
                    IndexChange::Remove => call.arg("-"),
                    IndexChange::Set(at) => call.arg(at),
                };
            }
            match change.past.as_deref() {
                None => call.arg(""),
                Some([]) => call.arg("-"),
                Some(past) => call.arg(past_text(past)),
            };
            call.arg(match (change.could_expire, change.may_expire) {
                (_, true) => "+",
                (true, false) => "-",
                (false, false) => "",
            });
            call.arg(change.outbox.len());
            for entry in &change.outbox {
                call.arg(&entry.key).arg(entry.to_stored());
            }
        }
        call
    }

    /// Asks, and teaches the script to a server that does not know it (any more).
    pub(super) async fn evaluated<T: FromRedisValue>(
        &self,
        call: &Cmd,
        connection: &mut MultiplexedConnection,
    ) -> Result<T, RedisError> {
        match call.query_async(connection).await {
            Err(e) if e.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.0.load_async(connection).await?;
                call.query_async(connection).await
            }
            answer => answer,
        }
    }
}

/// About how long a change is as arguments.
fn commit_bytes(change: &Change) -> usize {
    let shown_entry = match &change.shown_entry {
        ShownChange::Set(entry) => entry.time.len() + entry.data.len(),
        ShownChange::Keep | ShownChange::Remove => 2,
    };
    let shown_exit = match &change.shown_exit {
        ShownChange::Set(data) => data.len(),
        ShownChange::Keep | ShownChange::Remove => 1,
    };
    let outbox: usize =
        change.outbox.iter().map(|entry| entry.key.len() + entry.body.len() + 1).sum();
    64 + change.plate.as_str().len() + change.record.len() + shown_entry + shown_exit + outbox
}

/// What became of one change.
pub(super) fn read_answer(answer: &Value) -> Committed {
    match answer {
        Value::Int(_) => Committed::Stored,
        Value::BulkString(record) if record.is_empty() => Committed::Conflict(Record::default()),
        Value::BulkString(record) => match Record::from_json(record) {
            Ok(record) => Committed::Conflict(record),
            Err(e) => Committed::Refused(e.to_string()),
        },
        Value::Array(reason) => {
            let reason = reason.first().and_then(|text| from_redis_value(text.clone()).ok());
            Committed::Refused(reason.unwrap_or_else(|| "refused".to_owned()))
        }
        other => Committed::Refused(format!("unexpected answer {other:?}")),
    }
}
