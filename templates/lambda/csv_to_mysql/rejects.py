"""Collects rejected rows in a scratch file and stores them as one S3 object."""

from __future__ import annotations

import csv
import tempfile
from typing import Any

from boto3.s3.transfer import TransferConfig
from problems import FileProblem
from records import Reject
from source import ObjectRef

# One thread and parts of 8 MiB: memory stays flat however many rows were rejected.
_ONE_PART_AT_A_TIME = TransferConfig(use_threads=False, multipart_chunksize=8 << 20)


class RejectsFile:
    """A CSV of line, reason and raw text, on disk until it is stored."""

    def __init__(self, scratch: str, limit_bytes: int) -> None:
        self.count = 0
        self.first_reason = ""
        self._limit_bytes = limit_bytes
        self._chars = 0
        self._text = tempfile.NamedTemporaryFile(
            "w", dir=scratch, encoding="utf-8", newline="", suffix=".rejects"
        )
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(("line", "reason", "raw"))

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    def add(self, reject: Reject) -> None:
        """Keeps one reject; raises FileProblem when they outgrow the scratch space."""
        self.count += 1
        self.first_reason = self.first_reason or f"line {reject.line}: {reject.reason}"
        self._chars += len(reject.raw) + len(reject.reason) + 32
        if self._chars > self._limit_bytes:
            raise FileProblem(
                f"more than {self.count - 1} rows were rejected, too many to keep; "
                f"the first, {self.first_reason}"
            )
        self._writer.writerow(reject)

    def store(self, s3: Any, bucket: str, prefix: str, ref: ObjectRef) -> str | None:
        """Stores the rejects, if any, and returns their address; a repeat overwrites them."""
        if not self.count:
            return None
        key = f"{prefix}{ref.key}.{ref.version.replace(':', '-')}.rejects"
        self._text.flush()
        s3.upload_file(
            self._text.name, bucket, key,
            ExtraArgs={"ContentType": "text/csv; charset=utf-8"}, Config=_ONE_PART_AT_A_TIME,
        )  # fmt: skip
        return f"s3://{bucket}/{key}"
