//! What a change shows of attributes and tags.

use serde_json::Value;

use super::change::Retag;
use crate::kinds::base::AnyFound;
use crate::model::{Effect, FieldChange};
use crate::ownership::Tags;

/// Returns every declared attribute of something new.
pub(super) fn declared(spec: &Value) -> Vec<FieldChange> {
    let mut fields = vec![];
    for (key, value) in spec.as_object().into_iter().flatten() {
        flatten(key, value, &mut fields);
    }
    fields
}

/// Maps become one field a key; addresses and lists are one value.
fn flatten(field: &str, value: &Value, fields: &mut Vec<FieldChange>) {
    let want = match value {
        Value::Null => return,
        Value::Object(members)
            if members.len() == 2 && members.contains_key("kind") && members.contains_key("name") =>
        {
            address(value)
        }
        Value::Object(members) => {
            for (key, value) in members {
                flatten(&format!("{field}.{key}"), value, fields);
            }
            return;
        }
        Value::Array(items) if items.is_empty() => return,
        Value::Array(items) => items.iter().map(address).collect::<Vec<_>>().join(", "),
        other => plain(other),
    };
    fields.push(FieldChange {
        field: field.to_owned(),
        seen: String::new(),
        want: Some(want),
        effect: Effect::InPlace,
    });
}

fn address(value: &Value) -> String {
    match (value.get("kind").and_then(Value::as_str), value.get("name").and_then(Value::as_str)) {
        (Some(kind), Some(name)) => format!("{kind}.{name}"),
        _ => plain(value),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the person's own tags that change; the marks of ownership are our own matter.
pub(super) fn tags(retag: &Retag, found: Option<&AnyFound>) -> Vec<FieldChange> {
    let seen = |key: &str| found.and_then(|found| found.tags.0.get(key)).cloned().unwrap_or_default();
    let field = |key: &str, want: &str| FieldChange {
        field: format!("tags.{key}"),
        seen: seen(key),
        want: Some(want.to_owned()),
        effect: Effect::InPlace,
    };
    let set = retag.set.pairs().filter(|(key, _)| !Tags::is_mark(key)).map(|(key, value)| field(key, value));
    let gone = retag.gone.iter().filter(|key| !Tags::is_mark(key)).map(|key| field(key, ""));
    set.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::declared;

    #[test]
    fn what_is_new_shows_what_is_declared_of_it() {
        let spec = json!({
            "name": "reader", "memory": 128, "role": { "kind": "role", "name": "lambda" }, "group": null,
            "layers": [{ "kind": "layer", "name": "mysql" }], "environment": { "PORT": "3306" }, "none": [],
        });
        let fields = declared(&spec);
        let lines: Vec<String> =
            fields.iter().map(|one| format!("{}={}", one.field, one.want.as_deref().unwrap_or_default())).collect();
        assert_eq!(
            lines,
            ["environment.PORT=3306", "layers=layer.mysql", "memory=128", "name=reader", "role=role.lambda"]
        );
    }
}
