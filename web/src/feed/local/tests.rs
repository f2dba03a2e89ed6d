//! The feed as readers of the kit have it, of this process and over HTTP: the same.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};
use platform::component::Component;
use platform::feed::{HttpSource, Meters, Reader, follow};
use platform::runtime::Vitals;
use prometheus::Registry;
use tokio::time::{sleep, timeout};

use super::*;
use crate::csv_writer::Append;
use crate::testing::{Bench, PATIENCE, exception_lines, lines};
use crate::{Options, Web};

async fn start(bench: &Bench) -> Web {
    crate::service::start_with(&Options::default(), bench.settings(), Vitals::default())
        .await
        .unwrap()
}

/// A server of the feed's routes, on a port of its own or on that one.
fn serve(web: &Web, at: SocketAddr) -> (SocketAddr, ServerHandle) {
    let routes = web.feed().routes();
    let server = HttpServer::new(move || App::new().configure(routes.clone().open()));
    let server = server.workers(1).disable_signals().shutdown_timeout(0).bind(at).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    tokio::task::spawn_local(server);
    (address, handle)
}

const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn over_http(address: SocketAddr, wanted: &Wanted) -> HttpSource {
    HttpSource::new(&format!("http://{address}").parse().unwrap(), None, wanted)
}

fn told(page: &feed::Page) -> (Vec<(u64, String)>, u64, u64) {
    let event = |event: &Event| (event.position, event.text.to_string());
    (page.events.iter().map(event).collect(), page.next, page.last)
}

#[actix_web::test]
async fn both_sources_tell_the_same_and_wait_for_news() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let write = async |request| web.writer().send(Append(request)).await.unwrap().unwrap();
    write(lines(0..2)).await;
    write(exception_lines(["o1"])).await;
    let (address, _server) = serve(&web, ANY_PORT);
    let raised = Wanted { types: vec!["exception.raised".into()], places: vec!["main".into()] };
    for wanted in [Wanted::default(), raised] {
        let (local, http) =
            (LocalFeed::new(web.readers(), wanted.clone()), over_http(address, &wanted));
        for (after, limit) in [(None, 9), (Some(0), 1), (Some(1), 2), (Some(3), 5)] {
            let pages = [
                local.read(after, limit, Duration::ZERO).await.unwrap(),
                http.read(after, limit, Duration::ZERO).await.unwrap(),
            ];
            assert_eq!(told(&pages[0]), told(&pages[1]), "{wanted:?} {after:?} {limit}");
            assert_eq!(pages[0].last, 3);
        }
        let gone = Err(Unread::Gone { after: 0 });
        let ask = |read: Result<feed::Page, Unread>| read.map(|page| page.next);
        assert_eq!(ask(local.read(Some(4), 9, Duration::ZERO).await), gone);
        assert_eq!(ask(http.read(Some(4), 9, Duration::ZERO).await), gone);
    }
    let event =
        &over_http(address, &Wanted::default()).read(Some(1), 1, PATIENCE).await.unwrap().events[0];
    assert_eq!(
        (&*event.kind, &*event.subject, &*event.place),
        ("session.closed", "session-1", "main")
    );
    assert!(event.data.get().contains("\"vehicle_plate\":\"ABC0001\""));

    for source in [
        Rc::new(LocalFeed::new(web.readers(), Wanted::default())) as Rc<dyn Source>,
        Rc::new(over_http(address, &Wanted::default())),
    ] {
        let last = web.readers().last();
        let news = source.read(Some(last), 9, PATIENCE);
        let posts = async {
            sleep(Duration::from_millis(50)).await;
            write(lines([u32::try_from(last).unwrap()])).await;
        };
        let (page, ()) = timeout(PATIENCE, async { tokio::join!(news, posts) }).await.unwrap();
        assert_eq!(page.unwrap().events[0].position, last + 1);
    }
    let http = over_http(address, &Wanted { types: vec!["session.ended".into()], places: vec![] });
    let error = http.read(None, 1, Duration::ZERO).await.unwrap_err().to_string();
    assert!(error.contains("400") && error.contains("session.closed"), "{error}");
    Box::new(web.feed()).stop().await;
    let local = LocalFeed::new(web.readers(), Wanted::default());
    let error = local.read(Some(5), 9, PATIENCE).await.unwrap_err();
    assert_eq!(error, Unread::Failed("the feed is closed".to_owned()));
}

/// Keeps what it has read with its position, in one step.
#[derive(Default)]
struct Store {
    position: Option<u64>,
    subjects: Vec<String>,
    /// How often it started over.
    gone: usize,
}

struct Subjects(Rc<RefCell<Store>>);

#[async_trait(?Send)]
impl Reader for Subjects {
    type Error = String;

    async fn position(&mut self) -> Result<Option<u64>, String> {
        sleep(Duration::from_micros(200)).await;
        Ok(self.0.borrow().position)
    }

    async fn take(&mut self, events: &[Event], next: u64) -> Result<(), String> {
        sleep(Duration::from_micros(200)).await;
        {
            let mut store = self.0.borrow_mut();
            store.subjects.extend(events.iter().map(|event| event.subject.clone()));
            store.position = Some(next);
        }
        sleep(Duration::from_micros(200)).await;
        if fastrand::u32(0..4) == 0 { Err("the answer is lost".to_owned()) } else { Ok(()) }
    }

    async fn gone(&mut self, after: u64) -> Result<(), String> {
        let gone = self.0.borrow().gone + 1;
        *self.0.borrow_mut() = Store { position: Some(after), subjects: Vec::new(), gone };
        Ok(())
    }
}

#[actix_web::test]
async fn readers_and_server_may_go_at_any_time_each_event_is_read_once_in_order() {
    let bench = Bench::new();
    let web = start(&bench).await;
    let (address, mut server) = serve(&web, ANY_PORT);
    let stores: BTreeMap<&str, Rc<RefCell<Store>>> =
        ["local", "http"].map(|name| (name, Rc::default())).into();
    let follow = |name: &str| {
        let reader = Subjects(Rc::clone(&stores[name]));
        let meters = Meters::register(&Registry::new(), name).unwrap();
        let vital = Vitals::default().of("reader");
        match name {
            "local" => {
                follow(LocalFeed::new(web.readers(), Wanted::default()), reader, meters, vital)
            }
            _ => follow(over_http(address, &Wanted::default()), reader, meters, vital),
        }
    };
    let mut following = ["local", "http"].map(|name| (name, Some(follow(name))));
    let mut dice = fastrand::Rng::with_seed(7);
    for n in 0..300 {
        web.writer().send(Append(lines([n]))).await.unwrap().unwrap();
        match dice.u32(0..40) {
            0 => {
                server.stop(false).await;
                server = serve(&web, address).1;
            }
            1..8 => {
                for (name, following) in &mut following {
                    // Dead wherever it is, and begun again.
                    *following = None;
                    *following = Some(follow(name));
                }
            }
            _ => sleep(Duration::from_micros(dice.u64(0..2000))).await,
        }
    }
    let expected: Vec<String> = (0..300).map(|n| format!("session-{n}")).collect();
    for (name, store) in &stores {
        let all = async {
            while store.borrow().position != Some(300) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE * 3, all).await.unwrap_or_else(|_| panic!("{name} is not done"));
        assert_eq!(store.borrow().subjects, expected, "{name}");
        assert_eq!(store.borrow().gone, 0, "{name}");
    }
    drop(following);
    server.stop(false).await;
}

#[actix_web::test]
async fn a_reader_that_slept_too_long_is_told_and_starts_over() {
    let bench = Bench::new();
    let web = start(&bench).await;
    web.writer().send(Append(lines(0..3))).await.unwrap().unwrap();
    bench.set_now("2027-01-20T12:00:00Z");
    web.writer().send(Append(lines(3..5))).await.unwrap().unwrap();
    // A file may go when what follows the feed is synced: here at the next start.
    Box::new(web).stop().await;
    let web = start(&bench).await;
    let (address, server) = serve(&web, ANY_PORT);
    let store = Rc::new(RefCell::new(Store { position: Some(1), ..Store::default() }));
    let meters = Meters::register(&Registry::new(), "late").unwrap();
    let (source, reader) = (over_http(address, &Wanted::default()), Subjects(Rc::clone(&store)));
    let following = follow(source, reader, meters, Vitals::default().of("reader"));
    let read = async {
        while store.borrow().position != Some(5) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, read).await.unwrap();
    assert_eq!((store.borrow().gone, store.borrow().subjects.len()), (1, 2));
    following.stop().await;
    server.stop(false).await;
}
