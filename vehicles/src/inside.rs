//! Whether vehicles are in a car park now. Another system knows that (the sessions' store); the
//! program has it answer here.

use async_trait::async_trait;
use domain::Plate;

/// Who can say it; asked for each page of the list, and for a single vehicle.
#[async_trait]
pub trait Inside: Send + Sync {
    /// Of each plate, in their order; an error in words where it cannot be said now.
    async fn inside(&self, plates: &[Plate]) -> Result<Vec<bool>, String>;
}
