//! `carpark config`: what will run, and where each value comes from.

use platform::settings::Setting;

use super::{Layers, SETTINGS};

impl Layers {
    /// What will run, as TOML with the source of each value; secrets masked.
    pub fn show(&self) -> String {
        let mut lines = Vec::new();
        let mut section = "";
        let section_of = |setting: &Setting| setting.key.split_once('.').map_or("", |(of, _)| of);
        // A section has to stand together, and what is in none before all of them; the table has
        // them in the order of the help.
        let mut settings: Vec<&Setting> = SETTINGS.iter().collect();
        let first_of = |section: &str| SETTINGS.iter().position(|s| section_of(s) == section);
        settings.sort_by_key(|setting| {
            (!section_of(setting).is_empty(), first_of(section_of(setting)))
        });
        for setting in settings {
            let (text, source) = self.values.get(setting);
            if text.is_empty() {
                continue;
            }
            let (of, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
            if of != section {
                lines.push(format!("\n[{of}]"));
                section = of;
            }
            let text = match setting.is_secret {
                true => "***".to_owned(),
                false if text.contains("://") => platform::address::masked(text),
                false => text.to_owned(),
            };
            let text = quoted_if_needed(&text);
            lines.push(format!("{:<42} # {}", format!("{key} = {text}"), source));
        }
        lines.extend(self.named.show());
        lines.join("\n")
    }
}

/// As TOML writes it.
pub(super) fn quoted_if_needed(text: &str) -> String {
    let is_plain = text.parse::<f64>().is_ok() || text.parse::<bool>().is_ok();
    if is_plain { text.to_owned() } else { toml::Value::from(text).to_string() }
}
