//! Actions that are denied on purpose, so that what a person without all permissions sees can be tried.

use std::collections::BTreeSet;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};

use super::emulated::ACCOUNT;
use super::faults::{self, Words};
use super::sdk::OWN_KEY;
use super::{Call, lambda};

/// The variable with the denied actions, such as `rds:CreateDBInstance,s3:PutObject`.
const VARIABLE: &str = "STACK_LOCAL_DENY";

/// The actions that nobody may take, in small letters.
#[derive(Debug, Clone, Default)]
pub(super) struct Denials(BTreeSet<String>);

impl Denials {
    /// Reads the actions from the environment.
    pub(super) fn from_environment() -> Self {
        Self::of(&std::env::var(VARIABLE).unwrap_or_default())
    }

    fn of(list: &str) -> Self {
        Self(list.split(',').map(|action| action.trim().to_lowercase()).filter(|action| !action.is_empty()).collect())
    }

    /// Returns whether an action such as `s3:PutObject` is denied.
    pub(super) fn has(&self, action: &str) -> bool {
        self.0.contains(&action.to_lowercase())
    }

    /// Returns the refusal of a call, if its action is denied.
    pub(super) fn refuse(&self, call: &Call) -> Option<Words> {
        if self.0.is_empty() || is_own(&call.headers) {
            return None;
        }
        let operation = match call.service.as_str() {
            "lambda" => lambda::action(call),
            // The paths of the Scheduler stand for operations that are called as their actions are.
            "scheduler" => faults::operation(call),
            "budgets" => budgets_action(&call.operation).to_owned(),
            _ => call.operation.clone(),
        };
        let action = format!("{}:{operation}", prefix(&call.service));
        self.has(&action).then(|| refusal(&call.service, &action))
    }

    /// Returns the refusal of a call of S3, whose actions are not named but told from method, path and query.
    pub(super) fn refuse_s3(&self, method: &Method, uri: &http::Uri, headers: &HeaderMap) -> Option<Words> {
        if self.0.is_empty() || is_own(headers) {
            return None;
        }
        let action = format!("s3:{}", s3_action(method, uri));
        self.has(&action).then(|| refusal("s3", &action))
    }
}

/// Returns whether one service of the local cloud calls another, which is nobody's action.
fn is_own(headers: &HeaderMap) -> bool {
    let signature = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    signature.contains(&format!("Credential={OWN_KEY}/"))
}

/// Returns what the actions of a service begin with, which is not always the name that its requests are signed with.
fn prefix(service: &str) -> &str {
    match service {
        "monitoring" => "cloudwatch",
        "tagging" => "tag",
        other => other,
    }
}

/// Returns the words in which a service tells that an action is denied.
fn refusal(service: &str, action: &str) -> Words {
    let (status, code) = match service {
        "ec2" => (403, "UnauthorizedOperation"),
        "s3" | "rds" | "redshift" | "iam" | "sts" => (403, "AccessDenied"),
        "lambda" | "monitoring" | "scheduler" | "tagging" => (403, "AccessDeniedException"),
        _ => (400, "AccessDeniedException"),
    };
    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/local is not authorized to perform: {action} because no identity-based \
         policy allows the {action} action"
    );
    Words::new(status, code, message)
}

/// Returns what AWS Budgets calls an operation in policies, where all reads and all changes are one action each.
fn budgets_action(operation: &str) -> &str {
    match operation {
        _ if operation.contains("Tag") => operation,
        _ if operation.starts_with("Describe") => "ViewBudget",
        _ => "ModifyBudget",
    }
}

fn s3_action(method: &Method, uri: &http::Uri) -> String {
    let path = uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let query = uri.query().unwrap_or_default();
    let has = |word: &str| query.split('&').any(|pair| pair.split('=').next() == Some(word));
    let verb = match *method {
        Method::PUT => "Put",
        Method::DELETE => "Delete",
        _ => "Get",
    };
    if !key.is_empty() {
        return if has("tagging") {
            format!("{verb}ObjectTagging")
        } else if has("uploadId") && *method == Method::DELETE {
            "AbortMultipartUpload".to_owned()
        } else if *method == Method::POST {
            "PutObject".to_owned()
        } else {
            format!("{verb}Object")
        };
    }
    let documents = [
        // What is deleted with a word of its own needs the permission to put it.
        ("tagging", "BucketTagging"),
        ("policy", "BucketPolicy"),
        ("notification", "BucketNotification"),
        ("publicAccessBlock", "BucketPublicAccessBlock"),
        ("versioning", "BucketVersioning"),
        ("encryption", "EncryptionConfiguration"),
        ("lifecycle", "LifecycleConfiguration"),
        ("ownershipControls", "BucketOwnershipControls"),
        ("location", "BucketLocation"),
    ];
    if let Some((word, name)) = documents.iter().find(|(word, _)| has(word)) {
        let verb = if verb == "Delete" && *word != "policy" { "Put" } else { verb };
        return format!("{verb}{name}");
    }
    let action = match *method {
        _ if bucket.is_empty() => "ListAllMyBuckets",
        Method::PUT => "CreateBucket",
        Method::DELETE => "DeleteBucket",
        Method::POST => "DeleteObject",
        _ if has("versions") => "ListBucketVersions",
        _ if has("uploads") => "ListBucketMultipartUploads",
        _ => "ListBucket",
    };
    action.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_found_in_any_case() {
        let denials = Denials::of("rds:CreateDBInstance, s3:PutObject");
        assert!(denials.has("RDS:createdbinstance") && denials.has("s3:PutObject"));
        assert!(!denials.has("s3:GetObject") && !Denials::of("").has(""));
    }

    #[test]
    fn actions_of_s3_are_told_from_method_and_address() {
        let action = |method: Method, target: &str| s3_action(&method, &target.parse().unwrap());
        assert_eq!(action(Method::PUT, "/bucket/a/b"), "PutObject");
        assert_eq!(action(Method::PUT, "/bucket?tagging"), "PutBucketTagging");
        assert_eq!(action(Method::DELETE, "/bucket?tagging"), "PutBucketTagging");
        assert_eq!(action(Method::GET, "/bucket?list-type=2"), "ListBucket");
        assert_eq!(action(Method::GET, "/"), "ListAllMyBuckets");
    }
}
