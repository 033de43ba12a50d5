#!/usr/bin/env python3
"""What the Lambda loader costs beside the MySQL client: rows a second and memory. Run by hand, never by a test.

    stack data generate online-retail.csv.gz
    .venv/bin/python benches/loader.py --data online-retail.csv.gz
    .venv/bin/python benches/loader.py --data online-retail.csv.gz --rows 5419090 --repeat 1
    .venv/bin/python benches/loader.py --data online-retail.csv.gz --bytes 1000000000 --repeat 1

Starts a MariaDB server of its own and loads the same file twice into equal tables, one after the other: with the
statement that a database administrator would write, `LOAD DATA LOCAL INFILE` of the `mariadb` client, and with the
Lambda handler as it is deployed, in a process of its own that reads the object over HTTP with boto3. A longer file is
made by repeating the rows of the given one. Both tables must hold the same rows at the end. Prints a table in Markdown.
"""

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pymysql
from pymysql.constants import CLIENT

ROOT = Path(__file__).resolve().parents[1]
LOADER = ROOT / "templates" / "lambda" / "csv_to_mysql"
sys.path.append(str(ROOT / "tests" / "python"))

import mysql_server  # noqa: E402  (it lies beside the tests)

DATABASE = "bench"
STATEMENT = """
SET @line := 1;
LOAD DATA LOCAL INFILE '{path}' INTO TABLE By_Client CHARACTER SET latin1
FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\n' IGNORE 1 LINES
(InvoiceNo, StockCode, Description, Quantity, @day, UnitPrice, @customer, Country)
SET LoadId = 1, LineNumber = (@line := @line + 1), CustomerID = NULLIF(@customer, ''),
    InvoiceDate = STR_TO_DATE(@day, '%c/%e/%Y %H:%i');
"""
# Runs in the loader's process: calls the handler as Lambda would and says how much memory that took at most.
CHILD = """
import json, os, sys, time
sys.path.insert(0, os.environ["LOADER"])
import handler
started, cpu = time.monotonic(), time.process_time()
handler.handle(json.loads(os.environ["EVENT"]), None)
seconds, cpu = time.monotonic() - started, time.process_time() - cpu
status = open("/proc/self/status").read()
peak_kib = int(status.split("VmHWM:")[1].split()[0])
print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mib": peak_kib / 1024}))
"""


class Cloud(BaseHTTPRequestHandler):
    """Answers the two calls that the loader makes: one object of S3, one secret."""

    protocol_version = "HTTP/1.1"
    path_of_file = ""

    def do_GET(self):
        """Sends the file, whatever key was asked for."""
        with open(self.path_of_file, "rb") as file:
            self.send_response(200)
            self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
            self.send_header("ETag", '"e"')
            self.end_headers()
            self.wfile.flush()
            self.connection.sendfile(file)

    def do_POST(self):
        """Sends the user of the server as a secret."""
        self.rfile.read(int(self.headers["Content-Length"]))
        secret = json.dumps({"username": "root", "password": ""})
        body = json.dumps({"SecretString": secret}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


def make_file(source, target, rows, size):
    """Writes the header and the rows of `source` over and over, until there are enough rows or bytes."""
    opened = gzip.open if source.suffix == ".gz" else open
    written = 0
    with open(target, "wb") as out:
        first_pass = True
        while True:
            with opened(source, "rb") as file:
                header = file.readline()
                if first_pass:
                    out.write(header)
                for line in file:
                    out.write(line)
                    written += 1
                    if written == rows or (size and out.tell() >= size):
                        return written
            if not rows and not size:
                return written
            first_pass = False


def connect():
    """Connects to the server of this bench."""
    port = int(os.environ["STACK_TEST_MYSQL_PORT"])
    flags = CLIENT.MULTI_STATEMENTS
    return pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True, client_flag=flags)


def execute(db, *statements):
    """Runs statements and returns the rows of the last."""
    with db.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            rows = cursor.fetchall()
            while cursor.nextset():
                pass
    return rows


def load_with_client(path):
    """Loads the file with the client's statement and returns the seconds."""
    port = os.environ["STACK_TEST_MYSQL_PORT"]
    program = shutil.which("mariadb") or "mysql"
    command = [program, "--no-defaults", "--host=127.0.0.1", f"--port={port}", "--user=root", "--local-infile=1"]
    started = time.monotonic()
    subprocess.run([*command, "--show-warnings", DATABASE], input=STATEMENT.format(path=path).encode(), check=True)
    return time.monotonic() - started


def load_with_loader(cloud, scratch, options):
    """Loads the file with the handler and returns what its process printed."""
    entity = {"key": "Input/data.csv", "versionId": "v1", "eTag": "e", "sequencer": "10"}
    event = {"Records": [{"s3": {"bucket": {"name": "raw"}, "object": entity}}]}
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "LOADER": str(LOADER), "EVENT": json.dumps(event), "SCRATCH_DIR": str(scratch),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{cloud.server_port}", "AWS_DEFAULT_REGION": "us-east-2",
        "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
        "DB_HOST": "127.0.0.1", "DB_PORT": os.environ["STACK_TEST_MYSQL_PORT"], "DB_NAME": DATABASE,
        "DB_SECRET_ARN": "secret", **dict(option.split("=", 1) for option in options),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", CHILD], env=env, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def fingerprint(db, table):
    """Reduces a table to what differs if any value differs."""
    columns = "LineNumber, InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country"
    # CONCAT_WS leaves NULL out, which shifts the text and so is seen as well.
    return execute(db, f"SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', {columns}))) FROM {table}")


def measure(arguments, folder):
    """Loads both ways as often as asked and returns the seconds and the loader's figures of each time."""
    path = folder / "data.csv"
    rows = make_file(arguments.data, path, arguments.rows, arguments.bytes)
    Cloud.path_of_file = path
    cloud = ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
    threading.Thread(target=cloud.serve_forever, daemon=True).start()
    db = connect()
    schema = (ROOT / "templates" / "sql" / "mysql.sql").read_text()
    execute(db, f"CREATE DATABASE {DATABASE}", f"USE {DATABASE}", schema)
    execute(db, "CREATE TABLE By_Client LIKE Uk_Ecommerce_Data")
    by_client, by_loader = [], []
    for _ in range(arguments.repeat):
        execute(db, "TRUNCATE By_Client")
        by_client.append(load_with_client(path))
        if not by_loader and arguments.repeat == 1:
            expected = fingerprint(db, "By_Client")
            execute(db, "TRUNCATE By_Client")
        execute(db, "TRUNCATE Uk_Ecommerce_Data", "TRUNCATE Load_Log")
        by_loader.append(load_with_loader(cloud, folder, arguments.set))
    if arguments.repeat > 1:
        expected = fingerprint(db, "By_Client")
    if fingerprint(db, "Uk_Ecommerce_Data") != expected or expected[0][0] != rows:
        sys.exit(f"the tables differ: {expected} and {fingerprint(db, 'Uk_Ecommerce_Data')}, {rows} rows in the file")
    return rows, path.stat().st_size, by_client, by_loader


def main():
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a CSV file of the shipped shape, gzipped or not")
    parser.add_argument("--rows", type=int, default=0, help="rows to load; default: those of the file")
    parser.add_argument("--bytes", type=int, default=0, help="length of the file to load, instead of --rows")
    parser.add_argument("--repeat", type=int, default=3, help="how often to measure; the medians are printed")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the loader")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stack-bench-") as name, mysql_server.running():
        rows, size, by_client, by_loader = measure(arguments, Path(name))
    client = statistics.median(by_client)
    loader = statistics.median(each["seconds"] for each in by_loader)
    cpu = statistics.median(each["cpu"] for each in by_loader)
    peak = max(each["peak_mib"] for each in by_loader)
    print("| rows | MB | client, rows/s | loader, rows/s | loader / client | loader, CPU s | loader, peak MiB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    print(f"| {rows:,} | {size / 1e6:.0f} | {rows / client:,.0f} | {rows / loader:,.0f} | {client / loader:.2f} |"
          f" {cpu:.1f} | {peak:.0f} |")  # fmt: skip


if __name__ == "__main__":
    main()
