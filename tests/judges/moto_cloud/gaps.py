"""Where moto differs from AWS, and what stands in.

Each gap says what moto does, what is done instead, and how to see that moto still does it: a newer moto that closes a
gap is told so when it starts, and the entry goes. What stands in answers as AWS documents it, and does no more.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from moto.athena.models import AthenaBackend, athena_backends
from moto.athena.responses import AthenaResponse
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.core.serialize import SERIALIZERS, S3Serializer
from moto.glue.exceptions import EntityNotFoundException
from moto.glue.models import FakeConnection
from moto.glue.responses import GlueResponse
from moto.iam.exceptions import IAMException
from moto.iam.responses import IamResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.rds.exceptions import RDSClientError
from moto.rds.responses import RDSResponse
from moto.redshift.models import Cluster
from moto.redshift.responses import RedshiftResponse
from moto.s3.responses import S3Response

from .cbor import speaking_cbor


@dataclass(frozen=True)
class Gap:
    """One difference."""

    operation: str
    moto: str
    instead: str
    is_open: Callable[[], bool]
    fill: Callable[[], None] = lambda: None


GAPS: list[Gap] = []


def missing(responses, operation):
    """Registers a method as the answer to an operation that moto does not have."""

    def register(answer):
        name = answer.__name__
        GAPS.append(
            Gap(
                operation,
                "has no such operation and answers 500",
                answer.__doc__.strip(),
                lambda: not hasattr(responses, name),
                lambda: setattr(responses, name, answer),
            )
        )
        return answer

    return register


def classifiers(response):
    return response.glue_backend.__dict__.setdefault("stack_classifiers", {})


@missing(GlueResponse, "glue:GetClassifiers")
def get_classifiers(self):
    """a list of its own"""
    return ActionResult({"Classifiers": list(classifiers(self).values())})


@missing(GlueResponse, "glue:GetClassifier")
def get_classifier(self):
    """a list of its own"""
    name = self._get_param("Name")
    if name not in classifiers(self):
        raise EntityNotFoundException(f"Classifier {name} not found")
    return ActionResult({"Classifier": classifiers(self)[name]})


@missing(GlueResponse, "glue:CreateClassifier")
def create_classifier(self):
    """a list of its own"""
    csv = self._get_param("CsvClassifier")
    classifiers(self)[csv["Name"]] = {"CsvClassifier": dict(csv)}
    return ActionResult({})


@missing(GlueResponse, "glue:UpdateClassifier")
def update_classifier(self):
    """a list of its own"""
    csv = self._get_param("CsvClassifier")
    if csv["Name"] not in classifiers(self):
        raise EntityNotFoundException(f"Classifier {csv['Name']} not found")
    classifiers(self)[csv["Name"]]["CsvClassifier"].update(csv)
    return ActionResult({})


@missing(GlueResponse, "glue:DeleteClassifier")
def delete_classifier(self):
    """a list of its own"""
    if classifiers(self).pop(self._get_param("Name"), None) is None:
        raise EntityNotFoundException(f"Classifier {self._get_param('Name')} not found")
    return ActionResult({})


def attribute(member):
    """Returns how moto calls a member of the API in its own objects."""
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in member).strip("_")


JOB_MEMBERS = (
    "Description LogUri Role ExecutionProperty Command DefaultArguments NonOverridableArguments Connections MaxRetries "
    "AllocatedCapacity Timeout MaxCapacity WorkerType NumberOfWorkers SecurityConfiguration NotificationProperty "
    "GlueVersion CodeGenConfigurationNodes ExecutionClass SourceControlDetails"
).split()


JOB_DEFAULTS = {"ExecutionClass": "STANDARD"}


@missing(GlueResponse, "glue:UpdateJob")
def update_job(self):
    """the whole definition is overwritten, what is not sent as well"""
    job = self.glue_backend.get_job(self._get_param("JobName"))
    update = self._get_param("JobUpdate")
    for member in JOB_MEMBERS:
        setattr(job, attribute(member), update.get(member, JOB_DEFAULTS.get(member)))
    return ActionResult({"JobName": job.name})


CRAWLER_MEMBERS = (
    "Role DatabaseName Description Targets Schedule Classifiers TablePrefix SchemaChangePolicy RecrawlPolicy "
    "LineageConfiguration Configuration CrawlerSecurityConfiguration"
).split()


@missing(GlueResponse, "glue:UpdateCrawler")
def update_crawler(self):
    """what is sent is changed"""
    crawler = self.glue_backend.get_crawler(self._get_param("Name"))
    for member in CRAWLER_MEMBERS:
        if (value := self._get_param(member)) is not None:
            setattr(crawler, attribute(member), value)
    return ActionResult({})


@missing(GlueResponse, "glue:UpdateConnection")
def update_connection(self):
    """the whole definition is overwritten; tags stay"""
    connection = self.glue_backend.get_connection(None, self._get_param("Name"), None)
    connection.connection_input = self._get_param("ConnectionInput")
    connection.description = connection.connection_input.get("Description")
    connection.connection_properties = connection.connection_input.get("ConnectionProperties", {})
    return ActionResult({})


@missing(GlueResponse, "glue:DeleteConnection")
def delete_connection(self):
    """the connection goes, with its tags"""
    name = self._get_param("ConnectionName")
    connection = self.glue_backend.get_connection(None, name, None)
    self.glue_backend.tagger.delete_all_tags_for_resource(connection.arn)
    del self.glue_backend.connections[name]
    return ActionResult({})


@missing(AthenaResponse, "athena:UpdateWorkGroup")
def update_work_group(self):
    """the updates of the result configuration are merged"""
    group = self.athena_backend.work_groups[self._get_param("WorkGroup")]
    updates = dict(self._get_param("ConfigurationUpdates", {}))
    results = updates.pop("ResultConfigurationUpdates", {})
    group.configuration.setdefault("ResultConfiguration", {}).update(results)
    group.configuration.update(updates)
    return "{}"


@missing(RedshiftResponse, "redshift:ModifyClusterIamRoles")
def modify_cluster_iam_roles(self):
    """roles are added and taken away at once"""
    cluster = self.redshift_backend.describe_clusters(self._get_param("ClusterIdentifier"))[0]
    gone = self._get_param("RemoveIamRoles", [])
    kept = [role for role in cluster.iam_roles_arn if role not in gone]
    cluster.iam_roles_arn = kept + [role for role in self._get_param("AddIamRoles", []) if role not in kept]
    return ActionResult({"Cluster": cluster})


@missing(RedshiftResponse, "redshift:ModifyClusterSubnetGroup")
def modify_cluster_subnet_group(self):
    """the subnets are those that were sent"""
    name = self._get_param("ClusterSubnetGroupName")
    group = self.redshift_backend.describe_cluster_subnet_groups(name)[0]
    group.subnet_ids = self._get_param("SubnetIds", [])
    return ActionResult({"ClusterSubnetGroup": group})


@missing(RDSResponse, "rds:ResetDBParameterGroup")
def reset_db_parameter_group(self):
    """the parameters that were sent are no longer set"""
    name = self.params.get("DBParameterGroupName")
    group = self.backend.describe_db_parameter_groups({"db_parameter_group_name": name})[0]
    for parameter in self.params.get("Parameters", []):
        group.parameters.pop(parameter.original_dict()["ParameterName"], None)
    return ActionResult({"DBParameterGroupName": name})


def fill_connection_type():
    shown = FakeConnection.as_dict

    def with_type(self, hide_password=False):
        return {**shown(self, hide_password), "ConnectionType": self.connection_input.get("ConnectionType")}

    FakeConnection.as_dict = with_type


def hides_connection_type():
    return "ConnectionType" not in FakeConnection.as_dict.__code__.co_consts


GAPS.append(
    Gap(
        "glue:GetConnections",
        "leaves `ConnectionType` out",
        "it is added from what was sent when the connection was made",
        hides_connection_type,
        fill_connection_type,
    )
)


def availability(cluster):
    return {"available": "Available", "paused": "Unavailable"}.get(cluster.status, "Modifying")


def secret_arn(cluster):
    name = f"redshift!{cluster.cluster_identifier}-{cluster.master_username}"
    account = cluster.redshift_backend.account_id
    return f"arn:aws:secretsmanager:{cluster.region}:{account}:secret:{name}-AbCdEf"


def fill_cluster():
    Cluster.cluster_availability_status = property(availability)
    Cluster.master_password_secret_arn = property(secret_arn)


GAPS.append(
    Gap(
        "redshift:DescribeClusters",
        "leaves out `ClusterAvailabilityStatus` and `MasterPasswordSecretArn`",
        "they follow from status, identifier and user",
        lambda: not hasattr(Cluster, "cluster_availability_status"),
        fill_cluster,
    )
)


def fill_work_group():
    found = AthenaResponse.get_work_group

    def get_work_group(self):
        name = self._get_param("WorkGroup")
        return found(self) if name in self.athena_backend.work_groups else self.error(f"WorkGroup {name} is not found.", 400)

    AthenaResponse.get_work_group = get_work_group


GAPS.append(
    Gap(
        "athena:GetWorkGroup",
        "answers 200 and null for a name that does not exist",
        "`InvalidRequestException`, as AWS answers",
        lambda: AthenaBackend.get_work_group(athena_backends["123456789012"]["us-east-2"], "nowhere") is None,
        fill_work_group,
    )
)


# The root of the answer to each operation: the models of botocore do not tell, and boto3 does not look.
S3_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketLocation": "LocationConstraint",
    "GetBucketNotification": "NotificationConfiguration",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}


def fill_s3_roots():
    written = S3Serializer._serialize_body

    def with_root(self, body):
        return written(self, {S3_ROOTS.get(root.removesuffix("Response"), root): inner for root, inner in body.items()})

    S3Serializer._serialize_body = with_root


GAPS.append(
    Gap(
        "s3:Get*, s3:List*",
        "calls the root of an answer `GetBucketVersioningResponse`, which the AWS SDK for Rust does not read",
        "it is called `VersioningConfiguration`, as by AWS; so are the others",
        lambda: "VersioningConfiguration" not in inspect.getsource(S3Serializer),
        fill_s3_roots,
    )
)


GAPS.append(
    Gap(
        "s3:PutBucketNotificationConfiguration",
        "answers 500 to a filter with an empty value",
        "the stack of the test has a prefix",
        lambda: 'assert filter_rule["Value"]' in inspect.getsource(S3Response),
    )
)


def fill_cbor():
    DomainDispatcherApplication.__call__ = speaking_cbor(DomainDispatcherApplication.__call__)


GAPS.append(
    Gap(
        "cloudwatch:*",
        "does not speak CBOR, in which the AWS SDK for Rust asks",
        "requests and answers are translated from and to JSON",
        lambda: "smithy-rpc-v2-cbor" not in SERIALIZERS,
        fill_cbor,
    )
)


def fill_dashboard_tags():
    put, tag, delete = CloudWatchResponse.put_dashboard, CloudWatchBackend.tag_resource, CloudWatchBackend.delete_dashboards

    def put_dashboard(self):
        answer = put(self)
        backend = self.cloudwatch_backend
        tags = {one["Key"]: one["Value"] for one in self._get_param("Tags") or []}
        if tags:
            backend.tag_resource(dashboard_arn(backend, self._get_param("DashboardName")), tags)
        return answer

    def tag_resource(self, arn, tags):
        if any(arn == dashboard_arn(self, name) for name in self.dashboards):
            self.tagger.tag_resource(arn, self.tagger.convert_dict_to_tags_input(tags))
        else:
            tag(self, arn, tags)

    def delete_dashboards(self, dashboards):
        for name in dashboards:
            self.tagger.delete_all_tags_for_resource(dashboard_arn(self, name))
        return delete(self, dashboards)

    CloudWatchResponse.put_dashboard = put_dashboard
    CloudWatchBackend.tag_resource = tag_resource
    CloudWatchBackend.delete_dashboards = delete_dashboards


def dashboard_arn(backend, name):
    return f"arn:aws:cloudwatch::{backend.account_id}:dashboard/{name}"


GAPS.append(
    Gap(
        "cloudwatch:PutDashboard",
        "ignores tags, and tags nothing but alarms",
        "dashboards keep their tags",
        lambda: '"Tags"' not in inspect.getsource(CloudWatchResponse.put_dashboard),
        fill_dashboard_tags,
    )
)


def deny(responses, action, refusal):
    """Answers like AWS to somebody who may not ask, so that the question is not repeated as one that broke."""

    def answer(self):
        raise refusal("AccessDenied", f"not authorized to perform {action}")

    setattr(responses, action, answer)


GAPS.append(
    Gap(
        "iam:SimulatePrincipalPolicy",
        "has no such operation and answers 500",
        "the caller may not ask",
        lambda: not hasattr(IamResponse, "simulate_principal_policy"),
        lambda: deny(IamResponse, "simulate_principal_policy", IAMException),
    )
)


GAPS.append(
    Gap(
        "rds:DescribeEngineDefaultParameters",
        "has no such operation and answers 500",
        "the caller may not ask",
        lambda: not hasattr(RDSResponse, "describe_engine_default_parameters"),
        lambda: deny(RDSResponse, "describe_engine_default_parameters", RDSClientError),
    )
)


def table():
    """Returns the gaps for people."""
    rows = [("operation", "moto", "instead")] + [(gap.operation, gap.moto, gap.instead) for gap in GAPS]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows)
