//! A function's configuration as AWS shows it.

use serde_json::{Value, json};

use super::code::Stored;
use super::refused::{constraint, invalid};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::role::{self, RoleFault};

/// Members that a caller sets and AWS shows unchanged.
const PLAIN: [&str; 8] =
    ["Description", "Handler", "MemorySize", "Role", "Runtime", "Timeout", "DeadLetterConfig", "KMSKeyArn"];

/// Returns the ARN of a function.
pub(super) fn arn(region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}")
}

/// Returns the configuration of a function that does not exist yet, with AWS's defaults, in state `Pending`.
pub(super) fn fresh(region: &str, name: &str) -> Value {
    json!({
        "FunctionName": name,
        "FunctionArn": arn(region, name),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "TracingConfig": { "Mode": "PassThrough" },
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") },
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
        "LastUpdateStatus": "Successful",
    })
}

/// Sets in `configuration` what `input` names, and nothing else.
pub(super) fn apply(configuration: &mut Value, input: &Value) {
    for member in PLAIN {
        if !input[member].is_null() {
            configuration[member] = input[member].clone();
        }
    }
    for member in ["Architectures", "TracingConfig", "EphemeralStorage"] {
        if !input[member].is_null() {
            configuration[member] = input[member].clone();
        }
    }
    if let Some(logging) = input["LoggingConfig"].as_object() {
        for (key, value) in logging {
            configuration["LoggingConfig"][key] = value.clone();
        }
    }
    if let Some(variables) = input["Environment"]["Variables"].as_object() {
        if variables.is_empty() {
            configuration.as_object_mut().map(|members| members.remove("Environment"));
        } else {
            configuration["Environment"] = json!({ "Variables": variables });
        }
    }
}

/// Sets the code that was stored.
pub(super) fn apply_code(configuration: &mut Value, stored: &Stored) {
    configuration["CodeSha256"] = json!(stored.sha256);
    configuration["CodeSize"] = json!(stored.size);
}

/// Notes that something changed: a new revision, now.
pub(super) fn touch(configuration: &mut Value) {
    configuration["RevisionId"] = json!(mint::uuid());
    configuration["LastModified"] = json!(jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string());
}

/// Sets the layers in AWS's shape.
pub(super) fn apply_layers(configuration: &mut Value, layers: &[Value]) {
    let shown: Vec<Value> = layers
        .iter()
        .map(|layer| json!({ "Arn": layer["LayerVersionArn"], "CodeSize": layer["Content"]["CodeSize"] }))
        .collect();
    match configuration.as_object_mut() {
        Some(members) if shown.is_empty() => members.remove("Layers"),
        Some(members) => members.insert("Layers".to_owned(), json!(shown)),
        None => None,
    };
}

/// Checks that a role exists, is of this account and lets Lambda take it.
///
/// # Errors
/// What AWS says when it does not.
pub(super) async fn check_role(input: &Value, endpoint: &str, region: &str) -> Result<(), Refusal> {
    let Some(arn) = input["Role"].as_str() else { return Ok(()) };
    role::check(arn, "lambda.amazonaws.com", endpoint, region).await.map_err(|fault| match fault {
        RoleFault::Malformed => constraint(
            arn,
            "role",
            "satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
        ),
        RoleFault::Foreign => {
            Refusal::new("AccessDeniedException", "Cross-account pass role is not allowed.").status(403)
        }
        RoleFault::NotAssumable => invalid("The role defined for the function cannot be assumed by Lambda."),
    })
}
