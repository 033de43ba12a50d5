"""The shim answers as Glue does."""

import pytest
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
