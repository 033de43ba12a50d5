"""Writes checked rows to MySQL, inside the caller's transaction."""

from __future__ import annotations

import fcntl
import json
import os
import ssl
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

import pymysql
from records import Rows
from settings import Settings
from values import COLUMNS, Column

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_DESCRIPTORS = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
_PIPE_BYTES = 1 << 20
_INSERT_ROWS = 2000
_SESSION = (
    "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES',"
    # a load that was killed must not hold its lock for the server's default of eight hours
    " wait_timeout = 300,"
    # the statement is under way while the object is read: S3 may make the server wait
    " net_read_timeout = 300"
)


def connect(settings: Settings, secrets: Any) -> pymysql.Connection:
    """Connects with the secret as it is now: RDS changes the password every week."""
    found = json.loads(secrets.get_secret_value(SecretId=settings.db_secret_arn)["SecretString"])
    db = pymysql.connect(
        host=settings.db_host,
        port=settings.db_port,
        database=settings.db_name,
        user=found["username"],
        password=found["password"],
        charset="utf8mb4",
        autocommit=False,
        local_infile=True,
        connect_timeout=10,
        init_command=_SESSION,
        ssl=_tls(settings),
    )
    with db.cursor() as cursor:
        # loads of other objects go on beside this one: locks on the gaps between rows would stop them
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return db


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.db_tls == "off":
        return None
    context = ssl.create_default_context(cafile=settings.db_tls_ca)
    if not settings.db_tls_ca:
        # RDS certificates are signed by Amazon's own root; without its bundle only encrypt
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Sink(Protocol):
    """Takes rows; after `finish` all of them are in the open transaction."""

    def add(self, rows: Rows) -> None:
        """Takes rows."""

    def finish(self) -> int:
        """Sends what is left and returns the number of rows sent."""

    def close(self) -> None:
        """Ends what is under way; safe at any time."""


def open_sink(db: pymysql.Connection, settings: Settings, load_id: int) -> Sink:
    """Chooses LOAD DATA LOCAL, or INSERT where the server refuses local files."""
    with db.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.local_infile")
        allowed = cursor.fetchone()[0]
    sink = InfileSink if allowed else InsertSink
    return sink(db, settings.table, load_id)


class InfileSink:
    """Feeds one LOAD DATA statement through a pipe: the server loads while rows are being made."""

    def __init__(self, db: pymysql.Connection, table: str, load_id: int) -> None:
        self._db = db
        self._sent = 0
        self._reading, writing = os.pipe()
        self._pipe = open(writing, "wb")
        if widen := getattr(fcntl, "F_SETPIPE_SZ", None):
            with suppress(OSError):  # the user may have too many pipes for it
                fcntl.fcntl(writing, widen, _PIPE_BYTES)
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._loading: Future[tuple[int, int, list[str]]] = self._pool.submit(
            self._load,
            f"LOAD DATA LOCAL INFILE '{_DESCRIPTORS}/{self._reading}'"
            f" INTO TABLE `{table}` CHARACTER SET utf8mb4"
            " FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'"
            f" (LineNumber, {', '.join(COLUMNS)}) SET LoadId = {int(load_id)}",
        )

    def add(self, rows: Rows) -> None:
        """Writes tab-separated lines; waits while the server has enough to do."""
        columns = [map(str, rows.lines), *map(_escaped, rows.columns)]
        text = "\n".join(map("\t".join, zip(*columns))) + "\n"
        try:
            self._pipe.write(text.encode())
        except BrokenPipeError:
            self._loading.result()  # raises what ended the statement
            raise
        self._sent += len(rows.lines)

    def finish(self) -> int:
        """Ends the statement. LOCAL turns errors into warnings, so none may remain."""
        self._end()
        taken, count, warnings = self._loading.result()
        if taken != self._sent or count:
            raise RuntimeError(
                f"MySQL took {taken} of {self._sent} rows with {count} warnings: {warnings}"
            )
        return self._sent

    def close(self) -> None:
        """Ends the statement if it still runs; what it loaded is the transaction's to keep."""
        self._end()
        self._pool.shutdown(wait=True)

    def _end(self) -> None:
        with suppress(BrokenPipeError):  # the statement ended before, and its result says why
            self._pipe.close()

    def _load(self, statement: str) -> tuple[int, int, list[str]]:
        """Runs the statement and returns rows, warnings, and what the first ones say."""
        try:
            with self._db.cursor() as cursor:
                taken = cursor.execute(statement)
                count, warnings = cursor.warning_count, []
                if count:
                    cursor.execute("SHOW WARNINGS LIMIT 3")
                    warnings = [text for _, _, text in cursor.fetchall()]
            return taken, count, warnings
        finally:
            os.close(self._reading)  # a writer that still waits for room gets an error


def _escaped(column: Column) -> Column:
    """Writes one column as LOAD DATA reads it."""
    has_null = False
    try:
        joined = "".join(column)
    except TypeError:
        has_null, joined = True, "".join(filter(None, column))
    if any(special in joined for special in "\\\t\n\r"):
        column = [value and value.translate(_ESCAPES) for value in column]
    return ["\\N" if value is None else value for value in column] if has_null else column


class InsertSink:
    """Sends rows as INSERT statements of many rows."""

    def __init__(self, db: pymysql.Connection, table: str, load_id: int) -> None:
        self._db = db
        columns = ("LoadId", "LineNumber", *COLUMNS)
        self._statement = (
            f"INSERT INTO `{table}` ({', '.join(columns)})"
            f" VALUES ({int(load_id)}, {', '.join(['%s'] * (len(columns) - 1))})"
        )
        self._rows: list[tuple[Any, ...]] = []
        self._sent = 0

    def add(self, rows: Rows) -> None:
        """Keeps rows and sends them when there are enough."""
        self._rows += zip(rows.lines, *rows.columns)
        if len(self._rows) >= _INSERT_ROWS:
            self._send()

    def finish(self) -> int:
        """Sends the last rows."""
        self._send()
        return self._sent

    def close(self) -> None:
        """Has nothing to end."""

    def _send(self) -> None:
        if self._rows:
            with self._db.cursor() as cursor:
                cursor.executemany(self._statement, self._rows)
        self._sent += len(self._rows)
        self._rows.clear()
