//! Exact fractions. Every operation is checked: what does not fit is told, never wrapped.

use std::cmp::Ordering;

/// A number too large for exact arithmetic in 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount is too large to be reckoned exactly; look at the prices and the dates")]
pub struct Overflow;

/// An exact fraction in lowest terms, with a denominator above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

/// How a fraction becomes a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// To the nearest; a half goes away from zero.
    HalfUp,
    /// To the nearest; a half goes to the even neighbour.
    HalfEven,
    /// Away from zero.
    Up,
    /// Towards zero: the rest is dropped.
    Down,
}

#[allow(clippy::should_implement_trait, reason = "the traits cannot say that it does not fit")]
impl Ratio {
    /// Nothing: where sums begin.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// The factor that changes nothing.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator / denominator`; a denominator of 0 is an [`Overflow`].
    pub fn new(numerator: i128, denominator: i128) -> Result<Self, Overflow> {
        if denominator == 1 {
            return Ok(Self { numerator, denominator });
        }
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).map_err(|_| Overflow)?;
        if denominator == 0 || divisor == 0 {
            return Err(Overflow);
        }
        let (n, d) = (numerator / divisor, denominator / divisor);
        if d > 0 {
            return Ok(Self { numerator: n, denominator: d });
        }
        let numerator = n.checked_neg().ok_or(Overflow)?;
        Ok(Self { numerator, denominator: d.checked_neg().ok_or(Overflow)? })
    }

    /// A whole number.
    pub const fn whole(number: i128) -> Self {
        Self { numerator: number, denominator: 1 }
    }

    /// The part above the line, in lowest terms.
    pub const fn numerator(self) -> i128 {
        self.numerator
    }

    /// The part below the line, in lowest terms; above zero.
    pub const fn denominator(self) -> i128 {
        self.denominator
    }

    /// Whether this is below zero.
    pub const fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// Whether this is zero.
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The exact sum, in lowest terms.
    pub fn add(self, other: Self) -> Result<Self, Overflow> {
        let left = self.numerator.checked_mul(other.denominator).ok_or(Overflow)?;
        let right = other.numerator.checked_mul(self.denominator).ok_or(Overflow)?;
        let below = self.denominator.checked_mul(other.denominator).ok_or(Overflow)?;
        Self::new(left.checked_add(right).ok_or(Overflow)?, below)
    }

    /// `self` less `other`, exact, in lowest terms.
    pub fn sub(self, other: Self) -> Result<Self, Overflow> {
        let numerator = other.numerator.checked_neg().ok_or(Overflow)?;
        self.add(Self { numerator, ..other })
    }

    /// The exact product, in lowest terms.
    pub fn mul(self, other: Self) -> Result<Self, Overflow> {
        let above = self.numerator.checked_mul(other.numerator).ok_or(Overflow)?;
        let below = self.denominator.checked_mul(other.denominator).ok_or(Overflow)?;
        Self::new(above, below)
    }

    /// The quotient; division by 0 is an [`Overflow`].
    pub fn div(self, other: Self) -> Result<Self, Overflow> {
        self.mul(Self::new(other.denominator, other.numerator)?)
    }

    /// The whole number that `mode` makes of it.
    pub fn round(self, mode: Mode) -> i128 {
        let quotient = self.numerator / self.denominator;
        let rest = (self.numerator % self.denominator).abs();
        let away = match mode {
            Mode::Down => false,
            Mode::Up => rest != 0,
            // `rest` below the denominator, compared without doubling it.
            Mode::HalfUp => rest >= self.denominator - rest,
            Mode::HalfEven => match rest.cmp(&(self.denominator - rest)) {
                Ordering::Less => false,
                Ordering::Greater => true,
                Ordering::Equal => quotient % 2 != 0,
            },
        };
        // `away` implies a denominator above 1, so the quotient is far from the ends.
        quotient + if away { self.numerator.signum() } else { 0 }
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        // A division of 64 bits is several times faster than one of 128, and nearly always enough.
        if let (Ok(x), Ok(y)) = (u64::try_from(a), u64::try_from(b)) {
            let (mut x, mut y) = (x, y);
            while y != 0 {
                (x, y) = (y, x % y);
            }
            return u128::from(x);
        }
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_where_its_name_says() {
        let table = [
            ((5, 2), [3, 2, 3, 2]),
            ((7, 2), [4, 4, 4, 3]),
            ((-5, 2), [-3, -2, -3, -2]),
            ((1, 3), [0, 0, 1, 0]),
            ((2, 3), [1, 1, 1, 0]),
            ((4, 1), [4, 4, 4, 4]),
        ];
        for ((n, d), expected) in table {
            let ratio = Ratio::new(n, d).unwrap();
            let modes = [Mode::HalfUp, Mode::HalfEven, Mode::Up, Mode::Down];
            assert_eq!(modes.map(|mode| ratio.round(mode)), expected, "{n}/{d}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let large = Ratio::whole(i128::MAX);
        assert_eq!(large.mul(large), Err(Overflow));
        assert_eq!(large.add(Ratio::ONE), Err(Overflow));
        assert_eq!(Ratio::ONE.div(Ratio::ZERO), Err(Overflow));
        assert_eq!(Ratio::new(i128::MIN, -1), Err(Overflow));
        assert_eq!(Ratio::new(0, 0), Err(Overflow));
    }
}
