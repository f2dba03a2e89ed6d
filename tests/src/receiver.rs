//! Whoever receives webhooks: takes requests, keeps them, and answers as a test wants.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request that was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// The path that was asked for.
    pub path: String,
    /// By name, in lower case.
    pub headers: BTreeMap<String, String>,
    /// As it came.
    pub body: String,
}

impl Received {
    /// The header `webhook-id`.
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

type Answers = Arc<dyn Fn(&Received) -> u16 + Send + Sync>;

/// See the module. Its threads end with the test's process.
pub struct Receiver {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<Answers>>,
}

impl Receiver {
    /// One that answers 200.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let answers: Arc<Mutex<Answers>> = Arc::new(Mutex::new(Arc::new(|_| 200)));
        let shared = (Arc::clone(&received), Arc::clone(&answers));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (received, answers) = shared.clone();
                // Whoever dies in the middle of a request has sent none.
                thread::spawn(move || serve(&stream, &received, &answers));
            }
        });
        Self { port, received, answers }
    }

    /// From now on it answers this status; a redirect leads to `/elsewhere`.
    pub fn answers(&self, status: impl Fn(&Received) -> u16 + Send + Sync + 'static) {
        *self.answers.lock().unwrap() = Arc::new(status);
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// What it has received so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn serve(
    stream: &TcpStream,
    received: &Mutex<Vec<Received>>,
    answers: &Mutex<Answers>,
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream.try_clone().ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        let this = Received { path, headers, body: String::from_utf8(body).ok()? };
        received.lock().unwrap().push(this.clone());
        let answer = Arc::clone(&answers.lock().unwrap());
        let head = "location: /elsewhere\r\ncontent-length: 0";
        // In one packet: those that follow would wait.
        let said = format!("HTTP/1.1 {} X\r\n{head}\r\n\r\n", answer(&this));
        writer.write_all(said.as_bytes()).ok()?;
    }
}
