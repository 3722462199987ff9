"""Calls that leave because somebody forwarded or transferred them: one judgement, and the forwarder pays.

Reference: "Call Control and Fraud Prevention"; attack case 112. The provider counts what reaches it.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip, tone
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, end_call, establish
from tests.system.features.steps import branch_of, record, refuse
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

NUMBER = "+498912345678"
INTERNAL = re.compile(r"10\.77\.0\.(?!1[;:\s>]|91[;:\s>])\d+|acme\.example|13[0-9]@")
"""What a provider must never see: addresses of phones, extensions, and the tenant's domain."""

USUAL = {"forward_always": "", "forward_busy": "", "forward_no_answer": "", "forward_offline": "", "ring_seconds": 25}


@pytest.fixture
def forwards(pbx: Any, outward: Any) -> Iterator[Callable[..., None]]:
    """`forwards("132", forward_busy=NUMBER)`: set while the extension may call everywhere."""
    touched: set[str] = set()

    def change(number: str, **values: Any) -> None:
        pbx.account(number)
        touched.add(number)
        path = f"users/{pbx.users[number]['id']}"
        pbx.rest.patch(path, role="Standard International User")
        pbx.rest.patch(f"{path}/calling", **values)

    yield change
    for number in touched:
        path = f"users/{pbx.users[number]['id']}"
        pbx.rest.patch(f"{path}/calling", **USUAL)
        pbx.rest.patch(path, role="Standard User")


def revoke(pbx: Any, number: str) -> None:
    pbx.rest.patch(f"users/{pbx.users[number]['id']}", role="Standard User")


def does_not_take(phone: Softphone, occasion: str) -> None:
    """The phone of the forwarder: busy, or deaf until it is told to stop."""
    invite = phone.request("INVITE")
    if occasion == "busy":
        refuse(phone, invite, 486, "Busy Here")
        return
    phone.respond(invite, 180, "Ringing", "deaf")
    phone.respond(phone.request("CANCEL", 15), 200, "OK", "deaf")
    phone.respond(invite, 487, "Request Terminated", "deaf")
    phone.request("ACK")


def leaks(provider: Any) -> list[str]:
    return [found for message in provider.messages() for found in INTERNAL.findall(message)]


@pytest.mark.parametrize("occasion", ["busy", "no_answer", "offline"])
def test_a_call_that_rang_in_vain_goes_outside_at_the_forwarders_cost(
    pbx: Any, provider: Any, phone: Any, forwards: Callable[..., None], occasion: str
) -> None:
    """The caller may call inside only; the provider sees one call with the trunk's number and nothing of the inside."""
    caller, forwarder = phone("131"), phone("132") if occasion != "offline" else None
    number = "132" if forwarder else "133"
    forwards(number, **{f"forward_{occasion}": NUMBER, "ring_seconds": 5})
    provider.forget()
    dialled = caller.begin_call(number)
    if forwarder:
        does_not_take(forwarder, occasion)
    dialog = caller.call_answered(*dialled, 10)
    assert sip.media_address(dialog.body)[0] == PBX_ADDRESS
    (call,) = provider.calls()
    assert (call.number, call.caller) == (NUMBER, "+493012300")
    assert caller.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
    within(5, lambda: provider.requests("BYE"), "the provider hears of the end")
    assert leaks(provider) == []
    row = record(pbx, "131", number, direction="outbound")
    assert (row["code"], row["payer"], row["number"]) == (200, f"{number}@acme.example", NUMBER)
    within(5, lambda: not counted(pbx), "nothing is counted any more")


def test_a_call_from_outside_is_forwarded_outside_when_nobody_answers(
    pbx: Any, provider: Any, registered: Any, numbers: str, phone: Any, forwards: Callable[..., None], tmp_path: Path
) -> None:
    """In and out over one trunk: two lines, audio end to end, and each provider hears of the end."""
    forwarder = phone("121")
    forwards("121", forward_busy=NUMBER)
    provider.forget()
    call = provider.call_in(numbers, "+4989777", tmp_path / "sound.alaw")
    does_not_take(forwarder, "busy")
    within(10, lambda: counted(pbx).get(f"trunk:{registered['id']}") == 2, "the call holds two lines")
    assert call.wait(20) == 0, "answered, heard and hung up"
    assert [one.number for one in provider.calls()] == [NUMBER]
    row = record(pbx, "+4989777", numbers, direction="outbound")
    assert (row["code"], row["payer"]) == (200, "121@acme.example")
    within(5, lambda: not counted(pbx), "nothing is counted any more")


@pytest.mark.parametrize("occasion", ["always", "busy", "no_answer", "offline"])
def test_whose_right_is_gone_forwards_nothing(
    pbx: Any, provider: Any, phone: Any, forwards: Callable[..., None], occasion: str
) -> None:
    """Case 112: the caller's rights do not help; the provider is not asked."""
    caller = phone("120")
    forwarder = phone("134") if occasion in ("busy", "no_answer") else None
    number = "134" if forwarder else "135"
    forwards(number, **{f"forward_{occasion}": NUMBER, "ring_seconds": 5})
    revoke(pbx, number)
    provider.forget()
    _, headers = caller.begin_call(number)
    if forwarder:
        does_not_take(forwarder, occasion)
    assert caller.final(branch_of(headers), 10).status == 480
    row = record(pbx, "120", number, rule="outbound.international")
    assert row["payer"] == f"{number}@acme.example"
    assert provider.requests("INVITE") == []


def test_nobody_without_the_right_reaches_the_provider_by_any_way(
    pbx: Any, provider: Any, phone: Any, outward: Any
) -> None:
    """Dialled, transferred, redirected by the phone, started by a program: 0 INVITEs."""
    weak, strong = phone("136"), phone("120")
    provider.forget()
    _, headers = weak.begin_call(NUMBER)
    assert weak.final(branch_of(headers)).status == 403
    ours, _ = establish(weak, strong)
    refused = weak.ask_in_dialog(ours, "REFER", [("Refer-To", f"<sip:{NUMBER}@acme.example>")])
    assert refused.status == 403
    assert end_call(weak, strong, ours).status == 200
    _, headers = strong.begin_call("136")
    weak.respond(weak.request("INVITE"), 302, "Moved", "m", contact=f"<sip:{NUMBER}@acme.example>")
    weak.request("ACK")
    assert strong.final(branch_of(headers)).status == 480
    assert provider.requests("INVITE") == []


def test_a_transfer_to_the_outside_is_the_transferrers_call(pbx: Any, provider: Any, phone: Any, outward: Any) -> None:
    """The customer may call inside only; the one who may transfers it to a number outside, and the provider sees one
    call that says nothing of either."""
    boss, customer = phone("120"), phone("137")
    ours, _ = establish(boss, customer)
    provider.forget()
    raw = boss.in_dialog(ours, "REFER", [("Refer-To", f"<sip:{NUMBER}@acme.example>")])
    boss.send(raw)
    arrived = customer.request("REFER")
    customer.respond(arrived, 202, "Accepted")
    assert boss.final(sip.parse(raw).branch).status == 202
    user = sip.uri_in(arrived.header("refer-to")).removeprefix("sip:").partition("@")[0]
    dialled = customer.begin_call(user)
    dialog = customer.call_answered(*dialled, 10)
    assert [one.number for one in provider.calls()] == [NUMBER]
    assert leaks(provider) == []
    assert customer.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
    assert end_call(boss, customer, ours).status == 200
    row = record(pbx, "137", NUMBER, direction="outbound")
    assert (row["code"], row["payer"]) == (200, "120@acme.example")


def test_audio_flows_after_a_forward_to_the_outside(
    pbx: Any, lab: Any, provider: Any, phone: Any, forwards: Callable[..., None], tmp_path: Path
) -> None:
    """Two offers of one call to the relay: the second one's audio comes through whole."""
    busy = phone("132")
    forwards("132", forward_busy=NUMBER)
    with Baresip(lab.host("alice", 11), tmp_path / "a", pbx.account("131"), frequency=400) as caller:
        caller.wait_registered()
        caller.dial("132")
        refuse(busy, busy.request("INVITE"), 486, "Busy Here")
        caller.wait_for("CALL_ESTABLISHED", timeout=10)
        within(8, lambda: _heard(caller), "the echo of the own tone")
        caller.hang_up()
        caller.wait_for("CALL_CLOSED")
    assert tone.listen(caller.recording, 400).is_whole


def _heard(phone: Baresip) -> bool:
    try:
        return tone.listen(phone.recording, 400).seconds >= 1.0
    except Exception:  # noqa: BLE001 (there is no recording yet)
        return False
