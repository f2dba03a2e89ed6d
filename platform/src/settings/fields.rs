//! What a field of options comes from: a setting, options of their own, or a value that nobody sets.

use super::{Setting, SettingError, Source, Value, Values};

/// Options that are made of settings; by [`settings!`](crate::settings!).
pub trait Settings: Sized {
    /// Adds its settings, in the order they are shown.
    fn list(into: &mut Vec<Setting>);

    /// Reads them, and checks none.
    fn read(values: &Values) -> Result<Self, SettingError>;

    /// Says of the first that makes no sense what is wrong with it.
    fn check(&self) -> Result<(), Refused>;

    /// Reads and checks them.
    fn of(values: &Values) -> Result<Self, SettingError> {
        let read = Self::read(values)?;
        let setting = |key| Self::settings().into_iter().find(|setting| setting.key == key);
        read.check().map_err(|refused| match setting(refused.key) {
            Some(setting) => values.wrong(&setting, &refused.why),
            None => SettingError(refused.to_string()),
        })?;
        Ok(read)
    }

    /// All of them, in the order they are shown.
    fn settings() -> Vec<Setting> {
        let mut settings = Vec::new();
        Self::list(&mut settings);
        settings
    }
}

/// A value that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct Refused {
    /// The setting's.
    pub key: &'static str,
    /// What is wrong, and what would be right.
    pub why: String,
}

/// What a field of type `T` comes from.
pub trait Field<T>: Sized {
    /// Adds its settings.
    fn list(&self, help: &'static str, into: &mut Vec<Setting>);
    /// Its value, not checked.
    fn read(self, values: &Values) -> Result<T, SettingError>;
    /// Whether the value makes sense.
    fn check(&self, value: &T) -> Result<(), Refused>;
}

impl<T: Value> Field<T> for Setting {
    fn list(&self, help: &'static str, into: &mut Vec<Setting>) {
        let is_url_with_password = T::HAS_PASSWORD;
        into.push(Self { help: help.trim_start(), is_url_with_password, ..*self });
    }

    fn read(self, values: &Values) -> Result<T, SettingError> {
        let setting = Self { is_url_with_password: T::HAS_PASSWORD, ..self };
        let (text, source) = values.get(&setting);
        let meant = if setting.none == Some(text) { "" } else { text };
        let wrong = || values.wrong(&setting, &setting.remedy_for::<T>(text));
        let value = T::parse(meant).ok_or_else(wrong)?;
        let nobody_said = setting.is_only_as_said && *source == Source::Default;
        if nobody_said { T::parse("").ok_or_else(wrong) } else { Ok(value) }
    }

    fn check(&self, value: &T) -> Result<(), Refused> {
        self.allows(value)
    }
}

/// See [`nested`].
pub struct Nested;

/// Options of their own.
pub const fn nested() -> Nested {
    Nested
}

impl<T: Settings> Field<T> for Nested {
    fn list(&self, _help: &'static str, into: &mut Vec<Setting>) {
        T::list(into);
    }

    fn read(self, values: &Values) -> Result<T, SettingError> {
        T::read(values)
    }

    fn check(&self, value: &T) -> Result<(), Refused> {
        value.check()
    }
}

/// See [`fixed`].
pub struct Fixed<T>(T);

/// No setting: nobody but the program, or a test, has another value.
pub const fn fixed<T>(value: T) -> Fixed<T> {
    Fixed(value)
}

impl<T> Field<T> for Fixed<T> {
    fn list(&self, _help: &'static str, _into: &mut Vec<Setting>) {}

    fn read(self, _values: &Values) -> Result<T, SettingError> {
        Ok(self.0)
    }

    fn check(&self, _value: &T) -> Result<(), Refused> {
        Ok(())
    }
}
