//! What a table and a bill say to the people who run a car park, in both languages.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::format_push_string,
    clippy::too_many_lines,
    clippy::assigning_clones,
    reason = "tables are put together as text, fault by fault"
)]

mod common;

use common::{bill_of, file, hourly, segment, stay, table};
use rates::{Decimal, Format, Language, Stay, explain, explain_bill};

/// A table that uses every word there is.
fn everything() -> rates::RateTable {
    let rest = r#"
valid_from = "2026-01-01"
valid_until = "2027-01-01"
lost_ticket = "25.5"
covered_by = ["subscription"]
holidays = { country = "DE", dates = ["2026-06-20"], except = ["2026-05-01"] }
[[product]]
name = "hours"
tax = "VAT"
otherwise = "closed"
minimum = { amount = "2.00", when_free = "waived" }
maximum = "99.00"
[[product.line]]
name = "day"
bays = ["standard"]
zones = ["inner"]
when = { days = ["mon", "tue", "wed", "thu", "fri"], from = "07:00", until = "20:00" }
price = { kind = "per_unit", amount = "1.125", per = "PT1H", step = "PT20M" }
[[product.line]]
name = "night"
when = { days = ["mon", "tue", "wed", "thu", "fri"], from = "20:00", until = "07:00" }
price = { kind = "flat", amount = "4.00", each = "window" }
[[product.line]]
name = "summer"
priority = 1
when = { days = ["sat"], seasons = [{ first = "07-01", last = "08-31" }], from = "09:00" }
price = { kind = "tiers", anew = { each = "calendar_day" }, after = { per_unit = { amount = "0.50", per = "PT1H", step = "exact" } }, tiers = [{ up_to = "PT90M", total = "3.00" }] }
[[product.line]]
name = "fair"
priority = 2
when = { dates = ["2026-03-08"] }
price = { kind = "per_unit", amount = "8.00", per = "calendar_day", step = "calendar_day" }
[[product.cap]]
name = "24 hours"
amount = "22.00"
period = "PT24H"
holds = "once"
[[product]]
name = "early bird"
tax = "VAT"
enter = { from = "06:00", until = "09:00" }
leave = { days_after = 1, when = { from = "15:00" } }
longest = "PT36H"
shortest = "PT1H"
[[product.line]]
name = "bird"
price = { kind = "flat", amount = "12.50", each = "stay" }
[[discount]]
name = "cinema"
order = 2
for_right = "cinema"
off = { percent = "12.5" }
[[discount]]
name = "shop"
order = 1
for_right = "shop"
off = { free_time = "PT1H" }
[[tax]]
name = "VAT"
percent = "8.25"
prices = "include_tax"
rounding = "half_up"
[[occupancy]]
from_percent = 0
factor = "0.8"
[[occupancy]]
from_percent = 60
until_below_percent = 55
factor = "1.5"
"#;
    let rules = "grace = { allowance = \"PT10M\" }\nleave_grace = \"PT15M\"\nhold_above = { amount = \"150.00\" }\nreentry = { one_stay_within = \"PT1H\" }";
    let text = file("Europe/Berlin", "EUR", rules, rest);
    let table = rates::read(&text, Format::Toml).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(rates::lint(&table), [], "{text}");
    table
}

#[test]
fn a_table_in_english() {
    assert_eq!(
        explain(&everything(), Language::English),
        r#"Test (table test, version 1). Times of Europe/Berlin. For entries from 2026-01-01 until before 2027-01-01.
Holidays: those of all of Germany, 2026-06-20 but not 2026-05-01.
The cheapest that a stay qualifies for is charged; a higher priority goes first.
"hours"
  - day (Mon to Fri, from 07:00 until before 20:00, bays standard, in inner): 1.125 EUR per hour, charged for each started 20 minutes
  - night (Mon to Fri, from 20:00 until before 07:00 the next day): 4.00 EUR for each such time, however long
  - summer (Sat, from 09:00 until midnight, from 1 July through 31 August): up to 90 minutes 3.00 EUR; then 0.50 EUR per hour, charged to the second; anew with each calendar day
  - fair (2026-03-08): 8.00 EUR per started calendar day
  - at all other times there is no price
  - 24 hours: at most 22.00 EUR in 24 hours, once, the first time
  - at least 2.00 EUR (not where it is free)
  - at most 99.00 EUR for the whole stay
"early bird" (entry: from 06:00 until before 09:00; exit on the next day: from 15:00 until midnight; stays of at least 1 hour; stays of at most 36 hours)
  - bird (always): 12.50 EUR once, however long
Discount 1, "shop", with "shop": the first hour is free.
Discount 2, "cinema", with "cinema": 12.5 % off.
Parking costs nothing under "subscription".
VAT 8.25 %: inside the prices.
From 0 % full: prices times 0.8.
From 60 % full: prices times 1.5, until it is below 55 %.
Where no entry is known: 25.50 EUR.
The first 10 minutes are free for every stay.
15 minutes to leave after paying.
A unit has the price under which it began.
The price of the entry holds for the whole stay.
Free time is left out; a unit that has begun goes on after it.
Back in less than 1 hour: one stay, the time outside included.
Each line of a bill is rounded to the nearest 0.01 EUR, a half up.
A bill of more than 150.00 EUR waits until a person has looked at it."#
    );
}

#[test]
fn a_table_in_german() {
    assert_eq!(
        explain(&everything(), Language::German),
        r"Test (Tarif test, Fassung 1). Zeiten von Europe/Berlin. Für Einfahrten ab dem 01.01.2026 und vor dem 01.01.2027.
Feiertage: die in ganz Deutschland, 20.06.2026 aber nicht 01.05.2026.
Abgerechnet wird das Günstigste, das zum Aufenthalt passt; eine höhere Priorität geht vor.
„hours“
  - day (Mo bis Fr, von 07:00 bis vor 20:00 Uhr, Plätze standard, in inner): 1,125 € je Stunde, berechnet je angefangene 20 Minuten
  - night (Mo bis Fr, von 20:00 bis vor 07:00 Uhr am nächsten Tag): 4,00 € für jede solche Zeit, egal wie lange
  - summer (Sa, von 09:00 Uhr bis Mitternacht, vom 1. Juli bis einschließlich 31. August): bis 90 Minuten 3,00 €; danach 0,50 € je Stunde, auf die Sekunde berechnet; mit jedem Kalendertag von vorn
  - fair (08.03.2026): 8,00 € je angefangenen Kalendertag
  - zu allen übrigen Zeiten gibt es keinen Preis
  - 24 hours: höchstens 22,00 € in 24 Stunden, einmal, beim ersten Mal
  - mindestens 2,00 € (nicht, wenn es kostenlos ist)
  - höchstens 99,00 € für den ganzen Aufenthalt
„early bird“ (Einfahrt: von 06:00 bis vor 09:00 Uhr; Ausfahrt am nächsten Tag: von 15:00 Uhr bis Mitternacht; Aufenthalte von mindestens 1 Stunde; Aufenthalte von höchstens 36 Stunden)
  - bird (immer): 12,50 € einmal, egal wie lange
Nachlass 1, „shop“, mit „shop“: die erste Stunde ist frei.
Nachlass 2, „cinema“, mit „cinema“: 12,5 % Nachlass.
Parken kostet nichts mit „subscription“.
VAT 8,25 %: ist in den Preisen enthalten.
Ab 0 % Belegung: Preise mal 0,8.
Ab 60 % Belegung: Preise mal 1,5, bis es unter 55 % sind.
Wenn keine Einfahrt bekannt ist: 25,50 €.
Die ersten 10 Minuten sind für alle frei.
15 Minuten zum Ausfahren nach dem Bezahlen.
Eine Einheit hat den Preis, unter dem sie begann.
Der Preis der Einfahrt gilt für den ganzen Aufenthalt.
Freie Zeit wird ausgelassen; eine begonnene Einheit läuft danach weiter.
Zurück in weniger als 1 Stunde: ein Aufenthalt, die Zeit draußen zählt mit.
Jede Zeile einer Rechnung wird auf 0,01 € gerundet, eine Hälfte nach oben.
Eine Rechnung über mehr als 150,00 € wartet, bis ein Mensch sie angesehen hat."
    );
}

/// The lines of a bill without the rules below it.
fn said(table: &rates::RateTable, stay: &Stay, language: Language) -> Vec<String> {
    let text = explain_bill(&bill_of(table, stay), table.time_zone, language);
    let ends = |line: &&str| !line.starts_with("By these") && !line.starts_with("Nach diesen");
    text.lines().take_while(ends).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_fraction_of_a_cent_is_said_as_money() {
    let quarter = "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"quarter\"\nprice = { kind = \"per_unit\", amount = \"3.00\", per = \"PT1H\", step = \"PT15M\" }\n";
    let table = table("Europe/Berlin", "EUR", "", quarter);
    let mut part = segment("2026-03-02T10:00+01:00", "2026-03-02T11:00+01:00");
    part.factor = Decimal::parse("1.5");
    let stay = Stay::of(vec![part]);
    assert_eq!(
        said(&table, &stay, Language::English)[1],
        "4.50 EUR  2026-03-02 10:00 +01:00 - 2026-03-02 11:00 +01:00  quarter (version 1): 4 x 15 minutes at 1.125 EUR (times 1.5 by occupancy), rounded at the end"
    );
    assert_eq!(
        said(&table, &stay, Language::German)[1],
        "4,50 €  02.03.2026 10:00 +01:00 - 02.03.2026 11:00 +01:00  quarter (Fassung 1): 4 x 15 Minuten zu 1,125 € (mal 1,5 nach Belegung), am Ende gerundet"
    );
}

#[test]
fn exact_time_is_said_in_hours_and_minutes() {
    let line = "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"time\"\nprice = { kind = \"per_unit\", amount = \"1.10\", per = \"PT1H\", step = \"exact\" }\n";
    let table = table("Europe/Berlin", "EUR", "", line);
    let stay = stay("2026-03-02T10:00+01:00", "2026-03-02T12:25:05+01:00");
    let english = &said(&table, &stay, Language::English)[1];
    assert!(
        english.ends_with("2 hours 25 minutes 5 seconds at 1.10 EUR per hour, rounded at the end"),
        "{english}"
    );
    let german = &said(&table, &stay, Language::German)[1];
    assert!(
        german.ends_with("2 Stunden 25 Minuten 5 Sekunden zu 1,10 € je Stunde, am Ende gerundet"),
        "{german}"
    );
}

#[test]
fn what_belongs_to_the_whole_bill_is_said_in_both_languages() {
    let cap = "[[product.cap]]\nname = \"day\"\namount = \"10.00\"\nperiod = \"PT24H\"\nholds = \"repeats\"\n[[discount]]\nname = \"shop\"\norder = 1\nfor_right = \"shop\"\noff = { amount = \"1.00\" }\n";
    let mut table = hourly("2.00", "hold_above = { amount = \"5\" }", cap);
    table.covered_by = vec!["permit".to_owned()];
    table.lost_ticket = Decimal::parse("20");
    let mut covered = segment("2026-03-02T09:00+01:00", "2026-03-02T10:00+01:00");
    covered.rights = vec!["permit".to_owned()];
    let mut stay =
        Stay::of(vec![covered, segment("2026-03-02T10:00+01:00", "2026-03-02T20:00+01:00")]);
    stay.validations = vec!["shop".to_owned()];
    stay.credit = 250;
    let german = said(&table, &stay, Language::German).join("\n");
    for words in [
        "Abgerechnet als: hourly",
        "0,00 €  02.03.2026 09:00 +01:00 - 02.03.2026 10:00 +01:00  durch ein Recht gedeckt (Fassung 1)",
        "hour (Fassung 1): 10 Stunden zu 2,00 €",
        "-10,00 €",
        "day (Fassung 1): abgezogen, weil der Höchstbetrag dieser Zeit erreicht ist",
        "shop (Fassung 1): Nachlass",
        "Summe: 9,00 €",
        "Schon bezahlt: 2,50 €",
        "Noch zu zahlen: 6,50 €",
        "Vor dem Abbuchen muss ein Mensch das ansehen: Es sind mehr als 5,00 €.",
    ] {
        assert!(german.contains(words), "{words}\n{german}");
    }
    let english = said(&table, &stay, Language::English).join("\n");
    assert!(
        english.contains(
            "A person has to look at this before it is charged: it is more than 5.00 EUR."
        ),
        "{english}"
    );
    let lost = said(&table, &Stay::without_entry(), Language::German);
    assert_eq!(lost[0], "20,00 €  wenn keine Einfahrt bekannt ist (Fassung 1)");
}

#[test]
fn what_tiers_and_a_calendar_cost_is_said() {
    let tiers = "[[product]]\nname = \"p\"\n[[product.line]]\nname = \"steps\"\nprice = { kind = \"tiers\", anew = { each = \"PT24H\" }, after = \"nothing_more\", tiers = [{ up_to = \"PT2H\", total = \"3.00\" }, { up_to = \"PT24H\", total = \"9.00\" }] }\n[[product.cap]]\nname = \"month\"\namount = \"20.00\"\nperiod = \"calendar_month\"\nholds = \"repeats\"\n";
    let table = table("Europe/Berlin", "EUR", "", tiers);
    let lasting = |hours: i64, language: Language| {
        let from = common::at("2026-03-02T10:00+01:00");
        let stay = Stay::simple(from, from + chrono::TimeDelta::hours(hours));
        explain_bill(&bill_of(&table, &stay), table.time_zone, language)
    };
    assert!(lasting(1, Language::English).contains("steps (version 1): for up to 2 hours\n"));
    assert!(lasting(1, Language::German).contains("steps (Fassung 1): für bis zu 2 Stunden\n"));
    let days = lasting(72, Language::English);
    assert!(days.contains("steps (version 1): 3 x up to 24 hours at 9.00 EUR\n"), "{days}");
    assert!(days.contains("month: at most 20.00 EUR in a calendar month, every time"), "{days}");
    let days = lasting(72, Language::German);
    assert!(days.contains("3 x bis zu 24 Stunden zu 9,00 €"), "{days}");
    assert!(days.contains("month: höchstens 20,00 € in einem Kalendermonat, jedes Mal"), "{days}");
}

/// No number of a German text has a decimal point, and no text has a fraction of the smallest unit.
#[test]
fn german_has_decimal_commas_throughout() {
    let point = |text: &str| {
        let bytes = text.as_bytes();
        bytes.windows(4).any(|four| {
            // Two digits behind a point, and no dot behind them as a date has.
            four[0].is_ascii_digit()
                && four[1] == b'.'
                && four[2].is_ascii_digit()
                && four[3].is_ascii_digit()
        })
    };
    let without_dates = |text: &str| {
        let is_date = |word: &&str| word.trim_end_matches('.').matches('.').count() == 2;
        let words = text.split_whitespace().filter(|word| !is_date(word));
        words.collect::<Vec<_>>().join(" ")
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tables");
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let table = rates::parse(&text, Format::Toml).unwrap();
        let german = explain(&table, Language::German);
        assert!(!point(&without_dates(&german)), "{german}");
        let Ok(bill) =
            rates::price(&table, &stay("2026-03-02T10:00+01:00", "2026-03-04T12:34+01:00"))
        else {
            continue;
        };
        let german = explain_bill(&bill, table.time_zone, Language::German);
        assert!(!point(&without_dates(&german)), "{german}");
    }
}
