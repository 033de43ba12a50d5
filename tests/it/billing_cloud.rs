//! What AWS tells and refuses around money, in the local cloud: events by its own clock, budgets, and what does not stop.

use crate::team::{boto3, small};

/// What moves the clock, and a server of each kind.
const SERVERS: &str = r#"
def forward(span):
    ask("PUT", "/_stack/clock", {"forward": span})
def refused(call, **members):
    try:
        call(**members)
    except Exception as error:
        return error.response["Error"]["Code"]
    return "accepted"
rds, redshift = client("rds"), client("redshift")
def instance(name="sales"):
    return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
def cluster(name="warehouse"):
    return redshift.describe_clusters(ClusterIdentifier=name)["Clusters"][0]
def rests(status, name="sales"):
    until(lambda: instance(name)["DBInstanceStatus"] == status)
def lies(status):
    until(lambda: cluster()["ClusterStatus"] == status)
def make_instance(name="sales", **more):
    rds.create_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.t4g.micro", Engine="mysql",
                           AllocatedStorage=20, MasterUsername="admin", ManageMasterUserPassword=True, **more)
    rests("available", name)
def make_cluster():
    redshift.create_cluster(ClusterIdentifier="warehouse", NodeType="ra3.large", ClusterType="single-node",
                            MasterUsername="admin", ManageMasterPassword=True)
    lies("available")
def told(service, kind, name, **more):
    pages = service.get_paginator("describe_events").paginate(SourceType=kind, SourceIdentifier=name, **more)
    return [event for page in pages for event in page["Events"]]
"#;

fn run(world: &crate::world::World, code: &str) -> String {
    boto3(world, &format!("{SERVERS}{code}"))
}

#[test]
fn events_follow_the_moved_clock_and_survive_a_restart() {
    let world = small("events");
    let week = r#"
forward("PT72H")
make_instance(); make_cluster()
made = instance()["InstanceCreateTime"]
assert cluster()["ClusterCreateTime"] >= made
forward("PT3H")
rds.stop_db_instance(DBInstanceIdentifier="sales"); rests("stopped")
due = instance()["AutomaticRestartTime"]
redshift.pause_cluster(ClusterIdentifier="warehouse"); lies("paused")
forward("PT170H"); rests("available")
assert "AutomaticRestartTime" not in instance()
redshift.resume_cluster(ClusterIdentifier="warehouse"); lies("available")
rds.reboot_db_instance(DBInstanceIdentifier="sales"); rests("available")
for event in told(rds, "db-instance", "sales", Duration=20160):
    hours = round((event["Date"] - made).total_seconds() / 3600)
    print(hours, event["EventCategories"][0], event["Message"])
for event in told(redshift, "cluster", "warehouse", Duration=20160):
    print(round((event["Date"] - made).total_seconds() / 3600), event["Message"].split(" at ")[0])
print(round((due - made).total_seconds() / 3600))
"#;
    insta::assert_snapshot!(run(&world, week), @r"
    0 creation DB instance created
    3 notification DB instance stopped
    171 notification DB instance is being started due to it exceeding the maximum allowed time being stopped.
    171 notification DB instance started
    173 availability DB instance shutdown
    173 availability DB instance restarted
    0 Cluster 'warehouse' was created
    3 Cluster 'warehouse' was paused
    173 Cluster 'warehouse' was resumed
    171
    ");

    world.restart();
    let later = r#"
forward("PT245H30M")
count = lambda **more: len(told(rds, "db-instance", "sales", **more))
print(count(Duration=20160), count(), count(Duration=20160, EventCategories=["availability"]))
# The first two are older than fourteen days by now.
forward("PT168H")
print(count(Duration=20160))
rds.delete_db_instance(DBInstanceIdentifier="sales", SkipFinalSnapshot=True)
until(lambda: count() == 1)
print(told(rds, "db-instance", "sales")[0]["Message"])
print(refused(rds.describe_events, Duration=20161), refused(rds.describe_events, SourceIdentifier="sales"))
"#;
    insta::assert_snapshot!(run(&world, later), @r"
    6 2 2
    4
    DB instance deleted
    InvalidParameterValue InvalidParameterCombination
    ");
}

#[test]
fn what_does_not_stop_is_refused_as_aws_refuses_it() {
    let world = small("refusals");
    let code = r#"
make_instance()
make_instance("other")
stop = rds.stop_db_instance
print("managed:", refused(rds.create_db_instance_read_replica, DBInstanceIdentifier="copy",
                          SourceDBInstanceIdentifier="sales"))
rds.modify_db_instance(DBInstanceIdentifier="sales", ManageMasterUserPassword=False,
                       MasterUserPassword="Abcdefgh1", ApplyImmediately=True)
rests("available")
rds.create_db_instance_read_replica(DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="sales")
rests("available", "copy")
print(instance("copy")["ReadReplicaSourceDBInstanceIdentifier"], instance()["ReadReplicaDBInstanceIdentifiers"])
print("source:", refused(stop, DBInstanceIdentifier="sales"), "copy:", refused(stop, DBInstanceIdentifier="copy"))
rds.delete_db_instance(DBInstanceIdentifier="copy", SkipFinalSnapshot=True)
until(lambda: instance()["ReadReplicaDBInstanceIdentifiers"] == [])
print("alone:", refused(stop, DBInstanceIdentifier="sales"))
rests("stopped")
print("stopped:", refused(stop, DBInstanceIdentifier="sales"), "absent:", refused(stop, DBInstanceIdentifier="no"))
make_cluster()
pause = redshift.pause_cluster
redshift.modify_cluster(ClusterIdentifier="warehouse", ClusterType="multi-node", NumberOfNodes=2, MultiAZ=True)
lies("available")
print(cluster()["MultiAZ"], refused(pause, ClusterIdentifier="warehouse"))
redshift.modify_cluster(ClusterIdentifier="warehouse", MultiAZ=False)
lies("available")
print(cluster()["MultiAZ"], refused(pause, ClusterIdentifier="warehouse"))
lies("paused")
print(refused(pause, ClusterIdentifier="warehouse"), refused(pause, ClusterIdentifier="no"))
ec2 = client("ec2")
regions = ec2.describe_regions()["Regions"]
every = ec2.describe_regions(AllRegions=True)["Regions"]
print(len(regions), len(every), [one for one in regions if one["RegionName"] == "us-east-2"])
"#;
    insta::assert_snapshot!(run(&world, code), @r"
    managed: InvalidParameterCombination
    sales ['copy']
    source: InvalidDBInstanceState copy: InvalidDBInstanceState
    alone: accepted
    stopped: InvalidDBInstanceState absent: DBInstanceNotFound
    Enabled UnsupportedOperation
    Disabled accepted
    InvalidClusterState ClusterNotFound
    17 34 [{'OptInStatus': 'opt-in-not-required', 'RegionName': 'us-east-2', 'Endpoint': 'ec2.us-east-2.amazonaws.com'}]
    ");
}

#[test]
fn a_schedule_begins_at_its_date_and_comes_hourly_then() {
    let world = small("hourly");
    let code = r#"
import datetime
iam, scheduler = client("iam"), client("scheduler")
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
         "Principal": {"Service": "scheduler.amazonaws.com"}}]}
role = iam.create_role(RoleName="stopper", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "rds:StopDBInstance", "Resource": "*"}]}
iam.put_role_policy(RoleName="stopper", PolicyName="stop", PolicyDocument=json.dumps(allow))
make_instance()
begun = datetime.datetime.now(datetime.timezone.utc)
# With seconds it would begin after its own minute, and come an hour later.
start = (begun + datetime.timedelta(hours=4)).replace(second=0, microsecond=0)
def put(call, start, **more):
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance", "RoleArn": role,
              "Input": json.dumps({"DbInstanceIdentifier": "sales"}),
              "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600}}
    return refused(call, Name="stop", ScheduleExpression=f"cron({start.minute} * * * ? *)", StartDate=start,
                   FlexibleTimeWindow={"Mode": "OFF"}, Target=target, Description="until four", **more)
print(put(scheduler.create_schedule, start))
kept = scheduler.get_schedule(Name="stop")
print(kept["Description"], abs((kept["StartDate"] - start).total_seconds()) < 1)
stops = lambda: [event for event in told(rds, "db-instance", "sales", Duration=20160) if "stopped" in event["Message"]]
forward("PT3H50M"); time.sleep(0.5)
print(instance()["DBInstanceStatus"], len(stops()))
forward("PT11M"); rests("stopped")
print("first:", round((stops()[-1]["Date"] - start).total_seconds() / 60) <= 2)
rds.start_db_instance(DBInstanceIdentifier="sales"); rests("available")
forward("PT1H"); until(lambda: len(stops()) == 2); rests("stopped")
rds.start_db_instance(DBInstanceIdentifier="sales"); rests("available")
# Two days at once: what came due meanwhile comes once.
forward("PT48H"); until(lambda: len(stops()) == 3); rests("stopped")
rds.start_db_instance(DBInstanceIdentifier="sales"); rests("available"); time.sleep(1)
print(instance()["DBInstanceStatus"], len(stops()))
# The schedule cannot be put again with a date that has passed.
print(put(scheduler.update_schedule, start))
later = start + datetime.timedelta(hours=60)
print(put(scheduler.update_schedule, later), put(scheduler.update_schedule, later, EndDate=start))
"#;
    insta::assert_snapshot!(run(&world, code), @r"
    accepted
    until four True
    available 0
    first: True
    available 3
    ValidationException
    accepted ValidationException
    ");
}

#[test]
fn budgets_are_kept_and_refused_as_aws_does() {
    let world = small("budgets");
    let code = r#"
budgets = client("budgets")
account = client("sts").get_caller_identity()["Account"]
def alert(kind, threshold):
    return {"NotificationType": kind, "ComparisonOperator": "GREATER_THAN", "Threshold": threshold}
def person(name):
    return {"SubscriptionType": "EMAIL", "Address": name + "@example.com"}
ours = {"AccountId": account, "BudgetName": "stack-shop"}
budget = {"BudgetName": "stack-shop", "BudgetLimit": {"Amount": "50", "Unit": "USD"}, "BudgetType": "COST",
          "TimeUnit": "MONTHLY", "CostFilters": {"TagKeyValue": ["user:stack:name$shop"]}}
print(refused(budgets.create_budget, AccountId=account, Budget=budget,
              NotificationsWithSubscribers=[{"Notification": alert("ACTUAL", 80), "Subscribers": [person("ana")]}],
              ResourceTags=[{"Key": "stack:name", "Value": "shop"}]))
print(refused(budgets.create_budget, AccountId=account, Budget=budget),
      refused(budgets.create_budget, AccountId="999999999999", Budget=budget),
      refused(budgets.describe_budget, AccountId=account, BudgetName="other"))
wrong = [dict(budget, BudgetName="x", **more) for more in (
    {"BudgetLimit": {"Amount": "0", "Unit": "USD"}}, {"BudgetLimit": {"Amount": "5", "Unit": "EUR"}},
    {"CostFilters": {"TagKeyValue": ["shop"]}}, {"Metrics": ["BlendedCost"]})]
print({refused(budgets.create_budget, AccountId=account, Budget=one) for one in wrong})
add, subscribe = budgets.create_notification, budgets.create_subscriber
print([refused(add, Notification=alert("ACTUAL", percent), Subscribers=[person("ana")], **ours)
       for percent in range(80, 86)])
first = dict(ours, Notification=alert("ACTUAL", 80))
print([refused(subscribe, Subscriber=person(f"p{number % 10}"), **first) for number in range(11)][-2:])
world = [one["Address"] for one in budgets.describe_subscribers_for_notification(**first)["Subscribers"]]
for name in ["ana"] + [f"p{number}" for number in range(9)]:
    budgets.delete_subscriber(Subscriber=person(name), **first)
print(len(world), len(budgets.describe_notifications_for_budget(**ours)["Notifications"]))
budgets.update_budget(AccountId=account, NewBudget=dict(budget, BudgetLimit={"Amount": "12.50", "Unit": "USD"}))
"#;
    insta::assert_snapshot!(run(&world, code), @r"
    accepted
    DuplicateRecordException AccessDeniedException NotFoundException
    {'InvalidParameterException'}
    ['DuplicateRecordException', 'accepted', 'accepted', 'accepted', 'accepted', 'CreationLimitExceededException']
    ['CreationLimitExceededException', 'DuplicateRecordException']
    10 4
    ");
    world.restart();
    let kept = r#"
budgets = client("budgets")
account = client("sts").get_caller_identity()["Account"]
[budget] = budgets.describe_budgets(AccountId=account)["Budgets"]
print(budget["BudgetLimit"]["Amount"], budget["CostFilters"], budget["CostTypes"]["IncludeTax"])
arn = f"arn:aws:budgets::{account}:budget/stack-shop"
budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "team", "Value": "one"}])
budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["stack:name"])
print(budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"])
budgets.delete_budget(AccountId=account, BudgetName="stack-shop")
print(refused(budgets.delete_budget, AccountId=account, BudgetName="stack-shop"))
"#;
    insta::assert_snapshot!(run(&world, kept), @r"
    12.50 {'TagKeyValue': ['user:stack:name$shop']} True
    [{'Key': 'team', 'Value': 'one'}]
    NotFoundException
    ");
}
