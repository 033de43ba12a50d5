"""A MariaDB server of the tests' own, in a temporary folder and on a free port."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

JDBC_JAR = "/usr/share/java/mariadb-java-client.jar"


def jdbc_jar():
    """Returns the driver that is there, or None."""
    jar = os.environ.get("STACK_TEST_JDBC_JAR", JDBC_JAR)
    return jar if Path(jar).exists() else None


@contextmanager
def running():
    """Starts a server, names it in the environment, and stops it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="stack-mysql-"))
    user = []
    if os.getuid() == 0:  # the server refuses to run as root
        account = pwd.getpwnam("mysql")
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = ["--user=mysql"]
    data = folder / "data"
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", *user]
    subprocess.run([*install, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
    port = _free_port()
    program = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    server = subprocess.Popen(
        [program, "--no-defaults", f"--datadir={data}", f"--socket={folder}/s", f"--port={port}", *user]
        + ["--bind-address=127.0.0.1", "--local-infile=1", f"--log-error={folder}/log"]
    )
    try:
        _wait(port, server)
        os.environ["STACK_TEST_MYSQL_PORT"] = str(port)
        yield
    finally:
        os.environ.pop("STACK_TEST_MYSQL_PORT", None)
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait(port, server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the MariaDB server ended"
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the MariaDB server does not listen")
