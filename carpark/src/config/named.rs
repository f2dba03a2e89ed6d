//! Places, lanes, cameras, rate tables and webhooks: what `carpark.toml` says of each by its name, and the cameras
//! that come of it.

mod places;
mod rate_tables;
mod webhooks;

use std::collections::BTreeMap;
use std::str::FromStr;

use cameras::{Camera, LaneRole, Token, Vendor};
use chrono::TimeDelta;
use chrono_tz::{TZ_VARIANTS, Tz};
use domain::name::TextError;
use domain::policy::RE_READ_MAX;
use domain::{Direction, ReReads};
use platform::settings::{Given, SettingError, Source};

use super::layers::nearest;
use super::show::quoted_if_needed;

/// A setting of each place, lane or camera: `[cameras.NAME]` and so on. The names are the car park's
/// own, so these are set only in the file.
#[derive(Debug, Clone, Copy)]
pub struct NamedSetting {
    /// The section before the name.
    pub section: &'static str,
    /// The key in it.
    pub key: &'static str,
    /// What it means, as the help says it.
    pub help: &'static str,
}

const fn named(section: &'static str, key: &'static str, help: &'static str) -> NamedSetting {
    NamedSetting { section, key, help }
}

/// All of them, in the order they are shown.
pub const NAMED_SETTINGS: &[NamedSetting] = &[
    named("places", "time_zone", "IANA time zone, for times that name none: Europe/Berlin"),
    named("places", "re_read", "As the setting `re_read`, at this place: 90s"),
    named("places", "name", "What people call it; its NAME where nobody says"),
    named("places", "address", "Street and town"),
    named("places", "location", "[latitude, longitude] in degrees: [52.52, 13.405]"),
    named(
        "places",
        "bays",
        "Spaces by the type of the bays: { standard = 120, electric = { spaces = 8, may_use = [\"standard\"] } }",
    ),
    named("places", "full_at", "Full with so many bays free, or fewer: 0"),
    named("places", "open_again_at", "Open again with so many bays free: more than full_at"),
    named("places", "closed", "true: nobody is let in, whatever is free"),
    named("places", "rate_table", "Id of the rate table that prices its stays"),
    named("rate_tables", "file", "A rate table, put at the start; from where this file is"),
    named("lanes", "place", "The place it leads into; need not be said where there is one place"),
    named("lanes", "role", "entry, exit, or both: then the camera's direction decides"),
    named("lanes", "re_read", "As the setting `re_read`, in this lane"),
    named("lanes", "bay_type", "Behind it are bays of this type alone"),
    named(
        "lanes",
        "gate",
        "Who may come in where a barrier asks: holders (default), everybody, none",
    ),
    named("cameras", "lane", "The lane it watches"),
    named("cameras", "vendor", "Who made it, or `auto`: each message tells (the default)"),
    named("cameras", "time_zone", "Zone of its clock, where it is not the place's"),
    named(
        "cameras",
        "min_confidence",
        "0 to 1: a plate read less surely is counted, not published",
    ),
    named(
        "cameras",
        "approaching",
        "In a lane of role `both`, of a camera that tells only towards and away: `entry` or `exit`",
    ),
    named("cameras", "token", "What it has to show; then `camera_token` does not open its address"),
    named("cameras", "token_file", "A file that holds its token"),
    named("webhooks", "url", "Where the feed's events are posted: https://example.com/hook"),
    named("webhooks", "secret", "whsec_…, of `carpark webhooks secret`; two while one is replaced"),
    named("webhooks", "secret_file", "A file that holds its secret"),
    named("webhooks", "types", "Only events of these types: [\"session.*\"]; all unless set"),
    named("webhooks", "places", "Only events of these places; all unless set"),
    named("webhooks", "allow_private", "true: it may be in a private network, and without TLS"),
    named("webhooks", "timeout", "Longest wait for an answer: 15s unless set"),
    named("webhooks", "concurrency", "Deliveries of new events at a time, 1 to 4: 1 unless set"),
];

/// They stand in URLs, in metrics and in rows.
const NAME_BYTES_MAX: usize = 64;
/// The vendor of a camera whose messages tell.
const AUTO: &str = "auto";

/// What the file says: section, name, key.
#[derive(Debug, Default)]
pub struct Named {
    things: BTreeMap<&'static str, BTreeMap<String, Thing>>,
}

/// A place, a rate table, a lane, a camera or a webhook.
#[derive(Debug)]
struct Thing {
    /// `section.name`, as errors call it.
    path: String,
    source: Source,
    values: BTreeMap<&'static str, Given>,
}

/// In the order that one is made of the other.
const SECTIONS: [&str; 5] = ["places", "rate_tables", "lanes", "cameras", "webhooks"];

/// The keys of a section.
fn keys(section: &str) -> impl Iterator<Item = &'static str> {
    let section = section.to_owned();
    NAMED_SETTINGS.iter().filter(move |named| named.section == section).map(|named| named.key)
}

impl Named {
    /// Takes the sections out of a file's table.
    pub fn take_from(
        &mut self,
        table: &mut toml::Table,
        source: &Source,
    ) -> Result<(), SettingError> {
        for section in SECTIONS {
            let Some(value) = table.remove(section) else { continue };
            let toml::Value::Table(things) = value else {
                return Err(SettingError(format!(
                    "`{section}` ({source}): expected sections [{section}.NAME]"
                )));
            };
            for (name, value) in things {
                let thing = Thing::read(section, &name, value, source)?;
                self.things.entry(section).or_default().insert(name, thing);
            }
        }
        Ok(())
    }

    fn of(&self, section: &str) -> impl Iterator<Item = (&String, &Thing)> {
        self.things.get(section).into_iter().flatten()
    }

    /// As TOML, with the source of each value.
    pub fn show(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for section in SECTIONS {
            for (_, thing) in self.of(section) {
                lines.push(format!("\n[{}]", thing.path));
                for key in keys(section) {
                    let Some(value) = thing.values.get(key) else { continue };
                    let text = match key {
                        "token" | "secret" => quoted_if_needed("***"),
                        _ => quoted_if_needed(&value.text),
                    };
                    lines.push(format!("{:<42} # {}", format!("{key} = {text}"), value.source));
                }
            }
        }
        lines
    }

    /// The tokens of the cameras that have one of their own.
    pub fn camera_tokens(&self) -> Result<Vec<String>, SettingError> {
        self.of("cameras").filter_map(|(_, thing)| thing.secret("token").transpose()).collect()
    }

    /// The cameras, each with its lane and its place. `token` is for those that have none of their
    /// own.
    pub fn cameras(&self, token: Option<&str>) -> Result<Vec<Camera>, SettingError> {
        let mut zones = BTreeMap::new();
        for (name, place) in self.of("places") {
            let remedy = "an IANA time zone, for instance Europe/Berlin or UTC";
            zones.insert(name.as_str(), place.required("time_zone", remedy, zone)?);
        }
        let mut lanes = BTreeMap::new();
        for (name, lane) in self.of("lanes") {
            let role = lane.required("role", "expected entry, exit or both", LaneRole::parse)?;
            lanes.insert(name.as_str(), (role, self.place_of(lane)?));
        }
        let camera = |(name, thing): (&String, &Thing)| {
            let own = thing.secret("token")?;
            let token = own.or_else(|| token.map(str::to_owned)).map(Token::new);
            Ok(Camera { token, ..camera(name, thing, &lanes, &zones)? })
        };
        self.of("cameras").map(camera).collect()
    }

    /// For how long after a read another one is the same passage, where the file says it of a place
    /// or a lane.
    pub fn re_reads(&self) -> Result<ReReads, SettingError> {
        let mut re_reads = ReReads::default();
        let remedy = "not a time of up to 1h; write for instance 90s";
        for (name, place) in self.of("places") {
            if let Some(time) = place.optional("re_read", remedy, re_read)? {
                re_reads.places.insert(checked(name, place)?, time);
            }
        }
        for (name, lane) in self.of("lanes") {
            if let Some(time) = lane.optional("re_read", remedy, re_read)? {
                let place = checked(self.place_of(lane)?, lane)?;
                re_reads.lanes.insert((place, checked(name, lane)?), time);
            }
        }
        Ok(re_reads)
    }

    fn place_of<'a>(&'a self, lane: &'a Thing) -> Result<&'a str, SettingError> {
        let known: Vec<&str> = self.of("places").map(|(name, _)| name.as_str()).collect();
        match (lane.values.get("place"), &known[..]) {
            (None, [only]) => Ok(*only),
            _ => lane.one_of("place", &known),
        }
    }
}

fn camera(
    name: &str,
    thing: &Thing,
    lanes: &BTreeMap<&str, (LaneRole, &str)>,
    zones: &BTreeMap<&str, Tz>,
) -> Result<Camera, SettingError> {
    let lane = thing.one_of("lane", &lanes.keys().copied().collect::<Vec<_>>())?;
    let (role, place) = lanes[lane];
    let vendors: Vec<&str> = Vendor::all().map(Vendor::name).collect();
    let remedy = format!("expected {AUTO}, or one of {}", vendors.join(", "));
    let vendor = thing.optional("vendor", &remedy, |text| match text {
        AUTO => Some(None),
        name => Vendor::from_str(name).ok().map(Some),
    })?;
    let remedy = "expected entry or exit";
    let approaching = thing.optional("approaching", remedy, |text| match text {
        "entry" => Some(Direction::Entry),
        "exit" => Some(Direction::Exit),
        _ => None,
    })?;
    if approaching.is_some() && role != LaneRole::Both {
        let remedy = format!(
            "lane `{lane}` has the role {}, so no direction decides there: take it out, or give \
             the lane the role both",
            role.as_str()
        );
        return Err(thing.wrong("approaching", &remedy));
    }
    let remedy = "an IANA time zone, for instance Europe/Berlin or UTC";
    let remedy_of_share = "not a number from 0 to 1";
    Ok(Camera {
        name: checked(name, thing)?,
        token: None,
        vendor: vendor.flatten(),
        lane: checked(lane, thing)?,
        role,
        place: checked(place, thing)?,
        zone: thing.optional("time_zone", remedy, zone)?.unwrap_or(zones[place]),
        min_confidence: thing.optional("min_confidence", remedy_of_share, share)?.unwrap_or(0.0),
        approaching,
    })
}

fn zone(text: &str) -> Option<Tz> {
    text.parse().ok()
}

/// The time of re-reads, as people write it.
fn re_read(text: &str) -> Option<TimeDelta> {
    let time = TimeDelta::from_std(humantime::parse_duration(text).ok()?).ok()?;
    (time <= RE_READ_MAX).then_some(time)
}

fn share(text: &str) -> Option<f32> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
}

fn checked<N: FromStr<Err = TextError>>(name: &str, thing: &Thing) -> Result<N, SettingError> {
    name.parse().map_err(|e| SettingError(format!("[{}]: the name {e}", thing.path)))
}

impl Thing {
    fn read(
        section: &str,
        name: &str,
        value: toml::Value,
        source: &Source,
    ) -> Result<Self, SettingError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let path = format!("{section}.{name}");
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(is_plain) {
            return Err(SettingError(format!(
                "[{path}] ({source}): a name has 1 to {NAME_BYTES_MAX} letters (a to z), digits, - or _"
            )));
        }
        let toml::Value::Table(table) = value else {
            return Err(SettingError(format!(
                "`{path}` ({source}): expected a section [{section}.NAME] with {}",
                keys(section).collect::<Vec<_>>().join(", ")
            )));
        };
        let mut thing = Self { path, source: source.clone(), values: BTreeMap::new() };
        for (key, value) in table {
            let Some(known) = keys(section).find(|known| *known == key) else {
                return Err(thing.unknown_key(section, &key));
            };
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Array(texts) if texts.iter().all(toml::Value::is_str) => {
                    texts.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
                }
                other => other.to_string(),
            };
            thing.values.insert(known, Given { text, source: source.clone() });
        }
        Ok(thing)
    }

    fn unknown_key(&self, section: &str, key: &str) -> SettingError {
        let nearest = nearest(key, keys(section)).map(|known| format!("did you mean `{known}`?"));
        let known = || format!("known are {}", keys(section).collect::<Vec<_>>().join(", "));
        let remedy = nearest.unwrap_or_else(known);
        SettingError(format!("unknown key `{}.{key}` in {}: {remedy}", self.path, self.source))
    }

    fn optional<T>(
        &self,
        key: &str,
        remedy: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingError> {
        let Some(value) = self.values.get(key) else { return Ok(None) };
        parse(&value.text).map(Some).ok_or_else(|| self.wrong(key, remedy))
    }

    fn required<T>(
        &self,
        key: &str,
        remedy: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, SettingError> {
        self.optional(key, remedy, parse)?.ok_or_else(|| self.wrong(key, remedy))
    }

    /// A secret, that stands under the key or in the file which `KEY_file` names.
    fn secret(&self, key: &str) -> Result<Option<String>, SettingError> {
        let of_file = format!("{key}_file");
        let (here, file) = (self.values.get(key), self.values.get(of_file.as_str()));
        let text = match (here, file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(SettingError(format!(
                    "`{0}.{key}` and `{0}.{of_file}` are both set: set one of them",
                    self.path
                )));
            }
            (Some(here), None) => here.text.clone(),
            (None, Some(file)) => std::fs::read_to_string(&file.text)
                .map_err(|e| self.wrong(&of_file, &format!("this file cannot be read: {e}")))?,
        };
        match text.trim() {
            "" => Err(SettingError(format!(
                "`{}.{key}` is empty: set a {key}, or take it out",
                self.path
            ))),
            text => Ok(Some(text.to_owned())),
        }
    }

    /// A name that stands elsewhere in the file.
    fn one_of<'a>(&self, key: &str, known: &[&'a str]) -> Result<&'a str, SettingError> {
        let remedy = match known {
            [] => format!("there is none yet, add a section [{key}s.NAME]"),
            known => format!("expected one of {}", known.join(", ")),
        };
        self.required(key, &remedy, |text| known.iter().find(|name| **name == text).copied())
    }

    fn wrong(&self, key: &str, remedy: &str) -> SettingError {
        let path = &self.path;
        let Some(value) = self.values.get(key) else {
            return SettingError(format!("`{path}.{key}` is not set ({}): {remedy}", self.source));
        };
        let near = match key {
            "time_zone" => nearest(&value.text, TZ_VARIANTS.iter().map(|zone| zone.name())),
            _ => None,
        };
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        SettingError(format!(
            "`{path}.{key}` = \"{}\" ({}): {remedy}{near}",
            value.text, value.source
        ))
    }
}

#[cfg(test)]
mod tests;
