"""Checks the values of one row. Pure: no AWS, no database.

A value is either taken exactly as it stands or the row is rejected with a reason. Nothing is
trimmed, guessed or rounded, and no number passes through a float.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity",
    "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
MAX_CHARS = {"InvoiceNo": 20, "StockCode": 32, "Description": 512, "Country": 100}
_MAY_BE_EMPTY = {"Description"}
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_PRICE = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,4})?")
_CACHE_ENTRIES = 1 << 16


class BadValue(Exception):
    """One value that does not fit its column."""


def row_checker(date_format: str) -> Callable[[list[str]], tuple[str | None, ...]]:
    """Returns a function from a record's fields to its checked values; raises BadValue."""
    dates = date_checker(date_format)
    date_cache: dict[str, str] = {}
    text_seen: set[tuple[str, str]] = set()

    def text(name: str, value: str) -> str:
        if (name, value) not in text_seen:
            _check_text(name, value)
            if len(text_seen) >= _CACHE_ENTRIES:
                text_seen.clear()
            text_seen.add((name, value))
        return value

    def date(value: str) -> str:
        found = date_cache.get(value)
        if found is None:
            found = dates(value)
            if len(date_cache) >= _CACHE_ENTRIES:
                date_cache.clear()
            date_cache[value] = found
        return found

    def check(fields: list[str]) -> tuple[str | None, ...]:
        if len(fields) != len(COLUMNS):
            raise BadValue(f"expected {len(COLUMNS)} fields, found {len(fields)}")
        invoice, stock, description, quantity, day, price, customer, country = fields
        return (
            text("InvoiceNo", invoice),
            text("StockCode", stock),
            text("Description", description),
            _integer("Quantity", quantity),
            date(day),
            _price(price),
            _integer("CustomerID", customer) if customer else None,
            text("Country", country),
        )

    return check


def _check_text(name: str, value: str) -> None:
    if not value and name not in _MAY_BE_EMPTY:
        raise BadValue(f"{name} is empty")
    if len(value) > MAX_CHARS[name]:
        raise BadValue(f"{name} has {len(value)} characters, at most {MAX_CHARS[name]} fit")
    if "\0" in value:
        raise BadValue(f"{name} holds a NUL character")


def _integer(name: str, value: str) -> str:
    if not _INTEGER.fullmatch(value):
        raise BadValue(f"{name} {_shown(value)} is not a whole number")
    if not _INT_MIN <= int(value) <= _INT_MAX:
        raise BadValue(f"{name} {value} is outside {_INT_MIN} to {_INT_MAX}")
    return value


def _price(value: str) -> str:
    if not _PRICE.fullmatch(value):
        raise BadValue(f"UnitPrice {_shown(value)} is not a number with at most 14.4 digits")
    return value


def date_checker(date_format: str) -> Callable[[str], str]:
    """Returns a function from a date in exactly `date_format` to `YYYY-MM-DD HH:MM:SS`."""

    def check(value: str) -> str:
        # strptime lets a space stand for any white space and \d for any script's digits.
        if value.isascii() and value.split(" ") == value.split():
            try:
                moment = datetime.strptime(value, date_format)
            except ValueError:
                pass
            else:
                if moment.year >= 1000:
                    return moment.strftime("%Y-%m-%d %H:%M:%S")
        raise BadValue(f"InvoiceDate {_shown(value)} is not a date like {date_format}")

    return check


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:40] + "...")
