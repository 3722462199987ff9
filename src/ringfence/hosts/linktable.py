"""The links that SIP is heard on beside the usual addresses, and what a message that goes over one of them names
(reference: "Separate Voice and Data Traffic": dedicated connections of a provider).

The core's file says once what holds for the life of its process; nothing is looked up for a message.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

USUAL: Final = ""
"""The addresses that the system as a whole is reached under are on no link of their own."""

BETWEEN: Final = " "
OF_RELAY: Final = "link-"
USUAL_OF_RELAY: Final = "default"


@dataclass(frozen=True, slots=True)
class Links:
    """Own addresses of each link, the usual ones under USUAL; nothing while every transport is a usual one."""

    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at: Mapping[str, str] = field(default_factory=dict)

    def of(self, address: str) -> str:
        """The link of an own address, with or without brackets; USUAL for every other one."""
        return self.at.get(address.strip("[]"), USUAL)

    def address(self, link: str, peer: str) -> str:
        """The own address on this link that reaches this peer, which is of one family with it, with or without a port;
        "" for none.

        >>> one = decoded("eth1=192.0.2.1,2001:db8::1")
        >>> one.address("eth1", "[2001:db8::9]:5060"), one.address("eth1", "192.0.2.9:5060"), one.address("eth2", "::1")
        ('2001:db8::1', '192.0.2.1', '')
        """
        is_ipv6 = peer.count(":") > 1
        found = (one for one in self.addresses.get(link, ()) if (":" in one) is is_ipv6)
        return next(found, "")


def encoded(addresses: Mapping[str, Iterable[str]]) -> str:
    """The table as one line for the core's file.

    >>> encoded({"eth1": ["192.0.2.1", "2001:db8::1"], "eth2": ["198.51.100.1"]})
    'eth1=192.0.2.1,2001:db8::1 eth2=198.51.100.1'
    """
    return BETWEEN.join(f"{link}={','.join(found)}" for link, found in addresses.items())


def decoded(text: str) -> Links:
    """The table that `encoded` wrote; a line that is none names no link.

    >>> decoded("eth1=192.0.2.1,2001:db8::1").of("[2001:db8::1]"), decoded("0").addresses
    ('eth1', {})
    """
    parts = [part.partition("=") for part in text.split(BETWEEN) if "=" in part]
    addresses = {link: tuple(found.split(",")) for link, _, found in parts}
    return Links(addresses, {one: link for link, found in addresses.items() for one in found})


def interface(link: str) -> str:
    """The media relay's word for a link. Colons, which stand in addresses and names of links, mean something there.

    >>> interface("eth0.42"), interface("2001:db8::1"), interface(USUAL)
    ('link-eth0.42', 'link-2001+db8++1', 'default')
    """
    return f"{OF_RELAY}{link.replace(':', '+')}" if link else USUAL_OF_RELAY


def host_of_socket(socket: str) -> str:
    """The address in the engine's word for a socket.

    >>> host_of_socket("udp:192.0.2.1:5060"), host_of_socket("tls:[2001:db8::1]:5061"), host_of_socket("")
    ('192.0.2.1', '[2001:db8::1]', '')
    """
    return socket.partition(":")[2].rpartition(":")[0]
