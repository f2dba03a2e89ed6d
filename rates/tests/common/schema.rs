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
    let mut fault = |what: String| found.push(format!("{at}: {what}"));
    for (keyword, rule) in schema {
        match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                let target = root.pointer(pointer).unwrap_or_else(|| panic!("{rule}"));
                let mut inner = Vec::new();
                check(root, target, value, at, &mut inner);
                inner.into_iter().for_each(|what| fault(what));
            }
            "allOf" => {
                for part in rule.as_array().unwrap() {
                    let mut inner = Vec::new();
                    check(root, part, value, at, &mut inner);
                    inner.into_iter().for_each(|what| fault(what));
                }
            }
            "anyOf" | "oneOf" => {
                let parts = rule.as_array().unwrap();
                let fits = |part: &&Value| {
                    let mut inner = Vec::new();
                    check(root, part, value, at, &mut inner);
                    inner.is_empty()
                };
                let count = parts.iter().filter(fits).count();
                if count == 0 || (keyword == "oneOf" && count > 1) {
                    fault(format!("{value} fits {count} of {keyword}"));
                }
            }
            "type" => {
                let fits = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "null" => value.is_null(),
                    "boolean" => value.is_boolean(),
                    other => panic!("type {other}"),
                };
                if !fits {
                    fault(format!("{value} is no {rule}"));
                }
            }
            "enum" if !rule.as_array().unwrap().contains(value) => {
                fault(format!("{value} is none of {rule}"));
            }
            "const" if rule != value => fault(format!("{value} is not {rule}")),
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        fault(format!("{name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, of_property) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        let mut inner = Vec::new();
                        check(root, of_property, value, name, &mut inner);
                        inner.into_iter().for_each(|what| fault(what));
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(*rule, Value::Bool(false));
                for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
                    if schema["properties"].get(name).is_none() {
                        fault(format!("{name} is not known"));
                    }
                }
            }
            "items" => {
                for (number, value) in value.as_array().into_iter().flatten().enumerate() {
                    let mut inner = Vec::new();
                    check(root, rule, value, &number.to_string(), &mut inner);
                    inner.into_iter().for_each(|what| fault(what));
                }
            }
            "minItems"
                if value.as_array().is_some_and(|a| (a.len() as u64) < rule.as_u64().unwrap()) =>
            {
                fault("has too few items".to_owned());
            }
            "minLength"
                if value.as_str().is_some_and(|s| (s.len() as u64) < rule.as_u64().unwrap()) =>
            {
                fault("is too short".to_owned());
            }
            "minimum" if value.as_f64().is_some_and(|v| v < rule.as_f64().unwrap()) => {
                fault(format!("{value} is below {rule}"));
            }
            "maximum" if value.as_f64().is_some_and(|v| v > rule.as_f64().unwrap()) => {
                fault(format!("{value} is above {rule}"));
            }
            "pattern" => {
                if let Some(text) =
                    value.as_str().filter(|text| !matches(rule.as_str().unwrap(), text))
                {
                    fault(format!("`{text}` is not as {rule}"));
                }
            }
            "format" if rule == "date-time" => {
                let is_time = |text: &str| chrono::DateTime::parse_from_rfc3339(text).is_ok();
                if value.as_str().is_some_and(|text| !is_time(text)) {
                    fault(format!("{value} is no date-time"));
                }
            }
            "enum" | "const" | "minItems" | "minLength" | "minimum" | "maximum" | "format"
            | "$schema" | "$comment" | "$defs" | "title" | "description" | "example" | "x-tags"
            | "x-examples" => {}
            other => panic!("{at}: the validator does not know `{other}`"),
        }
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
