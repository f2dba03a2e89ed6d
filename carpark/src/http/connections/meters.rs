//! What becomes of connections, counted. The names are the same in every role.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

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
        let open = IntGauge::new("carpark_connections_open", "Connections of others, now.")?;
        registry.register(Box::new(open.clone()))?;
        let by_reason = |name: &str, help: &str| {
            let counter = IntCounterVec::new(Opts::new(name, help), &["reason"])?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let closed = by_reason(
            "carpark_connections_closed_total",
            "Connections that were ended here. room: to make room for another, among all; address: \
             for another of the same address; idle: it never showed a token and asked nothing more; \
             slow: the head of its first request did not come in time.",
        )?;
        let refused = by_reason(
            "carpark_connections_refused_total",
            "Connections that were not let in, because all others (room) or all of the same address \
             (address) were at work.",
        )?;
        Ok(Self {
            open,
            made_room: closed.with_label_values(&["room"]),
            made_room_at_its_address: closed.with_label_values(&["address"]),
            idle: closed.with_label_values(&["idle"]),
            slow: closed.with_label_values(&["slow"]),
            refused: refused.with_label_values(&["room"]),
            refused_at_its_address: refused.with_label_values(&["address"]),
        })
    }
}
