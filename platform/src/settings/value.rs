//! What a setting's value may be: how each type is written, and how it is asked for.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::PlaceName;
use url::Url;

/// The type of a setting. The empty text stands for nothing set: of most types that is no value.
pub trait Value: Sized {
    /// Before the noun, where a text is no value.
    const LEAD: &'static str = "not";
    /// After the noun: how to write it.
    const HINT: &'static str = "";
    /// See [`Setting`](super::Setting).
    const HAS_PASSWORD: bool = false;

    /// What it is, with its article.
    fn noun() -> String;

    /// The value that a text stands for.
    fn parse(text: &str) -> Option<Self>;

    /// What bounds are about.
    fn size(&self) -> Option<f64> {
        None
    }

    /// A bound, as people write it.
    fn shown(size: f64) -> String {
        size.to_string()
    }

    /// What is wrong with a text, where more can be said than what is expected.
    fn remedy(_text: &str) -> Option<String> {
        None
    }
}

/// A choice of words.
pub trait Word: Copy + 'static {
    /// Each with what it means.
    const WORDS: &'static [(&'static str, Self)];
}

impl<T: Word> Value for T {
    const LEAD: &'static str = "expected";

    fn noun() -> String {
        let words: Vec<String> = T::WORDS.iter().map(|(word, _)| format!("`{word}`")).collect();
        match &words[..] {
            [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            words => words.concat(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        T::WORDS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }
}

impl Word for bool {
    const WORDS: &'static [(&'static str, Self)] = &[("true", true), ("false", false)];
}

/// May be left out.
impl<T: Value> Value for Option<T> {
    const LEAD: &'static str = T::LEAD;
    const HINT: &'static str = T::HINT;
    const HAS_PASSWORD: bool = T::HAS_PASSWORD;

    fn noun() -> String {
        T::noun()
    }

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::parse(text).map(Some) }
    }

    fn size(&self) -> Option<f64> {
        self.as_ref().and_then(T::size)
    }

    fn shown(size: f64) -> String {
        T::shown(size)
    }

    fn remedy(text: &str) -> Option<String> {
        T::remedy(text)
    }
}

macro_rules! whole_numbers {
    ($($type:ty)*) => {$(
        impl Value for $type {
            const HINT: &'static str = " that fits";

            fn noun() -> String {
                "a whole number".to_owned()
            }

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            #[allow(clippy::cast_lossless, reason = "of the smaller ones")]
            fn size(&self) -> Option<f64> {
                Some(*self as f64)
            }
        }
    )*};
}

whole_numbers! { u16 u32 u64 usize }

macro_rules! plain_values {
    ($($type:ty, $noun:literal, $hint:literal, $parse:expr;)*) => {$(
        impl Value for $type {
            const HINT: &'static str = $hint;

            fn noun() -> String {
                $noun.to_owned()
            }

            fn parse(text: &str) -> Option<Self> {
                $parse(text)
            }
        }
    )*};
}

plain_values! {
    NonZeroU32, "a whole number of at least 1", " that fits", |text: &str| text.parse().ok();
    String, "a text", "", |text: &str| (!text.is_empty()).then(|| text.to_owned());
    PathBuf, "a path", "", |text: &str| (!text.is_empty()).then(|| text.into());
    SocketAddr, "an address", "; write IP:PORT, for instance 127.0.0.1:40000 or 0.0.0.0:40000",
        |text: &str| text.parse().ok();
    Url, "an http:// or https:// URL", "",
        |text| Url::parse(text).ok().filter(|url| url.has_host() && url.scheme().starts_with("http"));
    Tz, "a time zone", "; write for instance Europe/Berlin or UTC", |text: &str| text.parse().ok();
}

impl Value for f64 {
    fn noun() -> String {
        "a number".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn size(&self) -> Option<f64> {
        Some(*self)
    }
}

impl Value for Duration {
    const HINT: &'static str = "; write for instance 500ms, 5s, 2m, 24h or 30d";

    fn noun() -> String {
        "a duration".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        humantime::parse_duration(text).ok()
    }

    fn size(&self) -> Option<f64> {
        Some(self.as_secs_f64())
    }

    fn shown(size: f64) -> String {
        humantime::format_duration(Self::from_secs_f64(size)).to_string()
    }
}

impl Value for TimeDelta {
    const HINT: &'static str = Duration::HINT;

    fn noun() -> String {
        Duration::noun()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::from_std(Duration::parse(text)?).ok()
    }

    fn size(&self) -> Option<f64> {
        self.to_std().ok()?.size()
    }

    fn shown(size: f64) -> String {
        Duration::shown(size)
    }

    fn remedy(text: &str) -> Option<String> {
        Duration::parse(text)
            .filter(|_| Self::parse(text).is_none())
            .map(|_| "far too long".to_owned())
    }
}

impl Value for PlaceName {
    fn noun() -> String {
        "a name".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }

    fn remedy(text: &str) -> Option<String> {
        Self::parse(text).err().map(|e| e.to_string())
    }
}
