"""Nobody from outside is asked for a PIN: numbers are guessed by machines (group F; peers.md 1, item 10)."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.softphone import dialog_of_caller, end_call, establish
from tests.system.features.steps import branch_of
from tests.system.features.test_transfers import dial_uri, refer, transferred
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import nothing_counted

pytestmark = pytest.mark.usefixtures("oracle")

OWNER: Final = "976"
NUMBER: Final = "+493012346"
"""Leads to the owner of the mailbox."""


@pytest.fixture
def sends_on(pbx: Any, carrier: Carrier) -> Iterator[Callable[..., None]]:
    """`sends_on(forward_always="*97")`: what the owner of the mailbox does with the calls of his number."""
    pbx.account(OWNER)
    leads = {"tenant_id": pbx.tenant["id"], "name": "Mailbox", "first": NUMBER, "destination": f"extension:{OWNER}"}
    rule = pbx.rest.post("inbound-rules", **leads)
    path = f"users/{pbx.users[OWNER]['id']}"

    def change(*, voicemail: bool = False, forward_always: str = "") -> None:
        pbx.rest.patch(f"{path}/voicemail", enabled=voicemail)
        pbx.rest.patch(f"{path}/calling", forward_always=forward_always)
        time.sleep(0.3)

    yield change
    change()
    pbx.rest.delete(f"inbound-rules/{rule['id']}")


def answer_of(carrier: Carrier, number: str) -> sip.Message:
    uri = f"sip:{number}@{PBX_ADDRESS}"
    content, body = carrier.offer()
    return carrier.ask("INVITE", uri, [*carrier.headers("INVITE", uri), *content], body, 10)


def services_up(pbx: Any) -> list[str]:
    return [str(call["callee"]) for call in pbx.product.live_calls()]


@pytest.mark.parametrize("code", ["*97", "*98"])
def test_a_forward_to_the_mailboxes_leads_nobody_to_a_pin(
    pbx: Any, carrier: Carrier, phone: Any, sends_on: Callable[..., None], code: str
) -> None:
    """By the setting and by the phone's own 302. A caller from outside chooses his number, so no count of wrong PINs
    would hold him, and each five of them close the mailbox for its owner."""
    sends_on(forward_always=code)
    assert answer_of(carrier, NUMBER).status == 480
    sends_on()
    owner = phone(OWNER)
    branch = _begin(carrier)
    invite = owner.request("INVITE", 10)
    owner.respond(invite, 302, "Moved", "m", contact=f"<sip:{code}@acme.example>")
    assert carrier.final(branch, 10).status == 480
    assert services_up(pbx) == []


def test_who_forwards_to_the_message_key_means_his_voicemail(
    pbx: Any, carrier: Carrier, sends_on: Callable[..., None]
) -> None:
    """*97 is what the message key dials, so people forward to it: the caller leaves a message."""
    sends_on(voicemail=True, forward_always="*97")
    answer = answer_of(carrier, NUMBER)
    assert answer.status == 200
    call = dialog_of_caller(answer)
    carrier.send(carrier.in_dialog(call, "ACK"))
    assert services_up(pbx) == ["leave-message"]
    assert carrier.ask_in_dialog(call, "BYE", timeout=10).status == 200
    nothing_counted(pbx)


def test_a_transfer_to_the_mailboxes_leads_nobody_to_a_pin(phone: Any, sends_on: Callable[..., None], pbx: Any) -> None:
    """Within the tenant as well: the mailbox would be that of whoever transfers, the tries somebody else's."""
    boss, customer = phone(OWNER), phone("977")
    ours, _ = establish(boss, customer)
    assert [refer(boss, ours, f"<sip:{code}@acme.example>").status for code in ("*97", "*98")] == [403, 403]
    sends_on(voicemail=True)
    uri, _ = transferred(boss, customer, ours, "<sip:*97@acme.example>")
    leaving = customer.call_answered(*dial_uri(customer, uri))
    assert "leave-message" in services_up(pbx)
    assert customer.ask_in_dialog(leaving, "BYE").status == 200
    assert end_call(boss, customer, ours).status == 200
    asked = customer.call_answered(*customer.begin_call("*97"))
    assert services_up(pbx) == ["mailbox"], "whoever dials it himself is asked"
    assert customer.ask_in_dialog(asked, "BYE").status == 200


def _begin(carrier: Carrier) -> str:
    uri = f"sip:{NUMBER}@{PBX_ADDRESS}"
    content, body = carrier.offer()
    headers = [*carrier.headers("INVITE", uri), *content]
    carrier.send(sip.compose(f"INVITE {uri} SIP/2.0", headers, body))
    return branch_of(headers)
