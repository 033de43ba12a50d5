"""Loads against a real MySQL server: once, wholly, and as S3 really delivers."""

import csv
import io
import os
import signal
import threading
import time
from contextlib import closing, suppress

import pymysql
import pytest
from conftest import HEADER, FakeSecrets
from source import ObjectRef

GOOD = "536365,85123A,WHITE HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"
BAD = "536365,85123A,WHITE HEART,six,12/1/2010 8:26,2.55,17850,United Kingdom\n"


def file_of(*rows):
    return (HEADER + "".join(rows)).encode("iso-8859-1")


def ref(version="v1", sequencer="10", key="Input/data set.csv"):
    return ObjectRef("raw", key, version, "e", sequencer)


def load(settings, s3, reference):
    from loader import load_object

    return load_object(settings, s3, FakeSecrets(), reference, 10)


def query(mysql, sql):
    with mysql.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def states(mysql):
    return query(mysql, "SELECT VersionId, State FROM Load_Log ORDER BY LoadId")


@pytest.mark.parametrize("infile", [1, 0])
def test_values_arrive_byte_for_byte(mysql, settings, s3, infile):
    texts = [
        " two  ends  ",
        'a "quote"',
        "pound \xa3",
        "back\\slash \\N \\",
        "a,b",
        "x\ny\r\nz",
        "tab\t",
        "",
        "\\N",
        "' OR %s",
    ]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for text in texts:
        writer.writerow(["1", "a", text, "-6", "12/1/2010 8:26", "-0.001", "", "EIRE"])
    s3.put("Input/data set.csv", file_of(buffer.getvalue()), "v1")
    before = query(mysql, "SELECT @@GLOBAL.local_infile")[0][0]
    query(mysql, f"SET GLOBAL local_infile = {infile}")
    try:
        tally = load(settings, s3, ref())
    finally:
        query(mysql, f"SET GLOBAL local_infile = {before}")
    assert (tally.state, tally.rows_in, tally.rows_loaded) == ("loaded", len(texts), len(texts))
    found = query(mysql, "SELECT HEX(Description) FROM Uk_Ecommerce_Data ORDER BY LineNumber")
    assert [bytes.fromhex(value).decode() for (value,) in found] == texts
    assert query(
        mysql,
        "SELECT DISTINCT Quantity, CAST(InvoiceDate AS CHAR), CAST(UnitPrice AS CHAR), CustomerID"
        " FROM Uk_Ecommerce_Data",
    ) == [(-6, "2010-12-01 08:26:00", "-0.0010", None)]


def test_codes_that_differ_in_case_or_trailing_space_stay_apart(mysql, settings, s3):
    rows = [GOOD.replace("85123A", code) for code in ("85123A", "85123a", "85123A ")]
    s3.put("Input/data set.csv", file_of(*rows), "v1")
    load(settings, s3, ref())
    assert query(mysql, "SELECT COUNT(DISTINCT StockCode) FROM Uk_Ecommerce_Data") == [(3,)]


def test_bad_rows_go_to_the_rejects_object(mysql, settings, s3):
    s3.put("Input/data set.csv", file_of(GOOD, BAD, GOOD, "short\n"), "v1")
    tally = load(settings, s3, ref())
    assert (tally.rows_in, tally.rows_loaded, tally.rows_rejected) == (4, 2, 2)
    assert tally.rejects_uri == "s3://rejects/Rejects/Input/data set.csv.v1.rejects"
    found = list(csv.reader(io.StringIO(s3.text(tally.rejects_uri))))
    assert found == [
        ["line", "reason", "raw"],
        ["3", "Quantity 'six' is not a whole number", BAD.strip()],
        ["5", "expected 8 fields, found 1", "short"],
    ]
    logged = query(
        mysql, "SELECT State, RowsIn, RowsLoaded, RowsRejected, RejectsUri FROM Load_Log"
    )
    assert logged == [("loaded", 4, 2, 2, tally.rejects_uri)]


def test_a_duplicate_delivery_answers_with_the_earlier_tally(mysql, settings, s3):
    s3.put("Input/data set.csv", file_of(GOOD * 4), "v1")
    first = load(settings, s3, ref())
    second = load(settings, s3, ref())
    assert second.repeated and (second.load_id, second.rows_loaded) == (first.load_id, 4)
    assert query(mysql, "SELECT COUNT(*) FROM Uk_Ecommerce_Data") == [(4,)]


def test_a_newer_version_replaces_and_an_older_event_changes_nothing(mysql, settings, s3):
    s3.put("Input/data set.csv", file_of(GOOD * 4), "v1")
    s3.put("Input/data set.csv", file_of(GOOD * 2), "v2")
    s3.put("Input/data set.csv", file_of(GOOD * 7), "v0")
    load(settings, s3, ref("v1", "10"))
    load(settings, s3, ref("v2", "1f"))
    late = load(settings, s3, ref("v0", "0f"))
    again = load(settings, s3, ref("v1", "10"))
    assert late.state == again.state == "superseded"
    assert (again.rows_loaded, again.repeated) == (4, True)
    assert query(mysql, "SELECT LoadId, COUNT(*) FROM Uk_Ecommerce_Data GROUP BY LoadId") == [
        (2, 2)
    ]
    assert states(mysql) == [("v1", "superseded"), ("v2", "loaded"), ("v0", "superseded")]


def test_other_keys_are_left_alone(mysql, settings, s3):
    for key in ("a.csv", "b.csv"):
        s3.put(key, file_of(GOOD), "v1")
        load(settings, s3, ref(key=key))
    assert query(mysql, "SELECT COUNT(*) FROM Uk_Ecommerce_Data") == [(2,)]


def test_a_sequencer_is_compared_padded_on_the_right():
    from load_log import is_older

    assert is_older("0055AED6DCD9028", "0055AED6DCD90281E5")
    assert not is_older("0055AED6DCD90281E5", "0055AED6DCD9028")
    assert not is_older("0A", "0A00")
    assert not is_older("", "0A")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        ((HEADER.replace("Country", "Land") + GOOD).encode(), "expected the header"),
        (file_of(BAD, BAD), "every row was rejected; the first, line 2: Quantity"),
    ],
)
def test_a_file_at_fault_is_logged_and_keeps_the_older_rows(mysql, settings, s3, data, reason):
    s3.put("Input/data set.csv", file_of(GOOD * 4), "v1")
    s3.put("Input/data set.csv", data, "v2")
    load(settings, s3, ref("v1", "10"))
    tally = load(settings, s3, ref("v2", "11"))
    assert tally.state == "failed" and reason in tally.reason
    assert states(mysql) == [("v1", "loaded"), ("v2", "failed")]
    assert query(mysql, "SELECT COUNT(*) FROM Uk_Ecommerce_Data") == [(4,)]


def test_a_vanished_object_is_no_reason_to_retry(mysql, settings, s3):
    tally = load(settings, s3, ref())
    assert tally.state == "failed" and "found nothing: it was deleted" in tally.reason


class Breaking(io.RawIOBase):
    """A stream that gives some bytes and then does what it is told."""

    def __init__(self, data, then):
        self._data, self._then = io.BytesIO(data), then

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._data.readinto(memoryview(buffer)[:9999]) or self._then()


def fail():
    raise ConnectionError("the network went away")


# More than the sample that is read before the first row is sent.
MANY = 8000


def test_a_broken_stream_is_raised_and_a_retry_loads(mysql, settings, s3):
    s3.put("Input/data set.csv", lambda: Breaking(file_of(GOOD * MANY), fail), "v1")
    with pytest.raises(ConnectionError):
        load(settings, s3, ref())
    assert query(mysql, "SELECT COUNT(*) FROM Uk_Ecommerce_Data") == [(0,)]
    assert states(mysql) == [("v1", "running")]
    s3.put("Input/data set.csv", file_of(GOOD * MANY), "v1")
    assert load(settings, s3, ref()).rows_loaded == MANY


def in_process(settings, s3):
    """Starts a delivery in a process of its own, which ends with 0 if the rows were loaded."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            tally = load(settings, s3, ref())
            code = 0 if (tally.state, tally.rows_loaded) == ("loaded", MANY) else 2
        finally:
            os._exit(code)
    return child


def wait_for(mysql, sql, wanted):
    """Waits until one number is as wanted."""
    deadline = time.monotonic() + 20
    while not wanted(query(mysql, sql)[0][0]):
        assert time.monotonic() < deadline, sql
        time.sleep(0.02)


@pytest.fixture
def half_loaded(mysql, settings, s3):
    """Gives the process of a delivery that has sent rows and now waits for S3."""
    stream = Breaking(file_of(GOOD * MANY), lambda: time.sleep(60))
    s3.put("Input/data set.csv", lambda: stream, "v1")
    child = in_process(settings, s3)
    query(mysql, "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
    wait_for(mysql, "SELECT COUNT(*) FROM Uk_Ecommerce_Data", lambda count: count > 0)
    query(mysql, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    assert query(mysql, "SELECT COUNT(*) FROM Uk_Ecommerce_Data") == [(0,)]
    s3.put("Input/data set.csv", file_of(GOOD * MANY), "v1")
    yield child
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_load_killed_in_the_middle_leaves_nothing_and_the_waiting_delivery_loads(
    half_loaded, mysql, settings, s3
):
    waiting = in_process(settings, s3)
    locks = "SELECT COUNT(*) FROM information_schema.processlist WHERE State = 'User lock'"
    wait_for(mysql, locks, lambda count: count == 1)
    os.kill(half_loaded, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(half_loaded, 0)[1]) == -signal.SIGKILL
    assert os.waitstatus_to_exitcode(os.waitpid(waiting, 0)[1]) == 0
    assert load(settings, s3, ref()).repeated
    found = "SELECT COUNT(*), COUNT(DISTINCT LineNumber), MIN(LoadId) FROM Uk_Ecommerce_Data"
    assert query(mysql, found) == [(MANY, MANY, 1)]
    assert states(mysql) == [("v1", "loaded")]


def test_a_load_whose_server_connection_is_cut_leaves_nothing(half_loaded, mysql, settings, s3):
    loading = "SELECT ID FROM information_schema.processlist WHERE Info LIKE 'LOAD DATA%'"
    query(mysql, f"KILL {query(mysql, loading)[0][0]}")
    assert load(settings, s3, ref()).rows_loaded == MANY
    assert query(mysql, "SELECT COUNT(*) FROM Uk_Ecommerce_Data") == [(MANY,)]


@pytest.mark.parametrize("count", [1, 200_000])
def test_a_refused_statement_is_raised_however_much_was_written(mysql, settings, count):
    from mysql_load import InfileSink, connect
    from records import Rows

    with closing(connect(settings, FakeSecrets())) as db:
        with closing(InfileSink(db, "No_Such_Table", 1)) as sink:
            with pytest.raises(pymysql.err.ProgrammingError, match="No_Such_Table"):
                sink.add(Rows(range(count), [["1"] * count] * 8))
                sink.finish()


def test_a_row_that_the_server_drops_is_an_error(mysql, settings):
    from mysql_load import InfileSink, connect
    from records import Rows

    columns = [[value] * 2 for value in GOOD.replace("12/1/2010 8:26", "2010-12-01").split(",")]
    with closing(connect(settings, FakeSecrets())) as db:
        with closing(InfileSink(db, settings.table, 1)) as sink:
            sink.add(Rows([7, 7], columns))
            with pytest.raises(RuntimeError, match="took 1 of 2 rows with 1 warnings.*Duplicate"):
                sink.finish()


def test_two_deliveries_at_once_load_once(mysql, settings, s3):
    s3.put("Input/data set.csv", file_of(GOOD * 500), "v1")
    tallies = []
    threads = [
        threading.Thread(target=lambda: tallies.append(load(settings, s3, ref()))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(tally.repeated for tally in tallies) == [False, True, True]
    assert query(mysql, "SELECT COUNT(*) FROM Uk_Ecommerce_Data") == [(500,)]


def test_a_bucket_without_versions_takes_the_etag(mysql, settings, s3):
    s3.put("a.csv", file_of(GOOD), None)
    assert load(settings, s3, ObjectRef("raw", "a.csv", None, "e", "10")).state == "loaded"
    replaced = load(settings, s3, ObjectRef("raw", "a.csv", None, "other", "11"))
    assert "was replaced" in replaced.reason
    assert states(mysql) == [("etag:e", "loaded"), ("etag:other", "superseded")]


def test_event_keys_are_decoded():
    record = {
        "s3": {
            "bucket": {"name": "raw"},
            "object": {"key": "Input/a+b%C2%A3.csv", "versionId": "null", "eTag": "e"},
        }
    }
    found = ObjectRef.from_record(record)
    assert (found.key, found.version) == ("Input/a b\xa3.csv", "etag:e")
