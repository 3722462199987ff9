"""RFC 4475 and RFC 5118 (attack cases 1 to 4)."""

import re
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport

pytestmark = pytest.mark.usefixtures("oracle")

HERE = Path(__file__).parent
NOBODY = Account("nobody", "example.com", "none")
_FIRST_VIA = re.compile(
    r"^(?:via|v)\s*:\s*SIP\s*/\s*2\.0\s*/\s*\w+\s+(?:\[[^\]]*\]|[^\s;:,]+)(?:\s*:\s*(\d+))?",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Torture:
    """One message and the answers that are right; 0 is silence."""

    rfc: int
    section: str
    name: str
    codes: tuple[int, ...]

    @property
    def raw(self) -> bytes:
        return (HERE / "messages" / f"rfc{self.rfc}" / f"{self.name}.dat").read_bytes()


def _table() -> list[Torture]:
    rows = tomllib.loads((HERE / "expected.toml").read_text())["message"]
    return [Torture(row["rfc"], row["section"], row["name"], tuple(row["codes"])) for row in rows]


TABLE = _table()


def test_the_table_names_every_message_once() -> None:
    """RFC 4475 has 49 messages, RFC 5118 has 12."""
    files = {(int(path.parent.name[3:]), path.stem) for path in HERE.glob("messages/*/*.dat")}
    assert {(one.rfc, one.name) for one in TABLE} == files
    assert len(TABLE) == 49 + 12


@pytest.mark.parametrize("message", TABLE, ids=lambda one: f"rfc{one.rfc}-{one.section}-{one.name}")
def test_a_torture_message_over_udp_gets_the_right_answer(message: Torture, stranger: Any) -> None:
    """Attack cases 1 to 4, UDP. The answer comes to the source's address and the port of the Via (RFC 3261, 18.2.2)."""
    with Softphone(stranger(), (PBX_ADDRESS, 5060), NOBODY, local_port=_via_port(message.raw)) as one:
        assert _answer(one, message.raw) in message.codes


@pytest.fixture
def many_connections(pbx: Any) -> Iterator[None]:
    """A stranger may open a connection for each message."""
    pbx.set_security(unknown_connections_enabled=False)
    yield
    pbx.set_security(unknown_connections_enabled=True)


@pytest.mark.usefixtures("many_connections")
def test_torture_messages_over_tcp_end_nothing_and_are_never_accepted(stranger: Any) -> None:
    """Attack cases 1 to 3, TCP: each on its own connection; an unrecoverable framing error closes it."""
    accepted, host = [], stranger()
    for message in TABLE:
        with Softphone(host, (PBX_ADDRESS, 5063), NOBODY, Transport.TCP) as one:
            status = _answer(one, message.raw, wait=0.1)
            if 0 < status < 400:
                accepted.append(f"{message.name}: {status}")
    assert accepted == []


def test_torture_messages_over_ipv6_get_the_right_answer(stranger: Any) -> None:
    """Attack case 4: RFC 5118 where it belongs. Skipped while the product has no IPv6 listener."""
    host, wrong = stranger(), []
    with Softphone(host, ("fd77::1", 5060), NOBODY, local_address=host.address6) as one:
        if one.silent("OPTIONS", "sip:[fd77::1]", one.headers("OPTIONS", "sip:[fd77::1]")) is None:
            pytest.skip("the product does not listen on IPv6")
    for message in (one for one in TABLE if one.rfc == 5118):
        with Softphone(
            host, ("fd77::1", 5060), NOBODY, local_address=host.address6, local_port=_via_port(message.raw)
        ) as phone:
            if (status := _answer(phone, message.raw, 0.3)) not in message.codes:
                wrong.append(f"{message.name}: {status}")
    assert wrong == []


def _via_port(raw: bytes) -> int:
    """Where an answer to this message is sent: the port of its first Via, 5060 if it names none."""
    found = _FIRST_VIA.search(raw.decode("latin-1"))
    return int(found[1]) if found and found[1] else 5060


def _answer(phone: Softphone, raw: bytes, wait: float = 1.0) -> int:
    """The final status that answers these bytes, 0 for silence."""
    try:
        phone.send(raw)
    except (BrokenPipeError, ConnectionResetError):
        return 0
    while (message := phone.receive(wait)) is not None:
        assert message.is_response, f"relayed to us: {message.start_line}"
        if message.status >= 200:
            return message.status
    return 0


def test_attack_packets_leave_at_most_a_byte_of_log_each(pbx: Any, stranger: Any) -> None:
    """Hostile packets cannot fill the disk: 150 rounds of all messages, counted in logs and journal together.

    An allow entry for the sender keeps the kernel's rate limit out of the way, so that every packet arrives.
    """
    before, sent, host = _written(pbx), 0, stranger()
    entry = pbx.product.allow(host.address)
    with Softphone(host, (PBX_ADDRESS, 5060), NOBODY) as one:
        for _ in range(150):
            for message in TABLE:
                one.send(message.raw)
                sent += 1
                time.sleep(0.0005)
    pbx.rest.delete(f"ip-filters/{entry['id']}")
    time.sleep(6)
    one_more = stranger()
    with Softphone(one_more, (PBX_ADDRESS, 5060), NOBODY) as one:
        one.options("sip:acme.example")
    assert (_written(pbx) - before) / sent <= 1.0


def _written(pbx: Any) -> int:
    """Bytes in all logs and in the journal."""
    paths = pbx.product.paths
    return sum(
        path.stat().st_size for folder in (paths.logs, paths.journal) for path in folder.rglob("*") if path.is_file()
    )


def test_the_reply_parser_of_the_lab_reads_what_it_sends() -> None:
    """The lab's own eyes: a folded, compact message is read as RFC 3261 says."""
    message = sip.parse(
        b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a;\r\n branch=z9hG4bKx\r\nt: <sip:a@b>;tag=1\r\nl: 0\r\n\r\n"
    )
    assert (message.status, message.branch, message.tag("to"), message.header("content-length")) == (
        200,
        "z9hG4bKx",
        "1",
        "0",
    )
