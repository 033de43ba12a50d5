"""Loads one object: lock, claim, stream, one transaction, tally."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Union

import load_log
import pymysql
from layout import Layout, detect, sample_bytes
from load_log import Claim, Tally
from mysql_load import Sink, connect, open_sink
from problems import FileProblem, Outdated
from records import Reject, Rows, read_records
from rejects import RejectsFile
from settings import Settings
from source import ObjectRef, chunks, open_object
from text import Decoder, line_blocks

# a deadlock, and a lock that was not given in time
_LOCKED = (1213, 1205)
_ATTEMPTS = 5


def load_object(
    settings: Settings, s3: Any, secrets: Any, ref: ObjectRef, wait_seconds: int
) -> Tally:
    """Loads the object once, whatever was delivered before, and returns the tally.

    The file's own faults end in a tally of state `failed`. Whatever else goes wrong is raised,
    with nothing committed but a `running` row that the next try takes over.
    """
    with closing(connect(settings, secrets)) as db:
        load_log.lock_key(db, ref, wait_seconds)
        claim = load_log.claim(db, settings.log_table, ref)
        if isinstance(claim, Tally):
            return claim
        for attempt in range(1, _ATTEMPTS + 1):
            tally = Tally(claim.load_id, "running")
            try:
                _load(db, settings, s3, ref, claim, tally)
            except FileProblem as problem:
                _give_up(db, settings, tally, "failed", str(problem))
            except Outdated as problem:
                _give_up(db, settings, tally, "superseded", str(problem))
            except pymysql.err.OperationalError as problem:
                if problem.args[0] not in _LOCKED or attempt == _ATTEMPTS:
                    raise
                # Another load was in the way; Lambda itself would wait for minutes
                db.rollback()
                time.sleep(random.uniform(0, attempt))
                continue
            break
        return tally


def _load(
    db: pymysql.Connection, settings: Settings, s3: Any, ref: ObjectRef, claim: Claim, tally: Tally
) -> None:
    """Carries out a claim as one transaction; `tally` is filled on the way."""
    stream = open_object(s3, ref)
    with closing(stream), RejectsFile(settings.scratch, settings.rejects_limit_bytes) as rejects:
        records = _records(stream, settings, tally.detected)
        _clear(db, settings.table, [*claim.replaces, claim.load_id])
        with closing(open_sink(db, settings, claim.load_id)) as sink:
            _copy_rows(records, sink, rejects, tally)
            sent = sink.finish()
        tally.rejects_uri = rejects.store(
            s3, settings.rejects_bucket or ref.bucket, settings.rejects_prefix, ref
        )
        if tally.rows_rejected and not tally.rows_loaded:
            raise FileProblem(f"every row was rejected; the first, {rejects.first_reason}")
        _prove(db, settings.table, tally, sent)
    tally.state = "loaded"
    load_log.finish(db, settings.log_table, tally, claim.replaces)


def _records(
    stream: io.BufferedReader, settings: Settings, evidence: dict[str, str]
) -> Iterator[Union[Rows, Reject]]:
    """Finds out how the file is written and begins to read it, from its start."""
    wanted = sample_bytes(settings)
    sample = stream.read(wanted)
    is_whole = len(sample) < wanted
    decoder = Decoder.of(sample, is_whole, settings.encoding, evidence)
    seen = sample if is_whole else sample[: max(map(sample.rfind, (b"\n", b"\r"))) + 1]
    lines = [line for block in line_blocks(chunks(seen), decoder.fresh()) for line in block]
    layout = detect(lines, settings, evidence)
    return read_records(line_blocks(chunks(sample, stream), decoder), layout)


def _copy_rows(
    records: Iterator[Union[Rows, Reject]], sink: Sink, rejects: RejectsFile, tally: Tally
) -> None:
    for record in records:
        if isinstance(record, Rows):
            sink.add(record)
            tally.rows_in += len(record.lines)
            tally.rows_loaded += len(record.lines)
        else:
            rejects.add(record)
            tally.rows_in += 1
            tally.rows_rejected += 1


def _clear(db: pymysql.Connection, table: str, load_ids: list[int]) -> None:
    with db.cursor() as cursor:
        for load_id in load_ids:
            cursor.execute(f"DELETE FROM `{table}` WHERE LoadId = %s", (load_id,))


def _prove(db: pymysql.Connection, table: str, tally: Tally, sent: int) -> None:
    """Checks rows in = loaded + rejected against what the table holds before the commit."""
    with db.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM `{table}` WHERE LoadId = %s", (tally.load_id,))
        held = cursor.fetchone()[0]
    if not held == sent == tally.rows_loaded == tally.rows_in - tally.rows_rejected:
        raise RuntimeError(
            f"rows do not add up: {tally.rows_in} in, {tally.rows_rejected} rejected, "
            f"{sent} sent, {held} in `{table}`"
        )


def _give_up(
    db: pymysql.Connection, settings: Settings, tally: Tally, state: str, reason: str
) -> None:
    """Takes the rows back and writes why; what an older version had loaded stays."""
    db.rollback()
    tally.state, tally.reason, tally.rows_loaded = state, reason, 0
    load_log.finish(db, settings.log_table, tally)
