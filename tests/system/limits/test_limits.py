"""How many calls may be up at once, and that none stays for ever (reference: "Maximum Concurrent Call Limits")."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, dialog_of_caller, end_call, establish
from ringfence.policy.calls.limits import MOST_MADE
from tests.system.features.test_core_hangs_up import quick

pytestmark = pytest.mark.usefixtures("oracle")
UDP = (PBX_ADDRESS, 5060)
CALLS_AT_ONCE = 100
FEW = 2
SLACK = 256 * 1024


@pytest.fixture(scope="module")
def office(pbx: Any) -> Any:
    """A tenant whose limits this story may change."""
    return type(pbx)(pbx.product, pbx.lab, pbx.product.create_tenant("Limited", "limited.example"))


@pytest.fixture
def phones(office: Any, stranger: Any) -> Iterator[Any]:
    with ExitStack() as stack:

        def make(number: str) -> Softphone:
            made = stack.enter_context(Softphone(stranger(), UDP, office.account(number)))
            assert made.register().status == 200
            stack.callback(made.register, 0)
            return made

        yield make


def _limit(office: Any, **limits: Any) -> None:
    office.rest.patch(f"tenants/{office.tenant['id']}", **limits)


def _counted(office: Any) -> dict[str, int]:
    """The counters of the running core that are not 0."""
    told = office.product.kamcmd("htable.dump", "calls")
    found = re.findall(r"name: (\S+)\s+value: (-?\d+)", told)
    return {name: int(value) for name, value in found if int(value)}


def _prepared(caller: Softphone, user: str) -> tuple[str, Any, bytes]:
    """An INVITE whose credentials answer a challenge already, ready to send."""
    uri = f"sip:{user}@{caller.account.domain}"
    content, body = caller.offer()
    headers = [*caller.headers("INVITE", uri), *content]
    first = caller.ask("INVITE", uri, headers, body)
    caller.send_ack(first, uri, headers)
    answered = caller.answered(first, "INVITE", uri, headers)
    return uri, answered, sip.compose(f"INVITE {uri} SIP/2.0", answered, body)


def test_a_hundred_calls_at_once_at_a_limit_of_two(office: Any, phones: Any) -> None:
    """Attack case 110: never more than 2 up, whichever workers judge them, and the counters return to 0."""
    caller, callee = phones("101"), phones("102")
    free = office.product.shared_memory_free()
    _limit(office, max_concurrent_calls=FEW)
    calls = [_prepared(caller, "102") for _ in range(CALLS_AT_ONCE)]
    for _, _, raw in calls:
        caller.send(raw)
    answered = [callee.answer_call(callee.request("INVITE")) for _ in range(FEW)]
    finals = [caller.final(_branch(headers), 10) for _, headers, _ in calls]
    up = [answer for answer in finals if answer.status == 200]
    refused = [answer for answer in finals if answer.status != 200]
    assert len(up) == FEW
    assert {answer.status for answer in refused} == {480}
    assert {answer.header("reason") for answer in refused} == {'Q.850;cause=34;text="No circuit available"'}
    known = {dialog.call_id for dialog in answered}  # on a busy machine their INVITEs are repeated
    more = [request for request in callee.requests_within(0.5) if request.method == "INVITE" and _is_new(request)]
    assert not [request for request in more if request.header("call-id") not in known]
    for (uri, headers, _), answer in zip(calls, finals, strict=True):
        if answer.status != 200:
            caller.send_ack(answer, uri, headers)
    assert _counted(office)[f"tenant:{office.tenant['id']}"] == FEW
    for answer in up:
        dialog = dialog_of_caller(answer)
        caller.send(caller.in_dialog(dialog, "ACK"))
        assert end_call(caller, callee, dialog).status == 200
    within(5, lambda: not _counted(office), "the counters return to 0")
    records = within(5, lambda: _refusals(office), "each refused call is recorded")[0]
    assert {record["rule"] for record in records} == {"limits.tenant"}
    within(40, lambda: free - office.product.shared_memory_free() < SLACK, "a hundred transactions are forgotten")


def _is_new(request: Any) -> bool:
    return not request.tag("to")


def _refusals(office: Any) -> list[dict[str, Any]]:
    rows = office.rest.get(f"cdrs?limit=500&tenant_id={office.tenant['id']}&answered=false")["items"]
    found = [row for row in rows if str(row["rule"]).startswith("limits.")]
    return found if len(found) >= CALLS_AT_ONCE - FEW else []


def _branch(headers: Any) -> str:
    return str(dict(headers)["Via"].split("branch=")[1].split(";")[0])


def test_an_extension_at_its_limit_is_busy_and_one_without_calls_is_told_so(office: Any, phones: Any) -> None:
    """`max_calls` counts calls in both directions; 0 forbids, nothing is no limit."""
    ann, bob, carol = phones("103"), phones("104"), phones("105")
    _limit(office, max_concurrent_calls=None)
    bobs = f"users/{office.users['104']['id']}/calling"
    office.rest.patch(bobs, max_calls=1)
    dialog, _ = establish(ann, bob)
    assert _refused(carol, "104").status == 486
    assert _refused(bob, "105").status == 480
    assert end_call(ann, bob, dialog).status == 200
    within(5, lambda: not _counted(office), "the counters return to 0")
    office.rest.patch(bobs, max_calls=0)
    assert within(5, lambda: _refused(bob, "105").status == 403, "the limit is in force")
    office.rest.patch(bobs, max_calls=None)
    dialog, _ = within(5, lambda: _established(bob, carol), "the limit is gone")[0]
    assert end_call(bob, carol, dialog).status == 200
    within(5, lambda: not _counted(office), "the counters return to 0")


def test_nobody_takes_all_the_lines_with_one_password(office: Any, phones: Any) -> None:
    """Issue 5, "Limits": an extension without a limit of its own makes no more calls than a person could."""
    thief, callee, other = phones("979"), phones("977"), phones("976")
    _limit(office, max_concurrent_calls=None)
    ringing, free = [], office.product.shared_memory_free()
    for _ in range(MOST_MADE):
        thief.begin_call("977")
        invite, tag = callee.request("INVITE"), sip.new_token()
        callee.respond(invite, 180, "Ringing", tag)
        ringing.append((invite, tag))
    assert _refused(thief, "977").status == 480
    dialog, _ = establish(other, thief)
    assert end_call(other, thief, dialog).status == 200
    for invite, tag in ringing:
        callee.respond(invite, 486, "Busy Here", tag)
    within(10, lambda: not _counted(office), "the counters return to 0")
    record = within(5, lambda: _record_of_refusal(office, "979"), "the refusal is recorded")[0]
    assert record["rule"] == "limits.caller"
    within(40, lambda: free - office.product.shared_memory_free() < SLACK, "the transactions are forgotten")


def _record_of_refusal(office: Any, caller: str) -> dict[str, Any] | None:
    rows = office.rest.get(f"cdrs?limit=500&tenant_id={office.tenant['id']}")["items"]
    return next((row for row in rows if row["caller"].startswith(caller) and row["code"] == 480), None)


def _established(caller: Softphone, callee: Softphone) -> Any:
    try:
        return establish(caller, callee)
    except Exception:  # noqa: BLE001 the change is not in force yet
        return None


def _refused(caller: Softphone, user: str) -> Any:
    uri, headers = caller.begin_call(user)
    answer = caller.final(_branch(headers))
    caller.send_ack(answer, uri, headers)
    return answer


@pytest.mark.restarts
def test_counters_survive_the_death_of_the_core_and_return_to_nothing(office: Any, phones: Any) -> None:
    """The call goes on and is still counted; the call that rang is ended in the records at once. Attack case 116."""
    ann, bob, carol = phones("106"), phones("107"), phones("108")
    _limit(office, max_concurrent_calls=None)
    dialog, _ = establish(ann, bob)
    carol.begin_call("107")
    bob.request("INVITE")
    own = f"tenant:{office.tenant['id']}"
    assert _counted(office)[own] == 2
    old = office.product.process_ids()["core"]
    os.kill(old, signal.SIGKILL)
    within(10, lambda: office.product.process_ids().get("core") not in (0, old), "a new core runs")
    within(10, lambda: office.product.is_ready("core"), "the core is back")
    assert within(5, lambda: _counted(office), "the counters are back")[0][own] == 1
    lost = within(5, lambda: _record(office, "108", "107"), "the ringing call is recorded")[0]
    assert (lost["code"], lost["reason"], lost["ended_by"]) == (500, "Lost", "system")
    _limit(office, max_concurrent_calls=1)
    assert within(5, lambda: _refused(carol, "106").status == 480, "the limit is in force")
    assert end_call(ann, bob, dialog).status == 200
    within(5, lambda: not _counted(office), "the counters return to 0")
    _limit(office, max_concurrent_calls=None)


def test_a_call_ends_when_its_media_stops_and_when_it_lasts_too_long(office: Any, phones: Any, stranger: Any) -> None:
    """Attack case 115: no BYE ever comes. The silent call ends a minute after its media at the latest, the other one by
    the tenant's longest call; both records are closed.
    """
    _limit(office, max_call_minutes=1)
    ann, bob, carol, dave = phones("121"), phones("122"), phones("123"), phones("124")
    establish(ann, bob)
    talking, heard = establish(carol, dave)
    with _speaking(carol, talking), _speaking(dave, heard):
        assert ann.request("BYE", 75)
        quiet = within(5, lambda: _record(office, "121", "122"), "the silent call is recorded")[0]
        with quick(carol) as one, quick(dave) as other:  # an answer at once must not hide the end of a call
            within(75, lambda: (one, other) == (["BYE"], ["BYE"]), "both are told that it lasted too long")
    long = within(5, lambda: _record(office, "123", "124"), "the long call is recorded")[0]
    assert (quiet["reason"], quiet["ended_by"]) == ("Media stopped", "system")
    assert (long["reason"], long["ended_by"]) == ("Normal", "system")
    assert 55 <= long["duration"] <= 75
    within(10, lambda: not _counted(office), "the counters return to 0")
    _limit(office, max_call_minutes=None)


@contextmanager
def _speaking(phone: Softphone, dialog: Any, pause: float = 1.0) -> Iterator[None]:
    """Packets of audio with a pause between, to where the session description says."""
    done = threading.Event()
    sock = phone.host.udp(40_000)
    target = sip.media_address(dialog.body)

    def speak() -> None:
        number = 0
        while not done.wait(pause):
            number += 1
            sock.sendto(
                b"\x80\x08" + number.to_bytes(2, "big") + (160 * number).to_bytes(4, "big") + b"ring" + b"\xd5" * 160,
                target,
            )

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield
    finally:
        done.set()
        speaker.join()
        sock.close()


def _record(office: Any, caller: str, dialled: str) -> dict[str, Any] | None:
    rows = office.rest.get(f"cdrs?limit=500&tenant_id={office.tenant['id']}")["items"]
    return next((row for row in rows if row["caller"].startswith(caller) and row["dialled"] == dialled), None)


def test_a_record_holds_codec_encryption_payer_and_every_message(office: Any, phones: Any) -> None:
    """What a bill or an investigator needs; the ladder names no secret."""
    ann, bob = phones("113"), phones("114")
    ours, theirs = establish(ann, bob)
    with _speaking(ann, ours), _speaking(bob, theirs):
        time.sleep(2)
        assert end_call(ann, bob, ours).status == 200
    record = within(5, lambda: _record(office, "113", "114"), "the call is recorded")[0]
    assert (record["direction"], record["codec"], record["payer"]) == ("internal", "PCMA", "113@limited.example")
    assert (record["caller_rtp"], record["called_rtp"], record["cost"]) == ("RTP", "RTP", None)
    shown = office.rest.get(f"cdrs/{record['id']}")
    assert [word.lstrip("0123456789") for word in shown["ladder"].split(" ")][-2:] == ["cACK", "cBYE"]
    assert shown["ladder"].startswith("0cINVITE+ ")
