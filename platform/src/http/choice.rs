//! A text that is one of a few names, described (OpenAPI).

use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// A text that is one of `names`: the words of the type itself, so that a description cannot fall
/// behind it.
pub fn one_of(names: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}
