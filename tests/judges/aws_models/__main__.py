"""Runs the judge until SIGTERM or SIGINT, or until standard input ends."""

import argparse
import asyncio
import json
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from .catalog import Catalog
from .record import Record
from .relay import Relay
from .verdict import examine


def arguments():
    parser = argparse.ArgumentParser(prog="aws_models", description="Judges requests by AWS's own service models.")
    parser.add_argument("--upstream", required=True, help="the endpoint that requests are handed on to")
    parser.add_argument("--listen", type=int, default=0, help="the port; default: a free one, which is printed")
    parser.add_argument("--report", default="violations.jsonl", help="the file for a line of each request")
    parser.add_argument("--with-stdin", action="store_true", help="end when standard input ends")
    return parser.parse_args()


async def run(options, record):
    catalog = Catalog()
    upstream = urlsplit(options.upstream)
    # One thread judges, so that lines come in order and a model that is being loaded holds nothing up.
    with ThreadPoolExecutor(max_workers=1) as judges:

        def on_request(request):
            judges.submit(lambda: record.add(request, examine(catalog, request)))

        relay = Relay(upstream.hostname, upstream.port or 80, on_request)
        port = await relay.listen(options.listen)
        print(f"http://127.0.0.1:{port}", flush=True)
        await until_told(options.with_stdin)
        await relay.close()


async def until_told(with_stdin):
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    if with_stdin:
        loop.add_reader(sys.stdin.fileno(), lambda: sys.stdin.buffer.read1(1) or told.set())
    await told.wait()


def main():
    options = arguments()
    with open(options.report, "w", encoding="utf-8") as report:
        record = Record(report)
        asyncio.run(run(options, record))
        sums = record.close()
    print(json.dumps(sums))
    return 1 if sums["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
