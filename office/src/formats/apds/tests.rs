use super::*;
use crate::board::testing::posted;

#[path = "../../../../rates/tests/common/schema.rs"]
mod schema;

fn faults(place: &Value) -> Vec<String> {
    let standard = include_str!("../../../tests/apds/place.schema.json");
    schema::faults(&serde_json::from_str(standard).unwrap(), place)
}

#[test]
fn a_place_is_as_the_standards_own_schema_wants_it() {
    let now: Instant = "2026-05-04T08:00:00Z".parse().unwrap();
    let json = r#"{"name":"North","location":{"latitude":52.5,"longitude":13.4},
        "bays":{"standard":{"spaces":4},"reserved":{"spaces":2}}}"#;
    let north = place(&posted("north", json, 1), now);
    assert_eq!(faults(&north), Vec::<String>::new());
    let reference = &north["hierarchyElementReference"];
    assert_eq!(reference["supply"][0]["supplyQuantity"], 4);
    let demand = &reference["demandTable"][0]["demandType"];
    assert_eq!((&demand[0]["count"], &demand[0]["percentage"]), (&1.into(), &25.0.into()));
    assert_eq!(demand.as_array().unwrap().len(), 1, "nobody has counted");
    let bare = place(&posted("bare", "{}", 0), now);
    assert_eq!(faults(&bare), Vec::<String>::new());
    let mut wrong = north.clone();
    wrong["hierarchyElementReference"]["supply"][0]["supplyViewType"] = "bays".into();
    assert_eq!(faults(&wrong).len(), 1, "and it sees what is wrong");
}
