//! What the role of the state machine may do: what its steps call, and nothing else.

use serde_json::{Value, json};

use super::definition::steps;
use super::names::Names;
use super::servers;
use crate::pipeline::hop::Hop;
use crate::pipeline::steps::Check;

/// Returns the statements, `${account}` left open; `machine` is the name of the state machine that the schedule starts.
pub(super) fn statements(names: &Names<'_>, machine: &str) -> Vec<Value> {
    let region = names.entry.region;
    let arn = |service: &str, rest: &str| format!("arn:aws:{service}:{region}:${{account}}:{rest}");
    let steps = steps(names);
    let crawlers = steps.iter().filter_map(|step| step.crawl.as_ref()).map(|crawl| names.crawler(&crawl.crawler));
    let crawlers: Vec<String> = crawlers.map(|name| arn("glue", &format!("crawler/{name}"))).collect();
    let jobs = steps.iter().filter_map(|step| step.job.as_ref()).map(|job| names.job(&job.job));
    let jobs: Vec<String> = jobs.map(|name| arn("glue", &format!("job/{name}"))).collect();
    let mut statements = vec![
        allow(&["states:StartExecution"], vec![arn("states", &format!("stateMachine:{machine}"))]),
        allow(&["glue:GetCrawler", "glue:StartCrawler"], crawlers),
        allow(&["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"], jobs),
    ];
    for server in servers::needed(names, &steps) {
        let (actions, resource) = server.rights();
        let (service, rest) = resource.split_once(':').unwrap_or_default();
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        statements.push(allow(&actions, vec![arn(service, rest)]));
        let Some(schedule) = server.schedule() else { continue };
        let (stack, update) = (names.entry.stack, ["scheduler:UpdateSchedule"]);
        statements.push(allow(&update, vec![arn("scheduler", &format!("schedule/{stack}/{schedule}"))]));
        let roles = format!("arn:aws:iam::${{account}}:role/stack/{stack}/*");
        statements.push(allow(&["iam:PassRole"], vec![roles]));
    }
    let is_same = |hop: Hop| steps.iter().any(|step| matches!(step.check, Some(Check::Same(one)) if one == hop));
    let asks_warehouse = steps.iter().any(|step| step.copy.is_some() || step.unload.is_some() || step.sql.is_some());
    if asks_warehouse || is_same(Hop::Warehouse) {
        statements.extend(warehouse(names, &arn));
    }
    if steps.iter().any(|step| step.athena.is_some()) || is_same(Hop::Staging) || is_same(Hop::Warehouse) {
        statements.extend(staging(names, &arn));
    }
    statements.retain(|statement| statement["Resource"].as_array().is_some_and(|resources| !resources.is_empty()));
    statements
}

fn warehouse(names: &Names<'_>, arn: &dyn Fn(&str, &str) -> String) -> Vec<Value> {
    let cluster = arn("redshift", &format!("cluster:{}", names.cluster()));
    vec![
        allow(&["redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement"], vec![cluster]),
        // A statement has no ARN.
        allow(&["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"], vec!["*".to_owned()]),
        // Redshift chooses the name of the secret; only its beginning is fixed.
        allow(&["secretsmanager:GetSecretValue"], vec![arn("secretsmanager", "secret:redshift!*")]),
    ]
}

fn staging(names: &Names<'_>, arn: &dyn Fn(&str, &str) -> String) -> Vec<Value> {
    let (workgroup, database) = (names.workgroup(), names.staging_database());
    let catalog = ["catalog".to_owned(), format!("database/{database}"), format!("table/{database}/*")];
    let bucket = |name: &str| format!("arn:aws:s3:::{name}");
    let buckets: Vec<String> = names.buckets().iter().map(|name| bucket(name)).collect();
    let results: Vec<String> = names.results_bucket().iter().map(|name| format!("{}/*", bucket(name))).collect();
    vec![
        allow(
            &[
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            vec![arn("athena", &format!("workgroup/{workgroup}"))],
        ),
        allow(
            &["glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable"],
            catalog.iter().map(|what| arn("glue", what)).collect(),
        ),
        allow(&["s3:GetBucketLocation", "s3:ListBucket"], buckets.clone()),
        allow(&["s3:GetObject"], buckets.iter().map(|bucket| format!("{bucket}/*")).collect()),
        allow(&["s3:AbortMultipartUpload", "s3:PutObject"], results),
    ]
}

fn allow(actions: &[&str], resources: Vec<String>) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}
