//! Places of the Alliance for Parking Data Standards (APDS, ISO 5206-1): a `Place` with its supply and
//! its demand.

use domain::Instant;
use domain::place::BayType;
use serde_json::{Value, json};

use crate::board::Posted;
use crate::shapes::{StateShown, time};

/// Latitude and longitude, as the register of coordinate systems numbers them.
const WGS_84: &str = "EPSG:4326";

/// The answer of `GET /places` of APDS: a part of all places, from `offset`.
pub fn list(places: &[impl AsRef<Posted>], offset: usize, total: usize, now: Instant) -> Value {
    let data: Vec<Value> = places.iter().map(|posted| place(posted.as_ref(), now)).collect();
    json!({
        "meta": {
            "referenceInstant": now.timestamp(), "offset": offset,
            "pageSize": data.len(), "total": total,
        },
        "data": data,
    })
}

/// One place.
pub fn place(posted: &Posted, now: Instant) -> Value {
    let (shown, state) = (&posted.shown, &posted.shown.state);
    let mut place = json!({
        "id": shown.id,
        "version": posted.version,
        "name": [{ "language": "en", "string": shown.name }],
        "layer": 1,
        "type": "parkingPlace",
        "hierarchyElementRecord": { "creationTime": time(posted.described) },
        "timeZone": shown.time_zone,
        "characteristics": [characteristics(state)],
        "hierarchyElementReference": {
            "elementId": { "id": shown.id, "version": posted.version, "className": "Place" },
            "supply": [{ "supplyViewType": "spaceView", "supplyQuantity": state.spaces }],
            "demandTable": [{ "timestamp": time(now), "demandType": demand(state, now) }],
        },
    });
    if let Some(at) = shown.location {
        place["indicativePlacePointLocation"] = json!([{
            "pointCoordinates": { "epsgCode": WGS_84, "x": at.longitude, "y": at.latitude },
        }]);
    }
    place
}

/// Vehicles inside by what was read, and, where all bays were counted by people, by the count.
fn demand(state: &StateShown, now: Instant) -> Vec<Value> {
    let occupied = state.spaces.saturating_sub(state.free);
    let mut derived = json!({
        "count": occupied, "occupancyCalculation": "derived",
        "recordDateTime": state.as_of.clone().unwrap_or_else(|| time(now)),
    });
    if state.spaces > 0 {
        derived["percentage"] = json!(100.0 * f64::from(occupied) / f64::from(state.spaces));
    }
    let open = state.bays.iter().filter(|(bay_type, _)| !bay_type.is_reserved());
    let verified: Option<Vec<_>> = open.map(|(_, bays)| bays.verified.as_ref()).collect();
    let verified = verified.filter(|counts| !counts.is_empty()).map(|counts| {
        let inside = counts.iter().fold(0, |sum: u32, count| sum.saturating_add(count.inside));
        let oldest = counts.iter().map(|count| &count.at).min();
        json!({ "count": inside, "occupancyCalculation": "verified", "recordDateTime": oldest })
    });
    std::iter::once(derived).chain(verified).collect()
}

fn characteristics(state: &StateShown) -> Value {
    let spaces_of = |is_meant: fn(&BayType) -> bool| -> u32 {
        let meant = state.bays.iter().filter(|(bay_type, _)| is_meant(bay_type));
        meant.fold(0, |sum, (_, bays)| sum.saturating_add(bays.spaces))
    };
    json!({
        "spacesTotal": spaces_of(|_| true),
        "spacesNonDedicated": spaces_of(|bay_type| bay_type.as_str() == "standard"),
        "evChargingPoints": spaces_of(|bay_type| bay_type.as_str() == "electric"),
        "disabledAccess": spaces_of(|bay_type| bay_type.as_str() == "disabled") > 0,
    })
}

#[cfg(test)]
mod tests;
