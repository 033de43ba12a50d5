"""Glue job: turns the staging CSV into the warehouse table and loads it into Redshift.

Guarantees: original values stay untouched beside the derived ones; no float and no local time
zone is involved; Redshift's readers see the old rows or the new ones, never a mixture.
"""

import sys
import time
import uuid

from pyspark.context import SparkContext
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

ARGUMENTS = [
    "JOB_NAME", "input_path", "output_path", "redshift_cluster", "redshift_database",
    "redshift_secret_arn", "redshift_role_arn", "table",
]  # fmt: skip

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
# no _SUCCESS file: everything under the path is data
WRITE_OPTIONS = {**CSV_OPTIONS, "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false"}

DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
SEASONS = ["Winter", "Spring", "Summer", "Autumn"]

POLL_LIMIT_SECONDS = 3600
POLL_FIRST_SECONDS = 0.5
POLL_LONGEST_SECONDS = 10.0


def read_staging(spark: SparkSession, path: str) -> DataFrame:
    """Reads the staging files; a value that does not fit the schema fails the job."""
    return spark.read.schema(STAGING).options(**READ_OPTIONS).csv(path)


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
    return {
        "day_name": _pick(DAYS, F.dayofweek(moment)),
        "month_name": _pick(MONTHS, month),
        "month": month,
        "quarter": F.quarter(moment),
        "week": F.weekofyear(moment),
        "season": _pick(SEASONS, (F.floor((month % 12) / 3) + 1).cast("int")),
        "year": F.year(moment),
    }


def _pick(names: list, position: Column) -> Column:
    """Returns the name at a position that starts at one."""
    return F.element_at(F.array([F.lit(name) for name in names]), position)


def write_warehouse(rows: DataFrame, path: str) -> int:
    """Replaces the CSV files at `path` and counts the rows; fails if a needed value is missing."""
    seen = Observation("written")
    missing = [F.count(F.when(F.col(name).isNull(), 1)).alias(name) for name in REQUIRED]
    counted = rows.observe(seen, F.count(F.lit(1)).alias("rows"), *missing)
    counted.write.mode("overwrite").options(**WRITE_OPTIONS).csv(path)
    found = dict(seen.get)
    total = int(found.pop("rows"))
    if lacking := {name: count for name, count in found.items() if count}:
        raise ValueError(f"staging rows lack values: {lacking}; nothing was loaded into Redshift")
    if not total:
        raise ValueError("the staging files hold no rows; nothing was loaded into Redshift")
    return total


def load_statements(table: str, path: str, role_arn: str) -> list:
    """Returns the statements that replace the table's rows by the files at `path`."""
    columns = ", ".join(WAREHOUSE)
    # The prefix names Spark's data files only: COPY reads every object that begins with it.
    files = path.rstrip("/") + "/part-"
    return [
        # DELETE, since TRUNCATE would commit at once and show readers an empty table
        f"DELETE FROM {table}",
        f"COPY {table} ({columns}) FROM '{_quoted(files)}' IAM_ROLE '{_quoted(role_arn)}'"
        " FORMAT CSV IGNOREHEADER 1 EMPTYASNULL TIMEFORMAT 'auto'",
    ]


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def run_statements(client, cluster: str, database: str, secret_arn: str, statements: list) -> dict:
    """Runs the statements as one transaction, waits for its end, raises with Redshift's reason."""
    started = client.batch_execute_statement(
        ClusterIdentifier=cluster,
        Database=database,
        SecretArn=secret_arn,
        Sqls=statements,
        ClientToken=str(uuid.uuid4()),  # a repeated request does not run the batch twice
        StatementName="s3_to_redshift",
    )
    deadline = time.monotonic() + POLL_LIMIT_SECONDS
    pause = POLL_FIRST_SECONDS
    while True:
        state = client.describe_statement(Id=started["Id"])
        if state["Status"] == "FINISHED":
            return state
        if state["Status"] in ("FAILED", "ABORTED"):
            raise RuntimeError(f"Redshift load {state['Status']}: {_reason(state)}")
        if time.monotonic() + pause > deadline:
            raise TimeoutError(
                f"Redshift load {started['Id']} is {state['Status']} after {POLL_LIMIT_SECONDS} s"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, POLL_LONGEST_SECONDS)


def _reason(state: dict) -> str:
    parts = [state.get("Error")]
    parts += [part.get("Error") for part in state.get("SubStatements", [])]
    return "; ".join(dict.fromkeys(part for part in parts if part)) or "no reason given"


def main() -> None:
    """Runs the job with the arguments Glue passes."""
    import boto3
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.utils import getResolvedOptions

    args = getResolvedOptions(sys.argv, ARGUMENTS)
    glue = GlueContext(SparkContext.getOrCreate())
    spark = glue.spark_session
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    job = Job(glue)
    job.init(args["JOB_NAME"], args)

    rows = transform(read_staging(spark, args["input_path"]))
    written = write_warehouse(rows, args["output_path"])
    print(f"rows out: {written}, path: {args['output_path']}")
    run_statements(
        boto3.client("redshift-data"),
        args["redshift_cluster"],
        args["redshift_database"],
        args["redshift_secret_arn"],
        load_statements(args["table"], args["output_path"], args["redshift_role_arn"]),
    )
    print(f"loaded {args['table']} on {args['redshift_cluster']}")
    job.commit()


if __name__ == "__main__":
    main()
