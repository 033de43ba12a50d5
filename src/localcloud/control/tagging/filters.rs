//! What a caller of `GetResources` may ask for.

use serde_json::Value;

use super::super::refusal::Refusal;
use crate::localcloud::service::Tagged;

const MOST_FILTERS: usize = 50;
const MOST_VALUES: usize = 20;
const MOST_ARNS: usize = 100;

/// Which resources are wanted.
#[derive(Debug, Default)]
pub(super) struct Filters {
    /// A key with the values that it may have; none for any value. All of them must fit.
    tags: Vec<(String, Vec<String>)>,
    /// A service such as `rds`, or a kind of its resources such as `rds:db`. One of them must fit.
    kinds: Vec<String>,
    arns: Vec<String>,
}

impl Filters {
    /// Reads the filters of a request.
    ///
    /// # Errors
    /// If there are too many, or such as exclude each other.
    pub(super) fn of(request: &Value) -> Result<Self, Refusal> {
        let mut tags = Vec::new();
        for filter in request["TagFilters"].as_array().into_iter().flatten() {
            let Some(key) = filter["Key"].as_str().filter(|key| !key.is_empty()) else {
                return Err(invalid("A tag filter needs a key"));
            };
            let values = texts(&filter["Values"]);
            if values.len() > MOST_VALUES {
                return Err(invalid("A tag filter takes at most 20 values"));
            }
            tags.push((key.to_owned(), values));
        }
        if tags.len() > MOST_FILTERS {
            return Err(invalid("A request takes at most 50 tag filters"));
        }
        let (kinds, arns) = (texts(&request["ResourceTypeFilters"]), texts(&request["ResourceARNList"]));
        if arns.len() > MOST_ARNS {
            return Err(invalid("A request takes at most 100 resource ARNs"));
        }
        let has_others = !kinds.is_empty() || !tags.is_empty() || !request["ResourcesPerPage"].is_null();
        if !arns.is_empty() && has_others {
            return Err(invalid(
                "ResourceARNList cannot be used with TagFilters, ResourceTypeFilters or ResourcesPerPage",
            ));
        }
        Ok(Self { tags, kinds, arns })
    }

    /// Returns whether a resource is wanted.
    pub(super) fn pass(&self, resource: &Tagged) -> bool {
        let (service, kind) = kind(&resource.arn);
        let is_kind = |wanted: &String| match wanted.split_once(':') {
            Some(wanted) => wanted == (service, kind),
            None => wanted == service,
        };
        let has = |(key, values): &(String, Vec<String>)| {
            resource.tags.get(key).is_some_and(|value| values.is_empty() || values.contains(value))
        };
        (self.arns.is_empty() || self.arns.contains(&resource.arn))
            && (self.kinds.is_empty() || self.kinds.iter().any(is_kind))
            && self.tags.iter().all(has)
    }
}

/// Returns the service and the kind that an ARN names: `arn:aws:rds:R:A:db:sales` is `rds` and `db`.
fn kind(arn: &str) -> (&str, &str) {
    let mut words = arn.splitn(6, ':').skip(2);
    let service = words.next().unwrap_or_default();
    let resource = words.nth(2).unwrap_or_default();
    match resource.split_once(['/', ':']) {
        Some((kind, _)) => (service, kind),
        // The ARN of a bucket is its name.
        None => (service, "bucket"),
    }
}

/// Says that a parameter is wrong.
pub(super) fn invalid(message: &str) -> Refusal {
    Refusal::bad("InvalidParameterException", message)
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(arn: &str, tags: &[(&str, &str)]) -> Tagged {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Tagged { arn: arn.to_owned(), tags }
    }

    #[test]
    fn kinds_are_read_from_every_form_of_arn() {
        assert_eq!(kind("arn:aws:s3:::some-bucket"), ("s3", "bucket"));
        assert_eq!(kind("arn:aws:rds:us-east-2:123456789012:db:sales"), ("rds", "db"));
        assert_eq!(kind("arn:aws:ec2:us-east-2:123456789012:vpc-endpoint/vpce-1"), ("ec2", "vpc-endpoint"));
        assert_eq!(kind("arn:aws:logs:us-east-2:123456789012:log-group:/aws/lambda/x"), ("logs", "log-group"));
    }

    #[test]
    fn every_tag_filter_and_one_kind_must_fit() {
        let asked = json!({
            "TagFilters": [{ "Key": "stack:name", "Values": ["a", "b"] }, { "Key": "stack:id" }],
            "ResourceTypeFilters": ["s3", "rds:db"],
        });
        let filters = Filters::of(&asked).unwrap();
        let tags = [("stack:name", "b"), ("stack:id", "x")];
        assert!(filters.pass(&resource("arn:aws:s3:::bucket", &tags)));
        assert!(!filters.pass(&resource("arn:aws:s3:::bucket", &tags[..1])));
        assert!(!filters.pass(&resource("arn:aws:rds:r:1:pg:group", &tags)));
    }

    #[test]
    fn arns_exclude_other_filters() {
        assert!(Filters::of(&json!({ "ResourceARNList": ["a"], "TagFilters": [{ "Key": "k" }] })).is_err());
        assert!(Filters::of(&json!({ "ResourceARNList": ["a"] })).is_ok());
    }
}
