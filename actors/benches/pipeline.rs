//! The actors alone, without a server: consumer, registry, a session per plate, committer, summary
//! client, over a broker, a store and a sink in memory. What it shows is the hops between them: a
//! thousand stays, from the first delivery to the last confirmed report. `cargo bench -p actors`.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use actors::store::ProcessorId;
use actors::testing::{Fortune, MemoryBroker, MemoryServer, MemorySink, MemoryStore, SharedFate};
use actors::{Actors, Metrics, Options, Parts};
use chrono::{DateTime, TimeDelta};
use divan::Bencher;
use divan::counter::ItemsCount;
use domain::wire::format_time;
use domain::{Direction, Instant, SharedClock};
use platform::component::Component as _;
use platform::runtime::Vitals;

const STAYS: u32 = 1_000;

fn main() {
    divan::main();
}

fn now() -> Instant {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn messages() -> Vec<(Direction, String)> {
    let message = |kind: Direction, stay: u32| {
        let (field, minutes) = match kind {
            Direction::Entry => ("entry_date_time", 60),
            Direction::Exit => ("exit_date_time", 5),
        };
        let at = format_time(now() - TimeDelta::minutes(minutes));
        let body =
            format!(r#"{{"id":"{field:.2}{stay}","vehicle_plate":"B{stay:06}","{field}":"{at}"}}"#);
        (kind, body)
    };
    (0..STAYS)
        .flat_map(|stay| [message(Direction::Entry, stay), message(Direction::Exit, stay)])
        .collect()
}

#[divan::bench(sample_count = 30)]
fn a_thousand_stays(bencher: Bencher) {
    let messages = messages();
    let system = actix_rt::System::new();
    bencher.counter(ItemsCount::new(messages.len())).bench_local(|| {
        system.block_on(async {
            let fate = SharedFate::new(Fortune);
            let server = MemoryServer::new(fate.clone(), 1_000);
            let sink = MemorySink::new(fate.clone());
            for (kind, body) in &messages {
                server.publish(*kind, body.clone());
            }
            let clock: SharedClock = Arc::new(now);
            let actors = Actors::start(Parts {
                options: Options::default(),
                broker: Box::new(MemoryBroker::new(server.clone())),
                store: Arc::new(MemoryStore::new(fate)),
                sink: Box::new(sink.clone()),
                processor: ProcessorId("bench".into()),
                clock,
                metrics: Arc::new(Metrics::new(&prometheus::Registry::new()).unwrap()),
                vitals: Vitals::default(),
            });
            while sink.written().len() < STAYS as usize || server.unacknowledged() > 0 {
                tokio::time::sleep(Duration::from_micros(50)).await;
            }
            Box::new(actors).stop().await;
        });
    });
}
