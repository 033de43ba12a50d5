"""Members from text: forms, XML, paths, queries and headers all write them alike."""

import base64
import binascii
import math

from botocore.utils import parse_timestamp

from .findings import UNREADABLE

WHOLE = {"integer": 32, "long": 64}


def from_text(shape, text, path, findings):
    """Reads what `shape` asks for from `text`."""
    kind = shape.type_name
    try:
        if kind in WHOLE:
            return whole(int(text), WHOLE[kind])
        if kind in ("float", "double"):
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text]
        if kind == "timestamp":
            return parse_timestamp(text)
        if kind == "blob":
            return base64.b64decode(text, validate=True)
        if kind in ("string", "character"):
            return text
    except (ValueError, KeyError, binascii.Error, OverflowError):
        pass
    findings.add("type", path, f"{text!r} is no {kind}")
    return UNREADABLE


def whole(number, bits):
    """Returns the number if it can be held by that many bits."""
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise OverflowError(number)
    return number


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)
