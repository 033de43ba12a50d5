"""Opens an S3 object as a stream of text; never holds more than one buffer of it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError
from problems import FileProblem, Outdated

BUFFER_BYTES = 1 << 20
MAX_LINE_CHARS = 1 << 18
_GONE = {"NoSuchKey", "NoSuchVersion", "404"}
_NOT_CSV = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"\x1f\x8b": "a gzip file",
    b"PK": "a zip or Excel file",
}
_UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class ObjectRef:
    """One version of one S3 object, as its event named it."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    sequencer: str

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ObjectRef:
        """Reads an event record; keys arrive form-encoded (`red+flower.csv`)."""
        entity = record["s3"]["object"]
        return cls(
            bucket=record["s3"]["bucket"]["name"],
            key=unquote_plus(entity["key"]),
            version_id=_real_version(entity.get("versionId")),
            etag=entity.get("eTag", "").strip('"'),
            sequencer=entity.get("sequencer", ""),
        )

    @property
    def version(self) -> str:
        """Identifies the content: the version id, or the ETag in a bucket without versions."""
        if self.version_id:
            return self.version_id
        if self.etag:
            return f"etag:{self.etag}"
        if self.sequencer:
            return f"event:{self.sequencer}"
        raise ValueError(f"the event of {self.uri} names no version, eTag or sequencer")

    @property
    def uri(self) -> str:
        """The object's address for people."""
        return f"s3://{self.bucket}/{self.key}"


def _real_version(version_id: str | None) -> str | None:
    return None if version_id in (None, "", "null") else version_id


def open_text(s3: Any, ref: ObjectRef, encoding: str) -> io.TextIOWrapper:
    """Opens the object and decides its encoding from its first bytes.

    Raises FileProblem if it is gone or no CSV text, Outdated if another took its place.
    """
    wanted = {"Bucket": ref.bucket, "Key": ref.key}
    if ref.version_id:
        wanted["VersionId"] = ref.version_id
    try:
        reply = s3.get_object(**wanted)
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            raise FileProblem(
                f"expected {ref.uri} (version {ref.version}), found nothing: it was deleted"
            ) from error
        raise
    found = reply.get("ETag", "").strip('"')
    if not ref.version_id and ref.etag and found and found != ref.etag:
        reply["Body"].close()
        raise Outdated(f"{ref.uri} was replaced: the event says etag {ref.etag}, S3 has {found}")
    return as_text(reply["Body"], encoding)


def as_text(body: Any, encoding: str) -> io.TextIOWrapper:
    """Wraps a raw byte stream; a UTF-8 byte order mark wins over the declared encoding."""
    stream = io.BufferedReader(body, BUFFER_BYTES)
    start = stream.peek(3)[:3]
    if not start:
        raise FileProblem("the file is empty: expected a header line, found 0 bytes")
    for magic, name in _NOT_CSV.items():
        if start.startswith(magic):
            raise FileProblem(f"expected CSV text in {encoding}, found {name}")
    chosen = "utf-8-sig" if start == _UTF8_BOM else encoding
    return io.TextIOWrapper(stream, encoding=chosen, errors="strict", newline="")


def lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yields physical lines with their ends; a line beyond the limit is the file's fault."""
    number = 0
    try:
        while line := text.readline(MAX_LINE_CHARS):
            number += 1
            if len(line) == MAX_LINE_CHARS and not line.endswith(("\n", "\r")):
                raise FileProblem(
                    f"line {number} is longer than {MAX_LINE_CHARS} characters: not a CSV of rows"
                )
            yield line
    except UnicodeDecodeError as error:
        raise FileProblem(
            f"expected {error.encoding} text, found byte {error.object[error.start]:#04x} "
            f"after line {number}"
        ) from error
