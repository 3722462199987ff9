"""Three network namespaces: the server, the phones, the attacker. Addresses come from 198.18.0.0/15 (RFC 2544)."""

import os
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SERVER_ADDRESS: Final = "198.18.0.1"
PHONE_NETWORK: Final = "198.18.16.0/20"
ATTACK_SERVER_ADDRESS: Final = "198.18.1.1"
ATTACK_NETWORK: Final = "198.19.0.0/16"
_NAMED: Final = Path("/run/netns")


@dataclass(frozen=True, slots=True)
class Network:
    """Names of the three namespaces."""

    server: str
    phones: str
    attacker: str


def run(*words: str) -> str:
    """Runs a command and returns what it printed. Raises CalledProcessError with its complaint attached."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def run_in(namespace: str, *words: str) -> str:
    """Like `run`, inside a namespace. (`ip -n` would remount /sys, which a changed root does not allow.)"""
    done = subprocess.run(words, check=True, capture_output=True, text=True, preexec_fn=lambda: enter(namespace))
    return done.stdout


def enter(namespace: str) -> None:
    """Moves the calling process (or the child about to be started) into a namespace."""
    fd = os.open(_NAMED / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.setns(fd, os.CLONE_NEWNET)
    finally:
        os.close(fd)


def open_socket(namespace: str, address: str, port: int = 0) -> socket.socket:
    """A UDP socket that lives in a namespace; the caller stays where it is (setns(2) moves one thread only)."""

    def enter_and_open() -> socket.socket:
        enter(namespace)
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        link.bind((address, port))
        return link

    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(enter_and_open).result()


def attacked_mac(net: Network) -> str:
    """The hardware address of the server's link to the attacker."""
    return link_mac(net.server, "attack")


def link_mac(namespace: str, link: str) -> str:
    """The hardware address of a link."""
    words = run_in(namespace, "ip", "-oneline", "link", "show", link).split()
    return words[words.index("link/ether") + 1]


def deaf(net: Network) -> None:
    """The attacker throws answers to its invented addresses away, instead of complaining about each."""
    rule = "table ip deaf {\n chain in {\n type filter hook prerouting priority raw\n udp dport 5060 drop\n }\n}\n"
    run_in(net.attacker, "nft", rule)


def hearing(net: Network) -> None:
    """Ends `deaf`."""
    run_in(net.attacker, "nft", "delete", "table", "ip", "deaf")


def inode(namespace: str) -> int:
    """The identity of a namespace, equal to that of each process inside it."""
    return (_NAMED / namespace).stat().st_ino


def phone_address(number: int) -> str:
    """An address of the phones' network.

    >>> phone_address(300)
    '198.18.17.54'
    """
    return f"198.18.{16 + number // 250 % 16}.{number % 250 + 4}"


def attack_address(number: int) -> str:
    """An address of the attackers' network.

    >>> attack_address(251)
    '198.19.1.5'
    """
    return f"198.19.{number // 250 % 256}.{number % 250 + 4}"


@contextmanager
def laid_out() -> Iterator[Network]:
    """The network while the block runs; what an earlier, killed run left is removed first."""
    _remove_left_over()
    prefix = f"b-{os.getpid()}"
    net = Network(f"{prefix}-srv", f"{prefix}-phones", f"{prefix}-attacker")
    try:
        _build(net)
        yield net
    finally:
        for name in (net.server, net.phones, net.attacker):
            run("ip", "netns", "delete", name)


def _remove_left_over() -> None:
    """Namespaces carry the number of the process that made them; those of living runs stay."""
    for path in _NAMED.glob("b-*-*"):
        owner = path.name.split("-")[1]
        if owner.isdigit() and not Path("/proc", owner).exists():
            run("ip", "netns", "delete", path.name)


def _build(net: Network) -> None:
    for name in (net.server, net.phones, net.attacker):
        run("ip", "netns", "add", name)
        run_in(name, "ip", "link", "set", "lo", "up")
    _wire(net.server, net.phones, "phones", SERVER_ADDRESS, "198.18.0.2", PHONE_NETWORK)
    _wire(net.server, net.attacker, "attack", ATTACK_SERVER_ADDRESS, "198.18.1.2", ATTACK_NETWORK)


def _wire(server: str, peer: str, link: str, server_address: str, peer_address: str, network: str) -> None:
    run_in(server, "ip", "link", "add", link, "type", "veth", "peer", "name", "up0", "netns", peer)
    run_in(server, "ip", "address", "add", f"{server_address}/24", "dev", link)
    run_in(peer, "ip", "address", "add", f"{peer_address}/24", "dev", "up0")
    run_in(server, "ip", "link", "set", link, "up")
    run_in(peer, "ip", "link", "set", "up0", "up")
    run_in(peer, "ip", "route", "add", "local", network, "dev", "lo")
    run_in(peer, "ip", "route", "add", "default", "via", server_address)
    run_in(server, "ip", "route", "add", network, "via", peer_address)
