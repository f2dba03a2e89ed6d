use std::num::NonZeroU32;

use actix_web::test;

use super::rate::Rates;
use super::*;
use crate::config::Tokens;

fn tokens() -> Tokens {
    let token = |name: &str| Some(name.to_owned());
    Tokens {
        own_cameras: Vec::new(),
        admin: token("the-admin"),
        sink: token("the-sink"),
        camera: token("the+camera"),
        ping: token("the-ping"),
    }
}

/// What the guard lets through, by path and token.
async fn status(tokens: Tokens, path: &str, token: Option<&str>) -> u16 {
    let rates = Rates::new(NonZeroU32::MAX);
    let access = Arc::new(Access { tokens, rates, sign_ins: None });
    let app = test::init_service(
        App::new()
            .wrap(from_fn(move |request, next| guard(Arc::clone(&access), request, next)))
            .default_service(web::to(|| async { HttpResponse::Ok().finish() })),
    )
    .await;
    let mut request = test::TestRequest::get().uri(path);
    if let Some(token) = token {
        let scheme = if token.contains(' ') { "" } else { "Bearer " };
        request = request.insert_header((header::AUTHORIZATION, format!("{scheme}{token}")));
    }
    test::call_service(&app, request.to_request()).await.status().as_u16()
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
        ("/admin/generators", Some("the-admin"), 200),
        ("/save_summary", None, 401),
        ("/save_summary", Some("the-sink"), 200),
        ("/save_exception", Some("the-admin"), 401),
        ("/plates/AB12", None, 401),
        ("/plates/AB12", Some("the-admin"), 401),
        ("/plates/AB12", Some("the-sink"), 200),
        ("/admin/plates/AB12", Some("the-sink"), 401),
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
        ("/%61dmin/generators", None, 401),
        ("/summaries%2Ecsv", None, 401),
        ("/%73ave_summary", None, 401),
        ("//admin/generators", None, 401),
    ] {
        assert_eq!(status(tokens(), path, token).await, expected, "{path} with {token:?}");
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
    let access = || {
        let (tokens, rates) = (Tokens::default(), Rates::new(NonZeroU32::MAX));
        Arc::new(Access { tokens, rates, sign_ins: None })
    };
    let status = async |path: &str, origin: Option<&str>| {
        let access = access();
        let app = test::init_service(
            App::new()
                .wrap(from_fn(move |request, next| guard(Arc::clone(&access), request, next)))
                .default_service(web::to(|| async { HttpResponse::Ok().finish() })),
        )
        .await;
        let request = test::TestRequest::post().uri(path).insert_header(("host", "car.park:40000"));
        let request = origin.into_iter().fold(request, |r, o| r.insert_header(("origin", o)));
        test::call_service(&app, request.to_request()).await.status().as_u16()
    };
    for path in ["/cameras/in", "/save_summary", "/vehicles/V1/ping"] {
        assert_eq!(status(path, None).await, 200, "{path}");
        assert_eq!(status(path, Some("https://evil.example")).await, 403, "{path}");
    }
    assert_eq!(status("/admin/generators", None).await, 403);
}
