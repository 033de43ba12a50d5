"""The Glue scripts' pure parts on local Spark, without Glue."""

import datetime as dt
import os
from decimal import Decimal

import mysql_server
import pytest

pytest.importorskip("pyspark")

import rds_to_s3  # noqa: E402
import s3_to_redshift as job  # noqa: E402

NASTY = [
    "plain",
    " two  ends ",
    'a "quote"',
    '"',
    '""',
    "pound \xa3",
    "back\\slash\\",
    "a,b",
    "x\ny",
    "x\r\ny",
    "#hash",
    "'",
    "\\N",
    "null",
    None,
]


def staging(
    spark, day="2010-12-01 08:26:00", text="WHITE", quantity=6, price="2.5500", invoice="536365"
):
    moment = dt.datetime.fromisoformat(day).replace(tzinfo=dt.timezone.utc)
    row = (1, 2, invoice, "85123A", text, quantity, moment, Decimal(price), None, "EIRE")
    return spark.createDataFrame([row], job.STAGING)


def first(frame):
    return frame.first().asDict()


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2010-12-01 08:26:00", ("Wednesday", "December", 12, 4, 48, "Winter", 2010)),
        ("2011-01-01 00:00:00", ("Saturday", "January", 1, 1, 52, "Winter", 2011)),
        ("2011-03-27 01:30:00", ("Sunday", "March", 3, 1, 12, "Spring", 2011)),
        ("2011-05-31 23:59:00", ("Tuesday", "May", 5, 2, 22, "Spring", 2011)),
        ("2011-08-01 10:00:00", ("Monday", "August", 8, 3, 31, "Summer", 2011)),
        ("2011-11-30 10:00:00", ("Wednesday", "November", 11, 4, 48, "Autumn", 2011)),
    ],
)
def test_dates_are_split_into_words_and_numbers(spark, day, expected):
    found = first(job.transform(staging(spark, day)))
    names = ("day_name", "month_name", "month", "quarter", "week", "season", "year")
    assert tuple(found[name] for name in names) == expected


@pytest.mark.parametrize(
    ("quantity", "price", "expected"),
    [
        (3, "0.0010", "0.0030"),
        (-80995, "2.0800", "-168469.6000"),
        (2147483647, "99999999999999.9999", "214748364699999999785251.6353"),
    ],
)
def test_revenue_is_exact(spark, quantity, price, expected):
    assert first(job.transform(staging(spark, quantity=quantity, price=price)))[
        "revenue"
    ] == Decimal(expected)


def test_the_product_is_cleaned_and_the_description_is_not(spark):
    found = first(job.transform(staging(spark, text="  WHITE \t  HEART\xa0 ")))
    assert (found["product"], found["description"]) == ("WHITE HEART", "  WHITE \t  HEART\xa0 ")


@pytest.mark.parametrize(
    ("invoice", "cancelled"), [("536365", False), ("C536365", True), ("A563185", False)]
)
def test_cancelled_invoices_are_marked(spark, invoice, cancelled):
    assert first(job.transform(staging(spark, invoice=invoice)))["is_cancelled"] is cancelled


def test_values_survive_both_csv_hops(spark, tmp_path):
    moment = dt.datetime(2011, 3, 27, 1, 30, tzinfo=dt.timezone.utc)  # skipped by London's clocks
    rows = [
        (1, line, "i", "s", text, -1, moment, Decimal("0.0010"), None, "c")
        for line, text in enumerate(NASTY, 2)
    ]
    frame = spark.createDataFrame(rows, job.STAGING)
    assert rds_to_s3.write_csv(frame, str(tmp_path / "staging")) == len(NASTY)
    back = job.read_staging(spark, str(tmp_path / "staging"))
    assert job.write_warehouse(job.transform(back), str(tmp_path / "warehouse")) == len(NASTY)
    import csv

    found = []
    for path in sorted((tmp_path / "warehouse").glob("part-*")):
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            assert next(reader) == job.WAREHOUSE
            found += reader
    found.sort(key=lambda row: int(row[1]))
    assert [row[4] for row in found] == [text or "" for text in NASTY]
    assert {(row[6], row[7], row[8], row[10]) for row in found} == {
        ("2011-03-27 01:30:00", "0.0010", "", "-0.0010")
    }
    assert not (tmp_path / "warehouse" / "_SUCCESS").exists()


HEADER = ",".join(job.RENAMED) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "1,2,i,s,d,six,2010-12-01 08:26:00,2.55,,c\n",
        HEADER + "1,2,i,s\n",
        HEADER.replace("Country", "Land") + "1,2,i,s,d,6,2010-12-01 08:26:00,2.55,,c\n",
        HEADER + "1,2,i,s,d,,2010-12-01 08:26:00,2.55,,c\n",
        HEADER,
    ],
    ids=["bad number", "short row", "wrong header", "missing quantity", "no rows"],
)
def test_bad_staging_files_fail_before_the_load(spark, tmp_path, text):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "part-0.csv").write_text(text)
    with pytest.raises(Exception) as caught:
        rows = job.transform(job.read_staging(spark, str(tmp_path / "in")))
        job.write_warehouse(rows, str(tmp_path / "out"))
    assert caught.value


def test_the_load_is_one_batch_that_names_data_files_only():
    delete, copy = job.load_statements("sales", "s3://b/Warehouse/", "arn:aws:iam::1:role/r")
    assert delete == "DELETE FROM sales"
    assert (
        "FROM 's3://b/Warehouse/part-' IAM_ROLE 'arn:aws:iam::1:role/r' FORMAT CSV IGNOREHEADER 1"
        in copy
    )


class FakeRedshift:
    def __init__(self, *states):
        self.states = list(states)

    def batch_execute_statement(self, **request):
        self.request = request
        return {"Id": "1"}

    def describe_statement(self, Id):
        return self.states.pop(0)


def test_the_load_waits_for_its_end(monkeypatch):
    monkeypatch.setattr(job.time, "sleep", lambda _: None)
    client = FakeRedshift({"Status": "SUBMITTED"}, {"Status": "STARTED"}, {"Status": "FINISHED"})
    job.run_statements(client, "c", "d", "arn", ["a", "b"])
    assert client.request["Sqls"] == ["a", "b"] and not client.states


@pytest.mark.parametrize("status", ["FAILED", "ABORTED"])
def test_a_failed_load_says_why(status):
    client = FakeRedshift(
        {"Status": status, "Error": "ERROR: no such table", "SubStatements": [{"Error": "line 3"}]}
    )
    with pytest.raises(RuntimeError, match=f"{status}: ERROR: no such table; line 3"):
        job.run_statements(client, "c", "d", "arn", ["a"])


def test_a_load_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(job, "POLL_LIMIT_SECONDS", 0)
    with pytest.raises(TimeoutError, match="is STARTED after"):
        job.run_statements(FakeRedshift({"Status": "STARTED"}), "c", "d", "arn", ["a"])


def jdbc_conf(name):
    host = os.environ.get("STACK_TEST_MYSQL_HOST", "127.0.0.1")
    return {
        "fullUrl": f"jdbc:mysql://{host}:{os.environ['STACK_TEST_MYSQL_PORT']}/{name}",
        "user": os.environ.get("STACK_TEST_MYSQL_USER", "root"),
        "password": os.environ.get("STACK_TEST_MYSQL_PASSWORD", ""),
    }


@pytest.mark.skipif(not mysql_server.jdbc_jar(), reason="there is no JDBC driver for MySQL")
def test_mysql_is_read_as_it_is_and_only_what_was_loaded(spark, mysql, mysql_database):
    options = rds_to_s3.jdbc_options(jdbc_conf(mysql_database[1]))
    with pytest.raises(ValueError, match="holds no row of a finished load"):
        rds_to_s3.bounds(spark, options, "Uk_Ecommerce_Data")
    with mysql.cursor() as cursor:
        for load, state in ((1, "loaded"), (2, "running")):
            cursor.execute(
                "INSERT INTO Load_Log (LoadId, Bucket, ObjectKey, VersionId, State, StartedAt)"
                " VALUES (%s, 'b', 'k', %s, %s, NOW())",
                (load, str(load), state),
            )
            for line, text in enumerate(NASTY, 2):
                cursor.execute(
                    "INSERT INTO Uk_Ecommerce_Data VALUES"
                    " (%s, %s, 'i', 's', %s, -1, '2011-03-27 01:30:00', 0.001, NULL, 'c')",
                    (load, line, text or ""),
                )
    low, high, count = rds_to_s3.bounds(spark, options, "Uk_Ecommerce_Data")
    assert (low, high, count) == (2, len(NASTY) + 1, len(NASTY))
    rows = (
        rds_to_s3.read_table(spark, options, "Uk_Ecommerce_Data", low, high, 3)
        .orderBy("LineNumber")
        .collect()
    )
    assert [row.Description for row in rows] == [text or "" for text in NASTY]
    assert {(row.InvoiceDate, row.UnitPrice, row.CustomerID) for row in rows} == {
        ("2011-03-27 01:30:00", Decimal("0.0010"), None)
    }
