use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::{App, test};
use platform::http::Principal;

use super::connections::Limits;
use super::guesses::Guesses;
use super::listener::Listening;
use super::rate::Rates;
use super::sign_in::SignIns;
use super::*;
use crate::client::TrustedProxies;
use crate::config::Tokens;

fn tokens() -> Tokens {
    let token = |name: &str| Some(name.to_owned());
    Tokens {
        own_cameras: Vec::new(),
        admin: token("the-admin"),
        sink: token("the-sink"),
        camera: token("the+camera"),
        ping: token("the-ping"),
        feed: token("the-feed"),
        gate: token("the-gate"),
    }
}

fn access(tokens: Tokens) -> Access {
    Access {
        tokens,
        rates: Rates::new(NonZeroU32::MAX),
        sign_ins: None,
        proxies: TrustedProxies::default(),
        guesses: Guesses::new("in a test"),
    }
}

/// The routes of all rooms.
fn every_route() -> Routes {
    described::routes()
        .and(::web::routes())
        .and(sign_in::routes())
        .and(cameras::routes())
        .and(actors::routes())
        .and(vehicles::routes())
        .and(generators::routes())
        .and(office::routes())
}

/// What becomes of a request: 200 where the guard lets it through, for there is nothing behind it.
async fn answer(tokens: Tokens, request: test::TestRequest) -> ServiceResponse {
    let access = Arc::new(access(tokens));
    let app = App::new().configure(|config| configure(&every_route(), access, config));
    let mut answer = test::call_service(&test::init_service(app).await, request.to_request()).await;
    if answer.request().extensions().get::<Principal>().is_some() {
        *answer.response_mut().status_mut() = StatusCode::OK;
    }
    answer
}

/// What the guard lets through, by path and token.
async fn status(tokens: Tokens, path: &str, token: Option<&str>) -> u16 {
    let mut request = test::TestRequest::get().uri(path);
    if let Some(token) = token {
        let scheme = if token.contains(' ') { "" } else { "Bearer " };
        request = request.insert_header((header::AUTHORIZATION, format!("{scheme}{token}")));
    }
    answer(tokens, request).await.status().as_u16()
}

#[actix_web::test]
async fn plates_are_shown_and_changed_with_the_right_token_only() {
    for (path, token, expected) in [
        ("/livez", None, 200),
        ("/metrics", None, 200),
        ("/summaries.csv", None, 401),
        ("/summaries.csv", Some("the-sink"), 401),
        ("/summaries.csv", Some("the-admin"), 200),
        ("/admin/generators", Some("the-admim"), 401),
        ("/admin/generators", Some("the-admin2"), 401),
        ("/admin/generators", Some("the-admi"), 401),
        ("/admin/generators", Some("Basic the-admin"), 401),
        ("/admin/generators", Some("the-admin"), 200),
        ("/save_summary", None, 401),
        ("/save_summary", Some("the-sink"), 200),
        ("/save_exception", Some("the-admin"), 401),
        ("/plates/AB12", None, 401),
        ("/plates/AB12", Some("the-admin"), 401),
        ("/plates/AB12", Some("the-sink"), 200),
        ("/admin/plates/AB12", Some("the-sink"), 401),
        ("/feed", None, 401),
        ("/feed", Some("the-sink"), 401),
        ("/feed", Some("the-feed"), 200),
        ("/feed", Some("the-admin"), 200),
        ("/gates/in/check-in", None, 401),
        ("/gates/in/check-in", Some("the-admin"), 401),
        ("/gates/in/check-in", Some("the-gate"), 200),
        ("/gates/in/check-out", Some("the-gate"), 200),
        ("/admin/holders", Some("the-gate"), 401),
        ("/feed", Some("the-gate"), 401),
        ("/summaries.csv", Some("the-feed"), 401),
        ("/admin/status", Some("the-feed"), 401),
        ("/docs", None, 200),
        ("/docs/index.html", None, 200),
        ("/vehicles", None, 401),
        ("/vehicles", Some("the-ping"), 401),
        ("/vehicles", Some("the-admin"), 200),
        ("/vehicles/events", Some("the-sink"), 401),
        ("/vehicles/V1", Some("the-ping"), 401),
        ("/vehicles/V1/ping", None, 401),
        ("/vehicles/V1/ping", Some("the-admin"), 401),
        ("/vehicles/V1/ping", Some("the-ping"), 200),
        ("/vehicles/../admin/x/ping", Some("the-ping"), 401),
        ("/admin/vehicles/V1/ping", Some("the-ping"), 401),
        ("/documents", None, 401),
        ("/cameras/in", None, 401),
        ("/cameras/in", Some("the-admin"), 401),
        ("/cameras/in", Some("the+camera"), 200),
        // user:the+camera, the+camera without a user, user:the+camers
        ("/cameras/in", Some("Basic dXNlcjp0aGUrY2FtZXJh"), 200),
        ("/cameras/in", Some("Basic OnRoZStjYW1lcmE="), 200),
        ("/cameras/in", Some("Basic dXNlcjp0aGUrY2FtZXJz"), 401),
        ("/cameras/in", Some("Basic ???"), 401),
        ("/cameras/in?token=the%2Bcamera", None, 200),
        ("/cameras/in/any/path?more=1&token=the%2Bcamera", None, 200),
        ("/cameras/in?token=the%2Bcamer", None, 401),
        ("/cameras/in?tokens=the%2Bcamera", None, 401),
        ("/admin/cameras", Some("the+camera"), 401),
        ("/admin/cameras?token=the-admin", None, 401),
        ("/summaries.csv?token=the%2Bcamera", None, 401),
        ("/%63ameras/in?token=the%2Bcamera", None, 401),
        // Spelled so that only the router sees what is meant.
        ("/%6civez", None, 401),
        ("/vehicles/V1/%70ing", Some("the-ping"), 401),
        ("/%61dmin/generators", None, 401),
        ("/summaries%2Ecsv", None, 401),
        ("/%73ave_summary", None, 401),
        ("//admin/generators", None, 401),
    ] {
        assert_eq!(status(tokens(), path, token).await, expected, "{path} with {token:?}");
    }
}

/// Whoever adds a route that others than the administrator may ask for says so here as well.
#[actix_web::test]
async fn each_route_has_one_scope_and_is_described_or_a_page() {
    let all = every_route();
    let handed_on = every_route().handed_on(|| web::to(::web::pages::nowhere));
    assert!(handed_on.list().eq(all.list()), "what another process answers is for the same people");
    let document = described::merged(all.described());
    let (mut scopes, mut open, mut pages) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    for (path, scope, is_described) in all.list() {
        assert_eq!(*scopes.entry(path).or_insert(scope), scope, "{path} is of two scopes");
        if scope != Scope::Admin {
            open.insert((path, format!("{scope:?}")));
        }
        match is_described {
            true => assert!(document.paths.paths.contains_key(path), "{path} is not described"),
            false => {
                pages.insert(path);
            }
        }
    }
    let of = |scope: &str| -> Vec<&str> {
        open.iter().filter(|(_, of)| of == scope).map(|(path, _)| *path).collect()
    };
    assert_eq!(
        of("Sink"),
        ["/plates/{plate}", "/save_exception", "/save_facts", "/save_opened", "/save_summary"]
    );
    assert_eq!(of("Ping"), ["/vehicles/{vehicle_id}/ping"]);
    assert_eq!(of("Feed"), ["/feed"]);
    assert_eq!(of("Gate"), ["/gates/{lane}/check-in", "/gates/{lane}/check-out"]);
    assert_eq!(of("Page"), ["/", "/events", "/pages/places", "/sign-in", "/sign-out"]);
    assert_eq!(
        of("Camera"),
        [
            "/camera",
            "/camera/{more:.*}",
            "/cameras",
            "/cameras/",
            "/cameras/{camera}",
            "/cameras/{camera}/{more:.*}"
        ]
    );
    assert_eq!(
        of("Public"),
        [
            "/apds/places",
            "/apds/places/{id}",
            "/assets/{hash}/{name}",
            "/datex2/parking-status",
            "/docs",
            "/docs/{file:.*}",
            "/livez",
            "/metrics",
            "/openapi.json",
            "/places",
            "/places/events",
            "/places/{id}",
            "/quotes",
            "/readyz"
        ]
    );
    let of_operators: Vec<&str> =
        pages.into_iter().filter(|path| scopes[path] == Scope::Admin).collect();
    assert_eq!(
        of_operators,
        [
            "/dead-letters",
            "/dead-letters/discard",
            "/dead-letters/replay",
            "/pages/vehicles",
            "/sessions",
            "/sessions/{plate}",
            "/vehicles",
            "/vehicles/{vehicle_id}",
            "/webhooks",
            "/webhooks/enable",
            "/webhooks/test"
        ]
    );
}

#[actix_web::test]
async fn what_is_not_there_and_what_cannot_be_done_are_told_to_the_operator_as_problems() {
    for (method, path, status) in [
        (Method::GET, "/admin/generators/elsewhere", 404),
        (Method::DELETE, "/admin/generators", 405),
        (Method::GET, "/admin/generators/pause", 405),
    ] {
        let request = test::TestRequest::default().method(method).uri(path);
        let app = App::new().configure(|config| {
            configure(&every_route(), Arc::new(access(Tokens::default())), config);
        });
        let answer = test::call_service(&test::init_service(app).await, request.to_request()).await;
        assert_eq!(answer.status(), status, "{path}");
        let content_type = answer.headers().get(header::CONTENT_TYPE).unwrap();
        assert_eq!(content_type, "application/problem+json", "{path}");
        assert_eq!(self::status(tokens(), path, None).await, 401, "{path}");
    }
}

#[actix_web::test]
async fn without_tokens_everything_is_open_on_a_listener_that_only_this_machine_reaches() {
    assert_eq!(status(Tokens::default(), "/admin/generators", None).await, 200);
    let needed = [("admin_token", &None)];
    let check = |address: &str| check_exposure(address.parse().unwrap(), "web_listen", &needed);
    assert!(check("127.0.0.1:40000").is_ok());
    assert!(check("[::1]:40000").is_ok());
    let error = check("0.0.0.0:40000").unwrap_err().to_string();
    for part in ["`web_listen` = \"0.0.0.0:40000\"", "CARPARK_ADMIN_TOKEN", "127.0.0.1"] {
        assert!(error.contains(part), "{error}");
    }
    let given = Some("secret".to_owned());
    assert!(check_exposure("0.0.0.0:1".parse().unwrap(), "web_listen", &[("x", &given)]).is_ok());
}

#[actix_web::test]
async fn without_tokens_a_program_may_call_its_own_routes_by_any_name_and_a_browser_may_not() {
    let status = async |path: &str, origin: Option<&str>| {
        let request = test::TestRequest::post().uri(path).insert_header(("host", "car.park:40000"));
        let request = origin.into_iter().fold(request, |r, o| r.insert_header(("origin", o)));
        answer(Tokens::default(), request).await.status().as_u16()
    };
    for path in ["/cameras/in", "/save_summary", "/vehicles/V1/ping"] {
        assert_eq!(status(path, None).await, 200, "{path}");
        assert_eq!(status(path, Some("https://evil.example")).await, 403, "{path}");
    }
    assert_eq!(status("/admin/generators", None).await, 403);
}

#[actix_web::test]
async fn no_token_stands_in_for_another() {
    let token = |name: &str| Some(name.to_owned());
    let some = [
        Tokens { sink: token("the-sink"), ..Tokens::default() },
        Tokens { sink: token("the-sink"), ping: token("the-ping"), ..Tokens::default() },
        Tokens { sink: token("the-sink"), camera: token("the+camera"), ..Tokens::default() },
    ];
    for tokens in some {
        for path in [
            "/admin/status",
            "/admin/sessions",
            "/admin/plates/AB12",
            "/summaries.csv",
            "/vehicles",
            "/admin/generators",
            "/unknown",
        ] {
            for shown in [None, Some("the-sink"), Some("the+camera"), Some("the-ping"), Some("")] {
                assert_eq!(status(tokens.clone(), path, shown).await, 401, "{path} with {shown:?}");
            }
        }
        for path in ["/livez", "/metrics", "/", "/docs"] {
            assert_eq!(status(tokens.clone(), path, None).await, 200, "{path}");
        }
    }
    // What cameras show closes what is theirs, on a listener that this machine alone reaches.
    let cameras = Tokens { camera: token("the+camera"), ..Tokens::default() };
    assert_eq!(status(cameras.clone(), "/admin/cameras", None).await, 200);
    assert_eq!(status(cameras, "/cameras/in", None).await, 401);
    let admins = Tokens { admin: token("the-admin"), ..Tokens::default() };
    for shown in [None, Some("the-admin")] {
        assert_eq!(status(admins.clone(), "/vehicles/V1/ping", shown).await, 401, "{shown:?}");
    }
}

#[actix_web::test]
async fn without_tokens_a_plate_is_shown_to_this_machines_names_and_to_no_proxy() {
    let asked = async |method: Method, path: &str, header: (&str, &str)| {
        let request = test::TestRequest::default().method(method).uri(path);
        let request = request.insert_header(("host", "localhost:40000")).insert_header(header);
        answer(Tokens::default(), request).await.status().as_u16()
    };
    let plates = ["/plates/AB12", "/admin/plates/AB12", "/summaries.csv", "/vehicles"];
    for path in plates {
        for method in [Method::GET, Method::DELETE, Method::HEAD] {
            let asked = async |header| asked(method.clone(), path, header).await;
            assert_eq!(asked(("host", "evil.example")).await, 403, "{method} {path}");
            assert_eq!(asked(("host", "127.0.0.1:40000")).await, 200, "{method} {path}");
            assert_eq!(asked(("x-forwarded-for", "192.0.2.1")).await, 403, "{method} {path}");
        }
    }
    for path in ["/save_summary", "/cameras/in", "/vehicles/V1/ping"] {
        assert_eq!(asked(Method::POST, path, ("forwarded", "for=192.0.2.1")).await, 403, "{path}");
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(asked(Method::GET, path, ("x-real-ip", "192.0.2.1")).await, 200, "{path}");
    }
}

#[actix_web::test]
async fn without_tokens_a_page_that_all_may_see_has_plates_for_this_machines_names_alone() {
    for (host, expected) in [("localhost:40000", true), ("evil.example", false)] {
        let request = test::TestRequest::get().uri("/").insert_header(("host", host));
        let answer = answer(Tokens::default(), request).await;
        let viewer = answer.request().extensions().get::<Principal>().cloned();
        assert_eq!(viewer.unwrap().may_see(), expected, "{host}");
    }
}

/// At these paths programs get data, of another route.
#[actix_web::test]
async fn what_is_a_page_to_a_person_alone_is_guarded_too() {
    for path in ["/vehicles", "/vehicles/V1"] {
        let request = test::TestRequest::get().uri(path).insert_header(("accept", "text/html"));
        assert_eq!(answer(tokens(), request).await.status(), 401, "{path}");
    }
}

#[actix_web::test]
async fn a_sign_in_opens_what_the_admin_token_opens_and_nothing_else() {
    let sign_ins = Arc::new(SignIns::new(tokens().admin));
    let access = Access { sign_ins: Some(Arc::clone(&sign_ins)), ..access(tokens()) };
    let all = every_route().and(sign_in::routes_of(sign_ins));
    let app = App::new().configure(|config| configure(&all, Arc::new(access), config));
    let app = test::init_service(app).await;
    let form = test::TestRequest::post().uri("/sign-in").set_form([("token", "the-admin")]);
    let answer = test::call_service(&app, form.to_request()).await;
    let cookie = answer.headers().get(header::SET_COOKIE).unwrap().clone();
    for (path, opens) in [
        ("/admin/generators", true),
        ("/plates/AB12", false),
        ("/cameras/in", false),
        ("/vehicles/V1/ping", false),
    ] {
        let request = test::TestRequest::get().uri(path);
        let request = request.insert_header((header::COOKIE, cookie.clone()));
        let answer = test::call_service(&app, request.to_request()).await;
        let is_let_in = answer.request().extensions().get::<Principal>().is_some();
        assert_eq!(is_let_in, opens, "{path}");
    }
}

/// A part whose state is what the test says.
struct Told(&'static str);

impl Component for Told {
    fn checks(&self) -> Option<States> {
        let state = self.0;
        Some(Box::new(move || vec![(format!("part that is {state}"), state.to_owned())]))
    }

    fn remarks(&self) -> Option<States> {
        Some(Box::new(|| vec![("part".to_owned(), "a remark".to_owned())]))
    }
}

#[actix_web::test]
async fn a_process_is_ready_when_each_part_is_well() {
    let site = Mutex::new(Site::default());
    for (state, expected) in [("ok", 200), ("away", 503), ("well again", 503)] {
        site.lock().unwrap().add(&Told(state));
        let answer = readyz(&site);
        assert_eq!(answer.status(), expected, "{state}");
        let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(body.contains(&format!("part that is {state}")), "{body}");
        assert!(body.contains("a remark"), "{body}");
    }
}

#[actix_web::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    for path in ["/admin/sessions", "/plates/AB12", "/livez", "/docs/", "/docs"] {
        for token in ["the-admin", "wrong"] {
            let request = test::TestRequest::get().uri(path);
            let request = request.insert_header(("authorization", format!("Bearer {token}")));
            let answer = answer(tokens(), request).await;
            let said = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap();
            assert!(said("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
            assert!(said("content-security-policy").contains("default-src 'none'"), "{path}");
            assert_eq!(said("x-content-type-options"), "nosniff", "{path}");
            if !path.starts_with("/docs") {
                assert_eq!(said("cache-control"), "no-store", "{path}");
            }
        }
    }
}

#[actix_web::test]
async fn a_listener_that_ends_by_itself_has_died_and_one_that_is_stopped_has_not() {
    for (is_stopping, expected) in [(false, Some("listener")), (true, None)] {
        let vitals = platform::runtime::Vitals::default();
        let port = std::net::TcpListener::bind(listener::OWN).unwrap();
        let limits = Limits { total: 10, per_address: 10 };
        let listening = Listening { port, own: None, namespace: "test", limits };
        let registry = prometheus::Registry::new();
        let listener =
            listener::listen(listening, Arc::default(), access(Tokens::default()), registry);
        let server = listener.unwrap().start(vitals.of("listener"));
        if is_stopping {
            vitals.rest();
        }
        server.stop(false).await;
        let died = actix_rt::time::timeout(Duration::from_secs(1), vitals.died()).await;
        assert_eq!(died.ok(), expected);
    }
}
