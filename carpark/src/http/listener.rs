//! Where a role listens: one port for all others, with room for so many of them, and one for the
//! process itself.

use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_rt::net::TcpStream;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web_prom::PrometheusMetricsBuilder;
use anyhow::Context;
use platform::http::compressed;
use platform::runtime::Vital;
use prometheus::Registry;

use super::connections::{Connections, HEAD_WITHIN, Limits, Meters};
use super::entrance::Access;
use super::stream::Stream;
use super::{Site, configure, head};

/// Longer than an HTTP client keeps an idle connection (awc: 15 s), so that it is the client who
/// closes and no request meets a closing server.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// For a connection to end after the last answer.
const DISCONNECTED_WITHIN: Duration = Duration::from_secs(1);
/// How often idle connections are looked for.
const SWEPT_EVERY: Duration = Duration::from_secs(1);
/// Descriptors that are no connections of others; half of them all where there are few.
const DESCRIPTORS_KEPT: usize = 512;
/// Connections of the process with itself, and those that are just being refused.
const OWN_CONNECTIONS: usize = 64;
/// Where the process asks itself: any free port.
pub const OWN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// What a connection is told for which there is no room.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\
    retry-after: 1\r\nconnection: close\r\n\r\n";
/// Seconds, 100 µs to 10 s.
const BUCKETS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// A bound listener.
pub struct Listener {
    server: Server,
    /// Where it listens, the port being the real one.
    pub address: SocketAddr,
    /// Where the process asks itself, if it does: on a port of its own, so that no number of others
    /// keeps its rows from its files.
    pub own: Option<SocketAddr>,
}

/// How a listener listens.
pub struct Listening {
    /// The socket that it listens on.
    pub port: TcpListener,
    /// Where the process asks itself ([`OWN`]), if it does.
    pub own: Option<TcpListener>,
    /// Before the names of its metrics.
    pub namespace: &'static str,
    /// How many others may be connected.
    pub limits: Limits,
}

/// How many connections there may be with that many descriptors: some are kept for the files, the
/// store and the broker, and for the process's own requests.
pub fn limits(total: usize, per_address: usize, descriptors: u64) -> Limits {
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let most = descriptors - (descriptors / 2).min(DESCRIPTORS_KEPT);
    if most < total {
        tracing::warn!(
            descriptors,
            connections = most,
            "fewer descriptors than CARPARK_CONNECTIONS_MAX asks for: raise the hard limit (ulimit -Hn)"
        );
    }
    let total = total.min(most);
    Limits { total, per_address: per_address.min(total) }
}

/// Prepares the site for ports that are bound ([`port::bind`](super::port::bind)).
pub fn listen(
    listening: Listening,
    site: Arc<Mutex<Site>>,
    access: Access,
    registry: Registry,
) -> anyhow::Result<Listener> {
    let meters = Meters::register(&registry).context("metrics of the connections")?;
    let metrics = PrometheusMetricsBuilder::new(listening.namespace)
        .registry(registry)
        .endpoint("/metrics")
        .buckets(BUCKETS)
        .mask_unmatched_patterns("UNKNOWN")
        .build()
        .map_err(|e| anyhow::anyhow!("metrics of the listener: {e}"))?;
    let address = listening.port.local_addr().context("the listener cannot be used")?;
    let proxies = access.proxies.clone();
    let access = Arc::new(access);
    let app = move || {
        let (access, routes) = (Arc::clone(&access), Site::all_routes(&site));
        App::new()
            .configure(move |config| configure(&routes, access, config))
            .wrap(from_fn(compressed))
            .wrap(metrics.clone())
            // The outermost: what is behind sees a plain path, and no HEAD.
            .wrap(from_fn(head::as_get))
            .wrap(NormalizePath::new(TrailingSlash::MergeOnly))
    };
    let builder = Server::build()
        .workers(1)
        .max_concurrent_connections(listening.limits.total + OWN_CONNECTIONS)
        .shutdown_timeout(2)
        .disable_signals();
    let signal = builder.graceful_shutdown_signal();
    // As `HttpServer` does it, but for the streams: it hides the sockets, and has one limit for all.
    let serve = |limits: Option<Limits>| {
        let (app, signal) = (app.clone(), signal.clone());
        let (proxies, meters) = (proxies.clone(), meters.clone());
        move || {
            let connections =
                limits.map(|limits| Connections::new(limits, proxies.clone(), meters.clone()));
            if let Some(connections) = &connections {
                actix_rt::spawn(sweep(Rc::downgrade(connections)));
            }
            let app = app().into_factory().map_err(|e: actix_web::Error| e.error_response());
            let signal = signal.clone();
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let signal = signal.clone();
                    async move { signal.notified().await }
                })
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(HEAD_WITHIN)
                .client_disconnect_timeout(DISCONNECTED_WITHIN)
                .on_connect_ext(|stream: &Stream, data| {
                    if let Some(connection) = stream.connection() {
                        data.insert(Rc::clone(connection));
                    }
                })
                .h1(map_config(app, |()| AppConfig::default()));
            fn_service(move |socket: TcpStream| ready(admit(connections.as_ref(), socket)))
                .and_then(http)
        }
    };
    let builder = builder.listen("public", listening.port, serve(Some(listening.limits)))?;
    let (builder, own) = match listening.own {
        Some(own) => {
            let own_address = own.local_addr()?;
            (builder.listen("own", own, serve(None))?, Some(own_address))
        }
        None => (builder, None),
    };
    Ok(Listener { server: builder.run(), address, own })
}

/// Whether there is room for a connection.
fn admit(
    connections: Option<&Rc<Connections>>,
    socket: TcpStream,
) -> Result<(Stream, Option<SocketAddr>), DispatchError> {
    let peer = socket.peer_addr()?;
    let Some(connections) = connections else {
        return Ok((Stream::new(socket, None), Some(peer)));
    };
    if let Some(connection) = connections.admit(peer.ip()) {
        Ok((Stream::new(socket, Some(connection)), Some(peer)))
    } else {
        // Whoever does not take it has gone.
        let _ = socket.try_write(NO_ROOM);
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into())
    }
}

/// Until the listener is gone.
async fn sweep(connections: Weak<Connections>) {
    let mut ticks = actix_rt::time::interval(SWEPT_EVERY);
    loop {
        ticks.tick().await;
        let Some(connections) = connections.upgrade() else { return };
        connections.sweep();
    }
}

impl Listener {
    /// Starts to answer requests.
    pub fn start(self, vital: Vital) -> ServerHandle {
        let (handle, server) = (self.server.handle(), self.server);
        actix_rt::spawn(async move {
            vital.may_die_here();
            if let Err(e) = server.await {
                tracing::error!(error = %e, "the listener has ended");
            }
            drop(vital);
        });
        handle
    }
}
