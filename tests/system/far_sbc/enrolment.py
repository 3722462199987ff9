"""An SBC on a host of its own, enrolled at a core by invitation as an administrator does it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ringfence.hosts.paths import CODE
from ringfence.lab.network import Host
from ringfence.lab.product import Product, make_home

ENROLLED_WITHIN: Final = 120.0


@contextmanager
def enrolled(core: Product, host: Host) -> Iterator[Product]:
    """The product of the SBC's host, whose data and logs stay; revoked at the core afterwards."""
    edge = Product(host, core.admin, make_home("edge"))
    for directory in (edge.home, edge.paths.state, edge.paths.run):
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
    waiting, invitation = invited(core)
    try:
        joined = edge.command("sbc", "join", core.host.address, stdin=invitation + "\n", timeout=ENROLLED_WITHIN)
        assert joined.returncode == 0, joined.stdout + joined.stderr
        said, _ = waiting.communicate(timeout=ENROLLED_WITHIN)
        assert waiting.returncode == 0, said
        yield edge
    finally:
        waiting.kill()
        edge.stop()
        core.command("sbc", "revoke", timeout=ENROLLED_WITHIN)


def invited(product: Product, *argv: str) -> tuple["subprocess.Popen[str]", str]:
    """`ringfence sbc invite` while it waits, and the invitation that it printed."""
    environment = os.environ | {
        "RINGFENCE_STATE_DIR": str(product.paths.state),
        "RINGFENCE_RUN_DIR": str(product.paths.run),
        "RINGFENCE_SIP_MEMORY": "256",
    }
    waiting = subprocess.Popen(
        product.host.command(sys.executable, "-m", "ringfence.cli", "sbc", "invite", *argv),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=CODE,
    )  # fmt: skip
    assert waiting.stdout is not None
    told = ""
    for line in waiting.stdout:
        told += line
        if re.fullmatch(r"rfsbc1\.\S+\n", line):
            return waiting, line.strip()
    raise AssertionError(f"no invitation: {told}")
