//! Reads values from CSV, in the two forms in which they are published.
//!
//! - One row per place and moment: `SystemCodeNumber,Capacity,Occupancy,LastUpdated` (Birmingham City
//!   Council's feed, as the UCI repository has it).
//! - One row per moment: `Datetime`, then a column per place with the share of its spaces that is taken;
//!   columns `weekday` and `time` are passed over.
//!
//! Times are those of the clock on the wall, and stay so: the tables count hours, not instants.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDateTime, Utc};
use forecasts::backtest::Value;

/// Values by place, in the order of their moments; rows that repeat a moment are kept.
pub(crate) type Places = BTreeMap<String, Vec<Value>>;

/// Reads all files into one set of places.
pub(crate) fn read(files: &[String]) -> anyhow::Result<Places> {
    let mut places = Places::new();
    for file in files {
        let reader = csv::Reader::from_path(Path::new(file));
        let mut reader = reader.with_context(|| format!("{file} cannot be opened"))?;
        read_one(&mut reader, &mut places).with_context(|| format!("{file} cannot be read"))?;
    }
    for values in places.values_mut() {
        values.sort_by_key(|(at, _)| *at);
    }
    Ok(places)
}

fn read_one<R: std::io::Read>(
    reader: &mut csv::Reader<R>,
    places: &mut Places,
) -> anyhow::Result<()> {
    let header = reader.headers()?.clone();
    let is_long = header.iter().eq(["SystemCodeNumber", "Capacity", "Occupancy", "LastUpdated"]);
    if !is_long && header.get(0) != Some("Datetime") {
        let header = header.iter().collect::<Vec<_>>().join(",");
        bail!(
            "the columns are {header}; they should be SystemCodeNumber,Capacity,Occupancy,LastUpdated, or begin with Datetime"
        );
    }
    for (row, record) in reader.records().enumerate() {
        let record = record?;
        let line = row + 2;
        if is_long {
            let number = |column: usize| number(&record, column, line);
            let (spaces, taken) = (number(1)?, number(2)?);
            if spaces <= 0.0 {
                bail!("line {line} has no spaces: Capacity is {spaces}");
            }
            let place = record.get(0).unwrap_or_default().to_owned();
            let value = (moment(record.get(3), line)?, taken / spaces);
            places.entry(place).or_default().push(value);
            continue;
        }
        let at = moment(record.get(0), line)?;
        for (column, place) in header.iter().enumerate().skip(1) {
            let is_empty = record.get(column).is_none_or(str::is_empty);
            if !is_empty && !["weekday", "time"].contains(&place) {
                let value = (at, number(&record, column, line)?);
                places.entry(place.to_owned()).or_default().push(value);
            }
        }
    }
    Ok(())
}

fn number(record: &csv::StringRecord, column: usize, line: usize) -> anyhow::Result<f64> {
    let text = record.get(column).unwrap_or_default();
    let number: f64 = text
        .parse()
        .with_context(|| format!("line {line}, column {}: {text:?} is no number", column + 1))?;
    if !number.is_finite() {
        bail!("line {line}, column {}: {text:?} is no number", column + 1);
    }
    Ok(number)
}

fn moment(text: Option<&str>, line: usize) -> anyhow::Result<DateTime<Utc>> {
    let text = text.unwrap_or_default();
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .map(|at| at.and_utc())
        .with_context(|| format!("line {line}: {text:?} is no moment, as 2016-12-13 08:00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Places> {
        let mut places = Places::new();
        read_one(&mut csv::Reader::from_reader(text.as_bytes()), &mut places)?;
        Ok(places)
    }

    #[test]
    fn both_forms_say_the_same() {
        let by_place = read(
            "SystemCodeNumber,Capacity,Occupancy,LastUpdated\nA,200,50,2016-10-04 08:00:00\nB,10,4,2016-10-04 08:00:00\n",
        );
        let by_moment = read(
            "Datetime,A,B,weekday,time\n2016-10-04 08:00:00,0.25,0.4,1,8.0\n2016-10-04 08:30:00,,,1,8.5\n",
        );
        let places = by_place.unwrap();
        assert_eq!(places, by_moment.unwrap());
        let at: DateTime<Utc> = "2016-10-04T08:00:00Z".parse().unwrap();
        assert_eq!(places["A"], [(at, 0.25)]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let header = "SystemCodeNumber,Capacity,Occupancy,LastUpdated\n";
        for (rows, words) in [
            ("A,200,x,2016-10-04 08:00:00", "line 2, column 3: \"x\" is no number"),
            ("A,200,NaN,2016-10-04 08:00:00", "is no number"),
            ("A,0,1,2016-10-04 08:00:00", "line 2 has no spaces"),
            ("A,200,1,yesterday", "line 2: \"yesterday\" is no moment"),
        ] {
            let refused = read(&format!("{header}{rows}\n")).unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
        assert!(read("a,b\n1,2\n").unwrap_err().to_string().contains("the columns are a,b"));
    }
}
