//! What the service takes: what it is called on the wire, how it looks in its file.

mod told;

use std::borrow::Cow;

use domain::wire::{
    ExceptionMessage, OpeningMessage, Saved, SummaryMessage, Unsavable, format_seconds, format_time,
};
use domain::{ExceptionKind, ExceptionRow, Instant, Opening, Summary};
use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::cell::{guard, guard_words, unguard, unguard_words};
use crate::fact::{About, Fact, FactKind};
use crate::table::{Fingerprint, Table};

pub(crate) use told::OfOthers;

/// Something that is posted, and told or written.
pub(crate) trait Posted: for<'a> TryFrom<&'a Self::Message, Error = Unsavable> {
    /// Its form on the wire.
    type Message: DeserializeOwned;
    /// What its key is called in the answer.
    const KEY_NAME: &'static str;

    /// What it is recognised by when it comes again.
    fn key(&self) -> String;

    /// Some of them, ready for the writer.
    fn lines(posted: &[Self]) -> Lines
    where
        Self: Sized;
}

/// What becomes one line of a file.
pub(crate) trait Row: Posted {
    /// Where it is written.
    const TABLE: Table;

    /// What the feed tells of it: one event, whose `data` is its form on the wire; of a table that is
    /// not in the feed nothing.
    fn fact(&self) -> Option<Fact>;

    /// Its cells, in the order of the header, harmless for a spreadsheet.
    fn cells(&self) -> Vec<Cow<'_, str>>;

    /// The row that has these cells; `None` where they are none.
    fn from_cells(cells: &[&str]) -> Option<Self>;
}

impl Posted for Summary {
    type Message = SummaryMessage;
    const KEY_NAME: &'static str = "session_id";

    fn key(&self) -> String {
        self.session_id.to_string()
    }

    fn lines(posted: &[Self]) -> Lines {
        Lines::of(posted)
    }
}

impl Row for Summary {
    const TABLE: Table = Table::Summaries;

    fn fact(&self) -> Option<Fact> {
        let about = About {
            kind: FactKind::SessionClosed,
            key: &self.session_id,
            at: self.exit_at,
            place: self.place.as_str(),
            subject: &self.session_id,
        };
        Some(Fact::new(&about, &SummaryMessage::from(self)))
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            guard(self.plate.as_str()),
            format_time(self.entry_at).into(),
            format_time(self.exit_at).into(),
            format_seconds(self.duration()).into(),
            guard(&self.session_id),
            guard(self.place.as_str()),
            if self.repaired { "true" } else { "false" }.into(),
        ]
    }

    fn from_cells(cells: &[&str]) -> Option<Self> {
        let [plate, entry, exit, _duration, session_id, car_park, repaired] = cells else {
            return None;
        };
        let message = SummaryMessage {
            vehicle_plate: unguard(plate).into_owned(),
            entry_date_time: (*entry).to_owned(),
            exit_date_time: (*exit).to_owned(),
            duration_seconds: None,
            session_id: Some(unguard(session_id).into_owned()),
            place: Some(unguard(car_park).into_owned()),
            repaired: repaired.parse().ok()?,
            origin: None,
        };
        Self::try_from(&message).ok()
    }
}

impl Posted for ExceptionRow {
    type Message = ExceptionMessage;
    const KEY_NAME: &'static str = "key";

    fn key(&self) -> String {
        ExceptionRow::key(self)
    }

    fn lines(posted: &[Self]) -> Lines {
        Lines::of(posted)
    }
}

impl Row for ExceptionRow {
    const TABLE: Table = Table::Exceptions;

    fn fact(&self) -> Option<Fact> {
        let kind = match self.kind {
            ExceptionKind::UnmatchedExit | ExceptionKind::MissedExit | ExceptionKind::Overstay => {
                FactKind::ExceptionRaised
            }
            ExceptionKind::Repaired => FactKind::ExceptionRepaired,
            ExceptionKind::Withdrawn => FactKind::SessionWithdrawn,
        };
        let about = About {
            kind,
            key: &ExceptionRow::key(self),
            at: self.recorded_at,
            place: self.place.as_str(),
            subject: subject_of(self),
        };
        Some(Fact::new(&about, &ExceptionMessage::from(self)))
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let optional_time = |at: Option<Instant>| at.map(format_time).unwrap_or_default().into();
        vec![
            self.kind.as_str().into(),
            guard(self.plate.as_str()),
            optional_time(self.entry_at),
            optional_time(self.exit_at),
            self.observation_id.as_ref().map_or_else(Cow::default, |id| guard(id.as_str())),
            self.session_id.as_ref().map_or_else(Cow::default, |id| guard(id)),
            guard(self.place.as_str()),
            self.revision.to_string().into(),
            format_time(self.recorded_at).into(),
            guard_words(&self.reason),
        ]
    }

    fn from_cells(cells: &[&str]) -> Option<Self> {
        let [kind, plate, entry, exit, observation_id, session_id, car_park, revision, at, reason] =
            cells
        else {
            return None;
        };
        let optional = |cell: &str| (!cell.is_empty()).then(|| unguard(cell).into_owned());
        let message = ExceptionMessage {
            kind: ExceptionKind::parse(kind)?,
            vehicle_plate: unguard(plate).into_owned(),
            entry_date_time: optional(entry),
            exit_date_time: optional(exit),
            observation_id: optional(observation_id),
            session_id: optional(session_id),
            place: Some(unguard(car_park).into_owned()),
            revision: revision.parse().ok()?,
            recorded_at: (*at).to_owned(),
            reason: unguard_words(reason).into_owned(),
        };
        Self::try_from(&message).ok()
    }
}

impl Posted for Opening {
    type Message = OpeningMessage;
    const KEY_NAME: &'static str = "key";

    fn key(&self) -> String {
        Opening::key(self)
    }

    fn lines(posted: &[Self]) -> Lines {
        Lines::of_facts(posted.iter().map(|opening| {
            let about = About {
                kind: FactKind::SessionOpened,
                key: &opening.key(),
                at: opening.entry_at,
                place: opening.place.as_str(),
                subject: opening.observation_id.as_str(),
            };
            Fact::new(&about, &OpeningMessage::from(opening))
        }))
    }
}

/// Rows ready to be told and appended to one file, made by the request's own thread: the writer only
/// looks up and copies.
pub(crate) struct Lines {
    /// None: they are told, and stand in no file.
    table: Option<Table>,
    /// All lines, each with its end.
    text: Vec<u8>,
    marks: Vec<Mark>,
}

/// What is known of a line.
struct Mark {
    /// What recognises it.
    fingerprint: Fingerprint,
    /// Where in the text it ends.
    end: usize,
    /// What the feed tells of it.
    fact: Option<Fact>,
}

/// One of [`Lines`].
pub(crate) struct Line<'a> {
    /// What recognises it.
    pub(crate) fingerprint: Fingerprint,
    /// With its end.
    pub(crate) text: &'a [u8],
    /// What the feed tells of it.
    pub(crate) fact: Option<&'a Fact>,
}

impl Lines {
    /// Writes `rows` out, in their order.
    pub(crate) fn of<R: Row>(rows: &[R]) -> Self {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::Any(b'\n'))
            .from_writer(Vec::with_capacity(rows.len() * 160));
        let mut marks = Vec::with_capacity(rows.len());
        for row in rows {
            let cells = row.cells();
            let cells: Vec<&[u8]> = cells.iter().map(|cell| cell.as_bytes()).collect();
            let fingerprint = R::TABLE.fingerprint(&cells).expect("a row has its key");
            writer.write_record(&cells).expect("memory takes every line");
            writer.flush().expect("memory takes every line");
            let end = writer.get_ref().len();
            marks.push(Mark { fingerprint, end, fact: row.fact() });
        }
        let text = writer.into_inner().expect("memory takes every line");
        Self { table: Some(R::TABLE), text, marks }
    }

    /// What is told, and stands in no file.
    pub(crate) fn of_facts(facts: impl IntoIterator<Item = Fact>) -> Self {
        let mark = |fact: Fact| Mark { fingerprint: fact.id().into(), end: 0, fact: Some(fact) };
        Self { table: None, text: Vec::new(), marks: facts.into_iter().map(mark).collect() }
    }

    /// The file they belong to.
    pub(crate) fn table(&self) -> Option<Table> {
        self.table
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.marks.len()
    }

    /// About what they take while they wait.
    pub(crate) fn bytes(&self) -> usize {
        let facts = self.marks.iter().filter_map(|mark| mark.fact.as_ref());
        self.text.len() + facts.map(Fact::bytes).sum::<usize>()
    }

    /// Their size in the file.
    #[cfg(test)]
    pub(crate) fn file_bytes(&self) -> usize {
        self.text.len()
    }

    /// One after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        let mut begin = 0;
        self.marks.iter().map(move |mark| {
            let text = &self.text[begin..mark.end];
            begin = mark.end;
            Line { fingerprint: mark.fingerprint, text, fact: mark.fact.as_ref() }
        })
    }
}

/// The line of a file that an event tells of.
pub(crate) struct ToldLine {
    /// What recognises it.
    pub(crate) fingerprint: Fingerprint,
    /// With its end.
    pub(crate) line: Vec<u8>,
}

/// The line of that table that an event tells of, byte for byte as it was appended; `None` where it
/// tells of none: another table has it, or its plate was erased.
pub(crate) fn line_of(event: &str, table: Table) -> Option<ToldLine> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "type")]
        kind: FactKind,
    }
    #[derive(Deserialize)]
    struct Data<M> {
        data: M,
    }
    fn lines_of<R: Row>(event: &str) -> Option<Lines> {
        let Data { data } = serde_json::from_str::<Data<R::Message>>(event).ok()?;
        Some(Lines::of(&[R::try_from(&data).ok()?]))
    }
    let head: Head = serde_json::from_str(event).ok()?;
    if head.kind.table() != Some(table) {
        return None;
    }
    let lines = match table {
        Table::Summaries => lines_of::<Summary>(event),
        Table::Exceptions => lines_of::<ExceptionRow>(event),
        Table::Dismissals => None,
    }?;
    let row = lines.iter().next()?;
    Some(ToldLine { fingerprint: row.fingerprint, line: row.text.to_vec() })
}

/// The observation that a row speaks of, or the session.
pub(crate) fn subject_of(row: &ExceptionRow) -> &str {
    match &row.observation_id {
        Some(id) => id.as_str(),
        None => row.session_id.as_deref().unwrap_or_default(),
    }
}

/// What became of a row: an item of the answer.
pub(crate) struct Answer {
    /// What the key is called.
    pub(crate) key_name: &'static str,
    /// The key of the row.
    pub(crate) key: String,
    /// What became of it.
    pub(crate) status: Saved,
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_map(Some(2))?;
        answer.serialize_entry(self.key_name, &self.key)?;
        answer.serialize_entry("status", &self.status)?;
        answer.end()
    }
}

#[cfg(test)]
mod tests;
