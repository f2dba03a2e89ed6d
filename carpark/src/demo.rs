//! The demonstration: what `carpark` alone shows to who has configured nothing.

use std::collections::BTreeMap;

use domain::PlaceName;
use domain::place::Place;

use crate::config::{Config, Layers};

const PLACES: &str = include_str!("demo.toml");
/// Those places, as the simulated traffic names them.
const NAMES: &str = "harbour,market,station";

/// Who watches everything at once should not wait minutes to see a vehicle come and go, and sees more
/// than one car park.
pub fn suggest(layers: &mut Layers) {
    for (key, text) in [
        ("vehicles.connected_within", "20s"),
        ("vehicles.tolerance", "5s"),
        ("pings.ping_every", "20s"),
        ("pings.vehicles", "20"),
        // A line for each of their changes would bury the lines of progress.
        ("log", "info,vehicles::registry=warn"),
        // The lines of progress say it.
        ("published_every", "0s"),
    ] {
        layers.suggest(key, text);
    }
    // Whoever has a file has car parks of their own.
    if !layers.has_file() {
        layers.suggest("generators.places", NAMES);
        layers.suggest("generators.lanes", "2");
    }
}

/// Describes the places, where the traffic is theirs.
pub fn describe(config: &mut Config) {
    let places = places();
    if config.places.is_empty()
        && places.iter().map(|(name, _)| name).eq(config.generators.places.all())
    {
        config.places = places;
    }
}

/// In the order of their names.
fn places() -> Vec<(PlaceName, Place)> {
    let named: BTreeMap<String, Place> = toml::from_str(PLACES).expect("a test has read it");
    let checked = |(name, place): (String, Place)| {
        let id = PlaceName::parse(&name).expect("a test has read it");
        let place = office::checked(&id, place).expect("a test has read it");
        (id, place)
    };
    named.into_iter().map(checked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo(flags: &[(&str, &str)]) -> Config {
        let flag = |key: &str| flags.iter().find(|(name, _)| *name == key);
        let mut layers =
            Layers::read(None, |setting| flag(setting.key).map(|(_, text)| (*text).to_owned()))
                .unwrap();
        suggest(&mut layers);
        let mut config = layers.check().unwrap();
        describe(&mut config);
        config
    }

    #[test]
    fn who_says_nothing_sees_traffic_at_three_described_places() {
        let config = demo(&[]);
        let names: Vec<&PlaceName> = config.places.iter().map(|(name, _)| name).collect();
        assert_eq!(names, config.generators.places.all().iter().collect::<Vec<_>>());
        let lanes = config.generators.lanes;
        for (name, place) in &config.places {
            assert!(!place.bays.is_empty(), "{name} has bays");
            for lane in (1..=lanes).flat_map(|n| [format!("in-{n}"), format!("out-{n}")]) {
                let lane = domain::LaneName::parse(&lane).unwrap();
                assert!(place.lanes.contains_key(&lane), "{name} has the lane {lane} that is read");
            }
        }
    }

    #[test]
    fn who_names_a_place_gets_traffic_there_and_no_places_of_ours() {
        let config = demo(&[("generators.places", "main")]);
        assert_eq!(config.generators.places.all(), [PlaceName::default()]);
        assert!(config.places.is_empty());
    }
}
