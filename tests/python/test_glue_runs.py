"""Runs of both Glue scripts one after the other, on local Spark with a real MySQL server.

Redshift is a stand-in that takes the statements of one transaction and reads the same files.
"""

import csv
import gzip
import json
import os
import re
import shutil
import sys
from decimal import Decimal
from pathlib import Path

import mysql_server
import pytest

pytest.importorskip("pyspark")

import rds_to_s3  # noqa: E402
import s3_to_redshift  # noqa: E402

pytestmark = pytest.mark.skipif(
    not mysql_server.jdbc_jar(), reason="there is no JDBC driver for MySQL"
)


class FakeRedshift:
    """A table that holds (load, line); `dies` makes a transaction fail at its end."""

    def __init__(self):
        self.rows = []
        self.transactions = 0
        self.dies = False

    def rows_per_load(self, table):
        loads = [load for load, _ in self.rows]
        return {load: loads.count(load) for load in loads}

    def run(self, statements):
        rows, staged = list(self.rows), []
        for statement in statements:
            if statement.startswith("COPY"):
                staged = self.copied(re.search(r"FROM '([^']+)'", statement).group(1))
            elif found := re.search(r"DELETE .* IN \(([\d, ]+)\)$", statement):
                gone = {int(load) for load in found.group(1).split(",")}
                rows = [row for row in rows if row[0] not in gone]
            elif statement.startswith("DELETE"):
                gone = {load for load, _ in staged}
                rows = [row for row in rows if row[0] not in gone]
            elif statement.startswith("INSERT"):
                rows += staged
        if self.dies:
            raise RuntimeError("Redshift load FAILED: killed")
        self.rows = sorted(rows)
        self.transactions += 1

    @staticmethod
    def copied(manifest):
        entries = json.loads(Path(manifest).read_text())["entries"]
        found = []
        for entry in entries:
            path = Path(entry["url"])
            assert entry["mandatory"] and entry["meta"]["content_length"] == path.stat().st_size
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                found += [(int(row[0]), int(row[1])) for row in list(csv.reader(file))[1:]]
        return found


class World:
    """The two jobs with their arguments, and what they leave."""

    def __init__(self, spark, mysql, name, tmp_path, monkeypatch):
        from awsglue.context import GlueContext

        host = os.environ.get("STACK_TEST_MYSQL_HOST", "127.0.0.1")
        self.conf = {
            "fullUrl": f"jdbc:mysql://{host}:{os.environ['STACK_TEST_MYSQL_PORT']}/{name}",
            "user": os.environ.get("STACK_TEST_MYSQL_USER", "root"),
            "password": os.environ.get("STACK_TEST_MYSQL_PASSWORD", ""),
        }
        self.spark, self.mysql, self.redshift = spark, mysql, FakeRedshift()
        self.staging, self.warehouse = tmp_path / "Output", tmp_path / "Warehouse"
        self.bookmark = tmp_path / "bookmark.json"
        self.glue = GlueContext(spark.sparkContext)
        monkeypatch.setattr(self.glue, "extract_jdbc_conf", lambda _: self.conf)
        monkeypatch.setenv("STACK_GLUE_BOOKMARK", str(self.bookmark))
        monkeypatch.setattr(
            sys, "argv", ["job.py", "--job-bookmark-option", "job-bookmark-enable"]
        )
        for setting, value in rds_to_s3.SETTINGS.items():
            spark.conf.set(setting, value)

    def load(self, load, rows, state="loaded"):
        with self.mysql.cursor() as cursor:
            cursor.execute(
                "INSERT INTO Load_Log (LoadId, Bucket, ObjectKey, VersionId, State, StartedAt)"
                " VALUES (%s, 'b', 'k', %s, %s, NOW())",
                (load, str(load), state),
            )
            for line in range(2, rows + 2):
                cursor.execute(
                    "INSERT INTO Uk_Ecommerce_Data VALUES"
                    " (%s, %s, 'i', 's', 'd', -1, %s, 0.001, NULL, 'c')",
                    (load, line, f"2011-0{1 + line % 3}-27 01:30:00"),
                )

    def move(self, load, state):
        with self.mysql.cursor() as cursor:
            cursor.execute("UPDATE Load_Log SET State = %s WHERE LoadId = %s", (state, load))
            if state == "superseded":
                cursor.execute("DELETE FROM Uk_Ecommerce_Data WHERE LoadId = %s", (load,))

    def export(self, file_format="csv"):
        from awsglue.job import Job

        job = Job(self.glue)
        job.init("export", {})
        options = rds_to_s3.jdbc_options(self.conf)
        start = rds_to_s3.newest_start(self.glue, "rds")
        loaded = rds_to_s3.loaded_ids(self.spark, options)
        args = {
            "output_path": f"{self.staging}/",
            "format": file_format,
            "table": "Uk_Ecommerce_Data",
            "partitions": "3",
        }
        rds_to_s3.export(self.spark, options, args, loaded, start)
        job.commit()
        # what the local cloud does after a run
        self.bookmark.write_text(self.bookmark.with_name("bookmark.json.committed").read_text())

    def merge(self):
        args = {
            "input_path": f"{self.staging}/",
            "output_path": f"{self.warehouse}/",
            "redshift_role_arn": "arn:aws:iam::1:role/r",
            "table": "sales",
            "format": "csv",
            "reload": "false",
        }
        s3_to_redshift.merge(self.spark, self.redshift, args)

    def files(self):
        return set(self.staging.rglob("part-*"))

    def staged(self):
        """Reads (load, line) from the files themselves."""
        found = []
        for path in self.files():
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                found += [(int(row[0]), int(row[1])) for row in list(csv.reader(file))[1:]]
        return sorted(found)


def lines(*loads):
    return [(load, line) for load, rows in loads for line in range(2, rows + 2)]


@pytest.fixture
def world(spark, mysql, mysql_database, tmp_path, monkeypatch):
    return World(spark, mysql, mysql_database[1], tmp_path, monkeypatch)


def test_a_second_load_is_added_and_the_first_not_touched(world):
    world.load(1, 9)
    world.load(2, 4, "running")
    world.export()
    world.merge()
    first = world.files()
    assert world.staged() == lines((1, 9)) == world.redshift.rows
    assert {str(path.parent.relative_to(world.staging)) for path in first} == {
        f"load_id=1/year=2011/month={month}" for month in (1, 2, 3)
    }

    world.load(3, 5)
    world.export()
    world.merge()
    assert world.staged() == lines((1, 9), (3, 5)) == world.redshift.rows
    assert first < world.files()

    # load 2 has a lower number than what the bookmark has passed
    world.move(2, "loaded")
    world.export()
    world.merge()
    assert world.staged() == lines((1, 9), (2, 4), (3, 5)) == world.redshift.rows


def test_a_run_with_nothing_new_writes_nothing(world, capsys):
    world.load(1, 3)
    world.export()
    world.merge()
    before = world.files()
    world.export()
    world.merge()
    said = capsys.readouterr().out
    assert "nothing new: all 1 finished loads are at" in said
    assert "nothing new: sales has all 1 loads" in said
    assert world.files() == before and world.redshift.transactions == 1


def test_a_superseded_load_disappears(world):
    world.load(1, 9)
    world.load(2, 3)
    world.export()
    world.merge()
    world.load(4, 6)
    world.move(1, "superseded")
    world.export()
    world.merge()
    assert world.staged() == lines((2, 3), (4, 6)) == world.redshift.rows
    assert not (world.staging / "load_id=1").exists()
    assert not (world.warehouse / "load=1").exists()


def test_a_retry_after_a_partial_write_leaves_what_one_run_leaves(world, monkeypatch):
    world.load(1, 9)
    world.export()
    world.load(2, 9)
    write = rds_to_s3.write_loads

    def dying(rows, path, file_format):
        write(rows, path, file_format)
        # one partition did not come to be, another has the files of a dead attempt beside it
        kept, gone = sorted((world.staging / "load_id=2").rglob("part-*"))[:2]
        gone.unlink()
        kept.with_name("part-dead.csv.gz").write_bytes(kept.read_bytes())
        (world.staging / ".spark-staging-dead").mkdir()
        raise RuntimeError("killed")

    monkeypatch.setattr(rds_to_s3, "write_loads", dying)
    with pytest.raises(RuntimeError, match="killed"):
        world.export()
    assert list(s3_to_redshift.read_loads(world.spark, str(world.staging))) == [1]
    monkeypatch.setattr(rds_to_s3, "write_loads", write)
    world.export()
    assert world.staged() == lines((1, 9), (2, 9))
    assert not (world.staging / ".spark-staging-dead").exists()


def test_a_dead_second_export_of_a_load_takes_it_from_nobody(world, monkeypatch):
    world.load(1, 9)
    world.export()
    world.merge()
    world.bookmark.write_text("{}")  # as after ResetJobBookmark
    write = rds_to_s3.write_loads

    def dying(*_):
        raise RuntimeError("killed")

    monkeypatch.setattr(rds_to_s3, "write_loads", dying)
    with pytest.raises(RuntimeError, match="killed"):
        world.export()
    world.merge()
    assert world.redshift.rows == lines((1, 9))
    monkeypatch.setattr(rds_to_s3, "write_loads", write)
    before = world.files()
    world.export()
    assert world.staged() == lines((1, 9)) and not before & world.files()


def test_a_load_that_dies_before_its_commit_leaves_the_old_rows_and_is_repeated(world):
    world.load(1, 9)
    world.export()
    world.merge()
    world.load(2, 3)
    world.move(1, "superseded")
    world.export()
    world.redshift.dies = True
    with pytest.raises(RuntimeError, match="killed"):
        world.merge()
    assert world.redshift.rows == lines((1, 9))
    world.redshift.dies = False
    world.merge()
    assert world.redshift.rows == lines((2, 3))


def test_rows_that_came_twice_are_put_right(world):
    world.load(1, 3)
    world.export()
    world.redshift.rows = lines((1, 3)) * 2
    world.merge()
    assert world.redshift.rows == lines((1, 3))


def test_another_format_and_a_lost_folder_are_exported_again(world):
    world.load(1, 9)
    world.load(2, 9)
    world.export()
    world.export("parquet")
    assert {path.suffix for path in world.files()} == {".parquet"}
    shutil.rmtree(world.staging / "load_id=2")
    world.export("parquet")
    assert world.spark.read.parquet(str(world.staging)).count() == 18


def test_a_load_that_changes_during_the_export_fails_the_run(world, monkeypatch):
    world.load(1, 9)
    measured = rds_to_s3.measured

    def then_deleted(*args):
        found = measured(*args)
        world.move(1, "superseded")
        return found

    monkeypatch.setattr(rds_to_s3, "measured", then_deleted)
    with pytest.raises(RuntimeError, match="9 rows were in .* and 0 were written"):
        world.export()


def test_mysql_is_read_as_it_is_over_several_connections(world):
    texts = [" two  ends ", 'a "quote"', "pound \xa3", "back\\slash\\", "x\ny", "#hash", "", "null"]
    world.load(1, 0)
    with world.mysql.cursor() as cursor:
        for line, text in enumerate(texts, 2):
            cursor.execute(
                "INSERT INTO Uk_Ecommerce_Data VALUES"
                " (1, %s, 'i', 's', %s, -1, '2011-03-27 01:30:00', 0.001, NULL, 'c')",
                (line, text),
            )
    options = rds_to_s3.jdbc_options(world.conf)
    loads = rds_to_s3.measured(world.spark, options, "Uk_Ecommerce_Data", [1, 5])
    assert loads == [rds_to_s3.Load(1, 2, 9, 8), rds_to_s3.Load(5, 1, 0, 0)]
    ranges = rds_to_s3.key_ranges(loads, 3)
    rows = rds_to_s3.read_table(world.spark, options, "Uk_Ecommerce_Data", ranges)
    assert rows.rdd.getNumPartitions() == 3
    found = rows.orderBy("LineNumber").collect()
    assert [row.Description for row in found] == texts
    assert {(row.InvoiceDate, row.UnitPrice, row.CustomerID) for row in found} == {
        ("2011-03-27 01:30:00", Decimal("0.0010"), None)
    }
