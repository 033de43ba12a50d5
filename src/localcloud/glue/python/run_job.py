"""Runs a Glue script on local Spark, with `s3://` mapped to plain files.

A bucket is the folder ROOT/BUCKET and an object the file ROOT/BUCKET/KEY. With `--master` the
job is handed to an existing Spark cluster, whose machines must see the same folder under the same
path. The process ends with 0 if the script ended normally, else with 1 and one line in the error
file.
"""

from __future__ import annotations

import argparse
import os
import runpy
import shlex
import sys
import traceback
from pathlib import Path

_VIEW = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
_RAW = "org.apache.hadoop.fs.RawLocalFileSystem"
_JVM = (
    "-Duser.timezone=UTC -Dfile.encoding=UTF-8 -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
    " -XX:+IgnoreUnrecognizedVMOptions -Xshare:auto"
)


def spark_confs(options: argparse.Namespace) -> dict[str, str]:
    """Returns every Spark setting of a local job; `--conf` wins over them."""
    confs = {
        "spark.master": options.master or f"local[{options.cores}]",
        "spark.app.name": options.name,
        "spark.driver.memory": options.memory,
        "spark.driver.extraJavaOptions": _JVM,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(options.cores * 2),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": os.path.join(os.path.abspath(options.scratch), "warehouse"),
        **s3_confs(options.s3_root),
    }
    if is_here(options.master):
        # elsewhere the executors must find the driver under the address that Spark chooses
        confs |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if options.driver_jar:
        # on the class path of the JVM, not only in spark.jars, which DriverManager does not see
        confs["spark.driver.extraClassPath"] = os.pathsep.join(options.driver_jar)
        if options.master:
            confs["spark.jars"] = ",".join(options.driver_jar)
    if options.master:
        confs["spark.executor.extraJavaOptions"] = "-Duser.timezone=UTC -Dfile.encoding=UTF-8"
    if options.event_log:
        os.makedirs(options.event_log, exist_ok=True)
        confs |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": options.event_log}
    confs |= dict(pair.split("=", 1) for pair in options.conf)
    return confs


def is_here(master: str | None) -> bool:
    """Says whether all of Spark runs on this machine."""
    return not master or master.startswith("local")


def s3_confs(root: str) -> dict[str, str]:
    """Maps `s3://` and `s3a://` to the folders under `root`, one mount a bucket."""
    confs = {"spark.hadoop.fs.file.impl": _RAW}
    for scheme in ("s3", "s3a"):
        confs[f"spark.hadoop.fs.{scheme}.impl"] = _VIEW
        confs[f"spark.hadoop.fs.viewfs.overload.scheme.target.{scheme}.impl"] = _RAW
    for bucket in sorted(os.listdir(root)):
        folder = os.path.join(os.path.abspath(root), bucket)
        if os.path.isdir(folder) and not bucket.startswith("."):
            confs[f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback"] = Path(
                folder
            ).as_uri()
    return confs


def submit_arguments(confs: dict[str, str]) -> str:
    """Returns the confs as PySpark takes them from the environment when it starts the JVM."""
    words = [word for key, value in confs.items() for word in ("--conf", f"{key}={value}")]
    return shlex.join([*words, "pyspark-shell"])


def parse(argv: list[str]) -> argparse.Namespace:
    """Reads our own options; all after `--` belongs to the job."""
    parser = argparse.ArgumentParser(prog="run_job", description=__doc__)
    parser.add_argument("--script", required=True)
    parser.add_argument("--s3-root", required=True)
    parser.add_argument("--scratch", required=True, help="folder for Spark's own files")
    parser.add_argument("--name", default="glue-job")
    parser.add_argument("--driver-jar", action="append", default=[])
    parser.add_argument(
        "--py-files", action="append", default=[], help="folders or zips to import from"
    )
    parser.add_argument("--master", help="a Spark cluster; without it Spark runs in this process")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--memory", default="1g")
    parser.add_argument("--event-log", help="folder for Spark UI logs")
    parser.add_argument("--error-file", help="receives the last error as one line")
    parser.add_argument("--conf", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("job_args", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    given = dict(pair.split("=", 1) for pair in options.conf)
    options.master = given.get("spark.master", options.master)
    return options


def run(options: argparse.Namespace) -> int:
    """Runs the script as Glue does, in this process, and returns the exit code."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:0] = [here, *options.py_files]
    os.environ["PYSPARK_SUBMIT_ARGS"] = submit_arguments(spark_confs(options))
    os.environ["SPARK_LOCAL_DIRS"] = os.path.abspath(options.scratch)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if is_here(options.master):
        # the driver's own address, so that no name lookup of this machine can delay or fail
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    job_args = options.job_args[1:] if options.job_args[:1] == ["--"] else options.job_args
    sys.argv = [options.script, *job_args]
    try:
        runpy.run_path(options.script, run_name="__main__")
    except SystemExit as end:
        if end.code in (None, 0):
            return 0
        _report(options.error_file, f"SystemExit: {end.code}")
    except Exception as error:
        traceback.print_exc()
        _report(options.error_file, f"{type(error).__name__}: {error}")
    else:
        return 0
    return 1


def _report(path: str | None, message: str) -> None:
    """Writes the first lines of an error as one line; a JVM stack trace helps nobody here."""
    line = " ".join(
        part.strip() for part in message.split("\n\tat ")[0].splitlines() if part.strip()
    )
    print(line[:2000], file=sys.stderr)
    if path:
        with open(path, "w", encoding="utf-8") as file:
            file.write(line[:2000] + "\n")


if __name__ == "__main__":
    sys.exit(run(parse(sys.argv[1:])))
