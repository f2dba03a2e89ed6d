//! One file per vendor: where it keeps what, and what its words mean.

pub mod carpark;

/// Most reads of one message: a car park's picture has a handful of plates.
pub const READS_MAX: usize = 64;
