//! A bill in plain words.

use chrono_tz::Tz;

use super::Language;
use super::amounts::{amount, decimal, money, price};
use super::rules::sentences;
use super::table::of_cap;
use super::words::{elapsed, say, times};
use crate::bill::{Bill, BillLine, Kind};
use crate::period::Period;
use crate::ratio::Ratio;

/// A bill in plain words, a line each; times are those of the place.
pub fn explain_bill(bill: &Bill, zone: Tz, language: Language) -> String {
    let word = |english, german| say(language, english, german);
    let money = |minor: i64| money(language, &bill.currency, minor);
    let mut text = Vec::new();
    if !bill.product.is_empty() {
        text.push(format!("{}: {}", word("Charged as", "Abgerechnet als"), bill.product));
    }
    text.extend(bill.lines.iter().map(|line| of_line(bill, line, zone, language)));
    text.push(format!("{}: {}", word("Total", "Summe"), money(bill.total)));
    for tax in &bill.taxes {
        let (percent, of, net) = (decimal(language, tax.percent), money(tax.tax), money(tax.net));
        text.push(match language {
            Language::English => {
                format!("{} {percent} % in it: {of} (without it {net})", tax.name)
            }
            Language::German => format!("Darin {} {percent} %: {of} (netto {net})", tax.name),
        });
    }
    if bill.paid != 0 {
        text.push(format!("{}: {}", word("Already paid", "Schon bezahlt"), money(bill.paid)));
        text.push(format!("{}: {}", word("Left to pay", "Noch zu zahlen"), money(bill.due)));
    }
    if let Some(ceiling) = bill.held {
        let ceiling = amount(language, &bill.currency, ceiling);
        text.push(match language {
            Language::English => format!(
                "A person has to look at this before it is charged: it is more than {ceiling}."
            ),
            Language::German => {
                format!("Vor dem Abbuchen muss ein Mensch das ansehen: Es sind mehr als {ceiling}.")
            }
        });
    }
    text.push(word("By these rules of the table:", "Nach diesen Regeln des Tarifs:"));
    let caps = bill.caps.iter().map(|cap| of_cap(cap, &bill.currency, language));
    let all = caps.chain(sentences(&bill.rules, &bill.currency, language));
    text.extend(all.map(|sentence| format!("  - {sentence}")));
    text.join("\n")
}

fn of_line(bill: &Bill, line: &BillLine, zone: Tz, language: Language) -> String {
    let form = match language {
        Language::English => "%Y-%m-%d %H:%M %:z",
        Language::German => "%d.%m.%Y %H:%M %:z",
    };
    let at = |instant: chrono::DateTime<chrono::Utc>| instant.with_timezone(&zone).format(form);
    let time = if line.kind == Kind::LostTicket {
        String::new()
    } else {
        format!("  {} - {}", at(line.from), at(line.until))
    };
    let amount = money(language, &bill.currency, line.amount);
    format!("{amount:>12}{time}  {}", what(bill, line, language))
}

/// What a line is for. What the table does not name has no name here.
fn what(bill: &Bill, line: &BillLine, language: Language) -> String {
    let word = |english, german| say(language, english, german);
    let version = format!("({} {})", word("version", "Fassung"), line.version);
    let named = |what: String| format!("{} {version}: {what}", line.rule);
    let unnamed = |what: String| format!("{what} {version}");
    match line.kind {
        Kind::Charge => named(charged(bill, line, language)),
        Kind::Free if line.rule == "otherwise" => {
            unnamed(word("all other time is free", "alle übrige Zeit ist kostenlos"))
        }
        Kind::Free => named(word("free", "kostenlos")),
        Kind::Covered => unnamed(word("covered by a right", "durch ein Recht gedeckt")),
        Kind::Grace => unnamed(word("free at the start", "am Anfang frei")),
        Kind::Cap => named(word(
            "taken off, because the most for this time is reached",
            "abgezogen, weil der Höchstbetrag dieser Zeit erreicht ist",
        )),
        Kind::Minimum => unnamed(word(
            "added, up to the least that a stay costs",
            "dazu, bis zum Mindestbetrag eines Aufenthalts",
        )),
        Kind::Maximum => unnamed(word(
            "taken off, because the most for a stay is reached",
            "abgezogen, weil der Höchstbetrag eines Aufenthalts erreicht ist",
        )),
        Kind::Discount => named(word("discount", "Nachlass")),
        Kind::LostTicket => {
            unnamed(word("where no entry is known", "wenn keine Einfahrt bekannt ist"))
        }
        Kind::Tax => named(word("tax on top", "Steuer dazu")),
    }
}

/// So many units at a price.
fn charged(bill: &Bill, line: &BillLine, language: Language) -> String {
    let word = |english, german| say(language, english, german);
    let tier = |of: &str| {
        line.unit.strip_prefix(of).and_then(Period::parse).map(|p| times(language, 1, p))
    };
    let (above, below) = line.unit_price;
    let each = Ratio::new(i128::from(above), i128::from(below)).unwrap_or(Ratio::ZERO);
    if let Some(up_to) = tier("up to ") {
        if line.units > 1 {
            let (price, _) = price(language, &bill.currency, each);
            let (up, at) = (word("up to", "bis zu"), word("at", "zu"));
            return format!("{} x {up} {up_to} {at} {price}", line.units);
        }
        return format!("{} {up_to}", word("for up to", "für bis zu"));
    }
    if line.units == 0 {
        return word("charged already", "schon berechnet");
    }
    if let Some(up_to) = tier("on to ") {
        return format!("{} {up_to}", word("what is to be added for up to", "Aufpreis für bis zu"));
    }
    if let Some(over) = tier("over ") {
        return format!("{} {over}", word("for more than", "für mehr als"));
    }
    let is_exact_time = line.unit == "PT1S";
    let per_hour = each.mul(Ratio::whole(3600)).ok().filter(|_| is_exact_time);
    let (price, is_fraction) = price(language, &bill.currency, per_hour.unwrap_or(each));
    let factor = line.factor.map_or_else(String::new, |factor| {
        let name = word("times", "mal");
        let by = word("by occupancy", "nach Belegung");
        format!(" ({name} {} {by})", decimal(language, factor))
    });
    let rounded = if is_fraction || is_exact_time {
        word(", rounded at the end", ", am Ende gerundet")
    } else {
        String::new()
    };
    let at = word("at", "zu");
    let said = match (line.unit.as_str(), Period::parse(&line.unit)) {
        _ if per_hour.is_some() => {
            let used = elapsed(language, line.units);
            format!("{used} {at} {price} {}", word("per hour", "je Stunde"))
        }
        (_, Some(period)) => format!("{} {at} {price}", times(language, line.units, period)),
        ("stay", _) => format!("{price} {}", word("for the stay", "für den Aufenthalt")),
        _ => format!("{price} {}", word("for this time", "für diese Zeit")),
    };
    format!("{said}{factor}{rounded}")
}
