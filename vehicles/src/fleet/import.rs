//! A file of vehicles and their owners, read row by row: CSV with a header, or JSON. What is
//! doubled or wrong is reported with its line and not taken; the rest is.

use std::collections::HashMap;

use domain::{Customer, CustomerId, Instant, Plate, Vehicle, VehicleId};
use serde::Deserialize;

use super::Fleet;
use crate::shapes::Refusal;
use crate::store::Change;

/// The columns of a file, and the keys of a JSON object.
pub const COLUMNS: [&str; 5] =
    ["vehicle_id", "plate", "customer_id", "customer_name", "customer_address"];

/// A row that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// In the file, from 1.
    pub line: u64,
    /// The customer who owns the vehicle.
    pub customer: Customer,
    /// The vehicle to register.
    pub vehicle: Vehicle,
}

/// What was read of a file.
#[derive(Debug, Default)]
pub struct Rows {
    /// The rows that can be taken.
    pub rows: Vec<Row>,
    /// Not to be taken.
    pub refusals: Vec<Refusal>,
}

/// The file cannot be read at all; nothing of it is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Unreadable {
    /// In the file, from 1.
    pub line: u64,
    /// In words, without content.
    pub reason: String,
}

#[derive(Debug, Default, Deserialize)]
struct RawRow {
    vehicle_id: Option<String>,
    plate: Option<String>,
    customer_id: Option<String>,
    customer_name: Option<String>,
    #[serde(default)]
    customer_address: Option<String>,
}

/// What came of some rows.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) customers_added: usize,
    pub(crate) vehicles_added: usize,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) changes: Vec<Change>,
}

/// Reads a file: JSON where it begins with `[`, else CSV.
pub fn read(body: &[u8]) -> Result<Rows, Unreadable> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|e| Unreadable {
        line: line_of(&body[..e.valid_up_to()]),
        reason: "not UTF-8".to_owned(),
    })?;
    let raw = match text.trim_start().as_bytes().first() {
        Some(b'[') => read_json(text)?,
        Some(b'{') => {
            let reason = "expected a JSON array of objects: [{\"vehicle_id\": …}, …]".to_owned();
            return Err(Unreadable { line: 1, reason });
        }
        _ => read_csv(text)?,
    };
    let mut rows = Rows::default();
    let mut firsts = Firsts::default();
    for (line, raw) in raw {
        match raw.and_then(|raw| check(line, &raw)) {
            Err(reason) => rows.refusals.push(Refusal { line, kind: "bad_row", reason }),
            Ok(row) => match firsts.refuse(&row) {
                Some(refusal) => rows.refusals.push(refusal),
                None => rows.rows.push(row),
            },
        }
    }
    Ok(rows)
}

fn line_of(before: &[u8]) -> u64 {
    1 + before.split(|byte| *byte == b'\n').count() as u64 - 1
}

/// Counts the lines up to each record. Not the reader's own count: after a line's end of two
/// characters it is one behind.
struct Lines<'t> {
    text: &'t [u8],
    byte: usize,
    line: u64,
}

impl<'t> Lines<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self { text, byte: 0, line: 1 }
    }

    /// The line of a record, from 1; records come in the order of the file. A record that begins
    /// with the rest of a line's end, or with empty lines, begins behind them.
    fn at(&mut self, position: &csv::Position) -> u64 {
        let from = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(self.text.len());
        let ends = self.text[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let to = from + ends.count();
        if let Some(passed) = self.text.get(self.byte..to) {
            self.line += line_of(passed) - 1;
            self.byte = to;
        }
        self.line
    }
}

type Raw = Vec<(u64, Result<RawRow, String>)>;

fn read_csv(text: &str) -> Result<Raw, Unreadable> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let wanted = || format!("expected a header with {}", COLUMNS.join(","));
    let header = reader.headers().map_err(|_| Unreadable { line: 1, reason: wanted() })?.clone();
    let position = |name: &str| header.iter().position(|column| column == name);
    for name in &COLUMNS[..4] {
        if position(name).is_none() {
            let reason = format!("the column `{name}` is missing: {}", wanted());
            return Err(Unreadable { line: 1, reason });
        }
    }
    let positions = COLUMNS.map(position);
    let mut raw = Vec::new();
    let mut lines = Lines::new(text.as_bytes());
    for record in reader.records() {
        let record = record.map_err(|e| Unreadable {
            line: e.position().map_or(0, |position| lines.at(position)),
            reason: "not CSV".to_owned(),
        })?;
        let line = record.position().map_or(0, |position| lines.at(position));
        if record.len() != header.len() {
            let reason = format!("{} fields where the header has {}", record.len(), header.len());
            raw.push((line, Err(reason)));
            continue;
        }
        let field = |at: Option<usize>| at.and_then(|at| record.get(at)).map(str::to_owned);
        let [vehicle_id, plate, customer_id, customer_name, customer_address] =
            positions.map(field);
        let row = RawRow { vehicle_id, plate, customer_id, customer_name, customer_address };
        raw.push((line, Ok(row)));
    }
    Ok(raw)
}

/// Element by element, so that each has its line, and one of the wrong shape spoils itself alone.
fn read_json(text: &str) -> Result<Raw, Unreadable> {
    let wrong = |at: usize, reason: &str| Unreadable {
        line: line_of(&text.as_bytes()[..at]),
        reason: reason.to_owned(),
    };
    let space = |at: usize| at + text[at..].len() - text[at..].trim_start().len();
    let mut at = space(0) + 1; // behind the bracket
    let mut raw = Vec::new();
    loop {
        at = space(at);
        match text.as_bytes().get(at) {
            Some(b']') if raw.is_empty() => break,
            None => return Err(wrong(at, "the array does not end")),
            _ => {}
        }
        let mut elements =
            serde_json::Deserializer::from_str(&text[at..]).into_iter::<serde_json::Value>();
        let line = line_of(&text.as_bytes()[..at]);
        let element = match elements.next() {
            Some(Ok(element)) => element,
            Some(Err(e)) => {
                let line = line + u64::try_from(e.line()).unwrap_or(1).saturating_sub(1);
                return Err(Unreadable { line, reason: "not JSON".to_owned() });
            }
            None => return Err(wrong(at, "the array does not end")),
        };
        at = space(at + elements.byte_offset());
        let row = serde_json::from_value::<RawRow>(element).ok();
        raw.push((line, row.ok_or_else(|| "not an object of texts".to_owned())));
        match text.as_bytes().get(at) {
            Some(b',') => at += 1,
            Some(b']') => break,
            _ => return Err(wrong(at.min(text.len()), "expected `,` or `]`")),
        }
    }
    let rest = space(at + 1);
    if rest < text.len() {
        return Err(wrong(rest, "something follows the array"));
    }
    Ok(raw)
}

fn check(line: u64, raw: &RawRow) -> Result<Row, String> {
    let text = |name: &str, text: &Option<String>| {
        text.clone().ok_or_else(|| format!("`{name}` is missing"))
    };
    let id = text("vehicle_id", &raw.vehicle_id)?;
    let id = VehicleId::parse(&id).map_err(|e| format!("`vehicle_id` {e}"))?;
    let plate = Plate::parse(&text("plate", &raw.plate)?).map_err(|e| e.to_string())?;
    let owner = text("customer_id", &raw.customer_id)?;
    let owner = CustomerId::parse(&owner).map_err(|e| format!("`customer_id` {e}"))?;
    let name = text("customer_name", &raw.customer_name)?;
    let address = raw.customer_address.as_deref().unwrap_or_default();
    let customer = Customer::new(owner, &name, address)
        .map_err(|(field, e)| format!("`customer_{field}` {e}"))?;
    let vehicle = Vehicle { id, plate, customer: customer.id.clone() };
    Ok(Row { line, customer, vehicle })
}

/// On which line each id and plate of a file stands first.
#[derive(Default)]
struct Firsts {
    vehicles: HashMap<VehicleId, u64>,
    plates: HashMap<Plate, u64>,
}

impl Firsts {
    fn refuse(&mut self, row: &Row) -> Option<Refusal> {
        let Row { line, vehicle, .. } = row;
        let (kind, reason) = if let Some(first) = self.vehicles.get(&vehicle.id) {
            ("duplicate_vehicle", format!("the vehicle stands on line {first} already"))
        } else if let Some(first) = self.plates.get(&vehicle.plate) {
            ("duplicate_plate", format!("the plate stands on line {first} already"))
        } else {
            self.vehicles.insert(vehicle.id.clone(), *line);
            self.plates.insert(vehicle.plate.clone(), *line);
            return None;
        };
        Some(Refusal { line: *line, kind, reason })
    }
}

impl Fleet {
    /// Takes rows, each by itself.
    pub(crate) fn import(&mut self, rows: &[Row], now: Instant) -> Taken {
        let mut taken = Taken::default();
        for row in rows {
            if let Err((kind, reason)) = self.import_row(row, now, &mut taken) {
                taken.refusals.push(Refusal { line: row.line, kind, reason });
            }
        }
        taken
    }

    fn import_row(
        &mut self,
        row: &Row,
        now: Instant,
        taken: &mut Taken,
    ) -> Result<(), (&'static str, String)> {
        let Row { customer, vehicle, .. } = row;
        if self.vehicles.contains_key(&vehicle.id) {
            let id = vehicle.id.as_str();
            let reason = format!(
                "vehicle `{id}` is registered already; PUT /admin/vehicles/{id} changes it"
            );
            return Err(("duplicate_vehicle", reason));
        }
        if let Some(other) = self.has_plate(&vehicle.plate) {
            let reason = format!("the plate is that of vehicle `{}`", other.as_str());
            return Err(("duplicate_plate", reason));
        }
        match self.customers.get(&customer.id) {
            None => {
                taken.changes.extend(self.put_customer(customer));
                taken.customers_added += 1;
            }
            Some(owning) if owning.customer == *customer => {}
            Some(_) => {
                let id = customer.id.as_str();
                let reason = format!(
                    "customer `{id}` is registered with another name or address; PUT \
                     /admin/customers/{id} changes it"
                );
                return Err(("other_customer", reason));
            }
        }
        let changes = self.put_vehicle(vehicle, now).map_err(|e| ("bad_row", e.to_string()))?;
        taken.changes.extend(changes);
        taken.vehicles_added += 1;
        Ok(())
    }
}
