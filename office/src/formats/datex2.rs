//! DATEX II version 3, `ParkingStatusPublication`: what road operators and navigation read.
//!
//! Of each place one `parkingStatusInformation`, and one of each type of its bays where it has several,
//! with the reference `PLACE/BAY_TYPE`.

use std::fmt::Write as _;

use domain::Instant;
use domain::place::Openness;

use crate::board::Posted;
use crate::shapes::time;

/// The namespaces, and the kind of publication.
const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<d2:payload xmlns:d2="http://datex2.eu/schema/3/d2Payload" xmlns:com="http://datex2.eu/schema/3/common" xmlns:fac="http://datex2.eu/schema/3/facilities" xmlns:prk="http://datex2.eu/schema/3/parking" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="prk:ParkingStatusPublication" lang="en" modelBaseVersion="3">
"#;

/// Who publishes, as DATEX II names it: a country, and a name in it.
#[derive(Debug, Clone)]
pub struct Publisher {
    /// ISO 3166-1, two small letters.
    pub country: String,
    /// What it is called there.
    pub name: String,
}

impl Default for Publisher {
    /// `zz`: a country that ISO 3166-1 leaves to its users.
    fn default() -> Self {
        Self { country: "zz".to_owned(), name: "carpark".to_owned() }
    }
}

/// The publication of these places, as of `now`. Not even one place is none: the format wants one.
pub fn publication<'p>(
    publisher: &Publisher,
    places: impl IntoIterator<Item = &'p Posted>,
    now: Instant,
) -> String {
    let mut xml = HEAD.to_owned();
    let (country, name) = (escaped(&publisher.country), escaped(&publisher.name));
    let _ = writeln!(
        xml,
        "<com:publicationTime>{}</com:publicationTime>\n<com:publicationCreator>\
         <com:country>{country}</com:country><com:nationalIdentifier>{name}\
         </com:nationalIdentifier></com:publicationCreator>",
        time(now),
    );
    for posted in places {
        let (shown, state) = (&posted.shown, &posted.shown.state);
        let read = state.as_of.as_deref();
        let opening = opening(state.state);
        status(&mut xml, &shown.id, read, opening, (state.spaces, state.derived, state.free));
        if state.bays.len() > 1 {
            for (bay_type, bays) in &state.bays {
                let id = format!("{}/{}", shown.id, bay_type.as_str());
                status(&mut xml, &id, read, opening, (bays.spaces, bays.derived, bays.free));
            }
        }
    }
    xml.push_str("</d2:payload>\n");
    xml
}

/// Full is open in the words of this format: only nobody can get in.
fn opening(state: Openness) -> &'static str {
    match state {
        Openness::Open | Openness::Full => "open",
        Openness::Closed => "temporarilyClosed",
    }
}

fn status(
    xml: &mut String,
    id: &str,
    read: Option<&str>,
    opening: &str,
    (spaces, inside, free): (u32, u32, u32),
) {
    let _ = write!(
        xml,
        "<prk:parkingStatusInformation>\n <fac:reference targetClass=\"fac:FacilityObject\" \
         id=\"{}\"/>\n",
        escaped(id)
    );
    if let Some(read) = read {
        let _ = writeln!(xml, " <fac:lastUpdated>{read}</fac:lastUpdated>");
    }
    let _ = write!(
        xml,
        " <fac:openingStatus>{opening}</fac:openingStatus>\n <prk:occupancy>\
         <prk:numberOfVacantSpaces>{free}</prk:numberOfVacantSpaces>\
         <prk:numberOfOccupiedSpaces>{}</prk:numberOfOccupiedSpaces>\
         <prk:numberOfVehicles>{inside}</prk:numberOfVehicles>",
        spaces.saturating_sub(free)
    );
    if spaces > 0 {
        let percent = 100.0 * f64::from(spaces.saturating_sub(free)) / f64::from(spaces);
        let _ = write!(xml, "<prk:occupancy>{percent:.1}</prk:occupancy>");
    }
    let _ = write!(
        xml,
        "</prk:occupancy>\n <prk:supply><prk:quantity>{spaces}</prk:quantity>\
         <prk:viewType>spaceView</prk:viewType></prk:supply>\n</prk:parkingStatusInformation>\n"
    );
}

/// A text as XML says it, in an element or an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
