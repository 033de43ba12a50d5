"""The limits that a model sets to members."""

from functools import lru_cache

import regex

from .findings import UNREADABLE
from .scalars import is_number

# How the models, written for Java, name all letters above U+FFFF.
SURROGATES = ("\\uD800\\uDC00-\\uDBFF\\uDFFF", "\\U00010000-\\U0010FFFF")


def judge(shape, value, path, findings):
    """Adds every limit of `shape` that `value` breaks."""
    if value is UNREADABLE or shape.metadata.get("document"):
        return
    kind = shape.type_name
    if kind == "structure":
        _structure(shape, value, path, findings)
    elif kind == "list":
        _size(shape, len(value), "items", path, findings)
        for index, item in enumerate(value):
            judge(shape.member, item, f"{path}[{index}]", findings)
    elif kind == "map":
        _size(shape, len(value), "entries", path, findings)
        for key, item in value.items():
            judge(shape.key, key, f"{path}[{key!r}]", findings)
            if shape.value.type_name != "list" or isinstance(item, list):
                judge(shape.value, item, f"{path}[{key!r}]", findings)
    elif kind == "string":
        _text(shape, value, path, findings)
    elif kind == "blob":
        _size(shape, len(value), "bytes", path, findings)
    elif is_number(value):
        _range(shape, value, path, findings)


def _structure(shape, value, path, findings):
    for name in shape.required_members:
        if name not in value:
            findings.add("required", f"{path}.{name}", "not sent")
    if shape.metadata.get("union") and len(value) != 1:
        findings.add("union", path, f"takes exactly one of its members, not {sorted(value)}")
    for name, member in value.items():
        judge(shape.members[name], member, f"{path}.{name}", findings)


def _text(shape, value, path, findings):
    _size(shape, len(value), "characters", path, findings)
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        findings.add("enum", path, f"{value!r} is none of {', '.join(allowed[:20])}")
    pattern = shape.metadata.get("pattern")
    if not pattern:
        return
    compiled = compile_pattern(pattern)
    if compiled is None:
        findings.unjudged_patterns.add(pattern)
    elif not compiled.fullmatch(value):
        findings.add("pattern", path, f"{value!r} does not match {pattern}")


@lru_cache(maxsize=None)
def compile_pattern(pattern):
    """Compiles a pattern of Java's dialect; None where Python has no word for it. As in Java, all of a text must match."""
    try:
        return regex.compile(pattern.replace(*SURROGATES), regex.VERSION0 | regex.DOTALL)
    except regex.error:
        return None


def _size(shape, size, unit, path, findings):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        findings.add("length", path, f"{size} {unit}, at least {low}")
    if high is not None and size > high:
        findings.add("length", path, f"{size} {unit}, at most {high}")


def _range(shape, value, path, findings):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        findings.add("range", path, f"{value}, at least {low}")
    if high is not None and value > high:
        findings.add("range", path, f"{value}, at most {high}")
