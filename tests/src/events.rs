//! A stream of server-sent events, as a browser or a program listens to one.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::process::Running;

/// Longest wait for a line.
const PATIENCE: Duration = Duration::from_mins(1);

/// See the module.
pub struct Events(BufReader<TcpStream>);

/// One server-sent event.
#[derive(Debug, Clone)]
pub struct Event {
    /// What a client names to go on behind it.
    pub id: String,
    /// The event's data, read as JSON.
    pub data: Value,
}

impl Events {
    /// Asks for the stream at `path`, with headers.
    pub fn open(running: &Running, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", running.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = [("Host", "localhost"), ("Connection", "close")];
        write!(stream, "GET {path} HTTP/1.1\r\n").unwrap();
        for (name, value) in host.iter().chain(headers) {
            write!(stream, "{name}: {value}\r\n").unwrap();
        }
        stream.write_all(b"\r\n").unwrap();
        Self(BufReader::new(stream))
    }

    /// The next event of that name.
    #[track_caller]
    pub fn next(&mut self, wanted: &str) -> Event {
        let (mut id, mut name) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream has ended");
            if let Some(text) = line.strip_prefix("id: ") {
                text.trim().clone_into(&mut id);
            } else if let Some(text) = line.strip_prefix("event: ") {
                text.trim().clone_into(&mut name);
            } else if let Some(text) = line.strip_prefix("data: ")
                && name == wanted
            {
                return Event { id, data: serde_json::from_str(text.trim()).unwrap() };
            }
        }
    }

    /// Waits until the server ends the stream, in good order: what is only cut off is not ended.
    /// More than `events_max` events must not come before.
    #[track_caller]
    pub fn wait_for_end(mut self, events_max: usize) {
        let (mut events, mut last) = (0, String::new());
        let mut line = String::new();
        while self.0.read_line(&mut line).unwrap() > 0 {
            events += usize::from(line.starts_with("data: "));
            assert!(events <= events_max, "the stream goes on: {line}");
            if !line.trim().is_empty() {
                last.clone_from(&line);
            }
            line.clear();
        }
        assert_eq!(last.trim(), "0", "the last chunk of HTTP/1.1");
    }
}
