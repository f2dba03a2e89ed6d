//! A plate is erased: its events stay where they are, without it (G8).

use std::io::{self, Write};
use std::sync::Arc;

use domain::Plate;
use serde_json::Value;

use super::super::segment::{Line, Segment, each_line};
use super::Log;
use crate::disk::{Replacement, WriteFailure};

impl Log {
    /// Takes the plate out of every event about it; answers how many there were. After an error some
    /// may be left: ask again.
    pub(crate) fn erase(&mut self, plate: &Plate) -> Result<usize, WriteFailure> {
        self.restore()?;
        // What is written anew grows no more.
        self.close().map_err(|error| self.failure(&error))?;
        let closed = self.shared.lock().closed.clone();
        let mut erased = 0;
        for (at, segment) in closed.iter().enumerate() {
            let (count, written) = without(segment, plate)
                .map_err(|error| WriteFailure::new(&segment.path, &error))?;
            erased += count;
            if let Some(written) = written {
                self.shared.lock().closed[at] = Arc::new(written);
            }
        }
        Ok(erased)
    }
}

/// Writes the file anew where the plate is in it; answers how many of its events had it.
fn without(segment: &Segment, plate: &Plate) -> io::Result<(usize, Option<Segment>)> {
    let mut erased = 0;
    each_line(&segment.file, 0, segment.bytes, |line, _| {
        erased += usize::from(line.is_some_and(|line| event_without(line.event, plate).is_some()));
        true
    })?;
    if erased == 0 {
        return Ok((0, None));
    }
    let mut anew = Replacement::of(&segment.path)?;
    let mut failure = None;
    each_line(&segment.file, 0, segment.bytes, |line, _| {
        // A damaged line may show the plate: it does not stay.
        let Some(line) = line else { return true };
        let mut text = Vec::new();
        let changed = event_without(line.event, plate);
        let event = changed.as_deref().unwrap_or(line.event);
        Line { position: line.position, event }.write(&mut text);
        failure = anew.write_all(&text).err();
        failure.is_none()
    })?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    anew.put()?;
    Ok((erased, Some(Segment::open(segment.first, segment.path.clone())?)))
}

/// The event without the plate that it is about; `None` where it is about another.
fn event_without(event: &str, plate: &Plate) -> Option<String> {
    if !event.contains(plate.as_str()) {
        return None;
    }
    let mut event: Value = serde_json::from_str(event).ok()?;
    let data = event.get_mut("data")?.as_object_mut()?;
    if data.get("vehicle_plate")?.as_str() != Some(plate.as_str()) {
        return None;
    }
    data.insert("vehicle_plate".to_owned(), Value::Null);
    Some(event.to_string())
}
