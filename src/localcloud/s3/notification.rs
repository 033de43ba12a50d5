//! Which functions a bucket tells of its changes, and what they are told.

use aws_sdk_lambda::Client;
use jiff::Timestamp;
use s3s::S3Result;
use serde_json::{Value, json};

use super::buckets::Bucket;
use super::configuration::document;
use super::record::Record;
use super::refusal::bad_request;
use super::store::{Versioning, key_hash};
use super::xml::Element;
use crate::localcloud::call::escape_xml;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::sdk;

/// One function that wants to be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    id: String,
    pub(super) function: String,
    events: Vec<String>,
    prefix: String,
    suffix: String,
}

/// The notification document of a bucket.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Notification {
    pub(super) rules: Vec<Rule>,
    event_bridge: bool,
}

impl Notification {
    /// Reads a document.
    pub(super) fn parse(body: &[u8]) -> S3Result<Self> {
        let malformed = || bad_request("MalformedXML", "The XML you provided was not well-formed");
        let root = Element::parse(body).filter(|root| root.name == "NotificationConfiguration");
        let root = root.ok_or_else(malformed)?;
        if root.child("TopicConfiguration").is_some() || root.child("QueueConfiguration").is_some() {
            return Err(unreachable());
        }
        let rules = root.all("CloudFunctionConfiguration").map(Rule::parse).collect::<S3Result<Vec<_>>>()?;
        Ok(Self { rules, event_bridge: root.child("EventBridgeConfiguration").is_some() })
    }

    /// Writes the document as S3 tells it: every rule has an id, filter names are capitalised.
    pub(super) fn document(&self) -> String {
        let rules: String = self.rules.iter().map(Rule::document).collect();
        let event_bridge = if self.event_bridge { "<EventBridgeConfiguration/>" } else { "" };
        document("NotificationConfiguration", &format!("{rules}{event_bridge}"))
    }

    /// Looks whether S3 could call every function, and whether each event of a key has one rule at most.
    pub(super) async fn validate(&self, bucket: &Bucket, endpoint: &str, skip_destinations: bool) -> S3Result<()> {
        for (place, rule) in self.rules.iter().enumerate() {
            if self.rules[..place].iter().any(|other| other.overlaps(rule)) {
                let message = "Configurations overlap. Configurations on the same bucket cannot share a common event \
                               type.";
                return Err(bad_request("InvalidArgument", message));
            }
        }
        if skip_destinations {
            return Ok(());
        }
        let lambda = Client::new(&sdk::config(endpoint, &bucket.region).await);
        for rule in &self.rules {
            if !may_invoke(&lambda, &rule.function, &bucket.name).await {
                return Err(unreachable());
            }
        }
        Ok(())
    }
}

impl Rule {
    fn parse(element: &Element) -> S3Result<Self> {
        let function = element.text_of("CloudFunction").unwrap_or_default().to_owned();
        let events: Vec<String> = element.all("Event").map(|event| event.text.trim().to_owned()).collect();
        if let Some(odd) = events.iter().find(|event| !event.starts_with("s3:")) {
            return Err(bad_request(
                "InvalidArgument",
                format!("The event '{odd}' is not supported for notifications"),
            ));
        }
        let id = element.text_of("Id").filter(|id| !id.is_empty()).map(str::to_owned);
        let id = id.unwrap_or_else(|| key_hash(&format!("{function}{events:?}"))[..32].to_owned());
        let mut rule = Self { id, function, events, prefix: String::new(), suffix: String::new() };
        let filters = element.child("Filter").and_then(|filter| filter.child("S3Key"));
        for filter in filters.iter().flat_map(|filters| filters.all("FilterRule")) {
            let value = filter.child("Value").map(|value| value.text.clone()).unwrap_or_default();
            match filter.text_of("Name").unwrap_or_default().to_ascii_lowercase().as_str() {
                "prefix" => rule.prefix = value,
                "suffix" => rule.suffix = value,
                _ => return Err(bad_request("InvalidArgument", "filter rule name must be either prefix or suffix")),
            }
        }
        Ok(rule)
    }

    fn document(&self) -> String {
        let filter = |name: &str, value: &str| {
            let rule = format!("<FilterRule><Name>{name}</Name><Value>{}</Value></FilterRule>", escape_xml(value));
            if value.is_empty() { String::new() } else { rule }
        };
        let filters = filter("Prefix", &self.prefix) + &filter("Suffix", &self.suffix);
        let filters = if filters.is_empty() { filters } else { format!("<Filter><S3Key>{filters}</S3Key></Filter>") };
        let events: String = self.events.iter().map(|event| format!("<Event>{event}</Event>")).collect();
        format!(
            "<CloudFunctionConfiguration><Id>{}</Id><CloudFunction>{}</CloudFunction>{events}{filters}\
             </CloudFunctionConfiguration>",
            escape_xml(&self.id),
            escape_xml(&self.function)
        )
    }

    /// Returns whether the rule is about an event, such as `ObjectCreated:Put`, of a key.
    pub(super) fn wants(&self, event: &str, key: &str) -> bool {
        self.events.iter().any(|pattern| covers(pattern, &format!("s3:{event}")))
            && key.starts_with(&self.prefix)
            && key.ends_with(&self.suffix)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let either = |left: &str, right: &str| covers(left, right) || covers(right, left);
        let events = self.events.iter().any(|left| other.events.iter().any(|right| either(left, right)));
        let prefixes = self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix);
        events && prefixes && (self.suffix.ends_with(&other.suffix) || other.suffix.ends_with(&self.suffix))
    }

    /// Writes the event of one object.
    pub(super) fn event(&self, event: &str, bucket: &Bucket, record: &Record) -> Value {
        let mut object = json!({ "key": encode(&record.key), "sequencer": format!("{:016X}", record.sequence) });
        if event.starts_with("ObjectCreated") {
            object["size"] = json!(record.size);
            object["eTag"] = json!(record.etag);
        }
        if bucket.versioning() != Versioning::Off {
            object["versionId"] = json!(record.version);
        }
        let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let request = key_hash(&format!("{}{}", record.key, record.sequence));
        json!({ "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": bucket.region,
            "eventTime": time,
            "eventName": event,
            "userIdentity": { "principalId": format!("AWS:{ACCOUNT}") },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": { "x-amz-request-id": request[..16].to_uppercase(), "x-amz-id-2": request },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": self.id,
                "bucket": {
                    "name": bucket.name,
                    "ownerIdentity": { "principalId": ACCOUNT },
                    "arn": format!("arn:aws:s3:::{}", bucket.name),
                },
                "object": object,
            },
        }] })
    }
}

fn unreachable() -> s3s::S3Error {
    bad_request("InvalidArgument", "Unable to validate the following destination configurations")
}

/// Returns whether an event pattern such as `s3:ObjectCreated:*` covers an event or a narrower pattern.
fn covers(pattern: &str, event: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == event, |start| event.starts_with(start))
}

/// Encodes a key as a form does, but for the slashes.
fn encode(key: &str) -> String {
    let parts: Vec<String> =
        key.split('/').map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect()).collect();
    parts.join("/")
}

/// Returns whether the function is there and its policy lets this bucket call it.
async fn may_invoke(lambda: &Client, function: &str, bucket: &str) -> bool {
    if lambda.get_function().function_name(function).send().await.is_err() {
        return false;
    }
    let Ok(answer) = lambda.get_policy().function_name(function).send().await else { return false };
    let policy: Value = serde_json::from_str(answer.policy().unwrap_or_default()).unwrap_or_default();
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    statements.iter().any(|statement| allows(statement, bucket))
}

fn allows(statement: &Value, bucket: &str) -> bool {
    let one_of = |value: &Value, wanted: &[&str]| match value {
        Value::Array(values) => values.iter().any(|value| wanted.iter().any(|wanted| value == wanted)),
        value => wanted.iter().any(|wanted| value == wanted),
    };
    let conditions = statement["Condition"].as_object().cloned().unwrap_or_default();
    let holds = conditions.values().filter_map(Value::as_object).flatten().all(|(name, value)| {
        let value = value.as_str().unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "aws:sourcearn" => glob(value, &format!("arn:aws:s3:::{bucket}")),
            "aws:sourceaccount" => value == ACCOUNT,
            _ => true,
        }
    });
    let principal = &statement["Principal"];
    statement["Effect"] == "Allow"
        && (principal == "*" || one_of(&principal["Service"], &["s3.amazonaws.com"]))
        && one_of(&statement["Action"], &["lambda:InvokeFunction", "lambda:Invoke*", "lambda:*", "*"])
        && holds
}

/// Returns whether a pattern with stars matches.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    (0..=text.len()).filter(|place| text.is_char_boundary(*place)).any(|place| glob(rest, &text[place..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(event: &str, prefix: &str, suffix: &str) -> Rule {
        let body = format!(
            "<NotificationConfiguration><CloudFunctionConfiguration><CloudFunction>f</CloudFunction>\
             <Event>{event}</Event><Filter><S3Key><FilterRule><Name>PREFIX</Name><Value>{prefix}</Value></FilterRule>\
             <FilterRule><Name>suffix</Name><Value>{suffix}</Value></FilterRule></S3Key></Filter>\
             </CloudFunctionConfiguration></NotificationConfiguration>"
        );
        Notification::parse(body.as_bytes()).unwrap().rules.remove(0)
    }

    #[test]
    fn a_rule_wants_its_events_and_keys_only() {
        let rule = rule("s3:ObjectCreated:*", "in/", ".csv");
        assert!(rule.wants("ObjectCreated:Put", "in/a.csv"));
        assert!(!rule.wants("ObjectCreated:Put", "in/a.CSV"));
        assert!(!rule.wants("ObjectCreated:Put", "out/a.csv"));
        assert!(!rule.wants("ObjectRemoved:Delete", "in/a.csv"));
    }

    #[test]
    fn overlap_needs_event_prefix_and_suffix() {
        let first = rule("s3:ObjectCreated:*", "in/", "");
        assert!(first.overlaps(&rule("s3:ObjectCreated:Put", "in/a", ".csv")));
        assert!(!first.overlaps(&rule("s3:ObjectCreated:Put", "out/", "")));
        assert!(!first.overlaps(&rule("s3:ObjectRemoved:*", "in/", "")));
    }

    #[test]
    fn a_document_comes_back_as_it_was_understood() {
        let notification = Notification { rules: vec![rule("s3:ObjectCreated:*", "a&amp;b/", "")], event_bridge: true };
        assert_eq!(Notification::parse(notification.document().as_bytes()).unwrap(), notification);
    }

    #[test]
    fn the_policy_must_name_the_service_and_the_bucket() {
        let statement = json!({
            "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" }, "Action": "lambda:InvokeFunction",
            "Condition": { "ArnLike": { "AWS:SourceArn": "arn:aws:s3:::in*" } },
        });
        assert!(allows(&statement, "input"));
        assert!(!allows(&statement, "output"));
    }

    #[test]
    fn keys_are_encoded_as_forms_are() {
        assert_eq!(encode("a b/ü+.csv"), "a+b/%C3%BC%2B.csv");
    }
}
