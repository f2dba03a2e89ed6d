//! The rate tables that the file names, each in a file of its own.

use std::path::Path;

use platform::settings::{SettingError, Source};
use rates::{Format, ParseError, RateTable};

use super::{Named, Thing};

impl Named {
    /// The tables, read and without faults.
    pub fn rate_tables(&self) -> Result<Vec<RateTable>, SettingError> {
        self.of("rate_tables").map(|(id, thing)| thing.rate_table(id)).collect()
    }
}

impl Thing {
    fn rate_table(&self, id: &str) -> Result<RateTable, SettingError> {
        let remedy = "name the file of the table, for instance rates/city.toml";
        let file = self.required("file", remedy, |text| Some(text.to_owned()))?;
        let path = match &self.source {
            Source::File(of) => Path::new(of).parent().unwrap_or(Path::new("")).join(&file),
            _ => Path::new(&file).to_owned(),
        };
        let text = std::fs::read_to_string(&path).map_err(|e| {
            let remedy = format!(
                "{} cannot be read ({e}): a path is from where the configuration is",
                path.display()
            );
            self.wrong("file", &remedy)
        })?;
        let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Toml };
        rates::parse_unnumbered(id, &text, format).map_err(|error| {
            let remedy = match &error {
                // With the lines of the file; `carpark rates lint` says the same.
                ParseError::Faults(faults) => {
                    let at = |place: &str| crate::rates::line_of(&text, place);
                    let faults = faults.iter().map(|fault| match at(&fault.place) {
                        Some(line) => format!("\n{}:{line}: {fault}", path.display()),
                        None => format!("\n{}: {fault}", path.display()),
                    });
                    format!("this table has faults:{}", faults.collect::<String>())
                }
                other => format!("{}: {other}", path.display()),
            };
            self.wrong("file", &remedy)
        })
    }
}
