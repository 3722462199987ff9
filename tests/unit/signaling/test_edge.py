"""What the SBC does with a request by itself."""

import importlib
from collections.abc import Iterator
from hashlib import shake_256
from types import ModuleType

import pytest

from ringfence.policy.offenders.agents import BlockedAgents, Piece, decoded, held, piece_for, version_of
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

TOLD = BlockedAgents(("scanner",)).as_word()


@pytest.fixture
def kamailio() -> Iterator[Kamailio]:
    with loaded() as fake:
        values = {"$shv(agents)": TOLD, "$shv(agents_version)": "1", "$hdrc(User-Agent)": 1}
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
    kamailio.answers |= {
        "pv.get": {"$shv(agents_version)": "none", "$hdrc(User-Agent)": 1}.get,
        "kx.gete_ua": "unheard",
    }
    assert edge.ksr_admit() < 0
    assert kamailio.arguments_of("sl.send_reply") == []


LONG = BlockedAgents(named=frozenset(shake_256(bytes([one % 256, one // 256])).hexdigest(60) for one in range(400)))
ANSWER = "$hdr(X-Ringfence-Agents)"


@pytest.fixture
def shared(kamailio: Kamailio) -> dict[str, str]:
    """The shared variables of an SBC that has just started, and the header of the answer in hand."""
    values = {f"$shv({name})": "none" for name in ("agents", "agents_version", "agents_held", "agents_coming")}

    def keep(name: str, text: str) -> int:
        values[name] = text
        return 1

    kamailio.answers |= {"pv.get": values.get, "pv.sets": keep}
    return values


def hear(edge: ModuleType, shared: dict[str, str], agents: BlockedAgents) -> bool:
    word = agents.as_word()
    shared[ANSWER] = str(piece_for(held(shared["$shv(agents_held)"]), version_of(word), word))
    return bool(edge.ksr_heard() > 0)


def test_a_long_list_is_heard_part_by_part_and_is_in_force_when_it_is_whole(
    edge: ModuleType, shared: dict[str, str]
) -> None:
    """Reference: "User-Agent Blacklist"."""
    parts = 1
    while hear(edge, shared, LONG):
        assert shared["$shv(agents_version)"] == "none"
        assert len(shared[ANSWER]) < 9_000
        parts += 1
    assert parts > 2
    assert decoded(shared["$shv(agents)"]) == LONG
    assert shared["$shv(agents_version)"] == version_of(LONG.as_word())
    assert not hear(edge, shared, LONG)
    assert shared[ANSWER].endswith("/")


def test_another_list_begins_anew_and_the_one_in_force_stays_meanwhile(
    edge: ModuleType, shared: dict[str, str]
) -> None:
    short = BlockedAgents(("scanner",))
    assert not hear(edge, shared, short)
    assert hear(edge, shared, LONG)
    assert decoded(shared["$shv(agents)"]) == short
    assert not hear(edge, shared, short)
    assert decoded(shared["$shv(agents)"]) == short
    while hear(edge, shared, LONG):
        pass
    assert decoded(shared["$shv(agents)"]) == LONG


@pytest.mark.parametrize("told", ["", "7b7d", "a/b/c/d", "v/1/3/text", "v/0/0/", "v/3/3/text", "v/-1/3/x", "v/²/3/x"])
def test_what_is_no_next_part_changes_nothing(edge: ModuleType, shared: dict[str, str], told: str) -> None:
    before = dict(shared)
    shared[ANSWER] = told
    assert edge.ksr_heard() < 0
    assert shared == before | {ANSWER: told}


def test_a_part_that_shared_memory_has_no_room_for_is_asked_for_again(
    kamailio: Kamailio, edge: ModuleType, shared: dict[str, str]
) -> None:
    assert hear(edge, shared, LONG)
    keep, before = kamailio.answers["pv.sets"], shared["$shv(agents_held)"]
    kamailio.answers["pv.sets"] = -1
    assert not hear(edge, shared, LONG)
    assert shared["$shv(agents_held)"] == before
    kamailio.answers["pv.sets"] = keep
    while hear(edge, shared, LONG):
        pass
    assert decoded(shared["$shv(agents)"]) == LONG


def test_whoever_holds_more_than_there_is_begins_anew() -> None:
    assert piece_for(held("v/9"), "v", "word") == Piece("v", 0, 1, "word")
