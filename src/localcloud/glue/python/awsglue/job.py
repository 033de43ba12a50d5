"""The life of a job run: init, then commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from awsglue.bookmarks import Bookmark


class Job:
    """Marks the begin and the end of a run; the commit moves the bookmark on."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context
        self._name: str | None = None
        self._bookmark = Bookmark()
        self.committed = False

    def init(self, job_name: str, args: Mapping[str, str] | None = None) -> None:
        """Begins the run; sources that are read from now on go by the bookmark."""
        self._name = job_name
        self._bookmark = Bookmark.of_this_run()
        if self._glue_context is not None:
            self._glue_context.bookmark = self._bookmark

    def isInitialized(self) -> bool:
        """Says whether `init` was called."""
        return self._name is not None

    def commit(self) -> None:
        """Ends the run; only an initialised job can be committed."""
        if not self.isInitialized():
            raise RuntimeError("Job.commit was called before Job.init")
        self._bookmark.commit()
        self.committed = True
