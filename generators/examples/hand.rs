// Scratch: removed before hand-over.
use domain::Kind;
use generators::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn clock() -> domain::SharedClock {
    let base = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_700);
    let begun = Instant::now();
    Arc::new(move || -> domain::Instant {
        base + chrono::TimeDelta::from_std(begun.elapsed()).unwrap()
    })
}

struct Null;
#[async_trait::async_trait]
impl Publisher for Null {
    async fn publish(&self, _: Kind, _: String) -> Result<(), PublishError> {
        Ok(())
    }
}

#[actix_rt::main]
async fn main() {
    tracing_subscriber::fmt().with_env_filter("info,lapin=off").with_writer(std::io::stderr).init();
    let args: Vec<String> = std::env::args().collect();
    match args[1].as_str() {
        "contract" => {
            let store = RedisStore::new(&args[2]).unwrap();
            let t = Instant::now();
            generators::testing::store_contract::check(Arc::new(store)).await;
            println!("contract kept in {:?}", t.elapsed());
        }
        // burst URL COUNT WINDOW
        "burst" => {
            let n: usize = args[3].parse().unwrap();
            let window: usize = args[4].parse().unwrap();
            let publisher = Arc::new(
                AmqpPublisher::start(
                    &AmqpOptions { window, ..AmqpOptions::new(&args[2]) },
                    &[Kind::Entry],
                )
                .unwrap(),
            );
            println!("ready: {:?}", publisher.wait_ready(Duration::from_secs(10)).await);
            let t = Instant::now();
            let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let mut tasks = vec![];
            for _ in 0..window {
                let (p, next) = (publisher.clone(), next.clone());
                tasks.push(actix_rt::spawn(async move {
                    loop {
                        let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        if i >= n { break }
                        let body = format!("{{\"id\":\"b{i}\",\"vehicle_plate\":\"ABC-123\",\"entry_date_time\":\"2026-11-20T10:00:00.123Z\",\"lane\":\"in-1\"}}");
                        p.publish(Kind::Entry, body).await.unwrap();
                    }
                }));
            }
            for t in tasks {
                t.await.unwrap();
            }
            let s = t.elapsed().as_secs_f64();
            println!("{n} confirmed in {s:.2} s: {:.0}/s, window {window}", n as f64 / s);
        }
        // run URL|null REDIS|memory RATE SECONDS LEDGER IN_FLIGHT
        "run" => {
            let rate: f64 = args[4].parse().unwrap();
            let publisher: Arc<dyn Publisher> = if args[2] == "null" {
                Arc::new(Null)
            } else {
                Arc::new(
                    AmqpPublisher::start(&AmqpOptions::new(&args[2]), &[Kind::Entry, Kind::Exit])
                        .unwrap(),
                )
            };
            let store: Arc<dyn InsideStore> = if args[3] == "memory" {
                Arc::new(MemoryStore::new())
            } else {
                Arc::new(RedisStore::new(&args[3]).unwrap())
            };
            let options = Options {
                rate,
                ledger: (args[6] != "-").then(|| args[6].clone().into()),
                in_flight_max: args[7].parse().unwrap(),
                plate_format: PlateFormat::parse("AAA-999-AAA").unwrap(),
                dwell: Dwell { min_seconds: 0.5, median_seconds: 1.0, max_seconds: 3.0 },
                ..Options::default()
            };
            let g = start(
                options,
                Roles { entries: true, exits: true },
                publisher,
                store,
                clock(),
                &prometheus::Registry::new(),
            )
            .await
            .unwrap();
            for _ in 0..args[5].parse::<u64>().unwrap() {
                actix_rt::time::sleep(Duration::from_secs(1)).await;
                let s = g.snapshot();
                let (e, x) = (s.entries.unwrap(), s.exits.unwrap());
                eprintln!(
                    "entries {} ({} failed, {} in flight, {} skipped) exits {} matched {} ({} failed, {} in flight) inside {}",
                    e.confirmed,
                    e.failed,
                    e.in_flight,
                    e.skipped,
                    x.confirmed,
                    x.matched,
                    x.failed,
                    x.in_flight,
                    e.inside
                );
            }
            let t = Instant::now();
            let s = g.stop().await;
            println!("stopped in {:?}: {s:?}", t.elapsed());
        }
        _ => panic!(),
    }
}
