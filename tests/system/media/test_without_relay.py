"""Attack case 80: when the media relay does not answer there is no call, and no address of a party passes."""

import os
import signal
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Dialog, NoAnswer, Softphone, end_call, establish

pytestmark = pytest.mark.usefixtures("oracle")


def test_without_the_relay_a_call_gets_503_and_with_it_the_next_one_works(pbx: Any, phone: Any) -> None:
    caller, callee = phone("163"), phone("164")
    relay = pbx.product.process_ids()["media"]
    os.kill(relay, signal.SIGSTOP)
    try:
        uri, headers = caller.begin_call("164")
        answer = caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch, timeout=12)
        caller.send_ack(answer, uri, headers)
        assert answer.status == 503
        assert not callee.requests_within(0.5)
    finally:
        os.kill(relay, signal.SIGCONT)
    dialog, _ = within(20, lambda: _established(caller, callee), "the next call works")
    assert end_call(caller, callee, dialog).status == 200


def _established(caller: Softphone, callee: Softphone) -> Dialog | None:
    try:
        return establish(caller, callee)[0]
    except NoAnswer:
        return None
