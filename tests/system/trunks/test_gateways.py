"""A gateway that registers here (reference: "Accept Register Trunk")."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.rest import Refused
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, end_call
from tests.system.features.steps import branch_of
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

DID = "+493012380"
NUMBER = "+498912345678"


@pytest.fixture
def gateway(pbx: Any) -> Iterator[tuple[dict[str, Any], Account]]:
    """An accept-register trunk with a number that leads to extension 151."""
    made = pbx.rest.post("trunks", name="E1", kind="accept_register", username="e1", domain="gw.example")
    tenant = pbx.tenant["id"]
    pbx.account("151")
    pool = pbx.rest.post("number-pools", tenant_id=tenant, trunk_id=made["id"], first=DID)
    rule = {"tenant_id": tenant, "name": "Gateway", "first": DID, "destination": "extension:151"}
    leads = pbx.rest.post("inbound-rules", **rule)
    yield made, Account("e1", "gw.example", made["password"])
    pbx.rest.delete(f"inbound-rules/{leads['id']}")
    pbx.rest.delete(f"number-pools/{pool['id']}")
    pbx.rest.delete(f"trunks/{made['id']}")


def _called(phone: Softphone) -> int:
    _, headers = phone.begin_call(DID)
    return phone.final(branch_of(headers)).status


def test_a_gateway_calls_only_while_it_is_registered_and_only_from_there(
    pbx: Any, stranger: Any, phone: Any, gateway: tuple[dict[str, Any], Account]
) -> None:
    """The right password alone is not enough; nor is the registration of somebody else's address."""
    desk, account = phone("151"), gateway[1]
    with Softphone(stranger(), (PBX_ADDRESS, 5060), account) as box:
        assert _called(box) == 403
        assert desk.requests_within(0.2) == []
        assert box.register().status == 200
        with Softphone(stranger(), (PBX_ADDRESS, 5060), account) as elsewhere:
            assert _called(elsewhere) == 403
        dialled = box.begin_call(DID)
        desk.answer_call(desk.request("INVITE"))
        dialog = box.call_answered(*dialled)
        desk.request("ACK")
        raw = box.in_dialog(dialog, "BYE")
        box.send(raw)
        desk.respond(desk.request("BYE"), 200, "OK")
        assert box.register(expires=0).status == 200
        assert _called(box) == 403
        assert desk.requests_within(0.2) == []


@pytest.mark.parametrize("sender", [f"e1@{PBX_ADDRESS}", f"+4989777@{PBX_ADDRESS}", "+4989777@10.77.0.45"])
def test_a_gateway_may_call_the_address_that_it_registered_at(
    lab: Any, phone: Any, gateway: tuple[dict[str, Any], Account], sender: str
) -> None:
    """As Asterisk does with `contact=sip:ADDRESS`, and most gateways: the caller's number, or their own name, in From.

    It was asked for a password of the tenant's realm, or refused as a stranger that calls one of our numbers.
    """
    desk, account, host = phone("151"), gateway[1], lab.host("pstn45", 45)
    with (
        Softphone(host, (PBX_ADDRESS, 5060), account) as box,
        Softphone(host, (PBX_ADDRESS, 5060), Account(account.user, PBX_ADDRESS, account.secret)) as line,
    ):
        assert box.register().status == 200
        uri, (content, body) = f"sip:{DID}@{PBX_ADDRESS}", line.offer()
        headers = [*line.headers("INVITE", uri, from_uri=f"sip:{sender}"), *content]
        challenged = line.ask("INVITE", uri, headers, body)
        line.send_ack(challenged, uri, headers)
        assert challenged.status == 407
        again = line.answered(challenged, "INVITE", uri, headers)
        line.send(sip.compose(f"INVITE {uri} SIP/2.0", again, body))
        desk.answer_call(desk.request("INVITE"))
        dialog = line.call_answered(uri, again)
        desk.request("ACK")
        assert end_call(line, desk, dialog).status == 200
        assert box.register(expires=0).status == 200


@pytest.mark.parametrize("sender", [f"e1@{PBX_ADDRESS}", "e1@gw.example"])
def test_a_gateway_may_register_at_our_address(
    lab: Any, phone: Any, gateway: tuple[dict[str, Any], Account], sender: str
) -> None:
    """Most ask for a registrar's address and take it for their domain. It was challenged with the realm of a tenant,
    in which it had no password. The challenge is the same for a name that nobody has.
    """
    desk, account = phone("151"), gateway[1]
    uri = f"sip:{PBX_ADDRESS}"
    with Softphone(lab.host("pstn35", 35), (PBX_ADDRESS, 5060), account) as box:

        def asks(expires: int, user: str = "") -> tuple[sip.Message, sip.Headers]:
            named = f"sip:{user or sender}"
            headers = [*box.headers("REGISTER", named, from_uri=named), ("Contact", box.contact)]
            headers.append(("Expires", str(expires)))
            return box.ask("REGISTER", uri, headers), headers

        def registers(expires: int) -> int:
            challenged, headers = asks(expires)
            return box.ask("REGISTER", uri, box.answered(challenged, "REGISTER", uri, headers)).status

        known, unknown = asks(300)[0], asks(300, f"nobody@{PBX_ADDRESS}")[0]
        assert [one.realm for one in sip.challenges_in(known)] == [one.realm for one in sip.challenges_in(unknown)]
        assert registers(300) == 200
        dialled = box.begin_call(DID)
        desk.answer_call(desk.request("INVITE"))
        dialog = box.call_answered(*dialled)
        desk.request("ACK")
        assert end_call(box, desk, dialog).status == 200
        assert registers(0) == 200
        assert _called(box) == 403


def test_a_phone_beside_a_gateway_is_asked_for_its_own_password(
    lab: Any, phone: Any, gateway: tuple[dict[str, Any], Account]
) -> None:
    """Both are behind one address, and both mean the system by its address."""
    desk, host = phone("151"), lab.host("pstn45", 45)
    beside = phone("960", host=host)
    with Softphone(host, (PBX_ADDRESS, 5060), gateway[1]) as box:
        assert box.register().status == 200
        beside.account = Account("960", PBX_ADDRESS, beside.account.secret)
        dialled = beside.begin_call("151")
        desk.answer_call(desk.request("INVITE"))
        dialog = beside.call_answered(*dialled)
        desk.request("ACK")
        assert end_call(beside, desk, dialog).status == 200
        assert box.register(expires=0).status == 200


@pytest.mark.restarts
def test_a_gateway_is_known_by_its_address_after_the_core_was_killed(
    pbx: Any, lab: Any, gateway: tuple[dict[str, Any], Account]
) -> None:
    """At once: its registration was read again, and what says who registered from where is not yet written anew."""
    host = lab.host("pstn45", 45)
    with (
        Softphone(host, (PBX_ADDRESS, 5060), gateway[1]) as box,
        Softphone(host, (PBX_ADDRESS, 5060), Account("e1", PBX_ADDRESS, gateway[1].secret)) as line,
    ):
        assert box.register().status == 200
        assert _asked_for(line) == "gw.example"
        old = pbx.product.process_ids()["core"]
        os.kill(old, signal.SIGKILL)
        within(30, lambda: pbx.product.process_ids()["core"] not in (0, old), "a new core")
        within(30, lambda: pbx.product.is_ready("core"), "it hears what is sent")
        within(30, lambda: _asked_for(line) == "gw.example", "the gateway is asked for its own password")
        within(10, lambda: "all" in pbx.product.kamcmd("htable.dump", "gateways"), "the table is written")
        assert _asked_for(line) == "gw.example"
        assert box.register(expires=0).status == 200
        assert _asked_for(line) != "gw.example"


def _asked_for(line: Softphone) -> str:
    """The realm of the challenge to a call; "" for a refusal."""
    uri, (content, body) = f"sip:{DID}@{PBX_ADDRESS}", line.offer()
    headers = [*line.headers("INVITE", uri), *content]
    answer = line.ask("INVITE", uri, headers, body)
    line.send_ack(answer, uri, headers)
    return next((one.realm for one in sip.challenges_in(answer)), "") if answer.status == 407 else ""


def test_a_stock_phone_as_gateway_calls_in(
    lab: Any, phone: Any, gateway: tuple[dict[str, Any], Account], tmp_path: Path
) -> None:
    """It registers with user and password, is asked for them again, and its call rings."""
    desk = phone("151")
    with Baresip(lab.host("gateway", 95), tmp_path / "g", gateway[1]) as box:
        box.wait_registered()
        box.dial(DID)
        desk.respond(desk.request("INVITE", 8), 486, "Busy Here", "b")
        box.wait_for("CALL_CLOSED", timeout=8)


def test_a_rule_leads_calls_to_a_gateway_where_it_registered_from(
    pbx: Any, stranger: Any, phone: Any, outward: Any, gateway: tuple[dict[str, Any], Account]
) -> None:
    """The number called stands in the Request-URI, for the gateway to dial."""
    trunk, account = gateway
    caller = phone("120")
    (rule,) = pbx.rest.get("outbound-rules")["items"]
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=[{"trunk_id": trunk["id"]}])
    try:
        with Softphone(stranger(), (PBX_ADDRESS, 5060), account) as box:
            assert box.register().status == 200
            dialled = caller.begin_call(NUMBER)
            invite = box.request("INVITE", 8)
            assert invite.start_line.startswith(f"INVITE sip:{NUMBER}@{box.hostport}")
            box.answer_call(invite)
            dialog = caller.call_answered(*dialled, 10)
            box.request("ACK")
            assert end_call(caller, box, dialog).status == 200
    finally:
        pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=rule["routes"])


def test_a_gateway_that_was_started_again_is_called_once_and_by_the_number(
    pbx: Any, lab: Any, phone: Any, outward: Any, gateway: tuple[dict[str, Any], Account]
) -> None:
    """Asterisk with `line=yes` and others register another Contact after each start, and the old one is still known. A
    second call went there, to the user of the Contact: whatever the gateway does with its own name answered first.
    """
    trunk, account = gateway
    caller, host = phone("120"), lab.host("clients7", 7)
    (rule,) = pbx.rest.get("outbound-rules")["items"]
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=[{"trunk_id": trunk["id"]}])
    try:
        with Softphone(host, (PBX_ADDRESS, 5060), account) as box:
            before, now = (f"<sip:e1@{box.hostport};line={name}>" for name in ("before", "now"))
            assert box.register(contact=before).status == 200
            time.sleep(1.1)  # which is the newer one is known to the second
            assert box.register(contact=now).status == 200
            dialled = caller.begin_call(NUMBER)
            invite = box.request("INVITE", 8)
            assert invite.start_line.startswith(f"INVITE sip:{NUMBER}@{box.hostport};line=now")
            box.respond(invite, 100, "Trying")
            assert box.requests_within(0.7) == []
            box.answer_call(invite)
            dialog = caller.call_answered(*dialled, 10)
            box.request("ACK")
            assert end_call(caller, box, dialog).status == 200
            assert box.register(contact="*", expires=0).status == 200
    finally:
        pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=rule["routes"])


def test_the_other_gateway_of_an_account_is_tried_when_the_first_takes_no_calls(
    pbx: Any, lab: Any, phone: Any, outward: Any, gateway: tuple[dict[str, Any], Account]
) -> None:
    """Two boxes with one account, one in reserve: whichever registered last was called alone. A busy line is an answer;
    a box that has no circuit free is none, and one that says nothing is not waited for either.
    """
    trunk, account = gateway
    caller = phone("120")
    (rule,) = pbx.rest.get("outbound-rules")["items"]
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=[{"trunk_id": trunk["id"]}])
    try:
        with (
            Softphone(lab.host("box51", 51), (PBX_ADDRESS, 5060), account) as reserve,
            Softphone(lab.host("box54", 54), (PBX_ADDRESS, 5060), account) as first,
        ):
            assert reserve.register().status == 200
            time.sleep(1.1)  # which is the newer one is known to the second
            assert first.register().status == 200
            _, headers = caller.begin_call(NUMBER)
            first.respond(first.request("INVITE", 8), 486, "Busy Here", "b")
            assert caller.final(branch_of(headers)).status == 486
            assert reserve.requests_within(0.3) == []
            dialled = caller.begin_call(NUMBER)
            full = first.request("INVITE", 8)
            assert reserve.requests_within(0.3) == []
            first.respond(full, 503, "No Circuit", "f")
            invite = reserve.request("INVITE", 8)
            assert invite.start_line.startswith(f"INVITE sip:{NUMBER}@{reserve.hostport}")
            reserve.answer_call(invite)
            dialog = caller.call_answered(*dialled, 10)
            reserve.request("ACK")
            assert end_call(caller, reserve, dialog).status == 200
            assert [one.method for one in first.requests_within(0.3)] == ["ACK", "ACK"]
            for box in (reserve, first):
                box.register(contact="*", expires=0)
        within(8, lambda: not counted(pbx), "nothing is counted any more")
    finally:
        pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=rule["routes"])


def test_a_gateway_may_not_have_the_domain_of_a_tenant(pbx: Any) -> None:
    """Its realm would be that of the extensions."""
    with pytest.raises(Refused, match=r"trunk\.domain_of_tenant"):
        pbx.rest.post("trunks", name="Twin", kind="accept_register", username="101", domain="acme.example")
