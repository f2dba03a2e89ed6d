//! What the pages know of those who are inside, in a file, so that a start has not to read all of the feed
//! again: who stands open since when, the last hour, what the places are called, and the position up to
//! which all that was told. The files' rows have the rest.
//!
//! It is written beside and put in its place whole. Stays are written some at a time while others go on
//! being told: a stay may be further than the position, and comes to the same when the events behind that
//! are read again, for of one plate what is told last holds. A file that is damaged, or of another feed, is
//! thrown away: the feed has all of it. It holds plates, so an erasure writes it anew.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use domain::{PlaceName, Plate};

use super::Recent;
use super::inside::Stay;
use super::minutes::Passed;
use super::places::PlaceNo;
use crate::disk::Replacement;

const NAME: &str = "pages.checkpoint";
const HEADER: &str = "carpark pages 1";
/// Stays that are looked at under one lock.
const PART: usize = 4096;

/// Where it is.
pub(super) fn in_dir(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// What a file says.
#[derive(Default)]
struct Kept {
    position: u64,
    places: Vec<(PlaceName, String)>,
    minutes: Vec<(usize, Passed)>,
    stays: Vec<(usize, Stay)>,
}

impl Recent {
    /// Writes all that is to be kept, durably. Blocks.
    pub(crate) fn keep(&self) -> io::Result<()> {
        let Some(path) = &self.checkpoint else { return Ok(()) };
        let _one_at_a_time = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state();
        let Some(position) = state.position else { return Ok(()) };
        let places: Vec<_> = state
            .places
            .all()
            .map(|(name, title)| (name.clone(), title.unwrap_or_default().to_owned()))
            .collect();
        let minutes: Vec<(PlaceNo, Passed)> = state.minutes.all().collect();
        drop(state);

        let mut file = Replacement::of(path)?;
        writeln!(file, "{HEADER}\nposition\t{position}")?;
        for (name, title) in &places {
            writeln!(file, "place\t{name}\t{}", title.replace(char::is_control, " "))?;
        }
        let mut lines = places.len() + minutes.len();
        for (place, Passed { minute, entries, exits }) in minutes {
            writeln!(file, "minute\t{place}\t{minute}\t{entries}\t{exits}")?;
        }
        let mut from = Some(0);
        while let Some(slot) = from {
            let (stays, next) = self.state().inside.part(slot, PART);
            // Of a place that became known meanwhile: its stays are behind the position.
            let known = stays.iter().filter(|stay| (stay.place as usize) < places.len());
            for Stay { plate, entry, at, place } in known {
                writeln!(file, "stay\t{place}\t{}\t{plate}\t{entry}", at.timestamp_micros())?;
                lines += 1;
            }
            from = next;
        }
        writeln!(file, "end\t{lines}")?;
        file.put()
    }

    /// The same; why it cannot be is said in the log.
    pub(crate) fn keep_or_say(&self) {
        if let Err(error) = self.keep() {
            tracing::warn!(%error, "what the pages know is not kept; the next start reads more of the feed");
        }
    }

    /// Whether the plate is in the file; as far as is known it is.
    pub(super) fn checkpoint_names(&self, plate: &Plate) -> bool {
        let Some(path) = &self.checkpoint else { return false };
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) => return error.kind() != io::ErrorKind::NotFound,
        };
        let mut lines = BufReader::new(file).lines();
        lines.any(|line| {
            line.map_or(true, |line| {
                line.split('\t').nth(3).is_some_and(|text| text == plate.as_str())
            })
        })
    }

    /// Takes up what the process before us kept, where that is of a feed that goes to `last`.
    pub(super) fn take_up(&mut self, last: u64) {
        let Some(path) = &self.checkpoint else { return };
        let _none = fs::remove_file(path.with_extension("unfinished"));
        let kept = match fs::File::open(path).and_then(|file| read(BufReader::new(file))) {
            Ok(kept) if kept.position <= last => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Ok(_) => return throw_away(path, "it is of another feed"),
            Err(error) => return throw_away(path, &error.to_string()),
        };
        let mut state = self.state();
        let numbers: Vec<PlaceNo> = kept
            .places
            .into_iter()
            .map(|(name, title)| {
                state.places.set_title(&name, (!title.is_empty()).then_some(title));
                state.places.number(&name)
            })
            .collect();
        for (place, passed) in kept.minutes {
            state.minutes.add(numbers[place], passed);
        }
        for (place, stay) in kept.stays {
            state.inside.opened(Stay { place: numbers[place], ..stay });
        }
        state.position = Some(kept.position);
        drop(state);
        self.reached.send_replace(kept.position);
    }
}

fn throw_away(path: &Path, why: &str) {
    tracing::warn!(why, "what the pages knew is read from the feed anew");
    let _gone_or_there = fs::remove_file(path);
}

/// Reads a file; an error where it is not whole.
fn read(file: impl BufRead) -> io::Result<Kept> {
    let mut kept = Kept::default();
    let mut lines = file.lines();
    if lines.next().transpose()?.as_deref() != Some(HEADER) {
        return Err(damaged("its first line is another"));
    }
    for line in lines {
        let line = line?;
        let mut cells = line.split('\t');
        let kind = cells.next().unwrap_or_default();
        let cells: Vec<&str> = cells.collect();
        match (kind, &cells[..]) {
            ("end", [lines]) => {
                let count = kept.places.len() + kept.minutes.len() + kept.stays.len();
                return match lines.parse() == Ok(count) {
                    true => Ok(kept),
                    false => Err(damaged("a line is missing")),
                };
            }
            (kind, cells) => {
                taken(&mut kept, kind, cells).ok_or_else(|| damaged("a line makes no sense"))?;
            }
        }
    }
    Err(damaged("its end is missing"))
}

/// Takes a line in.
fn taken(kept: &mut Kept, kind: &str, cells: &[&str]) -> Option<()> {
    let index = |text: &str| text.parse().ok().filter(|at| *at < kept.places.len());
    match (kind, cells) {
        ("position", [position]) => kept.position = position.parse().ok()?,
        ("place", [name, title]) => kept.places.push((name.parse().ok()?, (*title).to_owned())),
        ("minute", [at, minute, entries, exits]) => {
            let (minute, entries) = (minute.parse().ok()?, entries.parse().ok()?);
            let passed = Passed { minute, entries, exits: exits.parse().ok()? };
            kept.minutes.push((index(at)?, passed));
        }
        ("stay", [at, micros, plate, entry]) => {
            let (plate, entry) = (Plate::parse(plate).ok()?, entry.parse().ok()?);
            let time = chrono::DateTime::from_timestamp_micros(micros.parse().ok()?)?;
            kept.stays.push((index(at)?, Stay { plate, entry, at: time, place: 0 }));
        }
        _ => return None,
    }
    Some(())
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
