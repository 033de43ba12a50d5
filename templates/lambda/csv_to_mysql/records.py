"""Turns lines of text into rows and rejects. Pure: no AWS, no database."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Union

from layout import Layout
from problems import FileProblem
from values import COLUMNS, BadValue, Checker, Column

_FIELD_LIMIT = 8192
# Where a block has a bad record, so many lines of it are tried at once.
_PIECE_LINES = 32


class Rows(NamedTuple):
    """Good rows by column: where each starts, and the eight values as MySQL text; None is NULL."""

    lines: Sequence[int]
    columns: tuple[Column, ...]


class Reject(NamedTuple):
    """A row that was not taken, with the reason and its text as it stands in the file."""

    line: int
    reason: str
    raw: str


def read_records(blocks: Iterable[list[str]], layout: Layout) -> Iterator[Union[Rows, Reject]]:
    """Yields Rows and Rejects for every record after the header; blank lines are no records.

    Expected flow: a block of good records is taken as a whole. Where that fails it is taken in
    pieces, and a piece where that fails, record by record, which alone finds the reasons.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    source = _Source(blocks)
    if layout.header:
        _check_header(source, layout)
    check = Checker(layout.date_format)
    careful_until = 0
    while True:
        is_careful = source.start < careful_until
        lines = source.ahead(_PIECE_LINES if is_careful else None)
        if not lines:
            return
        rows = _whole(lines, source.start, layout, check)
        if rows:
            source.skip(len(lines))
            yield rows
        elif is_careful or len(lines) <= _PIECE_LINES:
            yield from _one_by_one(source, source.start + len(lines), layout, check)
        else:
            careful_until = source.start + len(lines)


def _whole(lines: list[str], start: int, layout: Layout, check: Checker) -> Rows | None:
    """Takes all lines as good records, or none."""
    try:
        records = list(layout.reader(lines))
        starts: Sequence[int] = range(start, start + len(lines))
        if len(records) != len(lines):
            starts = _starts(lines, start, layout)
    except csv.Error:  # perhaps only the last record goes on behind these lines
        return None
    columns = check.columns(records)
    return Rows(starts, columns) if columns else None


def _starts(lines: list[str], start: int, layout: Layout) -> list[int]:
    """Numbers the first line of each record where some hold line ends."""
    reader = layout.reader(lines)
    ends = [reader.line_num for _ in reader]
    return [start + end for end in [0, *ends[:-1]]]


def _one_by_one(
    source: _Source, until: int, layout: Layout, check: Checker
) -> Iterator[Union[Rows, Reject]]:
    """Reads records until line `until` or, if a record goes on there, until its end.

    A stray quote can swallow the lines after it. When a record that spans lines turns out bad,
    only its first line is rejected and the others are read again by themselves.
    """
    reader = layout.reader(source)
    good: list[tuple[int, tuple[str | None, ...]]] = []
    while source.start < until:
        try:
            fields = next(reader)
            if fields:
                good.append((source.start, check.row(fields)))
            source.forget()
        except StopIteration:
            break
        except (csv.Error, BadValue) as problem:
            yield from _gathered(good)
            good.clear()
            yield _reject(source, _reason(problem))
            if isinstance(problem, csv.Error):
                # The end of the data inside a quote exhausts the reader; a new one goes on.
                reader = layout.reader(source)
    yield from _gathered(good)


def _gathered(good: list[tuple[int, tuple[str | None, ...]]]) -> Iterator[Rows]:
    if good:
        starts, values = zip(*good)
        yield Rows(starts, tuple(zip(*values)))


class _Source:
    """An iterator over lines that remembers those of the current record and can give them back."""

    def __init__(self, blocks: Iterable[list[str]]) -> None:
        self._blocks = iter(blocks)
        self._block: list[str] = []
        self._at = 0
        self._taken: list[str] = []
        self.start = 1

    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> str:
        if self._at == len(self._block):
            self._block, self._at = next(self._blocks), 0
        line = self._block[self._at]
        self._at += 1
        self._taken.append(line)
        return line

    def ahead(self, count: int | None) -> list[str]:
        """Shows the next lines, at most `count` of one block; none at the end."""
        if self._at == len(self._block):
            self._block, self._at = next(self._blocks, []), 0
        end = len(self._block) if count is None else self._at + count
        return self._block[self._at : end]

    def skip(self, count: int) -> None:
        """Goes on behind lines that were shown and taken as whole records."""
        self._at += count
        self.start += count

    def forget(self) -> None:
        """Ends the current record: the next line is the start of another."""
        self.start += len(self._taken)
        self._taken.clear()

    def keep_first(self) -> str:
        """Ends the current record after its first line and gives the others back."""
        first = self._taken[0]
        self._block[: self._at] = self._taken[1:]
        self._at = 0
        del self._taken[1:]
        self.forget()
        return first


def _reject(source: _Source, reason: str) -> Reject:
    line = source.start
    return Reject(line, reason, source.keep_first().rstrip("\r\n"))


def _reason(problem: Exception) -> str:
    text = str(problem)
    if isinstance(problem, BadValue):
        return text
    if "end of data" in text:
        return "a quote is opened and not closed"
    if "field limit" in text:
        return f"a field is longer than {_FIELD_LIMIT} characters, or a quote is not closed"
    return f"not well-formed CSV: {text}"


def _check_header(source: _Source, layout: Layout) -> None:
    expected = ",".join(COLUMNS)
    try:
        fields = next(layout.reader(source), [])
    except csv.Error as error:
        raise FileProblem(
            f"expected the header {expected}, found a broken line: {error}"
        ) from error
    if tuple(fields) != COLUMNS:
        found = ",".join(fields)[:200] or "an empty line"
        raise FileProblem(f"expected the header {expected}, found {found}")
    source.forget()
