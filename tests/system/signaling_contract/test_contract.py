"""The typed port names only functions that the running Kamailio has."""

import re
from pathlib import Path
from typing import Any

import ringfence

PORTS = [
    Path(ringfence.__file__).parent / "signaling" / name
    for name in ("ports/ksr.py", "ports/device_port.py", "ports/trunk_port.py", "memory.py", "ports/web_port.py")
]


def test_every_function_of_the_port_exists_in_the_running_core(pbx: Any) -> None:
    """A missing function would answer False, which the port reads as no: everything would be refused."""
    listing = pbx.product.kamcmd("app_python3s.api_list")
    known = {
        f"{module}.{name}" if module else name for module, name in re.findall(r"module: ?(\S*)\s+name: (\S+)", listing)
    }
    called = {name for port in PORTS for name in re.findall(r"KSR\.(\w+(?:\.\w+)?)", port.read_text())}
    assert len(called) > 30
    assert {name for name in called if name not in known} == set()
