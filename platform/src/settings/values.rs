//! The values of settings as people wrote them, and who wrote each.

use std::collections::BTreeMap;
use std::fmt;

use super::Setting;
use crate::address::without_password;

/// Where a value came from, for errors and for `carpark config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// On the command line.
    Flag(String),
    /// The environment variable of that name.
    Environment(String),
    /// A file, with its path.
    File(String),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag --{flag}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "{path}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// What is wrong with the configuration, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(pub String);

/// A text and where it came from.
#[derive(Debug, Clone)]
pub struct Given {
    /// As it was written.
    pub text: String,
    /// By whom.
    pub source: Source,
}

/// What was set.
#[derive(Debug, Default)]
pub struct Values(BTreeMap<&'static str, Given>);

impl Values {
    /// Over what was there before.
    pub fn put(&mut self, setting: &Setting, text: String, source: Source) {
        self.0.insert(setting.key, Given { text, source });
    }

    /// A value for where nobody has said any.
    pub fn suggest(&mut self, setting: &Setting, text: &str) {
        let (said, source) = self.get(setting);
        if said.is_empty() || *source == Source::Default {
            self.put(setting, text.to_owned(), Source::Default);
        }
    }

    /// What holds; empty: nothing is set.
    pub fn get<'a>(&'a self, setting: &Setting) -> (&'a str, &'a Source) {
        match self.0.get(setting.key) {
            Some(given) => (&given.text, &given.source),
            None => (setting.default, &Source::Default),
        }
    }

    /// Refuses what holds.
    pub(super) fn wrong(&self, setting: &Setting, remedy: &str) -> SettingError {
        let key = setting.key;
        let (text, source) = self.get(setting);
        let shown = match text {
            "" => return SettingError(format!("`{key}` is not set: {remedy}")),
            _ if setting.is_secret => "***".to_owned(),
            url if setting.is_url_with_password => without_password(url),
            text => text.to_owned(),
        };
        SettingError(format!("`{key}` = \"{shown}\" ({source}): {remedy}"))
    }
}
