use super::*;
use crate::board::testing::posted;

/// Checked by hand against the schemas of DATEX II 3.6, which validate it (they come without a licence
/// that would let them lie here): the order of elements, their types and namespaces.
const PUBLICATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<d2:payload xmlns:d2="http://datex2.eu/schema/3/d2Payload" xmlns:com="http://datex2.eu/schema/3/common" xmlns:fac="http://datex2.eu/schema/3/facilities" xmlns:prk="http://datex2.eu/schema/3/parking" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="prk:ParkingStatusPublication" lang="en" modelBaseVersion="3">
<com:publicationTime>2026-05-04T08:00:00.000Z</com:publicationTime>
<com:publicationCreator><com:country>zz</com:country><com:nationalIdentifier>carpark</com:nationalIdentifier></com:publicationCreator>
<prk:parkingStatusInformation>
 <fac:reference targetClass="fac:FacilityObject" id="north"/>
 <fac:openingStatus>open</fac:openingStatus>
 <prk:occupancy><prk:numberOfVacantSpaces>3</prk:numberOfVacantSpaces><prk:numberOfOccupiedSpaces>1</prk:numberOfOccupiedSpaces><prk:numberOfVehicles>1</prk:numberOfVehicles><prk:occupancy>25.0</prk:occupancy></prk:occupancy>
 <prk:supply><prk:quantity>4</prk:quantity><prk:viewType>spaceView</prk:viewType></prk:supply>
</prk:parkingStatusInformation>
</d2:payload>
"#;

#[test]
fn a_publication_is_as_the_schemas_want_it() {
    let north = posted("north", r#"{"bays":{"standard":{"spaces":4}}}"#, 1);
    let now = "2026-05-04T08:00:00Z".parse().unwrap();
    assert_eq!(publication(&Publisher::default(), [&north], now), PUBLICATION);
}

#[test]
fn each_type_of_bays_is_told_and_what_is_closed_says_so() {
    let json = r#"{"bays":{"standard":{"spaces":4},"truck":{"spaces":0}},"is_closed":true}"#;
    let json = json.replace("is_closed", "closed");
    let xml = publication(&Publisher::default(), [&posted("a&b", &json, 1)], Instant::UNIX_EPOCH);
    for id in ["a&amp;b", "a&amp;b/standard", "a&amp;b/truck"] {
        assert!(xml.contains(&format!("id=\"{id}\"")), "{xml}");
    }
    assert_eq!(xml.matches(">temporarilyClosed<").count(), 3);
    assert_eq!(
        xml.matches("<prk:occupancy>25.0<").count(),
        2,
        "of no space at all there is no part"
    );
}
