//! Permissions: managed policies by name, and least privilege derived from what refers to a role.

use serde_json::{Value, json};

use super::base::Entry;
use super::{connection, crawler, job, lambda, mysql, redshift};

/// Policies of AWS whose ARN has `service-role/` in it.
const SERVICE_ROLE_POLICIES: [&str; 3] =
    ["AWSGlueServiceRole", "AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"];

/// Returns the ARN of a managed policy of AWS; what is an ARN already is left as it is.
pub(super) fn managed_arn(policy: &str) -> String {
    if policy.starts_with("arn:") {
        policy.to_owned()
    } else if SERVICE_ROLE_POLICIES.contains(&policy) {
        format!("arn:aws:iam::aws:policy/service-role/{policy}")
    } else {
        format!("arn:aws:iam::aws:policy/{policy}")
    }
}

/// Returns the name by which [`managed_arn`] finds a policy of AWS; any other one keeps its ARN.
pub(super) fn short_name(arn: &str) -> String {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    if managed_arn(name) == arn { name.to_owned() } else { arn.to_owned() }
}

/// Returns a policy document in the one form in which two that mean the same are equal: one value is a list of one,
/// lists have an order, an account stands for its root, and `*` for everybody.
pub(super) fn canonical(document: &Value) -> Value {
    let Value::Object(members) = document else { return document.clone() };
    let mut canonical = members.clone();
    if let Some(statements) = canonical.get_mut("Statement") {
        *statements = Value::Array(many(statements.take()).into_iter().map(statement).collect());
    }
    Value::Object(canonical)
}

fn statement(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    // A statement without a name is the same as one with an empty one.
    let members = members.into_iter().filter(|(key, value)| key != "Sid" || value != "");
    let member = |(key, value): (String, Value)| {
        let value = match key.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => list(value),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            _ => value,
        };
        (key, value)
    };
    Value::Object(members.map(member).collect())
}

fn principal(value: Value) -> Value {
    let value = if value == "*" { json!({ "AWS": "*" }) } else { value };
    let Value::Object(members) = value else { return value };
    let root = |name: Value| match name.as_str() {
        Some(account) if account.len() == 12 && account.chars().all(|digit| digit.is_ascii_digit()) => {
            json!(format!("arn:aws:iam::{account}:root"))
        }
        _ => name,
    };
    let members = members.into_iter().map(|(kind, names)| {
        let names = many(names).into_iter().map(root).collect();
        (kind, list(Value::Array(names)))
    });
    Value::Object(members.collect())
}

fn condition(value: Value) -> Value {
    let Value::Object(operators) = value else { return value };
    let operators = operators.into_iter().map(|(operator, keys)| match keys {
        Value::Object(keys) => {
            (operator, Value::Object(keys.into_iter().map(|(key, values)| (key, list(values))).collect()))
        }
        keys => (operator, keys),
    });
    Value::Object(operators.collect())
}

fn many(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        value => vec![value],
    }
}

/// Returns a sorted list without repetition; booleans and numbers of conditions are texts.
fn list(value: Value) -> Value {
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let texts: std::collections::BTreeSet<String> = many(value).into_iter().map(text).collect();
    json!(texts)
}

/// Returns the statements that everything which refers to the role `entry.name` needs, `${account}` left open.
pub(super) fn derive(entry: Entry<'_>) -> Value {
    let mut statements = vec![];
    for (_, function) in entry.all.all::<lambda::Lambda>().filter(|(_, function)| function.role == entry.name) {
        statements.extend(for_lambda(entry, function));
    }
    let crawls = entry.all.all::<crawler::Crawler>().any(|(_, crawler)| crawler.role == entry.name);
    let runs = entry.all.all::<job::Job>().any(|(_, job)| job.role == entry.name);
    if crawls || runs {
        statements.extend(for_glue(entry));
    }
    let warehouses = entry.all.all::<redshift::Redshift>().filter(|(_, cluster)| cluster.role == entry.name);
    if warehouses.count() > 0 {
        statements.push(buckets(entry, &["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"]));
    }
    // IAM takes no statement without a resource: a stack without buckets allows nothing on buckets.
    statements.retain(|statement| statement["Resource"].as_array().is_some_and(|resources| !resources.is_empty()));
    Value::Array(statements)
}

fn for_lambda(entry: Entry<'_>, function: &lambda::LambdaTable) -> Vec<Value> {
    let Entry { region, .. } = entry;
    let group = format!("arn:aws:logs:{region}:${{account}}:log-group:/aws/lambda/{}:*", function.name);
    let network = [
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ];
    vec![
        allow(&["logs:CreateLogStream", "logs:PutLogEvents"], &[group]),
        // Network interfaces have no name before they are made.
        allow(&network, &["*".to_owned()]),
        buckets(entry, &["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:ListBucket"]),
        secrets(entry),
    ]
}

fn for_glue(entry: Entry<'_>) -> Vec<Value> {
    let Entry { region, .. } = entry;
    let glue = |what: &str| format!("arn:aws:glue:{region}:${{account}}:{what}");
    let catalog = [
        "glue:BatchCreatePartition",
        "glue:BatchDeletePartition",
        "glue:BatchGetPartition",
        "glue:BatchUpdatePartition",
        "glue:CreatePartition",
        "glue:CreateTable",
        "glue:DeletePartition",
        "glue:GetConnection",
        "glue:GetDatabase",
        "glue:GetPartition",
        "glue:GetPartitions",
        "glue:GetTable",
        "glue:GetTables",
        "glue:UpdatePartition",
        "glue:UpdateTable",
    ];
    let mut statements = vec![
        allow(&catalog, &[glue("catalog"), glue("database/*"), glue("table/*"), glue("connection/*")]),
        allow(
            &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            &[format!("arn:aws:logs:{region}:${{account}}:log-group:/aws-glue/*")],
        ),
        buckets(entry, &["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
    ];
    if entry.all.all::<connection::Connection>().count() > 0 {
        let network = [
            "ec2:CreateNetworkInterface",
            "ec2:CreateTags",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcEndpoints",
        ];
        statements.push(allow(&network, &["*".to_owned()]));
    }
    if entry.all.all::<mysql::Mysql>().count() + entry.all.all::<redshift::Redshift>().count() > 0 {
        statements.push(secrets(entry));
    }
    for (_, cluster) in entry.all.all::<redshift::Redshift>() {
        let arn = format!("arn:aws:redshift:{region}:${{account}}:cluster:{}", cluster.identifier);
        statements.push(allow(&["redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement"], &[arn]));
        // A statement has no ARN.
        statements.push(allow(&["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"], &["*".into()]));
    }
    statements
}

fn buckets(entry: Entry<'_>, actions: &[&str]) -> Value {
    let names = entry.all.all::<super::bucket::Bucket>().map(|(_, bucket)| bucket.name.clone());
    let arns = names.flat_map(|name| [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")]);
    allow(actions, &arns.collect::<Vec<_>>())
}

/// RDS and Redshift choose the names of the secrets that they manage; only the beginning is fixed.
fn secrets(entry: Entry<'_>) -> Value {
    let arn = |prefix: &str| format!("arn:aws:secretsmanager:{}:${{account}}:secret:{prefix}!*", entry.region);
    allow(&["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], &[arn("rds"), arn("redshift")])
}

fn allow(actions: &[&str], resources: &[String]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_that_mean_the_same_are_equal() {
        let short = json!({
            "Version": "2012-10-17",
            "Statement": {
                "Sid": "", "Effect": "Allow", "Principal": { "AWS": "123456789012" }, "Action": "s3:GetObject",
                "Resource": ["b", "a", "a"], "Condition": { "Bool": { "aws:SecureTransport": true } },
            },
        });
        let long = json!({
            "Statement": [{
                "Condition": { "Bool": { "aws:SecureTransport": ["true"] } }, "Resource": ["a", "b"],
                "Action": ["s3:GetObject"], "Principal": { "AWS": ["arn:aws:iam::123456789012:root"] },
                "Effect": "Allow",
            }],
            "Version": "2012-10-17",
        });
        assert_eq!(canonical(&short), canonical(&long));
        let wider = json!({ "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] });
        assert_ne!(canonical(&short), canonical(&wider));
    }

    #[test]
    fn a_policy_of_the_person_is_not_taken_for_one_of_aws_with_its_name() {
        assert_eq!(short_name("arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"), "AWSGlueServiceRole");
        let own = "arn:aws:iam::123456789012:policy/AWSGlueServiceRole";
        assert_eq!(short_name(own), own);
    }
}
