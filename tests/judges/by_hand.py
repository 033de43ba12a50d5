"""What a person does to a stack by hand, and what a person sees, with boto3 alone.

`python by_hand.py ENDPOINT show` prints what there is, by kind and name, with the values that a stack file declares.
`python by_hand.py ENDPOINT spoil` changes each kind and prints the addresses that must be noticed.
"""

import json
import sys

import boto3
from botocore.config import Config


class Cloud:
    """Clients of one endpoint, made when first used."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.clients = {}

    def __getattr__(self, service):
        name = service.strip("_").replace("_", "-")
        if name not in self.clients:
            self.clients[name] = boto3.client(
                name,
                endpoint_url=self.endpoint,
                region_name="us-east-2",
                aws_access_key_id="local",
                aws_secret_access_key="local",
                config=Config(s3={"addressing_style": "path"}),
            )
        return self.clients[name]


def tags(pairs):
    """Returns tags as a map, without the fingerprint of what was applied last."""
    found = {pair["Key"]: pair["Value"] for pair in pairs}
    return {key: value for key, value in found.items() if key != "stack:spec"}



def show(cloud):
    """Returns what there is, without what AWS makes up: ids, moments, revisions."""
    seen = {**network(cloud), **storage(cloud), **iam(cloud), **databases(cloud), **functions(cloud), **glue(cloud)}
    seen["workgroup"] = {
        one["Name"]: cloud.athena.get_work_group(WorkGroup=one["Name"])["WorkGroup"]["Configuration"]["ResultConfiguration"]
        for one in cloud.athena.list_work_groups()["WorkGroups"]
        if one["Name"] != "primary"
    }
    seen["dashboard"] = {
        one["DashboardName"]: json.loads(
            cloud.cloudwatch.get_dashboard(DashboardName=one["DashboardName"])["DashboardBody"]
        )
        for one in cloud.cloudwatch.list_dashboards()["DashboardEntries"]
    }
    return {kind: found for kind, found in seen.items() if found}


def network(cloud):
    ec2 = cloud.ec2
    only_ours = [{"Name": "tag-key", "Values": ["stack:name"]}]
    seen = {"vpc": {}, "subnet": {}, "security_group": {}, "route_table": {}, "endpoint": {}, "internet_gateway": {}}
    for vpc in ec2.describe_vpcs(Filters=only_ours)["Vpcs"]:
        names = ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute="enableDnsHostnames")
        seen["vpc"][vpc["CidrBlock"]] = [names["EnableDnsHostnames"]["Value"], tags(vpc["Tags"])]
    for subnet in ec2.describe_subnets(Filters=only_ours)["Subnets"]:
        place = [subnet["AvailabilityZone"], subnet["MapPublicIpOnLaunch"], tags(subnet["Tags"])]
        seen["subnet"][subnet["CidrBlock"]] = place
    for group in ec2.describe_security_groups(Filters=only_ours)["SecurityGroups"]:
        rules = []
        for rule in group["IpPermissions"]:
            ranges = [one["CidrIp"] for one in rule["IpRanges"]] + ["self" for _ in rule["UserIdGroupPairs"]]
            rules += [f"{rule['IpProtocol']} {rule.get('FromPort')}-{rule.get('ToPort')} {source}" for source in ranges]
        seen["security_group"][group["GroupName"]] = [sorted(rules), tags(group["Tags"])]
    for table in ec2.describe_route_tables(Filters=only_ours)["RouteTables"]:
        routes = sorted(route["DestinationCidrBlock"] for route in table["Routes"] if "DestinationCidrBlock" in route)
        subnets = len([one for one in table["Associations"] if one.get("SubnetId")])
        seen["route_table"]["main"] = [routes, subnets, tags(table["Tags"])]
    for endpoint in ec2.describe_vpc_endpoints(Filters=only_ours)["VpcEndpoints"]:
        if endpoint["State"].lower() not in ("deleting", "deleted"):
            places = [len(endpoint.get(key, [])) for key in ("RouteTableIds", "SubnetIds", "Groups")]
            seen["endpoint"][endpoint["ServiceName"]] = [endpoint["VpcEndpointType"], places, tags(endpoint["Tags"])]
    for gateway in ec2.describe_internet_gateways(Filters=only_ours)["InternetGateways"]:
        seen["internet_gateway"]["main"] = [len(gateway["Attachments"]), tags(gateway["Tags"])]
    return seen


def answered(call, **members):
    """Returns an answer, or None for what is not set."""
    try:
        return call(**members)
    except call.__self__.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise


def storage(cloud):
    s3 = cloud.s3
    buckets, objects = {}, {}
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        block = answered(s3.get_public_access_block, Bucket=name) or {}
        found = answered(s3.get_bucket_tagging, Bucket=name) or {"TagSet": []}
        rules = s3.get_bucket_notification_configuration(Bucket=name).get("LambdaFunctionConfigurations", [])
        buckets[name] = {
            "versioning": s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled",
            "public access block": block.get("PublicAccessBlockConfiguration", {}),
            "tags": tags(found["TagSet"]),
            "notifications": sorted(json.dumps([rule["Events"], rule.get("Filter")]).lower() for rule in rules),
        }
        for one in s3.list_objects_v2(Bucket=name).get("Contents", []):
            objects[f"{name}/{one['Key']}"] = one["ETag"]
    return {"bucket": buckets, "object": objects}


def iam(cloud):
    roles = {}
    for role in cloud.iam.list_roles(PathPrefix="/stack/")["Roles"]:
        name = role["RoleName"]
        attached = cloud.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        inline = {
            policy: cloud.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in cloud.iam.list_role_policies(RoleName=name)["PolicyNames"]
        }
        found = cloud.iam.list_role_tags(RoleName=name)["Tags"]
        trust = cloud.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        roles[name] = [sorted(policy["PolicyName"] for policy in attached), inline, trust, tags(found)]
    return {"role": roles}


def databases(cloud):
    rds, redshift = cloud.rds, cloud.redshift
    seen = {"mysql": {}, "redshift": {}, "db_subnet_group": {}, "redshift_subnet_group": {}, "db_parameter_group": {}}
    declared = "DBInstanceClass EngineVersion AllocatedStorage PubliclyAccessible BackupRetentionPeriod".split()
    for one in rds.describe_db_instances()["DBInstances"]:
        seen["mysql"][one["DBInstanceIdentifier"]] = [{key: one.get(key) for key in declared}, tags(one["TagList"])]
    for one in rds.describe_db_subnet_groups()["DBSubnetGroups"]:
        seen["db_subnet_group"][one["DBSubnetGroupName"]] = len(one["Subnets"])
    for one in rds.describe_db_parameter_groups()["DBParameterGroups"]:
        name = one["DBParameterGroupName"]
        if not name.startswith("default."):
            pages = rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=name, Source="user")
            found = [parameter for page in pages for parameter in page["Parameters"]]
            values = {one["ParameterName"]: one.get("ParameterValue") for one in found}
            seen["db_parameter_group"][name] = [one["DBParameterGroupFamily"], values]
    declared = "NodeType NumberOfNodes PubliclyAccessible AutomatedSnapshotRetentionPeriod".split()
    for one in redshift.describe_clusters()["Clusters"]:
        seen["redshift"][one["ClusterIdentifier"]] = [{key: one.get(key) for key in declared}, tags(one["Tags"])]
    for one in redshift.describe_cluster_subnet_groups()["ClusterSubnetGroups"]:
        seen["redshift_subnet_group"][one["ClusterSubnetGroupName"]] = len(one["Subnets"])
    return seen


def functions(cloud):
    seen = {"lambda": {}, "layer": {}, "log_group": {}}
    declared = "Runtime Handler MemorySize Timeout Architectures CodeSha256".split()
    for one in cloud.lambda_.list_functions()["Functions"]:
        values = {key: one[key] for key in declared}
        values["Environment"] = one.get("Environment", {}).get("Variables")
        values["Layers"] = len(one.get("Layers", []))
        values["Tags"] = cloud.lambda_.list_tags(Resource=one["FunctionArn"])["Tags"]
        values["Tags"].pop("stack:spec", None)
        seen["lambda"][one["FunctionName"]] = values
    for one in cloud.lambda_.list_layers()["Layers"]:
        seen["layer"][one["LayerName"]] = one["LatestMatchingVersion"]["CompatibleRuntimes"]
    for one in cloud.logs.describe_log_groups()["logGroups"]:
        seen["log_group"][one["logGroupName"]] = one.get("retentionInDays")
    return seen


def glue(cloud):
    client = cloud.glue
    drop = "CreatedOn LastModifiedOn CreationTime LastUpdated LastUpdatedTime CreateTime Version CatalogId".split()
    drop += "CrawlElapsedTime LastCrawl State Status AllocatedCapacity MaxCapacity Connection".split()

    def values(one):
        return {key: value for key, value in one.items() if key not in drop and value not in (None, "", [], {})}

    seen = {
        "database": {one["Name"]: values(one) for one in client.get_databases()["DatabaseList"]},
        "connection": {one["Name"]: values(one) for one in client.get_connections()["ConnectionList"]},
        "crawler": {one["Name"]: values(one) for one in client.get_crawlers()["Crawlers"]},
        "job": {one["Name"]: values(one) for one in client.get_jobs()["Jobs"]},
    }
    for kind, found in seen.items():
        for name, one in found.items():
            arn = f"arn:aws:glue:us-east-2:123456789012:{kind}/{name}"
            one["Tags"] = client.get_tags(ResourceArn=arn)["Tags"]
            one["Tags"].pop("stack:spec", None)
    csv = [one["CsvClassifier"] for one in client.get_classifiers()["Classifiers"] if "CsvClassifier" in one]
    return {**seen, "classifier": {one["Name"]: values(one) for one in csv}}


def spoil(cloud):
    """Changes each kind by hand; returns the addresses of what was changed, each with what was done."""
    done = {}
    for spoilt in (spoil_network, spoil_storage, spoil_roles, spoil_databases, spoil_functions, spoil_glue, spoil_views):
        done.update(spoilt(cloud))
    return done


def spoil_network(cloud):
    ec2 = cloud.ec2
    only_ours = [{"Name": "tag-key", "Values": ["stack:name"]}]
    group = ec2.describe_security_groups(Filters=only_ours)["SecurityGroups"][0]
    rule = next(rule for rule in group["IpPermissions"] if rule["UserIdGroupPairs"])
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])
    door = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[door])
    subnet = next(one for one in ec2.describe_subnets(Filters=only_ours)["Subnets"] if one["AvailabilityZone"][-1] == "a")
    ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": False})
    table = ec2.describe_route_tables(Filters=only_ours)["RouteTables"][0]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    vpc = ec2.describe_vpcs(Filters=only_ours)["Vpcs"][0]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    gateway = ec2.describe_internet_gateways(Filters=only_ours)["InternetGateways"][0]
    ec2.create_tags(Resources=[gateway["InternetGatewayId"]], Tags=[{"Key": "project", "Value": "another"}])
    return {
        "security_group.main": "a rule revoked, port 22 opened",
        "subnet.a": "no public addresses",
        "route_table.main": "the way out removed",
        "vpc.main": "no host names",
        "internet_gateway.main": "a tag changed",
    }


def spoil_storage(cloud):
    kept = [tag for tag in cloud.s3.get_bucket_tagging(Bucket="uk-ecommerce-data-output")["TagSet"] if tag["Key"] != "content"]
    cloud.s3.put_bucket_tagging(Bucket="uk-ecommerce-data-output", Tagging={"TagSet": kept})
    cloud.s3.delete_public_access_block(Bucket="uk-ecommerce-data-output")
    cloud.s3.put_bucket_versioning(Bucket="uk-ecommerce-data-input", VersioningConfiguration={"Status": "Suspended"})
    cloud.s3.put_bucket_notification_configuration(Bucket="uk-ecommerce-data-input", NotificationConfiguration={})
    key = "scripts/rds_to_s3_data_transfer.py"
    cloud.s3.put_object(Bucket="uk-ecommerce-data-output", Key=key, Body=b"print()")
    return {
        "bucket.output": "a tag and the public access block removed",
        "bucket.input": "versioning suspended",
        "trigger.reader": "the notification removed",
        "object.rds_to_s3": "another script",
    }


def spoil_roles(cloud):
    cloud.iam.attach_role_policy(RoleName="uk-ecommerce-lambda", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    cloud.iam.delete_role_policy(RoleName="Rds_Glue_S3_Role", PolicyName="stack-derived")
    return {"role.lambda": "an extra policy attached", "role.glue": "the derived policy deleted"}


def spoil_databases(cloud):
    if not cloud.rds.describe_db_instances()["DBInstances"]:
        return {}
    identifier = "data-engineering-aws"
    cloud.rds.modify_db_instance(DBInstanceIdentifier=identifier, BackupRetentionPeriod=3, ApplyImmediately=True)
    parameter = {"ParameterName": "long_query_time", "ParameterValue": "2", "ApplyMethod": "immediate"}
    group = f"{identifier}-mysql8-4"
    cloud.rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[parameter])
    cluster = f"{identifier}-redshift"
    cloud.redshift.modify_cluster(ClusterIdentifier=cluster, AutomatedSnapshotRetentionPeriod=9)
    return {
        "mysql.sales": "backups kept longer",
        "db_parameter_group.sales": "a parameter changed",
        "redshift.warehouse": "snapshots kept longer",
    }


def spoil_functions(cloud):
    name = "uk-ecommerce-data-input_Reader"
    cloud.lambda_.update_function_configuration(FunctionName=name, MemorySize=128)
    cloud.logs.put_retention_policy(logGroupName=f"/aws/lambda/{name}", retentionInDays=1)
    return {"lambda.reader": "less memory", "log_group.reader": "retention changed"}


def spoil_glue(cloud):
    client = cloud.glue
    client.delete_crawler(Name="s3_crawler")
    client.update_database(Name="rds_database", DatabaseInput={"Name": "rds_database", "Description": "changed"})
    job = client.get_job(JobName="rds_to_s3_data_transfer")["Job"]
    kept = {key: job[key] for key in ("Role", "Command", "DefaultArguments", "GlueVersion", "WorkerType")}
    client.update_job(JobName=job["Name"], JobUpdate={**kept, "NumberOfWorkers": 9})
    client.update_classifier(CsvClassifier={"Name": "uk-ecommerce-csv", "Delimiter": ";"})
    connection = client.get_connection(Name="s3_connection")["Connection"]
    kept = {key: connection[key] for key in ("Name", "ConnectionType", "PhysicalConnectionRequirements")}
    properties = {"JDBC_ENFORCE_SSL": "true"}
    client.update_connection(Name="s3_connection", ConnectionInput={**kept, "ConnectionProperties": properties})
    client.untag_resource(
        ResourceArn="arn:aws:glue:us-east-2:123456789012:database/redshift_database", TagsToRemove=["project"]
    )
    return {
        "crawler.s3": "deleted",
        "database.rds": "another description",
        "job.rds_to_s3": "more workers",
        "classifier.csv": "another delimiter",
        "connection.s3": "a property added",
        "database.redshift": "a tag removed",
    }


def spoil_views(cloud):
    results = {"ResultConfigurationUpdates": {"OutputLocation": "s3://uk-ecommerce-data-output/elsewhere/"}}
    cloud.athena.update_work_group(WorkGroup="uk-ecommerce", ConfigurationUpdates=results)
    cloud.cloudwatch.put_dashboard(DashboardName="uk-ecommerce", DashboardBody='{"widgets": []}')
    return {"workgroup.main": "results elsewhere", "dashboard.main": "emptied"}


if __name__ == "__main__":
    action = {"show": show, "spoil": spoil}[sys.argv[2]]
    print(json.dumps(action(Cloud(sys.argv[1])), sort_keys=True))
