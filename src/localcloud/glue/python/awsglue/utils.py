"""Job arguments, as Glue passes them."""

from __future__ import annotations

from collections.abc import Iterable


class GlueArgumentError(Exception):
    """An argument that the job needs was not passed, or has no value."""


def getResolvedOptions(argv: list[str], options: Iterable[str]) -> dict[str, str]:
    """Returns the named options from `--name value` or `--name=value`; others are ignored.

    Names are matched whole. Of an argument given twice the last one counts.
    """
    wanted = list(options)
    found: dict[str, str] = {}
    position = 1
    while position < len(argv):
        name, equals, value = argv[position].partition("=")
        position += 1
        if not name.startswith("--") or name[2:] not in wanted:
            continue
        if not equals:
            if position >= len(argv):
                raise GlueArgumentError(f"argument {name} has no value")
            value = argv[position]
            position += 1
        found[name[2:]] = value
    if missing := [name for name in wanted if name not in found]:
        raise GlueArgumentError(f"missing job arguments: {', '.join('--' + n for n in missing)}")
    return found
