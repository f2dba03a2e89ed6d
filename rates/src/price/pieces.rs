//! A stay cut into pieces, each under one line of a product.

use super::place::{Place, Span};
use super::{Part, Reason};
use crate::bill::Unpriced;
use crate::spot;
use crate::table::{Otherwise, Price, Product};

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Charged by the line of this index.
    Line(usize),
    /// Free by the line of this index.
    Free(Option<usize>),
    /// Covered by a right.
    Covered,
}

/// A part of a stay under one line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub from: i64,
    pub until: i64,
    pub what: What,
    /// Where the line's window began.
    pub begin: i64,
    /// Which part of the stay it is of.
    pub part: usize,
}

/// Cuts the parts of a stay by a product's lines.
pub(crate) fn pieces(
    product: &Product,
    place: &Place<'_>,
    parts: &[Part<'_>],
) -> Result<Vec<Piece>, Reason> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(Vec::new()) };
    let spans: Vec<Vec<Span>> =
        product.lines.iter().map(|line| place.spans(&line.when, first.from, last.until)).collect();
    let mut next: Vec<usize> = vec![0; spans.len()];
    let mut found: Vec<Piece> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let covered = part.covered;
        let mut at = part.from;
        while at < part.until {
            let (what, begin, end) = if covered {
                (What::Covered, i64::MIN, part.until)
            } else {
                let (what, begin, end) = at_instant(product, &spans, &mut next, part, at)?;
                (what, begin, end.min(part.until))
            };
            match found.last_mut() {
                Some(piece)
                    if piece.what == what && piece.begin == begin && piece.part == number =>
                {
                    piece.until = end;
                }
                _ => found.push(Piece { from: at, until: end, what, begin, part: number }),
            }
            at = end;
        }
    }
    Ok(found)
}

/// What holds at an instant, since when its window, and until when nothing changes.
fn at_instant(
    product: &Product,
    spans: &[Vec<Span>],
    next: &mut [usize],
    part: &Part<'_>,
    at: i64,
) -> Result<(What, i64, i64), Reason> {
    let mut end = i64::MAX;
    let mut best: Option<(u32, usize, i64)> = None;
    for (index, line) in product.lines.iter().enumerate() {
        if !part.spot().suits(line) {
            continue;
        }
        while spans[index].get(next[index]).is_some_and(|span| span.until <= at) {
            next[index] += 1;
        }
        let Some(span) = spans[index].get(next[index]) else { continue };
        if span.from > at {
            end = end.min(span.from);
            continue;
        }
        end = end.min(span.until);
        match best {
            Some((priority, other, _)) if priority == line.priority => {
                return Err(Reason::Fault(Unpriced::BadTable(format!(
                    "product \"{}\": lines \"{}\" and \"{}\" hold at the same time",
                    product.name, product.lines[other].name, line.name
                ))));
            }
            Some((priority, ..)) if priority > line.priority => {}
            _ => best = Some((line.priority, index, span.begin)),
        }
    }
    let Some((_, index, begin)) = best else {
        // `otherwise` is about time. A place that the product is not for has no price at any.
        if !spot::serves(product, part.spot()) {
            return Err(Reason::NotFor(spot::unserved(product, part.spot())));
        }
        return match product.otherwise {
            Some(Otherwise::Free) => Ok((What::Free(None), i64::MIN, end)),
            Some(Otherwise::Closed) | None => {
                Err(Reason::NotFor("the stay runs into time that has no price".to_owned()))
            }
        };
    };
    match product.lines[index].price {
        Price::Free => Ok((What::Free(Some(index)), begin, end)),
        Price::Closed => {
            let name = &product.lines[index].name;
            Err(Reason::NotFor(format!("\"{name}\" is closed, and the stay runs into it")))
        }
        _ => Ok((What::Line(index), begin, end)),
    }
}
