"""GlueContext over a plain Spark session."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import boto3
from awsglue.bookmarks import Bookmark
from awsglue.dynamicframe import DynamicFrame
from awsglue.sources import VENDORS, read_jdbc
from pyspark.sql import SparkSession, SQLContext

_JDBC_URL = re.compile(r"jdbc:(?P<vendor>[a-z0-9]+)://(?P<server>[^/?;]+)")


class _Sources:
    """`create_dynamic_frame`: the sources under the names by which scripts call them."""

    def __init__(self, context: GlueContext) -> None:
        self.from_options = context.create_dynamic_frame_from_options
        self.from_catalog = context.create_dynamic_frame_from_catalog


class GlueContext(SQLContext):
    """What jobs use of Glue's context: the session, a logger, connections, JDBC sources."""

    def __init__(self, sparkContext: Any, **_options: Any) -> None:
        session = SparkSession.builder.getOrCreate()
        super().__init__(sparkContext, session)
        self.spark_session = session
        # `Job.init` puts the run's own in its place
        self.bookmark = Bookmark()

    def get_logger(self) -> Any:
        """Returns Spark's own logger with the methods info, warn and error."""
        jvm = self.spark_session.sparkContext._jvm
        return jvm.org.apache.log4j.LogManager.getLogger("glue")

    def extract_jdbc_conf(
        self, connection_name: str, catalog_id: str | None = None
    ) -> dict[str, str]:
        """Returns user, password, vendor, url, fullUrl and the TLS settings of a JDBC connection.

        `url` ends after the port; `fullUrl` is as entered, with the database.
        """
        request = {"Name": connection_name, "HidePassword": False}
        if catalog_id:
            request["CatalogId"] = catalog_id
        connection = boto3.client("glue").get_connection(**request)["Connection"]
        properties = connection.get("ConnectionProperties", {})
        full_url = _url(connection_name, properties)
        match = _JDBC_URL.match(full_url)
        if not match:
            raise ValueError(f"connection {connection_name} has no JDBC server URL: {full_url}")
        user, password = _credentials(connection_name, properties)
        return {
            "url": match.group(0),
            "fullUrl": full_url,
            "vendor": match.group("vendor"),
            "user": user,
            "password": password,
            "enforceSSL": properties.get("JDBC_ENFORCE_SSL", "false"),
            "customJDBCCert": properties.get("CUSTOM_JDBC_CERT", ""),
            "customJDBCCertString": properties.get("CUSTOM_JDBC_CERT_STRING", ""),
            "skipCustomJDBCCertValidation": properties.get(
                "SKIP_CUSTOM_JDBC_CERT_VALIDATION", "false"
            ),
        }

    def create_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,
        format_options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        **_options: Any,
    ) -> DynamicFrame:
        """Reads a JDBC table, on from the bookmark if `jobBookmarkKeys` names its keys."""
        if connection_type not in VENDORS:
            raise _lacking(f"source of the type {connection_type}", "spark_session.read")
        frame = read_jdbc(self, connection_options or {}, transformation_ctx)
        return DynamicFrame(frame, self, transformation_ctx)

    def create_dynamic_frame_from_catalog(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not here; Spark's own readers are."""
        raise _lacking("create_dynamic_frame.from_catalog", "create_dynamic_frame.from_options")

    getSource = create_dynamic_frame_from_catalog

    def write_dynamic_frame_from_options(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not here; Spark's own writers are."""
        raise _lacking("write_dynamic_frame", "toDF().write")

    write_dynamic_frame_from_catalog = write_dynamic_frame_from_options
    write_dynamic_frame_from_jdbc_conf = write_dynamic_frame_from_options
    getSink = write_dynamic_frame_from_options

    @property
    def create_dynamic_frame(self) -> _Sources:
        """Returns the sources."""
        return _Sources(self)

    @property
    def write_dynamic_frame(self) -> Any:
        """Not here; Spark's own writers are."""
        raise _lacking("write_dynamic_frame", "toDF().write")


def _url(name: str, properties: dict[str, str]) -> str:
    if url := properties.get("JDBC_CONNECTION_URL"):
        return url
    parts = [properties.get(key) for key in ("JDBC_ENGINE", "HOST", "PORT")]
    if not all(parts):
        raise ValueError(
            f"connection {name} is not a JDBC connection: it has no JDBC_CONNECTION_URL"
        )
    return "jdbc:{}://{}:{}".format(*parts)


def _credentials(name: str, properties: dict[str, str]) -> tuple[str, str]:
    """Returns user and password from the connection's secret, or from the connection itself."""
    if secret_id := properties.get("SECRET_ID"):
        reply = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)
        secret = json.loads(reply["SecretString"])
        return secret["username"], secret["password"]
    if "USERNAME" in properties:
        return properties["USERNAME"], properties.get("PASSWORD", "")
    raise ValueError(f"connection {name} has neither SECRET_ID nor USERNAME")


def _lacking(what: str, instead: str) -> NotImplementedError:
    return NotImplementedError(f"local Glue has no {what}: use {instead}")
