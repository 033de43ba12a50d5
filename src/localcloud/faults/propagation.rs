//! What AWS answers while a role is not known everywhere yet.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::request::Asked;

/// How long the moment of a creation is remembered at most.
const LONGEST: Duration = Duration::from_secs(3600);

/// How AWS refuses a call: status, code and message.
pub(super) type Refused = (u16, &'static str, String);

/// When roles and permissions came to be.
#[derive(Debug, Default)]
pub(super) struct Propagation {
    roles: HashMap<String, Instant>,
    /// The newest role or permission of all.
    newest: Option<Instant>,
}

impl Propagation {
    /// Notes what a successful call created.
    pub(super) fn note(&mut self, asked: &Asked) {
        let now = Instant::now();
        match (asked.service.as_str(), asked.operation.as_str()) {
            ("iam", "CreateRole") => {
                self.roles.retain(|_, created| now.duration_since(*created) < LONGEST);
                self.roles.insert(asked.target.clone().unwrap_or_default(), now);
            }
            ("lambda", "AddPermission") => {}
            _ => return,
        }
        self.newest = Some(now);
    }

    /// Returns how AWS refuses the call if what it needs is younger than `age`.
    pub(super) fn refusal(&self, asked: &Asked, age: Duration) -> Option<Refused> {
        let is_young = |moment: Option<Instant>| moment.is_some_and(|moment| moment.elapsed() < age);
        if (asked.service.as_str(), asked.operation.as_str()) == ("s3", "PutBucketNotificationConfiguration") {
            let message = "Unable to validate the following destination configurations".to_owned();
            return is_young(self.newest).then_some((400, "InvalidArgument", message));
        }
        let role = needed_role(asked)?;
        let name = role.rsplit('/').next().unwrap_or(&role);
        if !is_young(self.roles.get(name).copied()) {
            return None;
        }
        match (asked.service.as_str(), asked.operation.as_str()) {
            ("lambda", _) => {
                let message = "The role defined for the function cannot be assumed by Lambda.".to_owned();
                Some((400, "InvalidParameterValueException", message))
            }
            ("glue", "CreateCrawler" | "UpdateCrawler") => {
                let message = format!(
                    "Service is unable to assume provided role. Please verify role's TrustPolicy: {role} (Service: \
                     AWSGlue)"
                );
                Some((400, "InvalidInputException", message))
            }
            ("glue", _) => {
                let message = format!("Role {role} should be given assume role permissions for Glue Service.");
                Some((400, "InvalidInputException", message))
            }
            _ => {
                let message = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.";
                Some((400, "ValidationException", message.to_owned()))
            }
        }
    }
}

/// Returns the role that a call wants a service to take at once.
fn needed_role(asked: &Asked) -> Option<String> {
    let body = match (asked.service.as_str(), asked.operation.as_str()) {
        ("lambda", "CreateFunction" | "UpdateFunctionConfiguration")
        | ("glue", "CreateCrawler" | "UpdateCrawler" | "CreateJob" | "UpdateJob")
        | ("scheduler", "CreateSchedule" | "UpdateSchedule") => asked.json(),
        _ => return None,
    };
    let places = [&body["Role"], &body["JobUpdate"]["Role"], &body["Target"]["RoleArn"]];
    places.into_iter().find_map(|place| place.as_str()).map(str::to_owned)
}
