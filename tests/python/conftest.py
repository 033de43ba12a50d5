"""Shared fixtures. STACK_TEST_MYSQL_PORT names a server to use; otherwise one is started."""

import io
import json
import os
import sys
from pathlib import Path

import mysql_server
import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
sys.path[:0] = [str(TEMPLATES / "lambda" / "csv_to_mysql"), str(TEMPLATES / "glue")]
sys.path.append(str(ROOT / "src" / "localcloud" / "glue" / "python"))

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


class FakeS3:
    """Holds objects in memory and answers the two calls that the loader makes."""

    def __init__(self):
        self.objects = {}

    def put(self, key, data, version):
        self.objects[("raw", key, version)] = data if callable(data) else (lambda: io.BytesIO(data))

    def get_object(self, Bucket, Key, VersionId=None):
        from botocore.exceptions import ClientError

        try:
            body = self.objects[(Bucket, Key, VersionId)]()
        except KeyError:
            error = {"Error": {"Code": "NoSuchKey", "Message": "gone"}}
            raise ClientError(error, "GetObject") from None
        return {"Body": body, "ETag": '"e"'}

    def upload_file(self, path, bucket, key, **_):
        data = Path(path).read_bytes()
        self.objects[(bucket, key, None)] = lambda: io.BytesIO(data)

    def text(self, uri):
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return self.objects[(bucket, key, None)]().read().decode()


class FakeSecrets:
    """Answers with the test server's user."""

    def get_secret_value(self, SecretId):
        user = os.environ.get("STACK_TEST_MYSQL_USER", "root")
        password = os.environ.get("STACK_TEST_MYSQL_PASSWORD", "")
        return {"SecretString": json.dumps({"username": user, "password": password})}


@pytest.fixture
def s3():
    return FakeS3()


@pytest.fixture(scope="session")
def mysql_port():
    """Gives the port of a server."""
    if named := os.environ.get("STACK_TEST_MYSQL_PORT"):
        yield named
    else:
        with mysql_server.running():
            yield os.environ["STACK_TEST_MYSQL_PORT"]


@pytest.fixture(scope="session")
def mysql_database(mysql_port):
    """Makes a database with the tables of mysql.sql and drops it afterwards."""
    import pymysql
    from pymysql.constants import CLIENT

    name = f"stack_test_{os.getpid()}"
    connection = pymysql.connect(
        host=os.environ.get("STACK_TEST_MYSQL_HOST", "127.0.0.1"),
        port=int(os.environ["STACK_TEST_MYSQL_PORT"]),
        user=os.environ.get("STACK_TEST_MYSQL_USER", "root"),
        password=os.environ.get("STACK_TEST_MYSQL_PASSWORD", ""),
        charset="utf8mb4",
        autocommit=True,
        client_flag=CLIENT.MULTI_STATEMENTS,
    )
    schema = (TEMPLATES / "sql" / "mysql.sql").read_text()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        cursor.execute(f"USE {name}")
        for _ in range(2):  # safe to repeat
            cursor.execute(schema)
            while cursor.nextset():
                pass
    yield connection, name
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")
    connection.close()


@pytest.fixture
def mysql(mysql_database):
    """Gives a connection to empty tables."""
    connection, _ = mysql_database
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE Uk_Ecommerce_Data")
        cursor.execute("TRUNCATE Load_Log")
    return connection


@pytest.fixture
def settings(mysql_database, tmp_path):
    from settings import Settings

    return Settings.from_env(
        {
            "DB_HOST": os.environ.get("STACK_TEST_MYSQL_HOST", "127.0.0.1"),
            "DB_PORT": os.environ["STACK_TEST_MYSQL_PORT"],
            "DB_NAME": mysql_database[1],
            "DB_SECRET_ARN": "secret",
            "DB_TLS": "off",
            "REJECTS_BUCKET": "rejects",
            "ENCODING": "iso-8859-1",
            "DATE_FORMAT": "%m/%d/%Y %H:%M",
            "SCRATCH_DIR": str(tmp_path),
        }
    )


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """A small Spark in a time zone with daylight saving, to catch what depends on it."""
    pyspark = pytest.importorskip("pyspark.sql")
    scratch = tmp_path_factory.mktemp("spark")
    builder = (
        pyspark.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.local.dir", str(scratch))
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .config(
            "spark.driver.extraJavaOptions", "-Duser.timezone=Europe/London -XX:TieredStopAtLevel=1"
        )
    )
    if jar := mysql_server.jdbc_jar():
        builder = builder.config("spark.driver.extraClassPath", jar)
    session = builder.getOrCreate()
    yield session
    session.stop()
