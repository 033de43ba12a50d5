//! The rules of `Choice` states.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::path::get;
use super::{Fault, Scope};

/// Returns whether a rule holds.
pub(in super::super) fn holds(rule: &Value, scope: Scope<'_>) -> Result<bool, Fault> {
    let all = |rules: &Value| -> Result<Vec<bool>, Fault> {
        let mut found = vec![];
        for rule in rules.as_array().into_iter().flatten() {
            let is_true = holds(rule, scope)?;
            found.push(is_true);
            // What follows may ask for what is not there.
            if !is_true {
                break;
            }
        }
        Ok(found)
    };
    if let Some(rules) = rule.get("And") {
        return Ok(all(rules)?.into_iter().all(|one| one));
    }
    if let Some(rules) = rule.get("Or") {
        for rule in rules.as_array().into_iter().flatten() {
            if holds(rule, scope)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if let Some(rule) = rule.get("Not") {
        return Ok(!holds(rule, scope)?);
    }
    let path = rule["Variable"].as_str().unwrap_or_default();
    let value = get(path, scope)?;
    let Some((operator, wanted)) = operator(rule) else {
        return Err(Fault::runtime("a rule without a comparison"));
    };
    if operator == "IsPresent" {
        return Ok(value.is_some() == wanted.as_bool().unwrap_or_default());
    }
    let Some(value) = value else {
        return Err(Fault::runtime(format!(
            "Invalid path '{path}': The choice state's condition path references an \
                                           invalid value."
        )));
    };
    if let Some(kind) = operator.strip_prefix("Is") {
        return Ok(is_of_kind(&value, kind) == wanted.as_bool().unwrap_or_default());
    }
    match operator.strip_suffix("Path") {
        Some(operator) => {
            let other = get(wanted.as_str().unwrap_or_default(), scope)?;
            let other = other.ok_or_else(|| Fault::runtime(format!("Invalid path '{wanted}'")))?;
            Ok(compare(operator, &value, &other))
        }
        None => Ok(compare(operator, &value, wanted)),
    }
}

/// Returns the comparison of a rule with what it compares to.
pub(super) fn operator(rule: &Value) -> Option<(&str, &Value)> {
    let beside = ["Variable", "Next", "Comment"];
    let mut members = rule.as_object()?.iter().filter(|(name, _)| !beside.contains(&name.as_str()));
    members.next().filter(|(name, _)| is_operator(name)).map(|(name, value)| (name.as_str(), value))
}

fn is_operator(name: &str) -> bool {
    const KINDS: [&str; 6] = ["IsPresent", "IsNull", "IsString", "IsNumeric", "IsBoolean", "IsTimestamp"];
    const ORDERS: [&str; 5] = ["Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];
    let plain = name.strip_suffix("Path").unwrap_or(name);
    let of = |kind: &str| plain.strip_prefix(kind).is_some_and(|order| ORDERS.contains(&order));
    KINDS.contains(&name)
        || ["BooleanEquals", "StringMatches"].contains(&plain)
        || ["String", "Numeric", "Timestamp"].into_iter().any(of)
}

fn is_of_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "Null" => value.is_null(),
        "String" => value.is_string(),
        "Numeric" => value.is_number(),
        "Boolean" => value.is_boolean(),
        _ => moment(value).is_some(),
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|text| text.parse().ok())
}

/// Compares two values; values of other types than the comparison's never fit.
fn compare(operator: &str, value: &Value, wanted: &Value) -> bool {
    if operator == "BooleanEquals" {
        return value.is_boolean() && value == wanted;
    }
    if operator == "StringMatches" {
        let (Some(text), Some(pattern)) = (value.as_str(), wanted.as_str()) else { return false };
        return matches(text, pattern);
    }
    let (ordering, order) = if let Some(order) = operator.strip_prefix("String") {
        (value.as_str().zip(wanted.as_str()).map(|(one, other)| one.cmp(other)), order)
    } else if let Some(order) = operator.strip_prefix("Numeric") {
        (value.as_f64().zip(wanted.as_f64()).and_then(|(one, other)| one.partial_cmp(&other)), order)
    } else {
        let order = operator.strip_prefix("Timestamp").unwrap_or_default();
        (moment(value).zip(moment(wanted)).map(|(one, other)| one.cmp(&other)), order)
    };
    let Some(ordering) = ordering else { return false };
    match order {
        "Equals" => ordering == Ordering::Equal,
        "LessThan" => ordering == Ordering::Less,
        "LessThanEquals" => ordering != Ordering::Greater,
        "GreaterThan" => ordering == Ordering::Greater,
        _ => ordering != Ordering::Less,
    }
}

/// Matches a text with a pattern in which `*` stands for any letters.
fn matches(text: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return text == pattern };
    let Some(rest) = text.strip_prefix(before) else { return false };
    (0..=rest.len()).filter(|place| rest.is_char_boundary(*place)).any(|place| matches(&rest[place..], after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_compare_values_of_one_type() {
        let input = json!({ "rows": 3, "other": 3.0, "state": "READY", "at": "2026-11-23T10:00:00Z" });
        let context = json!({});
        let scope = Scope { input: &input, context: &context };
        let is = |rule: Value| holds(&rule, scope).unwrap();
        assert!(is(json!({ "Variable": "$.rows", "NumericEqualsPath": "$.other" })));
        assert!(!is(json!({ "Variable": "$.rows", "StringEquals": "3" })));
        assert!(is(json!({ "Variable": "$.state", "StringMatches": "RE*Y" })));
        assert!(is(json!({ "Variable": "$.at", "TimestampLessThan": "2026-11-23T11:00:00+00:00" })));
        let guarded =
            [json!({ "Variable": "$.gone", "IsPresent": true }), json!({ "Variable": "$.gone", "IsNull": true })];
        assert!(!is(json!({ "And": guarded })) && is(json!({ "Not": { "And": guarded } })));
        assert!(holds(&json!({ "Variable": "$.gone", "StringEquals": "x" }), scope).is_err());
    }
}
