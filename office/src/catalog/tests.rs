use domain::Instant;
use serde_json::json;

use super::*;
use crate::picture::Act;
use crate::tables::testing::hourly;

fn act(catalog: &Catalog, picture: &mut Picture, act: &Act) {
    let (_, _, mut changed) = picture.act(act, "admin", Instant::UNIX_EPOCH).unwrap();
    picture.version += 1;
    changed.append(&mut picture.reckon_prices(Instant::UNIX_EPOCH));
    catalog.show(picture, &changed);
}

fn describe(id: &str, lanes: &[&str]) -> Act {
    let lanes: serde_json::Map<_, _> =
        lanes.iter().map(|lane| ((*lane).to_owned(), json!({}))).collect();
    let place = serde_json::from_value(json!({ "lanes": lanes })).unwrap();
    Act::Describe(vec![(id.parse().unwrap(), place)])
}

#[test]
fn a_lane_leads_to_its_place_for_as_long_as_it_is_one_places_alone() {
    let (catalog, mut picture) = (Catalog::default(), Picture::default());
    let of = |catalog: &Catalog, lane: &str| {
        let place = catalog.place_of_lane(&lane.parse().unwrap());
        place.map(|place| place.to_string()).map_err(|e| e.to_string())
    };
    act(&catalog, &mut picture, &describe("north", &["in", "out"]));
    act(&catalog, &mut picture, &describe("south", &["s-in"]));
    assert_eq!(of(&catalog, "in").as_deref(), Ok("north"));
    assert_eq!(of(&catalog, "s-in").as_deref(), Ok("south"));
    assert!(of(&catalog, "up").unwrap_err().starts_with("no place has a lane `up`"));
    act(&catalog, &mut picture, &describe("south", &["s-in", "in"]));
    let several = of(&catalog, "in").unwrap_err();
    assert!(several.starts_with("north, south have a lane `in` each"), "{several}");
    act(&catalog, &mut picture, &describe("north", &["out"]));
    assert_eq!(of(&catalog, "in").as_deref(), Ok("south"), "what is described anew is forgotten");
    act(&catalog, &mut picture, &Act::Remove("south".parse().unwrap()));
    assert!(of(&catalog, "in").is_err());
    assert!(catalog.place(&"south".parse().unwrap()).is_none());
    assert!(catalog.place(&"north".parse().unwrap()).is_some());
}

#[test]
fn whoever_took_the_tables_keeps_those_it_took() {
    let (catalog, mut picture) = (Catalog::default(), Picture::default());
    act(&catalog, &mut picture, &Act::Put(vec![hourly("city", "2.00")]));
    let before = catalog.tables();
    act(&catalog, &mut picture, &Act::Put(vec![hourly("city", "3.00")]));
    assert_eq!(before.get("city").unwrap().newest(), 1);
    assert_eq!(catalog.tables().get("city").unwrap().newest(), 2);
}
