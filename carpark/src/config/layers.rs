//! What each layer says: the file, the environment, the command line.

use std::path::{Path, PathBuf};

use platform::settings::{Setting, SettingError, Source, Values};

use super::named::Named;
use super::{SETTINGS, find};

/// The file that is read where no other is named.
const DEFAULT_FILE: &str = "carpark.toml";

/// All values, as text.
#[derive(Debug, Default)]
pub struct Layers {
    pub(super) values: Values,
    /// Places, lanes, cameras and webhooks.
    pub(super) named: Named,
    has_file: bool,
    /// What was said that changes nothing, in words.
    ignored: Vec<String>,
}

impl Layers {
    /// Collects every value. `flags` answers what the command line says of a setting.
    pub fn read(
        file: Option<&Path>,
        flags: impl Fn(&Setting) -> Option<String>,
    ) -> Result<Self, SettingError> {
        let mut layers = Self::default();
        layers.read_file(file)?;
        layers.read_environment()?;
        layers.ignored = strange_variables(variables());
        for setting in SETTINGS.iter() {
            if let Some(text) = flags(setting) {
                layers.values.put(setting, text, Source::Flag(setting.flag()));
            }
        }
        Ok(layers)
    }

    pub(super) fn read_file(&mut self, named: Option<&Path>) -> Result<(), SettingError> {
        let from_environment = variable("CARPARK_CONFIG");
        let named = named.map(Path::to_path_buf).or(from_environment.map(PathBuf::from));
        let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && named.is_none() => return Ok(()),
            Err(e) => {
                return Err(SettingError(format!(
                    "configuration file {} cannot be read: {e}",
                    path.display()
                )));
            }
        };
        self.has_file = true;
        let mut table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            SettingError(format!("{} is not valid TOML: {}", path.display(), e.to_string().trim()))
        })?;
        let source = Source::File(path.display().to_string());
        self.named.take_from(&mut table, &source)?;
        let mut leaves = Vec::new();
        flatten(&table, "", &mut leaves);
        for (key, value) in leaves {
            let Some(setting) = find(&key) else {
                return Err(unknown_key(&key, &source));
            };
            self.values.put(setting, value, source.clone());
        }
        Ok(())
    }

    fn read_environment(&mut self) -> Result<(), SettingError> {
        for setting in SETTINGS.iter() {
            let name = setting.env();
            if let Some(text) = variable(&name) {
                self.values.put(setting, text, Source::Environment(name.clone()));
            }
            if !setting.may_be_file() {
                continue;
            }
            let file_name = format!("{name}_FILE");
            if let Some(path) = variable(&file_name) {
                let text = std::fs::read_to_string(&path).map_err(|e| {
                    SettingError(format!("{file_name} names {path}, which cannot be read: {e}"))
                })?;
                let source = Source::Environment(file_name);
                self.values.put(setting, text.trim().to_owned(), source);
            }
        }
        Ok(())
    }

    /// Variables that look like settings and are none, each with what may have been meant.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Whether a file was read.
    pub fn has_file(&self) -> bool {
        self.has_file
    }

    /// A value for where nobody has said any.
    pub fn suggest(&mut self, key: &str, text: &str) {
        if let Some(setting) = find(key) {
            self.values.suggest(setting, text);
        }
    }
}

/// The environment variable, where it is set and not empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The names of all variables that are set.
fn variables() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

/// Variables that begin as a setting's does and name none. A warning, no error: another program's
/// may begin so too, and the tools around this one have some of their own.
pub(super) fn strange_variables(names: impl IntoIterator<Item = String>) -> Vec<String> {
    /// Not of a setting.
    const OTHERS: &[&str] =
        &["CARPARK_CONFIG", "CARPARK_BIN", "CARPARK_IMAGE", "CARPARK_VERSION", "CARPARK_REVISION"];
    /// What Kubernetes sets beside a service that is called carpark.
    const OF_A_SERVICE: &[&str] = &["CARPARK_SERVICE_", "CARPARK_PORT"];
    let known: Vec<String> = SETTINGS
        .iter()
        .flat_map(|setting| {
            let file = setting.may_be_file().then(|| format!("{}_FILE", setting.env()));
            [Some(setting.env()), file].into_iter().flatten()
        })
        .collect();
    let is_strange = |name: &String| {
        name.to_uppercase().starts_with("CARPARK_")
            && !known.contains(name)
            && !OTHERS.contains(&name.as_str())
            && !OF_A_SERVICE.iter().any(|start| name.starts_with(start))
    };
    let mut strange: Vec<String> = names.into_iter().filter(is_strange).collect();
    strange.sort();
    strange
        .iter()
        .map(|name| {
            let remedy =
                match nearest(name.to_uppercase().as_str(), known.iter().map(String::as_str)) {
                    Some(known) => format!("did you mean {known}?"),
                    None => "`carpark --help` lists the known ones".to_owned(),
                };
            format!("the environment variable {name} is not a setting and has no effect: {remedy}")
        })
        .collect()
}

/// The known name that is most like it, if one is much like it.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distances = known.map(|known| (strsim::damerau_levenshtein(known, name), known));
    distances.min().filter(|(distance, _)| *distance <= 3).map(|(_, known)| known)
}

fn flatten(table: &toml::Table, prefix: &str, into: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::Table(table) => flatten(table, &format!("{key}."), into),
            toml::Value::String(text) => into.push((key, text.clone())),
            other => into.push((key, other.to_string())),
        }
    }
}

fn unknown_key(key: &str, source: &Source) -> SettingError {
    let remedy = match nearest(key, SETTINGS.iter().map(|setting| setting.key)) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "`carpark config` lists the known ones".to_owned(),
    };
    SettingError(format!("unknown key `{key}` in {source}: {remedy}"))
}
