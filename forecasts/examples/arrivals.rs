//! How good it is known when a client comes: simulated drivers, and simple means beside the model.
//! `just arrivals`, or `cargo run --release -p forecasts --example arrivals [-- SEED]`.
#![allow(dead_code, reason = "the drivers are those of the tests")]

#[path = "../tests/drivers/mod.rs"]
mod drivers;
#[path = "../tests/drivers/score.rs"]
mod score;

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context;
use score::{LEARNED, Score, THRESHOLD, WHO, part, score as scored};

const DRIVERS: u32 = 20;
const DAYS: i64 = 182;

fn main() -> anyhow::Result<()> {
    let seed = match std::env::args().nth(1) {
        Some(seed) => seed.parse().with_context(|| format!("{seed}: a seed is a whole number"))?,
        None => 1,
    };
    let (by_life, reliability) = scored(DRIVERS, DAYS, seed);
    let mut text = format!(
        "{DRIVERS} drivers of each life, {DAYS} days, the first {LEARNED} only learned; seed {seed}.\n\
         At each quarter of an hour while he is not there: does he come within 30 minutes? Said from a chance of {THRESHOLD} on.\n\n"
    );
    writeln!(
        text,
        "{:<11}{:<25}{:>10}{:>8}{:>9}{:>9}{:>9}{:>16}{:>16}",
        "life",
        "who says",
        "precision",
        "recall",
        "Brier",
        "visits",
        "notices",
        "useful in 30",
        "useful in 60"
    )?;
    let mut sums = [Score::default(); WHO.len()];
    for (life, scores) in &by_life {
        sums.iter_mut().zip(scores).for_each(|(sum, score)| sum.add(score));
        rows(&mut text, &format!("{life:?}"), scores)?;
    }
    rows(&mut text, "all", &sums)?;
    writeln!(text, "\nWhat is said with a chance, and how often it comes true:")?;
    for (said, came, count) in reliability.into_iter().filter(|(_, _, count)| *count > 0) {
        let said = said / f64::from(count);
        writeln!(text, "{:>8.1} % {:>8.1} % of {count}", said * 100.0, part(came, count) * 100.0)?;
    }
    std::io::stdout().write_all(text.as_bytes()).context("standard output cannot be written")
}

fn rows(text: &mut String, life: &str, scores: &[Score]) -> std::fmt::Result {
    for (who, score) in WHO.iter().zip(scores) {
        writeln!(
            text,
            "{life:<11}{who:<25}{:>10.3}{:>8.3}{:>9.5}{:>9}{:>9}{:>16.3}{:>16.3}",
            score.precision(),
            score.recall(),
            score.brier(),
            score.days,
            score.notices,
            score.useful_per_notice(),
            part(score.useful_hour, score.notices),
        )?;
    }
    Ok(())
}
