//! Which vehicles are in a car park: the vehicle monitor asks, the sessions' store knows.

use std::sync::Arc;

use actors::store::Plates;
use async_trait::async_trait;
use domain::Plate;
use vehicles::inside::Inside;

/// The plates with an open stay.
pub struct OpenStays(pub Arc<dyn Plates>);

#[async_trait]
impl Inside for OpenStays {
    async fn inside(&self, plates: &[Plate]) -> Result<Vec<bool>, String> {
        self.0.open_among(plates).await.map_err(|e| e.to_string())
    }
}
