"""How a file is written: delimiter, quote, header and dates, declared or seen in its first part.

What is declared is taken as it is. What is not is found out, and `evidence` says from what; where
the sample leaves a choice open, that is the file's fault and the message says what to declare.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from dates import fitting_formats
from problems import FileProblem
from settings import Settings
from values import COLUMNS, BadValue, Checker

# Files are often sorted by date: only many rows show a day above 12.
_BYTES_FOR_DATES = 4 << 20
_BYTES = 1 << 18
_RECORDS = 200
_DELIMITERS = (",", ";", "\t", "|")
_DAY = COLUMNS.index("InvoiceDate")


@dataclass(frozen=True)
class Layout:
    """How a file is written; `quote` is None where no field is quoted."""

    delimiter: str
    quote: str | None
    header: bool
    date_format: str

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Returns a reader of records, which raises csv.Error for what is not CSV."""
        return _reader(lines, self.delimiter, self.quote, strict=True)


def sample_bytes(settings: Settings) -> int:
    """How much of the start `detect` should see."""
    return _BYTES if settings.date_format else _BYTES_FOR_DATES


def detect(lines: list[str], settings: Settings, evidence: dict[str, str]) -> Layout:
    """Completes what is declared by what the first lines show, and writes down why."""
    delimiter, quote = _dialect(lines, settings, evidence)
    header = settings.header
    if header is None:
        header = _header(_first_record(lines, delimiter, quote), evidence)
    date_format = settings.date_format or _date_format(
        islice(_reader(lines, delimiter, quote), int(header), None), evidence
    )
    return Layout(delimiter, quote, header, date_format)


def _reader(
    lines: Iterable[str], delimiter: str, quote: str | None, strict: bool = False
) -> Iterator[list[str]]:
    how: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    return csv.reader(lines, delimiter=delimiter, strict=strict, **how)


def _first_record(lines: list[str], delimiter: str, quote: str | None) -> list[str]:
    try:
        return next(_reader(lines, delimiter, quote), [])
    except csv.Error as error:
        raise FileProblem(f"expected a header or a row, found a broken line: {error}") from error


def _dialect(
    lines: list[str], settings: Settings, evidence: dict[str, str]
) -> tuple[str, str | None]:
    """Takes the delimiter that gives the most records of the right length."""
    if settings.delimiter and settings.quote:
        return settings.delimiter, _quote(settings.quote)
    candidates = [settings.delimiter] if settings.delimiter else list(_DELIMITERS)
    quotes = {each: settings.quote or _quote_seen(lines, each) for each in candidates}
    widths = {each: _widths(lines, each, quotes[each]) for each in candidates}
    best = max(candidates, key=lambda each: _share(widths[each]))
    if not settings.delimiter:
        evidence["delimiter"] = _delimiter_evidence(best, widths)
    if not settings.quote:
        count, read = _quoted(lines, best, quotes[best]), len(lines[:_RECORDS])
        evidence["quote"] = f"{quotes[best]} (begins a field in {count} of the first {read} lines)"
    return best, _quote(quotes[best])


def _delimiter_evidence(best: str, widths: dict[str, list[int]]) -> str:
    """Says how well the best delimiter fits; raises FileProblem if it fits no record."""
    read = len(widths[best])
    fitting = widths[best].count(len(COLUMNS))
    if not fitting:
        found = ", ".join(f"{_shown(each)} gives {max(widths[each])}" for each in widths)
        raise FileProblem(
            f"expected {len(COLUMNS)} columns, found fewer or more with every delimiter "
            f"({found} at most): declare DELIMITER if it is another"
        )
    share = f"each of the first {read}" if fitting == read else f"{fitting} of the first {read}"
    return f"{_shown(best)} ({len(COLUMNS)} columns in {share} records)"


def _shown(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else delimiter


def _quote(declared: str) -> str | None:
    return None if declared == "none" else declared


def _widths(lines: list[str], delimiter: str, quote: str) -> list[int]:
    """Counts the fields of the first records; at least one record, so that shares exist."""
    widths = []
    try:
        for record in islice(filter(None, _reader(lines, delimiter, _quote(quote))), _RECORDS):
            widths.append(len(record))
    except csv.Error:
        widths.append(0)
    return widths or [0]


def _share(widths: list[int]) -> float:
    return widths.count(len(COLUMNS)) / len(widths)


def _quoted(lines: list[str], delimiter: str, quote: str) -> int:
    """Counts the first lines in which a field begins with the quote."""
    first = lines[:_RECORDS]
    return sum(line.startswith(quote) or delimiter + quote in line for line in first)


def _quote_seen(lines: list[str], delimiter: str) -> str:
    """Takes the double quote, unless only single ones begin fields and the records need them."""
    single = _quoted(lines, delimiter, "'")
    if not single or _quoted(lines, delimiter, '"'):
        return '"'
    is_needed = _share(_widths(lines, delimiter, "'")) > _share(_widths(lines, delimiter, '"'))
    return "'" if is_needed or single == len(lines[:_RECORDS]) else '"'


def _header(first: list[str], evidence: dict[str, str]) -> bool:
    """A header names the columns; a first record whose numbers are numbers is a row."""
    if tuple(first) == COLUMNS:
        evidence["header"] = f"yes (the first record is {','.join(COLUMNS)})"
        return True
    if len(first) == len(COLUMNS) and _has_numbers(first):
        shown = dict(zip(COLUMNS, first))
        evidence["header"] = (
            f"no (the first record has Quantity {shown['Quantity']}"
            f" and UnitPrice {shown['UnitPrice']})"
        )
        return False
    found = ",".join(first)[:200] or "an empty line"
    raise FileProblem(f"expected the header {','.join(COLUMNS)} or a row, found {found}")


def _has_numbers(fields: list[str]) -> bool:
    """Whether a record is a row, its date aside."""
    dated = [*fields]
    dated[_DAY] = "2000-01-01"
    try:
        Checker("%Y-%m-%d").row(dated)
    except BadValue:
        return False
    return True


def _date_format(records: Iterator[list[str]], evidence: dict[str, str]) -> str:
    """Takes the one usual format that fits the sample; two are an ambiguity, never a guess."""
    first: dict[str, None] = {}
    try:
        for record in records:
            if len(record) == len(COLUMNS):
                first[record[_DAY]] = None
    except csv.Error:
        pass  # what was read until here is sample enough
    formats, fitting, others = fitting_formats(first)
    seen = f"{fitting} different dates, {next(iter(first), 'none')!r} the first"
    if len(formats) == 1 and fitting > others:
        but = f"; {others} values are no date" if others else ""
        evidence["date_format"] = f"{formats[0]} (the only usual format of {seen}{but})"
        return formats[0]
    if not first:
        raise FileProblem("no row shows how dates are written: declare DATE_FORMAT")
    if len(formats) > 1:
        raise FileProblem(
            f"dates are ambiguous: {' and '.join(formats)} both fit {seen}: declare DATE_FORMAT"
        )
    raise FileProblem(
        f"no usual date format fits {next(iter(first))!r} and what follows: declare DATE_FORMAT"
    )
