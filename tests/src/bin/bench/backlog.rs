//! A backlog of a day: how fast it is drained, by whom, and what it costs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::process::Running;
use tests::{Site, wait};

use crate::bare;
use crate::cost::{self, Cpu};
use crate::day::{Day, MESSAGES};
use crate::report::Report;

const LONG: Duration = Duration::from_mins(10);

/// A drained backlog.
struct Drained {
    /// Until the last session's row was written and every delivery stored.
    seconds: f64,
    /// Until the last exception's row was; a lone exit that was read after its time waits
    /// `lateness` for its entry, so this is a rule's time and no work's.
    seconds_all: f64,
    /// See [`cost::COLUMNS`].
    cpu: [Value; 4],
}

/// Measures all that is about backlogs.
pub fn measure(rounds: usize, report: &mut Report) {
    let day = Day::of(MESSAGES);
    let rate = |seconds: f64| MESSAGES as f64 / seconds;
    report.table(
        format!("Backlog of {MESSAGES} messages, messages per second"),
        &["round", "bare drain", "plain loop", "carpark", "of bare", "of plain"],
    );
    let mut costs = Vec::new();
    for round in 1..=rounds {
        let bare = with_backlog(&day, |site| bare::drain(site, MESSAGES)).as_secs_f64();
        let plain = with_backlog(&day, |site| bare::plain_loop(site, MESSAGES)).as_secs_f64();
        let drained = carpark(&day, 1);
        report.row(vec![
            json!(round),
            json!(rate(bare)),
            json!(rate(plain)),
            json!(rate(drained.seconds)),
            json!(bare / drained.seconds),
            json!(plain / drained.seconds),
        ]);
        costs.push((1, "", drained));
    }
    for processors in [2, 4] {
        costs.push((processors, "", carpark(&day, processors)));
    }
    let long = day.padded(1_000);
    let bare = with_backlog(&long, |site| bare::drain(site, MESSAGES)).as_secs_f64();
    costs.push((1, ", 1 KB", carpark(&long, 1)));
    let title =
        format!("carpark on the backlog (bare drain of 1 KB messages: {:.0}/s)", rate(bare));
    tell_costs(title, costs, report);
}

/// One backlog and nothing beside it, for a profiler.
pub fn once(report: &mut Report) {
    let drained = carpark(&Day::of(MESSAGES), 1);
    tell_costs("carpark on the backlog".to_owned(), vec![(1, "", drained)], report);
}

fn tell_costs(title: String, costs: Vec<(usize, &str, Drained)>, report: &mut Report) {
    let columns = ["processors", "messages/s", "sessions' rows, s", "all rows, s"];
    report.table(title, &[&columns[..], &cost::COLUMNS].concat());
    for (processors, what, drained) in costs {
        let mut row = vec![
            json!(format!("{processors}{what}")),
            json!(MESSAGES as f64 / drained.seconds),
            json!(drained.seconds),
            json!(drained.seconds_all),
        ];
        row.extend(drained.cpu);
        report.row(row);
    }
}

fn with_backlog(day: &Day, work: impl Fn(&Site) -> Duration) -> Duration {
    let site = Site::new();
    site.configure();
    day.fill(&site);
    work(&site)
}

fn carpark(day: &Day, processors: usize) -> Drained {
    let site = Site::new();
    site.configure();
    day.fill(&site);
    let web = site.start_web();
    let before = Cpu::now(&site, &[], &web);
    let begun = Instant::now();
    let actors: Vec<Running> = (0..processors).map(|_| site.carpark("actors").start()).collect();
    let files = site.files();
    let mut sessions = files.count_summaries();
    wait::until("the sessions are written", LONG, || {
        (sessions.count() >= day.truth.session_count()).then_some(())
    });
    let in_sum = |metric: &str| -> f64 { actors.iter().map(|a| a.metric_sum(metric)).sum() };
    wait::until("all is stored", LONG, || {
        (in_sum("backend_observations_total") >= day.len() as f64).then_some(())
    });
    let seconds = begun.elapsed().as_secs_f64();
    let after = Cpu::now(&site, &actors.iter().collect::<Vec<_>>(), &web);
    // With several processors a verdict may be given too early and put right: all that holds then.
    day.truth.wait_until_told(&files, LONG);
    wait::until("all is confirmed", LONG, || {
        (in_sum("backend_outbox_pending") == 0.0).then_some(())
    });
    let seconds_all = begun.elapsed().as_secs_f64();
    actors.into_iter().for_each(Running::terminate);
    web.terminate();
    Drained { seconds, seconds_all, cpu: after.per_message_since(before, day.len()) }
}
