"""Checks values, of one row or of many rows by column. Pure: no AWS, no database.

A value is either taken exactly as it stands or the row is rejected with a reason. Nothing is
trimmed, guessed or rounded, and no number passes through a float.
"""

from __future__ import annotations

import re
from typing import Sequence, Union

from dates import date_reader

COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity",
    "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
MAX_CHARS = {"InvoiceNo": 20, "StockCode": 32, "Description": 512, "Country": 100}
_MAY_BE_EMPTY = {"Description"}
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_PRICE = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,4})?")
_CACHE_ENTRIES = 1 << 14

Column = Sequence[Union[str, None]]


class BadValue(Exception):
    """One value that does not fit its column."""


class Checker:
    """Turns what a file says into MySQL's text; None is NULL."""

    def __init__(self, date_format: str) -> None:
        self._dates = _Dates(date_format)

    def row(self, fields: Sequence[str]) -> tuple[str | None, ...]:
        """Returns the values of one record; raises BadValue with the reason if it cannot."""
        if len(fields) != len(COLUMNS):
            raise BadValue(f"expected {len(COLUMNS)} fields, found {len(fields)}")
        invoice, stock, description, quantity, day, price, customer, country = fields
        return (
            _text("InvoiceNo", invoice),
            _text("StockCode", stock),
            _text("Description", description),
            _integer("Quantity", quantity),
            self._dates[day],
            _price(price),
            _integer("CustomerID", customer) if customer else None,
            _text("Country", country),
        )

    def columns(self, records: Sequence[Sequence[str]]) -> tuple[Column, ...] | None:
        """Returns the values of many records by column, or None if any record is not good.

        It takes exactly what `row` takes, at a fraction of the time: most values repeat.
        """
        if set(map(len, records)) != {len(COLUMNS)}:
            return None
        invoice, stock, description, quantity, day, price, customer, country = zip(*records)
        try:
            date_of = {value: self._dates[value] for value in set(day)}
        except BadValue:
            return None
        good = (
            _are_texts("InvoiceNo", set(invoice))
            and _are_texts("StockCode", set(stock))
            and _are_texts("Description", set(description))
            and _are_integers(set(quantity))
            and all(map(_PRICE.fullmatch, set(price)))
            and _are_integers(set(customer) - {""})
            and _are_texts("Country", set(country))
        )
        if not good:
            return None
        days = list(map(date_of.__getitem__, day))
        customers = [value or None for value in customer]
        return invoice, stock, description, quantity, days, price, customers, country


class _Dates(dict):
    """Remembers dates that were read; raises BadValue for what is none."""

    def __init__(self, date_format: str) -> None:
        super().__init__()
        self._format = date_format
        self._read = date_reader(date_format)

    def __missing__(self, value: str) -> str:
        found = self._read(value)
        if found is None:
            raise BadValue(f"InvoiceDate {_shown(value)} is not a date like {self._format}")
        if len(self) >= _CACHE_ENTRIES:
            self.clear()
        self[value] = found
        return found


def _text(name: str, value: str) -> str:
    if not value and name not in _MAY_BE_EMPTY:
        raise BadValue(f"{name} is empty")
    if len(value) > MAX_CHARS[name]:
        raise BadValue(f"{name} has {len(value)} characters, at most {MAX_CHARS[name]} fit")
    if "\0" in value:
        raise BadValue(f"{name} holds a NUL character")
    return value


def _are_texts(name: str, values: set[str]) -> bool:
    return (
        ("" not in values or name in _MAY_BE_EMPTY)
        and max(map(len, values)) <= MAX_CHARS[name]
        and "\0" not in "".join(values)
    )


def _integer(name: str, value: str) -> str:
    if not _INTEGER.fullmatch(value):
        raise BadValue(f"{name} {_shown(value)} is not a whole number")
    if not _INT_MIN <= int(value) <= _INT_MAX:
        raise BadValue(f"{name} {value} is outside {_INT_MIN} to {_INT_MAX}")
    return value


def _are_integers(values: set[str]) -> bool:
    return all(map(_INTEGER.fullmatch, values)) and all(
        _INT_MIN <= value <= _INT_MAX for value in map(int, values)
    )


def _price(value: str) -> str:
    if not _PRICE.fullmatch(value):
        raise BadValue(f"UnitPrice {_shown(value)} is not a number with at most 14.4 digits")
    return value


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:40] + "...")
