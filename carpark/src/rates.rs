//! `carpark rates`: what a table of prices says, costs and lacks. Needs no server and no configuration.

mod arguments;
mod picture;
mod place;
mod stays;
mod tried;

use std::fmt::Display;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use rates::{Format, Language, ParseError, RateTable, Unpriced};

use crate::say;

pub use arguments::{commands, request};
pub use place::line_of;

/// What is asked for.
#[derive(Debug)]
pub enum Request {
    /// What is wrong in tables.
    Lint {
        /// The files of the tables.
        files: Vec<PathBuf>,
    },
    /// A table in plain words.
    Explain {
        /// The file of the table.
        file: PathBuf,
        /// The language to explain it in.
        language: Language,
    },
    /// What a stay costs.
    Price {
        /// The versions of the table.
        files: Vec<PathBuf>,
        /// The stay to price.
        stay: stays::Asked,
        /// Print the bill as JSON.
        json: bool,
        /// The language of the bill.
        language: Language,
    },
    /// Prices of many stays.
    Try {
        /// The file of the table.
        file: PathBuf,
        /// Which stays are priced.
        trial: tried::Trial,
        /// Where a picture of it belongs.
        svg: Option<PathBuf>,
    },
    /// The schema of the files.
    Schema,
    /// A table of an APDS `RateTable`.
    Import {
        /// The file of the `RateTable`.
        file: PathBuf,
        /// Which it does not have.
        time_zone: String,
    },
    /// An APDS `RateTable` of a table.
    Export {
        /// The file of the table.
        file: PathBuf,
    },
}

/// What came of it. An error is where it was asked wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Well,
    /// A table has faults.
    Faults,
    /// The tables are without fault, and have no price for the stay.
    NoPrice,
}

impl Outcome {
    /// What the program ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Faults => 1,
            Self::NoPrice => 3,
        }
    }
}

/// Does it, and prints what came of it.
pub fn run(request: &Request) -> anyhow::Result<Outcome> {
    match request {
        Request::Lint { files } => lint(files),
        Request::Explain { file, language } => with(file, |table| {
            say::result(::rates::explain(table, *language)).map(|()| Outcome::Well)
        }),
        Request::Price { files, stay, json, language } => price(files, stay, *json, *language),
        Request::Try { file, trial, svg } => with(file, |table| {
            let tried = trial.of(table).map_err(|error| anyhow!(error))?;
            if let Some(out) = svg {
                let picture = picture::svg(table, &tried);
                std::fs::write(out, picture)
                    .with_context(|| format!("{} cannot be written", out.display()))?;
            }
            say::result(tried.text()).map(|()| Outcome::Well)
        }),
        Request::Schema => say::result(::rates::SCHEMA.trim_end()).map(|()| Outcome::Well),
        Request::Import { file, time_zone } => import(file, time_zone),
        Request::Export { file } => with(file, |table| match ::rates::apds::export(table) {
            Ok(exported) => {
                tell_losses(&exported.losses);
                say::result(exported.json).map(|()| Outcome::Well)
            }
            Err(error) => Ok(faulty(file, error)),
        }),
    }
}

fn lint(files: &[PathBuf]) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Well;
    for file in files {
        match parsed(file)? {
            Ok(table) => say::result(format_args!(
                "{}: no faults ({}, version {})",
                file.display(),
                table.id,
                table.version
            ))?,
            Err(faults) => {
                outcome = Outcome::Faults;
                for fault in faults {
                    say::result(fault)?;
                }
            }
        }
    }
    Ok(outcome)
}

fn price(
    files: &[PathBuf],
    asked: &stays::Asked,
    json: bool,
    language: Language,
) -> anyhow::Result<Outcome> {
    let mut tables = Vec::new();
    for file in files {
        match parsed(file)? {
            Ok(table) => tables.push(table),
            Err(faults) => return Ok(tell(&faults)),
        }
    }
    let Some(first) = tables.first() else { bail!("no table is named") };
    let zone = first.time_zone;
    for (table, file) in tables.iter().zip(files) {
        if (&table.id, &table.currency, table.time_zone) != (&first.id, &first.currency, zone) {
            bail!(
                "{}: is no version of `{}`; id, currency and time zone have to be the same",
                file.display(),
                first.id
            );
        }
        let twice = tables.iter().filter(|other| other.version == table.version).count() > 1;
        if twice {
            bail!(
                "{}: version {} is there twice; each version has a number of its own",
                file.display(),
                table.version
            );
        }
    }
    let stay = asked.stay(zone).map_err(|error| anyhow!(error))?;
    match ::rates::price_versions(&tables, &stay) {
        Ok(bill) if json => {
            say::result(serde_json::to_string_pretty(&bill)?).map(|()| Outcome::Well)
        }
        Ok(bill) => {
            say::result(::rates::explain_bill(&bill, zone, language)).map(|()| Outcome::Well)
        }
        Err(unpriced) => {
            if json {
                let answer = serde_json::json!({ "unpriced": unpriced.to_string() });
                say::result(serde_json::to_string_pretty(&answer)?)?;
            } else {
                say::error(format_args!("carpark: no price: {unpriced}"));
            }
            Ok(match unpriced {
                Unpriced::Unanswered(_) | Unpriced::BadTable(_) => Outcome::Faults,
                _ => Outcome::NoPrice,
            })
        }
    }
}

fn import(file: &Path, time_zone: &str) -> anyhow::Result<Outcome> {
    let zone = time_zone.parse().map_err(|_| {
        anyhow!("--time-zone {time_zone} is no time zone; write its IANA name, as Europe/Berlin")
    })?;
    let imported = match ::rates::apds::import(&read(file)?, zone) {
        Ok(imported) => imported,
        Err(error) => return Ok(faulty(file, error)),
    };
    let text = ::rates::write(&imported.table, Format::Toml).map_err(|error| anyhow!(error))?;
    tell_losses(&imported.losses);
    for question in ::rates::questions(&imported.table) {
        say::error(format_args!("open: {question}"));
    }
    say::result(text.trim_end()).map(|()| Outcome::Well)
}

fn tell_losses(losses: &[String]) {
    for loss in losses {
        say::error(format_args!("lost: {loss}"));
    }
}

fn with(
    file: &Path,
    then: impl FnOnce(&RateTable) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    match parsed(file)? {
        Ok(table) => then(&table),
        Err(faults) => Ok(tell(&faults)),
    }
}

/// Tells faults, of which nothing came.
fn tell(faults: &[String]) -> Outcome {
    for fault in faults {
        say::error(fault);
    }
    Outcome::Faults
}

fn faulty(file: &Path, error: impl Display) -> Outcome {
    tell(&[format!("{}: {error}", file.display())])
}

/// The table, or its faults, each with file and line.
fn parsed(file: &Path) -> anyhow::Result<Result<RateTable, Vec<String>>> {
    let text = read(file)?;
    let name = file.display();
    let at = |place: &str, what: String| match place::line_of(&text, place) {
        Some(line) => format!("{name}:{line}: {what}"),
        None => format!("{name}: {what}"),
    };
    let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Toml };
    // A linter shows everything at once: the questions are faults too.
    let table = match ::rates::read(&text, format) {
        Ok(table) => table,
        Err(ParseError::Text { line, message }) => {
            return Ok(Err(vec![format!("{name}:{line}: {message}")]));
        }
        Err(other) => return Ok(Err(vec![format!("{name}: {other}")])),
    };
    let faults = ::rates::lint(&table);
    if faults.is_empty() {
        return Ok(Ok(table));
    }
    let told = faults.iter().map(|fault| at(&fault.place, fault.to_string()));
    Ok(Err(told.collect()))
}

fn read(file: &Path) -> anyhow::Result<String> {
    let told = |error: std::io::Error| anyhow!("{} cannot be read: {error}", file.display());
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(told)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(told)
}
