//! A file of vehicles and their owners, read row by row: CSV with a header, or JSON. What is
//! doubled or wrong is reported with its line and not taken; the rest is.

use std::collections::HashMap;

use domain::{Customer, CustomerId, Instant, Plate, Vehicle, VehicleId};
use platform::upload::{self, Unreadable};
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
    let wanted = || format!("expected a header with {}", COLUMNS.join(","));
    let read = upload::read(body, "{\"vehicle_id\": …}", |header| {
        if header.is_empty() {
            return Err(wanted());
        }
        let missing =
            COLUMNS[..4].iter().find(|name| !header.iter().any(|column| column == **name));
        missing.map_or(Ok(()), |name| Err(format!("the column `{name}` is missing: {}", wanted())))
    })?;
    let raw: Raw = match read {
        upload::Rows::Csv(header, records) => {
            let positions = COLUMNS.map(|name| header.iter().position(|column| column == name));
            let of_record = |record: csv::StringRecord| {
                let field = |at: Option<usize>| at.and_then(|at| record.get(at)).map(str::to_owned);
                let [vehicle_id, plate, customer_id, customer_name, customer_address] =
                    positions.map(field);
                RawRow { vehicle_id, plate, customer_id, customer_name, customer_address }
            };
            records.into_iter().map(|(line, record)| (line, record.map(of_record))).collect()
        }
        upload::Rows::Json(elements) => elements
            .into_iter()
            .map(|(line, element)| {
                let row = serde_json::from_value::<RawRow>(element).ok();
                (line, row.ok_or_else(|| "not an object of texts".to_owned()))
            })
            .collect(),
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

type Raw = Vec<(u64, Result<RawRow, String>)>;

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
