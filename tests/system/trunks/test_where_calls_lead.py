"""Where calls from outside lead: by the time, and on from a ring group that nobody answers (reference: "Office Hours").

The system's own services take a line like any other call (reference: "Maximum Concurrent Call Limits").
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone
from tests.system.features.steps import branch_of, record, refuse
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

WHOLE_DAY = {"start": 0, "end": 24 * 60 - 1}


@pytest.fixture
def desk(pbx: Any, numbers: str) -> Iterator[dict[str, Any]]:
    """Number +493012324: in office hours to extension 141, out of them to 142."""
    tenant = pbx.tenant["id"]
    for number in ("141", "142"):
        pbx.account(number)
    hours = pbx.rest.post("office-hours", tenant_id=tenant, name="Desk", time_zone="UTC", spans=_spans(now=True))
    made = pbx.rest.post(
        "time-conditions",
        tenant_id=tenant,
        number="740",
        name="Desk",
        office_hours_id=hours["id"],
        in_hours="extension:141",
        out_of_hours="extension:142",
    )
    rule = {"tenant_id": tenant, "name": "Desk", "first": "+493012324", "destination": "time_condition:740"}
    leads = pbx.rest.post("inbound-rules", **rule)
    yield hours
    pbx.rest.delete(f"inbound-rules/{leads['id']}")
    pbx.rest.delete(f"time-conditions/{made['id']}")
    pbx.rest.delete(f"office-hours/{hours['id']}")


def _spans(*, now: bool) -> list[dict[str, int]]:
    """Open all of today and its neighbours, or on none of these days."""
    today = datetime.now(UTC)
    near = {(today + timedelta(days=days)).weekday() for days in (-1, 0, 1)}
    return [{"weekday": day, **WHOLE_DAY} for day in range(7) if (day in near) is now]


def test_a_number_rings_elsewhere_in_office_hours_than_out_of_them(
    pbx: Any, provider: Any, desk: dict[str, Any], phone: Any, tmp_path: Path
) -> None:
    """The same number from the telephone network and from inside; a holiday is out of hours."""
    day, night, caller = phone("141"), phone("142"), phone("143")
    _rings(provider, day, night, tmp_path)
    today = datetime.now(UTC).date()
    near = [(today + timedelta(days=days)).isoformat() for days in (-1, 0, 1)]
    pbx.rest.patch(f"office-hours/{desk['id']}", closed=near)
    within(5, lambda: _rang(caller, "740", night), "a holiday is in force")
    pbx.rest.patch(f"office-hours/{desk['id']}", closed=[], spans=_spans(now=False))
    _rings(provider, night, day, tmp_path)


def _rings(provider: Any, wanted: Softphone, silent: Softphone, tmp_path: Path) -> None:
    call = provider.call_in("+493012324", "+4989777", tmp_path / "sound.alaw")
    try:
        refuse(wanted, wanted.request("INVITE", 8), 486, "Busy Here")
        assert silent.requests_within(0.2) == []
    finally:
        call.kill()
        call.wait()


def _rang(caller: Softphone, number: str, wanted: Softphone) -> bool:
    _, headers = caller.begin_call(number)
    invites = [one for one in wanted.requests_within(0.5) if one.method == "INVITE"]
    for invite in invites:
        refuse(wanted, invite, 486, "Busy Here")
    if invites:
        caller.final(branch_of(headers))
        return True
    return False


def test_a_ring_group_that_nobody_answers_leads_an_outside_caller_on(
    pbx: Any, provider: Any, numbers: str, phone: Any, tmp_path: Path
) -> None:
    """Its owner chose where to, so the caller needs no right; but nobody outside is called."""
    member, backup = phone("144"), phone("145")
    tenant = pbx.tenant["id"]
    group = {"tenant_id": tenant, "number": "640", "name": "Desk", "members": ["144"], "otherwise": "145"}
    made = pbx.rest.post("ring-groups", **group)
    rule = {"tenant_id": tenant, "name": "Group", "first": "+493012325", "destination": "ring_group:640"}
    pbx.rest.post("inbound-rules", **rule)
    provider.forget()
    call = provider.call_in("+493012325", "+4989777", tmp_path / "sound.alaw")
    refuse(member, member.request("INVITE", 8), 486, "Busy Here")
    theirs = backup.answer_call(backup.request("INVITE"))
    backup.request("ACK")
    backup.respond(backup.request("BYE", 15), 200, "OK")
    assert call.wait(20) == 0
    assert theirs.call_id
    pbx.rest.patch(f"ring-groups/{made['id']}", otherwise="+498912345678")
    provider.forget()
    call = provider.call_in("+493012325", "+4989777", tmp_path / "sound.alaw")
    refuse(member, member.request("INVITE", 8), 486, "Busy Here")
    assert call.wait(20) != 0
    assert provider.calls() == []
    within(5, lambda: not counted(pbx), "nothing is counted any more")


def test_a_call_to_a_mailbox_takes_a_line(pbx: Any, phone: Any) -> None:
    """Limits are asked before the system answers itself, and given back afterwards."""
    caller = phone("146")
    pbx.account("147")
    pbx.rest.patch(f"users/{pbx.users['147']['id']}/voicemail", enabled=True)
    own = f"users/{pbx.users['146']['id']}/calling"
    dialled = caller.begin_call("*99147")
    dialog = caller.call_answered(*dialled, 10)
    assert counted(pbx)["extension:146@acme.example"] == 1
    assert caller.ask_in_dialog(dialog, "BYE").status == 200
    within(5, lambda: not counted(pbx), "nothing is counted any more")
    pbx.rest.patch(own, max_calls=0)
    _, headers = caller.begin_call("*99147")
    assert caller.final(branch_of(headers)).status == 403
    assert record(pbx, "146", "*99147", rule="limits.caller")["code"] == 403
    pbx.rest.patch(own, max_calls=None)


def test_a_call_from_outside_is_picked_up_by_a_colleague(
    pbx: Any, provider: Any, numbers: str, phone: Any, tmp_path: Path
) -> None:
    """The colleague's phone is one more branch of the call: it is shown who calls, and its audio goes to the relay."""
    desk, colleague = phone("121"), phone("148")
    call = provider.call_in(numbers, "+4989777", tmp_path / "sound.alaw")
    ringing = desk.request("INVITE", 8)
    desk.respond(ringing, 180, "Ringing", "r")
    _, headers = colleague.begin_call("*8121")
    assert colleague.final(branch_of(headers)).status == 487
    invite = colleague.request("INVITE")
    assert invite.header("call-info").endswith("answer-after=0")
    assert "+4989777@acme.example" in invite.header("p-asserted-identity")
    assert sip.media_address(invite.body)[0] == PBX_ADDRESS
    colleague.answer_call(invite)
    desk.respond(desk.request("CANCEL"), 200, "OK", "r")
    desk.respond(ringing, 487, "Request Terminated", "r")
    colleague.request("ACK")
    colleague.respond(colleague.request("BYE", 15), 200, "OK")
    assert call.wait(20) == 0
    assert record(pbx, "+4989777", numbers, callee="148@acme.example")["code"] == 200
