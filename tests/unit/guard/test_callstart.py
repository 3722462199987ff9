"""A call is started at the device that registered last, and only to what can be dialled."""

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.corelink import MAGIC_AND_VERSION, REPLY, Unreachable
from ringfence.corelink import Core as SocketCore
from ringfence.guard.control import Refusal
from ringfence.guard.live.callstart import CallStart
from ringfence.guard.live.registrations import Registrations
from ringfence.policy.book import Book, Tenant
from tests.unit.guard.workshop import entry, registration


class Core:
    """What the core was asked; it answers as told."""

    def __init__(self, answer: bool | OSError = True) -> None:
        self.asked: list[Any] = []
        self.answer = answer

    def ask_patiently(self, patience: float, *words: Any) -> bool:
        self.asked.append(words)
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


class Policy:
    """What is in force."""

    def __init__(self, tls_only: bool = False) -> None:
        self.book = Book(tenants=(Tenant(1, "Acme", "acme.example", tls_only=tls_only),))


def starts(core: Core, tls_only: bool = False) -> CallStart:
    registrations = Registrations()
    registrations.saved_line(registration("101@acme.example"))
    return CallStart(registrations, core, Policy(tls_only))  # type: ignore[arg-type]


def test_the_phone_rings_and_is_sent_to_the_number() -> None:
    core = Core()
    starts(core).start("101@acme.example", "*43#", time.time())
    method, target, referred, hop = core.asked[0]
    assert (method, target, referred) == ("dlg.bridge_dlg", "sip:101@acme.example", "sip:*43%23@acme.example")
    assert hop.startswith("sip:")


@pytest.mark.parametrize(
    ("aor", "number", "answers", "rule"),
    [
        ("101@acme.example", "1@evil.example", True, "calls.number"),
        ("101@acme.example", "1>\r\nX: y", True, "calls.number"),
        ("102@acme.example", "103", True, "calls.offline"),
        ("101@acme.example", "103", False, "calls.core"),
    ],
)
def test_what_cannot_be_started(aor: str, number: str, answers: bool, rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        starts(Core(answers)).start(aor, number, time.time())
    assert refused.value.error_id == rule


@pytest.mark.parametrize(
    ("answer", "said"), [(Unreachable(), "no phone rings"), (TimeoutError(), "may ring all the same")]
)
def test_it_is_said_whether_the_phone_may_ring(answer: OSError, said: str) -> None:
    """A busy core answers late and calls nevertheless: whoever tried again would start two calls."""
    with pytest.raises(Refusal, match=said):
        starts(Core(answer)).start("101@acme.example", "103", time.time())


def test_a_core_that_comes_back_is_asked_again_and_a_silent_one_once(tmp_path: Path) -> None:
    """What was never asked is asked again; what was asked may have been done."""
    place, heard = tmp_path / "core.sock", []
    core = SocketCore(place)
    with pytest.raises(Unreachable):
        core.ask_patiently(0.15, "dlg.bridge_dlg", "sip:a", "sip:b")
    with socket.socket(socket.AF_UNIX) as door:

        def open_late() -> None:
            time.sleep(0.3)
            door.bind(str(place))
            door.listen()
            link, _ = door.accept()
            heard.append(link.recv(1000))
            link.sendall(bytes((MAGIC_AND_VERSION, REPLY << 4, 0, 1)) + b"x")
            link.close()

        late = threading.Thread(target=open_late)
        late.start()
        assert core.ask_patiently(5, "dlg.bridge_dlg", "sip:a", "sip:b")
        late.join()
        with pytest.raises(TimeoutError):
            core.ask_patiently(0.2, "dlg.bridge_dlg", "sip:a", "sip:b")
    assert len(heard) == 1


def test_a_registration_that_ran_out_is_none() -> None:
    late = entry("registration.saved", aor="x@y", contacts=[], source="192.0.2.1")
    registrations = Registrations()
    registrations.saved(*late)
    with pytest.raises(Refusal, match="No phone"):
        CallStart(registrations, Core(), Policy()).start("x@y", "103", time.time())  # type: ignore[arg-type]


def test_a_tenant_with_tls_only_has_no_call_started_at_a_phone_on_udp() -> None:
    """Reference: "TLS and WSS for SIP Signaling"."""
    with pytest.raises(Refusal, match="No phone"):
        starts(Core(), tls_only=True).start("101@acme.example", "103", time.time())
