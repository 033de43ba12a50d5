"""The life of a job run: init, then commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Job:
    """Marks the begin and the end of a run. Bookmarks are not kept on the laptop."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context
        self._name: str | None = None
        self.committed = False

    def init(self, job_name: str, args: Mapping[str, str] | None = None) -> None:
        """Begins the run."""
        self._name = job_name

    def isInitialized(self) -> bool:
        """Says whether `init` was called."""
        return self._name is not None

    def commit(self) -> None:
        """Ends the run; only an initialised job can be committed."""
        if not self.isInitialized():
            raise RuntimeError("Job.commit was called before Job.init")
        self.committed = True
