//! Lines of a bill: charges joined and rounded, and what caps, a minimum and a maximum do to them.

use chrono::{DateTime, Utc};

use super::Reason;
use super::entry::Parked;
use super::meter::{Charge, Unit};
use super::pieces::What;
use super::place::{Periods, Place, Span};
use crate::bill::{BillLine, Kind, Unpriced};
use crate::period::Period;
use crate::ratio::{Mode, Ratio};
use crate::table::{Cap, CapPeriod, Holds, Product, RateTable, WhenFree};

/// Makes money of fractions, as the table says.
pub(crate) struct Rounder<'a> {
    pub table: &'a RateTable,
    mode: Mode,
    to: i64,
}

impl<'a> Rounder<'a> {
    pub fn new(table: &'a RateTable) -> Result<Self, Unpriced> {
        let Some(rounding) = table.rules.rounding else {
            return Err(Unpriced::Unanswered("rules.rounding".to_owned()));
        };
        let to = rounding.to.minor(&table.currency)?;
        let whole =
            i64::try_from(to.numerator()).ok().filter(|to| *to > 0 && to_whole(rounding.to, table));
        let Some(to) = whole else {
            return Err(Unpriced::BadTable(format!(
                "rounding to {} is not a multiple of the minor unit of {}",
                rounding.to,
                table.currency.code()
            )));
        };
        Ok(Self { table, mode: rounding.mode, to })
    }

    /// A fraction of minor units as money.
    pub fn round(&self, amount: Ratio) -> Result<i64, crate::ratio::Overflow> {
        let steps = amount.div(Ratio::whole(i128::from(self.to)))?.round(self.mode);
        let minor = steps.checked_mul(i128::from(self.to)).ok_or(crate::ratio::Overflow)?;
        // So far below the end of 64 bits that the sum of a bill's lines cannot reach it.
        i64::try_from(minor).ok().filter(|n| n.abs() < 1 << 50).ok_or(crate::ratio::Overflow)
    }

    /// A line without units.
    pub fn plain(&self, kind: Kind, rule: &str, from: i64, until: i64, amount: i64) -> BillLine {
        BillLine {
            kind,
            rule: rule.to_owned(),
            version: self.table.version,
            from: instant(from),
            until: instant(until),
            units: 0,
            unit: String::new(),
            unit_price: (0, 1),
            factor: None,
            amount,
        }
    }

    /// The lines of charges: those that follow each other under one rule, price and account are one.
    pub fn lines(
        &self,
        product: &Product,
        charges: &[Charge],
        accounts: &Accounts,
        lines: &mut Vec<BillLine>,
    ) -> Result<(), Reason> {
        let mut charges = charges.iter().peekable();
        while let Some(first) = charges.next() {
            let mut joined = *first;
            while let Some(next) = charges
                .next_if(|next| joins(&joined, next) && accounts.same(joined.from, next.from))
            {
                joined.until = next.until;
                joined.units += next.units;
                joined.amount = joined.amount.add(next.amount)?;
            }
            let (kind, rule) = match joined.what {
                What::Line(line) => (Kind::Charge, product.lines[line].name.as_str()),
                What::Free(line) => {
                    (Kind::Free, line.map_or("otherwise", |line| &product.lines[line].name))
                }
                What::Covered => (Kind::Covered, "covered_by"),
            };
            let price = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
            lines.push(BillLine {
                units: joined.units,
                unit: shown(joined.unit),
                unit_price: (price(joined.price.numerator()), price(joined.price.denominator())),
                factor: joined.factor,
                ..self.plain(kind, rule, joined.from, joined.until, self.round(joined.amount)?)
            });
        }
        Ok(())
    }
}

fn to_whole(to: crate::money::Decimal, table: &RateTable) -> bool {
    to.minor(&table.currency).is_ok_and(|to| to.denominator() == 1)
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

fn joins(a: &Charge, b: &Charge) -> bool {
    a.what == b.what
        && a.unit == b.unit
        && a.factor == b.factor
        && (a.price == b.price || b.price.is_zero())
        && !matches!(a.unit, Unit::Once(_))
        && a.until <= b.from
        || a.what == b.what && matches!(b.unit, Unit::Once(_)) && b.units == 0
}

fn shown(unit: Unit) -> String {
    match unit {
        Unit::Step(seconds) => elapsed(seconds),
        Unit::Second => "PT1S".to_owned(),
        Unit::UpTo(seconds) => format!("up to {}", elapsed(seconds)),
        Unit::More(seconds) => format!("on to {}", elapsed(seconds)),
        Unit::Over(period) => format!("over {period}"),
        Unit::Period(period) => period.to_string(),
        Unit::Once(what) => what.to_owned(),
        Unit::None => String::new(),
    }
}

fn elapsed(seconds: i64) -> String {
    u32::try_from(seconds).map_or_else(|_| String::new(), |s| Period::Elapsed(s).to_string())
}

/// The accounts of a product's caps: for each cap, in the order in which they are applied, where its
/// periods begin.
pub(crate) struct Accounts {
    caps: Vec<(usize, Account)>,
}

enum Account {
    Periods(Periods, Option<Vec<Span>>),
    Windows(Vec<Span>),
}

impl Accounts {
    pub fn new(product: &Product, place: &Place<'_>, from: i64, until: i64) -> Self {
        let mut caps: Vec<(usize, Account)> = Vec::with_capacity(product.caps.len());
        for (index, cap) in product.caps.iter().enumerate() {
            let spans = cap.when.as_ref().map(|when| place.spans(when, from, until));
            let account = match cap.period {
                Some(CapPeriod::Period(period)) => {
                    Account::Periods(Periods::new(place, period, from, until), spans)
                }
                Some(CapPeriod::Window) | None => Account::Windows(spans.unwrap_or_default()),
            };
            caps.push((index, account));
        }
        caps.sort_by_key(|(index, _)| rank(&product.caps[*index]));
        Self { caps }
    }

    /// Where a charge must not run over.
    pub fn cuts(&self) -> Vec<i64> {
        let mut cuts = Vec::new();
        let edges = |spans: &[Span], cuts: &mut Vec<i64>| {
            cuts.extend(spans.iter().flat_map(|span| [span.from, span.until]));
        };
        for (_, account) in &self.caps {
            match account {
                Account::Windows(spans) => edges(spans, &mut cuts),
                Account::Periods(periods, spans) => {
                    cuts.extend(periods.begins());
                    edges(spans.as_deref().unwrap_or_default(), &mut cuts);
                }
            }
        }
        cuts
    }

    /// Whether two instants count for the same accounts of all caps.
    fn same(&self, a: i64, b: i64) -> bool {
        self.caps.iter().all(|(_, account)| account.index(a) == account.index(b))
    }

    /// Takes off what is above each cap, the shortest first.
    pub fn apply(
        &self,
        product: &Product,
        lines: &mut Vec<BillLine>,
        rounder: &Rounder<'_>,
    ) -> Result<(), Reason> {
        for (index, account) in &self.caps {
            let cap = &product.caps[*index];
            let most = rounder.round(cap.amount.minor(&rounder.table.currency)?)?;
            let mut sums: Vec<(usize, i64, i64, i64)> = Vec::new();
            for line in lines.iter() {
                let from = line.from.timestamp();
                let Some(period) = account.index(from) else { continue };
                let until = line.until.timestamp();
                match sums.iter_mut().rev().find(|sum| sum.0 == period) {
                    Some(sum) => (sum.1, sum.3) = (sum.1 + line.amount, sum.3.max(until)),
                    None => sums.push((period, line.amount, from, until)),
                }
            }
            for (period, sum, from, until) in sums {
                if sum > most && (period == 0 || cap.holds == Some(Holds::Repeats)) {
                    lines.push(rounder.plain(Kind::Cap, &cap.name, from, until, most - sum));
                }
            }
        }
        Ok(())
    }
}

impl Account {
    /// Which period an instant counts for, if it counts at all.
    fn index(&self, instant: i64) -> Option<usize> {
        match self {
            Self::Periods(periods, spans) => spans
                .as_ref()
                .is_none_or(|spans| span_of(spans, instant).is_some())
                .then(|| periods.index(instant)),
            Self::Windows(spans) => span_of(spans, instant),
        }
    }
}

fn span_of(spans: &[Span], instant: i64) -> Option<usize> {
    let index = spans.partition_point(|span| span.from <= instant).checked_sub(1)?;
    (instant < spans[index].until).then_some(index)
}

/// The order in which caps are applied: windows, then by length; the name decides between equals.
fn rank(cap: &Cap) -> (u8, u32, &str) {
    let (kind, length) = match cap.period {
        Some(CapPeriod::Window) | None => (0, 0),
        Some(CapPeriod::Period(period)) => match period {
            Period::Elapsed(seconds) => (1, seconds),
            Period::CalendarDay => (1, 86_400),
            Period::Days(days) => (1, 86_400 * u32::from(days.min(40_000))),
            Period::Months(months) => (2, u32::from(months)),
            Period::CalendarMonth => (2, 1),
        },
    };
    (kind, length, &cap.name)
}

/// The minimum first, then the maximum, of the whole stay.
pub(crate) fn limits(
    product: &Product,
    lines: &mut Vec<BillLine>,
    parked: &Parked<'_>,
    rounder: &Rounder<'_>,
) -> Result<(), Reason> {
    let currency = &rounder.table.currency;
    let sum = |lines: &[BillLine]| lines.iter().map(|line| line.amount).sum::<i64>();
    if let Some(minimum) = product.minimum {
        let least = rounder.round(minimum.amount.minor(currency)?)?;
        let found = sum(lines);
        if found < least && (found > 0 || minimum.when_free == Some(WhenFree::Applies)) {
            lines.push(rounder.plain(
                Kind::Minimum,
                "minimum",
                parked.from,
                parked.until,
                least - found,
            ));
        }
    }
    if let Some(maximum) = product.maximum {
        let most = rounder.round(maximum.minor(currency)?)?;
        let found = sum(lines);
        if found > most {
            lines.push(rounder.plain(
                Kind::Maximum,
                "maximum",
                parked.from,
                parked.until,
                most - found,
            ));
        }
    }
    Ok(())
}
