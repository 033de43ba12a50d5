"""Dates as files write them. Pure: no AWS, no database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

MYSQL_FORMAT = "%Y-%m-%d %H:%M:%S"
_DAYS = (
    "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y", "%m.%d.%Y", "%d.%m.%Y", "%Y-%m-%d", "%Y/%m/%d",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M:%SZ", " %I:%M %p", " %I:%M:%S %p")
# Every order of day and month that is usual stands beside its opposite, so that a sample which
# leaves the order open fits two. A year in front is always followed by the month.
USUAL_FORMATS = tuple(day + time for day in _DAYS for time in _TIMES)

# What strptime takes for these, and in the same order, at a third of its time.
_PARTS = {
    "%Y": "(?P<year>[0-9]{4})",
    "%m": "(?P<month>1[0-2]|0[1-9]|[1-9])",
    "%d": "(?P<day>3[01]|[12][0-9]|0[1-9]|[1-9])",
    "%H": "(?P<hour>2[0-3]|[01][0-9]|[0-9])",
    "%M": "(?P<minute>[0-5][0-9]|[0-9])",
    "%S": "(?P<second>[0-5][0-9]|[0-9])",
}
_DIRECTIVE = re.compile("(%.)", re.DOTALL)


def date_reader(date_format: str) -> Callable[[str], str | None]:
    """Returns a function from a date in exactly `date_format` to MySQL's form, else to None."""
    pattern = _pattern(date_format)
    return _read_by_pattern(pattern) if pattern else _read_by_strptime(date_format)


def _pattern(date_format: str) -> re.Pattern[str] | None:
    """Translates a format of plain numbers; others are left to strptime."""
    pieces = _DIRECTIVE.split(date_format)
    directives = pieces[1::2]
    if not {"%Y", "%m", "%d"} <= set(directives) <= _PARTS.keys():
        return None
    if len(set(directives)) != len(directives):
        return None
    pieces[0::2] = map(re.escape, pieces[0::2])
    pieces[1::2] = (_PARTS[directive] for directive in directives)
    return re.compile("".join(pieces))


def _read_by_pattern(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def read(value: str) -> str | None:
        found = pattern.fullmatch(value)
        if not found:
            return None
        try:
            moment = datetime(**{name: int(text) for name, text in found.groupdict().items()})
        except ValueError:
            return None
        return moment.isoformat(" ") if moment.year >= 1000 else None

    return read


def _read_by_strptime(date_format: str) -> Callable[[str], str | None]:
    def read(value: str) -> str | None:
        # strptime lets a space stand for any white space and \d for any script's digits.
        if not value.isascii() or value.split(" ") != value.split():
            return None
        try:
            moment = datetime.strptime(value, date_format)
        except ValueError:
            return None
        return moment.strftime(MYSQL_FORMAT) if moment.year >= 1000 else None

    return read


def fitting_formats(values: Iterable[str]) -> tuple[list[str], int, int]:
    """Returns the usual formats that fit every value, how many values spoke, and how many fit none.

    A value that is a date in no usual format says nothing about the others; its row is rejected.
    """
    readers = {date_format: date_reader(date_format) for date_format in USUAL_FORMATS}
    alive = list(readers)
    spoke = silent = 0
    for value in values:
        fits = [date_format for date_format in alive if readers[date_format](value)]
        if fits or any(read(value) for read in readers.values()):
            alive, spoke = fits, spoke + 1
        else:
            silent += 1
    return (alive if spoke else []), spoke, silent
