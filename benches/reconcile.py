#!/usr/bin/env python3
"""What a plan, a first `up` and a `destroy` cost: time, calls, memory. Run by hand, never by a test.

    cargo build --release
    .venv/bin/python benches/reconcile.py --sizes 40,100,1000,5000 --latencies 0,50

Starts a local cloud of its own without database servers, Spark and Lambda, generates stacks of the given numbers of
resources, and prints a table in Markdown. The rows of the shipped stack compare `stack plan` with what an engineer would
write instead, boto3 calls that describe the same things, one after another; and a first `up` whose databases take their
time with its critical path. Faults of the local cloud add the latency, its journal counts the calls; `--operations`
prints which they were.
"""

import argparse
import collections
import dataclasses
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARES = {"mysql": 0.02, "redshift": 0.02, "lambda": 0.02, "job": 0.1, "database": 0.25, "connection": 0.25}
RESOURCES_OF = {"mysql": 3, "lambda": 2, "redshift": 2, "job": 2, "database": 1, "connection": 1, "crawler": 1}

HEAD = """
[stack]
name = "bench"
region = "us-east-2"
[network]
cidr = "10.0.0.0/16"
zones = ["us-east-2a", "us-east-2b"]
[bucket.data]
name = "stack-bench-data"
[role.glue]
name = "stack-bench-glue"
service = "glue"
[role.lambda]
name = "stack-bench-lambda"
service = "lambda"
[role.redshift]
name = "stack-bench-redshift"
service = "redshift"
[database.first]
name = "first"
"""
# VPC, two subnets, gateway, route table, security group, endpoint; bucket, three roles, database.
RESOURCES_OF_HEAD = 12
# How long the databases of the shipped stack take to be created where its critical path is measured, in milliseconds.
SLOW = {"mysql": ("rds", "CreateDBInstance", 20_000), "redshift": ("redshift", "CreateCluster", 15_000)}

TABLES = {
    "mysql": '[mysql.m{n}]\nidentifier = "bench-m{n}"\nclass = "db.t4g.micro"\nversion = "8.4"\nstorage_gib = 20\n'
    'database = "bench"\n',
    "redshift": '[redshift.r{n}]\nidentifier = "bench-r{n}"\nnode_type = "ra3.large"\nnodes = 1\ndatabase = "bench"\n'
    'role = "redshift"\n',
    "lambda": '[lambda.f{n}]\nname = "bench-f{n}"\ncode = "code"\nruntime = "python3.13"\nhandler = "handler.handle"\n'
    'role = "lambda"\nmemory_mib = 128\ntimeout_seconds = 60\n',
    "job": '[job.j{n}]\nname = "bench-j{n}"\nrole = "glue"\nscript = "job.py"\nbucket = "data"\nglue_version = "5.0"\n'
    'worker_type = "G.1X"\nworkers = 2\ntimeout_minutes = 60\n',
    "database": '[database.d{n}]\nname = "bench_d{n}"\ndescription = "number {n}"\n',
    "connection": '[connection.c{n}]\nname = "bench-c{n}"\n',
    "crawler": '[crawler.k{n}]\nname = "bench-k{n}"\nrole = "glue"\ndatabase = "first"\n'
    'source = {{ path = "s3://${{bucket.data.name}}/k{n}/" }}\n',
}


def generated(size):
    """Returns a stack file of that many resources, of kinds that AWS lists in full; crawlers fill up what is left."""
    left, parts = size - RESOURCES_OF_HEAD, [HEAD]
    for kind, share in SHARES.items():
        for number in range(max(1, int(size * share / RESOURCES_OF[kind]))):
            parts.append(TABLES[kind].format(n=number))
            left -= RESOURCES_OF[kind]
    parts += [TABLES["crawler"].format(n=number) for number in range(left)]
    return "".join(parts)


def without_servers(text):
    """Returns the shipped stack without what needs a database that answers."""
    text = re.sub(r"(?m)^schema = .*\n", "", text)
    return text[: text.index("\n[pipeline]\n")] if "\n[pipeline]\n" in text else text


@dataclasses.dataclass
class Cost:
    """What a run of a command took."""

    seconds: float
    calls: collections.Counter
    mebibytes: float
    said: str
    answered: str

    def cells(self):
        return f"{self.seconds:.2f} s", self.calls.total(), f"{self.mebibytes:.0f} MiB"


class Cloud:
    """A local cloud of its own."""

    def __init__(self, binary, cloud_binary, home, port, operations=False):
        self.operations = operations
        self.endpoint = f"http://127.0.0.1:{port}"
        self.binary, self.cloud_binary = binary, cloud_binary
        self.environment = {
            **os.environ,
            "STACK_LOCAL_HOME": str(home),
            "STACK_LOCAL_PORT": str(port),
            "STACK_LOCAL_ENGINES": "off",
            "STACK_TARGET": "local",
            "STACK_PYTHON": sys.executable,
            "NO_COLOR": "1",
        }

    def __enter__(self):
        self.local("up", must_work=True)
        try:
            self.ask("GET", "calls")
        except urllib.error.HTTPError:
            self.__exit__()
            sys.exit(f"the local cloud of {self.cloud_binary} keeps no journal: build it anew")
        return self

    def __exit__(self, *_):
        self.local("down", must_work=False)

    def local(self, action, must_work):
        command = [self.cloud_binary, "local", action]
        silence = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command, env=self.environment, check=must_work, **silence)

    def ask(self, method, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_stack/{what}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"{}")

    def slow_down(self, millis, slow=()):
        """Lets each call wait, and what each of these operations begins take longer."""
        faults = [{"does": {"latency": {"millis": millis}}}] if millis else []
        for service, operation, longer in slow:
            faults.append({"service": service, "operation": operation, "does": {"slow": {"millis": longer}}})
        self.ask("PUT", "faults", {"faults": faults})

    def measured(self, command):
        """Runs a command and returns what it cost."""
        self.ask("DELETE", "calls")
        begin = time.monotonic()
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as answered:
            process = subprocess.Popen(command, env=self.environment, stdout=answered, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - begin
            # The process was waited for above, for its memory.
            process.returncode = os.waitstatus_to_exitcode(status)
            texts = []
            for file in (said, answered):
                file.seek(0)
                texts.append(file.read().decode())
        if status:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{texts[0][-2000:]}")
        journal = self.ask("GET", "calls")
        calls = collections.Counter(f"{call['service']}:{call['operation']}" for call in journal["calls"])
        calls["forgotten"] += journal["dropped"]
        return Cost(seconds, calls, usage.ru_maxrss / 1024, *texts)

    def stack(self, file, *arguments):
        command = [self.binary, "--yes", "--stack", str(file), "--endpoint-url", self.endpoint, *arguments]
        return self.measured(command)


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def show(cloud, what, latency, action, cost):
    """Prints what a run cost, and on request which calls it made."""
    row(what, f"{latency} ms", action, *cost.cells())
    if cloud.operations:
        print(", ".join(f"{name} {count}" for name, count in cost.calls.most_common() if count), file=sys.stderr)


def bench_generated(cloud, folder, size, latency):
    file = folder / f"bench-{size}.toml"
    file.write_text(generated(size))
    (folder / "job.py").write_text("print()\n")
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code/handler.py").write_text("def handle(event, context):\n    return event\n")
    for action, arguments in [
        ("first up", ["up"]),
        ("no-op plan", ["plan", "--detailed-exitcode"]),
        ("destroy", ["destroy", "--delete-data"]),
    ]:
        cloud.slow_down(latency)
        cost = cloud.stack(file, *arguments)
        cloud.slow_down(0)
        show(cloud, size, latency, action, cost)


def bench_shipped(cloud, folder, latency):
    stacks = folder / "stacks"
    stacks.mkdir(exist_ok=True)
    if not (folder / "templates").exists():
        (folder / "templates").symlink_to(ROOT / "templates")
    file = stacks / "ecommerce.toml"
    file.write_text(without_servers((ROOT / "stacks/ecommerce.toml").read_text()))
    cloud.slow_down(0)
    needs = needs_of(json.loads(cloud.stack(file, "plan", "--json").answered))
    cloud.slow_down(latency, SLOW.values())
    up = cloud.stack(file, "up")
    cloud.slow_down(latency)
    plan = cloud.stack(file, "plan", "--detailed-exitcode")
    script = cloud.measured([sys.executable, __file__, "--describe", cloud.endpoint])
    cloud.slow_down(0)
    cloud.stack(file, "destroy", "--delete-data")
    show(cloud, "shipped", latency, "no-op plan", plan)
    show(cloud, "shipped", latency, "boto3 script", script)
    calls = plan.calls.total() / script.calls.total()
    row("shipped", f"{latency} ms", "plan : script", f"{plan.seconds / script.seconds:.2f}", f"{calls:.2f}", "")
    show(cloud, "shipped", latency, "first up, slow databases", up)
    seconds, path = critical_path(needs, times_of(up.said))
    row("shipped", f"{latency} ms", " > ".join(path), f"{seconds:.1f} s", "", "")
    row("shipped", f"{latency} ms", "up : critical path", f"{up.seconds / seconds:.2f}", "", "")


def needs_of(plan):
    """Returns what each resource of a plan names in its fields: at most what it waits for, so no path is too long."""
    addresses = {change["address"] for change in plan["changes"]}
    words = re.compile(r"[a-z_]+\.[A-Za-z0-9_]+")
    return {
        change["address"]: (set(words.findall(json.dumps(change["fields"]))) & addresses) - {change["address"]}
        for change in plan["changes"]
    }


def times_of(said):
    """Returns the seconds that each resource took: as `up` says, but a database no longer than the cloud needed."""
    said = re.findall(r"(?m)^\+ (\S+) created in ([\d.]+) s$", said)
    times = {address: float(seconds) for address, seconds in said}
    slow = {kind: millis / 1000 for kind, (_, _, millis) in SLOW.items()}
    return {address: slow.get(address.split(".")[0], seconds) for address, seconds in times.items()}


def critical_path(needs, times):
    """Returns the chain of needs that takes longest."""

    @functools.cache
    def longest(address):
        seconds, path = max((longest(need) for need in needs[address]), default=(0.0, ()))
        return seconds + times.get(address, 0.0), (*path, address)

    return max(longest(address) for address in needs)


def describe(endpoint):
    """Describes the shipped stack as one would by hand before creating it: one call after another, each by name."""
    import boto3

    def client(service):
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="us-east-2",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    ec2, s3, iam, rds, redshift = (client(name) for name in ("ec2", "s3", "iam", "rds", "redshift"))
    function, logs, glue, athena = (client(name) for name in ("lambda", "logs", "glue", "athena"))
    mine = [{"Name": "tag:stack:name", "Values": ["ecommerce"]}]
    ec2.describe_vpcs(Filters=mine)
    ec2.describe_subnets(Filters=mine)
    ec2.describe_internet_gateways(Filters=mine)
    ec2.describe_route_tables(Filters=mine)
    ec2.describe_security_groups(Filters=mine)
    ec2.describe_vpc_endpoints(Filters=mine)
    for bucket in ("uk-ecommerce-data-input", "uk-ecommerce-data-output"):
        s3.get_bucket_versioning(Bucket=bucket)
        s3.get_public_access_block(Bucket=bucket)
        s3.get_bucket_tagging(Bucket=bucket)
    s3.get_bucket_notification_configuration(Bucket="uk-ecommerce-data-input")
    for job in ("rds_to_s3_data_transfer", "s3_to_redshift_data_transfer"):
        s3.head_object(Bucket="uk-ecommerce-data-output", Key=f"scripts/{job}.py")
    for role in ("uk-ecommerce-lambda", "Rds_Glue_S3_Role", "uk-ecommerce-redshift"):
        iam.get_role(RoleName=role)
        iam.list_attached_role_policies(RoleName=role)
    rds.describe_db_subnet_groups(DBSubnetGroupName="data-engineering-aws-subnets")
    rds.describe_db_parameter_groups(DBParameterGroupName="data-engineering-aws-mysql8-4")
    rds.describe_db_parameters(DBParameterGroupName="data-engineering-aws-mysql8-4", Source="user")
    rds.describe_db_instances(DBInstanceIdentifier="data-engineering-aws")
    redshift.describe_cluster_subnet_groups(ClusterSubnetGroupName="data-engineering-aws-redshift-subnets")
    redshift.describe_clusters(ClusterIdentifier="data-engineering-aws-redshift")
    logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/uk-ecommerce-data-input_Reader")
    function.list_layer_versions(LayerName="mysql-lambda-layer")
    function.get_function(FunctionName="uk-ecommerce-data-input_Reader")
    function.get_policy(FunctionName="uk-ecommerce-data-input_Reader")
    for name in ("rds", "s3", "redshift"):
        glue.get_database(Name=f"{name}_database")
        glue.get_connection(Name="rds_mysql_connection" if name == "rds" else f"{name}_connection")
        glue.get_crawler(Name=f"{name}_crawler")
    for job in ("rds_to_s3_data_transfer", "s3_to_redshift_data_transfer"):
        glue.get_job(JobName=job)
    glue.get_classifier(Name="uk-ecommerce-csv")
    athena.get_work_group(WorkGroup="uk-ecommerce")
    client("cloudwatch").get_dashboard(DashboardName="uk-ecommerce")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "target/release/stack"))
    parser.add_argument("--cloud", metavar="BINARY", help="runs the local cloud; default: the same")
    parser.add_argument("--sizes", default="40,100,1000,5000")
    parser.add_argument("--latencies", default="0,50", help="milliseconds more for each call")
    parser.add_argument("--operations", action="store_true", help="also say how often each operation was called")
    parser.add_argument("--port", type=int, default=4790)
    parser.add_argument("--describe", metavar="ENDPOINT", help="only describe the shipped stack with boto3")
    options = parser.parse_args()
    if options.describe:
        describe(options.describe)
        return
    sizes = [int(size) for size in options.sizes.split(",") if size]
    latencies = [int(millis) for millis in options.latencies.split(",")]
    row("resources", "latency", "action", "time", "calls", "peak memory")
    row(*["---"] * 6)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        cloud_binary = options.cloud or options.binary
        with Cloud(options.binary, cloud_binary, home, options.port, options.operations) as cloud:
            bench(cloud, Path(folder), sizes, latencies)


def bench(cloud, folder, sizes, latencies):
    for latency in latencies:
        for size in sizes:
            bench_generated(cloud, folder, size, latency)
        bench_shipped(cloud, folder, latency)


if __name__ == "__main__":
    main()
