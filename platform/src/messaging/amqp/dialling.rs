//! The way to a node: a TCP connection, with TLS around it for `amqps`.
//!
//! lapin has a way of its own, which comes with thirty crates for key stores that nobody here has. This
//! one is made of what the other clients of the program are made of.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_util::Stream;
use futures_util::future::Either;
use futures_util::io::{AsyncRead, AsyncWrite};
use lapin::tcp::AsyncTcpStream;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

/// A connection to a node, without and with TLS.
type Socket = Either<Compat<TcpStream>, Compat<TlsStream<TcpStream>>>;

/// Connects to a node.
pub(super) async fn connect(
    node: &AMQPUri,
    properties: ConnectionProperties,
) -> lapin::Result<Connection> {
    let runtime = Runtime::new(RuntimeParts::new(Tokio::current(), Network(Tokio::current())));
    let dialled = async |node: AMQPUri, _| Ok(AsyncTcpStream::Plain(dial(&node).await?));
    Connection::connector(node.clone(), runtime, dialled, properties).await
}

async fn dial(node: &AMQPUri) -> io::Result<Socket> {
    let host = &node.authority.host;
    let stream = TcpStream::connect((host.as_str(), node.authority.port)).await?;
    // A frame waits for no other.
    stream.set_nodelay(true)?;
    if node.scheme == AMQPScheme::AMQP {
        return Ok(Either::Left(stream.compat()));
    }
    let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
    let config = spawn_blocking(tls).await??;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    Ok(Either::Right(stream.compat()))
}

/// Trusts whom the system trusts, or whom `SSL_CERT_FILE` names. Reads files.
fn tls() -> io::Result<ClientConfig> {
    let found = rustls_native_certs::load_native_certs();
    if let (true, Some(error)) = (found.certs.is_empty(), found.errors.into_iter().next()) {
        return Err(io::Error::other(error));
    }
    let mut trusted = RootCertStore::empty();
    trusted.add_parsable_certificates(found.certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}

/// What lapin asks of a network: tokio's, with our connections.
#[derive(Debug, Clone)]
struct Network(Tokio);

impl Reactor for Network {
    type TcpStream = Socket;
    type Sleep = tokio::time::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        self.0.sleep(time)
    }

    fn interval(&self, time: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(time)
    }

    #[expect(clippy::manual_async_fn, reason = "the future borrows nothing of the network")]
    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        async move { Ok(Either::Left(TcpStream::connect(address).await?.compat())) }
    }
}
