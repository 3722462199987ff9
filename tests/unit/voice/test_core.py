"""Whom the voice process hears follows the transports in force (reference "Change Default SIP Transport Ports")."""

import os
from pathlib import Path

from ringfence.hosts.transports import Protocol, SipTransport, write_transports
from ringfence.voice.core import ALWAYS, CoreSockets

PRIMARY = "192.0.2.10"


def test_it_hears_the_udp_sockets_in_force_and_the_one_that_is_always_there(tmp_path: Path) -> None:
    file = tmp_path / "transports.json"
    core = CoreSockets(file, PRIMARY)
    assert all(core.holds(one) for one in ((PRIMARY, 5060), ("127.0.0.1", 5060), ALWAYS))
    assert core.door == (PRIMARY, 5060)
    assert not core.holds((PRIMARY, 15060)) and not core.holds(("192.0.2.9", 5060))
    write_transports(file, (SipTransport(Protocol.UDP, 15060), SipTransport(Protocol.TLS, 5061)))
    assert core.holds((PRIMARY, 15060)) and core.holds(ALWAYS)
    assert core.door == (PRIMARY, 15060)
    assert not core.holds((PRIMARY, 5060)), "another program may hold that port now"
    write_transports(file, (SipTransport(Protocol.TLS, 5061),))
    os.utime(file, (1, 1))
    assert core.holds(ALWAYS) and not core.holds((PRIMARY, 15060))
    assert core.door == ALWAYS
