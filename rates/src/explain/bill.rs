//! A bill in plain words.

use chrono_tz::Tz;

use super::Language;
use super::words::{length, say};
use crate::bill::{Bill, BillLine, Kind};
use crate::period::Period;

/// A bill in plain words, a line each; times are those of the place.
pub fn explain_bill(bill: &Bill, zone: Tz, language: Language) -> String {
    let mut text = Vec::new();
    if !bill.product.is_empty() {
        let word = say(language, "Charged as", "Abgerechnet als");
        text.push(format!("{word}: {}", bill.product));
    }
    text.extend(bill.lines.iter().map(|line| of_line(bill, line, zone, language)));
    let money = |amount: i64| format!("{} {}", bill.currency.show(amount), bill.currency.code());
    text.push(format!("{}: {}", say(language, "Total", "Summe"), money(bill.total)));
    for tax in &bill.taxes {
        let word = say(language, "of it tax", "davon Steuer");
        let net = say(language, "net", "netto");
        text.push(format!(
            "{word} {} {} %: {} ({net} {})",
            tax.name,
            tax.percent,
            money(tax.tax),
            money(tax.net)
        ));
    }
    if bill.paid != 0 {
        text.push(format!(
            "{}: {}",
            say(language, "Already paid", "Schon bezahlt"),
            money(bill.paid)
        ));
        text.push(format!(
            "{}: {}",
            say(language, "Left to pay", "Noch zu zahlen"),
            money(bill.due)
        ));
    }
    if let Some(reason) = &bill.held {
        let word = say(
            language,
            "A person has to look at this before it is charged",
            "Vor dem Abbuchen muss das ein Mensch ansehen",
        );
        text.push(format!("{word}: {reason}"));
    }
    if !bill.rules.is_empty() {
        let word = say(language, "By the table's rules", "Nach den Regeln der Tafel");
        text.push(format!("{word}: {}", bill.rules.join("; ")));
    }
    text.join("\n")
}

fn of_line(bill: &Bill, line: &BillLine, zone: Tz, language: Language) -> String {
    let at = |instant: chrono::DateTime<chrono::Utc>| {
        instant.with_timezone(&zone).format("%Y-%m-%d %H:%M %:z")
    };
    let (from, until) = (at(line.from), at(line.until));
    let amount = bill.currency.show(line.amount);
    let word = |english, german| say(language, english, german);
    let what = match line.kind {
        Kind::Charge => charged(bill, line, language),
        Kind::Free => word("free", "kostenlos"),
        Kind::Covered => word("covered by a right", "durch ein Recht gedeckt"),
        Kind::Grace => word("free at the start", "am Anfang frei"),
        Kind::Cap => word(
            "no more than this time costs at most",
            "nicht mehr als der Höchstbetrag dieser Zeit",
        ),
        Kind::Minimum => word("up to the least that a stay costs", "bis zum Mindestbetrag"),
        Kind::Maximum => {
            word("no more than a stay costs at most", "nicht mehr als der Höchstbetrag")
        }
        Kind::Discount => word("taken off", "Nachlass"),
        Kind::LostTicket => word("the entry is not known", "die Einfahrt ist nicht bekannt"),
        Kind::Tax => word("tax on top", "Steuer dazu"),
    };
    format!("{amount:>9}  {from} - {until}  {} (v{}): {what}", line.rule, line.version)
}

fn charged(bill: &Bill, line: &BillLine, language: Language) -> String {
    let unit = match (line.unit.as_str(), Period::parse(&line.unit)) {
        (_, Some(period)) => length(language, period),
        ("window", _) => say(language, "window", "Zeitfenster"),
        ("stay", _) => say(language, "stay", "Aufenthalt"),
        (other, _) => other.to_owned(),
    };
    let (above, below) = line.unit_price;
    let price = match below {
        1 => bill.currency.show(above),
        // The exact fraction of a minor unit, as it was reckoned with.
        _ => format!(
            "{above}/{below} {}",
            say(language, "of the smallest unit", "der kleinsten Einheit")
        ),
    };
    let factor = line.factor.map(|factor| {
        format!(
            ", {} {factor}",
            say(language, "with the factor of the entry", "mit dem Faktor der Einfahrt")
        )
    });
    format!(
        "{} x {unit} {} {price}{}",
        line.units,
        say(language, "at", "zu"),
        factor.unwrap_or_default()
    )
}
