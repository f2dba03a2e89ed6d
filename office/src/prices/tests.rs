use domain::place::Place;

use super::*;
use crate::tables::testing::{hourly, line, table, tables};

fn at(text: &str) -> Instant {
    format!("2026-05-04T{text}:00Z").parse().unwrap()
}

fn place(json: &str) -> Place {
    serde_json::from_str(json).unwrap()
}

fn id(text: &str) -> PlaceName {
    text.parse().unwrap()
}

/// Prices of one place, `north`.
struct One {
    prices: Prices,
    place: Place,
    tables: Tables,
}

impl One {
    fn new(json: &str, tables: Tables) -> Self {
        let (mut prices, place) = (Prices::default(), place(json));
        prices.describe(&id("north"), Some(&place));
        Self { prices, place, tables }
    }

    fn fill(&mut self, percent: u8) {
        self.prices.fill(&id("north"), &self.place, Some(percent), &self.tables);
    }

    /// Whether the price has become another one by what was said since.
    fn reckon(&mut self, now: &str) -> bool {
        let place = Some(&self.place);
        !self.prices.reckon_stale(|_| place, &self.tables, at(now)).is_empty()
    }

    /// The same by the clock.
    fn tick(&mut self, now: &str) -> bool {
        let place = Some(&self.place);
        !self.prices.reckon_due(|_| place, &self.tables, at(now), 10).is_empty()
    }

    fn whole(&self) -> PlacePrice {
        self.prices.of(&id("north")).unwrap().0.clone()
    }

    fn amount(&self) -> Option<i64> {
        self.whole().price.amount
    }
}

const NORTH: &str = r#"{"rate_table":"city","bays":{"standard":{"spaces":10}}}"#;

#[test]
fn each_type_of_bays_has_its_price_and_what_has_none_says_so() {
    let lines = line("all", "2.00", "bays = [\"standard\"]")
        + "[[product.line]]\nname = \"free\"\nbays = [\"disabled\"]\nprice = { kind = \"free\" }\n";
    let table = table("city", "", &lines);
    let json = r#"{"rate_table":"city","bays":{"standard":{"spaces":9},"disabled":{"spaces":1},
        "truck":{"spaces":1}}}"#;
    let mut one = One::new(json, tables([table]));
    assert!(one.reckon("08:00"));
    let (whole, bays) = one.prices.of(&id("north")).unwrap();
    assert_eq!((whole.price.amount, whole.version), (Some(200), Some(1)));
    assert_eq!(whole.price.words, "2.00 EUR for the first hour");
    let bay = |name: &str| &bays[&BayType::parse(name).unwrap()];
    assert_eq!(bay("standard"), &whole.price);
    assert_eq!(
        (bay("disabled").amount, &*bay("disabled").words),
        (Some(0), "free for the first hour")
    );
    assert_eq!((bay("truck").amount, &*bay("truck").words), (None, "no price"), "never 0");
    let why = one.prices.why_not(&id("north")).unwrap().to_string();
    assert!(why.contains("truck"), "{why}");
}

#[test]
fn a_place_whose_table_is_not_there_has_no_price_until_it_is() {
    let mut one = One::new(NORTH, Tables::default());
    one.reckon("08:00");
    assert_eq!((one.amount(), &*one.whole().price.words), (None, "no price"));
    let why = one.prices.why_not(&id("north")).unwrap().to_string();
    assert!(why.starts_with("there is no rate table `city`"), "{why}");
    one.tables = tables([hourly("city", "2.00")]);
    one.prices.doubt(&id("north"));
    assert!(one.reckon("08:00"));
    assert_eq!(one.amount(), Some(200));
    assert_eq!(one.prices.why_not(&id("north")), None);
    one.prices.describe(&id("north"), Some(&place("{}")));
    assert_eq!(one.prices.of(&id("north")), None, "who names no table has none");
}

#[test]
fn a_price_follows_the_clock_of_the_table_and_is_reckoned_once_a_minute() {
    let lines = line("day", "3.00", "when = { from = \"07:00\", until = \"20:00\" }")
        + &line("night", "1.00", "when = { from = \"20:00\", until = \"07:00\" }");
    let mut one = One::new(NORTH, tables([table("city", "", &lines)]));
    one.reckon("17:00");
    assert_eq!(one.amount(), Some(300), "19:00 in Berlin");
    assert!(!one.tick("17:00"), "this minute was reckoned");
    assert!(!one.tick("16:59"), "and the one before costs the same");
    assert!(one.tick("17:30"));
    assert_eq!(one.amount(), Some(400), "half of each, each begun");
    assert!(one.tick("18:00"));
    assert_eq!(one.amount(), Some(100));
    assert!(!one.tick("18:01"), "nothing is otherwise");
    // Whoever reckons again would see another table.
    one.tables = tables([hourly("city", "9.00")]);
    assert!(!one.tick("18:01"), "once a minute");
    assert!(one.tick("18:02"));
}

/// Twice as dear from 80 percent on, until it is below 70.
const BANDS: &str = "[[occupancy]]\nfrom_percent = 0\nuntil_below_percent = 0\nfactor = \"1\"\n\
    [[occupancy]]\nfrom_percent = 80\nuntil_below_percent = 70\nfactor = \"2\"\n";

fn dynamic() -> Tables {
    tables([table("city", "", &(line("hour", "2.00", "") + BANDS))])
}

#[test]
fn a_fuller_place_is_dearer_until_it_is_emptier_than_it_was() {
    let mut one = One::new(NORTH, dynamic());
    one.reckon("08:00");
    let mut amounts = Vec::new();
    for percent in [79, 80, 75, 70, 69, 75, 80] {
        one.fill(percent);
        one.reckon("08:00");
        amounts.push(one.amount().unwrap());
    }
    assert_eq!(amounts, [200, 400, 400, 400, 200, 200, 400]);
    assert_eq!((one.whole().factor.as_deref(), one.whole().from_percent), (Some("2"), Some(80)));
    assert_eq!(one.prices.factor(&id("north")).unwrap().to_string(), "2");
}

#[test]
fn the_band_that_held_is_gone_on_from_after_a_start() {
    let mut before = One::new(NORTH, dynamic());
    before.reckon("08:00");
    before.fill(85);
    before.reckon("08:00");
    let told = before.whole();
    let mut after = One::new(NORTH, dynamic());
    let place = after.place.clone();
    after.prices.remember(&id("north"), &place, &told);
    after.fill(75);
    after.reckon("08:01");
    assert_eq!(after.amount(), Some(400), "75 percent are not below 70");
    let mut other = One::new(NORTH, dynamic());
    let of_another = PlacePrice { table: Some("other".to_owned()), ..told };
    other.prices.remember(&id("north"), &place, &of_another);
    other.fill(75);
    other.reckon("08:01");
    assert_eq!(other.amount(), Some(200), "a band of another table is none of this");
}

#[test]
fn places_are_priced_apart_where_the_table_names_them() {
    let lines = line("north", "2.00", "zones = [\"north\"]")
        + &line("south", "5.00", "zones = [\"south\"]");
    let tables = tables([table("city", "", &lines)]);
    let (mut prices, place) = (Prices::default(), place(NORTH));
    let ids = ["north", "south", "west"].map(id);
    for id in &ids {
        prices.describe(id, Some(&place));
    }
    prices.reckon_stale(|_| Some(&place), &tables, at("08:00"));
    let amounts = ids.map(|id| prices.of(&id).unwrap().0.price.amount);
    assert_eq!(amounts, [Some(200), Some(500), None]);
}

#[test]
fn ten_thousand_places_are_reckoned_some_at_a_time_and_each_once_a_minute() {
    let all: Vec<PlaceName> = (0..10_000).map(|n| id(&format!("p{n:05}"))).collect();
    let (mut prices, place, tables) = (Prices::default(), place(NORTH), dynamic());
    for id in &all {
        prices.describe(id, Some(&place));
    }
    assert_eq!(prices.reckon_stale(|_| Some(&place), &tables, at("08:00")).len(), 10_000);
    let mut left = 10_000;
    for step in 0..11 {
        let otherwise = prices.reckon_due(|_| Some(&place), &tables, at("08:01"), 1_000);
        assert!(otherwise.is_empty(), "a minute later the price is the same");
        let minute = minute_of(at("08:01"));
        let due = prices.places.values().filter(|priced| priced.minute != minute).count();
        assert_eq!(left - due, if step < 10 { 1_000 } else { 0 });
        left = due;
    }
}
