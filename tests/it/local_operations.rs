//! Operations of the local cloud that `stack` leans on, asked for with boto3: they do what AWS does, and refuse it too.

use crate::world::World;

/// What every script begins with: clients, and the code of whatever a call answers.
const CLIENTS: &str = r#"
import boto3, io, json, threading, time, zipfile
from botocore.config import Config
from botocore.exceptions import ClientError
def client(name):
    once = Config(retries={"total_max_attempts": 1}, max_pool_connections=20)
    return boto3.client(name, endpoint_url=ENDPOINT, region_name="us-east-2", config=once,
                        aws_access_key_id="x", aws_secret_access_key="y")
def code(call, **members):
    try:
        call(**members)
        return "ok"
    except ClientError as error:
        return error.response["Error"]["Code"]
def until(what, seconds=30):
    end = time.time() + seconds
    while not what():
        assert time.time() < end, "it took too long"
        time.sleep(0.05)
"#;

#[track_caller]
fn passes(world: &World, script: &str) {
    world.boto3(&format!("{CLIENTS}{script}"));
}

#[test]
fn what_needs_no_server() {
    let world = World::with(
        "operations",
        &[("STACK_LOCAL_LINGER_MILLIS", "1000"), ("STACK_LOCAL_DENY", "glue:GetJobs,s3:PutBucketPolicy")],
    );
    conditional_writes(&world);
    tags_of_every_service(&world);
    network_interfaces(&world);
    permissions(&world);
}

fn conditional_writes(world: &World) {
    passes(
        world,
        r#"
s3 = client("s3")
s3.create_bucket(Bucket="conditional", CreateBucketConfiguration={"LocationConstraint": "us-east-2"})
def put(key, **conditions):
    return code(s3.put_object, Bucket="conditional", Key=key, Body=b"x" * 10_000, **conditions)
def race(key, **conditions):
    outcomes, start = [], threading.Barrier(20)
    def writer():
        start.wait()
        outcomes.append(put(key, **conditions))
    writers = [threading.Thread(target=writer) for _ in range(20)]
    [writer.start() for writer in writers]
    [writer.join() for writer in writers]
    assert outcomes.count("ok") == 1, outcomes
    assert set(outcomes) <= {"ok", "PreconditionFailed", "ConditionalRequestConflict"}, outcomes
race("lease", IfNoneMatch="*")
etag = s3.put_object(Bucket="conditional", Key="lease", Body=b"first")["ETag"]
assert put("lease", IfNoneMatch="*") == "PreconditionFailed"
race("lease", IfMatch=etag)
assert put("lease", IfMatch=etag) == "PreconditionFailed"
assert put("other", IfMatch=etag) == "NoSuchKey"
assert code(s3.delete_object, Bucket="conditional", Key="lease", IfMatch=etag) == "PreconditionFailed"
etag = s3.head_object(Bucket="conditional", Key="lease")["ETag"]
assert code(s3.delete_object, Bucket="conditional", Key="lease", IfMatch=etag) == "ok"
"#,
    );
}

fn tags_of_every_service(world: &World) {
    passes(
        world,
        r#"
pairs, members = [{"Key": "stack:name", "Value": "demo"}], {"stack:name": "demo"}
ec2, glue, tagging = client("ec2"), client("glue"), client("resourcegroupstaggingapi")
ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": pairs}])
client("rds").create_db_parameter_group(
    DBParameterGroupName="demo", DBParameterGroupFamily="mysql8.4", Description="demo", Tags=pairs)
glue.create_database(DatabaseInput={"Name": "demo"}, Tags=members)
client("athena").create_work_group(Name="demo", Tags=pairs)
client("logs").create_log_group(logGroupName="/demo", tags=members)
client("cloudwatch").put_dashboard(DashboardName="demo", DashboardBody="{}", Tags=pairs)
client("secretsmanager").create_secret(Name="demo", SecretString="x", Tags=pairs)
client("s3").create_bucket(
    Bucket="tagged", CreateBucketConfiguration={"LocationConstraint": "us-east-2", "Tags": pairs})
def found(**filters):
    pages = tagging.get_paginator("get_resources").paginate(PaginationConfig={"PageSize": 3}, **filters)
    return {mapping["ResourceARN"]: mapping["Tags"] for page in pages for mapping in page["ResourceTagMappingList"]}
of_demo = found(TagFilters=[{"Key": "stack:name", "Values": ["demo"]}])
kinds = {arn.split(":")[2] for arn in of_demo}
assert kinds == {"ec2", "rds", "glue", "athena", "logs", "cloudwatch", "secretsmanager", "s3"}, of_demo
assert all(tags == pairs for tags in of_demo.values())
assert list(found(ResourceTypeFilters=["rds:pg"])) == ["arn:aws:rds:us-east-2:123456789012:pg:demo"]
assert "arn:aws:logs:us-east-2:123456789012:log-group:/demo" in of_demo
assert code(tagging.get_resources, ResourcesPerPage=101) == "InvalidParameterException"
glue.untag_resource(ResourceArn="arn:aws:glue:us-east-2:123456789012:database/demo", TagsToRemove=["stack:name"])
assert len(found()) == len(of_demo) - 1
"#,
    );
}

fn network_interfaces(world: &World) {
    passes(
        world,
        r#"
ec2, functions, iam = client("ec2"), client("lambda"), client("iam")
vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
group = ec2.create_security_group(GroupName="demo", Description="demo", VpcId=vpc)["GroupId"]
trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="demo", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
code_file = io.BytesIO()
with zipfile.ZipFile(code_file, "w") as archive:
    archive.writestr("handler.py", "def run(event, context): pass")
functions.create_function(
    FunctionName="demo", Runtime="python3.13", Handler="handler.run", Role=role, Code={"ZipFile": code_file.getvalue()},
    VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]})
def interfaces():
    return ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])["NetworkInterfaces"]
functions.delete_function(FunctionName="demo")
[left] = interfaces()
assert (left["Status"], left["InterfaceType"]) == ("in-use", "lambda"), left
assert code(ec2.delete_network_interface, NetworkInterfaceId=left["NetworkInterfaceId"]) == "InvalidParameterValue"
assert code(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
until(lambda: [interface["Status"] for interface in interfaces()] == ["available"])
until(lambda: not interfaces())
assert code(ec2.delete_security_group, GroupId=group) == "ok"
orphan = ec2.create_network_interface(
    SubnetId=subnet, Description=f"Attached to Glue using role: {role}")["NetworkInterface"]["NetworkInterfaceId"]
assert code(ec2.delete_subnet, SubnetId=subnet) == "DependencyViolation"
assert code(ec2.delete_network_interface, NetworkInterfaceId=orphan) == "ok"
assert code(ec2.delete_subnet, SubnetId=subnet) == "ok"
"#,
    );
}

fn permissions(world: &World) {
    passes(
        world,
        r#"
iam = client("iam")
caller = client("sts").get_caller_identity()["Arn"]
results = iam.simulate_principal_policy(PolicySourceArn=caller, ActionNames=["glue:GetJobs", "glue:GetJob"])
assert [result["EvalDecision"] for result in results["EvaluationResults"]] == ["implicitDeny", "allowed"], results
assert code(client("glue").get_jobs) == "AccessDeniedException"
assert code(client("glue").get_databases) == "ok"
policy = json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::tagged"}})
assert code(client("s3").put_bucket_policy, Bucket="tagged", Policy=policy) == "AccessDenied"
iam.attach_role_policy(RoleName="demo", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
[result] = iam.simulate_principal_policy(
    PolicySourceArn=iam.get_role(RoleName="demo")["Role"]["Arn"], ActionNames=["s3:PutObject"])["EvaluationResults"]
assert result["EvalDecision"] == "implicitDeny"
"#,
    );
}

#[test]
fn snapshots_hold_the_rows_and_parameters_change_as_they_say() {
    let world = World::new("snapshots");
    passes(
        &world,
        r#"
import pymysql
rds = client("rds")
rds.create_db_parameter_group(DBParameterGroupName="demo", DBParameterGroupFamily="mysql8.4", Description="demo")
def status(name):
    return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceStatus"]
def one(name, statement):
    endpoint = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["Endpoint"]
    server = pymysql.connect(
        host=endpoint["Address"], port=endpoint["Port"], user="admin", password="password123", autocommit=True)
    with server.cursor() as cursor:
        cursor.execute(statement)
        return (cursor.fetchone() or [None])[0]
rds.create_db_instance(
    DBInstanceIdentifier="first", DBInstanceClass="db.t4g.micro", Engine="mysql", AllocatedStorage=20, DBName="shop",
    MasterUsername="admin", MasterUserPassword="password123", DBParameterGroupName="demo")
until(lambda: status("first") == "available")

def parameter(name, value, method):
    return [{"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}]
modify, reset = rds.modify_db_parameter_group, rds.reset_db_parameter_group
before = one("first", "SELECT @@global.max_allowed_packet")
modify(DBParameterGroupName="demo", Parameters=parameter("max_allowed_packet", "1073741824", "immediate"))
assert one("first", "SELECT @@global.max_allowed_packet") == 1073741824
reset(DBParameterGroupName="demo", Parameters=[{"ParameterName": "max_allowed_packet", "ApplyMethod": "immediate"}])
assert one("first", "SELECT @@global.max_allowed_packet") == before
static = parameter("innodb_log_file_size", "8388608", "immediate")
assert code(modify, DBParameterGroupName="demo", Parameters=static) == "InvalidParameterCombination"

one("first", "CREATE TABLE shop.sales AS SELECT 1 AS number UNION SELECT 2")
delete = rds.delete_db_instance
assert code(delete, DBInstanceIdentifier="first") == "InvalidParameterCombination"
both = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "last"}
assert code(delete, DBInstanceIdentifier="first", **both) == "InvalidParameterCombination"
delete(DBInstanceIdentifier="first", FinalDBSnapshotIdentifier="last")
until(lambda: code(rds.describe_db_instances, DBInstanceIdentifier="first") == "DBInstanceNotFound")
rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="second", DBSnapshotIdentifier="last")
until(lambda: status("second") == "available")
assert one("second", "SELECT COUNT(*) FROM shop.sales") == 2
taken = {"DBSnapshotIdentifier": "last", "DBInstanceIdentifier": "second"}
assert code(rds.create_db_snapshot, **taken) == "DBSnapshotAlreadyExists"
"#,
    );
}
