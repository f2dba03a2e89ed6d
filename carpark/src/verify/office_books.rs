//! `carpark verify --office`: whether the office's books are right.

use std::fmt;

use anyhow::Context;
use office::{Audited, MONEY_EVENTS};

use super::SHOWN_MAX;
use crate::config::Config;
use crate::say;

/// Runs the audit and prints it; answers whether there was nothing to find.
pub async fn run(config: &Config) -> anyhow::Result<bool> {
    let events = web::read_events(&config.data_dir, &MONEY_EVENTS);
    let cannot_read = || format!("cannot read the feed in {}", config.data_dir.display());
    let events = match events {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        events => events.with_context(cannot_read)?,
    };
    let audited = office::audit(&config.office, &config.data_dir, &events).await;
    let audited = audited.context("CARPARK_OFFICE_URL")?;
    say::result(Shown(&audited))?;
    Ok(audited.findings.is_empty())
}

struct Shown<'a>(&'a Audited);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Audited { holders, transfers, bills, events, untold, findings } = self.0;
        writeln!(f, "accounts      {holders} holders, {transfers} transfers")?;
        writeln!(f, "bills         {bills}")?;
        match untold {
            0 => writeln!(f, "events        {events} of money in the feed of the data directory")?,
            _ => writeln!(
                f,
                "not compared  {untold} facts wait to be told in the feed: run it again later"
            )?,
        }
        write!(f, "wrong         {}", findings.len())?;
        for finding in findings.iter().take(SHOWN_MAX) {
            write!(f, "\n  {finding}")?;
        }
        match findings.len() {
            found if found > SHOWN_MAX => write!(f, "\n  and {} more", found - SHOWN_MAX),
            _ => Ok(()),
        }
    }
}
