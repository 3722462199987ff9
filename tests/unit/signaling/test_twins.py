"""Two devices that answer one call: the first has it, to the other one only what the caller says to it passes."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.signaling.fake_kamailio import Kamailio, loaded

REPLY = {
    "pv.sets": None,
    "kx.get_callid": "c1",
    "kx.get_srcip": "192.0.2.9",
    "kx.get_srcport": 5060,
    "kx.get_proto": "udp",
    "htable.sht_sets": None,
    "textopsx.remove_body": 1,
    "textops.remove_hf": 1,
}


@pytest.fixture
def kamailio() -> Iterator[Kamailio]:
    with loaded() as fake:
        yield fake


def twins() -> Any:
    return importlib.import_module("ringfence.signaling.calling.twins")


def answered(kamailio: Kamailio, code: int, known: str, count: int) -> bool:
    """A reply with the tag `b`; `known` is the tag of who answered first, `count` which answer this is."""
    values = {"$dlg_var(called_tag)": known, "$dlg_var(caller)": "sip:192.0.2.1:5060;transport=udp", "$tt": "b"}
    kamailio.answers = {**REPLY, "pv.get": lambda name: values.get(name, ""), "htable.sht_inc": count}
    return bool(twins().answers(code))


@pytest.mark.parametrize(("code", "known", "count"), [(180, "a", 1), (486, "a", 1), (200, "", 1), (200, "b", 9)])
def test_the_first_answer_and_its_repetitions_are_the_calls_own(
    kamailio: Kamailio, code: int, known: str, count: int
) -> None:
    assert not answered(kamailio, code, known, count)
    assert kamailio.arguments_of("textopsx.remove_body") == []


@pytest.mark.parametrize(("known", "count"), [("a", 1), ("", 2)])
def test_another_devices_answer_has_no_session_description(kamailio: Kamailio, known: str, count: int) -> None:
    """Also where both are at work in two processes at once and neither has written down who was first."""
    assert answered(kamailio, 200, known, count)
    assert kamailio.arguments_of("textopsx.remove_body") == [()]
    ((table, key, place),) = kamailio.arguments_of("htable.sht_sets")
    assert (table, key) == ("twins", "c1 b")
    assert place.endswith(" 192.0.2.1")


@pytest.mark.parametrize(
    ("method", "source", "passes"),
    [
        ("ACK", "192.0.2.1", True),
        ("BYE", "192.0.2.1", True),
        ("BYE", "192.0.2.66", False),
        ("INVITE", "192.0.2.1", False),
    ],
)
def test_only_the_caller_reaches_it_and_only_to_hang_up(
    kamailio: Kamailio, method: str, source: str, passes: bool
) -> None:
    kamailio.answers = {
        **REPLY,
        "kx.get_srcip": source,
        "pv.get": lambda name: "b" if name == "$tt" else "",
        "htable.sht_get": "sip:192.0.2.9:5060;transport=udp 192.0.2.1",
        "textops.has_body": -1,
        "kx.get_msgbuf": "",
        "setdsturi": 1,
        "tm.t_relay": 1,
    }
    assert twins().carries(method) is passes
    assert kamailio.arguments_of("setdsturi") == ([("sip:192.0.2.9:5060;transport=udp",)] if passes else [])
