//! Webhooks, with a receiver that does as it is told.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use domain::Plate;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::delivering::RETRIES_MAX;
use super::signature::signatures;
use super::*;
use crate::csv_writer::{Append, EraseRowsOf};
use crate::testing::{Bench, PATIENCE, lines};
use crate::{Options, Web};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request that the receiver had.
#[derive(Debug, Clone)]
struct Had {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

impl Had {
    fn subject(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["subject"].as_str().unwrap().to_owned()
    }
}

type Answers = dyn Fn(&Had, usize) -> HttpResponse + Send + Sync;

/// Takes requests and answers as a test wants.
struct Receiver {
    address: SocketAddr,
    had: Arc<Mutex<Vec<Had>>>,
    answers: Arc<Mutex<Arc<Answers>>>,
    server: ServerHandle,
}

fn status(code: u16) -> HttpResponse {
    HttpResponse::build(StatusCode::from_u16(code).unwrap()).body("thanks")
}

impl Receiver {
    fn start(answers: impl Fn(&Had, usize) -> HttpResponse + Send + Sync + 'static) -> Self {
        let had: Arc<Mutex<Vec<Had>>> = Arc::default();
        let answers: Arc<Mutex<Arc<Answers>>> = Arc::new(Mutex::new(Arc::new(answers)));
        let shared = (Arc::clone(&had), Arc::clone(&answers));
        let server = HttpServer::new(move || {
            let (had, answers) = shared.clone();
            App::new().default_service(web::to(move |request: HttpRequest, body: Bytes| {
                let header =
                    |name| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
                let this = Had {
                    id: header("webhook-id"),
                    timestamp: header("webhook-timestamp").parse().unwrap(),
                    signature: header("webhook-signature"),
                    body: String::from_utf8(body.to_vec()).unwrap(),
                };
                let at = {
                    let mut had = had.lock().unwrap();
                    had.push(this.clone());
                    had.len()
                };
                let answer = Arc::clone(&answers.lock().unwrap());
                let answer = answer(&this, at);
                async move { answer }
            }))
        });
        let server = server.workers(1).disable_signals().shutdown_timeout(0);
        let server = server.bind(("127.0.0.1", 0)).unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::task::spawn_local(server);
        Self { address, had, answers, server: handle }
    }

    fn answers(&self, answers: impl Fn(&Had, usize) -> HttpResponse + Send + Sync + 'static) {
        *self.answers.lock().unwrap() = Arc::new(answers);
    }

    fn had(&self) -> Vec<Had> {
        self.had.lock().unwrap().clone()
    }

    fn subjects(&self) -> Vec<String> {
        self.had().iter().map(Had::subject).collect()
    }
}

fn webhook(name: &str, address: SocketAddr) -> Webhook {
    Webhook {
        name: name.to_owned(),
        url: format!("http://{address}/hook").parse().unwrap(),
        types: vec![],
        places: vec![],
        secrets: vec![Secret::parse(SECRET).unwrap()],
        allow_private: true,
        timeout: Duration::from_secs(2),
        concurrency: 1,
    }
}

struct Running {
    bench: Bench,
    web: Web,
    open: OpenWebhooks,
    registry: Registry,
}

impl Running {
    async fn start(webhooks: Vec<Webhook>) -> Self {
        Self::start_in(Bench::new(), webhooks).await
    }

    async fn start_in(bench: Bench, webhooks: Vec<Webhook>) -> Self {
        let data_dir = bench.path("");
        let options = Options { data_dir, webhooks, ..Options::default() };
        let vitals = Vitals::default();
        let web = crate::service::start_with(&options, bench.settings(), vitals).await.unwrap();
        let registry = Registry::new();
        let open = web.webhooks(&options, &registry).await.unwrap();
        let running = Self { bench, web, open, registry };
        for hook in &running.open.webhooks.hooks {
            running
                .until("it has begun", async || {
                    hook.store.standing().await.unwrap().position.is_some()
                })
                .await;
        }
        running
    }

    /// Ends as a process does; the files stay.
    async fn stop(self) -> Bench {
        let file = self.open.file();
        Box::new(self.open).stop().await;
        Box::new(self.web.feed()).stop().await;
        Box::new(self.web).stop().await;
        file.unwrap().close_for_good();
        self.bench
    }

    async fn write(&self, numbers: impl IntoIterator<Item = u32>) {
        self.web.writer().send(Append(lines(numbers))).await.unwrap().unwrap();
    }

    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let waits = async {
            while !is_so().await {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, waits).await.unwrap_or_else(|_| panic!("not so: {what}"));
    }

    async fn call(&self, request: TestRequest) -> (u16, Value) {
        let app = init_service(App::new().configure(self.open.routes().open())).await;
        let answer = call_service(&app, request.to_request()).await;
        (answer.status().as_u16(), read_body_json(answer).await)
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(TestRequest::get().uri(path)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn post(&self, path: &str) -> Value {
        let (status, answer) = self.call(TestRequest::post().uri(path)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The state of the webhook `name`, and how many wait.
    async fn state(&self, name: &str) -> (String, u64) {
        let list = self.get("/admin/webhooks").await;
        let found = list["webhooks"].as_array().unwrap().iter().find(|hook| hook["name"] == name);
        let found = found.unwrap();
        (found["state"].as_str().unwrap().to_owned(), found["retries_waiting"].as_u64().unwrap())
    }

    async fn until_state(&self, name: &str, state: &str, waiting: u64) {
        let expected = (state.to_owned(), waiting);
        self.until(&format!("{name} is {expected:?}"), async || self.state(name).await == expected)
            .await;
    }

    fn metric(&self, name: &str, label: &str) -> String {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap();
        let metric = family
            .get_metric()
            .iter()
            .find(|metric| metric.get_label().iter().any(|pair| pair.value() == label));
        let metric = metric.unwrap();
        (metric.get_counter().get_value() + metric.get_gauge().get_value()).to_string()
    }
}

fn sessions(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| format!("session-{n}")).collect()
}

#[actix_web::test]
async fn what_is_told_from_now_on_is_posted_signed_in_order_and_once() {
    let receiver = Receiver::start(|_, _| status(204));
    let running = Running::start(vec![]).await;
    running.write(0..2).await;
    let bench = {
        let Running { bench, web, open, .. } = running;
        Box::new(open).stop().await;
        Box::new(web).stop().await;
        bench
    };
    let second = Secret::generate().unwrap();
    let mut hook = webhook("ledger", receiver.address);
    hook.secrets.push(Secret::parse(&second).unwrap());
    let running = Running::start_in(bench, vec![hook.clone()]).await;
    running.write(2..30).await;
    running.until("all are there", async || receiver.had().len() >= 28).await;
    assert_eq!(receiver.subjects(), sessions(2..30), "not what was told before it was there");
    let feed = running.web.source(Wanted::default());
    let told = platform::feed::Source::read(&feed, Some(2), 99, Duration::ZERO).await.unwrap();
    for (had, told) in receiver.had().iter().zip(told.events) {
        assert_eq!((&*had.id, &*had.body), (&*told.id, &*told.text));
        assert_eq!(had.timestamp, running.bench.now.lock().unwrap().timestamp());
        assert_eq!(had.signature, signatures(&hook.secrets, &had.id, had.timestamp, &had.body));
        assert_eq!(had.signature.split(' ').count(), 2, "each secret signs");
    }
    running.until_state("ledger", "delivering", 0).await;
    running
        .until("all is kept", async || {
            running.get("/admin/webhooks").await["webhooks"][0]["lag"] == 0
        })
        .await;
    let bench = running.stop().await;
    let running = Running::start_in(bench, vec![hook]).await;
    running.write(30..31).await;
    running.until("news is there", async || receiver.had().len() > 28).await;
    assert_eq!(receiver.subjects()[28..], sessions(30..31), "it goes on where it stood");
    receiver.server.stop(false).await;
}

#[actix_web::test]
async fn what_fails_comes_again_with_the_same_id_while_later_events_go_their_way() {
    let receiver = Receiver::start(|had, _| match had.subject().as_str() {
        "session-1" => HttpResponse::ServiceUnavailable().finish(),
        "session-2" => HttpResponse::Found().insert_header(("location", "/elsewhere")).finish(),
        _ => status(200),
    });
    let running = Running::start(vec![webhook("ledger", receiver.address)]).await;
    running.write(0..5).await;
    running.until_state("ledger", "retrying", 2).await;
    running.until("later ones", async || receiver.had().len() == 5).await;
    assert_eq!(running.metric("carpark_webhook_retries_waiting", "ledger"), "2");
    // Restarted, it knows what waits.
    let bench = running.stop().await;
    let running = Running::start_in(bench, vec![webhook("ledger", receiver.address)]).await;
    running.until_state("ledger", "retrying", 2).await;
    let log = running.get("/admin/webhooks/ledger/deliveries").await;
    let whys: Vec<&str> =
        log["deliveries"].as_array().unwrap().iter().filter_map(|d| d["why"].as_str()).collect();
    assert!(whys[0].contains("redirect is not followed") && whys[1].contains("503"), "{whys:?}");
    receiver.answers(|_, _| status(200));
    // The first retry is due after 5 to 6 seconds.
    running.bench.set_now("2026-11-20T12:00:07Z");
    running.open.webhooks.hooks[0].is_changed();
    running.until_state("ledger", "delivering", 0).await;
    let had = receiver.had();
    assert_eq!(had.len(), 7, "{:?}", receiver.subjects());
    for n in [1, 2] {
        let of = |had: &&Had| had.subject() == format!("session-{n}");
        let ids: Vec<_> = had.iter().filter(of).map(|had| (&had.id, &had.body)).collect();
        assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    }
    // Once more, because somebody wants it.
    running.post(&format!("/admin/webhooks/ledger/deliveries/{}/retry", had[0].id)).await;
    running.until("it came again", async || receiver.had().len() == 8).await;
    assert_eq!(receiver.had()[7].id, had[0].id);
    let unknown = TestRequest::post().uri("/admin/webhooks/ledger/deliveries/x/retry");
    assert_eq!(running.call(unknown).await.0, 404);
    receiver.server.stop(false).await;
}

#[actix_web::test]
async fn one_that_is_gone_is_disabled_until_somebody_enables_it_or_configures_another() {
    let receiver =
        Receiver::start(|had, _| status(if had.subject() == "session-1" { 410 } else { 200 }));
    let running = Running::start(vec![webhook("ledger", receiver.address)]).await;
    running.write(0..1).await;
    running.until("the first", async || receiver.had().len() == 1).await;
    running.write(1..9).await;
    running.until_state("ledger", "disabled", 1).await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.had().len(), 2, "nothing more");
    running
        .until("it shows", async || running.metric("carpark_webhook_disabled", "ledger") == "1")
        .await;
    assert_eq!(running.metric("carpark_webhook_deliveries_total", "ended"), "1");
    receiver.answers(|_, _| status(200));
    let bench = running.stop().await;
    let running = Running::start_in(bench, vec![webhook("ledger", receiver.address)]).await;
    running.write(9..10).await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!((receiver.had().len(), running.state("ledger").await.0), (2, "disabled".to_owned()));
    running.post("/admin/webhooks/ledger/enable").await;
    running.until("all the rest", async || receiver.had().len() == 11).await;
    running.until_state("ledger", "delivering", 0).await;
    let mut after = receiver.subjects()[2..].to_vec();
    after.sort();
    assert_eq!(after, sessions(1..10));

    receiver.answers(|_, _| status(410));
    running.write(10..11).await;
    running.until_state("ledger", "disabled", 1).await;
    receiver.answers(|_, _| status(200));
    let bench = running.stop().await;
    let other = Webhook {
        url: format!("http://{}/other", receiver.address).parse().unwrap(),
        ..webhook("ledger", receiver.address)
    };
    let running = Running::start_in(bench, vec![other]).await;
    running.until_state("ledger", "delivering", 0).await;
    assert_eq!(receiver.subjects().last().unwrap(), "session-10");
    receiver.server.stop(false).await;
}

#[actix_web::test]
async fn a_list_that_is_full_stops_what_is_new_and_loses_nothing() {
    let receiver = Receiver::start(|_, _| status(500));
    let mut hook = webhook("ledger", receiver.address);
    hook.concurrency = 4;
    let running = Running::start(vec![hook]).await;
    let all = u32::try_from(RETRIES_MAX).unwrap() + 10;
    running.write(0..all).await;
    let max = RETRIES_MAX as u64;
    let waits = running.until_state("ledger", "full", max);
    waits.await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(running.state("ledger").await.1, max, "bounded");
    assert_eq!(receiver.had().len() as u64, max);
    let list = running.get("/admin/webhooks").await;
    assert_eq!(
        (&list["webhooks"][0]["lag"], &list["webhooks"][0]["position"]),
        (&10.into(), &max.into())
    );
    assert_eq!(
        running.get("/admin/webhooks/ledger/deliveries").await["deliveries"]
            .as_array()
            .unwrap()
            .len(),
        1000
    );
    receiver.answers(|_, _| status(200));
    running.post("/admin/webhooks/ledger/enable").await;
    let done = async || {
        running.state("ledger").await == ("delivering".to_owned(), 0)
            && running.get("/admin/webhooks").await["webhooks"][0]["lag"] == 0
    };
    for _ in 0..12 {
        if done().await {
            break;
        }
        sleep(Duration::from_secs(2)).await;
    }
    assert!(done().await);
    let mut taken: Vec<String> = receiver.subjects()[RETRIES_MAX..].to_vec();
    taken.sort();
    taken.dedup();
    let mut expected = sessions(0..all);
    expected.sort();
    assert_eq!(taken, expected);
    receiver.server.stop(false).await;
}

#[actix_web::test]
async fn an_erased_plate_is_not_sent_again_and_stands_nowhere_in_the_file() {
    let receiver = Receiver::start(|_, _| status(500));
    let running = Running::start(vec![webhook("ledger", receiver.address)]).await;
    running.write(0..2).await;
    running.until_state("ledger", "retrying", 2).await;
    assert!(receiver.had()[1].body.contains("ABC0001"));
    let plate = Plate::parse("ABC0001").unwrap();
    assert_eq!(running.web.writer().send(EraseRowsOf(plate)).await.unwrap(), Ok(1));
    receiver.answers(|_, _| status(200));
    running.post("/admin/webhooks/ledger/enable").await;
    running.until_state("ledger", "delivering", 0).await;
    let again =
        receiver.had().into_iter().skip(2).find(|had| had.subject() == "session-1").unwrap();
    assert!(again.body.contains("\"vehicle_plate\":null"), "{}", again.body);
    let bench = running.stop().await;
    let file = std::fs::read(bench.path(FILE)).unwrap();
    let has = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("session.closed") && !has("ABC000"), "no plate is ever in it");
    receiver.server.stop(false).await;
}

#[actix_web::test]
async fn what_the_feed_has_no_more_is_given_up_and_said() {
    let receiver = Receiver::start(|_, _| status(500));
    let running = Running::start(vec![webhook("ledger", receiver.address)]).await;
    running.write(0..2).await;
    running.until_state("ledger", "retrying", 2).await;
    let bench = running.stop().await;
    bench.set_now("2027-01-20T12:00:00Z");
    // The files go when a new one is begun, and with the next start.
    let running = Running::start_in(bench, vec![]).await;
    running.write(2..3).await;
    let Running { bench, web, .. } = running;
    Box::new(web).stop().await;
    receiver.answers(|_, _| status(200));
    let running = Running::start_in(bench, vec![webhook("ledger", receiver.address)]).await;
    running.until("the news", async || receiver.subjects().contains(&"session-2".to_owned())).await;
    running.until_state("ledger", "delivering", 0).await;
    assert_eq!(running.metric("carpark_webhook_deliveries_total", "expired"), "2");
    let log = running.get("/admin/webhooks/ledger/deliveries").await;
    assert!(log.to_string().contains("in the feed no more"), "{log}");
    receiver.server.stop(false).await;
}

#[actix_web::test]
async fn one_that_is_dead_or_slow_or_forbidden_delays_no_other() {
    let receiver = Receiver::start(|_, _| status(200));
    // Takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let forbidden = Webhook { allow_private: false, ..webhook("forbidden", receiver.address) };
    let named = Webhook {
        url: format!("http://localhost:{}/", receiver.address.port()).parse().unwrap(),
        name: "named".to_owned(),
        ..forbidden.clone()
    };
    let slow = Webhook {
        timeout: Duration::from_millis(300),
        ..webhook("slow", silent.local_addr().unwrap())
    };
    let hooks = vec![
        webhook("dead", "127.0.0.1:1".parse().unwrap()),
        slow,
        forbidden,
        named,
        webhook("live", receiver.address),
    ];
    let running = Running::start(hooks).await;
    running.write(0..3).await;
    running.until("the live one has all", async || receiver.had().len() == 3).await;
    running.until_state("live", "delivering", 0).await;
    for (name, why) in [
        ("dead", "refused"),
        ("slow", "no answer within 0.3 s"),
        ("forbidden", address::REFUSED),
        ("named", address::REFUSED),
    ] {
        running.until_state(name, "retrying", 3).await;
        let log = running.get(&format!("/admin/webhooks/{name}/deliveries")).await;
        let said = log["deliveries"][0]["why"].as_str().unwrap();
        assert!(said.contains(why), "{name}: {said}");
    }
    assert_eq!(receiver.subjects(), sessions(0..3), "what is forbidden was not asked");
    receiver.server.stop(false).await;
}

#[actix_web::test]
async fn a_receiver_that_wants_to_be_left_alone_is() {
    let receiver = Receiver::start(|_, at| match at {
        1 => HttpResponse::TooManyRequests().insert_header(("retry-after", "1")).finish(),
        _ => status(200),
    });
    let running = Running::start(vec![webhook("ledger", receiver.address)]).await;
    let began = std::time::Instant::now();
    running.write(0..2).await;
    running.until("the second", async || receiver.had().len() == 2).await;
    assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
    receiver.server.stop(false).await;
}

#[actix_web::test]
async fn a_test_is_sent_at_once_and_says_what_came_back() {
    let receiver = Receiver::start(|_, _| HttpResponse::BadRequest().body("x".repeat(100_000)));
    let running = Running::start(vec![webhook("ledger", receiver.address)]).await;
    let said = running.post("/admin/webhooks/ledger/test").await;
    assert_eq!((&said["delivered"], &said["status"]), (&false.into(), &400.into()), "{said}");
    receiver.answers(|_, _| status(202));
    let said = running.post("/admin/webhooks/ledger/test").await;
    assert_eq!((&said["delivered"], &said["said"]), (&true.into(), &"thanks".into()), "{said}");
    let had = receiver.had().pop().unwrap();
    assert_eq!(said["event"]["type"], "carpark.test");
    assert_eq!(serde_json::from_str::<Value>(&had.body).unwrap(), said["event"]);
    let secrets = [Secret::parse(SECRET).unwrap()];
    assert_eq!(had.signature, signatures(&secrets, &had.id, had.timestamp, &had.body));
    assert_eq!(running.call(TestRequest::post().uri("/admin/webhooks/other/test")).await.0, 404);
    receiver.server.stop(false).await;
}
