//! What is refused before anything is lost or half made, and what is left in the end.

use crate::edit;
use crate::team::{boto3, faults, has, plan, shipped, shipped_file, shipped_with, small, writes};
use crate::world::World;

/// Everything that carries our mark, but the snapshots that were asked for; and every network interface.
const LEFT: &str = r#"
found = client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "stack:name"}])["ResourceTagMappingList"]
left = [one["ResourceARN"] for one in found if "snapshot" not in one["ResourceARN"]]
left += [one["NetworkInterfaceId"] for one in client("ec2").describe_network_interfaces()["NetworkInterfaces"]]
left += [vpc["VpcId"] for vpc in client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
left += [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]
print(left)
"#;

const SNAPSHOTS: &str = r#"
print(len(client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]),
      len(client("redshift").describe_cluster_snapshots(SnapshotType="manual")["Snapshots"]))
"#;

/// Glue leaves interfaces of ended runs behind.
const FORGOTTEN: &str = r#"
ec2 = client("ec2")
ours = [{"Name": "tag-key", "Values": ["stack:name"]}]
subnet = ec2.describe_subnets(Filters=ours)["Subnets"][0]["SubnetId"]
group = ec2.describe_security_groups(Filters=ours)["SecurityGroups"][0]["GroupId"]
role = "arn:aws:iam::123456789012:role/stack/Rds_Glue_S3_Role"
ec2.create_network_interface(SubnetId=subnet, Groups=[group], Description="Attached to Glue using role: " + role)
"#;

#[test]
fn destroy_keeps_data_until_it_is_told() {
    let world = shipped_with("destroy", &[("STACK_LOCAL_LINGER_MILLIS", "3000")]);
    world.stack(&["--yes", "up"]).exits(0);
    writes(&world);
    let refused = world.stack(&["--yes", "destroy"]).exits(1);
    has(&refused, &["`mysql.sales`", "`redshift.warehouse`", "--delete-data", "stack down"]);
    assert!(!refused.stderr.contains("bucket."), "the buckets hold nothing of value: {}", refused.all());
    boto3(&world, r#"client("s3").put_object(Bucket="uk-ecommerce-data-input", Key="sales.csv", Body=b"1,2")"#);
    has(&world.stack(&["--yes", "destroy"]).exits(1), &["`bucket.input`", "`mysql.sales`"]);
    assert_eq!(writes(&world), ["s3:PutObject"], "only the object was written, by us");
    world.stack(&["--yes", "destroy", "--no-final-snapshot"]).exits(64);

    boto3(&world, FORGOTTEN);
    let destroyed = world.stack(&["--yes", "destroy", "--delete-data"]).exits(0);
    has(&destroyed, &["nothing of this stack is left"]);
    assert_eq!(boto3(&world, LEFT), "[]");
    assert_eq!(boto3(&world, SNAPSHOTS), "1 1", "a final snapshot of each");
    has(&world.stack(&["--yes", "destroy"]).exits(0), &["nothing to delete"]);

    world.stack(&["--yes", "up"]).exits(0);
    world.stack(&["--yes", "destroy", "--delete-data", "--no-final-snapshot"]).exits(0);
    assert_eq!(boto3(&world, LEFT), "[]");
    assert_eq!(boto3(&world, SNAPSHOTS), "1 1", "no snapshot more");
}

#[test]
fn an_empty_bucket_is_deleted_without_a_question_and_a_full_one_is_not() {
    let world = small("buckets");
    world.stack(&["--yes", "up"]).exits(0);
    boto3(&world, r#"client("s3").put_object(Bucket="small-input", Key="sales.csv", Body=b"1,2")"#);
    edit::remove(&shipped_file(&world), &["bucket.input"]);
    has(&world.stack(&["--yes", "up"]).exits(1), &["`bucket.input` would be deleted with all data", "--delete-data"]);
    boto3(&world, r#"client("s3").delete_object(Bucket="small-input", Key="sales.csv")"#);
    world.stack(&["--yes", "up"]).exits(0);
    assert_eq!(boto3(&world, r#"print(client("s3").list_buckets()["Buckets"])"#), "[]");
    world.stack(&["--yes", "destroy"]).exits(0);
    assert_eq!(boto3(&world, LEFT), "[]");
}

#[test]
fn what_can_be_known_is_said_before_the_first_write() {
    let world = shipped_with("preflight", &[("STACK_LOCAL_DENY", "rds:CreateDBInstance")]);
    let denied = world.stack(&["--yes", "up"]).exits(1);
    has(&denied, &["rds:CreateDBInstance", ":db:data-engineering-aws", "stack iam-policy"]);
    assert_eq!(writes(&world), Vec::<String>::new());

    faults(
        &world,
        r#"[{"service": "s3", "operation": "HeadBucket", "target": "uk-ecommerce-data-input", "does": "denied"}]"#,
    );
    let taken = world.stack(&["--yes", "up"]).exits(1);
    has(&taken, &["uk-ecommerce-data-input", "taken by another account"]);
    faults(&world, "[]");
    edit::edit(&shipped_file(&world), &[("mysql.sales", "class", r#""db.m9g.large""#)]);
    let retired = world.stack(&["--yes", "up"]).exits(1);
    has(&retired, &["RDS does not offer `db.m9g.large`", "class ="]);
    assert_eq!(writes(&world), Vec::<String>::new(), "nothing was made");
    smallest_policy(&world);
}

fn smallest_policy(world: &World) {
    let policy = world.stack(&["iam-policy"]).exits(0).stdout;
    let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let allows = |action: &str, resource: &str| {
        statements.iter().any(|one| {
            let has = |key: &str, value: &str| one[key].as_array().unwrap().iter().any(|found| found == value);
            has("Action", action) && has("Resource", resource)
        })
    };
    assert!(allows("rds:CreateDBInstance", "arn:aws:rds:us-east-2:123456789012:db:data-engineering-aws"), "{policy}");
    assert!(allows("iam:PassRole", "arn:aws:iam::123456789012:role/stack/ecommerce/*"), "{policy}");
    assert!(allows("s3:CreateBucket", "arn:aws:s3:::uk-ecommerce-data-input"), "{policy}");
    assert!(allows("glue:StartJobRun", "arn:aws:glue:us-east-2:123456789012:job/rds_to_s3_data_transfer"), "{policy}");
    assert!(!policy.to_string().contains("\"iam:*\"") && !policy.to_string().contains("\"*:*\""), "{policy}");
    let parts = world.stack(&["iam-policy", "--split"]).exits(0).stdout;
    let parts: Vec<serde_json::Value> = serde_json::from_str(&parts).unwrap();
    assert!(parts.len() > 1 && parts.iter().all(|part| part.to_string().len() <= 6144), "{} parts", parts.len());
    let all = parts.iter().flat_map(|part| part["Statement"].as_array().unwrap());
    assert_eq!(all.collect::<Vec<_>>(), statements.iter().collect::<Vec<_>>(), "the parts are the whole");
}

/// Three subnets.
const THREE_ZONES: &str = "[stack]\nname = \"zones\"\nregion = \"us-east-2\"\n\n[network]\ncidr = \"10.9.0.0/16\"\n\
                         zones = [\"us-east-2a\", \"us-east-2b\", \"us-east-2c\"]\naccess = []\ninterface_endpoints = []\n";

#[test]
fn a_part_takes_along_only_what_is_in_its_way() {
    let world = small("zones");
    std::fs::write(shipped_file(&world), THREE_ZONES).unwrap();
    world.stack(&["--yes", "up"]).exits(0);
    edit::edit(&shipped_file(&world), &[("network", "zones", r#"["us-east-2a", "us-east-2d"]"#)]);
    // The fourth zone gets the addresses of the second, and nothing is in the way of the third.
    let acts = |arguments: &[&str]| {
        let plan = plan(&world, arguments, 0);
        let acts = plan["changes"].as_array().unwrap().iter().filter(|one| one["action"] != "none");
        let acts = acts.map(|one| format!("{} {}", one["action"].as_str().unwrap(), one["address"].as_str().unwrap()));
        acts.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(acts(&["--only", "subnet.d"]), ["create subnet.d", "delete subnet.b"]);
}

#[test]
fn another_network_is_another_database_and_that_is_refused() {
    let world = shipped("cidr");
    world.stack(&["--yes", "up"]).exits(0);
    writes(&world);
    edit::edit(&shipped_file(&world), &[("network", "cidr", r#""10.1.0.0/16""#)]);
    let refused = world.stack(&["--yes", "up"]).exits(1);
    has(&refused, &["`mysql.sales`", "`redshift.warehouse`", "--delete-data"]);
    assert_eq!(writes(&world), Vec::<String>::new(), "nothing was begun");
    world.stack(&["--yes", "up", "--delete-data"]).exits(0);
    plan(&world, &["--detailed-exitcode"], 0);
    assert_eq!(boto3(&world, SNAPSHOTS), "1 1", "a final snapshot of each");
}
