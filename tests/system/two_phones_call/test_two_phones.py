"""Two real phones call each other (reference: "Ports Security", SIP 5060 UDP and 5063 TCP, RTP 45000-64999)."""

import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip, tone
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip, Sipp, end
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, Transport, dialog_of_caller, end_call, establish
from tests.system.features.steps import branch_of

pytestmark = pytest.mark.usefixtures("oracle")

TALK = 5.5
PAIRS = [(Transport.UDP, Transport.UDP), (Transport.TCP, Transport.TCP), (Transport.UDP, Transport.TCP)]


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=lambda one: str(one))
def test_two_baresips_hear_each_other_for_five_seconds(
    pbx: Any, lab: Any, tmp_path: Path, first: Transport, second: Transport
) -> None:
    """Registration, call, audio both ways through the relay, live pages, and the record within 2 s."""
    alice, bob = lab.host("alice", 11), lab.host("bob", 12)
    with (
        Baresip(alice, tmp_path / "a", pbx.account("101"), first, 400) as caller,
        Baresip(bob, tmp_path / "b", pbx.account("102"), second, 700) as callee,
    ):
        caller.wait_registered()
        callee.wait_registered()
        within(2, lambda: {"101", "102"} <= _extensions(pbx.product.registrations()), "both registrations are listed")
        caller.dial("102")
        caller.wait_for("CALL_ESTABLISHED")
        within(2, lambda: _is_live(pbx, "101", "102"), "the live call is listed")
        time.sleep(TALK)
        caller.hang_up()
        callee.wait_for("CALL_CLOSED")
        record, _ = within(2, lambda: _record(pbx, "101", "102"), "the call record is in REST")
    for phone, frequency in ((caller, 700), (callee, 400)):
        heard = tone.listen(phone.recording, frequency)
        assert heard.is_whole, heard
        assert heard.seconds >= 5.0, heard
        assert phone.media_peer.startswith(f"{PBX_ADDRESS}:"), "the audio did not come through the relay"
        assert 45_000 <= int(phone.media_peer.rpartition(":")[2]) <= 64_999
    assert 5 <= record["duration"] <= 8
    assert record["started_at"] <= record["answered_at"] <= record["ended_at"]
    assert (record["code"], record["ended_by"]) == (200, "caller")


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_sipp_and_baresip_hear_each_other(
    pbx: Any, lab: Any, stranger: Any, tmp_path: Path, transport: Transport
) -> None:
    """sipp calls with a tone that baresip records; then baresip calls sipp, which echoes what it hears."""
    number = "104" if transport is Transport.UDP else "107"
    sipp = Sipp(stranger(), pbx.account(number), tmp_path / "sipp", transport)
    with Baresip(lab.host("carol", 13), tmp_path / "c", pbx.account("103"), Transport.UDP, 600) as phone:
        phone.wait_registered()
        call = sipp.call("103", 500, 5.5)
        sipp.finished(call, 15)
        heard = tone.listen(phone.recording, 500)
        assert heard.is_whole, heard
        assert heard.seconds >= 5.0, heard
        waiting = sipp.answer()
        within(4, lambda: number in _extensions(pbx.product.registrations()), "sipp is registered")
        phone.forget_events()
        phone.dial(number)
        phone.wait_for("CALL_ESTABLISHED")
        time.sleep(3)
        phone.hang_up()
        phone.wait_for("CALL_CLOSED")
        end(waiting)
        echo = tone.listen(phone.recording, 600)
        assert echo.is_whole, echo
        assert echo.seconds >= 2.5, echo


def test_the_callee_who_hangs_up_and_a_refused_call_stand_in_the_records(pbx: Any, phone: Any) -> None:
    """The record says who hung up; a refused call, here to a number that is no extension, has a record too."""
    caller, callee = phone("105"), phone("106")
    _, theirs = establish(caller, callee)
    end_call(callee, caller, theirs)
    record, _ = within(2, lambda: _record(pbx, "105", "106"), "the call record is in REST")
    assert (record["ended_by"], record["code"]) == ("callee", 200)
    _, headers = caller.begin_call("98765")
    assert caller.final(_branch(headers)).status == 403
    refused, _ = within(2, lambda: _record(pbx, "105", "98765"), "the refused call is in REST")
    assert (refused["code"], refused["answered_at"]) == (403, None)


def _is_live(pbx: Any, caller: str, callee: str) -> bool:
    return any(caller in str(row) and callee in str(row) for row in pbx.product.live_calls())


def _branch(headers: Any) -> str:
    return str(dict(headers)["Via"].split("branch=")[1].split(";")[0])


def _extensions(rows: list[dict[str, Any]]) -> set[str]:
    return {str(row.get("extension") or row.get("aor", "")).partition("@")[0] for row in rows}


def _record(pbx: Any, caller: str, dialled: str) -> dict[str, Any] | None:
    """The newest record of a call between these two."""
    rows = [
        row
        for row in pbx.product.call_records()
        if caller in str(row["caller"]) and dialled in f"{row['callee']} {row['dialled']}"
    ]
    return max(rows, key=lambda row: str(row["started_at"])) if rows else None


def test_answers_show_the_caller_as_the_caller_did(pbx: Any, phone: Any) -> None:
    """RFC 3261 section 8.2.6.2: the callee is shown a name that the caller did not say; not so the caller."""
    caller, callee = phone("961"), phone("962")
    _, headers = caller.begin_call("962")
    invite = callee.request("INVITE")
    assert "Phone 961" in invite.header("from")
    callee.answer_call(invite)
    answer = caller.final(branch_of(headers))
    assert (answer.status, answer.header("from")) == (200, dict(headers)["From"])
    dialog = dialog_of_caller(answer)
    caller.send(caller.in_dialog(dialog, "ACK"))
    callee.request("ACK")
    assert end_call(caller, callee, dialog).status == 200


def test_a_phone_on_ipv6_talks_to_one_on_ipv4(pbx: Any, phone: Any, stranger: Any) -> None:
    """Each side is offered media in its own address family; the relay bridges the two."""
    host = stranger()
    with Softphone(host, ("fd77::1", 5060), pbx.account("104"), local_address=host.address6) as caller:
        assert caller.register().status == 200
        callee = phone("105")
        uri, headers = caller.begin_call("105")
        invite = callee.request("INVITE")
        assert sip.media_address(invite.body)[0] == PBX_ADDRESS
        callee.respond(invite, 200, "OK", "v4", body=sip.sdp(callee.address, 40_002))
        dialog = caller.call_answered(uri, headers)
        assert sip.media_address(dialog.body)[0] == "fd77::1"
        callee.request("ACK")
        assert end_call(caller, callee, dialog).status == 200
        caller.register(expires=0)
