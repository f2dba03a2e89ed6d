//! Servers and networks that fail while observations flow: when they return, the output is what
//! it would have been (G5).

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::wire::EXIT_QUEUE;
use tests::Site;
use tests::process::Running;
use tests::proxy::{Mode, Proxy};
use tests::servers::RabbitMq;
use tests::truth::{Order, Truth, Workload};

const TOLD: Duration = Duration::from_mins(2);
/// Once the servers are there again.
const RECONNECTED: Duration = Duration::from_secs(5);

/// Publishes a backlog, runs, lets `fault` strike when a third of the rows is written, and wants
/// every row in the end.
fn in_spite_of(seed: u64, site: &Site, fault: impl FnOnce(&Running)) {
    site.configure();
    let truth = Truth::of(Workload::realistic(seed, 5_000));
    truth.publish(Order::EntriesFirst, &site.client());
    let web = site.carpark("web").port(site.web_port()).ignoring("XFSZ").start_ready();
    let mut actors = site.start_actors();
    site.files().wait_for_summaries(truth.session_count() / 3, TOLD);
    let written = site.files().summary_count();
    assert!(written < truth.session_count(), "all was done before the fault");
    eprintln!("struck when {written} of {} rows were written", truth.session_count());
    fault(&web);
    let repaired_at = Instant::now();
    actors.wait_ready(RECONNECTED);
    eprintln!("ready {:?} after the repair", repaired_at.elapsed());
    truth.wait_until_told(&site.files(), TOLD);
    eprintln!("every row {:?} after the repair", repaired_at.elapsed());
    actors.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

fn site() -> Site {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "2s");
    site
}

/// Holds a fault for as long as it is meant to last: the one place that sleeps, because the
/// passing of time is what is tested.
fn lasts(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn a_store_that_is_killed_and_comes_back() {
    let site = site();
    in_spite_of(51, &site, |_| {
        site.redis.kill();
        lasts(1);
        site.redis.restart();
    });
}

#[test]
fn a_store_that_hangs_for_four_seconds() {
    let site = site();
    in_spite_of(52, &site, |_| {
        site.redis.stop();
        lasts(4);
        site.redis.cont();
    });
}

#[test]
fn a_store_that_forgets_its_scripts_and_refuses_writes_for_a_while() {
    let site = site();
    in_spite_of(53, &site, |_| {
        let _: String = site.redis.command(0, &["SCRIPT", "FLUSH"]);
        let _: String = site.redis.command(0, &["CONFIG", "SET", "min-replicas-to-write", "1"]);
        lasts(2);
        let _: String = site.redis.command(0, &["CONFIG", "SET", "min-replicas-to-write", "0"]);
    });
}

#[test]
fn a_store_without_memory_for_a_while() {
    let site = site();
    in_spite_of(54, &site, |_| {
        let _: String = site.redis.command(0, &["CONFIG", "SET", "maxmemory", "1"]);
        lasts(2);
        let _: String = site.redis.command(0, &["CONFIG", "SET", "maxmemory", "0"]);
    });
}

#[test]
fn store_answers_that_are_lost_after_the_commit() {
    let mut site = site();
    let proxy = Proxy::before(site.redis.port());
    site.set("CARPARK_STORE_URL", &format!("redis://127.0.0.1:{}/0", proxy.port()));
    in_spite_of(55, &site, |_| {
        for _ in 0..3 {
            proxy.set(Mode::LoseAnswers);
            lasts(1);
            proxy.cut();
            proxy.set(Mode::Pass);
            lasts(1);
        }
    });
}

#[test]
fn a_broker_whose_connections_are_closed_again_and_again() {
    let site = site();
    in_spite_of(56, &site, |_| {
        for _ in 0..3 {
            site.broker.close_connections();
            lasts(1);
        }
    });
}

#[test]
fn a_broker_that_is_killed_and_comes_back() {
    let server = Arc::new(RabbitMq::start());
    let mut site = Site::on(&server);
    site.set("CARPARK_LATENESS", "2s");
    in_spite_of(57, &site, |_| {
        server.kill();
        server.restart();
    });
}

#[test]
fn a_node_of_the_broker_that_goes_away_leaves_the_work_to_the_other() {
    let mut site = site();
    let nodes = [(); 2].map(|()| Proxy::before(site.broker.server().port()));
    let one = site.broker.url_through(nodes[0].port());
    let both = one.replacen(
        &format!("127.0.0.1:{}", nodes[0].port()),
        &format!("127.0.0.1:{},127.0.0.1:{}", nodes[0].port(), nodes[1].port()),
        1,
    );
    assert_ne!(one, both);
    site.set("CARPARK_BROKER_URL", &both);
    // It never comes back.
    in_spite_of(62, &site, |_| nodes[0].set(Mode::Reset));
}

#[test]
fn a_network_to_the_broker_that_swallows_resets_and_crawls() {
    let mut site = site();
    let proxy = Proxy::before(site.broker.server().port());
    site.set("CARPARK_BROKER_URL", &site.broker.url_through(proxy.port()));
    in_spite_of(58, &site, |_| {
        // Longer than two heartbeats: a silent network has to be noticed.
        proxy.set(Mode::BlackHole);
        lasts(25);
        proxy.set(Mode::Pass);
        lasts(1);
        proxy.set(Mode::Reset);
        lasts(1);
        proxy.set(Mode::OneByteAtATime);
        lasts(3);
        proxy.set(Mode::Slow(Duration::from_millis(50)));
        lasts(3);
        proxy.set(Mode::Pass);
    });
}

#[test]
fn a_sink_whose_answers_are_lost_after_the_write() {
    let mut site = site();
    let proxy = Proxy::before(site.web_port());
    site.set("CARPARK_SUMMARY_URL", &format!("http://127.0.0.1:{}/save_summary", proxy.port()));
    site.set("CARPARK_POST_PATIENCE", "2s");
    in_spite_of(59, &site, |_| {
        for mode in [Mode::LoseAnswers, Mode::BlackHole, Mode::Reset, Mode::LoseAnswers] {
            proxy.set(mode);
            lasts(2);
            proxy.cut();
            proxy.set(Mode::Pass);
            lasts(1);
        }
    });
}

#[test]
fn a_store_that_is_a_replica_for_a_while_and_takes_no_writes() {
    let site = site();
    in_spite_of(151, &site, |_| {
        let nowhere = tests::ports::free().to_string();
        let _: String = site.redis.command(0, &["REPLICAOF", "127.0.0.1", &nowhere]);
        lasts(2);
        let _: String = site.redis.command(0, &["REPLICAOF", "NO", "ONE"]);
    });
}

#[test]
fn a_broker_that_is_restarted_in_good_order() {
    let server = Arc::new(RabbitMq::start());
    let mut site = Site::on(&server);
    site.set("CARPARK_LATENESS", "2s");
    in_spite_of(152, &site, |_| {
        server.terminate();
        server.restart();
    });
}

#[test]
fn a_broker_short_of_memory_that_lets_nobody_publish() {
    let server = Arc::new(RabbitMq::start());
    let mut site = Site::on(&server);
    site.set("CARPARK_LATENESS", "2s");
    in_spite_of(153, &site, |_| {
        server.raise_memory_alarm();
        // What is no observation has to wait for its place among the dead letters; and then goes.
        lasts(2);
        server.clear_memory_alarm();
    });
}

#[test]
fn a_queue_that_is_deleted_under_its_consumer_is_declared_anew() {
    let site = site();
    site.configure();
    let truth = Truth::of(Workload::realistic(154, 3_000));
    let client = site.client();
    truth.publish(Order::EntriesFirst, &client);
    let (web, actors) = (site.start_web(), site.start_actors());
    site.files().wait_for_summaries(truth.session_count() / 3, TOLD);
    site.broker.delete_queue(EXIT_QUEUE);
    tests::wait::until("it is declared anew", RECONNECTED, || site.broker.queue(EXIT_QUEUE));
    // What lay in it went with it. Whoever published keeps it, and sends it again; a queue that is
    // just being made refuses what it cannot keep yet.
    tests::wait::until("the new queue takes it", TOLD, || {
        truth.try_publish(Order::AsItHappened, &client).ok()
    });
    truth.wait_until_told(&site.files(), TOLD);
    actors.terminate();
    web.terminate();
    site.check_at_rest(&truth);
}

#[test]
fn a_disk_that_takes_no_more_for_a_while() {
    let site = site();
    in_spite_of(155, &site, |web| {
        let written = std::fs::metadata(site.files().summaries_path()).unwrap().len();
        web.limit_file_bytes(Some(written + 1_000));
        tests::wait::until("the service says that it cannot write", TOLD, || {
            (!web.is_ready()).then_some(())
        });
        lasts(2);
        web.limit_file_bytes(None);
    });
}
