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
        "glue:BatchGetPartition",
        "glue:CreateTable",
        "glue:GetConnection",
        "glue:GetDatabase",
        "glue:GetPartitions",
        "glue:GetTable",
        "glue:GetTables",
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
