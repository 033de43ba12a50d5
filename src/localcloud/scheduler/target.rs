//! What a schedule calls.

use serde_json::Value;

use super::refused::invalid;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::remote::{self, Remote};

/// The beginning of the ARNs that name an operation of AWS.
const UNIVERSAL: &str = "arn:aws:scheduler:::aws-sdk:";

/// What operations must be given, by the names that targets have for their members.
const REQUIRED: &[(&str, &str, &str)] = &[
    ("rds", "StartDBInstance", "DbInstanceIdentifier"),
    ("rds", "StopDBInstance", "DbInstanceIdentifier"),
    ("redshift", "PauseCluster", "ClusterIdentifier"),
    ("redshift", "ResumeCluster", "ClusterIdentifier"),
    ("glue", "StartCrawler", "Name"),
    ("glue", "StartJobRun", "JobName"),
];

/// A target that the local cloud can call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    StateMachine(String),
    Function(String),
    Operation(Remote, String),
}

impl Target {
    /// Reads the ARN of a target and checks what it is to be given.
    pub(super) fn parse(arn: &str, input: &str) -> Result<Self, Refusal> {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, rest) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
        match (service, rest.split_once(':')) {
            ("states", Some(("stateMachine", _))) => return Ok(Self::StateMachine(arn.to_owned())),
            ("lambda", Some(("function", _))) => return Ok(Self::Function(arn.to_owned())),
            _ => {}
        }
        let named = arn.strip_prefix(UNIVERSAL).and_then(remote::find);
        let Some((remote, operation)) = named else { return Err(invalid("Provided Arn is not in correct format.")) };
        let request: Value = serde_json::from_str(input).unwrap_or_default();
        let wrong = |reason: String| invalid(format!("Invalid RequestJson provided. Reason {reason}"));
        if !request.is_object() {
            return Err(wrong("The request payload is not a JSON object".to_owned()));
        }
        let required = REQUIRED.iter().filter(|(word, name, _)| *word == remote.word && *name == operation);
        let missing: Vec<&str> =
            required.map(|(.., member)| *member).filter(|member| request[*member].is_null()).collect();
        if missing.is_empty() {
            return Ok(Self::Operation(remote, operation));
        }
        Err(wrong(format!("Request payload is missing the following field(s): {}.", missing.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifier_of_an_instance_is_written_with_a_small_b() {
        let arn = "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance";
        assert!(matches!(
            Target::parse(arn, r#"{"DbInstanceIdentifier":"shop"}"#),
            Ok(Target::Operation(_, operation)) if operation == "StopDBInstance"
        ));
        let refusal = Target::parse(arn, r#"{"DBInstanceIdentifier":"shop"}"#).unwrap_err();
        assert_eq!(
            refusal.message(),
            "Invalid RequestJson provided. Reason Request payload is missing the following field(s): \
             DbInstanceIdentifier."
        );
    }

    #[test]
    fn machines_and_functions_are_told_from_nonsense() {
        let machine = "arn:aws:states:us-east-2:123456789012:stateMachine:night";
        assert_eq!(Target::parse(machine, "").unwrap(), Target::StateMachine(machine.to_owned()));
        let function = "arn:aws:lambda:us-east-2:123456789012:function:reader";
        assert_eq!(Target::parse(function, "").unwrap(), Target::Function(function.to_owned()));
        assert!(Target::parse("arn:aws:scheduler:::aws-sdk:rds:StopDBInstance", "{}").is_err());
        assert!(Target::parse("arn:aws:states:us-east-2:123456789012:activity:x", "").is_err());
    }
}
