//! Traps of rules: grace, caps, tiers, competition, versions, rights.

use super::common::{at, bill_of, file, hourly, lasting, segment, stay, table, total};
use super::tables;
use rates::{
    FaultKind, Format, Kind, ParseError, Stay, Unpriced, Visit, band, lint, price, price_versions,
    read,
};

const NOON: &str = "2026-03-04T12:00+08:00";
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

#[test]
pub fn a_stay_of_exactly_the_grace_is_charged() {
    let table = tables::zhangye();
    assert_eq!(lasting(&table, NOON, 15 * MINUTE - 1), 0);
    assert_eq!(lasting(&table, NOON, 15 * MINUTE), 200);
}

#[test]
pub fn free_first_hours_are_taken_off() {
    let table = hourly("2.00", r#"grace = { allowance = "PT3H" }"#, "");
    assert_eq!(lasting(&table, NOON, 3 * HOUR), 0);
    assert_eq!(lasting(&table, NOON, 3 * HOUR + MINUTE), 200);
}

#[test]
pub fn a_cap_that_repeats_begins_the_tiers_anew() {
    let table = tables::zhangye();
    assert_eq!(lasting(&table, NOON, 24 * HOUR), 2500);
    assert_eq!(lasting(&table, NOON, 24 * HOUR + MINUTE), 2700);
}

#[test]
pub fn a_cap_that_holds_once_holds_once() {
    assert_eq!(lasting(&tables::coin_park(), NOON, 72 * HOUR), 20_700);
}

#[test]
pub fn the_cheapest_that_the_driver_qualifies_for_is_charged() {
    let table = tables::stoke();
    assert_eq!(lasting(&table, "2026-03-04T10:00+00:00", 50 * MINUTE), 140);
    assert_eq!(lasting(&table, "2026-03-04T10:00+00:00", 4 * HOUR + MINUTE), 500);
}

#[test]
pub fn pro_rata_time_of_several_days_is_summed() {
    let (short, _) = tables::pro_rata();
    assert_eq!(total(&short, "2017-09-07T16:50+01:00", "2017-09-09T19:15+01:00"), 1228);
}

fn two_steps(rules: &str, first: (&str, &str), second: (&str, &str)) -> rates::RateTable {
    let line = |name: &str, when: &str, (amount, step): (&str, &str)| {
        format!(
            "[[product.line]]\nname = \"{name}\"\nwhen = {{ {when} }}\nprice = {{ kind = \"per_unit\", amount = \"{amount}\", per = \"PT1H\", step = \"{step}\" }}\n"
        )
    };
    let before = line("day", r#"until = "17:00""#, first);
    let after = line("evening", r#"from = "17:00""#, second);
    table("Europe/Berlin", "EUR", rules, &format!("[[product]]\nname = \"hours\"\n{before}{after}"))
}

#[test]
pub fn a_boundary_in_a_step_is_rounded_once_at_the_end() {
    let with = |crossing: &str| {
        let rule = format!("crossing = \"{crossing}\"");
        let table = two_steps(&rule, ("5.00", "PT10M"), ("7.00", "PT10M"));
        total(&table, "2026-03-04T16:54+01:00", "2026-03-04T17:22+01:00")
    };
    assert_eq!(with("last_step"), 330);
    assert_eq!(with("by_segment"), 433);
    assert_eq!(with("by_entry"), 316);
}

/// github.com/ocpi/ocpi issue 354
#[test]
pub fn the_last_step_rounds_the_whole_stay() {
    let table = two_steps(r#"crossing = "last_step""#, ("1.20", "PT30M"), ("2.40", "PT15M"));
    let bill = bill_of(&table, &stay("2026-03-04T16:35+01:00", "2026-03-04T17:10+01:00"));
    let amounts: Vec<i64> = bill.lines.iter().map(|line| line.amount).collect();
    assert_eq!((amounts, bill.total), (vec![50, 80], 130));
}

#[test]
pub fn a_minimum_that_applies_is_charged_for_free_time() {
    let with = |when_free: &str| {
        let table = table(
            "Europe/Berlin",
            "EUR",
            "",
            &format!(
                "[[product]]\nname = \"weekend\"\notherwise = \"free\"\nminimum = {{ amount = \"5.00\", when_free = \"{when_free}\" }}\n[[product.line]]\nname = \"weekend\"\nwhen = {{ days = [\"sat\", \"sun\"] }}\nprice = {{ kind = \"per_unit\", amount = \"2.00\", per = \"PT1H\", step = \"PT1H\" }}\n"
            ),
        );
        total(&table, "2026-03-05T10:00+01:00", "2026-03-05T11:00+01:00")
    };
    assert_eq!(with("applies"), 500);
    assert_eq!(with("waived"), 0);
}

#[test]
pub fn a_minimum_above_the_maximum_is_refused_and_the_maximum_would_hold() {
    let text = file(
        "Europe/Berlin",
        "EUR",
        "",
        "[[product]]\nname = \"hours\"\nmaximum = \"3.00\"\nminimum = { amount = \"6.00\", when_free = \"applies\" }\n[[product.line]]\nname = \"hour\"\nprice = { kind = \"per_unit\", amount = \"2.00\", per = \"PT1H\", step = \"PT1H\" }\n",
    );
    assert!(matches!(rates::parse(&text, Format::Toml), Err(ParseError::Faults(_))));
    let table = read(&text, Format::Toml).unwrap();
    let kinds: Vec<FaultKind> = lint(&table).iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, [FaultKind::MinimumAboveMaximum]);
    assert_eq!(lasting(&table, NOON, HOUR), 300);
}

#[test]
pub fn a_new_version_holds_for_new_entries_unless_the_table_says_segment() {
    let versions = |rule: &str| {
        let mut old = hourly("2.00", rule, "");
        old.valid_until = Some("2026-03-05".parse().unwrap());
        let mut new = hourly("3.00", rule, "");
        (new.version, new.valid_from) = (2, old.valid_until);
        [new, old]
    };
    let stay = stay("2026-03-04T23:50+01:00", "2026-03-05T01:10+01:00");
    let bill = price_versions(&versions(r#"change_while_parked = "entry""#), &stay).unwrap();
    assert_eq!((bill.total, bill.lines[0].version), (400, 1));
    let bill = price_versions(&versions(r#"change_while_parked = "segment""#), &stay).unwrap();
    let lines: Vec<_> = bill.lines.iter().map(|l| (l.version, l.units, l.amount)).collect();
    assert_eq!((lines, bill.total), (vec![(1, 1, 200), (2, 2, 600)], 800));
}

#[test]
pub fn the_factor_of_the_entry_is_locked() {
    let bands = "[[occupancy]]\nfrom_percent = 0\nfactor = \"1.0\"\n[[occupancy]]\nfrom_percent = 80\nuntil_below_percent = 75\nfactor = \"1.5\"\n";
    let with = |rule: &str| {
        let table = hourly("2.00", &format!("change_while_parked = \"{rule}\""), bands);
        let factor = |percent| band(&table.occupancy, None, percent).map(|band| band.factor);
        let mut first = segment("2026-03-04T10:00+01:00", "2026-03-04T11:00+01:00");
        first.factor = factor(79);
        let mut second = segment("2026-03-04T11:00+01:00", "2026-03-04T12:00+01:00");
        second.factor = factor(85);
        bill_of(&table, &Stay::of(vec![first, second])).total
    };
    assert_eq!(with("entry"), 400);
    assert_eq!(with("segment"), 500);
    // A band is left below its end, not below its beginning.
    let table = hourly("2.00", "", bands);
    let high = band(&table.occupancy, None, 85);
    assert_eq!(band(&table.occupancy, high, 76), high);
    assert_eq!(band(&table.occupancy, high, 74).unwrap().from_percent, 0);
    assert_eq!(band(&table.occupancy, None, 76).unwrap().from_percent, 0);
}

#[test]
pub fn a_car_that_comes_back_soon_has_no_second_free_time() {
    let mut second = stay("2026-03-04T13:00+00:00", "2026-03-04T13:30+00:00");
    let (from, until) = (at("2026-03-04T10:00+00:00"), at("2026-03-04T12:30+00:00"));
    second.earlier = vec![Visit { from, until, paid: 0 }];
    let with = |rule: &str| {
        let rules = format!("grace = {{ allowance = \"PT3H\" }}\nreentry = {rule}");
        bill_of(&hourly("2.00", &rules, ""), &second).due
    };
    assert_eq!(with(r#"{ one_stay_within = "PT2H" }"#), 200);
    assert_eq!(with(r#"{ one_stay_within = "PT30M" }"#), 0, "exactly the time is not within it");
    assert_eq!(with(r#""separate""#), 0);
}

#[test]
pub fn the_fee_for_a_lost_ticket_is_not_for_a_plate_that_was_read() {
    let mut table = hourly("2.00", "", "");
    assert_eq!(price(&table, &Stay::without_entry()), Err(Unpriced::NoEntry));
    table.lost_ticket = Some(rates::Decimal::new(2000, 2).unwrap());
    assert_eq!(lasting(&table, NOON, 90 * MINUTE), 400);
    let bill = bill_of(&table, &Stay::without_entry());
    assert_eq!((bill.total, bill.lines[0].kind), (2000, Kind::LostTicket));
}

/// github.com/openmobilityfoundation/curb-data-specification issue 58
#[test]
pub fn a_gap_between_tiers_is_refused() {
    let text = file(
        "Europe/Berlin",
        "EUR",
        "",
        "[[product]]\nname = \"curb\"\n[[product.line]]\nname = \"minutes\"\nprice = { kind = \"tiers\", tiers = [{ from = \"PT10M\", up_to = \"PT15M\", total = \"1.00\" }], after = \"closed\", anew = \"never\" }\n",
    );
    let Err(ParseError::Faults(faults)) = rates::parse(&text, Format::Toml) else {
        panic!("accepted")
    };
    assert_eq!(faults.iter().map(|fault| fault.kind).collect::<Vec<_>>(), [FaultKind::Gap]);
    assert!(faults[0].message.contains("between PT0S and PT10M"), "{}", faults[0]);
}

fn quarters(amount: &str, rules: &str) -> rates::RateTable {
    table(
        "Europe/Berlin",
        "EUR",
        rules,
        &format!(
            "[[product]]\nname = \"quarters\"\n[[product.line]]\nname = \"quarter\"\nprice = {{ kind = \"per_unit\", amount = \"{amount}\", per = \"PT15M\", step = \"PT15M\" }}\n"
        ),
    )
}

#[test]
pub fn a_price_is_per_unit_and_its_step_is_said() {
    assert_eq!(lasting(&quarters("1.00", ""), NOON, 20 * MINUTE), 200);
}

#[test]
pub fn steps_begin_behind_the_first_free_minutes() {
    let table = quarters("1.50", r#"grace = { allowance = "PT15M" }"#);
    assert_eq!(lasting(&table, NOON, 28 * MINUTE), 150);
}

#[test]
pub fn one_permit_covers_one_car() {
    let table = hourly("2.00", "", "");
    let mut table = table;
    table.covered_by = vec!["permit".to_owned()];
    table.rules.free_time = Some(rates::FreeTime::Skip);
    let mut first = segment("2026-03-04T10:00+01:00", "2026-03-04T12:00+01:00");
    let second = bill_of(&table, &Stay::of(vec![first.clone()]));
    // Who holds the permit when both are in is decided before: the right is on one of the stays.
    first.rights = vec!["permit".to_owned()];
    let first = bill_of(&table, &Stay::of(vec![first]));
    assert_eq!((first.total, first.lines[0].kind, second.total), (0, Kind::Covered, 400));
}

#[test]
pub fn a_week_costs_five_days() {
    let table = tables::weekly();
    assert_eq!(lasting(&table, NOON, 7 * 24 * HOUR), 10_000);
    assert_eq!(lasting(&table, NOON, 7 * 24 * HOUR + MINUTE), 12_000);
}

/// Canterbury 2018: more than 700 pounds were asked for two hours.
#[test]
pub fn an_absurd_bill_is_held_for_a_person() {
    let table = hourly("2.00", r#"hold_above = { amount = "60.00" }"#, "");
    let bill = bill_of(&table, &stay("2026-03-04T10:00+01:00", "2026-03-18T23:00+01:00"));
    assert!(bill.held == rates::Decimal::parse("60.00") && bill.total == 69_800);
    assert_eq!(
        bill_of(&table, &stay("2026-03-04T10:00+01:00", "2026-03-05T16:00+01:00")).held,
        None
    );
}

#[test]
pub fn no_time_costs_nothing_and_the_first_minute_does() {
    let table = tables::valet();
    let cases = [(0, 0), (1, 1200), (300, 1200), (301, 1800), (1440, 1800), (1441, 3000)];
    for (minutes, expected) in cases {
        assert_eq!(lasting(&table, NOON, minutes * MINUTE), expected, "{minutes} minutes");
    }
    let backwards = stay("2026-03-04T10:01+01:00", "2026-03-04T10:00+01:00");
    assert!(matches!(price(&table, &backwards), Err(Unpriced::BadStay(_))));
}
