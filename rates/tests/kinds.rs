//! Each kind of price, condition, discount and tax that a table can have, by itself.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::format_push_string,
    clippy::too_many_lines,
    clippy::assigning_clones,
    reason = "tables are put together as text, fault by fault"
)]

mod common;

use std::collections::BTreeSet;

use common::{bill_of, lasting, segment, stay, table, total, unpriced};
use rates::{Kind, RateTable, Segment, Stay, Unpriced, Visit, band};

/// Every kind, and its test.
const KINDS: [(&str, fn()); 32] = [
    ("per started unit", per_started_unit),
    ("pro rata", pro_rata),
    ("flat", flat),
    ("tiers", tiers),
    ("free first minutes", free_first_minutes),
    ("cap of 24 hours, once and repeating", cap_of_24_hours),
    ("cap of a civil day, once and repeating", cap_of_a_day),
    ("early bird", early_bird),
    ("evening special", evening_special),
    ("night special over midnight", night_special),
    ("weekdays and weekends", weekdays_and_weekends),
    ("a weekend is one time", a_weekend_is_one_time),
    ("holidays of a country", holidays_of_a_country),
    ("own dates", own_dates),
    ("seasons", seasons),
    ("minimum and maximum", minimum_and_maximum),
    ("shortest and longest stay", shortest_and_longest),
    ("coming back", coming_back),
    ("lost ticket", lost_ticket),
    ("bay types", bay_types),
    ("nested places", nested_places),
    ("factor by occupancy", factor_by_occupancy),
    ("weekly special", weekly_special),
    ("monthly special", monthly_special),
    ("percentage off", percentage_off),
    ("amount off", amount_off),
    ("free minutes of a merchant", free_minutes_of_a_merchant),
    ("discounts in their order", discounts_in_their_order),
    ("subscription that ends while parked", subscription_that_ends),
    ("subscription that begins while parked", subscription_that_begins),
    ("tax inside, with a cap", tax_inside_with_a_cap),
    ("tax on top, with a cap", tax_on_top_with_a_cap),
];

#[test]
fn every_kind_has_a_test_of_its_own() {
    let names: BTreeSet<&str> = KINDS.iter().map(|(name, _)| *name).collect();
    let tests: BTreeSet<usize> = KINDS.iter().map(|(_, test)| *test as usize).collect();
    assert_eq!((names.len(), tests.len()), (KINDS.len(), KINDS.len()));
    for (_, test) in KINDS {
        test();
    }
}

const HOUR: i64 = 3600;
/// A Wednesday.
const NOON: &str = "2026-03-04T12:00+01:00";
const TWO_EUROS: &str =
    r#"price = { kind = "per_unit", amount = "2.00", per = "PT1H", step = "PT1H" }"#;

fn berlin(rules: &str, rest: &str) -> RateTable {
    table("Europe/Berlin", "EUR", rules, rest)
}

/// One product of one line; `own` are fields of the product, `line` those of the line.
fn one(own: &str, line: &str) -> String {
    format!("[[product]]\nname = \"p\"\n{own}\n[[product.line]]\nname = \"l\"\n{line}\n")
}

fn cap(amount: &str, period: &str, holds: &str) -> String {
    format!(
        "[[product.cap]]\nname = \"cap\"\namount = \"{amount}\"\nperiod = \"{period}\"\nholds = \"{holds}\"\n"
    )
}

/// The total of a stay whose parts begin at these times and end with the next.
fn moved(table: &RateTable, times: &[&str], change: impl Fn(usize, &mut Segment)) -> i64 {
    let parts = times.windows(2).enumerate().map(|(number, pair)| {
        let mut part = segment(pair[0], pair[1]);
        change(number, &mut part);
        part
    });
    bill_of(table, &Stay::of(parts.collect())).total
}

fn validated(table: &RateTable, from: &str, until: &str, rights: &[&str]) -> i64 {
    let mut stay = stay(from, until);
    stay.validations = rights.iter().map(|right| (*right).to_owned()).collect();
    bill_of(table, &stay).total
}

#[test]
fn per_started_unit() {
    let table = berlin("", &one("", TWO_EUROS));
    assert_eq!([1, HOUR, HOUR + 1].map(|s| lasting(&table, NOON, s)), [200, 200, 400]);
}

#[test]
fn pro_rata() {
    let line = r#"price = { kind = "per_unit", amount = "1.10", per = "PT1H", step = "exact" }"#;
    let table = berlin("", &one("", line));
    assert_eq!([1500, 3000, 3600].map(|s| lasting(&table, NOON, s)), [46, 92, 110]);
}

#[test]
fn flat() {
    let table =
        berlin("", &one("", r#"price = { kind = "flat", amount = "5.00", each = "stay" }"#));
    assert_eq!([1, 90 * HOUR].map(|s| lasting(&table, NOON, s)), [500, 500]);
}

#[test]
fn tiers() {
    let line = r#"price = { kind = "tiers", anew = "never", after = { per_unit = { amount = "1.00", per = "PT1H", step = "PT1H" } }, tiers = [{ up_to = "PT1H", total = "2.00" }, { up_to = "PT4H", total = "5.00" }] }"#;
    let table = berlin("", &one("", line));
    let hours = [(1, 200), (2, 500), (4, 500), (5, 600), (7, 800)];
    for (hours, expected) in hours {
        assert_eq!(lasting(&table, NOON, hours * HOUR), expected, "{hours}");
    }
}

#[test]
fn free_first_minutes() {
    let with =
        |grace: &str| berlin(&format!("grace = {{ {grace} = \"PT15M\" }}"), &one("", TWO_EUROS));
    let (forgives, allowance) = (with("forgives"), with("allowance"));
    let seconds = [899, 900, 65 * 60];
    assert_eq!(seconds.map(|s| lasting(&forgives, NOON, s)), [0, 200, 400]);
    assert_eq!(seconds.map(|s| lasting(&allowance, NOON, s)), [0, 0, 200]);
}

#[test]
fn cap_of_24_hours() {
    let with = |holds| berlin("", &(one("", TWO_EUROS) + &cap("10.00", "PT24H", holds)));
    assert_eq!(lasting(&with("once"), NOON, 27 * HOUR), 1600);
    assert_eq!(lasting(&with("repeats"), NOON, 27 * HOUR), 1600);
    assert_eq!(lasting(&with("once"), NOON, 48 * HOUR), 1000 + 4800);
    assert_eq!(lasting(&with("repeats"), NOON, 48 * HOUR), 2000);
}

#[test]
fn cap_of_a_day() {
    let with = |holds| berlin("", &(one("", TWO_EUROS) + &cap("10.00", "calendar_day", holds)));
    // 12 hours until midnight, 12 after it.
    assert_eq!(lasting(&with("once"), NOON, 24 * HOUR), 1000 + 2400);
    assert_eq!(lasting(&with("repeats"), NOON, 24 * HOUR), 2000);
}

#[test]
fn early_bird() {
    let bird = "[[product]]\nname = \"early\"\nenter = { days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"], from = \"06:00\", until = \"09:00\" }\nleave = { days_after = 0, when = { from = \"15:00\", until = \"20:00\" } }\n[[product.line]]\nname = \"day\"\nprice = { kind = \"flat\", amount = \"12.00\", each = \"stay\" }\n";
    let table = berlin("", &(one("", TWO_EUROS) + bird));
    let day = |from: &str, until: &str| {
        total(&table, &format!("2026-03-{from}+01:00"), &format!("2026-03-{until}+01:00"))
    };
    assert_eq!(day("04T08:00", "04T17:00"), 1200);
    assert_eq!(day("04T09:00", "04T17:00"), 1600, "too late in");
    assert_eq!(day("04T08:00", "04T20:00"), 2400, "too late out");
    assert_eq!(day("07T08:00", "07T17:00"), 1800, "a Saturday");
}

#[test]
fn evening_special() {
    let lines = format!(
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"day\"\nwhen = {{ until = \"18:00\" }}\n{TWO_EUROS}\n[[product.line]]\nname = \"evening\"\nwhen = {{ from = \"18:00\" }}\nprice = {{ kind = \"flat\", amount = \"3.00\", each = \"window\" }}\n"
    );
    let table = berlin("crossing = \"by_segment\"", &lines);
    assert_eq!(total(&table, "2026-03-04T17:00+01:00", "2026-03-04T23:00+01:00"), 500);
    assert_eq!(total(&table, "2026-03-04T18:00+01:00", "2026-03-04T18:05+01:00"), 300);
}

#[test]
fn night_special() {
    let lines = format!(
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"day\"\nwhen = {{ from = \"07:00\", until = \"20:00\" }}\n{TWO_EUROS}\n[[product.line]]\nname = \"night\"\nwhen = {{ from = \"20:00\", until = \"07:00\" }}\nprice = {{ kind = \"flat\", amount = \"4.00\", each = \"window\" }}\n"
    );
    let table = berlin("crossing = \"by_segment\"", &lines);
    assert_eq!(total(&table, "2026-03-04T23:00+01:00", "2026-03-05T01:00+01:00"), 400);
    assert_eq!(total(&table, "2026-03-04T19:00+01:00", "2026-03-05T08:00+01:00"), 800);
    assert_eq!(total(&table, "2026-03-04T21:00+01:00", "2026-03-05T21:00+01:00"), 400 + 2600 + 400);
}

#[test]
fn weekdays_and_weekends() {
    let lines = format!(
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"week\"\nwhen = {{ days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"] }}\n{TWO_EUROS}\n[[product.line]]\nname = \"weekend\"\nwhen = {{ days = [\"sat\", \"sun\"] }}\n{}\n",
        TWO_EUROS.replace("2.00", "1.00")
    );
    let table = berlin("crossing = \"by_segment\"", &lines);
    assert_eq!(total(&table, "2026-03-06T22:00+01:00", "2026-03-07T03:00+01:00"), 400 + 300);
}

#[test]
fn a_weekend_is_one_time() {
    let weekend = one(
        "within = { days = [\"sat\", \"sun\"] }",
        r#"price = { kind = "flat", amount = "10.00", each = "stay" }"#,
    );
    let table = berlin("", &weekend);
    assert_eq!(total(&table, "2026-03-07T10:00+01:00", "2026-03-08T20:00+01:00"), 1000);
    let refused = unpriced(&table, "2026-03-08T10:00+01:00", "2026-03-09T00:01+01:00");
    assert!(matches!(refused, Unpriced::NoProduct(_)));
    let refused = unpriced(&table, "2026-03-06T23:59+01:00", "2026-03-07T10:00+01:00");
    assert!(matches!(refused, Unpriced::NoProduct(_)));
}

#[test]
fn holidays_of_a_country() {
    let lines = format!(
        "holidays = {{ country = \"DE\" }}\n[[product]]\nname = \"p\"\notherwise = \"free\"\n[[product.line]]\nname = \"days\"\nwhen = {{ days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"] }}\n{TWO_EUROS}\n"
    );
    let table = berlin("", &lines);
    // The first of May 2026 is a Friday.
    assert_eq!(total(&table, "2026-05-01T10:00+02:00", "2026-05-01T12:00+02:00"), 0);
    assert_eq!(total(&table, "2026-05-04T10:00+02:00", "2026-05-04T12:00+02:00"), 400);
}

#[test]
fn own_dates() {
    let lines = format!(
        "holidays = {{ country = \"DE\", dates = [\"2026-06-20\"], except = [\"2026-05-01\"] }}\n[[product]]\nname = \"p\"\n[[product.line]]\nname = \"all\"\n{TWO_EUROS}\n[[product.line]]\nname = \"feast\"\npriority = 1\nwhen = {{ days = [\"holiday\"] }}\nprice = {{ kind = \"free\" }}\n[[product.line]]\nname = \"match\"\npriority = 2\nwhen = {{ dates = [\"2026-06-21\"] }}\n{}\n",
        TWO_EUROS.replace("2.00", "9.00")
    );
    let table = berlin("", &lines);
    let two_hours =
        |date: &str| total(&table, &format!("{date}T10:00+02:00"), &format!("{date}T12:00+02:00"));
    assert_eq!(two_hours("2026-06-20"), 0, "a holiday of the table's own");
    assert_eq!(two_hours("2026-05-01"), 400, "no holiday here");
    assert_eq!(two_hours("2026-06-21"), 1800, "a date of a line");
}

#[test]
fn seasons() {
    let lines = format!(
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"year\"\n{TWO_EUROS}\n[[product.line]]\nname = \"winter\"\npriority = 1\nwhen = {{ seasons = [{{ first = \"12-15\", last = \"01-06\" }}] }}\n{}\n",
        TWO_EUROS.replace("2.00", "5.00")
    );
    let table = berlin("", &lines);
    let hour =
        |date: &str| total(&table, &format!("{date}T10:00+01:00"), &format!("{date}T11:00+01:00"));
    let dates = ["2026-12-14", "2026-12-15", "2026-12-31", "2027-01-06", "2027-01-07"];
    assert_eq!(dates.map(hour), [200, 500, 500, 500, 200]);
}

#[test]
fn minimum_and_maximum() {
    let own = "maximum = \"9.00\"\nminimum = { amount = \"3.00\", when_free = \"waived\" }";
    let table = berlin("", &one(own, TWO_EUROS));
    assert_eq!([1, 2, 9].map(|hours| lasting(&table, NOON, hours * HOUR)), [300, 400, 900]);
}

#[test]
fn shortest_and_longest() {
    let flat = r#"price = { kind = "flat", amount = "1.00", each = "stay" }"#;
    let table = berlin("", &one("shortest = \"PT2H\"\nlongest = \"P1D\"", flat));
    let day = |until: &str| rates::price(&table, &stay("2026-03-28T12:00+01:00", until));
    assert_eq!(day("2026-03-28T14:00+01:00").unwrap().total, 100);
    assert!(matches!(day("2026-03-28T13:59:59+01:00"), Err(Unpriced::NoProduct(_))));
    // A day by the clock: 23 hours later.
    assert_eq!(day("2026-03-29T12:00+02:00").unwrap().total, 100);
    assert!(matches!(day("2026-03-29T12:00:01+02:00"), Err(Unpriced::NoProduct(_))));
    let table = berlin("", &one("shortest = \"P1D\"", flat));
    let day = |until: &str| rates::price(&table, &stay("2026-03-28T12:00+01:00", until));
    assert_eq!(day("2026-03-29T12:00+02:00").unwrap().total, 100);
    assert!(matches!(day("2026-03-29T11:59:59+02:00"), Err(Unpriced::NoProduct(_))));
}

#[test]
fn coming_back() {
    let with = |rule: &str| {
        let table = berlin(&format!("reentry = {rule}"), &one("", TWO_EUROS));
        let mut second = stay("2026-03-04T13:30+01:00", "2026-03-04T14:00+01:00");
        let (from, until) = (common::at(NOON), common::at("2026-03-04T13:00+01:00"));
        second.earlier = vec![Visit { from, until, paid: 200 }];
        let bill = bill_of(&table, &second);
        (bill.total, bill.paid, bill.due)
    };
    assert_eq!(with(r#""separate""#), (200, 0, 200));
    assert_eq!(with(r#"{ one_stay_within = "PT1H" }"#), (400, 200, 200));
}

#[test]
fn lost_ticket() {
    let table = berlin("", &format!("lost_ticket = \"25.00\"\n{}", one("", TWO_EUROS)));
    let bill = bill_of(&table, &Stay::without_entry());
    assert_eq!((bill.total, bill.lines[0].kind), (2500, Kind::LostTicket));
}

#[test]
fn bay_types() {
    let lines = format!(
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"car\"\nbays = [\"standard\"]\n{TWO_EUROS}\n[[product.line]]\nname = \"truck\"\nbays = [\"truck\"]\n{}\n",
        TWO_EUROS.replace("2.00", "6.00")
    );
    let table = berlin("", &lines);
    let bay = |bay: &'static str| {
        let mut part = segment(NOON, "2026-03-04T13:00+01:00");
        part.bay = bay.to_owned();
        rates::price(&table, &Stay::of(vec![part])).map(|bill| bill.total)
    };
    assert_eq!((bay("standard"), bay("truck")), (Ok(200), Ok(600)));
    assert!(matches!(bay("electric"), Err(Unpriced::NoProduct(_))));
}

/// The inner place is charged by the half hour; the hour of the outer one stands still meanwhile.
#[test]
fn nested_places() {
    let lines = format!(
        "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"outer\"\nzones = [\"outer\"]\n{TWO_EUROS}\n[[product.line]]\nname = \"inner\"\nzones = [\"inner\"]\nprice = {{ kind = \"per_unit\", amount = \"3.00\", per = \"PT30M\", step = \"PT30M\" }}\n"
    );
    let table = berlin("", &lines);
    let times = ["10:00", "10:20", "11:10", "11:50"].map(|time| format!("2026-03-04T{time}+01:00"));
    let times: Vec<&str> = times.iter().map(String::as_str).collect();
    // 20 and 40 minutes outside are one hour, 50 minutes inside two half hours.
    let cost = moved(&table, &times, |number, part| {
        part.zone = if number == 1 { "inner" } else { "outer" }.to_owned();
    });
    assert_eq!(cost, 200 + 600);
}

#[test]
fn factor_by_occupancy() {
    let bands = "[[occupancy]]\nfrom_percent = 0\nfactor = \"1\"\n[[occupancy]]\nfrom_percent = 80\nuntil_below_percent = 70\nfactor = \"1.5\"\n";
    let table = berlin("", &(one("", TWO_EUROS) + bands));
    let mut last = None;
    let mut factors = Vec::new();
    for percent in [79, 80, 75, 70, 69, 79] {
        last = band(&table.occupancy, last, percent);
        factors.push(last.unwrap().factor.to_string());
    }
    assert_eq!(factors, ["1", "1.5", "1.5", "1.5", "1", "1"]);
    let cost = moved(&table, &[NOON, "2026-03-04T13:00+01:00"], |_, part| {
        part.factor = rates::Decimal::parse("1.5");
    });
    assert_eq!(cost, 300);
}

#[test]
fn weekly_special() {
    let table = berlin(
        "",
        &(one("", TWO_EUROS)
            + &cap("20.00", "PT24H", "repeats")
            + &cap("60.00", "P7D", "repeats").replace("\"cap\"", "\"week\"")),
    );
    assert_eq!([2, 3, 7].map(|days| lasting(&table, NOON, days * 24 * HOUR)), [4000, 6000, 6000]);
    assert_eq!(lasting(&table, NOON, 8 * 24 * HOUR), 8000);
}

#[test]
fn monthly_special() {
    let daily = r#"price = { kind = "per_unit", amount = "5.00", per = "calendar_day", step = "calendar_day" }"#;
    let with = |period| berlin("", &(one("", daily) + &cap("60.00", period, "repeats")));
    // 15 January to 20 February: 37 dates, 17 of them in January.
    let (from, until) = ("2026-01-15T10:00+01:00", "2026-02-20T10:00+01:00");
    assert_eq!(total(&with("calendar_month"), from, until), 6000 + 6000);
    // A month from the entry ends on 15 February at 10:00, whose date has begun then; five more follow.
    assert_eq!(total(&with("P1M"), from, until), 6000 + 2500);
}

const DISCOUNT: &str = "[[discount]]\nname = \"d\"\norder = 1\nfor_right = \"shop\"\n";

#[test]
fn percentage_off() {
    let table =
        berlin("", &format!("{}{DISCOUNT}off = {{ percent = \"25\" }}\n", one("", TWO_EUROS)));
    assert_eq!(validated(&table, NOON, "2026-03-04T14:00+01:00", &["shop"]), 300);
    assert_eq!(validated(&table, NOON, "2026-03-04T14:00+01:00", &[]), 400);
}

#[test]
fn amount_off() {
    let table =
        berlin("", &format!("{}{DISCOUNT}off = {{ amount = \"3.00\" }}\n", one("", TWO_EUROS)));
    assert_eq!(validated(&table, NOON, "2026-03-04T14:00+01:00", &["shop"]), 100);
    assert_eq!(validated(&table, NOON, "2026-03-04T13:00+01:00", &["shop"]), 0, "never below 0");
}

#[test]
fn free_minutes_of_a_merchant() {
    let table =
        berlin("", &format!("{}{DISCOUNT}off = {{ free_time = \"PT90M\" }}\n", one("", TWO_EUROS)));
    // 150 minutes are three hours begun, the 60 that are left are one.
    assert_eq!(validated(&table, NOON, "2026-03-04T14:30+01:00", &["shop"]), 200);
}

#[test]
fn discounts_in_their_order() {
    let with = |half: u8, euro: u8| {
        let discounts = format!(
            "[[discount]]\nname = \"half\"\norder = {half}\nfor_right = \"shop\"\noff = {{ percent = \"50\" }}\n[[discount]]\nname = \"euro\"\norder = {euro}\nfor_right = \"shop\"\noff = {{ amount = \"1.00\" }}\n"
        );
        let table = berlin("", &(one("", TWO_EUROS) + &discounts));
        validated(&table, NOON, "2026-03-04T14:00+01:00", &["shop"])
    };
    assert_eq!((with(1, 2), with(2, 1)), (100, 150));
}

fn subscribed(covered: usize, rule: &str) -> i64 {
    let rest = format!("covered_by = [\"subscription\"]\n{}", one("", TWO_EUROS));
    let table = berlin(&format!("free_time = \"{rule}\""), &rest);
    let times = ["2026-03-31T22:30+02:00", "2026-04-01T00:00+02:00", "2026-04-01T01:15+02:00"];
    moved(&table, &times, |number, part| {
        if number == covered {
            part.rights = vec!["subscription".to_owned()];
        }
    })
}

#[test]
fn subscription_that_ends() {
    // Covered until midnight; 75 minutes after it.
    assert_eq!(subscribed(0, "skip"), 400);
}

#[test]
fn subscription_that_begins() {
    // 90 minutes before it begins at midnight.
    assert_eq!(subscribed(1, "skip"), 400);
    assert_eq!(subscribed(1, "split"), 400);
}

fn taxed(prices: &str) -> (i64, i64, i64) {
    let rest = format!(
        "{}{}[[tax]]\nname = \"VAT\"\npercent = \"19\"\nprices = \"{prices}\"\nrounding = \"half_up\"\n",
        one("tax = \"VAT\"", TWO_EUROS),
        cap("10.00", "PT24H", "repeats")
    );
    let bill = bill_of(&berlin("", &rest), &stay(NOON, "2026-03-04T20:00+01:00"));
    (bill.total, bill.taxes[0].net, bill.taxes[0].tax)
}

#[test]
fn tax_inside_with_a_cap() {
    assert_eq!(taxed("include_tax"), (1000, 840, 160));
}

#[test]
fn tax_on_top_with_a_cap() {
    assert_eq!(taxed("exclude_tax"), (1190, 1000, 190));
}

#[test]
fn free_up_to_so_many_minutes_has_the_last_of_them_or_not() {
    for (grace, exactly, more) in [
        (r#"{ forgives = "PT10M" }"#, 200, 200),
        (r#"{ forgives_up_to = "PT10M" }"#, 0, 200),
        (r#"{ allowance = "PT10M" }"#, 0, 200),
    ] {
        let table = common::hourly("2.00", &format!("grace = {grace}"), "");
        let lasting = |seconds| common::lasting(&table, "2026-03-04T12:00+01:00", seconds);
        assert_eq!((lasting(599), lasting(600), lasting(601)), (0, exactly, more), "{grace}");
    }
}
