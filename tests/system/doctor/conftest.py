"""A system of its own in a cloud: what is planted here would be in the way of every other test."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ringfence.hosts.cloud import METADATA, Question
from ringfence.hosts.public import Public, public_file, write_public
from ringfence.lab.network import BRIDGE_HOST, Host, Lab, LabUnavailable
from ringfence.lab.product import Product, make_home, within
from ringfence.lab.rest import Rest
from tests.unit.hosts.metadata import amazon


class Apart(Lab):
    """The same addresses on a bridge of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.id = f"{self.id}-apart"
        self._bridge = f"{self.id}-{BRIDGE_HOST}"


@dataclass(slots=True)
class Patient:
    """The product, and the files of the host that it looks at."""

    product: Product
    lab: Lab
    sshd_config: Path
    stranger: Host

    @property
    def rest(self) -> Rest:
        return self.product.rest


class Service(BaseHTTPRequestHandler):
    """The metadata service of AWS, which wants its session token."""

    def do_GET(self) -> None:
        found = amazon()(Question(self.path, dict(self.headers), self.command))
        assert found is not None
        self.send_response(found.status)
        self.send_header("Content-Length", str(len(found.body)))
        self.end_headers()
        self.wfile.write(found.body.encode())

    do_PUT = do_GET  # noqa: N815 the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def metadata(machine: Host, cloud: Host) -> Iterator[None]:
    """On the link-local address beside the machine, as a cloud has it."""
    cloud.run("ip", "address", "add", f"{METADATA[0]}/32", "dev", "eth0")
    machine.run("ip", "route", "add", METADATA[0], "dev", "eth0")
    server = HTTPServer(METADATA, Service, bind_and_activate=False)
    server.socket.close()
    server.socket = cloud.tcp(METADATA[1], METADATA[0])
    server.server_activate()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def patient() -> Iterator[Patient]:
    home = make_home("doctor")
    config = home / "sshd_config"
    config.write_text(f"Port 22\nPasswordAuthentication yes\nPermitRootLogin yes\nHostKey {home}/host_key\n")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "host_key")], check=True)
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as patience:
        patch.setitem(os.environ, "RINGFENCE_SSHD_CONFIG", str(config))
        try:
            with Apart() as lab:
                product = Product(lab.host("srv", 1), lab.host("admin", 10), home)
                try:
                    patience.enter_context(metadata(product.host, lab.host("cloud", 9)))
                    write_public(public_file(product.paths.state), Public(follows=True))
                    product.start(patience=300)
                    product.rest.patience = 60
                    within(90, lambda: product.rest.raw("GET", "status")[0] > 0, "the API answers")
                    product.administer()
                    yield Patient(product, lab, config, lab.host("stranger", 50))
                finally:
                    product.stop()
        except LabUnavailable as error:
            pytest.skip(str(error))
    shutil.rmtree(home, ignore_errors=True)


def second_factor(product: Product, username: str) -> None:
    """An authenticator app for this person, as if it had been set up on the page."""
    lines = (
        "import django; django.setup()",
        "from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret",
        "from ringfence.portal.people.models import Person",
        f"TOTP.activate(Person.objects.get(username={username!r}), generate_totp_secret())",
    )
    paths = product.paths
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(paths.source),
        "DJANGO_SETTINGS_MODULE": "ringfence.portal.settings",
        "RINGFENCE_STATE_DIR": str(paths.state), "RINGFENCE_RUN_DIR": str(paths.run),
    }  # fmt: skip
    account = ["setpriv", "--reuid=ringfence-portal", "--regid=ringfence-portal", "--init-groups", "--"]
    words = [*account, sys.executable, "-c", "\n".join(lines)]
    subprocess.run(words, env=environment, check=True, timeout=60, cwd="/", capture_output=True)
