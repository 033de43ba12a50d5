//! The whole job on the local cloud, with real engines and a small part of data.

use crate::support::Ran;
use crate::world::World;

/// The calls that changed something in the local cloud since byte `from` of the log that it keeps.
fn writes(world: &World, from: usize) -> Vec<String> {
    const READS: [&str; 7] = ["Describe", "List", "Get", "Head", "BatchGet", "Filter", "Search"];
    let field = |line: &str, name: &str| {
        let value = line.split(&format!("{name}=")).nth(1).unwrap_or_default();
        value.split_whitespace().next().unwrap_or_default().trim_matches('"').to_owned()
    };
    let is_write = |line: &&str| match field(line, "operation").as_str() {
        "" => !["GET", "HEAD"].contains(&field(line, "method").as_str()),
        operation => !READS.iter().any(|verb| operation.starts_with(verb)),
    };
    let log = world.log();
    log[from..].lines().filter(|line| line.contains("method=")).filter(is_write).map(str::to_owned).collect()
}

fn sums_up(ran: &Ran, rows: &str) {
    for hop in ["the file", "MySQL", "staging", "Redshift"] {
        let line = ran.stdout.lines().find(|line| line.starts_with(hop));
        assert!(line.is_some_and(|line| line.contains(rows)), "{hop} does not have {rows} rows:\n{}", ran.all());
    }
}

#[test]
fn up_pipeline_down_start_destroy() {
    let world = World::new("whole-job");
    let data = world.sample(3_000);
    world.stack(&["--yes", "up"]).exits(0);

    let log = world.log().len();
    let again = world.stack(&["--yes", "up"]).exits(0);
    assert!(again.stdout.contains("nothing to change"), "{}", again.all());
    assert_eq!(writes(&world, log), Vec::<String>::new(), "a second `up` writes nothing");
    assert!(world.log()[log..].contains("DescribeVpcs"), "the log tells of calls");
    world.stack(&["plan", "--detailed-exitcode"]).exits(0);

    let first = world.stack(&["run-pipeline", "--keep-running", "--data", &data]).exits(0);
    sums_up(&first, "3,000 rows");
    assert!(first.stdout.contains("0 lost"), "{}", first.all());
    let second = world.stack(&["run-pipeline", "--keep-running", "--data", &data]).exits(0);
    sums_up(&second, "3,000 rows");
    assert_eq!(first.stdout, second.stdout, "the same file twice leaves the same rows");
    assert_eq!(world.boto3(STAGED), "Output/load_id=2/", "the second load took the place of the first");

    assert!(world.servers() >= 2, "MySQL and PostgreSQL run");
    let down = world.stack(&["down"]).exits(0);
    assert!(down.stdout.contains("before"), "{}", down.all());
    assert_eq!(world.servers(), 0, "no database server runs after `down`");
    world.stack(&["plan", "--detailed-exitcode"]).exits(0);

    world.stack(&["--yes", "start"]).exits(0);
    let count = world.mysql("SELECT COUNT(*) FROM ECommerce_Database.Uk_Ecommerce_Data");
    assert_eq!(count, "3000", "the data are there after `start`");

    world.restart();
    let count = world.mysql("SELECT COUNT(*) FROM ECommerce_Database.Uk_Ecommerce_Data");
    assert_eq!(count, "3000", "the state survives a restart of the local cloud");

    let refused = world.stack(&["--yes", "destroy"]).exits(1);
    assert!(refused.stderr.contains("--delete-data"), "{}", refused.all());
    let destroyed = world.stack(&["--yes", "destroy", "--delete-data"]).exits(0);
    assert!(destroyed.stdout.contains("nothing of this stack is left"), "{}", destroyed.all());
    assert_eq!(world.boto3(LISTING), "", "boto3 finds nothing either");
    world.down();
    assert_eq!(world.servers(), 0);
}

/// Prints the folders of loads in the output bucket.
const STAGED: &str = r#"
import boto3
s3 = boto3.client("s3", endpoint_url=ENDPOINT, region_name="us-east-2",
                  aws_access_key_id="x", aws_secret_access_key="y")
bucket = next(one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].endswith("output"))
listed = s3.list_objects_v2(Bucket=bucket, Prefix="Output/", Delimiter="/")
print(" ".join(one["Prefix"] for one in listed.get("CommonPrefixes", [])))
"#;

/// Lists what a stack makes and prints what is there.
const LISTING: &str = r#"
import boto3
def client(name):
    return boto3.client(name, endpoint_url=ENDPOINT, region_name="us-east-2",
                        aws_access_key_id="x", aws_secret_access_key="y")
ec2, glue, rds = client("ec2"), client("glue"), client("rds")
found = {
    "vpcs": [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]],
    "buckets": [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]],
    "instances": [one["DBInstanceIdentifier"] for one in rds.describe_db_instances()["DBInstances"]],
    "clusters": [one["ClusterIdentifier"] for one in client("redshift").describe_clusters()["Clusters"]],
    "functions": [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]],
    "layers": [one["LayerName"] for one in client("lambda").list_layers()["Layers"]],
    "databases": [one["Name"] for one in glue.get_databases()["DatabaseList"]],
    "connections": [one["Name"] for one in glue.get_connections()["ConnectionList"]],
    "crawlers": glue.list_crawlers()["CrawlerNames"],
    "jobs": glue.list_jobs()["JobNames"],
    "roles": [role["RoleName"] for role in client("iam").list_roles(PathPrefix="/stack/")["Roles"]],
    "secrets": [one["Name"] for one in client("secretsmanager").list_secrets()["SecretList"]],
    "dashboards": [one["DashboardName"] for one in client("cloudwatch").list_dashboards()["DashboardEntries"]],
    "work groups": [one["Name"] for one in client("athena").list_work_groups()["WorkGroups"] if one["Name"] != "primary"],
}
print("\n".join(f"{what}: {names}" for what, names in found.items() if names))
"#;
