"""The judge by AWS's models: right requests pass, and each sort of wrong one is found."""

import datetime
import io
import json
import socket
import socketserver
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import cbor2
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.serialize import create_serializer

JUDGES = Path(__file__).resolve().parents[1] / "judges"
sys.path.append(str(JUDGES))

from aws_models.catalog import Catalog  # noqa: E402
from aws_models.findings import Finding  # noqa: E402
from aws_models.newer import Newer, excuse  # noqa: E402
from aws_models.relay import Tap  # noqa: E402
from aws_models.request import Request  # noqa: E402
from aws_models.verdict import examine  # noqa: E402

CATALOG = Catalog()
ROLE = "arn:aws:iam::123456789012:role/stack/ecommerce/glue"
COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://output/scripts/job.py"}


def sent(service, operation, **members):
    """Returns the request that boto3 would send, without asking whether the members are right."""
    config = Config(parameter_validation=False, s3={"addressing_style": "path"})
    client = boto3.client(
        service,
        region_name="us-east-2",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        endpoint_url="http://127.0.0.1:1",
        config=config,
    )
    caught = []

    def catch(request, **_):
        body = request.body if request.body is not None else b""
        body = body.read() if hasattr(body, "read") else body
        body = body.encode() if isinstance(body, str) else bytes(body)
        headers = {name.lower(): text(value) for name, value in request.headers.items()}
        parts = urlsplit(request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        caught.append(Request(request.method, target, headers, body))
        return AWSResponse(request.url, 404, {}, io.BytesIO(b""))

    client.meta.events.register("before-send", catch)
    try:
        getattr(client, operation)(**members)
    except Exception:  # The empty answer is none that boto3 likes, and it came too late to matter.
        pass
    return caught[0]


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def found(request):
    """Returns what the judge finds, as rule and path."""
    verdict = examine(CATALOG, request)
    return verdict.operation, [(finding.rule, finding.path) for finding in verdict.violations]


RIGHT = [
    ("glue", "create_job", {"Name": "j", "Role": ROLE, "Command": COMMAND, "DefaultArguments": {"--a": "b"}}),
    ("glue", "get_tags", {"ResourceArn": "arn:aws:glue:us-east-2:123456789012:job/j"}),
    ("secretsmanager", "get_secret_value", {"SecretId": "s"}),
    ("rds", "create_db_parameter_group", {
        "DBParameterGroupName": "g", "DBParameterGroupFamily": "mysql8.4", "Description": "d",
        "Tags": [{"Key": "stack:name", "Value": "é +&="}],
    }),
    ("rds", "describe_db_instances", {"Filters": [{"Name": "engine", "Values": ["mysql", "mariadb"]}], "MaxRecords": 20}),
    ("redshift", "modify_cluster_iam_roles", {"ClusterIdentifier": "c", "AddIamRoles": [ROLE], "RemoveIamRoles": []}),
    ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Tags": [{"Key": "k", "Value": ""}]}),
    ("ec2", "create_vpc", {
        "CidrBlock": "10.0.0.0/16",
        "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": ""}]}],
    }),
    ("ec2", "authorize_security_group_ingress", {
        "GroupId": "sg-1",
        "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    }),
    ("lambda", "create_function", {
        "FunctionName": "uk-input_Reader", "Role": "arn:aws:iam::123456789012:role/stack/l", "Runtime": "python3.13",
        "Handler": "handler.handle", "Code": {"ZipFile": b"zip"}, "MemorySize": 512, "Timeout": 900,
        "Environment": {"Variables": {"AB": "c"}}, "Architectures": ["arm64"],
    }),
    ("lambda", "get_function", {"FunctionName": "f"}),
    ("lambda", "untag_resource", {"Resource": "arn:aws:lambda:us-east-2:123456789012:function:f", "TagKeys": ["a", "b"]}),
    ("lambda", "invoke", {"FunctionName": "f", "Payload": b"{}", "InvocationType": "Event"}),
    ("scheduler", "create_schedule", {
        "Name": "s", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": "arn:aws:lambda:us-east-2:123456789012:function:f", "RoleArn": ROLE},
    }),
    ("s3", "create_bucket", {"Bucket": "b-1", "CreateBucketConfiguration": {"LocationConstraint": "us-east-2"}}),
    ("s3", "put_object", {"Bucket": "b-1", "Key": "a/b c.csv", "Body": b"1,2\n" * 100, "Metadata": {"x": "y"}}),
    ("s3", "copy_object", {"Bucket": "b-1", "Key": "k", "CopySource": "b-1/other"}),
    ("s3", "upload_part", {"Bucket": "b-1", "Key": "k", "PartNumber": 1, "UploadId": "u", "Body": b"x"}),
    ("s3", "list_objects_v2", {"Bucket": "b-1", "Prefix": "Output/"}),
    ("s3", "put_bucket_tagging", {"Bucket": "b-1", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}),
    ("s3", "put_bucket_notification_configuration", {"Bucket": "b-1", "NotificationConfiguration": {
        "LambdaFunctionConfigurations": [{
            "Id": "i", "LambdaFunctionArn": "arn", "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".csv"}]}},
        }],
    }}),
    ("s3", "delete_objects", {"Bucket": "b-1", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b"}], "Quiet": True}}),
    ("cloudwatch", "put_dashboard", {"DashboardName": "d", "DashboardBody": "{}"}),
    ("cloudwatch", "get_metric_statistics", {
        "Namespace": "AWS/Lambda", "MetricName": "Errors", "StartTime": 0, "EndTime": 60, "Period": 60,
        "Statistics": ["Sum"], "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
    }),
    ("resourcegroupstaggingapi", "get_resources", {"TagFilters": [{"Key": "stack:name", "Values": ["ecommerce"]}]}),
    ("logs", "put_retention_policy", {"logGroupName": "/aws/lambda/f", "retentionInDays": 14}),
    ("sts", "get_caller_identity", {}),
]


@pytest.mark.parametrize(("service", "operation", "members"), RIGHT)
def test_a_right_request_has_no_violation(service, operation, members):
    name, findings = found(sent(service, operation, **members))
    assert findings == []
    camel = operation.replace("_", "").lower()
    assert name.lower() == f"{service}.{camel}"


def job(**members):
    return {"Name": "j", "Role": ROLE, "Command": COMMAND, **members}


FUNCTION = {"FunctionName": "f", "Role": ROLE, "Code": {"ZipFile": b"zip"}}

WRONG = [
    # JSON
    ("glue", "create_job", {"Name": "j", "Command": COMMAND}, "required", "CreateJob.Role"),
    ("glue", "create_job", job(WorkerType="G.3X"), "enum", "CreateJob.WorkerType"),
    ("glue", "create_job", job(MaxRetries="three"), "type", "CreateJob.MaxRetries"),
    ("glue", "create_job", job(MaxRetries=2**40), "type", "CreateJob.MaxRetries"),
    ("glue", "create_job", job(GlueVersion="five"), "pattern", "CreateJob.GlueVersion"),
    ("glue", "create_job", job(Name="j" * 256), "length", "CreateJob.Name"),
    ("glue", "create_job", job(Tags={"k": "v" * 257}), "length", "CreateJob.Tags['k']"),
    ("glue", "create_job", job(Command={"PythonVersion": "3"}, NumberOfWorkers=True), "type", "CreateJob.NumberOfWorkers"),
    # rest-json
    ("lambda", "create_function", {**FUNCTION, "MemorySize": 64}, "range", "CreateFunction.MemorySize"),
    ("lambda", "create_function", {**FUNCTION, "MemorySize": "64"}, "type", "CreateFunction.MemorySize"),
    ("lambda", "create_function", {**FUNCTION, "Runtime": "python3.99"}, "enum", "CreateFunction.Runtime"),
    ("lambda", "create_function", {**FUNCTION, "Role": "glue"}, "pattern", "CreateFunction.Role"),
    ("lambda", "create_function", {"FunctionName": "f", "Role": ROLE}, "required", "CreateFunction.Code"),
    ("lambda", "get_function", {"FunctionName": "a b"}, "pattern", "GetFunction.FunctionName"),
    ("lambda", "list_functions", {"MaxItems": 0}, "range", "ListFunctions.MaxItems"),
    ("lambda", "untag_resource", {"Resource": "arn:aws:lambda:us-east-2:123456789012:function:f"}, "required",
     "UntagResource.TagKeys"),
    # rest-xml
    ("s3", "put_bucket_versioning", {"Bucket": "b", "VersioningConfiguration": {"Status": "On"}}, "enum",
     "PutBucketVersioning.VersioningConfiguration.Status"),
    ("s3", "put_bucket_tagging", {"Bucket": "b", "Tagging": {"TagSet": [{"Key": "a"}]}}, "required",
     "PutBucketTagging.Tagging.TagSet[0].Value"),
    ("s3", "put_bucket_notification_configuration", {"Bucket": "b", "NotificationConfiguration": {
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": "arn", "Events": ["created"]}]}}, "enum",
     "PutBucketNotificationConfiguration.NotificationConfiguration.LambdaFunctionConfigurations[0].Events[0]"),
    ("s3", "list_objects_v2", {"Bucket": "b", "MaxKeys": "many"}, "type", "ListObjectsV2.MaxKeys"),
    ("s3", "put_object", {"Bucket": "b", "Key": "k", "StorageClass": "COLD"}, "enum", "PutObject.StorageClass"),
    # query
    ("rds", "create_db_instance", {"DBInstanceClass": "db.t4g.micro", "Engine": "mysql"}, "required",
     "CreateDBInstance.DBInstanceIdentifier"),
    ("rds", "modify_db_instance", {"DBInstanceIdentifier": "i", "AllocatedStorage": "much"}, "type",
     "ModifyDBInstance.AllocatedStorage"),
    ("rds", "modify_db_parameter_group", {"DBParameterGroupName": "g", "Parameters": [{"ApplyMethod": "now"}]}, "enum",
     "ModifyDBParameterGroup.Parameters[0].ApplyMethod"),
    ("iam", "create_role", {"RoleName": "a role", "AssumeRolePolicyDocument": "{}"}, "pattern", "CreateRole.RoleName"),
    ("iam", "create_role", {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"}, "length", "CreateRole.RoleName"),
    ("iam", "list_roles", {"MaxItems": 1001}, "range", "ListRoles.MaxItems"),
    # EC2
    ("ec2", "create_subnet", {"CidrBlock": "10.0.0.0/24"}, "required", "CreateSubnet.VpcId"),
    ("ec2", "create_vpc", {"InstanceTenancy": "alone"}, "enum", "CreateVpc.InstanceTenancy"),
    ("ec2", "authorize_security_group_ingress", {"GroupId": "sg-1", "IpPermissions": [{"FromPort": "ssh"}]}, "type",
     "AuthorizeSecurityGroupIngress.IpPermissions[0].FromPort"),
]


@pytest.mark.parametrize(("service", "operation", "members", "rule", "path"), WRONG)
def test_a_wrong_member_is_found(service, operation, members, rule, path):
    assert (rule, path) in found(sent(service, operation, **members))[1]


def in_cbor(service, operation, members):
    """Returns the request that the AWS SDK for Rust would send to a service that speaks CBOR."""
    model = CATALOG.service(service).model
    made = create_serializer("smithy-rpc-v2-cbor", include_validation=False).serialize_to_request(members, model.operation_model(operation))
    scope = f"AWS4-HMAC-SHA256 Credential=x/20260101/us-east-2/{service}/aws4_request, SignedHeaders=host"
    headers = {name.lower(): value for name, value in made["headers"].items()}
    return Request("POST", made["url_path"], {**headers, "authorization": scope}, made["body"])


STATISTICS = {
    "Namespace": "AWS/Lambda", "MetricName": "Errors", "Period": 60, "Statistics": ["Sum"],
    "StartTime": datetime.datetime(2026, 1, 1), "EndTime": datetime.datetime(2026, 1, 2),
}


def test_right_requests_in_cbor_have_no_violation():
    for service, operation, members in [
        ("monitoring", "PutDashboard", {"DashboardName": "d", "DashboardBody": "{}"}),
        ("monitoring", "GetMetricStatistics", STATISTICS),
        ("monitoring", "ListDashboards", {}),
        ("tagging", "GetResources", {"TagFilters": [{"Key": "stack:name", "Values": ["ecommerce"]}]}),
    ]:
        request = in_cbor(service, operation, members)
        assert examine(CATALOG, request).protocol == "smithy-rpc-v2-cbor"
        assert found(request)[1] == []


@pytest.mark.parametrize(("service", "operation", "members", "rule", "path"), [
    ("monitoring", "PutDashboard", {"DashboardName": "d"}, "required", "PutDashboard.DashboardBody"),
    ("monitoring", "GetMetricStatistics", STATISTICS | {"Period": 0}, "range", "GetMetricStatistics.Period"),
    ("monitoring", "GetMetricStatistics", STATISTICS | {"Statistics": ["Middle"]}, "enum",
     "GetMetricStatistics.Statistics[0]"),
    ("tagging", "GetResources", {"TagFilters": [{"Key": "k" * 129}]}, "length", "GetResources.TagFilters[0].Key"),
])
def test_wrong_members_in_cbor_are_found(service, operation, members, rule, path):
    assert (rule, path) in found(in_cbor(service, operation, members))[1]


def test_wrong_types_in_cbor_are_found():
    request = in_cbor("monitoring", "GetMetricStatistics", STATISTICS)
    members = cbor2.loads(request.body)
    for name, value in [("Period", "60"), ("StartTime", "2026-01-01"), ("Namespace", b"x"), ("Statistics", "Sum")]:
        wrong = altered(request, cbor2.dumps({**members, name: value}))
        assert ("type", f"GetMetricStatistics.{name}") in found(wrong)[1]
    assert ("body", "GetMetricStatistics") in found(altered(request, b"\xff"))[1]


def altered(request, body=None, target=None, headers=None):
    return Request(
        request.method, target or request.target, {**request.headers, **(headers or {})}, body or request.body
    )


def with_json(request, **more):
    return altered(request, json.dumps({**json.loads(request.body), **more}).encode())


def test_members_that_no_model_has_are_found_in_every_protocol():
    function = "/2015-03-31/functions"
    cases = [
        (with_json(sent("glue", "create_job", **job()), Colour="red"), "CreateJob.Colour"),
        (with_json(sent("glue", "create_job", **job()), Command={**COMMAND, "Colour": "red"}), "CreateJob.Command.Colour"),
        (with_json(sent("lambda", "create_function", **FUNCTION), Colour="red"), "CreateFunction.Colour"),
        (altered(sent("lambda", "list_functions"), target=f"{function}?Colour=red"), "ListFunctions.Colour"),
    ]
    request = sent("rds", "describe_db_instances")
    cases.append((altered(request, request.body + b"&Colour=red"), "DescribeDBInstances.Colour"))
    request = sent("ec2", "describe_vpcs")
    cases.append((altered(request, request.body + b"&Filter.1.Colour=red"), "DescribeVpcs.Filters[0].Colour"))
    request = sent("rds", "delete_db_instance", DBInstanceIdentifier="i")
    cases.append((altered(request, request.body + b"&Tags.member.1.Key=a"), "DeleteDBInstance.Tags"))
    request = sent("s3", "put_bucket_versioning", Bucket="b", VersioningConfiguration={"Status": "Enabled"})
    body = request.body.replace(b"</Status>", b"</Status><Colour/>")
    cases.append((altered(request, body), "PutBucketVersioning.VersioningConfiguration.Colour"))
    request = sent("s3", "put_object", Bucket="b", Key="k")
    cases.append((altered(request, headers={"x-amz-colour": "red"}), "PutObject.x-amz-colour"))
    request = in_cbor("monitoring", "PutDashboard", {"DashboardName": "d", "DashboardBody": "{}"})
    body = cbor2.dumps({**cbor2.loads(request.body), "Colour": "red"})
    cases.append((altered(request, body), "PutDashboard.Colour"))
    for request, path in cases:
        assert ("unknown", path) in found(request)[1]


def test_lists_with_another_name_or_a_hole_are_found():
    request = sent("rds", "add_tags_to_resource", ResourceName="arn", Tags=[{"Key": "a", "Value": "b"}])
    wrong = altered(request, request.body.replace(b"Tags.Tag.1", b"Tags.member.1"))
    assert ("unknown", "AddTagsToResource.Tags") in found(wrong)[1]
    wrong = altered(request, request.body.replace(b"Tags.Tag.1", b"Tags.Tag.2"))
    assert ("body", "AddTagsToResource.Tags") in found(wrong)[1]


def test_operations_that_no_model_has_are_found():
    request = sent("glue", "get_jobs")
    cases = [
        altered(request, headers={"x-amz-target": "AWSGlue.PaintJob"}),
        altered(request, headers={"x-amz-target": "Glue.GetJobs"}),
        altered(request, headers={"authorization": request.headers["authorization"].replace("/glue/", "/glow/")}),
        altered(sent("rds", "describe_db_instances"), b"Action=DescribeColours&Version=2014-10-31"),
        altered(sent("rds", "describe_db_instances"), b"Action=DescribeDBInstances&Version=2010-05-08"),
        altered(sent("lambda", "list_functions"), target="/2015-03-31/colours"),
        altered(in_cbor("monitoring", "ListDashboards", {}), target="/service/GraniteServiceVersion20100801/operation/Paint"),
    ]
    for request in cases:
        assert [rule for rule, _ in found(request)[1]] == ["operation"]


def test_a_body_that_is_none_is_found():
    assert ("body", "GetJobs") in found(altered(sent("glue", "get_jobs"), b"{"))[1]
    request = sent("s3", "put_bucket_versioning", Bucket="b", VersioningConfiguration={"Status": "Enabled"})
    path = "PutBucketVersioning.VersioningConfiguration"
    assert ("body", path) in found(altered(request, b"<Versioning"))[1]
    assert ("body", path) in found(altered(request, b"<Other/>"))[1]


def test_what_is_not_signed_is_no_call():
    assert examine(CATALOG, Request("GET", "/_stack/health", {})) is None


def test_only_what_is_listed_is_excused():
    finding = Finding("enum", "CreateJob.WorkerType", "'G.3X' is none of G.1X")
    listed = (Newer("enum", "CreateJob.WorkerType", "G.3X", "https://docs.aws.amazon.com/"),)
    assert excuse(finding, listed) is listed[0]
    assert excuse(Finding("enum", "CreateJob.WorkerType", "'G.9X' is none of G.1X"), listed) is None
    assert excuse(Finding("enum", "UpdateJob.WorkerType", finding.detail), listed) is None


def test_requests_are_cut_wherever_the_bytes_break():
    stream = (
        b"PUT /b/k HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
        b"PUT /b/l HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx: y\r\n\r\n"
        b"PUT /b/m HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    expected = [("/b/k", b"hello"), ("/b/l", b"abcde"), ("/b/m", b""), ("/", b"")]
    for size in (1, 2, 3, 7, len(stream)):
        tap, requests = Tap(), []
        for start in range(0, len(stream), size):
            requests += tap.feed(stream[start : start + size])
        assert [(request.target, request.body) for request in requests] == expected


class Upstream(socketserver.StreamRequestHandler):
    """Takes one request after another and answers with its length, as an endpoint would."""

    def handle(self):
        while line := self.rfile.readline():
            head = line
            while (line := self.rfile.readline()) != b"\r\n":
                head += line
            length = int(head.lower().split(b"content-length:")[1].split()[0])
            body = self.rfile.read(length)
            self.server.heads.append(head)
            self.server.lengths.append(len(body))
            answer = str(length).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


@pytest.fixture
def upstream():
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads, server.heads, server.lengths = True, [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def judge(upstream, report):
    """Starts the judge in front of `upstream`; it ends with its standard input."""
    url = f"http://127.0.0.1:{upstream.server_address[1]}"
    command = [sys.executable, "-m", "aws_models", "--upstream", url, "--report", str(report), "--with-stdin"]
    return subprocess.Popen(command, cwd=JUDGES, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_relay_changes_nothing_and_reports(upstream, tmp_path):
    report = tmp_path / "report.jsonl"
    process = judge(upstream, report)
    url = process.stdout.readline().strip()
    right = sent("s3", "put_object", Bucket="b", Key="k", Body=b"")
    wrong = sent("s3", "put_object", Bucket="b", Key="k", StorageClass="COLD", Body=b"")
    big = bytes(45_000_000)
    for request in (right, wrong):
        headers = {key: value for key, value in request.headers.items() if key != "content-length"}
        call = urllib.request.Request(url + request.target, data=big, method="PUT", headers=headers)
        assert urllib.request.urlopen(call).read() == b"45000000"
    assert upstream.lengths == [len(big)] * 2
    assert urlsplit(url).netloc.encode() in upstream.heads[0], "the host stays as the program wrote it"
    out, _ = process.communicate()
    assert process.returncode == 1
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [len(line["violations"]) for line in lines[:-1]] == [0, 1]
    assert json.loads(out) == lines[-1]["summary"]
    assert lines[-1]["summary"]["operations"] == {"s3.PutObject": 2}
    assert lines[-1]["summary"]["violations"] == 1


def test_an_endpoint_that_is_not_there_ends_the_connection(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nowhere = type("Nowhere", (), {"server_address": ("127.0.0.1", port)})
    process = judge(nowhere, tmp_path / "report.jsonl")
    with pytest.raises(OSError):
        urllib.request.urlopen(process.stdout.readline().strip())
    process.communicate()
    assert process.returncode == 0
