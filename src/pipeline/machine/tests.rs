//! The machine of the shipped stack.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::resources::{check, expand};
use crate::kinds::base::{AnyTable, Declared, Entry, Finding, Known, Meta, Outputs, Resource};
use crate::kinds::{TABLES, network};
use crate::model::{Address, KeyPath};
use crate::pipeline::{Pipeline, PipelineTable};

const SCHEDULE: &str = "cron(0 2 * * ? *)";

/// The shipped stack file, with changes to `[pipeline]`.
struct Shipped {
    declared: Declared,
    pipeline: PipelineTable,
    origin: KeyPath,
}

impl Shipped {
    fn with(change: impl FnOnce(&mut Value)) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/ecommerce.toml");
        let mut document: BTreeMap<String, Value> = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut declared = Declared::new(path.parent().unwrap());
        for table in TABLES.iter().filter(|table| document.contains_key(table.name())) {
            let value = &document[table.name()];
            let named: Vec<(String, Value)> = if table.is_single() {
                vec![(network::NAME.to_owned(), value.clone())]
            } else {
                value.as_object().unwrap().clone().into_iter().collect()
            };
            for (name, value) in named {
                declared.insert(table.name(), &name, table.parse(&value).unwrap());
            }
        }
        let mut pipeline = document.remove("pipeline").unwrap();
        change(&mut pipeline);
        let parsed = AnyTable::parse(&Pipeline, &pipeline).unwrap();
        let pipeline = parsed.downcast_ref::<PipelineTable>().unwrap().clone();
        Self { declared, pipeline, origin: KeyPath::new(["pipeline"]) }
    }

    fn scheduled() -> Self {
        Self::with(|pipeline| pipeline["schedule"] = json!(SCHEDULE))
    }

    fn entry(&self) -> Entry<'_> {
        Entry {
            name: "pipeline",
            origin: &self.origin,
            stack: "shop",
            region: "us-east-2",
            today: jiff::civil::date(2026, 11, 23),
            all: &self.declared,
        }
    }

    fn resources(&self) -> Vec<Resource> {
        expand(&self.pipeline, self.entry()).unwrap()
    }

    fn findings(&self) -> Vec<Finding> {
        check(&self.pipeline, self.entry())
    }

    fn declared_of(&self, kind: &str) -> Value {
        let resources = self.resources();
        let resource = resources.iter().find(|resource| resource.address.kind == kind).unwrap();
        resource.kind.declared(resource)
    }

    fn definition(&self) -> Value {
        serde_json::from_str(self.declared_of("state_machine")["definition"].as_str().unwrap()).unwrap()
    }
}

/// Follows the first way through a machine, which is the one on which all goes well.
fn way(machine: &Value) -> Vec<String> {
    let mut way = vec![];
    let mut name = machine["StartAt"].as_str().unwrap();
    loop {
        let state = &machine["States"][name];
        let what = state["Resource"].as_str().map(|resource| resource.trim_start_matches("arn:aws:states:::"));
        way.push(format!("{name} ({})", what.unwrap_or_else(|| state["Type"].as_str().unwrap())));
        let next = state["Choices"][0]["Next"].as_str().or_else(|| state["Next"].as_str());
        match next {
            Some(next) => name = next,
            None => return way,
        }
    }
}

#[test]
fn the_steps_follow_each_other_in_the_order_of_the_pipeline() {
    let definition = Shipped::scheduled().definition();
    let branch = &definition["States"]["steps"]["Branches"][0];
    insta::assert_snapshot!(way(branch).join("\n"), @"
    crawl MySQL (aws-sdk:glue:getCrawler)
    crawl MySQL: start (aws-sdk:glue:startCrawler)
    crawl MySQL: wait (Wait)
    crawl MySQL: look (aws-sdk:glue:getCrawler)
    crawl MySQL: ended (Choice)
    MySQL to S3 (glue:startJobRun.sync)
    crawl S3 (aws-sdk:glue:getCrawler)
    crawl S3: start (aws-sdk:glue:startCrawler)
    crawl S3: wait (Wait)
    crawl S3: look (aws-sdk:glue:getCrawler)
    crawl S3: ended (Choice)
    check staging with Athena (athena:startQueryExecution.sync)
    check staging with Athena: rows of staging (athena:getQueryResults)
    check staging with Athena: compare (Choice)
    S3 to Redshift (glue:startJobRun.sync)
    crawl Redshift (aws-sdk:glue:getCrawler)
    crawl Redshift: start (aws-sdk:glue:startCrawler)
    crawl Redshift: wait (Wait)
    crawl Redshift: look (aws-sdk:glue:getCrawler)
    crawl Redshift: ended (Choice)
    check Redshift against MySQL (athena:startQueryExecution.sync)
    check Redshift against MySQL: rows of staging (athena:getQueryResults)
    check Redshift against MySQL: ask Redshift (aws-sdk:redshiftdata:executeStatement)
    check Redshift against MySQL: wait (Wait)
    check Redshift against MySQL: look (aws-sdk:redshiftdata:describeStatement)
    check Redshift against MySQL: ended (Choice)
    check Redshift against MySQL: rows of Redshift (aws-sdk:redshiftdata:getStatementResult)
    check Redshift against MySQL: compare (Choice)
    all steps done (Succeed)
    ");
}

#[test]
fn databases_that_are_off_are_started_and_stopped_again_whatever_happens() {
    let definition = Shipped::scheduled().definition();
    let states = &definition["States"];
    insta::assert_snapshot!(way(&definition).join("\n"), @"
    look at MySQL (aws-sdk:rds:describeDBInstances)
    is on: MySQL (Choice)
    look at Redshift (aws-sdk:redshift:describeClusters)
    is on: Redshift (Choice)
    steps (Parallel)
    was started: MySQL (Choice)
    stop MySQL (aws-sdk:rds:stopDBInstance)
    was started: Redshift (Choice)
    stop Redshift (aws-sdk:redshift:pauseCluster)
    ended (Choice)
    failed (Fail)
    ");
    assert_eq!(states["steps"]["Catch"][0]["Next"], "was started: MySQL");
    assert_eq!(states["start MySQL"]["Next"], "note the start of MySQL");
    // The API writes it with a capital B, Step Functions does not.
    assert_eq!(states["stop MySQL"]["Parameters"], json!({ "DbInstanceIdentifier": "data-engineering-aws" }));
    assert_eq!(states["stop Redshift"]["Parameters"], json!({ "ClusterIdentifier": "data-engineering-aws-redshift" }));
}

#[test]
fn a_job_waits_for_an_earlier_run_and_a_check_names_both_sides() {
    let definition = Shipped::scheduled().definition();
    let states = &definition["States"]["steps"]["Branches"][0]["States"];
    let job = &states["MySQL to S3"];
    assert_eq!(job["Parameters"], json!({ "JobName": "rds_to_s3_data_transfer" }));
    assert_eq!(job["Retry"][1]["ErrorEquals"], json!(["Glue.ConcurrentRunsExceededException"]));
    let failed = &states["check Redshift against MySQL: failed"];
    assert_eq!((failed["Type"].as_str(), failed["Error"].as_str()), (Some("Fail"), Some("RowsDiffer")));
    let cause = failed["Cause"].as_str().unwrap();
    assert!(cause.contains("`s3_database.output`") && cause.contains("`dw_ecommerce.sales`"), "{cause}");
    let request = &states["check Redshift against MySQL: ask Redshift"]["Parameters"];
    assert_eq!(
        *request,
        json!({
            "ClusterIdentifier": "data-engineering-aws-redshift", "Database": "dw_ecommerce",
            "SecretArn": "${redshift.warehouse.secret_arn}", "Sql": "SELECT COUNT(*) FROM sales",
        })
    );
}

#[test]
fn a_step_that_only_warns_is_passed_over_when_it_fails() {
    let shipped = Shipped::with(|pipeline| {
        pipeline["schedule"] = json!(SCHEDULE);
        pipeline["step"][5]["severity"] = json!("warn");
    });
    let definition = shipped.definition();
    let states = &definition["States"]["steps"]["Branches"][0]["States"];
    let failed = &states["check staging with Athena: failed"];
    assert_eq!((failed["Type"].as_str(), failed["Next"].as_str()), (Some("Pass"), Some("S3 to Redshift")));
    assert_eq!(states["check staging with Athena"]["Catch"][0]["Next"], "S3 to Redshift");
}

#[test]
fn the_schedule_starts_the_machine_and_says_for_when() {
    let shipped = Shipped::with(|pipeline| {
        pipeline["schedule"] = json!(SCHEDULE);
        pipeline["schedule_time_zone"] = json!("Europe/London");
    });
    assert_eq!(
        shipped.declared_of("schedule"),
        json!({
            "group": "shop", "name": "pipeline", "expression": SCHEDULE, "time_zone": "Europe/London",
            "target": "${state_machine.pipeline.arn}",
            "input": r#"{"schedule":"<aws.scheduler.schedule-arn>","time":"<aws.scheduler.scheduled-time>"}"#,
            "role": { "kind": "role", "name": "pipeline" }, "retries": 3, "maximum_age_seconds": 3600, "enabled": true,
        })
    );
    let addresses: Vec<String> = shipped.resources().iter().map(|one| one.address.to_string()).collect();
    assert_eq!(addresses, ["role.pipeline", "state_machine.pipeline", "schedule_group.main", "schedule.pipeline"]);
    assert_eq!(Shipped::with(|_| {}).resources().len(), 0, "without a schedule there is nothing");
}

#[test]
fn the_role_may_do_what_the_steps_call_and_no_more() {
    let shipped = Shipped::scheduled();
    let role = shipped.declared_of("role");
    assert_eq!(role["service"], "states");
    let statements = role["derived"].as_array().unwrap();
    let allowed: Vec<(&str, &str)> = statements
        .iter()
        .flat_map(|one| {
            let actions = one["Action"].as_array().unwrap().iter();
            let resources = one["Resource"].as_array().unwrap();
            actions.flat_map(move |action| resources.iter().map(move |resource| (action, resource)))
        })
        .map(|(action, resource)| (action.as_str().unwrap(), resource.as_str().unwrap()))
        .collect();
    let of =
        |wanted: &str| allowed.iter().filter(|(action, _)| *action == wanted).map(|(_, on)| *on).collect::<Vec<_>>();
    assert_eq!(of("states:StartExecution"), ["arn:aws:states:us-east-2:${account}:stateMachine:shop-pipeline"]);
    assert_eq!(of("rds:StopDBInstance"), ["arn:aws:rds:us-east-2:${account}:db:data-engineering-aws"]);
    assert_eq!(of("glue:StartJobRun").len(), 2);
    assert_eq!(of("s3:PutObject"), ["arn:aws:s3:::uk-ecommerce-data-output/*"]);
    let anywhere: Vec<&str> = allowed.iter().filter(|(_, on)| *on == "*").map(|(action, _)| *action).collect();
    assert_eq!(anywhere, ["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"]);
}

#[test]
fn what_is_left_out_is_told_once_and_mistakes_are_errors() {
    let findings = Shipped::scheduled().findings();
    assert_eq!(findings.len(), 1);
    assert!(findings[0].warning && findings[0].message.contains("`upload the file`, `wait for the load`"));
    let of = |change: fn(&mut Value)| {
        Shipped::with(change).findings().into_iter().filter(|one| !one.warning).map(|one| one.at).collect::<Vec<_>>()
    };
    assert_eq!(of(|pipeline| pipeline["schedule"] = json!("0 2 * * *")), ["schedule"]);
    assert_eq!(of(|pipeline| pipeline["schedule_time_zone"] = json!("UTC")), ["schedule_time_zone"]);
    let alone = |pipeline: &mut Value| {
        pipeline["schedule"] = json!(SCHEDULE);
        pipeline["step"] = json!([{ "name": "upload", "upload": { "bucket": "input", "key": "x.csv" } }]);
    };
    assert_eq!(of(alone), ["schedule"]);
}

#[test]
fn everything_declared_has_an_attribute_and_everything_known_fills_it_in() {
    let shipped = Shipped::scheduled();
    let mut known = Known::new(Meta::default());
    let secret = Outputs::from([("secret_arn", "arn:secret".to_owned())]);
    known.learn(Address::new("redshift", "warehouse"), secret);
    for resource in shipped.resources() {
        for field in resource.kind.declared(&resource).as_object().unwrap().keys() {
            let is_named = resource.kind.attributes().iter().any(|attribute| attribute.covers(field));
            assert!(is_named, "{}.{field}", resource.kind.name());
        }
    }
    let machine = shipped.resources().remove(1);
    let spec = machine.spec::<crate::kinds::state_machine::StateMachine>().unwrap();
    assert!(spec.definition.render(&known).unwrap().contains(r#""SecretArn":"arn:secret""#));
}
