"""Writes checked rows to MySQL in batches, inside the caller's transaction."""

from __future__ import annotations

import json
import os
import re
import ssl
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import pymysql
from records import Row
from settings import Settings
from values import COLUMNS

_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_SESSION = (
    "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES',"
    # a load that was killed must not hold its lock for the server's default of eight hours
    " wait_timeout = 300"
)


def connect(settings: Settings, secrets: Any) -> pymysql.Connection:
    """Connects with the secret as it is now: RDS changes the password every week."""
    found = json.loads(secrets.get_secret_value(SecretId=settings.db_secret_arn)["SecretString"])
    return pymysql.connect(
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

    def add(self, row: Row) -> None:
        """Takes one row."""

    def finish(self) -> int:
        """Sends what is left and returns the number of rows sent."""

    def close(self) -> None:
        """Frees scratch files; safe at any time."""


def open_sink(db: pymysql.Connection, settings: Settings, load_id: int) -> Sink:
    """Chooses LOAD DATA LOCAL, or INSERT where the server refuses local files."""
    with db.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.local_infile")
        allowed = cursor.fetchone()[0]
    sink = InfileSink if allowed else InsertSink
    return sink(db, settings, load_id)


class InfileSink:
    """Sends tab-separated batches while the next batch is being written."""

    def __init__(self, db: pymysql.Connection, settings: Settings, load_id: int) -> None:
        self._db = db
        self._batch_rows = settings.batch_rows
        self._folder = tempfile.TemporaryDirectory(dir=settings.scratch)
        self._statement = (
            "LOAD DATA LOCAL INFILE '{path}'"
            f" INTO TABLE `{settings.table}` CHARACTER SET utf8mb4"
            " FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'"
            f" (LineNumber, {', '.join(COLUMNS)}) SET LoadId = {int(load_id)}"
        )
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._sending: Future[None] | None = None
        self._batches = 0
        self._sent = 0
        self._open_batch()

    def add(self, row: Row) -> None:
        """Appends one row to the batch and sends the batch when it is full."""
        fields = [str(row.line)]
        for value in row.values:
            if value is None:
                fields.append("\\N")
            elif _SPECIAL.search(value):
                fields.append(value.translate(_ESCAPES))
            else:
                fields.append(value)
        self._file.write("\t".join(fields) + "\n")
        self._rows += 1
        if self._rows >= self._batch_rows:
            self._send_batch()
            self._open_batch()

    def finish(self) -> int:
        """Sends the last batch and waits for it."""
        self._send_batch()
        self._wait()
        return self._sent

    def close(self) -> None:
        """Waits for a batch on its way, then removes the scratch files."""
        self._pool.shutdown(wait=True)
        self._file.close()
        self._folder.cleanup()

    def _open_batch(self) -> None:
        self._rows = 0
        self._path = os.path.join(self._folder.name, f"{self._batches}.tsv")
        self._batches += 1
        self._file = open(self._path, "w", encoding="utf-8", newline="\n", buffering=1 << 18)

    def _send_batch(self) -> None:
        self._file.close()
        self._wait()
        self._sending = self._pool.submit(self._send, self._path, self._rows)
        self._sent += self._rows

    def _wait(self) -> None:
        if self._sending:
            self._sending.result()

    def _send(self, path: str, rows: int) -> None:
        """Loads one file. LOCAL turns errors into warnings, so none may remain."""
        with self._db.cursor() as cursor:
            taken = cursor.execute(self._statement.format(path=path)) if rows else 0
            warnings = cursor.warning_count
            if taken != rows or warnings:
                cursor.execute("SHOW WARNINGS LIMIT 3")
                raise RuntimeError(
                    f"MySQL took {taken} of {rows} rows with {warnings} warnings: "
                    f"{[text for _, _, text in cursor.fetchall()]}"
                )
        os.unlink(path)


class InsertSink:
    """Sends rows as INSERT statements of many rows."""

    ROWS = 2000

    def __init__(self, db: pymysql.Connection, settings: Settings, load_id: int) -> None:
        self._db = db
        self._load_id = load_id
        columns = ("LoadId", "LineNumber", *COLUMNS)
        self._statement = (
            f"INSERT INTO `{settings.table}` ({', '.join(columns)})"
            f" VALUES ({', '.join(['%s'] * len(columns))})"
        )
        self._rows: list[tuple[Any, ...]] = []
        self._sent = 0

    def add(self, row: Row) -> None:
        """Keeps one row and sends them when there are enough."""
        self._rows.append((self._load_id, row.line, *row.values))
        if len(self._rows) >= self.ROWS:
            self._send()

    def finish(self) -> int:
        """Sends the last rows."""
        self._send()
        return self._sent

    def close(self) -> None:
        """Has nothing to free."""

    def _send(self) -> None:
        with self._db.cursor() as cursor:
            cursor.executemany(self._statement, self._rows)
        self._sent += len(self._rows)
        self._rows.clear()
