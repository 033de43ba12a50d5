"""Members from JSON and CBOR: both send a tree whose leaves have types of their own."""

import base64
import binascii
import datetime
import json

import cbor2

from .findings import UNREADABLE
from .scalars import WHOLE, whole


def from_json(shape, body, path, findings):
    """Reads the members of `shape` from a JSON text."""
    return _from(shape, body, path, findings, json.loads, JsonLeaves)


def from_cbor(shape, body, path, findings):
    """Reads the members of `shape` from CBOR."""
    return _from(shape, body, path, findings, cbor2.loads, CborLeaves)


def _from(shape, body, path, findings, parse, leaves):
    try:
        tree = parse(body) if body else {}
    except (ValueError, cbor2.CBORDecodeError) as error:
        findings.add("body", path, f"cannot be parsed: {error}")
        return UNREADABLE
    return Document(leaves, findings).read(shape, tree, path)


class JsonLeaves:
    """What JSON sends for each type."""

    @staticmethod
    def blob(value):
        return base64.b64decode(value, validate=True)

    @staticmethod
    def timestamp(value):
        return value if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None


class CborLeaves:
    """What CBOR sends for each type."""

    @staticmethod
    def blob(value):
        return value if isinstance(value, bytes) else None

    @staticmethod
    def timestamp(value):
        return value if isinstance(value, datetime.datetime) else None


class Document:
    """Walks a tree and a shape side by side."""

    def __init__(self, leaves, findings):
        self.leaves = leaves
        self.findings = findings

    def read(self, shape, sent, path):
        kind = shape.type_name
        if kind == "structure":
            if shape.metadata.get("document"):
                return sent
            return self._structure(shape, sent, path)
        if kind == "list":
            return self._list(shape, sent, path)
        if kind == "map":
            return self._map(shape, sent, path)
        return self._leaf(shape, sent, path)

    def _structure(self, shape, sent, path):
        if not isinstance(sent, dict):
            return self._mistyped(shape, sent, path)
        wire = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        members = {}
        for key, value in sent.items():
            if key not in wire:
                self.findings.add("unknown", f"{path}.{key}", f"no member of {shape.name}")
            elif value is not None:
                name = wire[key]
                members[name] = self.read(shape.members[name], value, f"{path}.{name}")
        return members

    def _list(self, shape, sent, path):
        if not isinstance(sent, list):
            return self._mistyped(shape, sent, path)
        return [self.read(shape.member, value, f"{path}[{index}]") for index, value in enumerate(sent)]

    def _map(self, shape, sent, path):
        if not isinstance(sent, dict):
            return self._mistyped(shape, sent, path)
        return {key: self.read(shape.value, value, f"{path}[{key!r}]") for key, value in sent.items()}

    def _leaf(self, shape, sent, path):
        kind = shape.type_name
        value = None
        try:
            if kind in ("string", "character") and isinstance(sent, str):
                value = sent
            elif kind == "boolean" and isinstance(sent, bool):
                value = sent
            elif kind in WHOLE and isinstance(sent, int) and not isinstance(sent, bool):
                value = whole(sent, WHOLE[kind])
            elif kind in ("float", "double") and isinstance(sent, (int, float)) and not isinstance(sent, bool):
                value = sent
            elif kind == "blob":
                value = self.leaves.blob(sent)
            elif kind == "timestamp":
                value = self.leaves.timestamp(sent)
        except (ValueError, TypeError, binascii.Error, OverflowError):
            pass
        return self._mistyped(shape, sent, path) if value is None else value

    def _mistyped(self, shape, sent, path):
        self.findings.add("type", path, f"{sent!r} is no {shape.type_name}")
        return UNREADABLE
