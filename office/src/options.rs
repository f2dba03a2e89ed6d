//! What can be set of the office.

use std::time::Duration;

use platform::settings::{PostgresUrl, Value, fixed, setting};
use rates::{Currency, Decimal};

const OFFICE: &str = "Places";

platform::settings! {
    /// Fixed from the start of the process.
    #[derive(Debug, Clone)]
    pub struct Options {
        /// Database of places and counts: PostgreSQL (postgres://user:password@host/database), or
        /// `sqlite:`, a file in the data directory
        pub url: Option<PostgresUrl> = setting(OFFICE, "office.url", "sqlite:").or_none("sqlite:"),
        /// Currency of accounts (ISO 4217), where a holder does not say another
        pub currency: CurrencyCode = setting(OFFICE, "office.currency", "EUR"),
        /// What is set aside of an account at the entry (20.00), or `day`: the price of 24 hours
        pub hold: Option<Amount> = setting(OFFICE, "office.hold", "day").or_none("day"),
        /// A charge above this waits for a person; `none`: no charge does
        pub charge_review_above: Option<Amount> =
            setting(OFFICE, "office.charge_review_above", "200.00").or_none("none"),
        /// Who was let in and is not read inside within that time has not come
        pub admission_lapse: Duration =
            setting(OFFICE, "office.admission_lapse", "15m").at_least(1.0),
        /// How often it is looked whether there is something to tell of a place; a place is told of no
        /// more often.
        pub step_every: Duration = fixed(Duration::from_secs(1)),
        /// How long to wait for the database at the start.
        pub start_patience: Duration = fixed(Duration::from_mins(1)),
    }
}

/// A currency by its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyCode(pub Currency);

impl Value for CurrencyCode {
    const HINT: &'static str = ", for instance EUR";

    fn noun() -> String {
        "a currency's three capital letters (ISO 4217)".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        Currency::new(text).map(Self)
    }
}

/// Money, in major units of the office's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Decimal);

impl Value for Amount {
    const HINT: &'static str = ", for instance 20.00";

    fn noun() -> String {
        "an amount of money, 0 or more".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        Decimal::parse(text).filter(|amount| !amount.is_negative()).map(Self)
    }
}

impl Amount {
    /// In minor units of a currency, a part of one rounded up.
    pub fn minor(self, currency: &Currency) -> i64 {
        let minor = self.0.minor(currency).map(|ratio| ratio.round(rates::Mode::Up));
        minor.ok().and_then(|minor| i64::try_from(minor).ok()).unwrap_or(i64::MAX)
    }
}
