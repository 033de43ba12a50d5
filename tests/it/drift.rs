//! What somebody changes by hand is noticed, named as drift, and put back.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::edit;
use crate::support::{Ran, ran, root};
use crate::team::{actions, boto3, plan, shipped, shipped_file};
use crate::world::World;

/// Kinds on which AWS keeps no tags: nothing tells whether the file or the cloud changed.
const WITHOUT_MARK: &[&str] = &["classifier.csv", "object.rds_to_s3"];

#[track_caller]
fn by_hand(world: &World, action: &str) -> BTreeMap<String, Value> {
    let script = root().join("tests/judges/by_hand.py");
    let mut command = std::process::Command::new(root().join(".venv/bin/python"));
    let said = ran(command.arg(script).args([&world.endpoint(), action])).exits(0);
    serde_json::from_str(&said.stdout).unwrap()
}

#[track_caller]
fn is_as_declared(world: &World) {
    world.stack(&["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn what_is_changed_by_hand_is_named_and_healed() {
    let world = shipped("drift");
    world.stack(&["--yes", "up"]).exits(0);
    is_as_declared(&world);
    every_kind(&world);
    another_door(&world);
    what_one_more_look_finds(&world);
}

fn every_kind(world: &World) {
    let made = by_hand(world, "show");
    let spoilt = by_hand(world, "spoil");
    assert!(spoilt.len() > 20, "{spoilt:?}");
    let seen = plan(world, &["--detailed-exitcode"], 2);
    let reasons: BTreeMap<&str, &str> = seen["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["address"].as_str().unwrap(), change["reason"].as_str().unwrap()))
        .collect();
    for address in spoilt.keys().map(String::as_str) {
        let expected = match address {
            // They are gone, not changed.
            "crawler.s3" | "trigger.reader" => "new",
            unmarked if WITHOUT_MARK.contains(&unmarked) => "differs",
            _ => "drifted",
        };
        assert_eq!(reasons.get(address).copied(), Some(expected), "{address}: {:?}\n{reasons:?}", spoilt[address]);
    }
    let others: Vec<_> = reasons.keys().filter(|address| !spoilt.contains_key(**address)).collect();
    assert!(others.is_empty(), "not touched by anybody: {others:?}");

    world.stack(&["--yes", "up"]).exits(0);
    is_as_declared(world);
    let healed = by_hand(world, "show");
    for (kind, before) in &made {
        assert_eq!(Some(before), healed.get(kind), "{kind} is as it was made");
    }
    assert_eq!(made.len(), healed.len(), "nothing else came");
}

/// A rule of somebody else is removed, unless the file says that it stays.
fn another_door(world: &World) {
    const GROUP: &str = r#"
ec2 = client("ec2")
[group] = ec2.describe_security_groups(Filters=[{"Name": "tag-key", "Values": ["stack:name"]}])["SecurityGroups"]
door = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
"#;
    const OPEN: &str = r#"ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[door])"#;
    const DOORS: &str = r#"print(len([rule for rule in group["IpPermissions"] if rule.get("FromPort") == 22]))"#;
    let doors = || boto3(world, &format!("{GROUP}{DOORS}"));

    boto3(world, &format!("{GROUP}{OPEN}"));
    let seen = plan(world, &["--detailed-exitcode"], 2);
    assert_eq!(actions(&seen), ["security_group.main update drifted"]);
    assert!(seen["changes"][0]["fields"].to_string().contains("22"), "{seen}");
    world.stack(&["--yes", "up"]).exits(0);
    assert_eq!(doors(), "0");

    boto3(world, &format!("{GROUP}{OPEN}"));
    edit::edit(&shipped_file(world), &[("network", "unmanaged_rules", r#""keep""#)]);
    let kept = world.stack(&["--yes", "up"]).exits(0);
    assert!(!kept.all().contains("port 22"), "{}", kept.all());
    is_as_declared(world);
    assert_eq!(doors(), "1", "the rule was kept");
}

/// A policy or a parameter more than declared is drift as well, and each attribute is looked at for itself.
fn what_one_more_look_finds(world: &World) {
    boto3(
        world,
        r#"
iam = client("iam")
iam.attach_role_policy(RoleName="uk-ecommerce-redshift", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
client("s3").delete_bucket_tagging(Bucket="uk-ecommerce-data-input")
client("logs").delete_retention_policy(logGroupName="/aws/lambda/uk-ecommerce-data-input_Reader")
"#,
    );
    let refused = world.stack(&["--yes", "up"]).exits(1);
    assert!(refused.stderr.contains("stack adopt bucket.input"), "without tags it is nobody's: {}", refused.all());
    world.stack(&["--yes", "adopt", "bucket.input"]).exits(0);
    let seen = plan(world, &["--detailed-exitcode"], 2);
    assert_eq!(actions(&seen), ["log_group.reader update drifted", "role.redshift update drifted"]);
    world.stack(&["--yes", "up"]).exits(0);
    is_as_declared(world);
    let attached = boto3(
        world,
        r#"print(client("iam").list_attached_role_policies(RoleName="uk-ecommerce-redshift")["AttachedPolicies"])"#,
    );
    assert_eq!(attached, "[]");
}

#[test]
fn what_was_stopped_stays_stopped() {
    const INSTANCE: &str = r#"
[one] = client("rds").describe_db_instances()["DBInstances"]
print(one["DBInstanceStatus"], one["BackupRetentionPeriod"])
"#;
    let world = shipped("stopped");
    world.stack(&["--yes", "up"]).exits(0);
    boto3(
        &world,
        r#"
rds = client("rds")
rds.stop_db_instance(DBInstanceIdentifier="data-engineering-aws")
until(lambda: rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "stopped")
"#,
    );
    is_as_declared(&world);
    let still = world.stack(&["--yes", "up"]).exits(0);
    assert!(still.stdout.contains("nothing to change"), "{}", still.all());

    edit::edit(&shipped_file(&world), &[("mysql.sales", "backup_retention_days", "3")]);
    let seen = plan(&world, &["--detailed-exitcode"], 2);
    let expected = ["mysql.sales start must_run", "mysql.sales update file_changed", "mysql.sales stop was_stopped"];
    assert_eq!(in_order(&seen), expected);
    let changed: Ran = world.stack(&["--yes", "up"]).exits(0);
    assert_eq!(boto3(&world, INSTANCE), "stopped 3", "{}", changed.all());
    is_as_declared(&world);
}

fn in_order(plan: &Value) -> Vec<String> {
    let changes = plan["changes"].as_array().unwrap().iter();
    let word = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
    changes
        .map(|change| format!("{} {} {}", word(change, "address"), word(change, "action"), word(change, "reason")))
        .collect()
}
