//! JSON to a tree. Counts what it keeps while it reads: a body of 10 MB can hold five million
//! values. What is no JSON but was meant as some is mended once ([`repair`]).

mod repair;

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{BadBody, Budget, DEPTH_MAX, ITEMS_KEPT, is_bare};
use crate::tree::Tree;

/// Reads one JSON value; nothing may follow it.
pub fn parse(text: &str) -> Result<Tree, BadBody> {
    let broken = match strict(text) {
        Err(broken @ BadBody::NotJson(_)) => broken,
        read => return read,
    };
    // The place of the fault is that in what the camera sent.
    repair::repair(text).and_then(|mended| strict(&mended).ok()).ok_or(broken)
}

fn strict(text: &str) -> Result<Tree, BadBody> {
    let bounds = RefCell::new(Bounds { budget: Budget::new(), refusal: None });
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Value { bounds: &bounds, depth: 0 };
    let tree = value.deserialize(&mut json).and_then(|tree| json.end().map(|()| tree));
    let refusal = bounds.into_inner().refusal;
    tree.map_err(|error| refusal.unwrap_or_else(|| BadBody::NotJson(without_content(&error))))
}

/// What is left of the bounds, and which one broke.
struct Bounds {
    budget: Budget,
    refusal: Option<BadBody>,
}

#[derive(Clone, Copy)]
struct Value<'a> {
    bounds: &'a RefCell<Bounds>,
    depth: usize,
}

impl Value<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.refuse(BadBody::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn take<E: Error>(self) -> Result<(), E> {
        let taken = self.bounds.borrow_mut().budget.take();
        taken.map_err(|refusal| self.refuse(refusal))
    }

    fn refuse<E: Error>(self, refusal: BadBody) -> E {
        let error = E::custom(&refusal);
        self.bounds.borrow_mut().refusal = Some(refusal);
        error
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        self.take()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Integer(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "beyond an i64 nobody counts anything here")]
    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(i64::try_from(value).map_or(Tree::Float(value as f64), Tree::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(super::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        loop {
            let left = self.bounds.borrow().budget.left();
            let Some(item) = items.next_element_seed(inner)? else { break };
            let is_scalar = !matches!(item, Tree::List(_) | Tree::Map(_));
            if list.len() >= ITEMS_KEPT && (is_scalar || is_bare(&item)) {
                self.bounds.borrow_mut().budget.give_back(left);
                continue;
            }
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Tree, A::Error> {
        let inner = self.inner()?;
        let mut map = Vec::new();
        while let Some(name) = fields.next_key::<String>()? {
            map.push((name, fields.next_value_seed(inner)?));
        }
        Ok(Tree::Map(map))
    }
}

/// What serde says: syntax and place. It quotes no content of JSON that is read as anything.
fn without_content(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or("not JSON");
    format!("{what}, line {}, column {}", error.line(), error.column())
}
