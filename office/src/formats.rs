//! Places in the formats of others: read-only, and of the same numbers.

pub mod apds;
pub mod datex2;
