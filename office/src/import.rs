//! A file of places: CSV with a header, or a JSON array. What is wrong is reported with its line and
//! its field and not taken; the rest is.

use std::collections::{BTreeMap, HashMap};

use chrono_tz::Tz;
use domain::PlaceName;
use domain::place::{BayType, Bays, Location, Place, WrongField};
use platform::upload::{self, Unreadable};
use serde_json::Value;

use crate::shapes::RefusedRow;

/// What was read of a file.
#[derive(Debug, Default)]
pub struct Rows {
    /// Places that can be taken.
    pub places: Vec<(PlaceName, Place)>,
    /// Not to be taken.
    pub refusals: Vec<RefusedRow>,
}

/// The columns of a CSV file that are known beside `spaces_TYPE` and `may_use_TYPE`.
pub const COLUMNS: [&str; 10] = [
    "id",
    "name",
    "address",
    "latitude",
    "longitude",
    "time_zone",
    "full_at",
    "open_again_at",
    "closed",
    "rate_table",
];

/// What is wrong with a row: the field, and why.
type Wrong = (Option<String>, String);

/// Checks a description, its time zone as well; one without a name gets its id as its name.
pub fn checked(id: &PlaceName, mut place: Place) -> Result<Place, WrongField> {
    if place.name.trim().is_empty() {
        place.name = id.to_string();
    }
    if place.time_zone.parse::<Tz>().is_err() {
        let field = "time_zone".to_owned();
        let why = format!(
            "\"{}\" is no IANA time zone: write for instance Europe/Berlin",
            place.time_zone
        );
        return Err(WrongField { field, why });
    }
    place.check()?;
    Ok(place)
}

/// Reads a file: JSON where it begins with `[`, else CSV.
pub fn read(body: &[u8]) -> Result<Rows, Unreadable> {
    let raw: Raw = match upload::read(body, "{\"id\": …}", check_header)? {
        upload::Rows::Csv(header, records) => {
            let place = |record: csv::StringRecord| {
                let cells = header.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
                of_cells(&cells.collect())
            };
            let place =
                |record: Result<_, String>| record.map_err(|why| (None, why)).and_then(place);
            records.into_iter().map(|(line, record)| (line, place(record))).collect()
        }
        upload::Rows::Json(elements) => {
            elements.into_iter().map(|(line, element)| (line, of_json(element))).collect()
        }
    };
    let mut rows = Rows::default();
    let mut lines: HashMap<PlaceName, u64> = HashMap::new();
    for (line, raw) in raw {
        let place = raw.and_then(|(id, place)| {
            if let Some(first) = lines.get(&id) {
                let why = format!("`{id}` stands on line {first} already");
                return Err((Some("id".to_owned()), why));
            }
            let place = checked(&id, place).map_err(|wrong| (Some(wrong.field), wrong.why))?;
            lines.insert(id.clone(), line);
            Ok((id, place))
        });
        match place {
            Ok(place) => rows.places.push(place),
            Err((field, reason)) => rows.refusals.push(RefusedRow { line, field, reason }),
        }
    }
    Ok(rows)
}

type Raw = Vec<(u64, Result<(PlaceName, Place), Wrong>)>;

fn of_json(element: Value) -> Result<(PlaceName, Place), Wrong> {
    let Value::Object(mut row) = element else {
        return Err((None, "not an object".to_owned()));
    };
    let id = row.remove("id").ok_or_else(|| (Some("id".to_owned()), "is missing".to_owned()))?;
    let id = place_name(id.as_str().unwrap_or_default())?;
    let place = serde_json::from_value(Value::Object(row)).map_err(|e| (None, e.to_string()))?;
    Ok((id, place))
}

fn place_name(text: &str) -> Result<PlaceName, Wrong> {
    text.parse().map_err(|e| (Some("id".to_owned()), format!("{e}")))
}

fn check_header(header: &csv::StringRecord) -> Result<(), String> {
    let is_of_bays = |column: &str| {
        let leads = ["spaces_", "may_use_"].into_iter();
        leads
            .filter_map(|lead| column.strip_prefix(lead))
            .any(|bay_type| BayType::parse(bay_type).is_ok())
    };
    let unknown = header.iter().find(|column| !COLUMNS.contains(column) && !is_of_bays(column));
    if let Some(column) = unknown {
        return Err(format!(
            "the column `{column}` is not known: known are {}, and spaces_TYPE and may_use_TYPE of \
             each type of bay, for instance spaces_standard",
            COLUMNS.join(", ")
        ));
    }
    match header.iter().any(|column| column == "id") {
        true => Ok(()),
        false => Err("the column `id` is missing".to_owned()),
    }
}

fn of_cells(cells: &BTreeMap<&str, &str>) -> Result<(PlaceName, Place), Wrong> {
    fn number<T: std::str::FromStr>(
        cells: &BTreeMap<&str, &str>,
        column: &str,
    ) -> Result<Option<T>, Wrong> {
        let Some(cell) = cells.get(column) else { return Ok(None) };
        let wrong = |_| (Some(column.to_owned()), format!("\"{cell}\" is not a number that fits"));
        cell.parse().map(Some).map_err(wrong)
    }
    let id = cells.get("id").ok_or_else(|| (Some("id".to_owned()), "is missing".to_owned()))?;
    let id = place_name(id)?;
    let text = |column: &str| cells.get(column).map(|cell| (*cell).to_owned());
    let location = match (number(cells, "latitude")?, number(cells, "longitude")?) {
        (Some(latitude), Some(longitude)) => Some(Location { latitude, longitude }),
        (None, None) => None,
        (Some(_), None) => {
            return Err((Some("longitude".to_owned()), "is missing, latitude is not".to_owned()));
        }
        (None, Some(_)) => {
            return Err((Some("latitude".to_owned()), "is missing, longitude is not".to_owned()));
        }
    };
    let is_closed = match cells.get("closed").copied() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            let why = format!("\"{other}\": expected true or false");
            return Err((Some("closed".to_owned()), why));
        }
    };
    let mut place = Place {
        name: text("name").unwrap_or_default(),
        address: text("address"),
        rate_table: text("rate_table"),
        location,
        full_at: number(cells, "full_at")?.unwrap_or(0),
        open_again_at: number(cells, "open_again_at")?,
        is_closed,
        ..serde_json::from_str("{}").unwrap_or_default()
    };
    if let Some(zone) = text("time_zone") {
        place.time_zone = zone;
    }
    for column in cells.keys() {
        let Some(bay_type) = column.strip_prefix("spaces_") else { continue };
        let wrong = |e| (Some((*column).to_owned()), format!("{e}"));
        let bay_type = BayType::parse(bay_type).map_err(wrong)?;
        let may_use = cells.get(&*format!("may_use_{}", bay_type.as_str())).copied();
        let may_use = may_use.unwrap_or_default().split_whitespace().map(BayType::parse);
        let may_use = may_use.collect::<Result<_, _>>().map_err(wrong)?;
        let spaces = number(cells, column)?.unwrap_or(0);
        place.bays.insert(bay_type, Bays { spaces, may_use });
    }
    Ok((id, place))
}

#[cfg(test)]
mod tests;
