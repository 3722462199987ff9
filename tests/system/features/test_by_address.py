"""Phones that know the system by its address alone, as most are set up on the first day: the address means the first
tenant (docs/policy.md; peers.md: what a phone calls its domain).
"""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport, end_call, establish
from tests.system.features.steps import branch_of
from tests.system.features.test_lamps import lamp, subscribe

pytestmark = pytest.mark.usefixtures("oracle")

Phones = Callable[..., Softphone]


@pytest.fixture
def by_address(pbx: Any, stranger: Any) -> Any:
    """Makes a phone whose account is at the system's address, not at the tenant's domain."""
    made: list[Softphone] = []

    def make(number: str, transport: Transport = Transport.UDP, domain: str = PBX_ADDRESS) -> Softphone:
        own = pbx.account(number)
        server = (PBX_ADDRESS, 5060 if transport is Transport.UDP else 5063)
        made.append(Softphone(stranger(), server, Account(own.user, domain, own.secret), transport))
        return made[-1]

    yield make
    for one in made:
        one.__exit__(None, None, None)


def registered(pbx: Any, number: str) -> list[str]:
    return [
        contact["uri"]
        for found in pbx.product.registrations()
        if found["aor"] == f"{number}@acme.example"
        for contact in found["contacts"]
    ]


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_they_are_registered_at_the_domain_called_and_call(
    pbx: Any, phone: Phones, by_address: Any, transport: Transport
) -> None:
    """The 200 was given and the device filed under the address, where no call looked for it."""
    own, other = by_address("955", transport), phone("956")
    assert own.register().status == 200
    within(2, lambda: registered(pbx, "955"), "the device is listed")
    ours, _ = establish(other, own)
    assert end_call(other, own, ours).status == 200
    theirs, _ = establish(own, other)
    assert end_call(own, other, theirs).status == 200
    again = own.register()
    assert again.status == 200
    assert len(again.all("contact")) == 1, "a refresh is no second device"
    own.register(expires=0)
    within(2, lambda: not registered(pbx, "955"), "it is gone")
    uri, headers = other.begin_call("955")
    assert other.final(branch_of(headers)).status == 480
    assert uri


def test_their_lamps_texts_and_transfers_mean_the_same_extensions(pbx: Any, phone: Phones, by_address: Any) -> None:
    """Whatever a phone names by number and address: SUBSCRIBE, MESSAGE, Refer-To (RFC 6665, 3428, 3515)."""
    own, other, _ = by_address("955"), phone("956"), phone("957")
    assert own.register().status == 200
    watched, _ = subscribe(own, "956")
    assert watched.status == 200
    lamp(own, "terminated")
    uri = f"sip:956@{PBX_ADDRESS}"
    headers = [*own.headers("MESSAGE", uri), ("Content-Type", "text/plain")]
    challenged = own.ask("MESSAGE", uri, headers, b"hello")
    again = own.answered(challenged, "MESSAGE", uri, headers)
    own.send(sip.compose(f"MESSAGE {uri} SIP/2.0", again, b"hello"))
    text = other.request("MESSAGE")
    assert text.header("p-asserted-identity") == "<sip:955@acme.example>"
    other.respond(text, 200, "OK")
    assert own.final(branch_of(again)).status == 200
    ours, _ = establish(own, other)
    lamp(own, "confirmed")
    raw = own.in_dialog(ours, "REFER", [("Refer-To", f"<sip:957@{PBX_ADDRESS}>")])
    own.send(raw)
    arrived = other.request("REFER")
    assert sip.uri_in(arrived.header("refer-to")).startswith("sip:957_")
    other.respond(arrived, 202, "Accepted")
    assert own.final(sip.parse(raw).branch).status == 202
    assert end_call(own, other, ours).status == 200


@pytest.mark.restarts
def test_they_are_known_again_after_the_core_was_killed(pbx: Any, phone: Phones, by_address: Any) -> None:
    own, other = by_address("955"), phone("956")
    assert own.register().status == 200
    within(2, lambda: registered(pbx, "955"), "the device is listed")
    os.kill(old := pbx.product.process_ids()["core"], signal.SIGKILL)
    within(5, lambda: pbx.product.process_ids().get("core", old) != old and other.options().status == 200, "it is back")
    ours, _ = establish(other, own)
    assert end_call(other, own, ours).status == 200
