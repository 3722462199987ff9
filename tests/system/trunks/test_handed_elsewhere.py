"""Somebody outside is handed to what is no extension: a group, a voicemail, the music of a parked call (ADR 47)."""

import re
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone
from tests.system.features.steps import refused_call
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.counting import counted
from tests.system.trunks.handing import (
    COLLEAGUE,
    DESK,
    NUMBER,
    handed,
    hang_up,
    hang_up_with,
    is_hung_up,
    nothing_counted,
    refer,
    told,
)

PBX6 = "fd77::1"
pytestmark = pytest.mark.usefixtures("oracle")


def test_a_party_is_handed_to_a_group_and_to_a_voicemail(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """What answers inside the tenant answers the party too; the voicemail's end is the party's."""
    desk, colleague, tenant = phone(DESK), phone(COLLEAGUE), pbx.tenant["id"]
    made = pbx.rest.post("ring-groups", tenant_id=tenant, number="641", name="Handed", members=[COLLEAGUE])
    pbx.rest.patch(f"users/{pbx.users[COLLEAGUE]['id']}/voicemail", enabled=True)
    with_party, theirs = handed(carrier, desk, colleague, "641")
    hang_up_with(colleague, theirs, carrier, with_party)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, f"*99{COLLEAGUE}").status == 202
    carrier.take_renewal()
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, call.phone)
    hang_up(carrier, call.carrier)
    nothing_counted(pbx)
    pbx.rest.patch(f"users/{pbx.users[COLLEAGUE]['id']}/voicemail", enabled=False)
    pbx.rest.delete(f"ring-groups/{made['id']}")


@pytest.mark.parametrize("header", ["Refer-To", "Contact"])
def test_a_phone_with_control_characters_in_its_headers_transfers_nothing(
    pbx: Any, carrier: Carrier, phone: Any, header: str
) -> None:
    """Nobody can repeat in its name what might end a line; the call goes on, and ends."""
    desk = phone(DESK)
    call = carrier.call_in(NUMBER, desk)
    raw = desk.in_dialog(call.phone, "REFER", [("Refer-To", f"<sip:{COLLEAGUE}@acme.example>")])
    desk.send(re.sub(rf"(\r\n{header}: [^\r]*)".encode(), rb"\1;x=\ty", raw))
    assert desk.final(sip.parse(raw).branch).status == 400
    hang_up_with(desk, call.phone, carrier, call.carrier)
    nothing_counted(pbx)


def test_a_parked_party_is_fetched_by_a_colleague_and_handed_on(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """`*70` keeps somebody outside with music, `*71` brings them to whoever dials it: once, then nobody is there."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, "*70").status == 202
    carrier.take_renewal()
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, call.phone)
    second = carrier.call_in(NUMBER, desk)
    assert refer(desk, second.phone, "*70").status == 486, "one waits there already"
    hang_up_with(desk, second.phone, carrier, second.carrier)
    dialled = colleague.begin_call(f"*71{DESK}")
    carrier.take_renewal()
    theirs = colleague.call_answered(*dialled, 10)
    assert sip.media_address(theirs.body)[0] == PBX_ADDRESS
    within(5, lambda: set(counted(pbx)) & {f"extension:{COLLEAGUE}@acme.example"}, "the colleague is counted")
    assert f"extension:{DESK}@acme.example" not in counted(pbx)
    assert refused_call(desk, "*71") == 404
    assert refer(colleague, theirs, DESK).status == 202
    last = desk.answer_call(desk.request("INVITE", 10))
    desk.request("ACK", 10)
    assert told(colleague, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(colleague, theirs)
    hang_up_with(desk, last, carrier, call.carrier)
    nothing_counted(pbx)


def test_a_parked_party_that_gives_up_frees_the_place(pbx: Any, carrier: Carrier, phone: Any) -> None:
    desk = phone(DESK)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, "*70").status == 202
    hang_up(desk, call.phone)
    carrier.take_renewal()
    hang_up(carrier, call.carrier)
    within(5, lambda: refused_call(desk, "*71") == 404, "nobody waits there")
    nothing_counted(pbx)


def test_a_desk_on_the_other_family_hands_over_too(
    pbx: Any, lab: Any, carrier: Carrier, phone: Any, stranger: Any
) -> None:
    """Desk over IPv6, carrier and colleague over IPv4: the two calls meet in the relay, wherever that hears them."""
    colleague, host = phone(COLLEAGUE), stranger()
    with Softphone(host, (PBX6, 5060), pbx.account(DESK), local_address=host.address6) as desk:
        desk.register(expires=0, contact="*")
        assert desk.register().status == 200
        with_party, theirs = handed(carrier, desk, colleague)
        hang_up_with(colleague, theirs, carrier, with_party)
        call = carrier.call_in(NUMBER, desk)
        assert refer(desk, call.phone, "*70").status == 202
        carrier.take_renewal()
        assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
        is_hung_up(desk, call.phone)
        dialled = colleague.begin_call(f"*71{DESK}")
        carrier.take_renewal()
        fetched = colleague.call_answered(*dialled, 10)
        hang_up_with(colleague, fetched, carrier, call.carrier)
        nothing_counted(pbx)
