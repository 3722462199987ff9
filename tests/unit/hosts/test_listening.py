"""What listens on this machine, from the kernel's tables."""

import socket
from pathlib import Path

import pytest

from ringfence.hosts.listening import bound_ports, listens
from ringfence.hosts.ports import SIP_TCP, Transport

pytestmark = pytest.mark.unit
HEAD = "  sl  local_address rem_address   st\n"


def test_a_listening_port_is_seen_and_a_closed_one_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port in bound_ports(Transport.TCP)
    assert port not in bound_ports(Transport.TCP)


def test_a_connection_is_no_listener(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text(f"{HEAD}   0: 0100007F:13C7 0100007F:9999 01\n")
    assert not listens(SIP_TCP, tmp_path)
    (tmp_path / "tcp6").write_text(f"{HEAD}   0: 00000000000000000000000000000000:13C7 00000000:0000 0A\n")
    assert listens(SIP_TCP, tmp_path)
