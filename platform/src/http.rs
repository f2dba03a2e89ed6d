//! What the routes of all rooms have in common.

mod problem;

pub use problem::{Problem, ProblemBody};
