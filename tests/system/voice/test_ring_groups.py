"""Ring groups at once and in order, and an announcement that is heard (REST `ring-groups`, `announcements`)."""

import base64
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import tone
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.softphone import NoAnswer
from tests.system.features.steps import branch_of

pytestmark = pytest.mark.usefixtures("oracle")


def test_a_ring_group_rings_all_at_once(pbx: Any, phone: Any) -> None:
    caller, first, second = phone("151"), phone("152"), phone("153")
    _group(pbx, "650", together=True)
    uri, headers = caller.begin_call("650")
    invites = [first.request("INVITE"), second.request("INVITE")]
    first.respond(invites[0], 180, "Ringing", "f")
    time.sleep(0.1)  # both within a tenth of a millisecond, in two workers: then Kamailio sometimes sends no CANCEL
    second.answer_call(invites[1])
    dialog = caller.call_answered(uri, headers)
    second.request("ACK")
    first.request("CANCEL")
    raw = caller.in_dialog(dialog, "BYE")
    caller.send(raw)
    second.respond(second.request("BYE"), 200, "OK")


def test_a_device_that_begins_to_ring_when_another_has_answered_is_told_to_stop(pbx: Any, phone: Any) -> None:
    """A CANCEL has to wait for its first answer (RFC 3261 section 9.1), and then it comes."""
    caller, slow, quick = phone("151"), phone("152"), phone("153")
    _group(pbx, "658", together=True)
    uri, headers = caller.begin_call("658")
    late, invite = slow.request("INVITE"), quick.request("INVITE")
    quick.answer_call(invite)
    dialog = caller.call_answered(uri, headers)
    quick.request("ACK")
    slow.respond(late, 180, "Ringing", "s")
    slow.request("CANCEL")
    raw = caller.in_dialog(dialog, "BYE")
    caller.send(raw)
    quick.respond(quick.request("BYE"), 200, "OK")


def test_a_ring_group_rings_one_after_the_other(pbx: Any, phone: Any) -> None:
    caller, first, second = phone("151"), phone("152"), phone("153")
    _group(pbx, "651", together=False)
    uri, headers = caller.begin_call("651")
    invite = first.request("INVITE")
    with pytest.raises(NoAnswer):
        second.request("INVITE", timeout=1)
    first.respond(invite, 486, "Busy Here", "b")
    second.answer_call(second.request("INVITE"))
    dialog = caller.call_answered(uri, headers)
    second.request("ACK")
    raw = caller.in_dialog(dialog, "BYE")
    caller.send(raw)
    second.respond(second.request("BYE"), 200, "OK")


def test_an_announcement_is_heard_and_ends_by_itself(pbx: Any, lab: Any, tmp_path: Path) -> None:
    tone.write_tone(tmp_path / "closed.wav", 600, 2.0)
    audio = base64.b64encode((tmp_path / "closed.wav").read_bytes()).decode()
    pbx.rest.post("announcements", tenant_id=pbx.tenant["id"], number="652", name="Closed", audio=audio)
    with Baresip(lab.host("dave", 14), tmp_path / "d", pbx.account("141"), frequency=500) as caller:
        caller.wait_registered()
        caller.dial("652")
        caller.wait_for("CALL_ESTABLISHED")
        caller.wait_for("CALL_CLOSED", timeout=10)
    heard = tone.listen(caller.recording, 600)
    assert heard.is_whole, heard
    assert heard.seconds >= 1.5, heard


def test_groups_that_lead_to_each_other_ring_once_each(pbx: Any, phone: Any) -> None:
    """Attack case 41: it went round until the engine had no branch left, and said 500."""
    caller, member = phone("151"), phone("152")
    team = {"tenant_id": pbx.tenant["id"], "name": "Team", "members": ["152"]}
    first = pbx.rest.post("ring-groups", number="691", **team)
    pbx.rest.post("ring-groups", number="692", otherwise="691", **team)
    pbx.rest.patch(f"ring-groups/{first['id']}", otherwise="692")
    uri, headers = caller.begin_call("691")
    for _ in range(2):
        invite = member.request("INVITE")
        member.respond(invite, 486, "Busy Here", "b")
        member.request("ACK")
    answer = caller.final(branch_of(headers))
    caller.send_ack(answer, uri, headers)
    assert answer.status == 482
    assert [one.method for one in member.requests_within(0.3)] == []


def _group(pbx: Any, number: str, **more: Any) -> None:
    pbx.rest.post(
        "ring-groups", tenant_id=pbx.tenant["id"], number=number, name=f"Team {number}", members=["152", "153"], **more
    )


@pytest.mark.parametrize(("code", "group"), [(600, "677"), (603, "678")])
def test_a_member_that_declines_does_not_decline_for_the_others(pbx: Any, phone: Any, code: int, group: str) -> None:
    """RFC 3261 section 16.7 ends a call with a 6xx for the devices of one person; a group is many (peers.md 2.3)."""
    caller, first, second = phone("151"), phone("152"), phone("153")
    _group(pbx, group, together=True)
    uri, headers = caller.begin_call(group)
    declined, invite = first.request("INVITE"), second.request("INVITE")
    second.respond(invite, 180, "Ringing", "s")
    first.respond(declined, code, "Decline", "f")
    first.request("ACK")
    with pytest.raises(NoAnswer):
        second.request("CANCEL", timeout=1)
    second.answer_call(invite)
    dialog = caller.call_answered(uri, headers)
    second.request("ACK")
    raw = caller.in_dialog(dialog, "BYE")
    caller.send(raw)
    second.respond(second.request("BYE"), 200, "OK")


@pytest.mark.restarts
def test_the_first_call_that_nobody_takes_after_a_start_goes_on_to_the_next(pbx: Any, phone: Any) -> None:
    """Attack case 116: the process that keeps time has judged nothing yet, and it takes the next step."""
    caller, first, second = phone("151"), phone("152"), phone("153")
    _group(pbx, "689", together=False, ring_seconds=5)
    old = pbx.product.process_ids()["core"]
    os.kill(old, signal.SIGKILL)
    within(30, lambda: pbx.product.process_ids().get("core", 0) not in (0, old), "it is started again")
    within(30, lambda: pbx.product.is_ready("core"), "the core is back")
    uri, headers = caller.begin_call("689")
    first.respond(first.request("INVITE"), 180, "Ringing", "f")
    second.answer_call(second.request("INVITE", 10))
    dialog = caller.call_answered(uri, headers)
    second.request("ACK")
    raw = caller.in_dialog(dialog, "BYE")
    caller.send(raw)
    second.respond(second.request("BYE"), 200, "OK")
