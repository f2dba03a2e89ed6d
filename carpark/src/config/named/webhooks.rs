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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use platform::settings::Source;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn read(text: &str) -> Result<(Vec<Webhook>, String), String> {
        let mut table: toml::Table = text.parse().unwrap();
        let mut named = Named::default();
        named
            .take_from(&mut table, &Source::File("carpark.toml".to_owned()))
            .and_then(|()| Ok((named.webhooks()?, named.show().join("\n"))))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_said_of_a_webhook_is_taken_and_shown_without_its_secret() {
        let text = format!(
            "[webhooks.ledger]\nurl = 'https://example.com/hook'\nsecret = ['{SECRET}', '{SECRET}']\n\
             types = ['session.*', 'exception.raised']\nplaces = ['main']\ntimeout = '5s'\n\
             [webhooks.near]\nurl = 'http://10.0.0.7/'\nsecret = '{SECRET}'\nallow_private = true\n\
             concurrency = 4\n"
        );
        let (webhooks, shown) = read(&text).unwrap();
        let [ledger, near] = &webhooks[..] else { panic!("{webhooks:?}") };
        assert_eq!((ledger.types.len(), ledger.secrets.len()), (4, 2));
        assert_eq!(
            (&*ledger.places, ledger.timeout),
            (&["main".to_owned()][..], Duration::from_secs(5))
        );
        assert_eq!((ledger.concurrency, ledger.allow_private), (1, false));
        assert_eq!((near.types.len(), near.concurrency, near.timeout), (0, 4, TIMEOUT));
        assert!(!shown.contains("whsec_") && shown.contains("secret = \"***\""), "{shown}");
        assert_eq!(
            read(&shown.replace("***", SECRET)).unwrap().0.len(),
            2,
            "what is shown can be read"
        );
    }

    #[test]
    fn what_is_wrong_says_key_value_and_remedy_and_never_a_secret() {
        let ok = format!("url = 'https://example.com/'\nsecret = '{SECRET}'\n");
        let long = "a".repeat(1000);
        for (more, words) in [
            (
                "url = 'https://example.com/'",
                ["`webhooks.x.secret` is not set", "carpark webhooks secret"],
            ),
            (&format!("secret = '{SECRET}'"), ["`webhooks.x.url` is not set", "https://"]),
            (
                &ok.replace("https://example.com/", "ftp://example.com/"),
                ["ftp://example.com/", "expected a URL"],
            ),
            (&ok.replace("https", "http"), ["plain http", "allow_private = true"]),
            (&ok.replace("example", "me:pass@example"), ["`webhooks.x.url`", "take it out"]),
            (&ok.replace("whsec_M", "whsec_"), ["`webhooks.x.secret`", "24 to 64 bytes"]),
            (
                &format!("{ok}types = ['session.ended']"),
                ["`session.ended` is no type", "session.closed"],
            ),
            (&format!("{ok}places = ['{long}']"), ["`webhooks.x.places`", "the name"]),
            (&format!("{ok}timeout = '5m'"), ["\"5m\"", "from 1s to 1m"]),
            (&format!("{ok}concurrency = 5"), ["\"5\"", "from 1 to 4"]),
            (&format!("{ok}allow_private = 'yes'"), ["\"yes\"", "true or false"]),
            (
                &format!("{ok}allow_privat = true"),
                ["webhooks.x.allow_privat", "did you mean `allow_private`"],
            ),
        ] {
            let error = read(&format!("[webhooks.x]\n{more}")).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{more}:\n{error}");
            assert!(!error.contains("fKQ9r8GK") && !error.contains("pass"), "{error}");
        }
    }
}
