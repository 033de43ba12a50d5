"""The load log: one row per object version says what became of it.

Expected flow: under the lock of a key, `claim` either answers from the log or commits a
`running` row; the load itself and its `finish` are one transaction. A load that dies leaves
`running` and no data, and the next delivery claims the same row again.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

import pymysql
from source import ObjectRef

_REASON_CHARS = 2000


@dataclass
class Tally:
    """What one delivery did, as logged; `repeated` if an earlier one had done it.

    `detected` says of what was not declared how it was found in the file.
    """

    load_id: int
    state: str
    rows_in: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rejects_uri: str | None = None
    reason: str | None = None
    repeated: bool = False
    detected: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For the log line and the function's result."""
        return asdict(self)


@dataclass(frozen=True)
class Claim:
    """The right to load an object: its log row and the loads whose rows it replaces."""

    load_id: int
    replaces: list[int] = field(default_factory=list)


def lock_key(db: pymysql.Connection, ref: ObjectRef, wait_seconds: int) -> None:
    """Lets one delivery of a key in at a time; the lock ends with the connection, killed or not."""
    name = "load:" + _digest(f"{ref.bucket}/{ref.key}").hex()[:56]
    with db.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, %s)", (name, wait_seconds))
        if cursor.fetchone()[0] != 1:
            raise TimeoutError(
                f"another load of {ref.uri} was still running after {wait_seconds} s"
            )
    db.commit()  # what is read next must be as of now, not as of before the wait


def is_older(sequencer: str, than: str) -> bool:
    """Compares two S3 sequencers of one key; an unknown one counts as the newest."""
    if not sequencer or not than:
        return False
    width = max(len(sequencer), len(than))
    return sequencer.lower().ljust(width, "0") < than.lower().ljust(width, "0")


def claim(db: pymysql.Connection, table: str, ref: ObjectRef) -> Claim | Tally:
    """Decides what a delivery means: nothing new (a Tally), or a load to carry out (a Claim)."""
    with db.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(
            f"SELECT * FROM `{table}` WHERE Bucket = %s AND ObjectKey = %s"
            " AND (State = 'loaded' OR ObjectHash = %s)",
            (ref.bucket, ref.key, _identity(ref)),
        )
        rows = cursor.fetchall()
    own = next((row for row in rows if row["VersionId"] == ref.version), None)
    loaded = [row for row in rows if row["State"] == "loaded"]
    if own in loaded:
        _touch(db, table, own, ref)
        return _repeated(own)
    newer = [row for row in loaded if is_older(ref.sequencer, row["Sequencer"])]
    if newer and own and own["State"] == "superseded":
        return _repeated(own)
    load_id = _begin(db, table, ref)
    if newer:
        tally = Tally(load_id, "superseded")
        tally.reason = f"arrived after version {newer[0]['VersionId']}, which is newer"
        finish(db, table, tally)
        return tally
    return Claim(load_id, [row["LoadId"] for row in loaded])


def finish(
    db: pymysql.Connection, table: str, tally: Tally, replaces: list[int] | None = None
) -> None:
    """Writes the outcome, marks the loads it replaced, and commits."""
    with db.cursor() as cursor:
        cursor.execute(
            f"UPDATE `{table}` SET State = %s, RowsIn = %s, RowsLoaded = %s, RowsRejected = %s,"
            " RejectsUri = %s, Reason = %s, FinishedAt = UTC_TIMESTAMP(3) WHERE LoadId = %s",
            (tally.state, tally.rows_in, tally.rows_loaded, tally.rows_rejected,
             tally.rejects_uri, tally.reason and tally.reason[:_REASON_CHARS], tally.load_id),
        )  # fmt: skip
        for old in replaces or []:
            cursor.execute(
                f"UPDATE `{table}` SET State = 'superseded', Reason = %s WHERE LoadId = %s",
                (f"replaced by load {tally.load_id}", old),
            )
    db.commit()


def _begin(db: pymysql.Connection, table: str, ref: ObjectRef) -> int:
    """Commits a `running` row, a new one or that of an earlier try, and returns its id."""
    with db.cursor() as cursor:
        cursor.execute(f"SELECT LoadId FROM `{table}` WHERE ObjectHash = %s", (_identity(ref),))
        if found := cursor.fetchone():
            cursor.execute(
                f"UPDATE `{table}` SET State = 'running', Sequencer = %s, RowsIn = 0,"
                " RowsLoaded = 0, RowsRejected = 0, RejectsUri = NULL, Reason = NULL,"
                " FinishedAt = NULL, StartedAt = UTC_TIMESTAMP(3) WHERE LoadId = %s",
                (ref.sequencer, found[0]),
            )
            load_id = found[0]
        else:
            cursor.execute(
                f"INSERT INTO `{table}`"
                " (Bucket, ObjectKey, VersionId, Sequencer, State, StartedAt)"
                " VALUES (%s, %s, %s, %s, 'running', UTC_TIMESTAMP(3))",
                (ref.bucket, ref.key, ref.version, ref.sequencer),
            )
            load_id = cursor.lastrowid
    db.commit()
    return load_id


def _touch(db: pymysql.Connection, table: str, row: dict[str, Any], ref: ObjectRef) -> None:
    """Remembers the newest event of unchanged content, so that older ones stay older."""
    if is_older(row["Sequencer"], ref.sequencer):
        with db.cursor() as cursor:
            cursor.execute(
                f"UPDATE `{table}` SET Sequencer = %s WHERE LoadId = %s",
                (ref.sequencer, row["LoadId"]),
            )
    db.commit()


def _repeated(row: dict[str, Any]) -> Tally:
    return Tally(
        row["LoadId"], row["State"], row["RowsIn"], row["RowsLoaded"], row["RowsRejected"],
        row["RejectsUri"], row["Reason"], repeated=True,
    )  # fmt: skip


def _identity(ref: ObjectRef) -> bytes:
    """Computes what the column ObjectHash holds."""
    return _digest(f"{ref.bucket}/{ref.key}?{ref.version}")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
