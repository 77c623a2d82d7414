"""A private PostgreSQL cluster: made, started and ended by a test, reachable from this machine alone."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
USER = "postgres"
PASSWORD = "s3cret/pass word"


def installed():
    """Where its programs are; None where it is not installed, or cannot be started from here."""
    found = BINARIES[-1].parent if BINARIES else None
    if found is None and (inited := shutil.which("initdb")):
        found = Path(inited).resolve().parent
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return None
    return found if os.geteuid() == 0 else None


class Cluster:
    """One cluster with a database of its own name for each test.

    Its users come in by password over TCP; fsync is off, for it does not outlive the tests.
    """

    def __init__(self):
        self.bin = installed()
        self.path = Path(tempfile.mkdtemp(prefix="llmops-pg-"))
        shutil.chown(self.path, USER, USER)
        secret = self.path / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self.data = self.path / "data"
        self._run("initdb", "-D", self.data, "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--no-sync")
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            self.port = held.getsockname()[1]
        self.start()

    def start(self):
        """Start it, at its first or any later time."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.path} -F"
        log = self.path / "log"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-o", options, "-w", "-t", "60", "start")

    def _run(self, program, *words):
        command = [str(self.bin / program), *map(str, words)]
        done = subprocess.run(
            command, user=USER, group=USER, extra_groups=[], cwd=self.path, env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL, capture_output=program == "initdb", text=True, check=False,
            **({} if program == "initdb" else {"stdout": subprocess.DEVNULL}),
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stderr}"

    def url(self, database, *, password=False):
        """Of a database, made where it is not there yet."""
        import psycopg
        from psycopg import sql

        where = f"host=127.0.0.1 port={self.port} user={USER} password='{PASSWORD}' dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if not there:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        secret = ":" + PASSWORD.replace("/", "%2F").replace(" ", "%20") if password else ""
        return f"postgresql://{USER}{secret}@127.0.0.1:{self.port}/{database}"

    def stop(self):
        """Stop it; its data stays."""
        self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def end(self):
        """Stop it, and leave nothing."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.path, ignore_errors=True)
