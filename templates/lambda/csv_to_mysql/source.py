"""Opens an S3 object as a stream of bytes, unzipped; never holds more than one buffer of it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError
from problems import FileProblem, Outdated

BUFFER_BYTES = 1 << 20
CHUNK_BYTES = 1 << 18
_GONE = {"NoSuchKey", "NoSuchVersion", "404"}
_GZIP = b"\x1f\x8b"
_NOT_CSV = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    _GZIP: "a gzip file inside a gzip file",
    b"PK": "a zip or Excel file",
}


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


def open_object(s3: Any, ref: ObjectRef) -> io.BufferedReader:
    """Opens the object and unzips it if its first bytes say gzip, whatever its name is.

    Raises FileProblem if it is gone or no text, Outdated if another took its place.
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
    return unzipped(reply["Body"])


def unzipped(body: Any) -> io.BufferedReader:
    """Buffers a raw stream, through gzip where it is gzip; raises FileProblem if it is no text."""
    stream = io.BufferedReader(body, BUFFER_BYTES)
    if stream.peek(2)[:2] == _GZIP:
        stream = io.BufferedReader(_Gzip(stream), BUFFER_BYTES)
    start = stream.peek(2)[:2]
    if not start:
        raise FileProblem("the file is empty: expected rows, found 0 bytes")
    for magic, name in _NOT_CSV.items():
        if start.startswith(magic):
            raise FileProblem(f"expected CSV text, found {name}")
    return stream


class _Gzip(gzip.GzipFile):
    """Tells what is wrong with the file from what is wrong with the network."""

    def __init__(self, source: io.BufferedReader) -> None:
        super().__init__(fileobj=source, mode="rb")
        self._source = source

    def close(self) -> None:
        """Closes the zipped stream, too."""
        super().close()
        self._source.close()

    def readinto(self, buffer: Any) -> int:
        """Reads and unzips."""
        try:
            return super().readinto(buffer)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise FileProblem(f"expected gzip to the end of the file: {error}") from error

    def readinto1(self, buffer: Any) -> int:
        """Reads and unzips, once."""
        return self.readinto(buffer)


def chunks(first: bytes, stream: io.BufferedReader | None = None) -> Iterator[bytes]:
    """Yields `first` and then what is left of the stream in pieces of CHUNK_BYTES."""
    for start in range(0, len(first), CHUNK_BYTES):
        yield first[start : start + CHUNK_BYTES]
    while stream and (chunk := stream.read(CHUNK_BYTES)):
        yield chunk
