//! What the page of the car park shows: its regions, made of what the feed tells and the actors say.
//! Each region is rendered twice: whole, and for those who have not signed in, without plates.

use askama::Template;
use domain::{ExceptionKind, ExceptionRow, Instant};

use super::answers::Status;
use super::cameras::{self, Camera};
use super::chart::{Chart, per_minute};
use super::chosen::Chosen;
use super::webhooks;
use super::words::{Shown, Words, duration, number};
use crate::recent::{Counts, Glance, Most, OpenStay};
use crate::row::subject_of;
use crate::webhooks::WebhookStatus;

/// How much of everything is on the page; all exceptions of a kind are a link away.
pub(crate) const SHOWN: Most = Most { open: 25, sessions: 15, exceptions: 25 };

/// What is known at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// What the actors said of themselves when they last answered.
    pub(crate) status: Option<Status>,
    /// As they are now.
    pub(crate) cameras: Vec<Camera>,
    /// As they are now.
    pub(crate) webhooks: Vec<WebhookStatus>,
    /// Since when they have not answered, and why.
    pub(crate) silent: Option<(Instant, String)>,
    /// Whether rows can be written.
    pub(crate) is_writable: bool,
    /// Whether all that the feed had at the start is taken.
    pub(crate) is_known: bool,
    /// What the feed tells of the place, or of all.
    pub(crate) glance: Glance,
}

/// A region of the page, ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Region {
    /// Its id on the page.
    pub(crate) id: &'static str,
    pub(crate) whole: String,
    pub(crate) without_plates: String,
}

/// How a part is, in words and colour.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// `ok`, `warn` or `bad`: a class, and the colour.
    pub(crate) level: &'static str,
    pub(crate) word: &'static str,
    pub(crate) detail: String,
    /// Where more of it is seen.
    pub(crate) link: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "region_figures.html")]
struct Figures {
    is_known: bool,
    is_old: bool,
    inside: String,
    entries: String,
    exits: String,
    to_look_at: String,
}

#[derive(Template)]
#[template(path = "region_chart.html")]
struct ChartRegion {
    is_known: bool,
    chart: Chart,
}

#[derive(Template)]
#[template(path = "region_state.html")]
struct State {
    summary: String,
    level: &'static str,
    parts: Vec<Part>,
}

#[derive(Template)]
#[template(path = "region_open.html")]
struct Open {
    may_see: bool,
    is_known: bool,
    rows: Vec<OpenRow>,
    /// How many they are, in words.
    foot: String,
}

/// One open stay.
#[derive(Debug)]
pub(crate) struct OpenRow {
    pub(crate) plate: String,
    pub(crate) place: String,
    pub(crate) entry: Shown,
    pub(crate) since: String,
    pub(crate) is_overstay: bool,
}

#[derive(Template)]
#[template(path = "region_sessions.html")]
struct Sessions {
    may_see: bool,
    rows: Vec<SessionRow>,
}

struct SessionRow {
    id: String,
    plate: String,
    place: String,
    entry: Shown,
    exit: Shown,
    length: String,
    is_repaired: bool,
}

#[derive(Template)]
#[template(path = "region_exceptions.html")]
struct Exceptions {
    may_see: bool,
    kinds: Vec<KindCount>,
    rows: Vec<ExceptionView>,
    shown: String,
    total: String,
    is_all: bool,
    /// What an address says of the place: see [`Chosen::and`].
    and_place: String,
    /// Where all of them are.
    all_path: String,
}

/// How many there are of a kind.
#[derive(Debug)]
pub(crate) struct KindCount {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    pub(crate) count: String,
}

/// One exception in a list.
#[derive(Debug)]
pub(crate) struct ExceptionView {
    pub(crate) key: String,
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    pub(crate) plate: String,
    pub(crate) place: String,
    pub(crate) at: Shown,
    pub(crate) reason: String,
}

impl Seen {
    /// All regions of the page, of that place or of all.
    pub(crate) fn regions(&self, words: &Words, now: Instant, place: &Chosen) -> Vec<Region> {
        let same = |id, html: String| Region { id, without_plates: html.clone(), whole: html };
        let two = |id, render: &dyn Fn(bool) -> String| Region {
            id,
            whole: render(true),
            without_plates: render(false),
        };
        vec![
            same("figures", html(&self.figures(now))),
            same("chart", html(&self.chart(words, now))),
            same("state", html(&self.state(words))),
            two("cameras", &|may_see| {
                html(&cameras::region(&self.cameras, place.place(), words, may_see))
            }),
            two("open", &|may_see| html(&self.open(words, may_see))),
            two("exceptions", &|may_see| html(&self.exceptions(words, may_see, place))),
            two("sessions", &|may_see| html(&self.sessions(words, may_see))),
        ]
    }

    fn to_look_at(&self) -> u64 {
        self.glance.counts.iter().sum()
    }

    fn figures(&self, now: Instant) -> Figures {
        let (entries, exits) = per_minute(&self.glance.passed, now);
        Figures {
            is_known: self.is_known,
            is_old: self.silent.is_some(),
            inside: number(self.glance.inside),
            entries: number(entries),
            exits: number(exits),
            to_look_at: number(self.to_look_at()),
        }
    }

    fn chart(&self, words: &Words, now: Instant) -> ChartRegion {
        // While the actors are silent the picture stays: time goes on without news.
        let until = self.silent.as_ref().map_or(now, |(since, _)| *since);
        ChartRegion { is_known: self.is_known, chart: Chart::of(&self.glance.passed, words, until) }
    }

    fn state(&self, words: &Words) -> State {
        let mut parts = Vec::new();
        match &self.silent {
            Some((since, why)) => parts.push(Part {
                name: "Processors",
                level: "bad",
                word: "silent",
                detail: format!("{why} since {}", words.time(*since).text),
                link: None,
            }),
            None => parts.extend(self.status.as_ref().map(processors)),
        }
        if self.silent.is_none()
            && let Some(status) = &self.status
        {
            let part = |key: &str| status.parts.get(key).map_or("ok", String::as_str);
            parts.push(queue("Entries", part("vehicle_entry"), &status.vehicle_entry));
            parts.push(queue("Exits", part("vehicle_exit"), &status.vehicle_exit));
            parts.push(store(status));
            parts.push(sink(part("sink"), status.outbox_pending));
            parts.push(refused(status.dead_letters_waiting));
        }
        let files =
            if self.is_writable { "ok" } else { "rows cannot be written: is the disk full?" };
        parts.push(plain("Files", files, "rows are written"));
        parts.extend(cameras::part(&self.cameras));
        parts.extend(webhooks::part(&self.webhooks));
        let of_level = |level: &str| {
            let names = parts.iter().filter(|part| part.level == level).map(|part| part.name);
            names.collect::<Vec<_>>().join(", ").to_lowercase()
        };
        let (level, summary) = match (of_level("bad"), of_level("warn")) {
            (bad, _) if !bad.is_empty() => ("bad", format!("Something is broken: {bad}")),
            (_, warn) if !warn.is_empty() => ("warn", format!("Needs attention: {warn}")),
            _ => ("ok", "All is well".to_owned()),
        };
        State { summary, level, parts }
    }

    fn open(&self, words: &Words, may_see: bool) -> Open {
        let rows = self.glance.open.iter().map(|stay| open_row(stay, words));
        // What counts up is left to the page: else each second would be news.
        let rows: Vec<OpenRow> = rows.map(|row| OpenRow { since: String::new(), ..row }).collect();
        let (all, shown) = (self.glance.inside, rows.len());
        let foot = match (all, shown as u64 == all) {
            (1, true) => "1 open session.".to_owned(),
            (_, true) => format!("{} open sessions, the longest first.", number(all)),
            (_, false) => format!("The {shown} longest of {}.", number(all)),
        };
        Open {
            may_see,
            is_known: self.is_known,
            foot,
            rows: if may_see { rows } else { Vec::new() },
        }
    }

    fn sessions(&self, words: &Words, may_see: bool) -> Sessions {
        let rows = self.glance.sessions.iter().filter(|_| may_see);
        let rows = rows.map(|row| SessionRow {
            id: row.session_id.to_string(),
            plate: row.plate.to_string(),
            place: row.place.to_string(),
            entry: words.time(row.entry_at),
            exit: words.time(row.exit_at),
            length: duration(row.duration()),
            is_repaired: row.repaired,
        });
        Sessions { may_see, rows: rows.collect() }
    }

    fn exceptions(&self, words: &Words, may_see: bool, place: &Chosen) -> Exceptions {
        let (total, shown) = (self.to_look_at(), self.glance.exceptions.len() as u64);
        let rows = self.glance.exceptions.iter().filter(|_| may_see);
        Exceptions {
            may_see,
            kinds: kind_counts(self.glance.counts),
            rows: rows.map(|row| exception_view(row, words)).collect(),
            shown: number(shown),
            total: number(total),
            is_all: shown >= total,
            and_place: place.and(),
            all_path: place.path("/exceptions"),
        }
    }
}

/// How many there are of each kind.
pub(crate) fn kind_counts(counts: Counts) -> Vec<KindCount> {
    let counts = ExceptionKind::TO_REVIEW.iter().zip(counts);
    counts
        .map(|(kind, count)| KindCount {
            name: kind.as_str(),
            words: if count == 1 { kind.facts().one } else { kind.facts().many },
            count: number(count),
        })
        .collect()
}

/// A row of the file as a row of a list.
pub(crate) fn exception_view(row: &ExceptionRow, words: &Words) -> ExceptionView {
    let at = row.exit_at.or(row.entry_at).unwrap_or(row.recorded_at);
    ExceptionView {
        key: format!("{}:{}", row.plate, subject_of(row)),
        name: row.kind.as_str(),
        words: row.kind.facts().one,
        plate: row.plate.to_string(),
        place: row.place.to_string(),
        at: words.time(at),
        reason: words.plainly(&row.reason),
    }
}

/// An open stay as a row of a list.
pub(crate) fn open_row(stay: &OpenStay, words: &Words) -> OpenRow {
    OpenRow {
        plate: stay.plate.to_string(),
        place: stay.place.to_string(),
        entry: words.time(stay.at),
        since: words.since(stay.at),
        is_overstay: stay.is_overstay,
    }
}

fn processors(status: &Status) -> Part {
    let (word, detail) = match status.processors_alive {
        1 => ("ok", "1 is running".to_owned()),
        n if n > 1 => ("ok", format!("{n} are running")),
        _ => ("starting", "none has given a sign of life yet".to_owned()),
    };
    let level = if word == "ok" { "ok" } else { "warn" };
    Part { name: "Processors", level, word, detail, link: None }
}

/// A queue that is read far behind the present is late, not broken.
fn queue(name: &'static str, part: &str, queue: &super::answers::Queue) -> Part {
    const LATE_SECONDS: f64 = 60.0;
    let waiting = number(u64::try_from(queue.waiting).unwrap_or(0));
    let (level, word, detail) = match queue.lag_seconds {
        _ if part != "ok" => ("bad", "broken", part.to_owned()),
        None => ("warn", "starting", format!("{waiting} waiting")),
        Some(lag) if lag > LATE_SECONDS => {
            let behind = duration(chrono::TimeDelta::milliseconds(to_millis(lag)));
            ("warn", "behind", format!("{waiting} waiting, read up to {behind} ago"))
        }
        Some(_) => ("ok", "ok", format!("{waiting} waiting, read up to now")),
    };
    Part { name, level, word, detail, link: None }
}

/// The records, and whether the server that has them is set so that it keeps them.
fn store(status: &Status) -> Part {
    let part = |key: &str| status.parts.get(key).map_or("ok", String::as_str);
    let (store, settings) = (part("store"), part("store_settings"));
    let remark = status.remarks.get("store_settings");
    match (store, settings, remark) {
        ("ok", "ok", Some(remark)) => Part {
            name: "Store",
            level: "warn",
            word: "settings",
            detail: remark.clone(),
            link: None,
        },
        ("ok", settings, _) => plain("Store", settings, "records are kept"),
        (store, _, _) => plain("Store", store, "records are kept"),
    }
}

/// Messages that could not be read: work for a person, as nobody else takes it up.
fn refused(waiting: i64) -> Part {
    let (level, word, detail) = match waiting {
        ..=0 => ("ok", "none", "no message waits for a decision".to_owned()),
        1 => ("warn", "waiting", "1 message could not be read".to_owned()),
        n => {
            let count = number(u64::try_from(n).unwrap_or(0));
            ("warn", "waiting", format!("{count} messages could not be read"))
        }
    };
    Part { name: "Refused", level, word, detail, link: (waiting > 0).then_some("/dead-letters") }
}

#[expect(clippy::cast_possible_truncation, reason = "a time of this century")]
fn to_millis(seconds: f64) -> i64 {
    (seconds * 1e3) as i64
}

fn sink(part: &str, pending: i64) -> Part {
    const MANY: i64 = 1_000;
    let waiting = number(u64::try_from(pending).unwrap_or(0));
    let (level, word, detail) = match () {
        () if part != "ok" => ("bad", "broken", format!("{part}; {waiting} reports wait")),
        () if pending > MANY => ("warn", "behind", format!("{waiting} reports wait")),
        () => ("ok", "ok", format!("{waiting} reports wait")),
    };
    Part { name: "Reports", level, word, detail, link: None }
}

fn plain(name: &'static str, part: &str, well: &str) -> Part {
    match part {
        "ok" => Part { name, level: "ok", word: "ok", detail: well.to_owned(), link: None },
        why => Part { name, level: "bad", word: "broken", detail: why.to_owned(), link: None },
    }
}

/// A template that writes to memory does not fail.
pub(crate) fn html(template: &impl Template) -> String {
    template.render().unwrap_or_else(|e| {
        tracing::error!(error = %e, "a page could not be rendered");
        String::new()
    })
}
