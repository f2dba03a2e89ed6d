//! Tables as tests put them.

use domain::Instant;
use rates::{Format, RateTable};

use super::{Put, Tables};

/// A table in euros and the time of Berlin: `price` (of one line of one product), and more of the table
/// above its sections.
pub fn table(id: &str, more: &str, rest: &str) -> RateTable {
    let text = format!(
        r#"
        name = "Of a test"
        currency = "EUR"
        time_zone = "Europe/Berlin"
        {more}
        [rules]
        rounding = {{ mode = "half_up", to = "0.01" }}
        grace = "none"
        leave_grace = "PT15M"
        crossing = "by_segment"
        change_while_parked = "entry"
        free_time = "skip"
        reentry = "separate"
        hold_above = "never"
        [[product]]
        name = "hours"
        {rest}
        "#
    );
    rates::parse_unnumbered(id, &text, Format::Toml).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

/// So much for each started hour.
pub fn hourly(id: &str, amount: &str) -> RateTable {
    table(id, "", &line("hour", amount, ""))
}

/// A line of so much for each started hour; `more` says when or where.
pub fn line(name: &str, amount: &str, more: &str) -> String {
    format!(
        "[[product.line]]\nname = \"{name}\"\n{more}\nprice = {{ kind = \"per_unit\", amount = \
         \"{amount}\", per = \"PT1H\", step = \"PT1H\" }}\n"
    )
}

/// Each the next version of its id.
pub fn tables(all: impl IntoIterator<Item = RateTable>) -> Tables {
    let mut tables = Tables::default();
    for table in all {
        let version = tables.get(&table.id).map_or(0, |versions| versions.newest()) + 1;
        let table = RateTable { version, ..table };
        tables.learn(Put { table, by: "Ada".to_owned(), at: Instant::UNIX_EPOCH, version: 1 });
    }
    tables
}
