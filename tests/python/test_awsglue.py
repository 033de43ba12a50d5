"""The shim answers as Glue does."""

import json
import os
import sys

import mysql_server
import pytest
from awsglue.bookmarks import Bookmark
from awsglue.job import Job
from awsglue.utils import GlueArgumentError, getResolvedOptions
from run_job import parse, s3_confs, spark_confs


def test_options_are_taken_in_both_forms_and_others_ignored():
    argv = [
        "s.py",
        "--JOB_NAME",
        "j",
        "--table=t=1",
        "--job-bookmark-option",
        "job-bookmark-enable",
        "--extra",
    ]
    assert getResolvedOptions(argv, ["JOB_NAME", "table"]) == {"JOB_NAME": "j", "table": "t=1"}


def test_names_are_matched_whole_and_missing_ones_named():
    with pytest.raises(GlueArgumentError, match="missing job arguments: --table, --path"):
        getResolvedOptions(["s.py", "--tab", "x", "--table_name", "y"], ["table", "path"])


def test_a_name_without_a_value_is_an_error():
    with pytest.raises(GlueArgumentError, match="--table has no value"):
        getResolvedOptions(["s.py", "--table"], ["table"])


def test_commit_needs_init():
    job = Job(None)
    with pytest.raises(RuntimeError, match="before Job.init"):
        job.commit()
    job.init("j", {})
    job.commit()
    assert job.committed


def test_buckets_are_mounted_and_given_confs_win(tmp_path):
    (tmp_path / "a-bucket").mkdir()
    (tmp_path / ".meta").mkdir()
    mounts = [key for key in s3_confs(str(tmp_path)) if "mounttable" in key]
    assert mounts == ["spark.hadoop.fs.viewfs.mounttable.a-bucket.linkFallback"]
    options = parse(
        [
            "--script",
            "s",
            "--s3-root",
            str(tmp_path),
            "--scratch",
            "x",
            "--conf",
            "spark.ui.enabled=true",
            "--",
            "--a",
            "b",
        ]
    )
    assert spark_confs(options)["spark.ui.enabled"] == "true"
    assert options.job_args[-2:] == ["--a", "b"]


def test_a_job_is_handed_to_a_cluster(tmp_path):
    given = ["--script", "s", "--s3-root", str(tmp_path), "--scratch", "x", "--driver-jar", "/j"]
    here = spark_confs(parse(given))
    assert here["spark.master"] == "local[2]" and here["spark.driver.host"] == "127.0.0.1"
    there = spark_confs(parse([*given, "--master", "spark://host:7077"]))
    assert there["spark.master"] == "spark://host:7077"
    assert "spark.driver.host" not in there, "executors elsewhere could not find the driver"
    assert there["spark.jars"] == "/j"
    by_argument = spark_confs(parse([*given, "--conf", "spark.master=spark://other:7077"]))
    assert by_argument["spark.master"] == "spark://other:7077"
    assert "spark.driver.host" not in by_argument


def test_a_bookmark_moves_on_only_with_a_commit(tmp_path):
    path = tmp_path / "bookmark.json"
    committed = tmp_path / "bookmark.json.committed"
    path.write_text(json.dumps({"a": {"Id": "7"}, "b": {"Id": "1"}}))
    bookmark = Bookmark(str(path), "job-bookmark-enable")
    assert bookmark.position("a", ["Id"]) == {"Id": "7"}
    assert bookmark.position("a", ["Other"]) is None and bookmark.position("c", ["Id"]) is None
    bookmark.advance("a", {"Id": "9"})
    assert not committed.exists()
    bookmark.commit()
    assert json.loads(committed.read_text()) == {"a": {"Id": "9"}, "b": {"Id": "1"}}


@pytest.mark.parametrize(
    ("option", "is_on"), [("job-bookmark-pause", True), ("job-bookmark-disable", False)]
)
def test_a_paused_bookmark_is_read_and_stays(tmp_path, monkeypatch, option, is_on):
    path = tmp_path / "bookmark.json"
    path.write_text('{"a": {"Id": "7"}}')
    monkeypatch.setenv("STACK_GLUE_BOOKMARK", str(path))
    monkeypatch.setattr(sys, "argv", ["s.py", "--job-bookmark-option", option])
    bookmark = Bookmark.of_this_run()
    assert bookmark.is_on is is_on
    bookmark.advance("a", {"Id": "9"})
    bookmark.commit()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not mysql_server.jdbc_jar(), reason="there is no JDBC driver for MySQL")
@pytest.mark.parametrize(("order", "second"), [("asc", [(2, 9), (3, 1)]), ("desc", [(0, 5)])])
def test_a_table_is_read_on_from_the_bookmark(
    spark, mysql, mysql_database, tmp_path, monkeypatch, order, second
):
    from awsglue.context import GlueContext

    def rows(*keys):
        with mysql.cursor() as cursor:
            for load, line in keys:
                cursor.execute(
                    "INSERT INTO Uk_Ecommerce_Data VALUES"
                    " (%s, %s, 'i', 's', 'd', 1, '2011-03-27 01:30:00', 1, NULL, 'c')",
                    (load, line),
                )

    path = tmp_path / "bookmark.json"
    monkeypatch.setenv("STACK_GLUE_BOOKMARK", str(path))
    monkeypatch.setattr(sys, "argv", ["s.py", "--job-bookmark-option=job-bookmark-enable"])
    port, name = os.environ["STACK_TEST_MYSQL_PORT"], mysql_database[1]
    options = {
        "url": f"jdbc:mysql://{os.environ.get('STACK_TEST_MYSQL_HOST', '127.0.0.1')}:{port}/{name}",
        "user": os.environ.get("STACK_TEST_MYSQL_USER", "root"),
        "password": os.environ.get("STACK_TEST_MYSQL_PASSWORD", ""),
        "dbtable": "Uk_Ecommerce_Data",
        "jobBookmarkKeys": ["LoadId", "LineNumber"],
        "jobBookmarkKeysSortOrder": order,
    }

    def read(commits, meanwhile=()):
        glue = GlueContext(spark.sparkContext)
        job = Job(glue)
        job.init("j", {})
        source = glue.create_dynamic_frame.from_options("mysql", options, transformation_ctx="t")
        rows(*meanwhile)
        found = source.toDF().select("LoadId", "LineNumber").collect()
        if commits:
            job.commit()
            (tmp_path / "bookmark.json.committed").replace(path)
        return sorted(map(tuple, found))

    rows((1, 2), (2, 3))
    assert read(commits=False) == [(1, 2), (2, 3)]
    late = second[:1]
    assert read(commits=True, meanwhile=late) == [(1, 2), (2, 3)], "the late row is left"
    rows(*second[1:])
    assert read(commits=True) == second
    assert read(commits=True) == []


def test_what_glue_has_and_this_has_not_says_so(spark):
    from awsglue.context import GlueContext

    with pytest.raises(NotImplementedError, match="type s3: use spark_session.read"):
        GlueContext(spark.sparkContext).create_dynamic_frame.from_options("s3", {"paths": []})
