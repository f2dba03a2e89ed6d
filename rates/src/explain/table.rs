//! A table in plain words.

use super::Language;
use super::words::{length, say, when};
use crate::ratio::Mode;
use crate::table::{
    After, Anew, Cap, CapPeriod, Ceiling, Change, Crossing, Each, FreeTime, Grace, Holds, Line,
    Off, Otherwise, PerUnit, Price, Prices, Product, RateTable, Reentry, Step, WhenFree,
};

/// A table in plain words.
pub fn explain(table: &RateTable, language: Language) -> String {
    let code = table.currency.code();
    let mut text = vec![match language {
        Language::English => {
            format!(
                "{} (table {}, version {}). Amounts in {code}, times of {}.",
                table.name, table.id, table.version, table.time_zone
            )
        }
        Language::German => {
            format!(
                "{} (Tafel {}, Fassung {}). Beträge in {code}, Zeiten von {}.",
                table.name, table.id, table.version, table.time_zone
            )
        }
    }];
    if table.products.len() > 1 {
        text.push(say(
            language,
            "The cheapest that a stay qualifies for is charged; a higher priority goes first.",
            "Abgerechnet wird das Günstigste, das zum Aufenthalt passt; eine höhere Priorität geht vor.",
        ));
    }
    for product in &table.products {
        of_product(product, language, &mut text);
    }
    for discount in &table.discounts {
        let off = match discount.off {
            Off::Percent(percent) => format!("{percent} %"),
            Off::Amount(amount) => format!("{amount}"),
            Off::FreeTime(period) => length(language, period),
        };
        text.push(match language {
            Language::English => format!(
                "Discount {}. \"{}\" for \"{}\": {off} off.",
                discount.order, discount.name, discount.for_right
            ),
            Language::German => format!(
                "Nachlass {}. \"{}\" für \"{}\": {off}.",
                discount.order, discount.name, discount.for_right
            ),
        });
    }
    if !table.covered_by.is_empty() {
        let word = say(language, "Parking costs nothing under", "Parken kostet nichts mit");
        text.push(format!("{word}: {}.", table.covered_by.join(", ")));
    }
    for tax in &table.taxes {
        let inside = match tax.prices {
            Some(Prices::ExcludeTax) => {
                say(language, "on top of the prices", "kommt zu den Preisen dazu")
            }
            _ => say(language, "inside the prices", "ist in den Preisen enthalten"),
        };
        text.push(format!("{} {} %: {inside}.", tax.name, tax.percent));
    }
    for band in &table.occupancy {
        text.push(match language {
            Language::English => format!(
                "From {} % full: prices times {}, until below {} %.",
                band.from_percent,
                band.factor,
                band.until_below_percent.unwrap_or(0)
            ),
            Language::German => format!(
                "Ab {} % belegt: Preise mal {}, bis unter {} %.",
                band.from_percent,
                band.factor,
                band.until_below_percent.unwrap_or(0)
            ),
        });
    }
    if let Some(fee) = table.lost_ticket {
        let word = say(language, "Where no entry is known", "Wenn keine Einfahrt bekannt ist");
        text.push(format!("{word}: {fee}."));
    }
    rules(table, language, &mut text);
    text.join("\n")
}

fn of_product(product: &Product, language: Language, text: &mut Vec<String>) {
    let mut conditions = Vec::new();
    if let Some(right) = &product.right {
        conditions.push(format!("{} \"{right}\"", say(language, "only with", "nur mit")));
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
    if let Some(longest) = product.longest {
        conditions.push(format!(
            "{} {}",
            say(language, "at most", "höchstens"),
            length(language, longest)
        ));
    }
    if product.priority > 0 {
        conditions.push(format!("{} {}", say(language, "priority", "Priorität"), product.priority));
    }
    let conditions =
        if conditions.is_empty() { String::new() } else { format!(" ({})", conditions.join("; ")) };
    text.push(format!("\"{}\"{conditions}", product.name));
    for line in &product.lines {
        text.push(format!("  - {}", of_line(line, language)));
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
        text.push(format!("  - {}", of_cap(cap, language)));
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
            minimum.amount
        ));
    }
    if let Some(maximum) = product.maximum {
        text.push(format!(
            "  - {} {maximum} {}",
            say(language, "at most", "höchstens"),
            say(language, "for the whole stay", "für den ganzen Aufenthalt")
        ));
    }
}

fn of_line(line: &Line, language: Language) -> String {
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
        of_price(&line.price, language)
    )
}

fn of_price(price: &Price, language: Language) -> String {
    match price {
        Price::Free => say(language, "free", "kostenlos"),
        Price::Closed => say(language, "closed, no price", "geschlossen, kein Preis"),
        Price::PerUnit(unit) => per_unit(unit, language),
        Price::Flat { amount, each } => {
            let each = match each {
                Some(Each::Window) => say(language, "for each such time", "für jede solche Zeit"),
                Some(Each::Period(period)) => {
                    format!("{} {}", say(language, "for each", "je"), length(language, *period))
                }
                Some(Each::Stay) | None => say(language, "once", "einmal"),
            };
            format!("{amount} {each}, {}", say(language, "however long", "egal wie lange"))
        }
        Price::Tiers { tiers, after, anew } => {
            let up_to = say(language, "up to", "bis");
            let mut sorted: Vec<_> = tiers.iter().collect();
            sorted.sort_by_key(|tier| tier.up_to.seconds());
            let mut words: Vec<String> = sorted
                .iter()
                .map(|tier| format!("{up_to} {} {}", length(language, tier.up_to), tier.total))
                .collect();
            match after {
                Some(After::PerUnit(unit)) => words.push(format!(
                    "{} {}",
                    say(language, "then", "danach"),
                    per_unit(unit, language)
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
                words.push(format!(
                    "{} {}",
                    say(language, "anew with each", "neu mit jedem Abschnitt:"),
                    length(language, *period)
                ));
            }
            words.join("; ")
        }
    }
}

fn per_unit(unit: &PerUnit, language: Language) -> String {
    let per = length(language, unit.per);
    let step = match unit.step {
        Some(Step::Started(step)) => {
            format!(
                "{} {}",
                say(language, "charged for each started", "berechnet je angefangene"),
                length(language, step)
            )
        }
        Some(Step::Exact) | None => say(language, "to the second", "auf die Sekunde"),
    };
    format!("{} {} {per}, {step}", unit.amount, say(language, "per", "je"))
}

fn of_cap(cap: &Cap, language: Language) -> String {
    let period = match cap.period {
        Some(CapPeriod::Period(period)) => {
            format!("{} {}", say(language, "in", "in"), length(language, period))
        }
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
        cap.amount
    )
}

fn rules(table: &RateTable, language: Language, text: &mut Vec<String>) {
    let rules = &table.rules;
    let mut push = |english: String, german: String| {
        text.push(match language {
            Language::English => english,
            Language::German => german,
        });
    };
    let long = |period| length(language, period);
    match rules.grace {
        Some(Grace::Forgives(p)) => push(
            format!(
                "A stay shorter than {} is free; a longer one is charged from its start.",
                long(p)
            ),
            format!("Unter {} kostet nichts; länger wird von Anfang an berechnet.", long(p)),
        ),
        Some(Grace::Allowance(p)) => push(
            format!("The first {} are free for every stay.", long(p)),
            format!("Die ersten {} sind für jeden frei.", long(p)),
        ),
        Some(Grace::None) | None => {
            push("No free time at the start.".into(), "Am Anfang ist nichts frei.".into());
        }
    }
    if let Some(leave) = rules.leave_grace {
        push(
            format!("{} to leave after paying.", long(leave)),
            format!("{} zum Ausfahren nach dem Bezahlen.", long(leave)),
        );
    }
    match rules.crossing {
        Some(Crossing::ByEntry) => push("A unit has the price under which it began.".into(), "Eine Einheit hat den Preis, unter dem sie begann.".into()),
        Some(Crossing::BySegment) => push("Where the price changes, a unit ends and a new one begins.".into(), "Wo der Preis wechselt, endet eine Einheit und eine neue beginnt.".into()),
        Some(Crossing::LastStep) => push("Time is charged exactly; the whole is rounded up to the last price's step.".into(), "Die Zeit wird genau berechnet; das Ganze wird auf den Schritt des letzten Preises aufgerundet.".into()),
        None => {}
    }
    match rules.change_while_parked {
        Some(Change::Entry) => push(
            "The price of the entry holds for the whole stay.".into(),
            "Der Preis der Einfahrt gilt für den ganzen Aufenthalt.".into(),
        ),
        Some(Change::Segment) => push(
            "Each part of a stay has the price of its own time.".into(),
            "Jeder Teil hat den Preis seiner eigenen Zeit.".into(),
        ),
        None => {}
    }
    match rules.free_time {
        Some(FreeTime::Skip) => push(
            "Free time is skipped; the unit goes on behind it.".into(),
            "Freie Zeit wird übersprungen; die Einheit läuft dahinter weiter.".into(),
        ),
        Some(FreeTime::Split) => {
            push("Free time ends a unit.".into(), "Freie Zeit beendet eine Einheit.".into());
        }
        None => {}
    }
    match rules.reentry {
        Some(Reentry::OneStayWithin(p)) => push(
            format!("Back within {}: one stay, time outside included.", long(p)),
            format!(
                "Zurück innerhalb von {}: ein Aufenthalt, die Zeit draußen zählt mit.",
                long(p)
            ),
        ),
        Some(Reentry::Separate) | None => push(
            "Each entry is a stay of its own.".into(),
            "Jede Einfahrt ist ein eigener Aufenthalt.".into(),
        ),
    }
    if let Some(rounding) = rules.rounding {
        let (english, german) = match rounding.mode {
            Mode::HalfUp => ("to the nearest, halves up", "kaufmännisch"),
            Mode::HalfEven => ("to the nearest, halves to even", "zur nächsten geraden"),
            Mode::Up => ("up", "auf"),
            Mode::Down => ("down", "ab"),
        };
        push(
            format!("Each line is rounded {english}, to {}.", rounding.to),
            format!("Jede Zeile wird gerundet: {german}, auf {}.", rounding.to),
        );
    }
    if let Some(Ceiling::Amount(amount)) = rules.hold_above {
        push(
            format!("A bill above {amount} is held for a person."),
            format!("Eine Rechnung über {amount} sieht erst ein Mensch an."),
        );
    }
}
