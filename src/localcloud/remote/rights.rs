//! Whether a role may make a call. What a role lacks shows on the laptop, not on the first night in the cloud.

use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use serde_json::Value;

use super::services::Remote;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::sdk;

/// What the members of a request name: the service's word, the member, and the ARN without partition, region and
/// account.
const NAMED: &[(&str, &str, &str)] = &[
    ("athena", "WorkGroup", "athena:workgroup/"),
    ("glue", "JobName", "glue:job/"),
    ("glue", "Name", "glue:crawler/"),
    ("rds", "DbInstanceIdentifier", "rds:db:"),
    ("redshift", "ClusterIdentifier", "redshift:cluster:"),
    ("redshiftdata", "ClusterIdentifier", "redshift:cluster:"),
];

/// Returns what a role must be allowed on, if the request tells.
fn resource(remote: Remote, region: &str, input: &Value) -> Option<String> {
    if let ("scheduler", Some(group), Some(name)) = (remote.word, input["GroupName"].as_str(), input["Name"].as_str()) {
        return Some(format!("arn:aws:scheduler:{region}:{ACCOUNT}:schedule/{group}/{name}"));
    }
    let named = NAMED.iter().filter(|(word, ..)| *word == remote.word);
    let (name, arn) = named.filter_map(|(_, member, arn)| Some((input[*member].as_str()?, *arn))).next()?;
    let (service, rest) = arn.split_once(':')?;
    Some(format!("arn:aws:{service}:{region}:{ACCOUNT}:{rest}{name}"))
}

/// Returns whether the policies of `role` allow an operation on what the request names. A request that names nothing is
/// allowed, and so is everything while IAM does not answer.
pub(in super::super) async fn may(
    role: &str,
    (endpoint, region): (&str, &str),
    (remote, operation): (Remote, &str),
    input: &Value,
) -> bool {
    let Some(resource) = resource(remote, region, input) else { return true };
    let action = format!("{}:{operation}", remote.signing);
    let client = aws_sdk_iam::Client::new(&sdk::config(endpoint, region).await);
    let call = client.simulate_principal_policy().policy_source_arn(role).action_names(action).resource_arns(resource);
    let Ok(answer) = call.send().await else { return true };
    answer.evaluation_results().iter().all(|one| one.eval_decision == PolicyEvaluationDecisionType::Allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::localcloud::remote::find;

    #[test]
    fn requests_name_what_a_role_must_be_allowed_on() {
        let (remote, _) = find("rds:stopDBInstance").unwrap();
        let arn = resource(remote, "us-east-2", &json!({ "DbInstanceIdentifier": "shop" }));
        assert_eq!(arn, Some(format!("arn:aws:rds:us-east-2:{ACCOUNT}:db:shop")));
        assert_eq!(resource(remote, "us-east-2", &json!({ "DBInstanceIdentifier": "shop" })), None);
    }
}
