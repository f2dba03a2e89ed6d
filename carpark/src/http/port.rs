//! A port to listen on. The usual ones lie where Linux takes the ports of outgoing connections from,
//! so one of them may be in use for a moment by a connection of any program: that passes, and is waited
//! for. A program that listens there does not pass by itself, unless it is the one that is being replaced.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpSocket;
use tracing::warn;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// For a program that listens on the port: one that stops has ended by then, another one stays.
const OF_A_LISTENER_MAX: Duration = Duration::from_secs(5);
/// For an answer of it.
const KNOCK_MAX: Duration = Duration::from_millis(200);

/// Binds `address`; while it is in use, again until `patience` has passed. `key` names the setting.
pub async fn bind(
    address: SocketAddr,
    key: &str,
    patience: Duration,
) -> anyhow::Result<TcpListener> {
    let begun = Instant::now();
    let mut limit = None;
    loop {
        let error = match listen(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => error,
        };
        let is_in_use = error.kind() == std::io::ErrorKind::AddrInUse;
        let limit = match limit {
            Some(limit) => limit,
            None if is_in_use => *limit.insert(limit_at(address, patience).await),
            None => Duration::ZERO,
        };
        if !is_in_use || begun.elapsed() >= limit {
            return Err(error).with_context(|| {
                format!(
                    "cannot listen on {address}: is another program (or another carpark) using the \
                     port? Set CARPARK_{} or --{} to another address",
                    key.to_uppercase(),
                    key.replace('_', "-")
                )
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How long it is waited for, found out and said once.
async fn limit_at(address: SocketAddr, patience: Duration) -> Duration {
    let limit = match has_listener(address).await {
        true => patience.min(OF_A_LISTENER_MAX),
        false => patience,
    };
    if !limit.is_zero() {
        warn!(
            %address,
            patience_seconds = limit.as_secs(),
            "the port is in use, perhaps by an outgoing connection; trying again"
        );
    }
    limit
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // What a connection of an earlier process left behind is no hindrance.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Whether somebody listens there: whose queue is full does not answer, and does not refuse.
async fn has_listener(address: SocketAddr) -> bool {
    let to = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        address => address,
    };
    let knock = move || match TcpStream::connect_timeout(&to, KNOCK_MAX) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::TimedOut,
    };
    tokio::task::spawn_blocking(knock).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds a port as an outgoing connection does: bound, and nobody listens.
    fn held() -> (TcpSocket, SocketAddr) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[actix_web::test]
    async fn a_port_that_a_connection_holds_for_a_moment_is_waited_for() {
        let (socket, address) = held();
        let freed = async {
            tokio::time::sleep(PAUSE * 3).await;
            drop(socket);
        };
        let bound = bind(address, "web_listen", Duration::from_secs(20));
        let (bound, ()) = tokio::join!(bound, freed);
        assert_eq!(bound.unwrap().local_addr().unwrap(), address);
    }

    #[actix_web::test]
    async fn when_patience_ends_the_setting_is_named() {
        let (_socket, address) = held();
        let error = bind(address, "web_listen", PAUSE).await.unwrap_err().to_string();
        assert!(
            error.contains(&address.to_string()) && error.contains("CARPARK_WEB_LISTEN"),
            "{error}"
        );
    }

    #[actix_web::test]
    async fn a_program_that_listens_there_is_waited_for_no_longer_than_one_takes_to_stop() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let begun = Instant::now();
        let bound =
            bind(listener.local_addr().unwrap(), "web_listen", Duration::from_hours(1)).await;
        assert!(bound.is_err() && begun.elapsed() >= OF_A_LISTENER_MAX);
    }

    #[actix_web::test]
    async fn a_program_that_listens_there_is_waited_for_no_longer_than_patience_has_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let begun = Instant::now();
        let bound = bind(listener.local_addr().unwrap(), "web_listen", Duration::ZERO).await;
        assert!(bound.is_err() && begun.elapsed() < OF_A_LISTENER_MAX);
    }

    #[actix_web::test]
    async fn who_listens_is_told_from_a_connection_that_holds_the_port() {
        let (_socket, address) = held();
        assert!(!has_listener(address).await);
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        assert!(has_listener(listener.local_addr().unwrap()).await);
    }

    #[actix_web::test]
    async fn what_a_connection_of_an_earlier_process_left_behind_is_no_hindrance() {
        let any = "127.0.0.1:0".parse().unwrap();
        let listener = bind(any, "web_listen", Duration::ZERO).await.unwrap();
        listener.set_nonblocking(false).unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        // Whoever closes first keeps the port for a minute.
        drop(listener.accept().unwrap());
        drop(client);
        drop(listener);
        bind(address, "web_listen", Duration::ZERO).await.unwrap();
    }
}
