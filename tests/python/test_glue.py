"""The Glue scripts' pure parts on local Spark, without Glue."""

import csv
import datetime as dt
import gzip
import re
from decimal import Decimal

import pytest

pytest.importorskip("pyspark")

import rds_to_s3  # noqa: E402
import s3_to_redshift as job  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402
from pyspark.sql import types as T  # noqa: E402

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


def exported_row(line, text, load=1):
    date = "2011-03-27 01:30:00"  # skipped by London's clocks
    return (load, line, "i", "s", text, -1, date, Decimal("0.0010"), None, "c")


def exported(spark, rows):
    """Makes a frame as JDBC gives it: the date is text."""
    fields = [
        field if field.name != "InvoiceDate" else T.StructField("InvoiceDate", T.StringType())
        for field in job.STAGING
    ]
    return rds_to_s3.partitioned(spark.createDataFrame(rows, T.StructType(fields)))


@pytest.fixture(autouse=True)
def settings_of_the_jobs(request):
    if "spark" in request.fixturenames:
        spark = request.getfixturevalue("spark")
        for name, value in {**rds_to_s3.SETTINGS, **job.SETTINGS}.items():
            spark.conf.set(name, value)


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_values_survive_both_hops(spark, tmp_path, file_format):
    staging, warehouse = str(tmp_path / "staging"), str(tmp_path / "warehouse")
    rows = [exported_row(line, text) for line, text in enumerate(NASTY, 2)]
    assert rds_to_s3.write_loads(exported(spark, rows), staging, file_format) == len(NASTY)
    assert list((tmp_path / "staging").glob("load_id=1/year=2011/month=3/part-*"))
    loads = {1: {"rows": len(NASTY), "format": file_format, "complete": True}}
    back = job.transform(job.read_staged(spark, staging, loads))
    job.write_warehouse(back, warehouse, file_format, len(NASTY))
    found = warehouse_rows(spark, tmp_path / "warehouse", file_format)
    assert [row[4] for row in found] == [text or "" for text in NASTY]
    assert {(row[6], row[7], row[8], row[10]) for row in found} == {
        ("2011-03-27 01:30:00", "0.0010", "", "-0.0010")
    }
    assert not list(tmp_path.rglob("_SUCCESS"))


def warehouse_rows(spark, folder, file_format):
    """Reads the files of one load without the help of what wrote them, as texts."""
    if file_format == "parquet":
        frame = spark.read.parquet(str(folder / "load=1"))
        assert frame.columns == job.WAREHOUSE
        assert dict(frame.dtypes)["month"] == "smallint" and dict(frame.dtypes)["quantity"] == "int"
        texts = [F.coalesce(F.col(name).cast("string"), F.lit("")) for name in frame.columns]
        return [list(row) for row in frame.orderBy("line_number").select(*texts).collect()]
    found = []
    for path in sorted(folder.glob("load=1/part-*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            assert next(reader) == job.WAREHOUSE
            found += reader
    return sorted(found, key=lambda row: int(row[1]))


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
    ids=["bad number", "short row", "wrong header", "missing quantity", "a row too few"],
)
def test_bad_staging_files_fail_before_the_load(spark, tmp_path, text):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "part-0.csv").write_text(text)
    with pytest.raises(Exception) as caught:
        rows = job.transform(job.read_staging(spark, [str(tmp_path / "in")], "csv"))
        job.write_warehouse(rows, str(tmp_path / "out"), "csv", 1)
    assert caught.value


def test_key_ranges_cover_each_line_once_and_are_of_equal_length():
    loads = [
        rds_to_s3.Load(1, 2, 11, 10),
        rds_to_s3.Load(4, 2, 4, 3),
        rds_to_s3.Load(7, 1, 0, 0),
        rds_to_s3.Load(9, 2, 8, 7),
    ]
    ranges = rds_to_s3.key_ranges(loads, 4)
    term = r"LoadId = (\d+) AND LineNumber BETWEEN (\d+) AND (\d+)"
    parts = [[tuple(map(int, found)) for found in re.findall(term, one)] for one in ranges]
    lines = [
        [(load, line) for load, low, high in part for line in range(low, high + 1)]
        for part in parts
    ]
    wanted = [(load.load_id, line) for load in loads for line in range(load.low, load.high + 1)]
    assert [key for part in lines for key in part] == wanted
    assert [len(part) for part in lines] == [5, 5, 5, 5]
    assert rds_to_s3.key_ranges([rds_to_s3.Load(1, 2, 2, 1)], 8) == [
        "(LoadId = 1 AND LineNumber BETWEEN 2 AND 2)"
    ]


def test_loads_are_exported_once_whatever_order_they_finish_in():
    done = {7: {"rows": 1, "format": "csv"}}
    choose = rds_to_s3.to_export
    assert choose({7}, done, "csv", None) == []
    assert choose({5, 7}, done, "csv", None) == [5], "a lower number that finished later"
    assert choose({7, 8}, done, "csv", 8) == [8]
    assert choose({7}, done, "csv", 1) == [7], "the bookmark was reset"
    assert choose({7}, done, "parquet", None) == [7], "the other format was declared"


@pytest.mark.parametrize(
    ("present", "everything", "expected"),
    [
        ({}, False, ([1, 2], [])),
        ({1: 5, 2: 3}, False, ([], [])),
        ({1: 5}, False, ([2], [])),
        ({1: 4, 2: 3}, False, ([1], [1])),
        ({1: 5, 2: 3, 9: 1}, False, ([], [9])),
        ({1: 5, 2: 3, 4: 2}, False, ([], [4])),
        ({1: 5, 2: 3, 6: 2}, False, ([], [])),
        ({1: 5, 2: 3}, True, ([1, 2], [1, 2])),
    ],
    ids=["new", "same", "second load", "half", "superseded", "emptied", "being written", "reload"],
)
def test_redshift_is_compared_load_by_load(present, everything, expected):
    listed = {
        load: {"rows": rows, "format": "csv", "complete": load != 6}
        for load, rows in ((1, 5), (2, 3), (4, 0), (6, 7))
    }
    wanted, gone = job.changes(listed, present, everything)
    assert (sorted(wanted), gone) == expected


def test_the_merge_replaces_whole_loads():
    copy = ("s3://b/Warehouse/_manifests/m.json", "arn:aws:iam::1:role/r", "csv")
    statements = job.merge_statements("public.sales", [3, 4], copy)
    assert [" ".join(statement.split()[:3]) for statement in statements] == [
        "CREATE TEMP TABLE",
        "COPY sales_staged (load_id,",
        "DELETE FROM public.sales",
        "DELETE FROM public.sales",
        "INSERT INTO public.sales",
    ]
    assert "MANIFEST FORMAT CSV GZIP IGNOREHEADER 1" in statements[1]
    assert statements[2].endswith("WHERE load_id IN (3, 4)")
    assert job.merge_statements("sales", [3]) == ["DELETE FROM sales WHERE load_id IN (3)"]


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
    job.Redshift(client, "c", "d", "arn").run(["a", "b"])
    assert client.request["Sqls"] == ["a", "b"] and not client.states


@pytest.mark.parametrize("status", ["FAILED", "ABORTED"])
def test_a_failed_load_says_why(status):
    client = FakeRedshift(
        {"Status": status, "Error": "ERROR: no such table", "SubStatements": [{"Error": "line 3"}]}
    )
    with pytest.raises(RuntimeError, match=f"{status}: ERROR: no such table; line 3"):
        job.wait(client, "1")


def test_a_load_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(job, "POLL_LIMIT_SECONDS", 0)
    with pytest.raises(TimeoutError, match="is STARTED after"):
        job.wait(FakeRedshift({"Status": "STARTED"}), "1")


def test_the_counts_of_all_pages_are_read():
    class Paged(FakeRedshift):
        def execute_statement(self, **request):
            return {"Id": "1"}

        def get_statement_result(self, Id, NextToken=None):
            records = [[{"longValue": 2 if NextToken else 1}, {"longValue": 30}]]
            return {"Records": records, "NextToken": "" if NextToken else "more"}

    redshift = job.Redshift(Paged({"Status": "FINISHED"}), "c", "d", "arn")
    assert redshift.rows_per_load("sales") == {1: 30, 2: 30}
