"""A real portal under HTTPS on loopback with a database of its own, and a real Chromium that looks at it."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.web_access_state import STATE

CHROMIUM = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --force-prefers-reduced-motion "
    "--ignore-certificate-errors --window-size=1280,900"
)
STARTED_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Portal:
    """Where the portal answers, and the one-time link that opens it."""

    url: str
    setup_path: str
    guard: FakeGuard
    environment: dict[str, str]


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    environment = {
        **os.environ,
        "RINGFENCE_STATE_DIR": str(tmp_path / "state"),
        "RINGFENCE_RUN_DIR": str(tmp_path / "run"),
        "DJANGO_SETTINGS_MODULE": "ringfence.portal.settings",
    }
    (tmp_path / "run").mkdir()
    guard = FakeGuard(tmp_path / "run" / "guard.sock")
    guard.start()
    (tmp_path / "run" / "access").mkdir()
    web_access = FakeGuard(tmp_path / "run" / "access" / "access.sock")
    web_access.answers["web.show"] = STATE
    web_access.start()
    _manage(environment, "prepare")
    link = _manage(environment, "setup-link").strip()
    port = _free_port()
    server = _serve(tmp_path, environment, port)
    try:
        _wait_for(port)
        yield Portal(f"https://127.0.0.1:{port}", f"/setup#{link.partition('#')[2]}", guard, environment)
    finally:
        server.terminate()
        server.wait(10)
        guard.stop()
        web_access.stop()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.fail("Debian's packages chromium and chromium-driver are needed")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS.split(), f"--user-data-dir={tmp_path / 'chromium'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.implicitly_wait(5)
    yield driver
    driver.quit()


def _manage(environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "ringfence.portal.manage", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=240).stdout


def _serve(folder: Path, environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    certificate, key = _certificate(folder)
    command = [
        sys.executable, "-m", "uvicorn", "ringfence.portal.asgi:application",
        "--host", "127.0.0.1", "--port", str(port),
        "--ssl-certfile", str(certificate), "--ssl-keyfile", str(key), "--log-level", "warning", "--no-access-log",
        "--timeout-graceful-shutdown", "1",
    ]  # fmt: skip
    return subprocess.Popen(command, env=environment)


def _certificate(folder: Path) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    assert openssl, "openssl is needed"
    certificate, key = folder / "web.crt", folder / "web.key"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN=127.0.0.1/OU={datetime.now(UTC):%Y%m%d}", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return certificate, key


def _free_port() -> int:
    """Each process looks among ports of its own, below those the system hands out: none is taken before it is used."""
    first = 20_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in range(first, first + 1_000):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(f"no port from {first} on is free")


def _wait_for(port: int) -> None:
    context = ssl._create_unverified_context()  # noqa: S323 the certificate was made a moment ago, on loopback
    until = time.monotonic() + STARTED_WITHIN
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as plain, context.wrap_socket(plain):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
