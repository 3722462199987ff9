"""What an allow entry names of an IPv6 /64 is spared by its ban at the SBC's host as well, in that host's own kernel
(reference: "Whitelist and Blacklist"; attack case 57).
"""

import socket
from typing import Any, Final

import pytest

from ringfence.lab.product import within

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("far", "oracle")]
OURS: Final = "fd77:0:0:62::62"
PHONE: Final = "fd77:0:0:62::5"
NEIGHBOUR: Final = "fd77:0:0:62::6"
NEIGHBOURHOOD: Final = "fd77:0:0:62::/64"
PORT: Final = 5066


def test_the_neighbours_of_an_allowed_phone_are_dropped_at_the_sbcs_host(far: Any, stranger: Any) -> None:
    host = stranger()
    far.host.run("ip", "address", "replace", f"{OURS}/64", "dev", "eth0", "nodad")
    for address in (PHONE, NEIGHBOUR):
        host.run("ip", "address", "replace", f"{address}/64", "dev", "eth0", "nodad")
    with far.host.udp(PORT, OURS) as heard, host.udp(0, PHONE) as phone, host.udp(0, NEIGHBOUR) as neighbour:
        heard.settimeout(0.3)

        def let_in() -> tuple[bool, bool]:
            return passes(phone, heard), passes(neighbour, heard)

        assert let_in() == (True, True)
        assert far.pbx.product.command("ban", "add", NEIGHBOUR).returncode == 0
        within(10, lambda: let_in() == (False, False), "the /64 is dropped at the SBC's host")
        entry = far.pbx.rest.post("ip-filters", cidr=f"{PHONE}/128", target="allow", description="one of a /64")
        within(10, lambda: let_in() == (True, False), "the allowed phone alone is let in")
        assert far.pbx.product.ban_of(NEIGHBOURHOOD) is not None
        far.edge.nft("delete", "table", "inet", "ringfence")
        within(10, lambda: let_in() == (True, False), "so it is in a table made anew")
        far.pbx.rest.delete(f"ip-filters/{entry['id']}")
        within(10, lambda: let_in() == (False, False), "nobody of the /64 is let in")
        assert far.pbx.product.command("ban", "remove", NEIGHBOUR).returncode == 0
        within(10, lambda: let_in() == (True, True), "both are")


def passes(sender: socket.socket, heard: socket.socket) -> bool:
    sender.sendto(sender.getsockname()[0].encode(), (OURS, PORT))
    try:
        while True:
            said, source = heard.recvfrom(100)
            if source[:2] == sender.getsockname()[:2]:
                return said == source[0].encode()
    except TimeoutError:
        return False
