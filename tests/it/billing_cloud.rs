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
