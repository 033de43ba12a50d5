"""Sources of DynamicFrames: tables behind JDBC, read on from the bookmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

VENDORS = ("mysql", "postgresql", "redshift", "sqlserver", "oracle")


def read_jdbc(context: Any, options: Mapping[str, Any], source: str) -> DataFrame:
    """Reads a table; of one with bookmark keys, the rows after the bookmark.

    `source` is the `transformation_ctx`; without one a source has no bookmark.
    """
    reader = context.spark_session.read.format("jdbc")
    frame = reader.options(**_spark_options(context, options)).load()
    if not (source and context.bookmark.is_on):
        return frame
    keys = _words(options.get("jobBookmarkKeys", []))
    if not keys:
        raise NotImplementedError(
            "local Glue does not look for a primary key: name the columns in jobBookmarkKeys"
        )
    is_rising = str(options.get("jobBookmarkKeysSortOrder", "asc")).lower() != "desc"
    return _after_bookmark(context.bookmark, frame, source, keys, is_rising)


def _after_bookmark(
    bookmark: Any, frame: DataFrame, source: str, keys: Sequence[str], is_rising: bool
) -> DataFrame:
    """Keeps the rows between the bookmark and the last row that is there now."""
    if known := bookmark.position(source, keys):
        frame = frame.where(_beyond(frame, keys, known, is_rising))
    last_first = [F.col(key).desc() if is_rising else F.col(key).asc() for key in keys]
    texts = [F.col(key).cast("string").alias(key) for key in keys]
    last = frame.orderBy(*last_first).select(*texts).first()
    if last is None:
        return frame
    end = {key: last[key] for key in keys}
    bookmark.advance(source, end)
    # what is added while the job runs is left to the next run
    return frame.where(~_beyond(frame, keys, end, is_rising))


def _beyond(
    frame: DataFrame, keys: Sequence[str], values: Mapping[str, str], is_rising: bool
) -> Column:
    """Compares the compound key with some values, the first key first."""
    types = {field.name: field.dataType for field in frame.schema}
    conditions = []
    for place, key in enumerate(keys):
        value = F.lit(values[key]).cast(types[key])
        further = F.col(key) > value if is_rising else F.col(key) < value
        equal = [F.col(other) == F.lit(values[other]).cast(types[other]) for other in keys[:place]]
        conditions.append(reduce(Column.__and__, [*equal, further]))
    return reduce(Column.__or__, conditions)


def _spark_options(context: Any, options: Mapping[str, Any]) -> dict[str, str]:
    """Returns what Spark's own reader takes."""
    if str(options.get("useConnectionProperties", "false")).lower() == "true":
        conf = context.extract_jdbc_conf(options["connectionName"])
        place = {"url": conf["fullUrl"], "user": conf["user"], "password": conf["password"]}
        if str(conf.get("enforceSSL", "false")).lower() == "true":
            place |= {"useSSL": "true", "trustServerCertificate": "true"}
    else:
        place = {name: str(options[name]) for name in ("url", "user", "password")}
    return {**place, "dbtable": str(options["dbtable"])}


def _words(value: Any) -> list[str]:
    return value.split(",") if isinstance(value, str) else list(value)
