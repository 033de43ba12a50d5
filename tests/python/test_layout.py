"""How a file is written: what is declared, what is found out, and what is left to the person."""

import csv
import gzip
import io
import json
from dataclasses import replace

import pytest
from conftest import HEADER
from dates import USUAL_FORMATS, date_reader
from layout import Layout, detect
from problems import FileProblem
from settings import Settings
from test_loader import load, query, ref
from text import Decoder, line_blocks
from values import COLUMNS

NEEDED = {"DB_HOST": "localhost", "DB_NAME": "d", "DB_SECRET_ARN": "s"}


def told(**env):
    return Settings.from_env({**NEEDED, **env})


def rows(days, text="WHITE HEART"):
    return [["536365", "a", text, "6", day, "2.55", "", "EIRE"] for day in days]


def written(records, header=True, **how):
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n", **how)
    writer.writerows([COLUMNS, *records] if header else records)
    return buffer.getvalue()


def found(text, **env):
    evidence = {}
    return detect(list(io.StringIO(text, newline="")), told(**env), evidence), evidence


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("header", [True, False])
def test_delimiter_quote_and_header_are_seen(delimiter, quote, header):
    text = written(
        rows(["13.1.2011 08:26"] * 300, f"a{delimiter}b\n5 o'clock"),
        header,
        delimiter=delimiter,
        quotechar=quote,
    )
    layout, evidence = found(text)
    assert layout == Layout(delimiter, quote, header, "%d.%m.%Y %H:%M")
    shown = "tab" if delimiter == "\t" else delimiter
    assert evidence["delimiter"] == f"{shown} (8 columns in each of the first 200 records)"
    assert evidence["quote"].startswith(f"{quote} (begins a field in ")
    assert evidence["header"].startswith("yes (" if header else "no (the first record has Quantity")
    assert evidence["date_format"] == (
        "%d.%m.%Y %H:%M (the only usual format of 1 different dates, '13.1.2011 08:26' the first)"
    )


def test_a_single_quote_that_no_record_needs_is_text():
    layout, _ = found(written(rows(["13.1.2011 08:26"] * 9) + rows(["14.1.2011 08:26"], "'A'")))
    assert layout.quote == '"'


def test_a_stray_quote_does_not_change_what_is_seen():
    records = rows(["2011-01-13"] * 300)
    text = written(records).replace("WHITE", '"WHITE', 1)
    layout, _ = found(text, DATE_FORMAT="%Y-%m-%d")
    assert (layout.delimiter, layout.quote) == (",", '"')


def test_what_is_declared_wins_without_a_look():
    text = written(rows(["1/2/2011"]), delimiter=";")
    layout, evidence = found(
        text, DELIMITER="tab", QUOTE="none", HEADER="no", DATE_FORMAT="%d/%m/%Y"
    )
    assert (layout, evidence) == (Layout("\t", None, False, "%d/%m/%Y"), {})


@pytest.mark.parametrize(
    ("days", "formats"),
    [
        (["12/1/2010 8:26", "12/13/2010 8:26"], "%m/%d/%Y %H:%M"),
        (["1/12/2010 8:26", "13/12/2010 8:26"], "%d/%m/%Y %H:%M"),
        (["2010-12-01 08:26:00"], "%Y-%m-%d %H:%M:%S"),
        (["2010-12-01T08:26:00Z"], "%Y-%m-%dT%H:%M:%SZ"),
        (["12/13/2010 8:26 PM"], "%m/%d/%Y %I:%M %p"),
        (["12/13/2010 8:26", "n/a", "12/14/2010 8:26"], "%m/%d/%Y %H:%M"),
    ],
)
def test_the_one_format_that_fits_all_dates_is_taken(days, formats):
    assert found(written(rows(days)))[0].date_format == formats


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (["12/1/2010 8:26"], "dates are ambiguous: %m/%d/%Y %H:%M and %d/%m/%Y %H:%M both fit"),
        (["13/1/2010 8:26", "1/13/2010 8:26"], "no usual date format fits '13/1/2010 8:26'"),
        (["1 Dec 2010"], "no usual date format fits '1 Dec 2010'"),
        ([], "no row shows how dates are written"),
    ],
)
def test_dates_that_leave_a_choice_must_be_declared(days, reason):
    with pytest.raises(FileProblem, match=f"{reason}.*declare DATE_FORMAT"):
        found(written(rows(days)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEADER.replace(",", "~"), r"expected 8 columns.*, gives 1, ; gives 1.*declare DELIMITER"),
        ("a,b,c,d,e,f,g,h\n", "expected the header .* or a row, found a,b,c"),
    ],
)
def test_a_file_of_something_else_is_named(text, reason):
    with pytest.raises(FileProblem, match=reason):
        found(text)


def test_a_first_record_without_an_end_is_named():
    with pytest.raises(FileProblem, match="expected a header or a row, found a broken line"):
        found("1," * 7 + "x" * 150_000, DELIMITER=",", QUOTE="none")


@pytest.mark.parametrize("date_format", USUAL_FORMATS)
def test_usual_formats_read_as_strptime_does(date_format):
    from datetime import datetime

    moments = [datetime(2011, 1, 31, 23, 59), datetime(2012, 2, 29), datetime(2011, 12, 9, 8, 6)]
    read = date_reader(date_format)
    for text in [moment.strftime(date_format) for moment in moments]:
        assert read(text) == str(datetime.strptime(text, date_format))
        assert read(text + " ") is read(text.replace("2", "\u0662", 1)) is None
    assert read(datetime(2011, 1, 31).strftime(date_format).replace("31", "32")) is None


@pytest.mark.parametrize(
    ("data", "declared", "text", "evidence"),
    [
        ("\xa3".encode(), None, "\xa3", "utf-8 (bytes beyond ASCII, and all of them are UTF-8)"),
        (b"\xa3", None, "\xa3", "iso-8859-1 (byte 0xa3 is not UTF-8)"),
        (b"x" * 99 + b"\xe2\x82", None, None, "iso-8859-1 (byte 0xe2 is not UTF-8)"),
        (b"x", None, "x", "ascii (no byte beyond ASCII)"),
        ("\xa3".encode(), "iso-8859-1", "\xc2\xa3", None),
        (b"\xef\xbb\xbfx", "iso-8859-1", "x", "utf-8 (the file begins with its byte order mark)"),
    ],
)
def test_the_encoding_is_decided_by_the_bytes(data, declared, text, evidence):
    seen = {}
    decoder = Decoder.of(data, True, declared, seen)
    (lines,) = line_blocks([data], decoder)
    assert text is None or lines == [text]
    assert seen.get("encoding") == evidence


def test_the_first_byte_beyond_ascii_decides_however_late_it_comes():
    seen = {}
    decoder = Decoder.of(b"a\n", False, None, seen)
    lines = list(line_blocks([b"a\n", b"b\n", "\u20ac\n".encode()], decoder))
    assert lines == [["a\n"], ["b\n"], ["\u20ac\n"]] and seen["encoding"].startswith("utf-8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DELIMITER", ";;"),
        ("QUOTE", "\n"),
        ("HEADER", "true"),
        ("ENCODING", "latin-x"),
        ("ENCODING", "hex"),
    ],
)
def test_settings_that_cannot_be_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        told(**{name: value})


def test_a_zipped_semicolon_file_with_marks_and_windows_ends_is_loaded_and_explained(
    mysql, settings, s3
):
    records = rows(["13/12/2010 8:26"] * 3, "a;b\r\n\u20ac")
    data = written(records, delimiter=";").encode("utf-8-sig")
    s3.put("Input/data set.csv", gzip.compress(data), "v1")
    settings = replace(settings, date_format=None, encoding=None)
    tally = load(settings, s3, ref())
    assert (tally.state, tally.rows_loaded) == ("loaded", 3)
    found = query(mysql, "SELECT LineNumber, Description, InvoiceDate FROM Uk_Ecommerce_Data")
    assert [(line, text, str(day)) for line, text, day in found] == [
        (line, "a;b\r\n\u20ac", "2010-12-13 08:26:00") for line in (2, 4, 6)
    ]
    assert json.loads(json.dumps(tally.as_dict()))["detected"] == {
        "encoding": "utf-8 (the file begins with its byte order mark)",
        "delimiter": "; (8 columns in each of the first 4 records)",
        "quote": '" (begins a field in 3 of the first 7 lines)',
        "header": f"yes (the first record is {','.join(COLUMNS)})",
        "date_format": "%d/%m/%Y %H:%M (the only usual format of 1 different dates,"
        " '13/12/2010 8:26' the first)",
    }


def test_a_file_that_must_be_declared_fails_and_says_so_in_the_log(mysql, settings, s3):
    s3.put("Input/data set.csv", written(rows(["1/2/2011 8:26"])).encode(), "v1")
    tally = load(replace(settings, date_format=None), s3, ref())
    assert tally.state == "failed" and "declare DATE_FORMAT" in tally.reason
    assert "declare DATE_FORMAT" in query(mysql, "SELECT Reason FROM Load_Log")[0][0]
