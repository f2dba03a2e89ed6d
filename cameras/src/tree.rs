//! What a body says, whatever its format: named values in values. A JSON object, an XML element
//! with its children and a list of `a.b[0].c=value` lines all become the same tree, so that an
//! adapter says where a vendor keeps a value and need not know how it was written down.

use std::fmt;

/// A value. `Debug` shows its kind alone: a tree has plates in it (G8).
#[derive(Clone, PartialEq)]
pub enum Tree {
    /// JSON's null; an XML element without text and children is the empty text.
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// A text so long that it is a picture: its bytes.
    Omitted(usize),
    List(Vec<Tree>),
    /// In the order of the body; of a name that occurs twice, the first counts. Attributes of XML
    /// are named `@name`, the text beside them `#text`.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// The value under `name`, of a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(fields) => fields.iter().find(|(n, _)| n == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value at a path such as `Picture.Plate.PlateNumber`. A number steps into a list; a name
    /// steps into its first item, since one item may be written as a list of one. Null is none.
    pub fn at(&self, path: &str) -> Option<&Self> {
        let mut value = self;
        for step in path.split('.') {
            value = match value {
                Self::List(items) => match step.parse::<usize>() {
                    Ok(index) => items.get(index)?,
                    Err(_) => items.first()?.get(step)?,
                },
                _ => value.get(step)?,
            };
        }
        (*value != Self::Null).then_some(value)
    }

    /// Whether there is a value at `path`.
    pub fn has(&self, path: &str) -> bool {
        self.at(path).is_some()
    }

    /// All values at `path`: the items of a list, all XML elements of that name, or the one value.
    pub fn all(&self, path: &str) -> Vec<&Self> {
        let (holder, name) = match path.rsplit_once('.') {
            Some((holder, name)) => (self.at(holder), name),
            None => (Some(self), path),
        };
        let Some(Self::Map(fields)) = holder else { return Vec::new() };
        let named = fields.iter().filter(|(n, _)| n == name).map(|(_, value)| value);
        named
            .flat_map(|value| match value {
                Self::List(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            })
            .filter(|value| **value != Self::Null)
            .collect()
    }

    /// The text at `path`, without white space around it; a number is its digits.
    pub fn text(&self, path: &str) -> Option<String> {
        self.at(path)?.as_text()
    }

    /// As [`Tree::text`], where it is not empty.
    pub fn name(&self, path: &str) -> Option<String> {
        self.text(path).filter(|text| !text.is_empty())
    }

    /// The number at `path`, also one that is written as text.
    pub fn number(&self, path: &str) -> Option<f64> {
        self.at(path)?.as_number()
    }

    /// A confidence: the number at `path` as a share of the first of `scales` that it fits; a text may
    /// have a decimal comma or a percent sign. `None` is that nothing is said. What is said and is
    /// on no scale is 0, no certainty at all: it must not pass a limit that it was never held
    /// against.
    #[expect(clippy::cast_possible_truncation, reason = "a share needs no 52 bits")]
    pub fn share(&self, path: &str, scales: &[f64]) -> Option<f32> {
        let value = self.at(path)?;
        let Some((number, scales)) = value.as_measure(scales) else {
            return value.says_something().then_some(0.0);
        };
        let most = scales.iter().find(|most| (0.0..=**most).contains(&number));
        Some(most.map_or(0.0, |most| (number / most) as f32))
    }

    /// A number, and the scales that it may be on: a percentage has its own.
    fn as_measure<'s>(&self, scales: &'s [f64]) -> Option<(f64, &'s [f64])> {
        if let Some(number) = self.as_number() {
            return Some((number, scales));
        }
        let text = self.as_text()?.replacen(',', ".", 1);
        let (text, scales) = match text.strip_suffix('%') {
            Some(text) => (text, &[100.0][..]),
            None => (text.as_str(), scales),
        };
        let number: f64 = text.trim().parse().ok()?;
        number.is_finite().then_some((number, scales))
    }

    /// Whether a value that is no number says more than that nothing is known.
    fn says_something(&self) -> bool {
        const NOTHING: [&str; 6] = ["unknown", "unk", "none", "null", "undefined", "n/a"];
        match self {
            Self::Null => false,
            Self::List(items) => !items.is_empty(),
            Self::Map(fields) => match self.get("#text") {
                Some(text) => text.says_something(),
                None => fields.iter().any(|(name, _)| !name.starts_with('@')),
            },
            Self::Text(text) => {
                text.chars().any(char::is_alphanumeric)
                    && !NOTHING.iter().any(|word| is_word(text, word))
            }
            _ => true,
        }
    }

    /// Whether the text at `path` is one of these words: see [`is_word`].
    pub fn says(&self, path: &str, words: &[&str]) -> bool {
        self.text(path).is_some_and(|text| words.iter().any(|word| is_word(&text, word)))
    }

    /// The whole number at `path`, also one that is written as text.
    pub fn integer(&self, path: &str) -> Option<i64> {
        match self.at(path)? {
            Self::Integer(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Map(_) => self.at(path)?.integer("#text"),
            _ => None,
        }
    }

    /// Whether the value at `path` says yes: true, a number other than 0, or a word for it.
    pub fn flag(&self, path: &str) -> bool {
        match self.at(path) {
            Some(Self::Bool(flag)) => *flag,
            Some(value) => {
                let is_word = value.as_text().is_some_and(|text| {
                    ["true", "yes", "on"].iter().any(|yes| is_word(&text, yes))
                });
                is_word || value.as_number().is_some_and(|number| number != 0.0)
            }
            None => false,
        }
    }

    /// This value as text.
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.trim().to_owned()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Float(number) => Some(number.to_string()),
            Self::Map(_) => self.get("#text")?.as_text(),
            _ => None,
        }
    }

    /// This value as a number.
    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 nobody counts anything here")]
    pub fn as_number(&self) -> Option<f64> {
        let number = match self {
            Self::Integer(number) => *number as f64,
            Self::Float(number) => *number,
            Self::Text(text) => text.trim().parse().ok()?,
            Self::Map(_) => self.get("#text")?.as_number()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }
}

/// Whether a text is a fixed word of a vendor's: whatever its case and the white space around it,
/// since firmwares of one vendor differ in both. A word that ends in `*` is a beginning, one that
/// begins with it an end. Every comparison of what a camera says with a fixed word is made here.
pub fn is_word(text: &str, word: &str) -> bool {
    let (text, word) = (text.trim().to_lowercase(), word.to_lowercase());
    match (word.strip_suffix('*'), word.strip_prefix('*')) {
        (Some(beginning), _) => text.starts_with(beginning),
        (None, Some(end)) => text.ends_with(end),
        (None, None) => text == word,
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(_) => f.write_str("bool"),
            Self::Integer(_) | Self::Float(_) => f.write_str("number"),
            Self::Text(_) => f.write_str("text"),
            Self::Omitted(length) => write!(f, "{length} bytes"),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Map(fields) => f.debug_map().entries(fields.iter().map(|(n, v)| (n, v))).finish(),
        }
    }
}

#[cfg(test)]
mod tests;
