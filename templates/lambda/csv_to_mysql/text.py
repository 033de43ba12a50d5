"""Turns bytes into lines of text, one block after another. Pure: no AWS, no database."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator

from problems import FileProblem

MAX_LINE_CHARS = 1 << 18


class Decoder:
    """Decodes chunk by chunk; without a declared encoding the first byte beyond ASCII decides.

    `evidence["encoding"]` says what was decided and why, unless it was declared.
    """

    def __init__(self, codec: str | None, evidence: dict[str, str]) -> None:
        self._evidence = evidence
        self._use(codec)
        if not codec:
            evidence["encoding"] = "ascii (no byte beyond ASCII)"

    @classmethod
    def of(
        cls, sample: bytes, is_whole: bool, declared: str | None, evidence: dict[str, str]
    ) -> Decoder:
        """Chooses by the start of the file; its byte order mark wins over what was declared."""
        if sample.startswith(codecs.BOM_UTF8):
            evidence["encoding"] = "utf-8 (the file begins with its byte order mark)"
            return cls("utf-8-sig", evidence)
        decoder = cls(declared, evidence)
        decoder._decide(sample, is_whole)
        return decoder

    @property
    def encoding(self) -> str:
        """The name of the encoding, for people."""
        return (self._codec or "ascii").replace("-sig", "")

    def fresh(self) -> Decoder:
        """Returns another of the same encoding, for reading the start twice."""
        return Decoder(self._codec, {})

    def decode(self, chunk: bytes, final: bool) -> str:
        """Returns the text of the next chunk."""
        self._decide(chunk, final)
        return self._decoder.decode(chunk, final)

    def _use(self, codec: str | None) -> None:
        self._codec = codec
        self._decoder = codecs.getincrementaldecoder(codec or "ascii")()

    def _decide(self, chunk: bytes, final: bool) -> None:
        """Chooses UTF-8 if all of the chunk is, else ISO-8859-1; ASCII leaves it open."""
        if self._codec or chunk.isascii():
            return
        try:
            codecs.getincrementaldecoder("utf-8")().decode(chunk, final)
            codec, why = "utf-8", "bytes beyond ASCII, and all of them are UTF-8"
        except UnicodeDecodeError as error:
            codec, why = "iso-8859-1", f"byte {chunk[error.start]:#04x} is not UTF-8"
        self._use(codec)
        self._evidence["encoding"] = f"{codec} ({why})"


def line_blocks(chunks: Iterable[bytes], decoder: Decoder) -> Iterator[list[str]]:
    """Yields the lines of each chunk with their ends; one beyond the limit is the file's fault."""
    carry, number = "", 0
    for chunk, final in _with_last(chunks):
        try:
            text = carry + decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            number += carry.count("\n") + error.object[: error.start].count(b"\n")
            raise FileProblem(
                f"expected {decoder.encoding} text, found byte {error.object[error.start]:#04x} "
                f"after line {number}"
            ) from error
        cut = len(text) if final else _last_line_end(text)
        # With this argument a StringIO splits at \n, \r\n and \r and keeps them as they are.
        lines = list(io.StringIO(text[:cut], newline=""))
        carry = text[cut:]
        longest = max(map(len, lines), default=0)
        if max(longest, len(carry)) > MAX_LINE_CHARS:
            at = next((n for n, line in enumerate(lines) if len(line) > MAX_LINE_CHARS), len(lines))
            raise FileProblem(
                f"line {number + at + 1} is longer than {MAX_LINE_CHARS} characters: "
                "not a CSV of rows"
            )
        number += len(lines)
        if lines:
            yield lines


def _with_last(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Ends with an empty chunk, at which a decoder reports half a character."""
    for chunk in chunks:
        yield chunk, False
    yield b"", True


def _last_line_end(text: str) -> int:
    """Where the last whole line ends; a `\\r` at the very end may be half of a `\\r\\n`."""
    return text.rfind("\n") + 1 or text.rfind("\r", 0, len(text) - 1) + 1
