//! Any number of pages in one browser, and few bytes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tests::browser::Browser;
use tests::process::Carpark;
use tests::site;

use super::{Installed, TOKEN, has_row};

const IS_LIVE: &str = "document.getElementById('live')?.dataset.state === 'live'";

#[test]
fn eight_tabs_of_one_browser_are_all_live_and_answer() {
    let carpark = Installed::new();
    let browser = carpark.signed_in();
    for n in 1..8 {
        let path = if n % 3 == 0 { format!("/vehicles?q=no{n}") } else { "/".to_owned() };
        browser.open_tab(&carpark.web().url(&path));
        browser.wait_for(IS_LIVE);
    }
    carpark.comes("TABS01", 3, "main");
    for tab in 0..8 {
        browser.go_to_tab(tab);
        browser.wait_for(IS_LIVE);
        if browser.eval("location.pathname") == "/" {
            browser.wait_for(&has_row("open", "TABS01"));
        }
    }
    // And there is room left for what is asked now.
    browser.go_to_tab(0);
    browser.open(&carpark.web().url("/sessions/TABS01"));
    browser.wait_for("document.querySelector('h1')?.innerText === 'TABS01'");
    drop(browser);
    carpark.end();
}

#[test]
fn different_lists_in_many_tabs_take_turns() {
    let carpark = Carpark::new(&site::directory(), "serve").start_ready();
    let browser = Browser::new();
    browser.open(&carpark.url("/vehicles?q=first"));
    browser.wait_for(IS_LIVE);
    for n in 0..7 {
        browser.open_tab(&carpark.url(&format!("/vehicles?q=n{n}")));
        browser.wait_for(IS_LIVE);
    }
    drop(browser);
    carpark.terminate();
}

/// A whole answer, as it goes over the wire.
fn answer(port: u16, path: &str, headers: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let close = "Connection: close\r\n";
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n{headers}{close}\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Bytes of a stream in so many seconds.
fn bytes_of(port: u16, headers: &str, seconds: u64) -> usize {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n{headers}\r\n"
    )
    .unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let (began, mut bytes, mut buffer) = (Instant::now(), 0, vec![0; 1 << 16]);
    while began.elapsed() < Duration::from_secs(seconds) {
        bytes += stream.read(&mut buffer).unwrap_or(0);
    }
    bytes
}

#[test]
fn a_stream_says_what_it_has_said_before_in_few_bytes() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "")
        .env("CARPARK_ADMIN_TOKEN", TOKEN)
        .args(&["--rate", "5"])
        .start_ready();
    // Until the lists are full.
    tests::wait::until("there are sessions", Duration::from_mins(1), || {
        let rows =
            std::fs::read_to_string(directory.join("data/summaries.csv")).unwrap_or_default();
        (rows.lines().count() > 30).then_some(())
    });
    let port = carpark.port();
    let (plain, packed) = std::thread::scope(|scope| {
        let plain = scope.spawn(move || bytes_of(port, "", 10));
        let packed = scope.spawn(move || bytes_of(port, "Accept-Encoding: gzip\r\n", 10));
        (plain.join().unwrap(), packed.join().unwrap())
    });
    println!("in 10 s: {plain} bytes, {packed} with gzip");
    assert!(packed * 5 < plain, "{packed} of {plain}");
    let page = answer(port, "/", "Accept-Encoding: gzip\r\n");
    let head = String::from_utf8_lossy(&page[..600]).to_lowercase();
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: "), "{head}");
    let whole = answer(port, "/", "");
    assert!(page.len() * 3 < whole.len(), "{} of {}", page.len(), whole.len());
    carpark.terminate();
}
