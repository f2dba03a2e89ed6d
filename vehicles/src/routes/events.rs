//! `/vehicles/events`: changes of state as they happen, as server-sent events. A client that comes
//! back with `Last-Event-ID` goes on where it was; one that was away for too long is told `reset`.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use platform::http::{ProblemBody, Telling, event, last_event_id};
use tokio::time::timeout;

use super::Desk;
use crate::live::{EventId, Live, Told};
use crate::shapes::StatusEvent;

/// Silence after which a comment says that the line is alive.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// What a client waits before it comes back.
const RETRY: &str = "retry: 2000\n";

/// Changes of status as they happen (server-sent events). `event: status` has a `StatusEvent` as its
/// data; `event: reset` says that events were missed: read the list anew.
#[utoipa::path(get, path = "/vehicles/events", tag = "vehicles", params(("Last-Event-ID" = Option<String>, Header, description = "goes on behind this event")), responses((status = 200, content_type = "text/event-stream", body = StatusEvent), (status = 401, body = ProblemBody<'_>)))]
pub(super) async fn events(desk: Data<Desk>, request: HttpRequest) -> HttpResponse {
    let live = Arc::clone(&desk.live);
    let (seen, greeting) = match last_event_id(&request) {
        None => (live.newest(), opening(&live, live.newest())),
        Some(text) => match EventId::parse(text).and_then(|id| live.resume(id)) {
            Some(seen) => (seen, RETRY.to_owned() + "\n"),
            None => (live.newest(), RETRY.to_owned() + &reset(&live, live.newest())),
        },
    };
    let listener = Listener { live, seen, greeting: Some(greeting), _counted: Counted::new(&desk) };
    platform::http::events(&request, listener)
}

/// A client and how far it has heard.
struct Listener {
    live: Arc<Live>,
    seen: u64,
    greeting: Option<String>,
    _counted: Counted,
}

impl Telling for Listener {
    async fn next(&mut self) -> Option<String> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        let Ok(told) = timeout(HEARTBEAT_EVERY, self.live.next(self.seen)).await else {
            return Some(": still here\n\n".to_owned());
        };
        match told {
            Told::Over => None,
            Told::Missed(newest) => {
                self.seen = newest;
                Some(reset(&self.live, newest))
            }
            Told::Events(first, events) => {
                self.seen = first + events.len() as u64 - 1;
                let said = (first..).zip(&events);
                Some(said.map(|(n, data)| event(Some(&self.live.id(n)), "status", data)).collect())
            }
        }
    }
}

/// With the id of the newest event, so that even a client that hears nothing can resume.
fn opening(live: &Live, newest: u64) -> String {
    RETRY.to_owned() + &event(Some(&live.id(newest)), "hello", "{}")
}

fn reset(live: &Live, newest: u64) -> String {
    event(Some(&live.id(newest)), "reset", "{}")
}

/// Counts the clients.
struct Counted(prometheus::IntGauge);

impl Counted {
    fn new(desk: &Desk) -> Self {
        desk.metrics.streams.inc();
        Self(desk.metrics.streams.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
