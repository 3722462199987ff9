"""A call is started at the device that registered last, and only to what can be dialled."""

import time
from typing import Any

import pytest

from ringfence.guard.callstart import CallStart
from ringfence.guard.control import Refusal
from ringfence.guard.registrations import Registrations
from ringfence.policy.book import Book, Tenant
from tests.unit.guard.workshop import entry, registration


class Core:
    """What the core was asked; it answers as told."""

    def __init__(self, answer: bool = True) -> None:
        self.asked: list[Any] = []
        self.answer = answer

    def ask(self, *words: Any) -> bool:
        self.asked.append(words)
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
