"""What is taken, what is rejected, and what is wrong with a whole file."""

import csv
import gzip
import io
import random
from typing import NamedTuple

import pytest
import records
from conftest import HEADER
from layout import Layout
from problems import FileProblem
from records import Reject, read_records
from source import CHUNK_BYTES, unzipped
from text import Decoder, line_blocks
from values import COLUMNS

LAYOUT = Layout(",", '"', True, "%m/%d/%Y %H:%M")
GOOD = "536365,85123A,WHITE HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"


class Row(NamedTuple):
    line: int
    values: tuple


def read(data, encoding="iso-8859-1", chunk=CHUNK_BYTES):
    """Reads in chunks of that many bytes; 1 makes every line a block of its own."""
    if isinstance(data, str):
        data = data.encode(encoding)
    data = unzipped(io.BytesIO(data)).read()
    pieces = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    blocks = line_blocks(pieces, Decoder.of(data, True, encoding, {}))
    found = []
    for record in read_records(blocks, LAYOUT):
        if isinstance(record, Reject):
            found.append(record)
        else:
            found += map(Row, record.lines, zip(*record.columns, strict=True))
    return found


def with_value(column, value):
    fields = GOOD.rstrip("\n").split(",")
    fields[COLUMNS.index(column)] = value
    return HEADER + ",".join(fields) + "\n"


def only_reason(text):
    (found,) = read(text)
    assert isinstance(found, Reject), found
    return found.reason


def test_a_good_row_keeps_its_values_and_line():
    values = (
        "536365",
        "85123A",
        "WHITE HEART",
        "6",
        "2010-12-01 08:26:00",
        "2.55",
        "17850",
        "United Kingdom",
    )
    assert read(HEADER + GOOD) == [Row(2, values)]


def test_line_ends_may_be_crlf_and_the_last_may_lack():
    assert (
        read((HEADER + GOOD).replace("\n", "\r\n"))
        == read(HEADER + GOOD[:-1])
        == read(HEADER + GOOD)
    )


@pytest.mark.parametrize(
    "text",
    [
        "  two  ends  ",
        'a "quoted" one',
        "pound \xa3 sign",
        "back\\slash \\N",
        "a,b",
        "x\ny",
        "x\r\ny",
        "tab\t",
        "",
    ],
)
def test_texts_arrive_unchanged(text):
    quoted = '"' + text.replace('"', '""') + '"'
    (row,) = read(with_value("Description", quoted))
    assert row.values[2] == text


def test_a_missing_customer_is_null():
    (row,) = read(with_value("CustomerID", ""))
    assert row.values[6] is None


def test_line_numbers_are_of_the_file():
    text = HEADER + GOOD.replace("WHITE HEART", '"one\ntwo"') + "\n" + GOOD
    assert [row.line for row in read(text)] == [2, 5]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("InvoiceDate", "13/1/2010 8:26", "InvoiceDate '13/1/2010 8:26' is not a date like"),
        ("InvoiceDate", "2010-12-01 08:26", "is not a date like"),
        ("InvoiceDate", "12/1/10 8:26", "is not a date like"),
        ("InvoiceDate", "12/1/2010  8:26", "is not a date like"),
        ("InvoiceDate", "2/29/2011 8:26", "is not a date like"),
        ("InvoiceDate", "12/1/2010 8:26 ", "is not a date like"),
        ("Quantity", "six", "Quantity 'six' is not a whole number"),
        ("Quantity", "6.0", "is not a whole number"),
        ("Quantity", " 6", "is not a whole number"),
        ("Quantity", "", "is not a whole number"),
        ("Quantity", "2147483648", "is outside"),
        ("UnitPrice", "2.55555", "UnitPrice '2.55555' is not a number"),
        ("UnitPrice", "1e3", "is not a number"),
        ("UnitPrice", "nan", "is not a number"),
        ("UnitPrice", "", "is not a number"),
        ("CustomerID", "17850.0", "CustomerID '17850.0' is not a whole number"),
        ("InvoiceNo", "", "InvoiceNo is empty"),
        ("StockCode", "x" * 33, "StockCode has 33 characters, at most 32 fit"),
        ("Description", "nul\0", "Description holds a NUL character"),
    ],
)
def test_bad_values_are_rejected_with_a_reason(column, value, reason):
    assert reason in only_reason(with_value(column, value))


def test_short_and_long_rows_are_rejected_with_line_and_text():
    assert read(HEADER + "536365,85123A\n") == [
        Reject(2, "expected 8 fields, found 2", "536365,85123A")
    ]
    assert only_reason(HEADER + GOOD[:-1] + ",more\n") == "expected 8 fields, found 9"


def test_a_stray_quote_costs_its_own_line_only():
    stray = GOOD.replace("WHITE", '"WHITE')
    found = read(HEADER + GOOD + stray + GOOD * 300)
    assert [type(record) for record in found] == [Row, Reject] + [Row] * 300
    assert (found[1].line, found[1].raw) == (3, stray[:-1])
    assert [record.line for record in found] == list(range(2, 304))


def test_a_stray_quote_on_the_last_line_loses_nothing():
    found = read(HEADER + GOOD + GOOD.replace("WHITE", '"WHITE'))
    assert [type(record) for record in found] == [Row, Reject]
    assert found[1].reason == "a quote is opened and not closed"


def test_two_stray_quotes_do_not_merge_rows():
    stray = GOOD.replace("WHITE", '"WHITE')
    found = read(HEADER + stray + GOOD + stray + GOOD)
    assert [type(record) for record in found] == [Reject, Row, Reject, Row]


def test_a_utf8_byte_order_mark_decides_the_encoding():
    data = b"\xef\xbb\xbf" + (HEADER + GOOD.replace("WHITE", "\xa3 WHITE")).encode()
    (row,) = read(data)
    assert row.values[2] == "\xa3 WHITE HEART"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (GOOD.encode(), "expected the header InvoiceNo,StockCode,.*found 536365,85123A"),
        (HEADER.replace("Country", "Land").encode(), "found .*Land"),
        (b"\n" + HEADER.encode(), "found an empty line"),
        (HEADER.encode("utf-16"), "found UTF-16 text"),
        (b"\x1f\x8b\x08\x00", "expected gzip to the end of the file"),
        (gzip.compress(HEADER.encode() * 99)[:-9], "expected gzip to the end of the file"),
        (gzip.compress(gzip.compress(b"x")), "found a gzip file inside a gzip file"),
        (gzip.compress(b""), "the file is empty"),
        (b"x" * 300_000, "line 1 is longer than"),
    ],
)
def test_faults_of_the_whole_file_are_named(data, reason):
    with pytest.raises(FileProblem, match=reason):
        read(data)


def test_text_that_is_not_in_its_encoding_is_named():
    with pytest.raises(FileProblem, match="expected utf-8 text, found byte 0xa3"):
        read((HEADER + GOOD.replace("WHITE", "\xa3")).encode("iso-8859-1"), "utf-8")


def test_a_file_of_only_a_header_has_no_records():
    assert read(HEADER) == []


def test_a_gzip_file_is_unzipped_whatever_its_parts():
    parts = gzip.compress(HEADER.encode()) + gzip.compress(GOOD.encode())
    assert read(parts) == read(HEADER + GOOD)


def test_old_line_ends_and_multi_byte_characters_may_fall_between_chunks():
    text = (HEADER + GOOD.replace("WHITE", "\u20ac \U0001f339") * 3).replace("\n", "\r")
    whole = read(text, "utf-8")
    assert [row.line for row in whole] == [2, 3, 4]
    assert all(read(text, "utf-8", chunk) == whole for chunk in range(1, 40))


def made_rows(seed, count):
    """Writes rows with line ends inside values and with every fault, from a seed."""
    dice = random.Random(seed)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for number in range(count):
        text = dice.choice(["plain", "two\nlines", "two\r\nlines", 'a "quote"', "a,b", "", "\xa3"])
        price = dice.choice(["1.25", "0", "-3.5"])
        writer.writerow([number, "a", text, "7", "12/1/2010 8:26", price, "", "EIRE"])
        fault = dice.random()
        if fault < 0.02:
            good = GOOD.rstrip("\n").split(",")
            good[dice.randrange(8)] = dice.choice(["", "x" * 600, "\0", "1e3", '"open', 'a"b"'])
            buffer.write(",".join(good) + "\r\n")
        elif fault < 0.03:
            buffer.write(dice.choice(["\r\n", "short\r\n", ",\r\n", "1,2,3,4,5,6,7,8,9\r\n"]))
    return HEADER + buffer.getvalue()


@pytest.mark.parametrize("seed", range(20))
def test_rows_taken_in_blocks_are_those_taken_one_by_one(seed, monkeypatch):
    text = made_rows(seed, 500)
    in_blocks = read(text)
    assert sum(isinstance(record, Row) for record in in_blocks) > 300
    assert any(isinstance(record, Reject) for record in in_blocks)
    assert read(text, chunk=1) == read(text, chunk=997) == in_blocks
    assert [record.line for record in in_blocks] == sorted(record.line for record in in_blocks)
    monkeypatch.setattr(records, "_whole", lambda *_: None)
    assert read(text) == in_blocks
