//! A row of numbers of a fixed length, as it is kept: read back, it has that length or is refused.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, de};

/// `N` values, on the heap.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Row<T, const N: usize>(Vec<T>);

impl<T: Clone, const N: usize> Row<T, N> {
    pub fn of(value: T) -> Self {
        Self(vec![value; N])
    }
}

impl<T, const N: usize> Deref for Row<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> DerefMut for Row<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Row<T, N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let values = Vec::deserialize(from)?;
        if values.len() != N {
            let length = values.len();
            return Err(de::Error::custom(format!(
                "a row of a forecast's state has {length} values and should have {N}: it is of another version; drop it and learn anew"
            )));
        }
        Ok(Self(values))
    }
}
