//! A validator of the part of JSON Schema that the schemas here use. A keyword that it does not know is
//! an error, so that nothing is passed over; `pattern` it knows by heart.

use serde_json::Value;

/// What of the document is not as the schema says; nothing where all is.
pub fn faults(schema: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, document, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Value::Object(schema) = schema else { panic!("{schema} is no schema") };
    for (keyword, rule) in schema {
        match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                let target = root.pointer(pointer).unwrap_or_else(|| panic!("{rule}"));
                check(root, target, value, at, found);
            }
            "allOf" => {
                for part in rule.as_array().unwrap() {
                    check(root, part, value, at, found);
                }
            }
            "anyOf" | "oneOf" => {
                let fits = |part: &&Value| {
                    let mut inner = Vec::new();
                    check(root, part, value, at, &mut inner);
                    inner.is_empty()
                };
                let count = rule.as_array().unwrap().iter().filter(fits).count();
                if count == 0 || (keyword == "oneOf" && count > 1) {
                    found.push(format!("{at}: {value} fits {count} of {keyword}"));
                }
            }
            "properties" => {
                for (name, of_property) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(root, of_property, value, &format!("{at}/{name}"), found);
                    }
                }
            }
            "items" => {
                for (number, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, value, &format!("{at}/{number}"), found);
                }
            }
            "additionalProperties" => {
                assert_eq!(*rule, Value::Bool(false));
                for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
                    if schema["properties"].get(name).is_none() {
                        found.push(format!("{at}: {name} is not known"));
                    }
                }
            }
            "$schema" | "$comment" | "$defs" | "title" | "description" | "example" | "x-tags"
            | "x-examples" => {}
            _ if holds(keyword, rule, value) => {}
            _ => found.push(format!("{at}: {value} is against {keyword} {rule}")),
        }
    }
}

/// The keywords that look at a value alone; one of another type is not theirs to judge.
fn holds(keyword: &str, rule: &Value, value: &Value) -> bool {
    let bound = || rule.as_u64().unwrap();
    match keyword {
        "type" => match rule.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("type {other}"),
        },
        "enum" => rule.as_array().unwrap().contains(value),
        "const" => rule == value,
        "required" => {
            let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
            !value.is_object() || rule.as_array().unwrap().iter().all(has)
        }
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= bound()),
        "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= bound()),
        "minProperties" => value.as_object().is_none_or(|all| all.len() as u64 >= bound()),
        "maxProperties" => value.as_object().is_none_or(|all| all.len() as u64 <= bound()),
        "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= bound()),
        "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
        "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text)),
        "format" if rule == "date-time" => {
            let is_time = |text: &str| chrono::DateTime::parse_from_rfc3339(text).is_ok();
            value.as_str().is_none_or(is_time)
        }
        "format" => true,
        other => panic!("the validator does not know `{other}`"),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let is_all = |wanted: usize, kind: fn(&u8) -> bool| {
        text.len() == wanted && text.bytes().all(|b| kind(&b))
    };
    let shaped = |shape: &str| {
        text.len() == shape.len()
            && text
                .bytes()
                .zip(shape.bytes())
                .all(|(b, s)| if s == b'0' { b.is_ascii_digit() } else { b == s })
    };
    match pattern {
        r"^([A-Z][a-z0-9]+)+" => {
            // The pattern ends there: what stands behind such a word is free.
            let rest = text.strip_prefix(|c: char| c.is_ascii_uppercase());
            let next = |rest: &str| {
                rest.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            };
            rest.is_some_and(next)
        }
        r"^EPSG:\d{4}$" => text
            .strip_prefix("EPSG:")
            .is_some_and(|code| code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit())),
        "^[A-Z]{3}$" => is_all(3, u8::is_ascii_uppercase),
        "^[a-z]{2}$" => is_all(2, u8::is_ascii_lowercase),
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" => shaped("0000-00-00"),
        "^[0-9]{2}-[0-9]{2}$" => shaped("00-00"),
        p if p.starts_with("^([01][0-9]|2[0-3]):") => shaped("00:00") && text <= "24:00",
        p if p.starts_with("^-?[0-9]+") => rates::Decimal::parse(text).is_some(),
        p if p.contains("calendar_day") => rates::Period::parse(text).is_some(),
        p if p.starts_with("^P(?!$)(\\d+Y)?(\\d+M)?(\\d+W)?(\\d+D)?(T(?=\\d)") => duration(text),
        other => panic!("the validator does not know the pattern {other}"),
    }
}

/// `P1Y2M3W4DT5H6M7S`: each part at most once and in this order.
fn duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P').filter(|rest| !rest.is_empty()) else { return false };
    let (date, clock) = rest.split_once('T').unwrap_or((rest, "0S"));
    let parts = |mut rest: &str, units: &str| {
        for unit in units.chars() {
            if let Some((number, after)) = rest.split_once(unit) {
                if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                    return false;
                }
                rest = after;
            }
        }
        rest.is_empty()
    };
    parts(date, "YMWD") && !clock.is_empty() && parts(clock, "HMS")
}
