"""What the function is told through its environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

_IDENTIFIER = re.compile(r"[A-Za-z0-9_$]{1,64}")
_HEADER = {"auto": None, "yes": True, "no": False}


@dataclass(frozen=True)
class Settings:
    """The environment, checked once; see `from_env` for names and defaults.

    `DELIMITER`, `QUOTE`, `HEADER`, `ENCODING` and `DATE_FORMAT` say how files are written. Each may
    be absent or `auto`, here None: then the file itself shows it.
    """

    db_host: str
    db_port: int
    db_name: str
    db_secret_arn: str
    db_tls: str
    db_tls_ca: str | None
    table: str
    log_table: str
    delimiter: str | None
    quote: str | None
    header: bool | None
    encoding: str | None
    date_format: str | None
    rejects_bucket: str | None
    rejects_prefix: str
    rejects_limit_bytes: int
    scratch: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Reads the environment; raises ValueError naming the variable that is wrong."""
        return cls(
            db_host=_required(env, "DB_HOST"),
            db_port=int(env.get("DB_PORT", "3306")),
            db_name=_required(env, "DB_NAME"),
            db_secret_arn=_required(env, "DB_SECRET_ARN"),
            db_tls=_one_of(env, "DB_TLS", _default_tls(env.get("DB_HOST", "")), ("required", "off")),
            db_tls_ca=env.get("DB_TLS_CA") or None,
            table=_identifier(env, "TABLE", "Uk_Ecommerce_Data"),
            log_table=_identifier(env, "LOG_TABLE", "Load_Log"),
            delimiter=_character(env, "DELIMITER", {"tab": "\t", "\\t": "\t"}),
            quote=_character(env, "QUOTE", {"none": "none"}),
            header=_HEADER[_one_of(env, "HEADER", "auto", tuple(_HEADER))],
            encoding=_encoding(env),
            date_format=_declared(env, "DATE_FORMAT"),
            rejects_bucket=env.get("REJECTS_BUCKET") or None,
            rejects_prefix=env.get("REJECTS_PREFIX", "Rejects/"),
            rejects_limit_bytes=int(env.get("REJECTS_LIMIT_MIB", "256")) << 20,
            scratch=env.get("SCRATCH_DIR", "/tmp"),
        )


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise ValueError(f"environment variable {name} is not set")
    return value


def _declared(env: Mapping[str, str], name: str) -> str | None:
    """What is absent, empty or `auto` is not declared."""
    value = env.get(name, "")
    return None if value in ("", "auto") else value


def _character(env: Mapping[str, str], name: str, words: Mapping[str, str]) -> str | None:
    value = _declared(env, name)
    if value in words:
        return words[value]
    if value is not None and (len(value) != 1 or value in "\r\n\0 " or value.isalnum()):
        known = ", ".join(("auto", *words))
        raise ValueError(f"{name} is {value!r}, expected one character or one of {known}")
    return value


def _encoding(env: Mapping[str, str]) -> str | None:
    value = _declared(env, "ENCODING")
    try:
        "".encode(value or "ascii")
    except LookupError as error:
        raise ValueError(f"ENCODING is {value!r}, which is no encoding of text") from error
    return value


def _default_tls(host: str) -> str:
    """Nothing leaves the machine on the way to a server on it."""
    return "off" if host in ("localhost", "::1") or host.startswith("127.") else "required"


def _one_of(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name, default)
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, expected one of {', '.join(allowed)}")
    return value


def _identifier(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, default)
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError(f"{name} is {value!r}, which is not a plain table name")
    return value
