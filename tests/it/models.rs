//! AWS's own service models accept every request of the shipped stacks, through all that is done with them.

use crate::edit::{self, Edit};
use crate::judge::Models;
use crate::support::{Ran, root};
use crate::world::World;

/// What `ecommerce.toml` can say and AWS can change where it stands.
const CHANGED: &[Edit] = &[
    ("billing", "auto_stop", r#""90m""#),
    ("billing", "after_run", r#""stop""#),
    ("billing", "budget_usd_per_month", "1000"),
    ("billing", "notify", r#"["ana@example.com"]"#),
    ("stack", "tags", r#"{ project = "uk-ecommerce", team = "data" }"#),
    ("network", "access", r#"["my-ip", "203.0.113.0/24"]"#),
    ("network", "interface_endpoints", r#"["secretsmanager", "glue"]"#),
    ("bucket.input", "versioning", "false"),
    ("bucket.input", "tags", r#"{ content = "files", owner = "sales" }"#),
    ("bucket.output", "versioning", "true"),
    ("bucket.output", "block_public_access", "false"),
    ("bucket.output", "tags", "{}"),
    ("role.glue", "policies", r#"["AWSGlueServiceRole", "AmazonS3FullAccess"]"#),
    ("mysql.sales", "class", r#""db.t4g.small""#),
    ("mysql.sales", "storage_gib", "30"),
    ("mysql.sales", "public", "false"),
    ("mysql.sales", "port", "3307"),
    ("mysql.sales", "backup_retention_days", "7"),
    ("mysql.sales.parameters", "max_allowed_packet", "536870912"),
    ("mysql.sales.parameters", "innodb_buffer_pool_size", "268435456"),
    ("mysql.sales.parameters", "innodb_redo_log_capacity", "268435456"),
    ("mysql.sales.parameters", "innodb_log_buffer_size", "33554432"),
    ("mysql.sales.parameters", "local_infile", "0"),
    ("mysql.sales.parameters", "slow_query_log", "0"),
    ("mysql.sales.parameters", "long_query_time", "5"),
    ("redshift.warehouse", "node_type", r#""ra3.xlplus""#),
    ("redshift.warehouse", "nodes", "2"),
    ("redshift.warehouse", "public", "true"),
    ("redshift.warehouse", "port", "5440"),
    ("redshift.warehouse", "snapshot_retention_days", "7"),
    ("layer.mysql", "requirements", r#"["pymysql==1.1.1"]"#),
    ("layer.mysql", "runtime", r#""python3.14""#),
    ("lambda.reader", "runtime", r#""python3.14""#),
    ("lambda.reader", "memory_mib", "1024"),
    ("lambda.reader", "timeout_seconds", "600"),
    ("lambda.reader", "architecture", r#""arm64""#),
    ("lambda.reader", "in_network", "false"),
    ("lambda.reader", "log_retention_days", "30"),
    ("lambda.reader", "layers", "[]"),
    ("lambda.reader", "trigger", r#"{ bucket = "input", prefix = "in/", suffix = ".CSV" }"#),
    ("lambda.reader.environment", "DB_HOST", r#""db.example.com""#),
    ("lambda.reader.environment", "DB_PORT", r#""3306""#),
    ("lambda.reader.environment", "DB_NAME", r#""Other""#),
    ("lambda.reader.environment", "DB_SECRET_ARN", r#""none""#),
    ("lambda.reader.environment", "TABLE", r#""Other""#),
    ("lambda.reader.environment", "ENCODING", r#""utf-8""#),
    ("lambda.reader.environment", "DATE_FORMAT", r#""%Y-%m-%d %H:%M""#),
    ("lambda.reader.environment", "REJECTS_BUCKET", r#""${bucket.input.name}""#),
    ("lambda.reader.environment", "REJECTS_PREFIX", r#""Refused/""#),
    ("database.rds", "description", r#""MySQL""#),
    ("database.s3", "description", r#""Staging""#),
    ("database.redshift", "description", r#""Redshift""#),
    ("connection.s3", "mysql", r#""sales""#),
    ("classifier.csv", "delimiter", r#"";""#),
    ("classifier.csv", "quote", r#""'""#),
    ("classifier.csv", "header", "false"),
    ("crawler.rds", "database", r#""s3""#),
    ("crawler.rds", "source", r#"{ connection = "rds_mysql", path = "ECommerce_Database/%" }"#),
    ("crawler.rds", "table_prefix", r#""mysql_""#),
    ("crawler.s3", "source", r#"{ path = "s3://${bucket.output.name}/Warehouse/" }"#),
    ("crawler.s3", "classifiers", "[]"),
    ("crawler.redshift", "database", r#""rds""#),
    ("crawler.redshift", "source", r#"{ connection = "redshift", path = "dw_ecommerce/public/sales" }"#),
    ("job.rds_to_s3", "script", r#""../templates/glue/s3_to_redshift.py""#),
    ("job.rds_to_s3", "bucket", r#""input""#),
    ("job.rds_to_s3", "glue_version", r#""5.1""#),
    ("job.rds_to_s3", "worker_type", r#""G.2X""#),
    ("job.rds_to_s3", "workers", "4"),
    ("job.rds_to_s3", "bookmark", "false"),
    ("job.rds_to_s3", "retries", "1"),
    ("job.rds_to_s3", "timeout_minutes", "60"),
    ("job.rds_to_s3", "max_concurrent_runs", "2"),
    ("job.rds_to_s3", "connections", r#"["rds_mysql", "s3"]"#),
    ("job.rds_to_s3", "script_folder", r#""code/""#),
    ("job.rds_to_s3", "spark_logs_folder", r#""spark/""#),
    ("job.rds_to_s3", "temporary_folder", r#""scratch/""#),
    ("job.rds_to_s3.arguments", "--partitions", r#""8""#),
    ("workgroup.main", "results", r#""s3://${bucket.output.name}/results/""#),
    ("pipeline", "schedule", r#""cron(0 2 * * ? *)""#),
    ("pipeline", "schedule_time_zone", r#""Europe/London""#),
];

/// What makes a new thing and leaves an orphan.
const RENAMED: &[Edit] = &[
    ("role.lambda", "name", r#""uk-ecommerce-reader""#),
    ("layer.mysql", "name", r#""mysql-driver""#),
    ("lambda.reader", "name", r#""uk-reader""#),
    ("database.redshift", "name", r#""warehouse""#),
    ("connection.s3", "name", r#""s3_network""#),
    ("classifier.csv", "name", r#""csv""#),
    ("crawler.redshift", "name", r#""warehouse_crawler""#),
    ("job.s3_to_redshift", "name", r#""to_redshift""#),
    ("workgroup.main", "name", r#""sales""#),
    ("dashboard.main", "name", r#""sales""#),
    ("pipeline", "schedule", r#""rate(12 hours)""#),
];

/// Keys that no edit above touches, each with the reason. The first word of a table stands for all of its kind.
const KEPT: &[(&str, &str, &str)] = &[
    ("stack", "name", "another stack"),
    ("stack", "region", "another stack"),
    ("network", "cidr", "the whole stack would be made anew"),
    ("network", "zones", "the databases keep their subnets"),
    ("bucket", "name", "it holds data"),
    ("role", "service", "who assumes it follows from its use"),
    ("mysql", "identifier", "it holds data"),
    ("mysql", "version", "it holds data"),
    ("mysql", "database", "it holds data"),
    ("mysql", "schema", "another file, no other request"),
    ("redshift", "identifier", "it holds data"),
    ("redshift", "database", "it holds data"),
    ("redshift", "role", "there is one role for Redshift"),
    ("redshift", "schema", "another file, no other request"),
    ("lambda", "code", "what is in the folder is changed"),
    ("lambda", "handler", "there is one handler"),
    ("lambda", "role", "there is one role for Lambda"),
    ("connection", "redshift", "what it leads to is changed in another connection"),
    ("crawler", "role", "there is one role for Glue"),
    ("job", "role", "there is one role for Glue"),
];

/// What must have been asked at least, or the test does not test what it says.
const ASKED: &[&str] = &[
    "athena.StartQueryExecution",
    "athena.UpdateWorkGroup",
    "cloudwatch.PutDashboard",
    "ec2.AuthorizeSecurityGroupIngress",
    "ec2.CreateVpcEndpoint",
    "ec2.RevokeSecurityGroupIngress",
    "glue.StartCrawler",
    "glue.StartJobRun",
    "glue.UpdateClassifier",
    "glue.UpdateConnection",
    "glue.UpdateCrawler",
    "glue.UpdateDatabase",
    "glue.UpdateJob",
    "iam.AttachRolePolicy",
    "lambda.PublishLayerVersion",
    "lambda.UpdateFunctionCode",
    "lambda.UpdateFunctionConfiguration",
    "logs.PutRetentionPolicy",
    "rds.ModifyDBInstance",
    "rds.ModifyDBParameterGroup",
    "rds.StartDBInstance",
    "rds.StopDBInstance",
    "redshift.ModifyCluster",
    "redshift.PauseCluster",
    "redshift.ResumeCluster",
    "redshift-data.ExecuteStatement",
    "s3.PutBucketNotificationConfiguration",
    "s3.PutBucketTagging",
    "s3.PutBucketVersioning",
    "s3.PutObject",
    "s3.PutPublicAccessBlock",
    "scheduler.CreateSchedule",
    "scheduler.DeleteScheduleGroup",
    "scheduler.UpdateSchedule",
    "secretsmanager.GetSecretValue",
    "stepfunctions.CreateStateMachine",
    "stepfunctions.DeleteStateMachine",
    "stepfunctions.UpdateStateMachine",
    "sts.GetCallerIdentity",
];

/// A stack whose requests all pass through the judge.
struct Judged {
    world: World,
    models: Models,
    file: &'static str,
}

impl Judged {
    fn new(name: &str, file: &'static str) -> Self {
        let world = World::new(name);
        let models = Models::before(&world.endpoint(), world.folder());
        Self { world, models, file }
    }

    #[track_caller]
    fn stack(&self, arguments: &[&str]) -> Ran {
        let url = self.models.url();
        let global = ["--yes", "--stack", self.file, "--endpoint-url", url];
        self.world.stack(&[&global, arguments].concat()).exits(0)
    }

    /// Writes the stack file with these edits, applies it, and finds nothing more to do.
    #[track_caller]
    fn applies(&self, edits: &[Edit]) {
        edit::edit(&self.world.folder().join(self.file), edits);
        self.stack(&["up"]);
        self.stack(&["plan", "--detailed-exitcode"]);
    }

    /// Ends the judge and asserts that it found nothing, in requests that include `asked`.
    #[track_caller]
    fn has_no_violation(self, asked: &[&str]) {
        let (wrong, sums) = self.models.verdict();
        assert!(wrong.is_empty(), "{}", wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        let unseen: Vec<_> = asked.iter().filter(|operation| sums["operations"].get(operation).is_none()).collect();
        assert!(unseen.is_empty(), "never asked: {unseen:?}\n{sums:#}");
        assert_eq!(sums["unjudged_patterns"], serde_json::json!([]));
    }
}

#[test]
fn every_request_of_the_shipped_stack_is_in_the_models() {
    let judged = Judged::new("models", "stacks/ecommerce.toml");
    judged.stack(&["up"]);
    judged.stack(&["up"]);
    let data = judged.world.sample(300);
    judged.stack(&["run-pipeline", "--keep-running", "--data", &data]);
    let code = judged.world.folder().join("templates/lambda/csv_to_mysql/handler.py");
    let handler = std::fs::read_to_string(&code).unwrap();
    std::fs::write(&code, handler + "\n# Changed.\n").unwrap();
    judged.applies(CHANGED);
    judged.applies(RENAMED);
    judged.stack(&["down"]);
    judged.stack(&["start"]);
    judged.stack(&["destroy", "--delete-data"]);
    judged.has_no_violation(ASKED);
}

#[test]
fn every_request_of_the_stack_of_2021_is_in_the_models() {
    let judged = Judged::new("models-2021", "stacks/ecommerce-2021.toml");
    let file = judged.world.folder().join(judged.file);
    std::fs::copy(root().join(judged.file), &file).unwrap();
    judged.stack(&["validate", "--fix"]);
    judged.stack(&["up"]);
    judged.stack(&["plan", "--detailed-exitcode"]);
    judged.stack(&["down"]);
    judged.stack(&["start"]);
    judged.stack(&["destroy", "--delete-data"]);
    judged.has_no_violation(&["rds.CreateDBInstance", "redshift.CreateCluster", "glue.CreateJob"]);
}

/// A key that somebody adds to the shipped stack is changed above, or there is a reason why not.
#[test]
fn every_key_of_the_shipped_stack_is_changed_or_kept_for_a_reason() {
    let text = std::fs::read_to_string(root().join("stacks/ecommerce.toml")).unwrap();
    let is_same = |one: &str, other: &str| one.split('.').next() == other.split('.').next();
    for (table, key) in edit::keys(&text) {
        let is_changed = [CHANGED, RENAMED].concat().iter().any(|(at, name, _)| is_same(at, &table) && *name == key);
        let is_kept = KEPT.iter().any(|(at, name, _)| is_same(at, &table) && *name == key);
        let is_argument = table.ends_with(".arguments") || table.starts_with("pipeline");
        assert!(is_changed || is_kept || is_argument, "[{table}] {key} is neither changed nor kept for a reason");
    }
}
