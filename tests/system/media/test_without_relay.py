"""Attack case 80: when the media relay does not answer there is no call, and no address of a party passes."""

import os
import signal
import time
from typing import Any, Final

import pytest

from ringfence.lab import sip

pytestmark = pytest.mark.usefixtures("oracle")

FORGIVEN: Final = 3.0
"""Seconds after which the core asks a relay again that did not answer."""


def test_without_the_relay_a_call_gets_503_and_nobody_hears_of_it(pbx: Any, phone: Any) -> None:
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
        time.sleep(FORGIVEN)
