"""What the SBC does with a request by itself."""

import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest

from ringfence.policy.agents import BlockedAgents
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

TOLD = BlockedAgents(("scanner",)).as_word()


@pytest.fixture
def kamailio() -> Iterator[Kamailio]:
    with loaded() as fake:
        values = {"$shv(agents)": TOLD, "$hdrc(User-Agent)": 1}
        fake.answers |= {
            "kx.get_msgbuf": "OPTIONS",
            "kx.get_proto": "tcp",
            "kx.gete_ua": "scanner",
            "pv.get": values.get,
            "pv.seti": 1,
            "sanity.sanity_check": -1,
            "tcpops.tcp_close_connection": 1,
            "sl.send_reply": 1,
            "err": 1,
        }
        yield fake


@pytest.fixture
def edge(kamailio: Kamailio) -> ModuleType:
    return importlib.import_module("ringfence.signaling.edge")


def test_a_broken_message_of_a_blocked_user_agent_ends_its_connection_in_silence(
    kamailio: Kamailio, edge: ModuleType
) -> None:
    """Reference: "User-Agent Blacklist"; attack case 9."""
    assert edge.ksr_admit() < 0
    assert kamailio.arguments_of("tcpops.tcp_close_connection") == [()]
    assert kamailio.arguments_of("sl.send_reply") == []


def test_a_request_that_could_not_be_judged_is_not_passed_on(kamailio: Kamailio, edge: ModuleType) -> None:
    """Attack case 51: an exception in the screening is a 500, and nothing is relayed."""
    kamailio.answers["kx.gete_ua"] = lambda: 1 // 0
    assert edge.ksr_admit() < 0
    assert kamailio.arguments_of("sl.send_reply") == [(500, "Server Internal Error")]


def test_before_the_core_has_told_whom_it_blocks_nobody_is_answered(kamailio: Kamailio, edge: ModuleType) -> None:
    """Reference: "User-Agent Blacklist": the SBC that has just started knows no scanner yet."""
    kamailio.answers |= {"pv.get": {"$shv(agents)": "none", "$hdrc(User-Agent)": 1}.get, "kx.gete_ua": "unheard"}
    assert edge.ksr_admit() < 0
    assert kamailio.arguments_of("sl.send_reply") == []
