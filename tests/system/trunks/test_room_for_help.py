"""A call for help finds media ports when others took all they may (issue 5, "Limits"; attack cases 81 and 113)."""

import os
import re
import signal
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from ringfence.guard.relay.relayroom import MEDIA_FULL
from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import NoAnswer, Softphone
from tests.system.hearing import ear

pytestmark = [pytest.mark.usefixtures("oracle"), pytest.mark.restarts]
FIRST: Final = 45_000
FEW: Final = 160
"""Ports: enough for forty calls, with RTP and RTCP on both sides."""
AT_ONCE: Final = 34
MOST: Final = 45
GREEDY: Final = ("9751", "9752")
CROWD: Final = ("805", "806", "807", "808")


@pytest.fixture
def few_ports(pbx: Any) -> Iterator[None]:
    """The relay has a range that a few callers can fill."""
    config = pbx.product.paths.media_config
    before = config.read_text()
    config.write_text(re.sub(r"port-max = \d+", f"port-max = {FIRST + FEW - 1}", before))
    _start_relay_anew(pbx)
    yield
    config.write_text(before)
    _start_relay_anew(pbx)


def _start_relay_anew(pbx: Any) -> None:
    before = pbx.product.process_ids()["media"]
    os.kill(before, signal.SIGKILL)
    within(10, lambda: pbx.product.process_ids()["media"] not in (0, before), "a new relay")
    within(10, lambda: pbx.product.is_ready("media"), "it is ready")


def test_help_is_heard_while_others_are_refused_for_want_of_ports(
    pbx: Any, provider: Any, registered: dict[str, Any], phone: Any, few_ports: None
) -> None:
    """Two extensions call, one after the other, until no call is put through any more. They see why, and so do people
    who look after the system; whoever calls for help hears it at once.
    """
    callee, in_need = phone("975"), phone("978")
    callers = [phone(number) for number in GREEDY]
    ringing = [_rings(callers[place % 2], callee) for place in range(AT_ONCE)]
    refused = _called_until_refused(callers, callee, ringing)
    assert (refused.status, refused.header("reason")) == (480, 'Q.850;cause=34;text="No circuit available"')
    within(5, lambda: _recorded(pbx), "the refusal is in the records, with its reason")
    assert MEDIA_FULL in {alarm["id"] for alarm in pbx.product.guard("alarms.list")}
    assert _heard(in_need)
    for invite, tag in ringing:
        callee.respond(invite, 486, "Busy Here", tag)
    within(30, lambda: _passes(callers[0], callee), "calls are put through again")


def test_help_is_heard_while_several_take_all_they_get_within_one_second(
    pbx: Any, provider: Any, registered: dict[str, Any], phone: Any, few_ports: None
) -> None:
    """The guard looks at the relay once a second, and workers count what is taken meanwhile."""
    callee, in_need = phone("975"), phone("978")
    callers = [phone(number) for number in CROWD]
    within(5, lambda: pbx.product.is_ready("media"), "the relay is there")
    time.sleep(1.5)  # until the guard has looked at this relay
    for place in range(MOST):
        callers[place % len(callers)].begin_call("975")
    assert _heard(in_need)
    rung = [one for one in callee.requests_within(1.0) if one.method == "INVITE"]
    assert 30 <= len({one.header("call-id") for one in rung}) <= (FEW * 9 // 10) // 4
    for invite in rung:
        callee.respond(invite, 486, "Busy Here", sip.new_token())
    within(30, lambda: _passes(callers[0], callee), "calls are put through again")


def _rings(caller: Softphone, callee: Softphone) -> tuple[sip.Message, str]:
    """One more call that rings, and the tag of who is called."""
    caller.begin_call("975")
    return _ringing(callee)


def _ringing(callee: Softphone) -> tuple[sip.Message, str]:
    invite, tag = callee.request("INVITE", 1.2), sip.new_token()
    callee.respond(invite, 180, "Ringing", tag)
    return invite, tag


def _called_until_refused(
    callers: list[Softphone], callee: Softphone, ringing: list[tuple[sip.Message, str]]
) -> sip.Message:
    """The answer to the first call that is not put through. More slowly: the guard looks once a second."""
    for place in range(MOST - len(ringing)):
        caller = callers[place % 2]
        _, headers = caller.begin_call("975")
        try:
            ringing.append(_ringing(callee))
        except NoAnswer:
            return caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch)
        time.sleep(3)
    pytest.fail("no call was refused")


def _recorded(pbx: Any) -> bool:
    return any(row["caller"].startswith("975") and row["rule"] == "limits.relay" for row in pbx.product.call_records())


def _heard(phone: Softphone) -> bool:
    """Whether a call for help is answered and its sound comes back from there."""
    dialog = phone.call_answered(*phone.begin_call("112"), timeout=15)
    with ear(phone) as own:
        heard = any(own.speaks(sip.media_address(dialog.body)) and own.listen(0.1) for _ in range(30))
    return heard and phone.ask_in_dialog(dialog, "BYE", timeout=10).status == 200


def _passes(caller: Softphone, callee: Softphone) -> bool:
    caller.begin_call("975")
    try:
        invite, tag = _ringing(callee)
    except NoAnswer:
        return False
    callee.respond(invite, 486, "Busy Here", tag)
    return True
