"""The BYEs of the core go to the parties' proved addresses alone (ADR 6, docs/adr/0055)."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.unit.signaling.fake_kamailio import Kamailio, loaded

CALLER, CALLEE = "sip:192.0.2.7:1024;transport=udp", "sip:192.0.2.8:40000;transport=ws"
CALL = {
    "$rm": "BYE",
    "$ft": "theirs",
    "$tt": "ours",
    "$dlg(callid)": "c1",
    "$dlg(from_tag)": "ours",
    "$dlg(from_uri)": "sip:101@acme.example",
    "$dlg(from_contact)": "sip:101@192.0.2.7:1024",
    "$dlg(from_cseq)": "7",
    "$dlg(from_bindaddr)": "udp:192.0.2.1:5060",
    "$dlg(to_tag)": "theirs",
    "$dlg(to_uri)": "sip:102@acme.example",
    "$dlg(to_contact)": "sip:102@phone.invalid;transport=ws",
    "$dlg(to_cseq)": "3",
    "$dlg_var(id)": "1-1",
    "$dlg_var(caller)": CALLER,
    "$dlg_var(callee)": CALLEE,
    "$cs": 4,
    "$dlg(state)": 4,
    "$sndto(ip)": "192.0.2.7",
    "$sndto(port)": 1024,
}


@pytest.fixture
def call() -> dict[str, Any]:
    return dict(CALL)


@pytest.fixture
def kamailio(call: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kamailio]:
    monkeypatch.setenv("RINGFENCE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("RINGFENCE_RUN_DIR", str(tmp_path))
    (tmp_path / "journal").mkdir()
    with loaded() as fake:
        fake.answers = {
            "pv.get": lambda name: _value(call[name]) if name in call else None,
            "pv.sets": call.__setitem__,
            "kx.get_callid": "c1",
            "dialog.dlg_get": lambda call_id, one, other: 1 if (one, other) == ("ours", "theirs") else -1,
            "dialog.dlg_set_timeout": 1,
            "tm.t_uac_send": 1,
            "err": None,
        }
        yield fake


def _value(found: Any) -> Any:
    return found.decode() if isinstance(found, bytes) else found


@pytest.fixture
def main(kamailio: Kamailio) -> ModuleType:
    return importlib.import_module("ringfence.signaling.main")


def sent(kamailio: Kamailio) -> list[tuple[Any, ...]]:
    return kamailio.arguments_of("tm.t_uac_send")


def test_both_get_one_bye_of_ours_and_none_of_the_dialogs(
    main: ModuleType, kamailio: Kamailio, call: dict[str, Any]
) -> None:
    """A phone over UDP from the socket it knows: an address translator lets in only what comes from there."""
    assert main.ksr_hanging_up() < 0
    assert [(target, hop, socket) for _, target, hop, socket, _, _ in sent(kamailio)] == [
        ("sip:101@192.0.2.7:1024", CALLER, "udp:192.0.2.1:5060"),
        ("sip:102@phone.invalid;transport=ws", CALLEE, "."),
    ]
    assert sent(kamailio)[1][4].split("\r\n")[:4] == [
        "From: <sip:101@acme.example>;tag=ours",
        "To: <sip:102@acme.example>;tag=theirs",
        "Call-ID: c1",
        "CSeq: 107 BYE",
    ]
    assert kamailio.arguments_of("dialog.dlg_set_timeout") == [(1,)], "nothing else would end the dialog"
    call |= {"$ft": "ours", "$tt": "theirs", "$cs": 8}
    assert main.ksr_hanging_up() < 0
    assert len(sent(kamailio)) == 2, "once in a call"


@pytest.mark.parametrize(("address", "goes"), [("192.0.2.7", True), ("192.0.2.99", False)])
def test_ours_goes_to_the_proved_address_alone(
    main: ModuleType, kamailio: Kamailio, call: dict[str, Any], address: str, goes: bool
) -> None:
    """What Kamailio is about to do counts, not what a URI seems to say."""
    call |= {"$dlg_var(over)": "1", "$cs": 103, "$sndto(ip)": address}
    assert (main.ksr_hanging_up() > 0) is goes
    assert sent(kamailio) == []


@pytest.mark.parametrize(("contact", "state", "is_up"), [("sip:x@y.invalid", 4, 1), ("sip:101@192.0.2.7:1024", 5, 0)])
def test_at_an_end_for_which_the_dialog_sends_no_bye_both_are_told(
    main: ModuleType, kamailio: Kamailio, call: dict[str, Any], contact: str, state: int, is_up: int
) -> None:
    """Two browsers, whose Contacts nobody can look up: their call would be kept. And the longest call, that is over."""
    call |= {"$rm": "", "$dlg(from_contact)": contact}
    kamailio.answers["dialog.dlg_get"] = -1
    call["$dlg(state)"] = state
    assert main.ksr_dialog_event("dialog:end") > 0
    assert len(kamailio.arguments_of("dialog.dlg_set_timeout")) == is_up
    assert [hop for _, _, hop, _, _, _ in sent(kamailio)] == [CALLER, CALLEE]


def test_a_contact_that_is_no_text_spares_nobody(main: ModuleType, kamailio: Kamailio, call: dict[str, Any]) -> None:
    call["$dlg(to_contact)"] = b"sip:\xff@192.0.2.8"
    assert main.ksr_hanging_up() < 0
    assert [(target, hop) for _, target, hop, _, _, _ in sent(kamailio)][1:] == [(CALLEE, CALLEE)]


def test_a_contact_that_kamailio_cannot_read_is_replaced(main: ModuleType, kamailio: Kamailio) -> None:
    kamailio.answers["tm.t_uac_send"] = lambda _, target, *__: 1 if target == CALLEE else -1
    assert main.ksr_hanging_up() < 0
    assert [target for _, target, *_ in sent(kamailio)][-2:] == ["sip:102@phone.invalid;transport=ws", CALLEE]


@pytest.mark.parametrize(
    "uri", ["sip:102@acme.example\r\nX-Evil: 1", "sip:102>;tag=x", "sip:102@\u200b", "", b"sip:\xff"]
)
def test_whoever_writes_no_uri_does_not_evade_the_end(
    main: ModuleType, kamailio: Kamailio, call: dict[str, Any], uri: object
) -> None:
    """The tags say which call it is; nothing of what stands there becomes a line of ours."""
    call["$dlg(to_uri)"] = uri
    assert main.ksr_hanging_up() < 0
    headers = sent(kamailio)[1][4]
    assert headers.split("\r\n")[1] == "To: <sip:call@anonymous.invalid>;tag=theirs"


@pytest.mark.parametrize("name", ["callid", "to_tag"])
def test_no_header_is_made_of_two_lines(main: ModuleType, kamailio: Kamailio, call: dict[str, Any], name: str) -> None:
    call[f"$dlg({name})"] = "a\r\nX-Evil: 1"
    assert main.ksr_hanging_up() < 0
    assert sent(kamailio) == []


def test_a_provider_gets_its_route_and_the_names_it_knows(
    main: ModuleType, kamailio: Kamailio, call: dict[str, Any]
) -> None:
    """As any request within a call does; a provider sees no header of a phone (docs/adr/0019)."""
    route = "<sip:edge.provider.example;lr>"
    call |= {"$dlg_var(direction)": "outbound", "$dlg(to_rs)": route, "$dlg_var(callee)": CALLER}
    call |= {"$dlg_var(shown)": "sip:+4930@us.example", "$dlg_var(called)": "sip:+4989@provider.example"}
    kamailio.answers |= {"pv.seti": 1, "htable.sht_sets": 1}
    main.ksr_hanging_up()
    _, _, hop, _, headers, _ = sent(kamailio)[1]
    assert hop == CALLER
    assert f"Route: {route}\r\n" in headers
    assert headers.startswith(
        "From: <sip:+4930@us.example>;tag=ours\r\nTo: <sip:+4989@provider.example>;tag=theirs\r\n"
    )
