"""Turns lines of text into rows and rejects. Pure: no AWS, no database."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Union

from problems import FileProblem
from values import COLUMNS, BadValue, row_checker

_FIELD_LIMIT = 8192


class Row(NamedTuple):
    """A good row: where it starts and its eight values as MySQL text; None is NULL."""

    line: int
    values: tuple[str | None, ...]


class Reject(NamedTuple):
    """A row that was not taken, with the reason and its text as it stands in the file."""

    line: int
    reason: str
    raw: str


def read_records(lines: Iterable[str], date_format: str) -> Iterator[Union[Row, Reject]]:
    """Yields a Row or a Reject for every record after the header; blank lines are no records.

    A stray quote can swallow the lines after it. When a record that spans lines turns out bad,
    only its first line is rejected and the others are read again by themselves.
    """
    source = _Replay(lines)
    csv.field_size_limit(_FIELD_LIMIT)
    _check_header(source)
    check = row_checker(date_format)
    reader = csv.reader(source, strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _reject(source, _csv_reason(error))
            # The end of the data inside a quote exhausts the reader; a new one goes on.
            reader = csv.reader(source, strict=True)
            continue
        if not fields:
            source.forget()
            continue
        try:
            row = Row(source.start, check(fields))
        except BadValue as problem:
            yield _reject(source, str(problem))
        else:
            source.forget()
            yield row


class _Replay:
    """An iterator over lines that remembers those of the current record and can give them back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self.start = 1

    def __iter__(self) -> _Replay:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        return line

    def forget(self) -> None:
        """Ends the current record: the next line is the start of another."""
        self.start += len(self._taken)
        self._taken.clear()

    def keep_first(self) -> str:
        """Ends the current record after its first line and gives the others back."""
        first = self._taken[0]
        self._again.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]
        self.forget()
        return first


def _reject(source: _Replay, reason: str) -> Reject:
    line = source.start
    return Reject(line, reason, source.keep_first().rstrip("\r\n"))


def _csv_reason(error: csv.Error) -> str:
    text = str(error)
    if "end of data" in text:
        return "a quote is opened and not closed"
    if "field limit" in text:
        return f"a field is longer than {_FIELD_LIMIT} characters, or a quote is not closed"
    return f"not well-formed CSV: {text}"


def _check_header(source: _Replay) -> None:
    expected = ",".join(COLUMNS)
    try:
        fields = next(csv.reader(source, strict=True), [])
    except csv.Error as error:
        raise FileProblem(
            f"expected the header {expected}, found a broken line: {error}"
        ) from error
    if tuple(fields) != COLUMNS:
        found = ",".join(fields)[:200] or "an empty line"
        raise FileProblem(f"expected the header {expected}, found {found}")
    source.forget()
