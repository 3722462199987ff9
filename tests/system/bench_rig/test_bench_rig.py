"""The system that `make bench` measures starts and answers (docs/performance.md)."""

import os
import tempfile
from pathlib import Path
from typing import Final

from bench.load.flood import frame
from bench.load.phones import DOMAIN, account, register, write_phone_book
from bench.rig.network import SERVER_ADDRESS, attack_address, laid_out, link_mac, open_socket, run_in
from bench.rig.tap import tap
from bench.systems.ringfence import install, restarted, ringfence
from bench.systems.stock import answers
from ringfence.lab.product import within

MANY: Final = 12_000
"""Registrations that sixteen MiB of a worker's own memory do not hold."""


def test_the_measured_system_starts_and_answers() -> None:
    """Not below pytest's own folder: the accounts of guard and core may not enter that."""
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-", dir="/var/tmp") as folder, laid_out() as net:
        Path(folder).chmod(0o755)
        ready = install(Path(folder) / "ours", extensions=10)
        with ringfence(net, ready):
            assert answers(net)


def test_a_core_that_many_phones_had_registered_at_starts_again() -> None:
    """Faults are normal: one worker reads all registrations into its own memory first. They are known afterwards."""
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-", dir="/var/tmp") as name, laid_out() as net:
        folder = Path(name)
        folder.chmod(0o755)
        ready, book = install(folder / "ours", extensions=MANY), folder / "phones.csv"
        write_phone_book(book, map(account, range(MANY)))

        def all_register() -> None:
            assert register(net, book, folder, rate=3_000, count=MANY).valid

        with restarted(net, ready, all_register):
            control, last = f"unix:{ready.paths.core_control}", f"{account(MANY - 1).user}@{DOMAIN}"
            words = ("kamcmd", "-s", control, "ul.lookup", "location", last)
            within(20, lambda: "Contact" in run_in(net.server, *words), "the last one is known")


def test_a_frame_written_into_a_tap_is_a_packet_that_the_server_received() -> None:
    """From the attackers' addresses: the price of a drop is that of a packet that would have arrived."""
    with (
        laid_out() as net,
        tap(net.server, "defended") as fd,
        open_socket(net.server, SERVER_ADDRESS, 5060) as receiver,
    ):
        receiver.settimeout(2)
        mac = bytes.fromhex(link_mac(net.server, "defended").replace(":", ""))
        os.write(fd, frame(attack_address(7), SERVER_ADDRESS, (mac, b"\x02\0\0\0\0\1"), b"hello"))
        content, (source, _) = receiver.recvfrom(100)
        assert (content, source) == (b"hello", attack_address(7))
