"""Glue job: turns the staged loads into warehouse rows and merges them into Redshift.

Which loads are to be loaded follows from a comparison alone: the list of loads that the first job
leaves beside `input_path` against the row counts for each load that Redshift has. So a run that
died anywhere is repaired by the next one, and a run with nothing new does nothing. `--reload true`
loads all loads again, as after a change of this script.

Guarantees: original values stay untouched beside the derived ones; no float and no local time
zone is involved; rows stay on the workers, the driver sees counts only; Redshift's readers see the
old rows or the new ones, never a mixture, and each load once.
"""

import json
import sys
import time
import uuid
from functools import reduce

from pyspark.context import SparkContext
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

ARGUMENTS = [
    "JOB_NAME", "input_path", "output_path", "redshift_cluster", "redshift_database",
    "redshift_secret_arn", "redshift_role_arn", "table",
]  # fmt: skip
FORMATS = ("csv", "parquet")

STAGING = T.StructType(
    [
        T.StructField("LoadId", T.LongType()),
        T.StructField("LineNumber", T.LongType()),
        T.StructField("InvoiceNo", T.StringType()),
        T.StructField("StockCode", T.StringType()),
        T.StructField("Description", T.StringType()),
        T.StructField("Quantity", T.IntegerType()),
        T.StructField("InvoiceDate", T.TimestampType()),
        T.StructField("UnitPrice", T.DecimalType(18, 4)),
        T.StructField("CustomerID", T.IntegerType()),
        T.StructField("Country", T.StringType()),
    ]
)
RENAMED = {
    "LoadId": "load_id",
    "LineNumber": "line_number",
    "InvoiceNo": "invoice_no",
    "StockCode": "stock_code",
    "Description": "description",
    "Quantity": "quantity",
    "InvoiceDate": "invoice_date",
    "UnitPrice": "unit_price",
    "CustomerID": "customer_id",
    "Country": "country",
}
DERIVED = [
    "revenue", "product", "is_cancelled", "day_name", "month_name",
    "month", "quarter", "week", "season", "year",
]  # fmt: skip
WAREHOUSE = [*RENAMED.values(), *DERIVED]
REQUIRED = [name for name in RENAMED.values() if name not in ("description", "customer_id")]

CSV_OPTIONS = {
    "header": "true",
    "encoding": "UTF-8",
    "quote": '"',
    "escape": '"',
    "emptyValue": "",
    "nullValue": "",
    "ignoreLeadingWhiteSpace": "false",
    "ignoreTrailingWhiteSpace": "false",
    "timestampFormat": "yyyy-MM-dd HH:mm:ss",
}
READ_OPTIONS = {
    **CSV_OPTIONS,
    "mode": "FAILFAST",
    "enforceSchema": "false",  # the header must say what the schema says
    "multiLine": "true",  # a quoted value may hold a line break
}
WRITE_OPTIONS = {
    "csv": {**CSV_OPTIONS, "compression": "gzip"},
    "parquet": {"compression": "snappy"},
}
COMMON_OPTIONS = {
    # folders of other loads stay, and a folder that a dead run left is replaced
    "partitionOverwriteMode": "dynamic",
    # no _SUCCESS file: everything under the path is data
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
COPY_OPTIONS = {
    "csv": "FORMAT CSV GZIP IGNOREHEADER 1 EMPTYASNULL TIMEFORMAT 'auto'",
    "parquet": "FORMAT AS PARQUET",
}
# the column by which the files are laid out; `load_id` itself must stay inside the files for COPY
FOLDER = "load"

DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
SEASONS = ["Winter", "Spring", "Summer", "Autumn"]

POLL_LIMIT_SECONDS = 3600
POLL_FIRST_SECONDS = 0.5
POLL_LONGEST_SECONDS = 10.0


def _hadoop(spark: SparkSession, path: str) -> tuple:
    place = spark._jvm.org.apache.hadoop.fs.Path(path)
    return place.getFileSystem(spark._jsc.hadoopConfiguration()), place


def read_loads(spark: SparkSession, path: str) -> dict:
    """Returns the loads as the first job listed them: rows, format, whether complete."""
    place = path.rstrip("/") + ".loads.json"
    files, found = _hadoop(spark, place)
    if not files.exists(found):
        raise ValueError(f"{place} is missing: the job that exports to {path} has not ended well")
    text = spark.read.text(place, wholetext=True).first()["value"]
    try:
        return {int(load): about for load, about in json.loads(text)["loads"].items()}
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"{place} cannot be read: run the job that writes it again") from error


def read_staging(spark: SparkSession, paths: list, file_format: str) -> DataFrame:
    """Reads staging files; a value that does not fit the schema fails the job."""
    reader = spark.read.schema(STAGING).option("recursiveFileLookup", "true")
    if file_format == "csv":
        return reader.options(**READ_OPTIONS).csv(paths)
    rows = reader.parquet(*paths)
    texts = [field.name for field in STAGING if field.dataType == T.StringType()]
    # CSV cannot tell an empty text from none, and both formats must give the same rows
    return rows.withColumns({name: F.when(F.col(name) != "", F.col(name)) for name in texts})


def read_staged(spark: SparkSession, path: str, loads: dict) -> DataFrame:
    """Reads the folders of some loads and no others."""
    root = path.rstrip("/")
    frames = []
    for file_format in FORMATS:
        chosen = sorted(load for load, about in loads.items() if about["format"] == file_format)
        if chosen:
            paths = [f"{root}/load_id={load}" for load in chosen]
            frames.append(read_staging(spark, paths, file_format))
    return reduce(DataFrame.unionByName, frames)


def transform(staging: DataFrame) -> DataFrame:
    """Returns the warehouse rows: the original columns renamed, then the derived ones."""
    rows = staging.select([F.col(old).alias(new) for old, new in RENAMED.items()])
    rows = rows.withColumns(
        {
            "revenue": revenue(F.col("quantity"), F.col("unit_price")),
            "product": product(F.col("description")),
            "is_cancelled": F.col("invoice_no").startswith("C"),
            **date_parts(F.col("invoice_date")),
        }
    )
    return rows.select(WAREHOUSE)


def revenue(quantity: Column, unit_price: Column) -> Column:
    """Multiplies exactly: ten digits times eighteen with four decimals fit 29 with four."""
    return (quantity.cast(T.DecimalType(10, 0)) * unit_price).cast(T.DecimalType(29, 4))


def product(description: Column) -> Column:
    """Returns the description without outer blanks and with single inner ones."""
    return F.trim(F.regexp_replace(description, r"[\s\u00A0]+", " "))


def date_parts(moment: Column) -> dict:
    """Splits a date. Names come from lists here, so no locale can change them."""
    month = F.month(moment)
    # Redshift takes Parquet only if a SMALLINT is one in the file, too
    return {
        "day_name": _pick(DAYS, F.dayofweek(moment)),
        "month_name": _pick(MONTHS, month),
        "month": month.cast("smallint"),
        "quarter": F.quarter(moment).cast("smallint"),
        "week": F.weekofyear(moment).cast("smallint"),
        "season": _pick(SEASONS, (F.floor((month % 12) / 3) + 1).cast("int")),
        "year": F.year(moment).cast("smallint"),
    }


def _pick(names: list, position: Column) -> Column:
    """Returns the name at a position that starts at one."""
    return F.element_at(F.array([F.lit(name) for name in names]), position)


def write_warehouse(rows: DataFrame, path: str, file_format: str, expected: int) -> None:
    """Replaces the folders of the loads in `rows`; fails if a row or a needed value is missing."""
    seen = Observation("written")
    missing = [F.count(F.when(F.col(name).isNull(), 1)).alias(name) for name in REQUIRED]
    counted = rows.observe(seen, F.count(F.lit(1)).alias("rows"), *missing)
    laid_out = counted.withColumn(FOLDER, F.col("load_id"))
    writer = laid_out.write.mode("overwrite").partitionBy(FOLDER).format(file_format)
    writer.options(**WRITE_OPTIONS[file_format], **COMMON_OPTIONS).save(path)
    found = dict(seen.get)
    total = int(found.pop("rows"))
    if lacking := {name: count for name, count in found.items() if count}:
        raise ValueError(f"staging rows lack values: {lacking}; nothing was loaded into Redshift")
    if total != expected:
        raise ValueError(
            f"the staging files hold {total} rows and should hold {expected};"
            " nothing was loaded into Redshift"
        )


def changes(listed: dict, present: dict, everything: bool = False) -> tuple:
    """Compares the list with Redshift's row counts: what is to be loaded, what is to be deleted.

    A load that the first job is about to write again stays in Redshift as it is.
    """
    complete = {load: about["rows"] for load, about in listed.items() if about["complete"]}
    differs = {load for load, rows in complete.items() if rows != present.get(load, 0)}
    chosen = set(complete) if everything else differs
    wanted = {load: about for load, about in listed.items() if load in chosen and about["rows"]}
    gone = sorted(load for load in present if load not in listed or load in chosen)
    return wanted, gone


def data_files(spark: SparkSession, path: str, loads: dict) -> list:
    """Returns the data files of the loads as COPY's manifest names them."""
    root = path.rstrip("/").replace("s3a://", "s3://")
    entries = []
    for load in sorted(loads):
        files, place = _hadoop(spark, f"{path.rstrip('/')}/{FOLDER}={load}")
        for status in files.listStatus(place):
            entries.append(
                {
                    "url": f"{root}/{FOLDER}={load}/{status.getPath().getName()}",
                    "mandatory": True,
                    "meta": {"content_length": int(status.getLen())},
                }
            )
    return entries


def write_manifest(spark: SparkSession, path: str, loads: dict) -> str:
    """Writes the manifest, so that COPY reads these files and no others; returns its place."""
    place = f"{path.rstrip('/')}/_manifests/{uuid.uuid4()}.json"
    files, target = _hadoop(spark, place)
    stream = files.create(target, True)
    stream.write(bytearray(json.dumps({"entries": data_files(spark, path, loads)}).encode()))
    stream.close()
    return place.replace("s3a://", "s3://")


def sweep(spark: SparkSession, path: str, listed: dict) -> None:
    """Removes all below `path` that is no folder of a listed load."""
    files, place = _hadoop(spark, path)
    if not files.exists(place):
        return
    kept = {f"{FOLDER}={load}" for load in listed}
    for status in files.listStatus(place):
        if status.getPath().getName() not in kept:
            files.delete(status.getPath(), True)


def merge_statements(table: str, gone: list, copy: tuple = ()) -> list:
    """Returns the statements of the one transaction that replaces whole loads.

    `copy` is the place of the manifest, the role and the format; it is left out if nothing comes.
    """
    columns = ", ".join(WAREHOUSE)
    staged = table.rsplit(".", 1)[-1] + "_staged"
    statements = []
    if copy:
        manifest, role_arn, file_format = copy
        statements += [
            f"CREATE TEMP TABLE {staged} (LIKE {table})",
            f"COPY {staged} ({columns}) FROM '{_quoted(manifest)}'"
            f" IAM_ROLE '{_quoted(role_arn)}' MANIFEST {COPY_OPTIONS[file_format]}",
        ]
    if gone:
        statements.append(f"DELETE FROM {table} WHERE load_id IN ({', '.join(map(str, gone))})")
    if copy:
        statements += [
            # another run may have loaded the same meanwhile
            f"DELETE FROM {table} WHERE load_id IN (SELECT load_id FROM {staged})",
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged}",
        ]
    return statements


def _quoted(text: str) -> str:
    return text.replace("'", "''")


class Redshift:
    """A Redshift database behind the Data API."""

    def __init__(self, client, cluster: str, database: str, secret_arn: str) -> None:
        self._client = client
        self._where = {
            "ClusterIdentifier": cluster,
            "Database": database,
            "SecretArn": secret_arn,
            "StatementName": "s3_to_redshift",
        }

    def run(self, statements: list) -> None:
        """Runs the statements as one transaction and waits for its end."""
        # a repeated request does not run the batch twice
        token = str(uuid.uuid4())
        started = self._client.batch_execute_statement(
            **self._where, Sqls=statements, ClientToken=token
        )
        wait(self._client, started["Id"])

    def rows_per_load(self, table: str) -> dict:
        """Returns how many rows the table has of each load."""
        sql = f"SELECT load_id, COUNT(*) FROM {table} GROUP BY load_id"
        started = self._client.execute_statement(**self._where, Sql=sql)
        wait(self._client, started["Id"])
        counts, page = {}, {}
        while True:
            answer = self._client.get_statement_result(Id=started["Id"], **page)
            for load, rows in answer["Records"]:
                counts[int(load["longValue"])] = int(rows["longValue"])
            if not answer.get("NextToken"):
                return counts
            page = {"NextToken": answer["NextToken"]}


def wait(client, statement: str) -> None:
    """Waits for the end of a statement; raises with Redshift's reason if it fails."""
    deadline = time.monotonic() + POLL_LIMIT_SECONDS
    pause = POLL_FIRST_SECONDS
    while True:
        state = client.describe_statement(Id=statement)
        if state["Status"] == "FINISHED":
            return
        if state["Status"] in ("FAILED", "ABORTED"):
            raise RuntimeError(f"Redshift load {state['Status']}: {_reason(state)}")
        if time.monotonic() + pause > deadline:
            raise TimeoutError(
                f"Redshift load {statement} is {state['Status']} after {POLL_LIMIT_SECONDS} s"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, POLL_LONGEST_SECONDS)


def _reason(state: dict) -> str:
    parts = [state.get("Error")]
    parts += [part.get("Error") for part in state.get("SubStatements", [])]
    return "; ".join(dict.fromkeys(part for part in parts if part)) or "no reason given"


def merge(spark: SparkSession, redshift: Redshift, args: dict) -> None:
    """Brings Redshift to the state of the list of loads."""
    table, path = args["table"], args["output_path"]
    listed = read_loads(spark, args["input_path"])
    is_reload = args["reload"].lower() == "true"
    wanted, gone = changes(listed, redshift.rows_per_load(table), is_reload)
    expected = sum(about["rows"] for about in wanted.values())
    copy = ()
    if wanted:
        rows = transform(read_staged(spark, args["input_path"], wanted))
        write_warehouse(rows, path, args["format"], expected)
        manifest = write_manifest(spark, path, wanted)
        copy = (manifest, args["redshift_role_arn"], args["format"])
    if wanted or gone:
        redshift.run(merge_statements(table, gone, copy))
        left, surplus = changes(listed, redshift.rows_per_load(table))
        if left or surplus:
            raise RuntimeError(
                f"{table} differs from {args['input_path']} in loads {sorted({*left, *surplus})}:"
                " another run wrote at the same time, run the job again"
            )
    sweep(spark, path, listed)
    if wanted or gone:
        print(f"rows out: {expected}, loads: {len(wanted)}, deleted loads: {len(gone)}")
    else:
        print(f"nothing new: {table} has all {len(listed)} loads of {args['input_path']}")


def optional(argv: list, name: str, default: str) -> str:
    """Returns an argument that may be left out."""
    from awsglue.utils import getResolvedOptions

    is_given = any(word == f"--{name}" or word.startswith(f"--{name}=") for word in argv)
    return getResolvedOptions(argv, [name])[name] if is_given else default


def main() -> None:
    """Runs the job with the arguments Glue passes."""
    import boto3
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.utils import getResolvedOptions

    args = getResolvedOptions(sys.argv, ARGUMENTS)
    args["format"] = optional(sys.argv, "format", FORMATS[0])
    args["reload"] = optional(sys.argv, "reload", "false")
    if args["format"] not in FORMATS:
        raise ValueError(f"--format is {args['format']}, which is neither of {', '.join(FORMATS)}")
    glue = GlueContext(SparkContext.getOrCreate())
    spark = glue.spark_session
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    job = Job(glue)
    job.init(args["JOB_NAME"], args)

    redshift = Redshift(
        boto3.client("redshift-data"),
        args["redshift_cluster"],
        args["redshift_database"],
        args["redshift_secret_arn"],
    )
    merge(spark, redshift, args)
    job.commit()


if __name__ == "__main__":
    main()
