use domain::wire::parse_time;
use domain::{Opening, Origin, Summary};
use rates::RateTable;
use serde_json::Value;

use super::*;
use crate::tables::testing::{hourly, line, table};

fn at(minute: u32) -> Instant {
    parse_time(&format!("2026-11-20T10:{minute:02}:00Z")).unwrap()
}

fn place_of(json: &str) -> Place {
    serde_json::from_str(json).unwrap()
}

fn opened(plate: &str, there: &str, minute: u32) -> Effect {
    Effect::Opened(Opening {
        plate: Plate::parse(plate).unwrap(),
        observation_id: format!("in-{plate}-{minute}").parse().unwrap(),
        entry_at: at(minute),
        place: there.parse().unwrap(),
        lane: None,
        revision: 1,
    })
}

fn closed(plate: &str, there: &str, came: u32, went: u32) -> Effect {
    Effect::Summary(Summary {
        session_id: format!("{plate}-{came}").into(),
        plate: Plate::parse(plate).unwrap(),
        entry_at: at(came),
        exit_at: at(went),
        place: there.parse().unwrap(),
        repaired: false,
        origin: Some(Origin {
            revision: 2,
            entry_id: format!("in-{plate}-{came}").parse().unwrap(),
            entry_lane: None,
            exit_id: format!("out-{plate}-{went}").parse().unwrap(),
            exit_place: there.parse().unwrap(),
            exit_lane: None,
        }),
    })
}

fn described(places: &[(&str, &str)]) -> Act {
    Act::Describe(places.iter().map(|(id, json)| (id.parse().unwrap(), place_of(json))).collect())
}

fn facts(change: &Change) -> Vec<Value> {
    change.facts.iter().map(|fact| serde_json::from_str(fact).unwrap()).collect()
}

/// A picture of one place with so many bays.
fn picture(json: &str) -> Picture {
    let mut picture = Picture::default();
    picture.act(&described(&[("north", json)]), "admin", at(0)).unwrap();
    picture.tell(at(0));
    picture
}

#[test]
fn a_place_fills_up_is_full_and_is_told_of_once_for_each_change() {
    let mut picture = picture(r#"{"bays":{"standard":{"spaces":2}}}"#);
    let (change, places) = picture.hear(&[opened("AA1", "north", 1)], 7);
    assert_eq!((change.position, places.len(), change.stays.len()), (Some(7), 1, 1));
    picture.hear(&[opened("BB2", "north", 2)], 8);
    let told = picture.tell(at(3));
    let [fact] = &facts(&told)[..] else { panic!("{told:?}") };
    assert_eq!((&fact["type"], &fact["key"]), (&"parking_lot_state".into(), &"north:2".into()));
    assert_eq!((&fact["data"]["free"], &fact["data"]["state"]), (&0.into(), &"full".into()));
    assert_eq!(picture.tell(at(3)), Change::default(), "nothing is otherwise");
    let (change, _) = picture.hear(&[closed("AA1", "north", 1, 4)], 9);
    assert_eq!(change.stays, [(Plate::parse("AA1").unwrap(), None)]);
    let told = picture.tell(at(4));
    assert_eq!(facts(&told)[0]["data"]["state"], "open");
    assert_eq!(told.told[0].2, 3, "each telling has a number of its own");
}

#[test]
fn people_correct_the_count_and_the_difference_is_a_drift() {
    let mut picture = picture(r#"{"bays":{"standard":{"spaces":10},"truck":{"spaces":1}}}"#);
    picture.hear(&[opened("AA1", "north", 1), opened("BB2", "north", 2)], 2);
    let spot = ("north".parse().unwrap(), BayType::default());
    let act = Act::Count { spot, inside: 5, reason: "walked through".to_owned() };
    let (change, done, _) = picture.act(&act, "Ada", at(5)).unwrap();
    assert_eq!(done.changed, 1);
    let [fact] = &facts(&change)[..] else { panic!("{change:?}") };
    assert_eq!(fact["type"], "count.corrected");
    assert_eq!((&fact["data"]["inside"], &fact["data"]["derived"]), (&5.into(), &2.into()));
    assert_eq!(
        (&fact["data"]["by"], &fact["data"]["bay_type"]),
        (&"Ada".into(), &"standard".into())
    );
    let drift: Vec<Drift> = picture.drifts().collect();
    assert_eq!(drift[0].per_1000, Some(-1_500.0), "three too few after two movements");
    let north = "north".parse().unwrap();
    let place = picture.place(&north).unwrap().clone();
    assert_eq!(picture.state(&north, &place).free, 6, "of ten standard bays and one for a truck");
}

#[test]
fn who_counts_what_is_not_there_is_told_what_is() {
    let mut picture = picture(r#"{"bays":{"standard":{"spaces":10}}}"#);
    let mut refused = |place: &str, bay_type: &str| {
        let spot = (place.parse().unwrap(), BayType::parse(bay_type).unwrap());
        let act = Act::Count { spot, inside: 1, reason: String::new() };
        picture.act(&act, "Ada", at(1)).unwrap_err().to_string()
    };
    assert_eq!(refused("south", "standard"), "there is no place `south`");
    assert_eq!(
        refused("north", "truck"),
        "`north` has no bays of the type `truck`: it has standard"
    );
}

#[test]
fn what_is_described_anew_is_told_with_what_it_was_and_the_same_again_is_not() {
    let mut picture = picture(r#"{"bays":{"standard":{"spaces":10}}}"#);
    let act = described(&[("north", r#"{"bays":{"standard":{"spaces":10}}}"#)]);
    let (change, done, _) = picture.act(&act, "admin", at(1)).unwrap();
    assert!(change.is_empty() && done == Done::default());
    let act = described(&[("north", r#"{"bays":{"standard":{"spaces":12}}}"#)]);
    let (change, done, _) = picture.act(&act, "admin", at(1)).unwrap();
    assert_eq!((done.added, done.changed), (0, 1));
    let fact = &facts(&change)[0];
    assert_eq!(fact["type"], "place.changed");
    assert_eq!(fact["data"]["before"]["bays"]["standard"]["spaces"], 10);
    assert_eq!(fact["data"]["after"]["bays"]["standard"]["spaces"], 12);
    let (change, ..) = picture.act(&Act::Remove("north".parse().unwrap()), "admin", at(2)).unwrap();
    assert_eq!(facts(&change)[0]["data"]["after"], Value::Null);
    let again = picture.act(&Act::Remove("north".parse().unwrap()), "admin", at(2));
    assert_eq!(again.unwrap_err(), Refusal::NoPlace("north".parse().unwrap()));
}

#[test]
fn a_plate_is_forgotten_and_its_vehicle_is_still_inside() {
    let mut picture = picture(r#"{"bays":{"standard":{"spaces":2}}}"#);
    picture.hear(&[opened("AA1", "north", 1)], 1);
    let plate = Plate::parse("AA1").unwrap();
    let (change, done, _) = picture.act(&Act::Forget(plate.clone()), "", at(2)).unwrap();
    assert_eq!((done.removed, &change.stays[..]), (1, &[(plate.clone(), None)][..]));
    assert!(picture.where_is(&plate).is_none());
    let north = "north".parse().unwrap();
    assert_eq!(picture.counts(&north)[&BayType::default()].derived(), 1);
}

#[test]
fn who_says_that_nobody_is_inside_leaves_only_the_stays_that_are_about_to_be_ended() {
    let mut picture = picture(r#"{"bays":{"standard":{"spaces":9}}}"#);
    picture.hear(&[opened("AA1", "north", 1)], 1);
    let north: PlaceName = "north".parse().unwrap();
    let spot = (north.clone(), BayType::default());
    let act = Act::Count { spot, inside: 4, reason: String::new() };
    picture.act(&act, "Ada", at(2)).unwrap();
    let act = Act::Empty { place: north.clone(), reason: "closed for the night".to_owned() };
    let (change, ..) = picture.act(&act, "Ada", at(3)).unwrap();
    assert_eq!(change.counts[0].1.derived(), 1);
    picture.hear(&[closed("AA1", "north", 1, 4)], 2);
    assert_eq!(picture.counts(&north)[&BayType::default()].derived(), 0);
}

#[test]
fn another_process_comes_to_the_same_picture_by_the_news_alone() {
    let mut one = picture(r#"{"bays":{"standard":{"spaces":3}},"full_at":1}"#);
    let (change, _) = one.hear(&[opened("AA1", "north", 1), opened("BB2", "north", 2)], 5);
    let north: PlaceName = "north".parse().unwrap();
    let described = one.described(&north).unwrap().clone();
    let place = described.place.clone();
    let mut other = Picture::default();
    let news = News {
        version: 2,
        position: 5,
        places: vec![(north.clone(), Some(described))],
        counts: change.counts,
        ..News::default()
    };
    assert_eq!(other.learn(news).len(), 1);
    assert_eq!(other.state(&north, &place), one.state(&north, &place));
    assert_eq!(
        other.state(&north, &place).state,
        Openness::Full,
        "one bay is free, and that is full"
    );
}

/// Twice as dear from half full on, until it is below 40 percent.
const BANDS: &str = "[[occupancy]]\nfrom_percent = 0\nuntil_below_percent = 0\nfactor = \"1\"\n\
    [[occupancy]]\nfrom_percent = 50\nuntil_below_percent = 40\nfactor = \"2\"\n";

fn put(picture: &mut Picture, tables: Vec<RateTable>) -> Result<(Change, Done), Refusal> {
    let done = picture.act(&Act::Put(tables), "Ada", at(1));
    picture.reckon_prices(at(1));
    done.map(|(change, done, _)| (change, done))
}

#[test]
fn a_table_that_is_put_becomes_the_next_version_and_the_same_again_none() {
    let mut picture = Picture::default();
    let (change, done) = put(&mut picture, vec![hourly("city", "2.00")]).unwrap();
    assert_eq!((done.added, done.changed, done.number), (1, 0, 1));
    let fact = &facts(&change)[0];
    assert_eq!((&fact["type"], &fact["key"]), (&"rate_table.changed".into(), &"city:1".into()));
    assert_eq!((&fact["subject"], &fact["place"]), (&"city".into(), &Value::Null), "of no place");
    let data = json!({ "rate_table": "city", "before": null, "after": 1, "by": "Ada" });
    assert_eq!(fact["data"], data);
    let (change, done) = put(&mut picture, vec![hourly("city", "2.00")]).unwrap();
    assert!(change.is_empty() && (done.added, done.changed, done.number) == (0, 0, 1));
    let (change, done) = put(&mut picture, vec![hourly("city", "3.00")]).unwrap();
    assert_eq!((done.added, done.changed, done.number), (0, 1, 2));
    assert_eq!(change.tables[0].table.version, 2, "the office counts, whatever the table says");
    assert_eq!(facts(&change)[0]["data"]["before"], 1);
    let yen = RateTable { currency: rates::Currency::new("JPY").unwrap(), ..hourly("city", "2") };
    let refused = put(&mut picture, vec![hourly("new", "1.00"), yen]).unwrap_err();
    assert!(refused.to_string().contains("the currency EUR, and this one JPY"), "{refused}");
    assert!(picture.tables().get("new").is_none(), "what is refused has changed nothing");
}

#[test]
fn a_place_is_told_of_again_when_its_price_is_another_one_and_only_then() {
    let mut picture = picture(r#"{"rate_table":"city","bays":{"standard":{"spaces":10}}}"#);
    let price = |change: &Change| facts(change).pop().map(|fact| fact["data"]["price"].clone());
    put(&mut picture, vec![table("city", "", &(line("hour", "2.00", "") + BANDS))]).unwrap();
    let told = price(&picture.tell(at(1))).unwrap();
    assert_eq!((&told["amount"], &told["currency"]), (&200.into(), &"EUR".into()));
    assert_eq!((&told["table"], &told["version"]), (&"city".into(), &1.into()));
    assert!(picture.reckon_prices_by_the_clock(at(2), 9).is_empty());
    assert_eq!(picture.tell(at(2)), Change::default(), "a minute later it is the same");
    for n in 0..5 {
        picture.hear(&[opened(&format!("AA{n}"), "north", 3)], n);
    }
    assert_eq!(picture.reckon_prices(at(3)).len(), 1);
    let change = picture.tell(at(3));
    assert_eq!(price(&change).unwrap()["amount"], 400, "half full");
    assert_eq!(facts(&change)[0]["data"]["bays"]["standard"]["price"]["amount"], 400);
    put(&mut picture, vec![table("city", "", &(line("hour", "3.00", "") + BANDS))]).unwrap();
    assert_eq!(price(&picture.tell(at(4))).unwrap()["amount"], 600, "a new version");
    let gone = described(&[("north", r#"{"bays":{"standard":{"spaces":10}}}"#)]);
    picture.act(&gone, "admin", at(5)).unwrap();
    picture.reckon_prices(at(5));
    let told = price(&picture.tell(at(5))).unwrap();
    assert_eq!(told, json!({ "words": "no price" }), "who names no table has none");
}

#[test]
fn every_process_goes_on_from_what_was_told() {
    let json =
        r#"{"rate_table":"city","bays":{"standard":{"spaces":10}},"full_at":4,"open_again_at":7}"#;
    let mut one = picture(json);
    let city = table("city", "", &(line("hour", "2.00", "") + BANDS));
    let (change, _) = put(&mut one, vec![city]).unwrap();
    let tables = change.tables;
    one.tell(at(1));
    let cars: Vec<Effect> = (0..6).map(|n| opened(&format!("AA{n}"), "north", 2)).collect();
    one.hear(&cars, 6);
    one.reckon_prices(at(2));
    let told = one.tell(at(2)).told;
    // One has left: neither below 40 percent nor seven free.
    let (change, _) = one.hear(&[closed("AA0", "north", 2, 3), closed("AA1", "north", 2, 3)], 8);
    one.reckon_prices(at(3));
    let north: PlaceName = "north".parse().unwrap();
    let place = one.described(&north).unwrap().clone();
    let mut other = Picture::default();
    other.learn(News {
        version: 9,
        position: 8,
        places: vec![(north.clone(), Some(place.clone()))],
        tables,
        counts: change.counts,
        told,
    });
    other.reckon_prices(at(3));
    let state = other.state(&north, &place.place);
    assert_eq!(state, one.state(&north, &place.place));
    assert_eq!((state.price.price.amount, state.state), (Some(400), Openness::Full));
}

#[test]
fn a_place_that_names_a_table_that_is_not_there_says_so_to_the_operator() {
    let mut picture = picture(r#"{"rate_table":"city"}"#);
    picture.reckon_prices(at(1));
    let north = "north".parse().unwrap();
    let remarks = picture.remarks(&north);
    assert!(remarks[0].starts_with("no price: there is no rate table `city`"), "{remarks:?}");
    put(&mut picture, vec![hourly("city", "2.00")]).unwrap();
    assert_eq!(picture.remarks(&north), [""; 0]);
}
