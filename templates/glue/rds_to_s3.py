"""Glue job: exports the loads of a MySQL table to S3, each load once.

Below `output_path` lie folders `load_id=7/year=2010/month=12`. Beside it lies the list of loads,
`OUTPUT_PATH.loads.json`: it says which loads have all their files, and the second job goes by it.
A load is exported if the job bookmark has not seen it yet or if the list lacks it, so a load
that finished after one with a higher number is not lost, and a reset bookmark exports all again.

Guarantees: only rows of loads in state `loaded`; every value as it stands in MySQL; the rows
written are counted against the rows found; a load whose files may be wrong is not complete in
the list; after a run that died halfway the next one leaves the files that one run would have left.
"""

import json
import sys
from collections import namedtuple

from pyspark.context import SparkContext
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

ARGUMENTS = ["JOB_NAME", "connection_name", "table", "output_path", "partitions"]
FORMATS = ("csv", "parquet")
LOG_TABLE = "Load_Log"
BOOKMARK_KEY = "LoadId"
PARTITIONED = ["load_id", "year", "month"]
FETCH_ROWS = 10_000

# The date leaves MySQL as text: through JDBC it would pass the time zone of the JVM, and an
# hour that daylight saving skips there would arrive as another.
SELECTED = (
    "LoadId, LineNumber, InvoiceNo, StockCode, Description, Quantity,"
    " DATE_FORMAT(InvoiceDate, '%Y-%m-%d %H:%i:%s') AS InvoiceDate,"
    " UnitPrice, CustomerID, Country"
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
    "compression": "gzip",
}
WRITE_OPTIONS = {
    "csv": CSV_OPTIONS,
    "parquet": {"compression": "snappy"},
}
COMMON_OPTIONS = {
    # folders of other loads stay, and a folder that a dead run left is replaced
    "partitionOverwriteMode": "dynamic",
    # no _SUCCESS file: everything under the path is data, for crawlers and Athena alike
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
# the 12-byte timestamps that are Spark's default are deprecated, and not every reader takes them
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}

Load = namedtuple("Load", ["load_id", "low", "high", "rows"])


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


def loaded_ids(spark: SparkSession, options: dict) -> set:
    """Returns the numbers of all finished loads that nothing has superseded."""
    query = f"(SELECT LoadId FROM `{LOG_TABLE}` WHERE State = 'loaded') AS finished"
    found = spark.read.format("jdbc").options(**options, dbtable=query).load()
    return {int(row["LoadId"]) for row in found.collect()}


def newest_start(glue, connection_name: str):
    """Returns the lowest load that the bookmark has not seen, or None.

    Only the log is read, one row a load. The bookmark moves on when the job is committed.
    """
    frame = glue.create_dynamic_frame.from_options(
        connection_type="mysql",
        connection_options={
            "useConnectionProperties": "true",
            "connectionName": connection_name,
            "dbtable": LOG_TABLE,
            "jobBookmarkKeys": [BOOKMARK_KEY],
            "jobBookmarkKeysSortOrder": "asc",
        },
        transformation_ctx="load_log",
    ).toDF()
    if BOOKMARK_KEY not in frame.columns:  # an empty DynamicFrame has no columns
        return None
    return frame.agg(F.min(BOOKMARK_KEY).alias("low")).first()["low"]


def to_export(loaded: set, complete: dict, file_format: str, start) -> list:
    """Returns the loads that are new for the bookmark, or missing, or written in another format."""
    done = {load for load, about in complete.items() if about["format"] == file_format}
    newer = {load for load in loaded if start is not None and load >= int(start)}
    return sorted((loaded - done) | newer)


def measured(spark: SparkSession, options: dict, table: str, wanted: list) -> list:
    """Returns the key range and the row count of each wanted load, also of those without rows."""
    numbers = ", ".join(str(load) for load in wanted)
    query = (
        "(SELECT LoadId, MIN(LineNumber) AS low, MAX(LineNumber) AS high, COUNT(*) AS rows_found"
        f" FROM `{table}` WHERE LoadId IN ({numbers}) GROUP BY LoadId) AS measured"
    )
    found = spark.read.format("jdbc").options(**options, dbtable=query).load().collect()
    known = {
        int(row["LoadId"]): (int(row["low"]), int(row["high"]), int(row["rows_found"]))
        for row in found
    }
    return [Load(load, *known.get(load, (1, 0, 0))) for load in wanted]


def key_ranges(loads: list, partitions: int) -> list:
    """Cuts the loads into as many key ranges of about equal length, one for each connection.

    A key is (LoadId, LineNumber), so each condition is a range of the table's primary key.
    """
    lines = sum(load.high - load.low + 1 for load in loads)
    length = max(1, -(-lines // partitions))
    ranges, room = [[]], length
    for load in loads:
        low = load.low
        while low <= load.high:
            if not room:
                ranges.append([])
                room = length
            high = min(load.high, low + room - 1)
            ranges[-1].append(
                f"(LoadId = {load.load_id} AND LineNumber BETWEEN {low} AND {high})"
            )
            room -= high - low + 1
            low = high + 1
    return [" OR ".join(conditions) for conditions in ranges if conditions]


def read_table(spark: SparkSession, options: dict, table: str, ranges: list) -> DataFrame:
    """Reads the rows over several connections, each with its key range."""
    rest = {name: value for name, value in options.items() if name != "url"}
    query = f"(SELECT {SELECTED} FROM `{table}`) AS loaded"
    return spark.read.jdbc(options["url"], query, predicates=ranges, properties=rest)


def partitioned(rows: DataFrame) -> DataFrame:
    """Gives the date its type and adds the columns that become folders."""
    moment = F.to_timestamp("InvoiceDate", "yyyy-MM-dd HH:mm:ss")
    return rows.withColumn("InvoiceDate", moment).withColumns(
        {
            "load_id": F.col("LoadId"),
            "year": F.year("InvoiceDate"),
            "month": F.month("InvoiceDate"),
        }
    )


def write_loads(rows: DataFrame, path: str, file_format: str) -> int:
    """Replaces the folders of the loads in `rows` and returns how many rows were written."""
    written = Observation("written")
    counted = rows.observe(written, F.count(F.lit(1)).alias("rows"))
    writer = counted.write.mode("overwrite").partitionBy(*PARTITIONED).format(file_format)
    writer.options(**WRITE_OPTIONS[file_format], **COMMON_OPTIONS).save(path)
    return int(written.get["rows"])


def loads_path(path: str) -> str:
    """Returns where the list of loads lies: beside the folder, so that no crawler meets it."""
    return path.rstrip("/") + ".loads.json"


def _hadoop(spark: SparkSession, path: str) -> tuple:
    place = spark._jvm.org.apache.hadoop.fs.Path(path)
    return place.getFileSystem(spark._jsc.hadoopConfiguration()), place


def read_loads(spark: SparkSession, path: str) -> dict:
    """Returns the listed loads; a list that is damaged counts as empty, and all is exported."""
    files, place = _hadoop(spark, loads_path(path))
    if not files.exists(place):
        return {}
    text = spark.read.text(loads_path(path), wholetext=True).first()
    try:
        return {int(load): about for load, about in json.loads(text["value"])["loads"].items()}
    except (TypeError, ValueError, KeyError):
        return {}


def write_loads_list(spark: SparkSession, path: str, listed: dict) -> None:
    """Writes the list in one piece."""
    loads = {str(load): listed[load] for load in sorted(listed)}
    files, place = _hadoop(spark, loads_path(path))
    stream = files.create(place, True)
    stream.write(bytearray(json.dumps({"loads": loads}).encode()))
    stream.close()


def children(spark: SparkSession, path: str) -> dict:
    """Returns what lies right below `path`, by name."""
    files, place = _hadoop(spark, path)
    found = files.listStatus(place) if files.exists(place) else []
    return {status.getPath().getName(): status.getPath() for status in found}


def complete_loads(listed: dict, folders: dict) -> dict:
    """Returns the loads that have all their files; of one the folder may have been removed."""
    return {
        load: about
        for load, about in listed.items()
        if about["complete"] and (not about["rows"] or f"load_id={load}" in folders)
    }


def sweep(spark: SparkSession, path: str, complete: dict) -> list:
    """Removes all below `path` that is no folder of a complete load; returns the names."""
    files, _ = _hadoop(spark, path)
    kept = {f"load_id={load}" for load in complete}
    gone = {name: child for name, child in children(spark, path).items() if name not in kept}
    for child in gone.values():
        files.delete(child, True)
    return sorted(gone)


def export(spark: SparkSession, options: dict, args: dict, loaded: set, start) -> None:
    """Writes what is to be exported, then the list, then removes what is superseded."""
    path, file_format = args["output_path"], args["format"]
    listed = read_loads(spark, path)
    complete = complete_loads(listed, children(spark, path))
    wanted = to_export(loaded, complete, file_format, start)
    kept = {load: complete[load] for load in complete if load in loaded and load not in wanted}
    loads = measured(spark, options, args["table"], wanted) if wanted else []
    expected = sum(load.rows for load in loads)
    if again := {load for load in wanted if load in listed}:
        # listed still, so that nobody takes them for superseded, but wrong until the end
        marked = {load: {**listed[load], "complete": False} for load in again}
        write_loads_list(spark, path, {**listed, **marked})
    if expected:
        ranges = key_ranges(loads, int(args["partitions"]))
        rows = partitioned(read_table(spark, options, args["table"], ranges))
        written = write_loads(rows, path, file_format)
        if written != expected:
            raise RuntimeError(
                f"{expected} rows were in {args['table']} and {written} were written:"
                " a load was superseded during the export, run the job again"
            )
    for load in loads:
        kept[load.load_id] = {"rows": load.rows, "format": file_format, "complete": True}
    if kept != listed:
        write_loads_list(spark, path, kept)
    gone = sweep(spark, path, kept)
    if not wanted:
        print(f"nothing new: all {len(loaded)} finished loads are at {path}")
    else:
        print(f"rows in: {expected}, rows out: {expected}, loads: {len(wanted)}, path: {path}")
    if gone:
        print(f"removed: {', '.join(gone)}")


def optional(argv: list, name: str, default: str) -> str:
    """Returns an argument that may be left out."""
    from awsglue.utils import getResolvedOptions

    is_given = any(word == f"--{name}" or word.startswith(f"--{name}=") for word in argv)
    return getResolvedOptions(argv, [name])[name] if is_given else default


def main() -> None:
    """Runs the job with the arguments Glue passes."""
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.utils import getResolvedOptions

    args = getResolvedOptions(sys.argv, ARGUMENTS)
    args["format"] = optional(sys.argv, "format", FORMATS[0])
    if args["format"] not in FORMATS:
        raise ValueError(f"--format is {args['format']}, which is neither of {', '.join(FORMATS)}")
    glue = GlueContext(SparkContext.getOrCreate())
    spark = glue.spark_session
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    job = Job(glue)
    job.init(args["JOB_NAME"], args)

    options = jdbc_options(glue.extract_jdbc_conf(args["connection_name"]))
    start = newest_start(glue, args["connection_name"])
    loaded = loaded_ids(spark, options)
    if not loaded:
        raise ValueError(f"{LOG_TABLE} holds no finished load: there is nothing to export")
    export(spark, options, args, loaded, start)
    job.commit()


if __name__ == "__main__":
    main()
