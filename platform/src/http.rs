//! What the routes of all rooms have in common.

mod choice;
mod problem;

pub use choice::one_of;
pub use problem::{Problem, ProblemBody};
