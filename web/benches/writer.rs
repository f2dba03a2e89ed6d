//! The summary service by itself: posts of one and of five hundred rows, parsed, written, synced,
//! answered. `cargo bench -p web`.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::sync::Arc;

use actix_web::{App, test};
use chrono::DateTime;
use divan::Bencher;
use divan::counter::ItemsCount;
use platform::component::Component as _;

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 500])]
fn a_post_of_rows(bencher: Bencher, rows: u32) {
    let directory = tempfile::tempdir().unwrap();
    let system = actix_rt::System::new();
    let options = web::Options { data_dir: directory.path().to_owned(), ..web::Options::default() };
    let clock = Arc::new(|| DateTime::from_timestamp(1_795_000_000, 0).unwrap());
    let service = system.block_on(async {
        let web = web::start(
            options,
            clock,
            &prometheus::Registry::new(),
            platform::runtime::Vitals::default(),
        )
        .await
        .unwrap();
        let service = test::init_service(App::new().configure(web.routes().open())).await;
        // It writes as long as the process lives.
        std::mem::forget(web);
        service
    });
    let mut number = 0_u32;
    bencher
        .counter(ItemsCount::new(rows))
        .with_inputs(|| {
            let items: Vec<String> = (0..rows)
                .map(|_| {
                    number += 1;
                    format!(
                        r#"{{"vehicle_plate":"W{number:07}","entry_date_time":"2026-11-20T10:00:00.000Z","exit_date_time":"2026-11-20T11:30:00.000Z","session_id":"s-{number}","place":"main","repaired":false}}"#
                    )
                })
                .collect();
            format!("[{}]", items.join(","))
        })
        .bench_local_values(|body| {
            system.block_on(async {
                let request = test::TestRequest::post().uri("/save_summary").set_payload(body);
                let answer = test::call_service(&service, request.to_request()).await;
                assert!(answer.status().is_success());
            });
        });
}
