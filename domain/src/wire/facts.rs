//! Facts that other parts than the actors tell in the feed, as posted to `/save_facts`.

use serde::{Deserialize, Serialize};

/// One fact. `D` is what there is to know of it: an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactMessage<D> {
    /// The `type` of its event.
    #[serde(rename = "type")]
    pub kind: String,
    /// Names it among all of its type: every retry has the same key, and no other fact has it.
    pub key: String,
    /// When it became true, RFC 3339.
    pub at: String,
    /// The car park; empty where it is about none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// What it is about, never a plate.
    pub subject: String,
    /// What is to be known of it. A plate stands in it as `vehicle_plate` alone: that is what erasing
    /// takes away.
    pub data: D,
}
