//! Vehicles and their owners, made up: the same seed, the same vehicles.

use domain::VehicleId;

use crate::dice::{Dice, Stream};

/// Letters and digits of a vehicle's id: those of a VIN.
const VIN: &[u8] = b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789";
/// So many characters of it are diced; its number follows, so that no two are the same.
const VIN_DICED: usize = 10;
const STREETS: [&str; 6] =
    ["Station Road", "Mill Lane", "Market Square", "Harbour Street", "Park Avenue", "Church Hill"];
const TRADES: [&str; 6] = ["Bakery", "Couriers", "Builders", "Florists", "Removals", "Taxis"];
const NAMES: [&str; 8] =
    ["Adams", "Berg", "Castillo", "Dubois", "Eriksen", "Fischer", "García", "Horváth"];

/// A fleet, and the file that registers it.
pub(super) struct Fleet {
    pub(super) vehicles: Vec<VehicleId>,
    pub(super) csv: String,
}

/// Makes `count` vehicles of `customers` customers.
pub(super) fn make(count: usize, customers: usize, seed: u64) -> Fleet {
    let mut dice = Dice::new(seed, Stream::Fleet);
    let owners: Vec<String> = (1..=customers.max(1))
        .map(|number| {
            let name = NAMES[dice.index(NAMES.len())];
            let trade = TRADES[dice.index(TRADES.len())];
            let street = STREETS[dice.index(STREETS.len())];
            let house = 1 + dice.index(99);
            format!("sim-{number:04},{name} {trade} {number},\"{house} {street}\"")
        })
        .collect();
    let mut csv = "vehicle_id,plate,customer_id,customer_name,customer_address\n".to_owned();
    let mut vehicles = Vec::with_capacity(count);
    for number in 0..count {
        let diced: String =
            (0..VIN_DICED).map(|_| char::from(VIN[dice.index(VIN.len())])).collect();
        let text = format!("{diced}{number:07}");
        let plate: String = (0..3).map(|_| dice.letter()).collect();
        let owner = &owners[number % owners.len()];
        csv.push_str(
            &[text.as_str(), ",", &plate, &format!("{number:06}"), ",", owner, "\n"].concat(),
        );
        vehicles.extend(VehicleId::parse(&text));
    }
    Fleet { vehicles, csv }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::make;

    #[test]
    fn the_same_seed_makes_the_same_vehicles_and_no_two_are_alike() {
        let (one, again, other) = (make(500, 7, 1), make(500, 7, 1), make(500, 7, 2));
        assert_eq!(one.csv, again.csv);
        assert_ne!(one.csv, other.csv);
        assert_eq!(one.vehicles.len(), 500);
        let column = |at: usize| -> HashSet<&str> {
            one.csv.lines().skip(1).filter_map(|line| line.split(',').nth(at)).collect()
        };
        assert_eq!((column(0).len(), column(1).len(), column(2).len()), (500, 500, 7));
    }
}
