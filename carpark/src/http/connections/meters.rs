//! What becomes of connections, counted. The names are the same in every role.

use platform::runtime::Register;
use prometheus::{IntCounter, IntGauge, Registry};

/// See the module. Its clones count together.
#[derive(Clone)]
pub struct Meters {
    /// How many connections of others are open.
    pub open: IntGauge,
    /// Ended for one from anywhere.
    pub made_room: IntCounter,
    /// Ended for another of the same address.
    pub made_room_at_its_address: IntCounter,
    /// Ended because it never showed a token and asked nothing more.
    pub idle: IntCounter,
    /// Ended because its first request did not come.
    pub slow: IntCounter,
    /// Not let in: all others were at work.
    pub refused: IntCounter,
    /// Not let in: all others of the same address were at work.
    pub refused_at_its_address: IntCounter,
}

impl Meters {
    /// Makes them and registers them.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let make = Register(registry);
        let closed = make.counters(
            "carpark_connections_closed_total",
            "Connections that were ended here. room: to make room for another, among all; address: \
             for another of the same address; idle: it never showed a token and asked nothing more; \
             slow: the head of its first request did not come in time.",
            &["reason"],
        )?;
        let refused = make.counters(
            "carpark_connections_refused_total",
            "Connections that were not let in, because all others (room) or all of the same address \
             (address) were at work.",
            &["reason"],
        )?;
        Ok(Self {
            open: make.gauge("carpark_connections_open", "Connections of others, now.")?,
            made_room: closed.with_label_values(&["room"]),
            made_room_at_its_address: closed.with_label_values(&["address"]),
            idle: closed.with_label_values(&["idle"]),
            slow: closed.with_label_values(&["slow"]),
            refused: refused.with_label_values(&["room"]),
            refused_at_its_address: refused.with_label_values(&["address"]),
        })
    }
}
