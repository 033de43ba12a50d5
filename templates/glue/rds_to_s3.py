"""Glue job: exports the loaded rows of a MySQL table to S3 as CSV.

Guarantees: only rows of loads in state `loaded`; every value as it stands in MySQL; the rows
written are counted against the rows found; running it again replaces the output.
"""

import sys

from pyspark.context import SparkContext
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

ARGUMENTS = ["JOB_NAME", "connection_name", "table", "output_path", "partitions"]
LOG_TABLE = "Load_Log"
PARTITION_COLUMN = "LineNumber"
FETCH_ROWS = 10_000

# The date leaves MySQL as text: through JDBC it would pass the time zone of the JVM, and an
# hour that daylight saving skips there would arrive as another.
SELECTED = (
    "d.LoadId, d.LineNumber, d.InvoiceNo, d.StockCode, d.Description, d.Quantity,"
    " DATE_FORMAT(d.InvoiceDate, '%Y-%m-%d %H:%i:%s') AS InvoiceDate,"
    " d.UnitPrice, d.CustomerID, d.Country"
)

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
    # no _SUCCESS file: everything under the path is data, for crawlers and COPY alike
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}


def jdbc_options(conf: dict) -> dict:
    """Returns Spark's JDBC options for a Glue connection, whichever MySQL driver is there."""
    options = {
        "url": conf.get("fullUrl") or conf["url"],
        "user": conf["user"],
        "password": conf["password"],
        "fetchsize": str(FETCH_ROWS),
        # without it MySQL's own driver ignores the fetch size and holds a whole partition
        "useCursorFetch": "true",
    }
    if str(conf.get("enforceSSL", "false")).lower() == "true":
        options.update(sslMode="REQUIRED", useSSL="true", trustServerCertificate="true")
    return options


def loaded_rows(columns: str, table: str) -> str:
    """Returns a subquery over the rows of finished loads."""
    return (
        f"(SELECT {columns} FROM `{table}` AS d JOIN `{LOG_TABLE}` AS l ON l.LoadId = d.LoadId"
        " WHERE l.State = 'loaded') AS loaded"
    )


def bounds(spark: SparkSession, options: dict, table: str) -> tuple:
    """Returns the lowest and highest line number and the row count; fails on an empty table."""
    line = f"d.{PARTITION_COLUMN}"
    columns = f"MIN({line}) AS low, MAX({line}) AS high, COUNT(*) AS rows_found"
    query = loaded_rows(columns, table)
    found = spark.read.format("jdbc").options(**options, dbtable=query).load().first()
    if not found["rows_found"]:
        raise ValueError(
            f"table {table} holds no row of a finished load: there is nothing to export"
        )
    return int(found["low"]), int(found["high"]), int(found["rows_found"])


def read_table(
    spark: SparkSession, options: dict, table: str, low: int, high: int, partitions: int
) -> DataFrame:
    """Reads the rows over several connections, each with its range of line numbers."""
    return (
        spark.read.format("jdbc")
        .options(
            **options,
            dbtable=loaded_rows(SELECTED, table),
            partitionColumn=PARTITION_COLUMN,
            lowerBound=str(low),
            upperBound=str(high + 1),
            numPartitions=str(partitions),
        )
        .load()
    )


def write_csv(rows: DataFrame, path: str) -> int:
    """Replaces the CSV files at `path` and returns how many rows were written."""
    written = Observation("written")
    counted = rows.observe(written, F.count(F.lit(1)).alias("rows"))
    counted.write.mode("overwrite").options(**CSV_OPTIONS).csv(path)
    return int(written.get["rows"])


def main() -> None:
    """Runs the job with the arguments Glue passes."""
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.utils import getResolvedOptions

    args = getResolvedOptions(sys.argv, ARGUMENTS)
    glue = GlueContext(SparkContext.getOrCreate())
    spark = glue.spark_session
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    job = Job(glue)
    job.init(args["JOB_NAME"], args)

    options = jdbc_options(glue.extract_jdbc_conf(args["connection_name"]))
    low, high, expected = bounds(spark, options, args["table"])
    rows = read_table(spark, options, args["table"], low, high, int(args["partitions"]))
    written = write_csv(rows, args["output_path"])
    if written != expected:
        raise RuntimeError(
            f"{expected} rows were in {args['table']} and {written} were written: "
            "a load finished during the export, run the job again"
        )
    print(f"rows in: {expected}, rows out: {written}, path: {args['output_path']}")
    job.commit()


if __name__ == "__main__":
    main()
