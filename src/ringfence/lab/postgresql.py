"""A private PostgreSQL server for tests and benchmarks: its own cluster, listening on a socket in its own folder."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

USER: Final = "postgres"
_START_SECONDS: Final = 60.0


def binaries() -> Path:
    """Where the newest installed server's programs are. Raises FileNotFoundError."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed")
    return found[-1]


def create_cluster(folder: Path) -> None:
    """A new, empty cluster with PostgreSQL's default settings."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.chown(folder, USER, USER)
    words = [str(binaries() / "initdb"), "-D", str(folder / "data"), "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run(words, check=True, capture_output=True, user=USER, group=USER, cwd=folder)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A new cluster in this folder, running until the block ends. Yields the URL of its database `ringfence`.

    It syncs nothing to disk. Raises TimeoutError if it does not start.
    """
    create_cluster(folder)
    words = [str(binaries() / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-h", "", "-F"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, user=USER, group=USER, extra_groups=[], cwd=folder)
    try:
        _wait(folder)
        statement(folder, "CREATE DATABASE ringfence")
        yield f"postgresql://{USER}@{quote(str(folder), safe='')}/ringfence"
    finally:
        process.terminate()  # "smart" would wait for clients; the folder goes with the server
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def statement(folder: Path, sql: str, database: str = USER) -> None:
    """Carries out SQL as the cluster's owner. Raises CalledProcessError."""
    words = [str(binaries() / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", str(folder), "-U", USER, database]
    subprocess.run(words, input=sql, check=True, capture_output=True, text=True)


def accepts(folder: Path) -> bool:
    """Whether the server with its socket in this folder takes connections."""
    words = [str(binaries() / "pg_isready"), "-q", "-h", str(folder)]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def _wait(folder: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while not accepts(folder):
        if time.monotonic() > end:
            raise TimeoutError((folder / "server.log").read_text()[-2000:])
        time.sleep(0.05)
