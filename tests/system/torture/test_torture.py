"""RFC 4475 and RFC 5118 (attack cases 1 to 4)."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport

HERE = Path(__file__).parent


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
def test_a_torture_message_over_udp_gets_the_right_answer(message: Torture, attacker: Softphone) -> None:
    """Attack cases 1 to 4, UDP."""
    assert _answer(attacker, message.raw) in message.codes


def test_torture_messages_over_tcp_end_nothing_and_are_never_accepted(stranger: Any) -> None:
    """Attack cases 1 to 3, TCP: each on its own connection; an unrecoverable framing error closes it."""
    accepted = []
    for message in TABLE:
        with Softphone(
            stranger() if message is TABLE[0] else _same(stranger),
            (PBX_ADDRESS, 5063),
            Account("x", "x", "x"),
            Transport.TCP,
        ) as one:
            status = _answer(one, message.raw, wait=0.15)
            if 0 < status < 400:
                accepted.append(f"{message.name}: {status}")
    assert accepted == []


def test_torture_messages_over_ipv6_get_the_right_answer(stranger: Any) -> None:
    """Attack case 4: RFC 5118 where it belongs. Skipped while the product has no IPv6 listener."""
    host = stranger()
    with Softphone(host, ("fd77::1", 5060), Account("x", "fd77::1", "x"), local_address=host.address6) as one:
        if one.silent("OPTIONS", "sip:[fd77::1]", one.headers("OPTIONS", "sip:[fd77::1]")) is None:
            pytest.skip("the product does not listen on IPv6")
        wrong = [
            f"{item.name}: {status}"
            for item in TABLE
            if item.rfc == 5118 and (status := _answer(one, item.raw, 0.3)) not in item.codes
        ]
    assert wrong == []


def _same(stranger: Any) -> Any:
    return stranger.lab.hosts[-1]


def _answer(phone: Softphone, raw: bytes, wait: float = 0.5) -> int:
    """The final status that answers these bytes, 0 for silence. `rport` is added so that the answer finds its way back."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    first_via = re.compile(rb"^((?:Via|v)[ \t]*:[^\r]*?)(;|\r\n)", re.IGNORECASE | re.MULTILINE)
    sent = raw if b"rport" in head else first_via.sub(rb"\1;rport\2", head + b"\r\n\r\n", count=1) + rest
    try:
        phone.send(sent)
    except (BrokenPipeError, ConnectionResetError):
        return 0
    while (message := phone.receive(wait)) is not None:
        assert message.is_response or message.method == "OPTIONS", f"relayed to us: {message.start_line}"
        if message.status >= 200:
            return message.status
    return 0


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
