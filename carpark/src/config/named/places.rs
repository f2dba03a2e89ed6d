//! What the file says of places as things: name, address, bays.

use std::collections::BTreeMap;

use domain::PlaceName;
use domain::place::{BayType, Bays, Lane, LaneGate, LaneUse, Location, Place};
use platform::settings::SettingError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Named, Thing, checked};

impl Named {
    /// The places, each with its lanes and the cameras that watch them.
    pub fn described_places(&self) -> Result<Vec<(PlaceName, Place)>, SettingError> {
        self.of("places").map(|(name, thing)| self.described(name, thing)).collect()
    }

    fn described(&self, name: &str, thing: &Thing) -> Result<(PlaceName, Place), SettingError> {
        let text = |key: &str| thing.values.get(key).map(|value| value.text.clone());
        let number = "not a whole number that fits; write for instance 10";
        let mut place = Place {
            name: text("name").unwrap_or_else(|| name.to_owned()),
            address: text("address"),
            rate_table: text("rate_table"),
            location: thing.optional("location", "expected [latitude, longitude]", location)?,
            time_zone: text("time_zone").unwrap_or_else(|| "UTC".to_owned()),
            bays: thing.optional("bays", BAYS, bays)?.unwrap_or_default(),
            full_at: thing.optional("full_at", number, |text| text.parse().ok())?.unwrap_or(0),
            open_again_at: thing.optional("open_again_at", number, |text| text.parse().ok())?,
            is_closed: thing
                .optional("closed", "expected true or false", |text| text.parse().ok())?
                .unwrap_or(false),
            ..Place::default()
        };
        for (lane_name, lane) in self.of("lanes") {
            if self.place_of(lane)? != name {
                continue;
            }
            let remedy = "expected entry, exit or both";
            let role = lane.optional("role", remedy, |text| match text {
                "entry" => Some(LaneUse::Entry),
                "exit" => Some(LaneUse::Exit),
                "both" => Some(LaneUse::Both),
                _ => None,
            })?;
            let types: Vec<&str> = place.bays.keys().map(BayType::as_str).collect();
            let remedy = match &types[..] {
                [] => format!(
                    "place `{name}` has no bays: add for instance bays = {{ standard = 10 }}"
                ),
                types => format!("expected a type of bays of place `{name}`: {}", types.join(", ")),
            };
            let bay_type = lane.optional("bay_type", &remedy, |text| {
                place.bays.keys().find(|known| known.as_str() == text).cloned()
            })?;
            let remedy = "expected holders, everybody or none";
            let gate = lane.optional("gate", remedy, |text| match text {
                "holders" => Some(LaneGate::Holders),
                "everybody" => Some(LaneGate::Everybody),
                "none" => Some(LaneGate::None),
                _ => None,
            })?;
            place.lanes.insert(checked(lane_name, lane)?, Lane { role, bay_type, gate });
            for (camera_name, camera) in self.of("cameras") {
                if camera.values.get("lane").is_some_and(|lane| lane.text == *lane_name) {
                    place.cameras.insert(checked(camera_name, camera)?);
                }
            }
        }
        let id: PlaceName = checked(name, thing)?;
        match office::checked(&id, place) {
            Ok(place) => Ok((id, place)),
            Err(wrong) => {
                let key = wrong.field.split('.').next().unwrap_or_default().to_owned();
                match thing.values.contains_key(key.as_str()) {
                    true => Err(thing.wrong(&key, &wrong.to_string())),
                    false => Err(SettingError(format!("[{}]: {wrong}", thing.path))),
                }
            }
        }
    }
}

const BAYS: &str = "expected spaces by the type of the bays, for instance { standard = 120, electric = { spaces = 8, \
     may_use = [\"standard\"] } }; a type has small letters, digits, - and _";

/// A value as the file has it.
fn value<T: DeserializeOwned>(text: &str) -> Option<T> {
    #[derive(Deserialize)]
    struct Only<T> {
        value: T,
    }
    toml::from_str::<Only<T>>(&format!("value = {text}")).ok().map(|only| only.value)
}

fn location(text: &str) -> Option<Location> {
    let [latitude, longitude] = value(text)?;
    Some(Location { latitude, longitude })
}

fn bays(text: &str) -> Option<BTreeMap<BayType, Bays>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Spaces(u32),
        Bays(Bays),
    }
    let said: BTreeMap<BayType, Said> = value(text)?;
    let bays = |said| match said {
        Said::Spaces(spaces) => Bays { spaces, may_use: Vec::new() },
        Said::Bays(bays) => bays,
    };
    Some(said.into_iter().map(|(bay_type, said)| (bay_type, bays(said))).collect())
}
