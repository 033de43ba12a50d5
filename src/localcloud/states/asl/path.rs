//! Paths that name one place: `$.crawl.Records[0]['the name']`. Filters and wildcards are not for this interpreter.

use serde_json::{Map, Value};

use super::{Fault, Scope};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Position(usize),
}

/// Returns what stands at a path; `$$` begins in the context object.
pub(in super::super) fn get(path: &str, scope: Scope<'_>) -> Result<Option<Value>, Fault> {
    let (root, rest) = match path.strip_prefix("$$") {
        Some(rest) => (scope.context, rest),
        None => (scope.input, path.strip_prefix('$').ok_or_else(|| wrong(path))?),
    };
    let mut value = Some(root);
    for step in steps(rest).ok_or_else(|| wrong(path))? {
        value = value.and_then(|value| match &step {
            Step::Member(name) => value.get(name),
            Step::Position(position) => value.get(position),
        });
    }
    Ok(value.cloned())
}

/// Puts a value at a path, making the objects on the way.
pub(in super::super) fn set(input: Value, path: &str, value: Value) -> Result<Value, Fault> {
    let rest = path.strip_prefix('$').filter(|rest| !rest.starts_with('$')).ok_or_else(|| wrong(path))?;
    let steps = steps(rest).ok_or_else(|| wrong(path))?;
    let mut root = if input.is_object() || steps.is_empty() { input } else { Value::Object(Map::new()) };
    let mut place = &mut root;
    for step in &steps {
        place = match step {
            Step::Member(name) => {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                &mut place[name.as_str()]
            }
            Step::Position(position) => place.get_mut(position).ok_or_else(|| wrong(path))?,
        };
    }
    *place = value;
    Ok(root)
}

/// Returns whether a text is a path that this interpreter can follow.
pub(super) fn is_path(path: &str) -> bool {
    let rest = path.strip_prefix("$$").or_else(|| path.strip_prefix('$'));
    rest.is_some_and(|rest| steps(rest).is_some())
}

fn steps(mut rest: &str) -> Option<Vec<Step>> {
    let mut steps = vec![];
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, behind) = after.split_at(end);
            let plain = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
            if name.is_empty() || !name.chars().all(plain) {
                return None;
            }
            steps.push(Step::Member(name.to_owned()));
            rest = behind;
        } else if let Some(after) = rest.strip_prefix("['") {
            let (name, behind) = after.split_once("']")?;
            steps.push(Step::Member(name.to_owned()));
            rest = behind;
        } else {
            let (position, behind) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Position(position.parse().ok()?));
            rest = behind;
        }
    }
    Some(steps)
}

fn wrong(path: &str) -> Fault {
    Fault::runtime(format!("Invalid path '{path}'"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_one_place() {
        let (input, context) = (json!({ "a": [{ "b c": 1 }] }), json!({ "Execution": { "Name": "n" } }));
        let scope = Scope { input: &input, context: &context };
        assert_eq!(get("$", scope).unwrap().unwrap(), input);
        assert_eq!(get("$.a[0]['b c']", scope).unwrap(), Some(json!(1)));
        assert_eq!(get("$$.Execution.Name", scope).unwrap(), Some(json!("n")));
        assert_eq!(get("$.a[1].x", scope).unwrap(), None);
        assert!(get("$.a[*]", scope).is_err() && get("a.b", scope).is_err() && get("$.", scope).is_err());
    }

    #[test]
    fn results_are_put_beside_what_is_there() {
        assert_eq!(set(json!({ "a": 1 }), "$.b.c", json!(2)).unwrap(), json!({ "a": 1, "b": { "c": 2 } }));
        assert_eq!(set(json!({ "a": 1 }), "$", json!(2)).unwrap(), json!(2));
    }
}
