//! The meter: what each piece of a stay costs, exactly, before rounding and caps.

use super::pieces::{Piece, What};
use super::place::{Periods, Place};
use super::{Part, Reason};
use crate::bill::Unpriced;
use crate::money::{Currency, Decimal};
use crate::period::Period;
use crate::questions::step_seconds;
use crate::ratio::{Overflow, Ratio};
use crate::table::{After, Anew, Crossing, Each, FreeTime, PerUnit, Price, Product, Rules, Step};

/// What a charge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A started step of so many seconds.
    Step(i64),
    /// A second, where time is charged to the second and not by steps.
    Second,
    /// A period: a calendar day, say.
    Period(Period),
    /// A total by tiers, for a time up to so many seconds.
    UpTo(i64),
    /// What a tier costs more than the tier that was charged before.
    More(i64),
    /// The total of the last tier, behind which nothing more is charged.
    Over(Period),
    /// Once, for the stay or a window.
    Once(&'static str),
    /// Nothing: free or covered time.
    None,
}

/// An exact amount for a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charge {
    pub from: i64,
    pub until: i64,
    pub what: What,
    pub units: i64,
    pub unit: Unit,
    /// The price of a unit in minor units, with the factor.
    pub price: Ratio,
    pub amount: Ratio,
    pub factor: Option<Decimal>,
    /// The dial that counted it; none for free time.
    dial: Option<usize>,
}

/// How far the meter of a place and bay type has come.
#[derive(Default)]
struct Dial {
    /// Seconds of the last unit that are paid and not used.
    left: i64,
    /// Its place among the dials.
    number: usize,
    /// The line that was charged last.
    line: Option<usize>,
    /// Per line with tiers: the seconds charged, and in which period.
    tiers: Vec<(usize, i64, usize)>,
}

pub(crate) struct Meter<'a> {
    product: &'a Product,
    rules: &'a Rules,
    currency: &'a Currency,
    /// Per line: the periods of its tiers, its flat amount or its days.
    periods: Vec<Option<Periods>>,
    /// Where accounts change: a charge never runs over one, but for a unit that has begun.
    cuts: Vec<i64>,
    dials: Vec<(&'a str, &'a str, Dial)>,
    /// What a flat amount was charged for.
    flats: Vec<(usize, i64)>,
    charges: Vec<Charge>,
}

impl<'a> Meter<'a> {
    /// A meter for a stay between two instants. `accounts` are further instants to cut at.
    pub fn new(
        product: &'a Product,
        rules: &'a Rules,
        currency: &'a Currency,
        place: &Place<'_>,
        stay: (i64, i64),
        accounts: Vec<i64>,
    ) -> Self {
        let mut cuts = accounts;
        let mut periods = Vec::with_capacity(product.lines.len());
        for line in &product.lines {
            let period = match &line.price {
                Price::Tiers { anew: Some(Anew::Each(period)), .. } => Some(*period),
                Price::Flat { each: Some(Each::Period(period)), .. } => Some(*period),
                Price::PerUnit(unit) if unit.per.seconds().is_none() => Some(unit.per),
                _ => None,
            };
            let found = period.map(|period| Periods::new(place, period, stay.0, stay.1));
            cuts.extend(found.iter().flat_map(Periods::begins));
            periods.push(found);
        }
        cuts.sort_unstable();
        cuts.dedup();
        Self {
            product,
            rules,
            currency,
            periods,
            cuts,
            dials: Vec::new(),
            flats: Vec::new(),
            charges: Vec::new(),
        }
    }

    /// Charges the pieces of a stay.
    pub fn run(mut self, pieces: &[Piece], parts: &[Part<'a>]) -> Result<Vec<Charge>, Reason> {
        for piece in pieces {
            let part = &parts[piece.part];
            match piece.what {
                What::Line(line) => self.charge(piece, line, part)?,
                What::Free(_) | What::Covered => self.free(piece),
            }
        }
        if self.rules.crossing == Some(Crossing::LastStep) {
            self.last_step()?;
        }
        Ok(self.charges)
    }

    fn free(&mut self, piece: &Piece) {
        if self.rules.free_time == Some(FreeTime::Split) {
            for (.., dial) in &mut self.dials {
                dial.left = 0;
            }
        }
        self.charges.push(Charge {
            from: piece.from,
            until: piece.until,
            what: piece.what,
            units: 0,
            unit: Unit::None,
            price: Ratio::ZERO,
            amount: Ratio::ZERO,
            factor: None,
            dial: None,
        });
    }

    fn charge(&mut self, piece: &Piece, line: usize, part: &Part<'a>) -> Result<(), Reason> {
        let number = self
            .dials
            .iter()
            .position(|(zone, bay, _)| *zone == part.zone && *bay == part.bay)
            .unwrap_or_else(|| {
                self.dials.push((part.zone, part.bay, Dial::default()));
                self.dials.len() - 1
            });
        let mut dial = std::mem::take(&mut self.dials[number].2);
        if self.rules.crossing.is_none()
            && dial.left > 0
            && let Some(before) = dial.line.filter(|before| *before != line)
        {
            let name = |line: usize| &self.product.lines[line].name;
            return Err(Reason::Fault(Unpriced::Unanswered(format!(
                "rules.crossing (in product \"{}\", a unit of line \"{}\" runs into line \"{}\")",
                self.product.name,
                name(before),
                name(line)
            ))));
        }
        if self.rules.crossing == Some(Crossing::BySegment) && dial.line != Some(line) {
            dial.left = 0;
        }
        (dial.line, dial.number) = (Some(line), number);
        let mut at = piece.from;
        while at < piece.until {
            if dial.left > 0 {
                let used = dial.left.min(piece.until - at);
                (at, dial.left) = (at + used, dial.left - used);
                continue;
            }
            let cut = self.cuts.get(self.cuts.partition_point(|cut| *cut <= at));
            let limit = cut.map_or(piece.until, |cut| (*cut).min(piece.until));
            self.stretch(piece, line, part.factor, &mut dial, at, limit)?;
            at = limit;
        }
        self.dials[number].2 = dial;
        Ok(())
    }

    /// Charges a time in which nothing changes.
    fn stretch(
        &mut self,
        piece: &Piece,
        line: usize,
        factor: Option<Decimal>,
        dial: &mut Dial,
        from: i64,
        until: i64,
    ) -> Result<(), Reason> {
        let price = |amount: Decimal| -> Result<Ratio, Overflow> {
            let minor = amount.minor(self.currency)?;
            factor.map_or(Ok(minor), |factor| minor.mul(factor.ratio()))
        };
        let rate = |unit: &PerUnit, part: i64| -> Result<Ratio, Reason> {
            let per = unit
                .per
                .seconds()
                .filter(|per| *per > 0)
                .ok_or_else(|| bad("`per` has no seconds"))?;
            Ok(price(unit.amount)?.mul(Ratio::new(i128::from(part), i128::from(per))?)?)
        };
        let (units, unit, each) = match &self.product.lines[line].price {
            Price::PerUnit(unit) if unit.per.seconds().is_none() => {
                let Some(periods) = &self.periods[line] else {
                    return Err(bad("`per` has no period"));
                };
                if unit.step != Some(Step::Started(unit.per)) {
                    return Err(bad(
                        "a price per day or month is charged in whole ones: write `step` as `per`",
                    ));
                }
                let period = i64::try_from(periods.index(from)).unwrap_or(i64::MAX);
                if self.seen(line, period) {
                    (0, Unit::Period(unit.per), Ratio::ZERO)
                } else {
                    (1, Unit::Period(unit.per), price(unit.amount)?)
                }
            }
            Price::PerUnit(unit) => match step_seconds(unit) {
                Some(step) if self.rules.crossing != Some(Crossing::LastStep) => {
                    if step <= 0 {
                        return Err(bad("a step has no length"));
                    }
                    let units = (until - from + step - 1) / step;
                    dial.left = units * step - (until - from);
                    (units, Unit::Step(step), rate(unit, step)?)
                }
                _ => (until - from, Unit::Second, rate(unit, 1)?),
            },
            Price::Flat { amount, each } => {
                let (what, name) = match each {
                    Some(Each::Window) => (piece.begin, "window"),
                    Some(Each::Period(_)) => {
                        let index = self.periods[line].as_ref().map_or(0, |p| p.index(from));
                        (i64::try_from(index).unwrap_or(i64::MAX), "period")
                    }
                    Some(Each::Stay) | None => (0, "stay"),
                };
                let unit = match each {
                    Some(Each::Period(period)) => Unit::Period(*period),
                    _ => Unit::Once(name),
                };
                if self.seen(line, what) {
                    (0, unit, Ratio::ZERO)
                } else {
                    (1, unit, price(*amount)?)
                }
            }
            Price::Tiers { tiers, after, .. } => {
                let period = self.periods[line].as_ref().map_or(0, |periods| periods.index(from));
                let used = used(dial, line, period);
                let before = *used;
                *used += until - from;
                let total = |seconds: i64| -> Result<(Ratio, Unit), Reason> {
                    tier_total(tiers, after.as_ref(), seconds, &price, &rate)
                };
                let (now, unit) = total(*used)?;
                let amount = if before == 0 { now } else { now.sub(total(before)?.0)? };
                let unit = match unit {
                    Unit::UpTo(seconds) if before > 0 => Unit::More(seconds),
                    other => other,
                };
                (i64::from(!amount.is_zero()), unit, amount)
            }
            Price::Free | Price::Closed => return Ok(()),
        };
        let amount = each.mul(Ratio::whole(i128::from(units)))?;
        self.push(Charge {
            from,
            until,
            what: piece.what,
            units,
            unit,
            price: each,
            amount,
            factor,
            dial: Some(dial.number),
        });
        Ok(())
    }

    fn seen(&mut self, line: usize, what: i64) -> bool {
        let seen = self.flats.contains(&(line, what));
        if !seen {
            self.flats.push((line, what));
        }
        seen
    }

    fn push(&mut self, charge: Charge) {
        self.charges.push(charge);
    }

    /// Rounds the whole time that was charged in the last place up to a multiple of the last price's
    /// step; what is added has the last price. Time in another place (charging, where parking followed)
    /// stays exact, as OCPI has it.
    fn last_step(&mut self) -> Result<(), Reason> {
        let exact = |charge: &&Charge| charge.unit == Unit::Second;
        let Some(place) = self.charges.iter().rev().find(exact).map(|charge| charge.dial) else {
            return Ok(());
        };
        let same_place = self.charges.iter().filter(exact).filter(|charge| charge.dial == place);
        let seconds: i64 = same_place.map(|charge| charge.units).sum();
        let product = self.product;
        let last = self.charges.iter_mut().rev().find(|charge| charge.unit == Unit::Second);
        let Some(last) = last else { return Ok(()) };
        let What::Line(line) = last.what else { return Ok(()) };
        let Price::PerUnit(unit) = &product.lines[line].price else { return Ok(()) };
        let Some(step) = step_seconds(unit).filter(|step| *step > 0) else { return Ok(()) };
        last.units += (step - seconds % step) % step;
        last.amount = last.price.mul(Ratio::whole(i128::from(last.units)))?;
        Ok(())
    }
}

/// The seconds that a line's tiers have counted in a period; a new period begins at 0.
fn used(dial: &mut Dial, line: usize, period: usize) -> &mut i64 {
    let at = dial.tiers.iter().position(|tier| tier.0 == line).unwrap_or_else(|| {
        dial.tiers.push((line, 0, period));
        dial.tiers.len() - 1
    });
    let (_, used, when) = &mut dial.tiers[at];
    if *when != period {
        (*used, *when) = (0, period);
    }
    used
}

/// The total of a time by its tiers, and what it is for.
fn tier_total(
    tiers: &[crate::table::Tier],
    after: Option<&After>,
    seconds: i64,
    price: &dyn Fn(Decimal) -> Result<Ratio, Overflow>,
    rate: &dyn Fn(&PerUnit, i64) -> Result<Ratio, Reason>,
) -> Result<(Ratio, Unit), Reason> {
    let length = |tier: &crate::table::Tier| tier.up_to.seconds().unwrap_or(0);
    if let Some(tier) =
        tiers.iter().filter(|tier| length(tier) >= seconds).min_by_key(|t| length(t))
    {
        return Ok((price(tier.total)?, Unit::UpTo(length(tier))));
    }
    let Some(last) = tiers.iter().max_by_key(|tier| length(tier)) else {
        return Err(bad("there are no tiers"));
    };
    let total = price(last.total)?;
    let beyond = seconds - length(last);
    match after {
        Some(After::NothingMore) => Ok((total, Unit::Over(last.up_to))),
        Some(After::PerUnit(unit)) => {
            let more = match step_seconds(unit) {
                Some(step) if step > 0 => (beyond + step - 1) / step * step,
                _ => beyond,
            };
            Ok((total.add(rate(unit, more)?)?, Unit::UpTo(length(last) + more)))
        }
        Some(After::Closed) | None => {
            Err(Reason::NotFor(format!("it is for stays up to {}", last.up_to)))
        }
    }
}

fn bad(what: &str) -> Reason {
    Reason::Fault(Unpriced::BadTable(what.to_owned()))
}
