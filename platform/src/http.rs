//! What the routes of all rooms have in common.

mod body;
mod choice;
mod compressed;
mod events;
mod page;
mod problem;
mod routes;
mod scope;

pub use body::{json, read_body};
pub use choice::one_of;
pub use compressed::compressed;
pub use events::{Telling, event, events, last_event_id};
pub use page::page_size;
pub use problem::{Problem, ProblemBody};
pub use routes::{Operation, Routes, operation};
pub use scope::{Principal, Scope, SignedIn, wants_html};
