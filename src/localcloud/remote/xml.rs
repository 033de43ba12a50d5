//! Answers in XML, read as JSON.

use serde_json::Value;

use crate::localcloud::s3::xml::Element;

/// Reads the result inside an answer of a query service.
pub(super) fn read(document: &str) -> Option<Value> {
    let answer = Element::parse(document.as_bytes())?;
    let result = answer.children.iter().find(|child| child.name.ends_with("Result"))?;
    Some(result.children.iter().map(|child| (child.name.clone(), value(child))).collect())
}

fn value(element: &Element) -> Value {
    let Some(first) = element.children.first() else {
        return match element.text.trim() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => Value::String(text.to_owned()),
        };
    };
    // XML does not say what is a list; its name does.
    let is_list = ["s", "List"].iter().any(|end| element.name.ends_with(end));
    if is_list && element.children.iter().all(|child| child.name == first.name) {
        return element.children.iter().map(value).collect();
    }
    element.children.iter().map(|child| (child.name.clone(), value(child))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_told_from_things() {
        let document = "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
                        <DBInstanceStatus>stopped</DBInstanceStatus><Endpoint><Port>3306</Port></Endpoint>\
                        </DBInstance></DBInstances></DescribeDBInstancesResult><ResponseMetadata/>\
                        </DescribeDBInstancesResponse>";
        let instance = json!({ "DBInstanceStatus": "stopped", "Endpoint": { "Port": "3306" } });
        assert_eq!(read(document).unwrap(), json!({ "DBInstances": [instance] }));
    }
}
