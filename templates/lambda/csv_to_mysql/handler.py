"""Lambda entry point: loads every CSV object that an S3 event names into MySQL.

Guarantees: an object version is loaded once, wholly or not at all, whatever is delivered twice,
late or at the same time. Returning normally means that a retry would change nothing.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from loader import load_object
from settings import Settings
from source import ObjectRef

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, read_timeout=60)
_MARGIN_SECONDS = 30

# Records are lists by the thousand and never cycles: looking for some takes a quarter of the time.
gc.set_threshold(100_000)


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Handles one S3 notification and returns a tally per object."""
    settings = Settings.from_env()
    s3 = boto3.client("s3", config=_s3_config())
    secrets = boto3.client("secretsmanager", config=_CONFIG)
    tallies = []
    for record in event.get("Records", []):
        started = time.monotonic()
        ref = ObjectRef.from_record(record)
        tally = load_object(settings, s3, secrets, ref, _wait_seconds(context))
        line = {
            "bucket": ref.bucket, "key": ref.key, "version": ref.version, **tally.as_dict(),
            "seconds": round(time.monotonic() - started, 3),
        }  # fmt: skip
        print(json.dumps(line), flush=True)
        tallies.append(line)
    return {"loads": tallies}


def _s3_config() -> Config:
    """Path style only where an endpoint is set, since there bucket names are no host names."""
    local = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return _CONFIG.merge(Config(s3={"addressing_style": "path"})) if local else _CONFIG


def _wait_seconds(context: Any) -> int:
    """How long to wait for another load of the same key: what time is left, less a margin."""
    if context is None or not hasattr(context, "get_remaining_time_in_millis"):
        return 60
    return max(1, context.get_remaining_time_in_millis() // 1000 - _MARGIN_SECONDS)
