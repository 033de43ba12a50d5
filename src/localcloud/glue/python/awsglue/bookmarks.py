"""The bookmark of a job run: how far each source was read by the runs before.

The local cloud puts what it keeps of a job into a file and names it in the environment; a commit
leaves the new state beside it. Without that file there is no bookmark, and all is read.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from awsglue.utils import GlueArgumentError, getResolvedOptions

VARIABLE = "STACK_GLUE_BOOKMARK"
COMMITTED = ".committed"


class Bookmark:
    """What is known of the sources, by `transformation_ctx`, and what this run has read."""

    def __init__(self, path: str | None = None, option: str = "job-bookmark-disable") -> None:
        self._path = Path(path) if path and option != "job-bookmark-disable" else None
        self._is_kept = option == "job-bookmark-enable"
        self._known: dict[str, Any] = {}
        self._read: dict[str, Any] = {}
        if self._path and self._path.exists():
            self._known = json.loads(self._path.read_text(encoding="utf-8") or "{}")

    @classmethod
    def of_this_run(cls) -> Bookmark:
        """Returns the bookmark that the run's arguments and environment name."""
        try:
            option = getResolvedOptions(sys.argv, ["job-bookmark-option"])["job-bookmark-option"]
        except GlueArgumentError:
            option = "job-bookmark-disable"
        return cls(os.environ.get(VARIABLE), option)

    @property
    def is_on(self) -> bool:
        """Says whether sources go by the bookmark: it is enabled or paused."""
        return self._path is not None

    def position(self, source: str, keys: Sequence[str]) -> Mapping[str, str] | None:
        """Returns the last values of a source's keys; other keys than before begin anew."""
        known = self._known.get(source)
        return known if known and list(known) == list(keys) else None

    def advance(self, source: str, values: Mapping[str, str]) -> None:
        """Notes how far a source is read; it counts when the job is committed."""
        self._read[source] = dict(values)

    def commit(self) -> None:
        """Writes the new state, in one piece; a paused bookmark stays where it is."""
        if self._path is None or not self._is_kept:
            return
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps({**self._known, **self._read}), encoding="utf-8")
        part.replace(self._path.with_name(self._path.name + COMMITTED))
