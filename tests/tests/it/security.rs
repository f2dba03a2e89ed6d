//! Who is let in, over which wires, how often.

use std::time::Duration;

use tests::process::Carpark;
use tests::tls::{Authority, TlsProxy};
use tests::truth::{Order, Truth, Workload};
use tests::{Site, http, site};

const TOLD: Duration = Duration::from_mins(1);

/// A site whose broker, store and sink are reached over TLS alone.
fn site_over_tls() -> (Site, Authority, [TlsProxy; 3]) {
    site_called(&["localhost", "127.0.0.1"])
}

/// The same; these are the names in the servers' certificates.
fn site_called(names: &[&str]) -> (Site, Authority, [TlsProxy; 3]) {
    let mut site = Site::new();
    let authority = Authority::new(site.directory());
    let before = |port| TlsProxy::before(names, port, &authority);
    let proxies =
        [before(site.broker.server().port()), before(site.redis.port()), before(site.web_port())];
    let [broker, store, sink] = proxies.each_ref().map(TlsProxy::port);
    let broker_url = site.broker.url_through(broker).replace("amqp://", "amqps://");
    site.set("CARPARK_BROKER_URL", &broker_url);
    site.set("CARPARK_STORE_URL", &format!("rediss://127.0.0.1:{store}/0"));
    site.set("CARPARK_SUMMARY_URL", &format!("https://127.0.0.1:{sink}/save_summary"));
    (site, authority, proxies)
}

#[test]
fn broker_store_and_sink_are_reached_over_tls() {
    let (mut site, authority, _proxies) = site_over_tls();
    site.set("SSL_CERT_FILE", &authority.certificate());
    site.configure();
    let truth = Truth::of(Workload::realistic(95, 300));
    truth.publish(Order::AsItHappened, &site.client());
    let (web, actors) = (site.start_web(), site.start_actors());
    truth.wait_until_told(&site.files(), TOLD);
    actors.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_in_words() {
    let (site, _authority, _proxies) = site_over_tls();
    broker_and_store_are_refused(site);
}

#[test]
fn a_certificate_of_another_server_is_refused_in_words() {
    let (mut site, authority, _proxies) = site_called(&["another.example"]);
    site.set("SSL_CERT_FILE", &authority.certificate());
    broker_and_store_are_refused(site);
}

#[track_caller]
fn broker_and_store_are_refused(mut site: Site) {
    site.set("CARPARK_START_PATIENCE", "1s");
    let refused = site.carpark("actors").run(Duration::from_secs(30));
    refused.failed_saying(&["rabbitmq", "certificate"]);
    let plain = site.broker.url();
    site.set("CARPARK_BROKER_URL", &plain);
    let refused = site.carpark("actors").run(Duration::from_secs(30));
    refused.failed_saying(&["redis", "certificate"]);
}

#[test]
fn who_asks_too_often_is_told_to_wait_and_the_actors_are_not() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "")
        .args(&["--requests-per-second", "5", "--rate", "20", "--admin-token", "of-the-admin"])
        .env("CARPARK_PROGRESS_EVERY", "0s")
        .start();
    carpark.wait_live(Duration::from_secs(30));
    let statuses: Vec<u16> =
        (0..50).map(|_| http::get_as("a-guess", &carpark.url("/summaries.csv")).status).collect();
    assert!(statuses.contains(&401) && statuses.contains(&429), "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    // Rows are written all the while: posts come from the same address.
    let files = tests::files::Files::in_directory(&directory.join("data"));
    files.wait_for_summaries(30, TOLD);
    carpark.terminate();
}
