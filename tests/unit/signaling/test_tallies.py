"""Challenges are counted by source without a system call for each, in bounded memory, and retransmissions once."""

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.signaling.fake_kamailio import Kamailio, loaded


@pytest.fixture
def kamailio() -> Iterator[Kamailio]:
    with loaded() as fake:
        request(fake)
        yield fake


def request(fake: Kamailio, source: str = "192.0.2.66", proto: str = "udp", cseq: int = 1, call_id: str = "c") -> None:
    fake.answers = {
        "kx.get_srcip": source,
        "kx.get_proto": proto,
        "kx.get_callid": call_id,
        "kx.gete_ua": "tool",
        "kx.get_msgbuf": "REGISTER sip:acme.example SIP/2.0\r\n\r\n",
        "pv.get": cseq,
    }


class Heard:
    """What a guard would have heard."""

    def __init__(self, present: bool = True) -> None:
        self.present = present
        self.rows: list[list[Any]] = []
        self.datagrams = 0

    def __call__(self, datagram: bytes) -> bool:
        if self.present:
            self.datagrams += 1
            self.rows += json.loads(datagram)["tallies"]
        return self.present


def tallies(heard: Heard) -> Any:
    module = importlib.import_module("ringfence.signaling.tallies")
    return module.Tallies(heard)


def test_a_second_is_told_in_one_datagram(kamailio: Kamailio) -> None:
    heard = Heard()
    counts = tallies(heard)
    counts.tell_if_due(1.0)
    for number in range(51):
        request(kamailio, cseq=number)
        counts.challenged("REGISTER", "101")
        counts.tell_if_due(1.5)
    assert heard.datagrams == 0
    counts.tell_if_due(2.0)
    assert heard.datagrams == 1
    ((source, stream, sent, answered, blocked, method, account, agent, message),) = heard.rows
    assert (source, stream, sent, answered, blocked) == ("192.0.2.66", False, 51, 0, 0)
    assert (method, account, agent, message) == ("REGISTER", "101", "tool", "REGISTER sip:acme.example SIP/2.0")


def test_a_retransmission_counts_once_for_all_workers(kamailio: Kamailio) -> None:
    first, second = Heard(), Heard()
    one, other = tallies(first), tallies(second)
    for worker in (one, other, one):
        worker.challenged("REGISTER", "101")
    request(kamailio, cseq=2)
    one.challenged("REGISTER", "101")
    other.challenged("REGISTER", "101")
    for worker in (one, other):
        worker.tell_if_due(1.0)
    assert [row[2] for row in first.rows] == [2]
    assert second.rows == []


def test_who_answers_everything_is_not_worth_telling(kamailio: Kamailio) -> None:
    heard = Heard()
    counts = tallies(heard)
    for second in range(5):
        request(kamailio, cseq=second)
        counts.challenged("REGISTER", "101")
        counts.answered()
        counts.tell_if_due(float(second))
    assert heard.datagrams == 0


def test_what_the_guard_did_not_take_is_told_later(kamailio: Kamailio) -> None:
    heard = Heard()
    counts = tallies(heard)
    heard.present = False
    counts.challenged("REGISTER", "101")
    counts.tell_if_due(1.0)
    heard.present = True
    request(kamailio, cseq=2)
    counts.challenged("REGISTER", "101")
    counts.tell_if_due(2.0)
    assert [row[2] for row in heard.rows] == [2]


def test_a_flood_of_forged_sources_costs_a_bounded_number_of_lines_and_bounded_memory(kamailio: Kamailio) -> None:
    heard = Heard()
    counts = tallies(heard)
    for number in range(40_000):
        request(kamailio, source=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", cseq=number)
        counts.challenged("REGISTER", "101")
    assert len(counts._pending) <= 16_384
    for number in range(300):
        request(kamailio, source="192.0.2.1", proto="tcp", cseq=number)
        counts.challenged("INVITE", "102")
    counts.tell_if_due(1.0)
    assert len(heard.rows) == 512
    assert heard.rows[0][:3] == ["192.0.2.1", True, 300]


def test_a_dropped_user_agent_is_told(kamailio: Kamailio) -> None:
    heard = Heard()
    counts = tallies(heard)
    counts.dropped_agent()
    counts.dropped_agent()
    counts.tell_if_due(1.0)
    assert [(row[4], row[7]) for row in heard.rows] == [(2, "tool")]
