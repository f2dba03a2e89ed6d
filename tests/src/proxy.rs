//! A network that fails on request: a TCP proxy on loopback between two parties that do not know
//! of it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{ports, runtime};

/// What the network does with what is sent over it, on connections old and new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Passes everything on at once.
    Pass,
    /// Swallows: nothing arrives, nothing is refused, nobody is told. What was under way arrives
    /// when the network is back, as TCP sees to it.
    BlackHole,
    /// Requests arrive, answers do not.
    LoseAnswers,
    /// A pause before each piece of at most 16 KiB.
    Slow(Duration),
    /// Every byte in a packet of its own.
    OneByteAtATime,
    /// Resets every connection at once, and every new one.
    Reset,
}

/// What all connections look at.
#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// A connection made under an earlier count is to be reset.
    cuts: u32,
}

/// Listens on a port of its own and passes on to another; ends with its last connection when
/// dropped.
pub struct Proxy {
    port: u16,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

/// Which way a pump pumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

impl Proxy {
    /// Before the server that listens on `port`, which need not be there.
    pub fn before(port: u16) -> Self {
        let server = SocketAddr::from(([127, 0, 0, 1], port));
        let state = watch::Sender::new(State { mode: Mode::Pass, cuts: 0 });
        let port = ports::free();
        let listener = runtime().block_on(TcpListener::bind(("127.0.0.1", port))).unwrap();
        let seen = state.subscribe();
        let accepting = runtime().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, seen.clone()));
            }
        });
        Self { port, state, accepting }
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How it treats connections from now on.
    pub fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    /// Resets every connection there is, once.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set(Mode::Reset);
    }
}

/// Carries one connection until either side ends it or the network does.
async fn carry(client: TcpStream, server: SocketAddr, mut state: watch::Receiver<State>) {
    let made_at = state.borrow().cuts;
    let is_cut = move |state: &State| state.mode == Mode::Reset || state.cuts != made_at;
    let mut until_cut = state.clone();

    let carried = async {
        // Under a black hole the connection seems to stand, as the kernel's backlog makes it.
        state.wait_for(|state| state.mode != Mode::BlackHole).await.ok()?;
        let server = TcpStream::connect(server).await.ok()?;
        server.set_nodelay(true).ok()?;
        client.set_nodelay(true).ok()?;
        Some(server)
    };
    let server = tokio::select! {
        server = carried => server,
        _ = until_cut.wait_for(is_cut) => None,
    };
    let Some(server) = server else {
        // The server is not there or the network is gone: the client is told by a reset.
        let _ = client.set_zero_linger();
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (to_server_seen, to_client_seen) = (state.clone(), state);
    let both = async {
        tokio::join!(
            pump(&mut from_client, &mut to_server, Direction::ToServer, to_server_seen),
            pump(&mut from_server, &mut to_client, Direction::ToClient, to_client_seen),
        )
    };
    tokio::select! {
        _ = both => {}
        _ = until_cut.wait_for(is_cut) => {
            // Closed with zero linger, a connection is reset; `forget` keeps tokio from ending it
            // in good order first.
            let _ = to_client.as_ref().set_zero_linger();
            let _ = to_server.as_ref().set_zero_linger();
            to_client.forget();
            to_server.forget();
        }
    }
}

/// Moves bytes one way until their end.
async fn pump(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    direction: Direction,
    mut state: watch::Receiver<State>,
) -> Option<()> {
    let is_open = move |state: &State| match state.mode {
        Mode::BlackHole => false,
        Mode::LoseAnswers => direction == Direction::ToServer,
        _ => true,
    };
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await.ok()?;
        let mode = state.wait_for(is_open).await.ok()?.mode;
        if read == 0 {
            return to.shutdown().await.ok();
        }
        match mode {
            Mode::OneByteAtATime => {
                for byte in &buffer[..read] {
                    to.write_all(std::slice::from_ref(byte)).await.ok()?;
                    tokio::task::yield_now().await;
                }
            }
            Mode::Slow(pause) => {
                tokio::time::sleep(pause).await;
                to.write_all(&buffer[..read]).await.ok()?;
            }
            _ => to.write_all(&buffer[..read]).await.ok()?,
        }
    }
}
