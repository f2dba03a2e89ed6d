//! A table in plain words.

use super::Language;
use super::amounts::{amount, decimal};
use super::rules::sentences;
use super::words::{date, each, elapsed, length, quoted, say, started, the_first, when, within};
use crate::calendar::{Country, Holidays};
use crate::money::{Currency, Decimal};
use crate::period::Period;
use crate::table::{
    After, Anew, Band, Cap, CapPeriod, Ceiling, Discount, Each, Holds, Line, Off, Otherwise,
    PerUnit, Price, Prices, Product, RateTable, Step, WhenFree,
};

/// A table in plain words.
pub fn explain(table: &RateTable, language: Language) -> String {
    let money = |decimal: Decimal| amount(language, &table.currency, decimal);
    let word = |english, german| say(language, english, german);
    let mut text = vec![heading(table, language)];
    text.extend(table.holidays.as_ref().map(|holidays| of_holidays(holidays, language)));
    if table.products.len() > 1 {
        text.push(word(
            "The cheapest that a stay qualifies for is charged; a higher priority goes first.",
            "Abgerechnet wird das Günstigste, das zum Aufenthalt passt; eine höhere Priorität geht vor.",
        ));
    }
    for product in &table.products {
        of_product(product, &table.currency, language, &mut text);
    }
    let mut discounts: Vec<_> = table.discounts.iter().collect();
    discounts.sort_by_key(|discount| discount.order);
    text.extend(discounts.into_iter().map(|d| of_discount(d, &table.currency, language)));
    if !table.covered_by.is_empty() {
        let word = word("Parking costs nothing under", "Parken kostet nichts mit");
        let rights: Vec<String> =
            table.covered_by.iter().map(|right| quoted(language, right)).collect();
        text.push(format!("{word} {}.", rights.join(", ")));
    }
    for tax in &table.taxes {
        let inside = match tax.prices {
            Some(Prices::ExcludeTax) => word("on top of the prices", "kommt zu den Preisen dazu"),
            _ => word("inside the prices", "ist in den Preisen enthalten"),
        };
        text.push(format!("{} {} %: {inside}.", tax.name, decimal(language, tax.percent)));
    }
    let mut bands: Vec<_> = table.occupancy.iter().collect();
    bands.sort_by_key(|band| band.from_percent);
    text.extend(bands.into_iter().map(|band| of_band(band, language)));
    if let Some(fee) = table.lost_ticket {
        let word = word("Where no entry is known", "Wenn keine Einfahrt bekannt ist");
        text.push(format!("{word}: {}.", money(fee)));
    }
    text.extend(sentences(&table.rules, &table.currency, language));
    if let Some(Ceiling::Amount(ceiling)) = table.rules.hold_above {
        let ceiling = money(ceiling);
        text.push(match language {
            Language::English => {
                format!("A bill of more than {ceiling} waits until a person has looked at it.")
            }
            Language::German => {
                format!("Eine Rechnung über mehr als {ceiling} wartet, bis ein Mensch sie angesehen hat.")
            }
        });
    }
    text.join("\n")
}

fn heading(table: &RateTable, language: Language) -> String {
    let (from, until) = (
        table.valid_from.map(|day| date(language, day)),
        table.valid_until.map(|day| date(language, day)),
    );
    let valid = match (language, from, until) {
        (_, None, None) => String::new(),
        (Language::English, Some(from), None) => format!(" For entries from {from}."),
        (Language::English, None, Some(until)) => format!(" For entries before {until}."),
        (Language::English, Some(from), Some(until)) => {
            format!(" For entries from {from} until before {until}.")
        }
        (Language::German, Some(from), None) => format!(" Für Einfahrten ab dem {from}."),
        (Language::German, None, Some(until)) => format!(" Für Einfahrten vor dem {until}."),
        (Language::German, Some(from), Some(until)) => {
            format!(" Für Einfahrten ab dem {from} und vor dem {until}.")
        }
    };
    let (name, id, version, zone) = (&table.name, &table.id, table.version, table.time_zone);
    match language {
        Language::English => {
            format!("{name} (table {id}, version {version}). Times of {zone}.{valid}")
        }
        Language::German => {
            format!("{name} (Tarif {id}, Fassung {version}). Zeiten von {zone}.{valid}")
        }
    }
}

fn of_holidays(holidays: &Holidays, language: Language) -> String {
    let word = |english, german| say(language, english, german);
    let mut days: Vec<String> = Vec::new();
    days.extend(holidays.country.map(|country| match country {
        Country::Germany => word("those of all of Germany", "die in ganz Deutschland"),
        Country::Austria => word("those of Austria", "die in Österreich"),
        Country::France => word("those of France", "die in Frankreich"),
        Country::EnglandAndWales => {
            word("the bank holidays of England and Wales", "die in England und Wales")
        }
    }));
    days.extend(holidays.dates.iter().map(|day| date(language, *day)));
    let except: Vec<String> = holidays.except.iter().map(|day| date(language, *day)).collect();
    let except = if except.is_empty() {
        String::new()
    } else {
        format!(" {} {}", word("but not", "aber nicht"), except.join(", "))
    };
    format!("{}: {}{except}.", word("Holidays", "Feiertage"), days.join(", "))
}

fn of_discount(discount: &Discount, currency: &Currency, language: Language) -> String {
    let off = match discount.off {
        Off::Percent(percent) => {
            format!("{} % {}", decimal(language, percent), say(language, "off", "Nachlass"))
        }
        Off::Amount(off) => {
            let off = amount(language, currency, off);
            format!("{off} {}", say(language, "off", "Nachlass"))
        }
        Off::FreeTime(period) => {
            format!("{} {}", the_first(language, period), say(language, "free", "frei"))
        }
    };
    let (name, right) = (quoted(language, &discount.name), quoted(language, &discount.for_right));
    match language {
        Language::English => {
            format!("Discount {}, {name}, with {right}: {off}.", discount.order)
        }
        Language::German => format!("Nachlass {}, {name}, mit {right}: {off}.", discount.order),
    }
}

fn of_band(band: &Band, language: Language) -> String {
    let factor = decimal(language, band.factor);
    let from = band.from_percent;
    let until = band.until_below_percent.filter(|_| from > 0).map_or_else(String::new, |until| {
        match language {
            Language::English => format!(", until it is below {until} %"),
            Language::German => format!(", bis es unter {until} % sind"),
        }
    });
    match language {
        Language::English => format!("From {from} % full: prices times {factor}{until}."),
        Language::German => format!("Ab {from} % Belegung: Preise mal {factor}{until}."),
    }
}

fn of_product(product: &Product, currency: &Currency, language: Language, text: &mut Vec<String>) {
    let money = |decimal: Decimal| amount(language, currency, decimal);
    let mut conditions = Vec::new();
    if let Some(right) = &product.right {
        let right = quoted(language, right);
        conditions.push(format!("{} {right}", say(language, "only with", "nur mit")));
    }
    if let Some(enter) = &product.enter {
        conditions.push(format!(
            "{}: {}",
            say(language, "entry", "Einfahrt"),
            when(language, enter)
        ));
    }
    if let Some(leave) = &product.leave {
        let day = match leave.days_after {
            0 => say(language, "on the same day", "am selben Tag"),
            1 => say(language, "on the next day", "am nächsten Tag"),
            n => format!("{n} {}", say(language, "days later", "Tage später")),
        };
        conditions.push(format!(
            "{} {day}: {}",
            say(language, "exit", "Ausfahrt"),
            when(language, &leave.when)
        ));
    }
    if let Some(within) = &product.within {
        conditions.push(format!(
            "{}: {}",
            say(language, "whole stay within", "ganzer Aufenthalt in"),
            when(language, within)
        ));
    }
    if let Some(shortest) = product.shortest {
        let from = say(language, "stays of at least", "Aufenthalte von mindestens");
        conditions.push(format!("{from} {}", length(language, shortest)));
    }
    if let Some(longest) = product.longest {
        let up_to = say(language, "stays of at most", "Aufenthalte von höchstens");
        conditions.push(format!("{up_to} {}", length(language, longest)));
    }
    if product.priority > 0 {
        conditions.push(format!("{} {}", say(language, "priority", "Priorität"), product.priority));
    }
    let conditions =
        if conditions.is_empty() { String::new() } else { format!(" ({})", conditions.join("; ")) };
    text.push(format!("{}{conditions}", quoted(language, &product.name)));
    for line in &product.lines {
        text.push(format!("  - {}", of_line(line, currency, language)));
    }
    match product.otherwise {
        Some(Otherwise::Free) => text.push(format!(
            "  - {}",
            say(language, "all other time is free", "alle übrige Zeit ist kostenlos")
        )),
        Some(Otherwise::Closed) => text.push(format!(
            "  - {}",
            say(
                language,
                "at all other times there is no price",
                "zu allen übrigen Zeiten gibt es keinen Preis"
            )
        )),
        None => {}
    }
    for cap in &product.caps {
        text.push(format!("  - {}", of_cap(cap, currency, language)));
    }
    if let Some(minimum) = product.minimum {
        let free = match minimum.when_free {
            Some(WhenFree::Waived) => {
                say(language, "not where it is free", "nicht, wenn es kostenlos ist")
            }
            _ => say(language, "even where the rest is free", "auch wenn der Rest kostenlos ist"),
        };
        text.push(format!(
            "  - {} {} ({free})",
            say(language, "at least", "mindestens"),
            money(minimum.amount)
        ));
    }
    if let Some(maximum) = product.maximum {
        text.push(format!(
            "  - {} {} {}",
            say(language, "at most", "höchstens"),
            money(maximum),
            say(language, "for the whole stay", "für den ganzen Aufenthalt")
        ));
    }
}

fn of_line(line: &Line, currency: &Currency, language: Language) -> String {
    let mut place = Vec::new();
    if !line.bays.is_empty() {
        place.push(format!("{} {}", say(language, "bays", "Plätze"), line.bays.join(", ")));
    }
    if !line.zones.is_empty() {
        place.push(format!("{} {}", say(language, "in", "in"), line.zones.join(", ")));
    }
    let place = if place.is_empty() { String::new() } else { format!(", {}", place.join(", ")) };
    format!(
        "{} ({}{place}): {}",
        line.name,
        when(language, &line.when),
        of_price(&line.price, currency, language)
    )
}

fn of_price(price: &Price, currency: &Currency, language: Language) -> String {
    let money = |decimal: Decimal| amount(language, currency, decimal);
    match price {
        Price::Free => say(language, "free", "kostenlos"),
        Price::Closed => say(language, "closed, no price", "geschlossen, kein Preis"),
        Price::PerUnit(unit) => per_unit(unit, currency, language),
        Price::Flat { amount, each: once } => {
            let once = match once {
                Some(Each::Window) => say(language, "for each such time", "für jede solche Zeit"),
                Some(Each::Period(period)) => {
                    format!("{} {}", say(language, "for each", "je"), each(language, *period))
                }
                Some(Each::Stay) | None => say(language, "once", "einmal"),
            };
            format!(
                "{} {once}, {}",
                money(*amount),
                say(language, "however long", "egal wie lange")
            )
        }
        Price::Tiers { tiers, after, anew } => {
            let up_to = say(language, "up to", "bis");
            let mut sorted: Vec<_> = tiers.iter().collect();
            sorted.sort_by_key(|tier| tier.up_to.seconds());
            let mut words: Vec<String> = sorted
                .iter()
                .map(|tier| {
                    format!(
                        "{up_to} {} {}",
                        elapsed(language, tier.up_to.seconds().unwrap_or(0)),
                        money(tier.total)
                    )
                })
                .collect();
            match after {
                Some(After::PerUnit(unit)) => words.push(format!(
                    "{} {}",
                    say(language, "then", "danach"),
                    per_unit(unit, currency, language)
                )),
                Some(After::NothingMore) => {
                    words.push(say(language, "then nothing more", "danach nichts mehr"));
                }
                Some(After::Closed) | None => words.push(say(
                    language,
                    "not for longer stays",
                    "nicht für längere Aufenthalte",
                )),
            }
            if let Some(Anew::Each(period)) = anew {
                let each = each(language, *period);
                words.push(match (language, period) {
                    (Language::English, _) => format!("anew with each {each}"),
                    (Language::German, Period::CalendarDay | Period::CalendarMonth) => {
                        format!("mit jedem {each} von vorn")
                    }
                    (Language::German, _) => format!("nach je {each} von vorn"),
                });
            }
            words.join("; ")
        }
    }
}

fn per_unit(unit: &PerUnit, currency: &Currency, language: Language) -> String {
    let price = amount(language, currency, unit.amount);
    let per = say(language, "per", "je");
    match unit.step {
        Some(Step::Started(step)) if step == unit.per => {
            format!("{price} {per} {}", started(language, step))
        }
        Some(Step::Started(step)) => format!(
            "{price} {per} {}, {} {}",
            each(language, unit.per),
            say(language, "charged for each", "berechnet je"),
            started(language, step)
        ),
        Some(Step::Exact) | None => format!(
            "{price} {per} {}, {}",
            each(language, unit.per),
            say(language, "charged to the second", "auf die Sekunde berechnet")
        ),
    }
}

/// A cap, and its answers.
pub(super) fn of_cap(cap: &Cap, currency: &Currency, language: Language) -> String {
    let period = match cap.period {
        Some(CapPeriod::Period(period)) => within(language, period),
        Some(CapPeriod::Window) | None => say(language, "in its time", "in seiner Zeit"),
    };
    let holds = match cap.holds {
        Some(Holds::Once) => say(language, "once, the first time", "einmal, beim ersten Mal"),
        _ => say(language, "every time", "jedes Mal"),
    };
    let time = cap.when.as_ref().map(|w| format!(" ({})", when(language, w))).unwrap_or_default();
    format!(
        "{}{time}: {} {} {period}, {holds}",
        cap.name,
        say(language, "at most", "höchstens"),
        amount(language, currency, cap.amount)
    )
}
