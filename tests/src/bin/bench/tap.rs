//! Two taps on the wire, so that what is measured is what the neighbours see: when the broker is
//! told that a message is done with (`basic.ack`), and when the sink has confirmed a row (the answer
//! to the post that carried it; the row is synced then). The program knows nothing of them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::Instant;

use tests::ports;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Something was seen, and when.
pub enum Seen {
    /// The message with this body was acknowledged.
    Acknowledged(Vec<u8>, Instant),
    /// All rows of a post with this body are confirmed.
    Confirmed(Vec<u8>, Instant),
}

/// Which language is spoken on the wire.
#[derive(Clone, Copy)]
pub enum Wire {
    Amqp,
    Http,
}

/// What one direction tells the other's reader.
enum Told {
    Delivery(u64, Vec<u8>),
    Ack(u64, bool),
    Request(Vec<u8>),
    Answer,
}

/// Listens before `port` and tells what passes; answers its own port.
pub fn before(port: u16, wire: Wire, seen: Sender<Seen>) -> u16 {
    let own = ports::free();
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind(("127.0.0.1", own)).await.unwrap();
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, wire, seen.clone()));
            }
        });
    });
    own
}

async fn carry(client: TcpStream, server: SocketAddr, wire: Wire, seen: Sender<Seen>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (told, heard) = mpsc::unbounded_channel();
    let (up, down): (Parser, Parser) = match wire {
        Wire::Amqp => (amqp, amqp),
        Wire::Http => (http_request, http_answer),
    };
    tokio::join!(
        pump(from_client, to_server, up, told.clone()),
        pump(from_server, to_client, down, told),
        listen(heard, seen),
    );
}

/// Puts what both directions tell together.
async fn listen(mut heard: mpsc::UnboundedReceiver<(Told, Instant)>, seen: Sender<Seen>) {
    let mut open: VecDeque<(u64, Vec<u8>)> = VecDeque::new();
    let mut requests = VecDeque::new();
    while let Some((told, at)) = heard.recv().await {
        match told {
            Told::Delivery(tag, body) => open.push_back((tag, body)),
            Told::Ack(up_to, true) => {
                while open.front().is_some_and(|(tag, _)| *tag <= up_to) {
                    let (_, body) = open.pop_front().unwrap();
                    let _ = seen.send(Seen::Acknowledged(body, at));
                }
            }
            Told::Ack(tag, false) => {
                if let Some(position) = open.iter().position(|(open, _)| *open == tag) {
                    let (_, body) = open.remove(position).unwrap();
                    let _ = seen.send(Seen::Acknowledged(body, at));
                }
            }
            Told::Request(body) => requests.push_back(body),
            Told::Answer => {
                if let Some(body) = requests.pop_front() {
                    let _ = seen.send(Seen::Confirmed(body, at));
                }
            }
        }
    }
}

/// Takes one unit off the front of what was read: how long it is and what it tells. `None` where it
/// is not all there.
type Parser = fn(&[u8], &mut State) -> Option<(usize, Option<Told>)>;

/// What a parser has to remember between units.
#[derive(Default)]
struct State {
    has_begun: bool,
    /// The tag of the delivery whose body comes.
    delivering: Option<u64>,
}

/// Passes everything on at once, then looks at it.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    parse: Parser,
    told: mpsc::UnboundedSender<(Told, Instant)>,
) {
    let (mut read, mut state) = (Vec::with_capacity(1 << 20), State::default());
    loop {
        let before = read.len();
        match from.read_buf(&mut read).await {
            Ok(0) | Err(_) => return drop(to.shutdown().await),
            Ok(_) => {}
        }
        let at = Instant::now();
        if to.write_all(&read[before..]).await.is_err() {
            return;
        }
        let mut done = 0;
        while let Some((length, what)) = parse(&read[done..], &mut state) {
            done += length;
            if let Some(what) = what {
                let _ = told.send((what, at));
            }
        }
        read.drain(..done);
    }
}

/// A frame: type, channel, size, payload, end.
fn amqp(bytes: &[u8], state: &mut State) -> Option<(usize, Option<Told>)> {
    const METHOD: u8 = 1;
    const BODY: u8 = 3;
    if !state.has_begun {
        state.has_begun = true;
        if bytes.starts_with(b"AMQP") {
            return Some((8, None));
        }
    }
    let head = bytes.get(..7)?;
    let size = usize::try_from(u32::from_be_bytes(head[3..7].try_into().unwrap())).unwrap();
    let payload = bytes.get(7..7 + size)?;
    bytes.get(7 + size)?;
    let number = |at: usize| u64::from_be_bytes(payload[at..at + 8].try_into().unwrap());
    let told = match (head[0], payload.get(..4)) {
        (METHOD, Some([0, 60, 0, 60])) => {
            state.delivering = Some(number(5 + usize::from(payload[4])));
            None
        }
        (METHOD, Some([0, 60, 0, 80])) => Some(Told::Ack(number(4), payload[12] & 1 == 1)),
        (BODY, _) => state.delivering.take().map(|tag| Told::Delivery(tag, payload.to_vec())),
        _ => None,
    };
    Some((8 + size, told))
}

fn http_request(bytes: &[u8], _: &mut State) -> Option<(usize, Option<Told>)> {
    let (length, body) = http(bytes)?;
    Some((length, Some(Told::Request(body.to_vec()))))
}

fn http_answer(bytes: &[u8], _: &mut State) -> Option<(usize, Option<Told>)> {
    http(bytes).map(|(length, _)| (length, Some(Told::Answer)))
}

/// A message with `Content-Length`, or none.
fn http(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let lines = std::str::from_utf8(&bytes[..head]).unwrap().to_ascii_lowercase();
    let length = lines.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    bytes.get(head..head + length).map(|body| (head + length, body))
}
