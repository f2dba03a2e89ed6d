//! Figures that are right at any number.

use std::fmt::Write as _;

use domain::wire::EXCEPTIONS_HEADER;
use tests::browser::Browser;
use tests::process::Carpark;
use tests::{http, site};

/// As many as a busy month leaves.
const UNMATCHED: usize = 12_085;
const MISSED: usize = 427;

/// A data directory with exceptions from long ago, and two overstays before all others.
fn data() -> std::path::PathBuf {
    let directory = site::directory();
    let data = directory.join("data");
    std::fs::create_dir_all(&data).unwrap();
    let mut text = format!("{EXCEPTIONS_HEADER}\n");
    let mut put = |kind: &str, n: usize, entry: &str, exit: &str| {
        let recorded = format!(
            "2026-09-{:02}T{:02}:{:02}:{:02}.000Z",
            1 + n / 86_400,
            n / 3_600 % 24,
            n / 60 % 60,
            n % 60
        );
        writeln!(
            text,
            "{kind},{}{n:05},{entry},{exit},id-{n},,main,1,{recorded},for a test",
            &kind[..2].to_uppercase()
        )
        .unwrap();
    };
    let at = "2026-08-30T10:00:00.000Z";
    put("overstay", 0, at, "");
    put("overstay", 1, at, "");
    for n in 2..2 + UNMATCHED {
        put("unmatched_exit", n, "", at);
    }
    for n in 2 + UNMATCHED..2 + UNMATCHED + MISSED {
        put("missed_exit", n, at, at);
    }
    std::fs::write(data.join("exceptions.csv"), text).unwrap();
    directory
}

#[test]
fn a_month_of_exceptions_is_counted_as_it_is_and_reached_to_the_last_one() {
    let carpark = Carpark::new(&data(), "serve").start_ready();
    let browser = Browser::new();
    browser.open(&carpark.url("/"));
    browser.wait_for("document.getElementById('figure-exceptions').innerText === '12,514'");
    for (kind, count) in [("overstay", "2"), ("missed_exit", "427"), ("unmatched_exit", "12,085")] {
        let chip = format!("#exceptions [href$='={kind}'] b");
        browser.wait_for(&format!("document.querySelector(\"{chip}\").innerText === '{count}'"));
    }
    browser.wait_for(
        "document.getElementById('exceptions').innerText.includes('The 25 newest of 12,514.')",
    );
    let open = browser.eval("document.getElementById('open').innerText");
    assert!(open.as_str().unwrap().contains("2 open sessions"), "{open}");
    assert_eq!(browser.eval("document.getElementById('figure-inside').innerText"), "2");

    // One is put aside: exactly one less.
    browser.click("#exceptions a.plate");
    browser.type_into("form[data-action='/exceptions/dismiss'] input[name=reason]", "seen");
    browser.click("form[data-action='/exceptions/dismiss'] button");
    browser.wait_for("document.getElementById('figure-exceptions').innerText === '12,513'");

    // The oldest is many pages away, and there.
    let (mut path, mut pages) = ("/exceptions?kind=unmatched_exit".to_owned(), 0);
    let last = loop {
        pages += 1;
        browser.open(&carpark.url(&path));
        let next =
            browser.eval("document.querySelector('.pages [rel=next]')?.getAttribute('href') ?? ''");
        match next.as_str().unwrap() {
            "" => break browser.text(),
            next => next.clone_into(&mut path),
        }
    };
    assert_eq!(pages, UNMATCHED.div_ceil(200));
    assert!(last.contains("UN00002") && last.contains("of 12,085"), "{last}");
    browser.click("td a[href='/sessions/UN00002']");
    browser.wait_for("document.querySelectorAll('#dialog form[data-action]').length === 1");

    // A program reads the same counts.
    let listed = http::get(&carpark.url("/exceptions")).ok().json();
    assert_eq!(listed["counts"]["unmatched_exit"], 12_085, "{}", listed["counts"]);
    drop(browser);
    carpark.terminate();
}

#[test]
fn a_wrong_page_is_a_page_with_the_way_back_and_for_programs_json() {
    let carpark = Carpark::new(&site::directory(), "serve").start_ready();
    let browser = Browser::new();
    for (path, words) in [
        ("/exceptions?kind=foo", "no such kind of exception"),
        ("/exceptions?before=yesterday", "no such page"),
        ("/nope", "nothing at /nope"),
        ("/nope/<b>", "nothing at /nope/"),
    ] {
        browser.open(&carpark.url(path));
        browser.wait_for_text(words);
        assert_eq!(browser.eval("document.querySelectorAll('nav a').length"), 3, "{path}");
    }
    let answer = http::get(&carpark.url("/nope"));
    assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"));
    let answer = http::get(&carpark.url("/exceptions?kind=foo"));
    assert_eq!((answer.status, answer.header("content-type")), (400, "application/problem+json"));
    drop(browser);
    carpark.terminate();
}
