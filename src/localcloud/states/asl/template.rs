//! Payload templates: members whose name ends with `.$` are filled in from a path or an intrinsic function.

use serde_json::Value;

use super::path::get;
use super::{Fault, Scope};

/// Fills a template in.
pub(in super::super) fn fill(template: &Value, scope: Scope<'_>) -> Result<Value, Fault> {
    match template {
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match (name.strip_suffix(".$"), value.as_str()) {
                (Some(plain), Some(text)) => Ok((plain.to_owned(), value_of(text, scope)?)),
                (Some(_), None) => Err(Fault::runtime(format!("the value of '{name}' must be a path"))),
                (None, _) => Ok((name.clone(), fill(value, scope)?)),
            };
            members.iter().map(member).collect()
        }
        Value::Array(values) => values.iter().map(|value| fill(value, scope)).collect(),
        other => Ok(other.clone()),
    }
}

/// Returns what a path or a call of an intrinsic function stands for.
pub(in super::super) fn value_of(text: &str, scope: Scope<'_>) -> Result<Value, Fault> {
    if !text.starts_with("States.") {
        let missing = || {
            let cause = format!("The JSONPath '{text}' specified could not be found in the input '{}'", scope.input);
            Fault::runtime(cause)
        };
        return get(text, scope)?.ok_or_else(missing);
    }
    let broken = || Fault::new("States.IntrinsicFailure", format!("'{text}' is no call of an intrinsic function"));
    let (name, rest) = text.split_once('(').ok_or_else(broken)?;
    let inside = rest.trim_end().strip_suffix(')').ok_or_else(broken)?;
    let arguments: Result<Vec<Value>, Fault> =
        split(inside).ok_or_else(broken)?.into_iter().map(|argument| value_of_argument(argument, scope)).collect();
    apply(name, &arguments?).ok_or_else(broken)
}

fn value_of_argument(text: &str, scope: Scope<'_>) -> Result<Value, Fault> {
    if let Some(inside) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(Value::String(inside.replace("\\'", "'").replace("\\{", "{").replace("\\}", "}")));
    }
    if text.starts_with('$') || text.starts_with("States.") {
        return value_of(text, scope);
    }
    let wrong = || Fault::new("States.IntrinsicFailure", format!("'{text}' is no argument"));
    serde_json::from_str(text).map_err(|_| wrong())
}

/// Splits arguments at commas that stand neither in quotes nor in brackets.
fn split(text: &str) -> Option<Vec<&str>> {
    let (mut arguments, mut depth, mut quoted, mut escaped, mut begin) = (vec![], 0_u32, false, false, 0);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '\'' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth = depth.checked_sub(1)?,
            ',' if !quoted && depth == 0 => {
                arguments.push(text[begin..place].trim());
                begin = place + 1;
            }
            _ => {}
        }
    }
    let last = text[begin..].trim();
    if !last.is_empty() {
        arguments.push(last);
    }
    (!quoted && depth == 0).then_some(arguments)
}

fn apply(name: &str, arguments: &[Value]) -> Option<Value> {
    match (name, arguments) {
        ("States.Format", [Value::String(pattern), rest @ ..]) => format(pattern, rest).map(Value::String),
        ("States.StringToJson", [Value::String(text)]) => serde_json::from_str(text).ok(),
        ("States.JsonToString", [value]) => Some(Value::String(value.to_string())),
        ("States.Array", values) => Some(Value::Array(values.to_vec())),
        ("States.ArrayLength", [Value::Array(values)]) => Some(Value::from(values.len())),
        ("States.ArrayGetItem", [Value::Array(values), position]) => {
            values.get(usize::try_from(position.as_u64()?).ok()?).cloned()
        }
        ("States.MathAdd", [one, other]) => Some(Value::from(one.as_i64()?.checked_add(other.as_i64()?)?)),
        ("States.UUID", []) => Some(Value::String(crate::localcloud::mint::uuid())),
        _ => None,
    }
}

fn format(pattern: &str, values: &[Value]) -> Option<String> {
    let pieces: Vec<&str> = pattern.split("{}").collect();
    if pieces.len() != values.len() + 1 {
        return None;
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let filled = pieces.iter().zip(values).map(|(piece, value)| format!("{piece}{}", text(value)));
    Some(filled.collect::<String>() + pieces.last()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_filled_in_wherever_they_stand() {
        let (input, context) = (json!({ "id": 7, "name": "a, b" }), json!({}));
        let scope = Scope { input: &input, context: &context };
        let template = json!({
            "Plain": "$.id", "Deep": [{ "Id.$": "$.id" }], "Text.$": "States.Format('{} is {}', $.name, $.id)",
            "Number.$": "States.StringToJson('12')",
        });
        assert_eq!(
            fill(&template, scope).unwrap(),
            json!({ "Plain": "$.id", "Deep": [{ "Id": 7 }], "Text": "a, b is 7", "Number": 12 })
        );
        assert_eq!(fill(&json!({ "x.$": "$.gone" }), scope).unwrap_err().error, "States.Runtime");
        assert_eq!(fill(&json!({ "x.$": "States.Format('{}')" }), scope).unwrap_err().error, "States.IntrinsicFailure");
    }
}
