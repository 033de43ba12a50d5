//! What a definition must look like before a machine is made of it.

use serde_json::Value;

use super::choice::operator;
use super::path::is_path;

const TYPES: [&str; 7] = ["Task", "Wait", "Choice", "Pass", "Parallel", "Succeed", "Fail"];

/// The longest name of a state, in characters.
const LONGEST_NAME: usize = 80;

/// Checks a definition, or one branch of it; `knows` tells which resources tasks may name.
///
/// # Errors
/// What is wrong first, and where.
pub(in super::super) fn check(machine: &Value, knows: &dyn Fn(&str) -> bool) -> Result<(), String> {
    let states = machine["States"].as_object().ok_or("Missing 'States' at /")?;
    let start = machine["StartAt"].as_str().ok_or("Missing 'StartAt' at /")?;
    if !states.contains_key(start) {
        return Err(format!("MISSING_TRANSITION_TARGET: Missing 'Next' target: {start} at /StartAt"));
    }
    if machine["QueryLanguage"].as_str().is_some_and(|language| language != "JSONPath") {
        return Err("the local cloud only knows the query language JSONPath".to_owned());
    }
    let mut ends = false;
    for (name, state) in states {
        let at = |why: &str| format!("{why} at /States/{name}");
        if name.chars().count() > LONGEST_NAME {
            return Err(at("State name is too long"));
        }
        let kind = state["Type"].as_str().filter(|kind| TYPES.contains(kind)).ok_or_else(|| at("Unknown 'Type'"))?;
        ends |= state["End"] == true || ["Succeed", "Fail"].contains(&kind);
        if !["Choice", "Succeed", "Fail"].contains(&kind) && (state["End"] == true) == state["Next"].is_string() {
            return Err(at("Exactly one of 'Next' and 'End' is needed"));
        }
        for target in targets(state) {
            if !states.contains_key(target) {
                return Err(at(&format!("MISSING_TRANSITION_TARGET: Missing 'Next' target: {target}")));
            }
        }
        own_members(kind, state, knows).map_err(|why| at(&why))?;
        for path in ["InputPath", "OutputPath", "ResultPath"] {
            if state[path].as_str().is_some_and(|path| !is_path(path)) {
                return Err(at(&format!("'{path}' is no path")));
            }
        }
    }
    if ends { Ok(()) } else { Err("No terminal state found".to_owned()) }
}

/// Returns every state that a state may lead to.
fn targets(state: &Value) -> impl Iterator<Item = &str> {
    let lists = ["Choices", "Catch"].into_iter().flat_map(|list| state[list].as_array().into_iter().flatten());
    let nested = lists.filter_map(|one| one["Next"].as_str());
    [&state["Next"], &state["Default"]].into_iter().filter_map(Value::as_str).chain(nested)
}

fn own_members(kind: &str, state: &Value, knows: &dyn Fn(&str) -> bool) -> Result<(), String> {
    match kind {
        "Task" => {
            let resource = state["Resource"].as_str().unwrap_or_default();
            if knows(resource) { Ok(()) } else { Err(format!("The resource '{resource}' is not supported")) }
        }
        "Wait" => {
            let ways = ["Seconds", "Timestamp", "SecondsPath", "TimestampPath"];
            let count = ways.iter().filter(|way| !state[**way].is_null()).count();
            if count == 1 { Ok(()) } else { Err("Exactly one way to wait is needed".to_owned()) }
        }
        "Choice" => {
            let rules = state["Choices"].as_array().filter(|rules| !rules.is_empty()).ok_or("'Choices' is empty")?;
            rules.iter().try_for_each(|rule| {
                if rule["Next"].is_string() { check_rule(rule) } else { Err("A choice without 'Next'".to_owned()) }
            })
        }
        "Parallel" => {
            let branches = state["Branches"].as_array().filter(|branches| !branches.is_empty());
            branches.ok_or("'Branches' is empty")?.iter().try_for_each(|branch| check(branch, knows))
        }
        _ => Ok(()),
    }
}

fn check_rule(rule: &Value) -> Result<(), String> {
    for list in ["And", "Or"] {
        if let Some(rules) = rule[list].as_array() {
            return rules.iter().try_for_each(check_rule);
        }
    }
    if rule["Not"].is_object() {
        return check_rule(&rule["Not"]);
    }
    let is_whole = rule["Variable"].as_str().is_some_and(is_path) && operator(rule).is_some();
    if is_whole { Ok(()) } else { Err(format!("'{rule}' is no rule")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_leads_nowhere_is_refused() {
        let wrong = |machine: Value| check(&machine, &|resource| resource == "known").unwrap_err();
        let whole = json!({ "StartAt": "a", "States": { "a": { "Type": "Task", "Resource": "known", "End": true } } });
        assert_eq!(check(&whole, &|_| true), Ok(()));
        assert!(wrong(json!({ "StartAt": "b", "States": { "a": { "Type": "Succeed" } } })).contains("/StartAt"));
        let mut other = whole.clone();
        other["States"]["a"] = json!({ "Type": "Pass", "Next": "gone" });
        assert!(wrong(other.clone()).contains("gone at /States/a"));
        other["States"]["a"] = json!({ "Type": "Task", "Resource": "else", "End": true });
        assert!(wrong(other.clone()).contains("'else' is not supported"));
        other["States"]["a"] = json!({ "Type": "Choice", "Choices": [{ "Variable": "$.x", "Likes": 1, "Next": "a" }] });
        assert!(wrong(other).contains("is no rule"));
    }
}
