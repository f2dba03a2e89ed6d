//! How good the forecasts are, on the files that are given: the errors beside those of simple means, and
//! how often the intervals are right. Reads files, prints a table, and does nothing else.
//!
//! `just forecast FILE...`, or `cargo run --release -p forecasts --example forecast -- FILE...`; what the
//! files may look like is in `reading.rs`.

mod reading;
mod report;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

const USAGE: &str = "usage: forecast [--from DATE] [--until DATE] FILE...
  FILE     CSV: SystemCodeNumber,Capacity,Occupancy,LastUpdated, or Datetime and one column per place
  --from   the first day that is forecast, as 2016-12-13 (default: the last seven days of the files)
  --until  the first day that is left out (default: none)
  --trusting  a value that stands still is taken at its word";

struct Arguments {
    files: Vec<String>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    trusting: bool,
}

fn arguments(mut given: impl Iterator<Item = String>) -> anyhow::Result<Arguments> {
    let mut arguments = Arguments { files: Vec::new(), from: None, until: None, trusting: false };
    while let Some(argument) = given.next() {
        let mut date = || -> anyhow::Result<Option<NaiveDate>> {
            let text = given.next().with_context(|| format!("{argument} needs a date"))?;
            let date = text
                .parse()
                .with_context(|| format!("{argument} {text}: write a date as 2016-12-13"))?;
            Ok(Some(date))
        };
        match argument.as_str() {
            "--from" => arguments.from = date()?,
            "--until" => arguments.until = date()?,
            "--trusting" => arguments.trusting = true,
            option if option.starts_with('-') => bail!("{option} is not known\n{USAGE}"),
            file => arguments.files.push(file.to_owned()),
        }
    }
    if arguments.files.is_empty() {
        bail!("no file was given\n{USAGE}");
    }
    Ok(arguments)
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Who cannot be told is not told.
            let _ = writeln!(std::io::stderr(), "forecast: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments = arguments(std::env::args().skip(1))?;
    let mut places = reading::read(&arguments.files)?;
    if let Some(until) = arguments.until {
        for values in places.values_mut() {
            values.retain(|(at, _)| *at < midnight(until));
        }
        places.retain(|_, values| !values.is_empty());
    }
    let newest = places.values().flatten().map(|(at, _)| *at).max();
    let newest = newest.context("the files have no values")?.date_naive();
    let from = match arguments.from {
        Some(from) => from,
        None => newest.checked_sub_days(Days::new(6)).context("the files begin with time")?,
    };
    let table = report::table(&places, midnight(from), arguments.trusting)?;
    std::io::stdout().write_all(table.as_bytes()).context("standard output cannot be written")
}
