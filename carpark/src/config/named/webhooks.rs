//! `[webhooks.NAME]`: who is told of what the feed tells.

use std::str::FromStr;
use std::time::Duration;

use domain::PlaceName;
use platform::settings::SettingError;
use url::Url;
use web::{Secret, Webhook, types_of};

use super::{Named, Thing};

/// Longest wait for an answer, where nobody says another.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bounds of one that is said.
const TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_mins(1);

impl Named {
    /// The webhooks, checked.
    pub fn webhooks(&self) -> Result<Vec<Webhook>, SettingError> {
        self.of("webhooks").map(|(name, thing)| webhook(name, thing)).collect()
    }
}

fn webhook(name: &str, thing: &Thing) -> Result<Webhook, SettingError> {
    let remedy = "expected true or false";
    let allow_private = thing.optional("allow_private", remedy, |text| text.parse().ok())?;
    let allow_private = allow_private.unwrap_or(false);
    let mut types = Vec::new();
    for word in words(thing, "types") {
        types.extend(types_of(word).map_err(|remedy| thing.wrong("types", &remedy))?);
    }
    let places = words(thing, "places").map(str::to_owned).collect::<Vec<_>>();
    for place in &places {
        PlaceName::from_str(place)
            .map_err(|e| thing.wrong("places", &format!("the name `{place}` {e}")))?;
    }
    let wait = |text: &str| {
        humantime::parse_duration(text).ok().filter(|timeout| TIMEOUTS.contains(timeout))
    };
    let timeout =
        thing.optional("timeout", "expected a time from 1s to 1m, for instance 15s", wait)?;
    let at_a_time = |text: &str| text.parse().ok().filter(|count| (1..=4).contains(count));
    let concurrency = thing.optional("concurrency", "expected a number from 1 to 4", at_a_time)?;
    Ok(Webhook {
        name: name.to_owned(),
        url: url(thing, allow_private)?,
        types,
        places,
        secrets: secrets(thing)?,
        allow_private,
        timeout: timeout.unwrap_or(TIMEOUT),
        concurrency: concurrency.unwrap_or(1),
    })
}

/// What is said by a list, or by a text with commas.
fn words<'a>(thing: &'a Thing, key: &str) -> impl Iterator<Item = &'a str> {
    let text = thing.values.get(key).map_or("", |given| given.text.as_str());
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn url(thing: &Thing, allow_private: bool) -> Result<Url, SettingError> {
    let remedy = "expected a URL, for instance https://example.com/hooks/carpark";
    let url = thing.required("url", remedy, |text| {
        Url::parse(text).ok().filter(|url| ["https", "http"].contains(&url.scheme()))
    })?;
    if url.scheme() == "http" && !allow_private {
        let remedy = "plain http shows every plate on the way: write https, or, in a network of \
                      your own, set `allow_private = true`";
        return Err(thing.wrong("url", remedy));
    }
    // Not quoted: it may be a password.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SettingError(format!(
            "`{}.url` has a user in it ({}): take it out, requests are signed with the secret",
            thing.path, thing.source
        )));
    }
    Ok(url)
}

fn secrets(thing: &Thing) -> Result<Vec<Secret>, SettingError> {
    let Some(text) = thing.secret("secret")? else {
        return Err(SettingError(format!(
            "`{0}.secret` is not set ({1}), nor is `{0}.secret_file`: `carpark webhooks secret` \
             prints a new one",
            thing.path, thing.source
        )));
    };
    let each = text.split([',', ' ', '\n']).filter(|word| !word.is_empty());
    let secrets = each.map(Secret::parse).collect::<Result<_, _>>();
    secrets.map_err(|e| SettingError(format!("`{}.secret` ({}): {e}", thing.path, thing.source)))
}
