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

fn describe(id: &str, name: &str) -> Act {
    let place = serde_json::from_value(json!({ "name": name })).unwrap();
    Act::Describe(vec![(id.parse().unwrap(), place)])
}

#[test]
fn a_place_is_shown_as_it_was_described_last_and_no_more_once_it_is_removed() {
    let (catalog, mut picture) = (Catalog::default(), Picture::default());
    let name =
        |catalog: &Catalog, id: &str| Some(catalog.place(&id.parse().unwrap())?.place.name.clone());
    act(&catalog, &mut picture, &describe("north", "North"));
    act(&catalog, &mut picture, &describe("south", "South"));
    assert_eq!(name(&catalog, "north").as_deref(), Some("North"));
    act(&catalog, &mut picture, &describe("north", "Uptown"));
    assert_eq!(name(&catalog, "north").as_deref(), Some("Uptown"));
    act(&catalog, &mut picture, &Act::Remove("south".parse().unwrap()));
    assert_eq!(name(&catalog, "south"), None);
    assert!(name(&catalog, "north").is_some());
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
