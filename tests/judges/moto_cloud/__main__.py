"""Runs moto until standard input ends; prints where it listens, and at the end the table of its gaps."""

import logging
import os
import sys

# Without it moto knows no policy of AWS's own; it is read when moto is loaded.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.server import ThreadedMotoServer  # noqa: E402

from . import gaps  # noqa: E402


def main():
    closed = [gap.operation for gap in gaps.GAPS if not gap.is_open()]
    if closed:
        print(f"moto is no longer as `gaps.py` says: {', '.join(closed)}", file=sys.stderr)
        return 1
    for gap in gaps.GAPS:
        gap.fill()
    # Its line for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()
    print(gaps.table())
    sys.stdout.flush()
    # Its server thread would be waited for.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
