//! What can be set. A setting is one line in the options of its room, and all that is to be known of
//! it follows from there: its type, default and bounds, what the help says, its names in file,
//! environment and flags, and what a wrong value is answered with.
//!
//! ```
//! use std::time::Duration;
//! use platform::settings::{Settings, Values, fixed, rare, setting};
//!
//! platform::settings! {
//!     /// What can be set of the kettle.
//!     pub struct Options {
//!         /// How long it boils
//!         pub boils_for: Duration = setting("Kettle", "kettle.boils_for", "3m"),
//!         /// Cups in it
//!         pub cups: usize = rare("Kettle", "kettle.cups", "4").at_least(1.0),
//!         /// Of no concern to who uses it.
//!         pub lids: usize = fixed(1),
//!     }
//! }
//! assert_eq!(Options::of(&Values::default()).unwrap().boils_for, Duration::from_mins(3));
//! assert_eq!(Options::settings()[1].env(), "CARPARK_KETTLE_CUPS");
//! ```

mod fields;
mod server_url;
mod value;
mod values;

pub use fields::{Field, Fixed, Nested, Refused, Settings, fixed, nested};
pub use server_url::{AmqpUrl, PostgresUrl, RedisUrl};
pub use value::{Value, Word};
pub use values::{Given, SettingError, Source, Values};

/// Heading in the help of what says where things are.
pub const PLACES: &str = "Where things are";
/// Heading in the help of what keeps a part from taking too much.
pub const LIMITS: &str = "Limits";

/// One setting, and what is to be known of it everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Key in `carpark.toml`; a dot opens a section.
    pub key: &'static str,
    /// Default, as text; empty: none.
    pub default: &'static str,
    /// What it means, as the help says it.
    pub help: &'static str,
    /// Heading in the help.
    pub group: &'static str,
    /// Masked wherever it is shown; may come from a file (`…_FILE`).
    pub is_secret: bool,
    /// A URL that may have a password in it: that is masked, and it may come from a file.
    pub is_url_with_password: bool,
    /// Shown by `--help`, not by `-h`.
    pub is_rare: bool,
    /// A word that stands for no value.
    none: Option<&'static str>,
    is_only_as_said: bool,
    min: Option<f64>,
    max: Option<f64>,
    remedy: Option<&'static str>,
}

/// A setting that many want to know of.
pub const fn setting(group: &'static str, key: &'static str, default: &'static str) -> Setting {
    Setting {
        key,
        default,
        help: "",
        group,
        is_secret: false,
        is_url_with_password: false,
        is_rare: false,
        none: None,
        is_only_as_said: false,
        min: None,
        max: None,
        remedy: None,
    }
}

/// A setting that hardly anybody needs.
pub const fn rare(group: &'static str, key: &'static str, default: &'static str) -> Setting {
    Setting { is_rare: true, ..setting(group, key, default) }
}

/// A setting that nobody else may see.
pub const fn secret(group: &'static str, key: &'static str) -> Setting {
    Setting { is_secret: true, ..setting(group, key, "") }
}

impl Setting {
    /// No less than this: of durations in seconds.
    #[must_use]
    pub const fn at_least(self, min: f64) -> Self {
        Self { min: Some(min), ..self }
    }

    /// No more than this: of durations in seconds.
    #[must_use]
    pub const fn up_to(self, max: f64) -> Self {
        Self { max: Some(max), ..self }
    }

    /// Both ends belong to it.
    #[must_use]
    pub const fn within(self, min: f64, max: f64) -> Self {
        self.at_least(min).up_to(max)
    }

    /// With a word that stands for no value.
    #[must_use]
    pub const fn or_none(self, word: &'static str) -> Self {
        Self { none: Some(word), ..self }
    }

    /// The default is only shown: without anybody's word there is no value.
    #[must_use]
    pub const fn only_as_said(self) -> Self {
        Self { is_only_as_said: true, ..self }
    }

    /// Says what is expected better than the type does.
    #[must_use]
    pub const fn remedy(self, remedy: &'static str) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// The environment variable: `CARPARK_…`.
    pub fn env(&self) -> String {
        format!("CARPARK_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// Whether a variable `…_FILE` may name a file with the value.
    pub fn may_be_file(&self) -> bool {
        self.is_secret || self.is_url_with_password
    }

    /// `--…` without the dashes. The generators' settings need no prefix: a person who types one
    /// wants a simulation.
    pub fn flag(&self) -> String {
        let simulated = ["generators.", "pings."];
        let bare = simulated.iter().find_map(|section| self.key.strip_prefix(section));
        bare.unwrap_or(self.key).replace(['.', '_'], "-")
    }

    /// What to write instead of a text that is no value.
    fn remedy_for<T: Value>(&self, text: &str) -> String {
        let exact = || T::remedy(text).filter(|_| !text.is_empty());
        if let Some(remedy) = self.remedy.map(str::to_owned).or_else(exact) {
            return remedy;
        }
        let lead = if self.none.is_some() || text.is_empty() { "expected" } else { T::LEAD };
        let none = self.none.map(|word| format!("`{word}` or ")).unwrap_or_default();
        let bounds = match (self.min.map(T::shown), self.max.map(T::shown)) {
            (None, None) => T::HINT.to_owned(),
            (Some(min), None) => format!(" of at least {min}{}", T::HINT),
            (None, Some(max)) => format!(" of up to {max}{}", T::HINT),
            (Some(min), Some(max)) => format!(" between {min} and {max}"),
        };
        format!("{lead} {none}{}{bounds}", T::noun())
    }

    /// Whether a value is within the bounds.
    pub fn allows<T: Value>(&self, value: &T) -> Result<(), Refused> {
        let (min, max) = (self.min.unwrap_or(f64::MIN), self.max.unwrap_or(f64::MAX));
        match value.size() {
            // NaN is outside of everything.
            Some(size) if !(min..=max).contains(&size) => {
                let why = match (self.min, self.max) {
                    (Some(min), Some(max)) => format!("{size} is not between {min} and {max}"),
                    _ => self.remedy_for::<T>("out of bounds"),
                };
                Err(Refused { key: self.key, why })
            }
            _ => Ok(()),
        }
    }
}

/// Makes the options of a room: a struct whose fields each say what they come from. Most are a
/// [`setting`], whose comment is what the help says; others are [`nested`] options or [`fixed`]. A
/// `check` at the end looks at several of them together.
#[macro_export]
macro_rules! settings {
    (
        $(#[$attribute:meta])*
        $visible:vis struct $name:ident {
            $($(#[doc = $help:literal])* $field_visible:vis $field:ident: $type:ty = $from:expr,)*
        }
        $(check $check:expr;)?
    ) => {
        $(#[$attribute])*
        $visible struct $name {
            $($(#[doc = $help])* $field_visible $field: $type,)*
        }

        impl $crate::settings::Settings for $name {
            fn list(into: &mut Vec<$crate::settings::Setting>) {
                $($crate::settings::Field::<$type>::list(&$from, concat!($($help),*), into);)*
            }

            fn read(
                values: &$crate::settings::Values,
            ) -> Result<Self, $crate::settings::SettingError> {
                Ok(Self { $($field: $crate::settings::Field::<$type>::read($from, values)?,)* })
            }

            fn check(&self) -> Result<(), $crate::settings::Refused> {
                $($crate::settings::Field::<$type>::check(&$from, &self.$field)?;)*
                $($check(self)?;)?
                Ok(())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                let none_set = $crate::settings::Values::default();
                $crate::settings::Settings::read(&none_set).expect("defaults are values")
            }
        }
    };
}

#[cfg(test)]
mod tests;
