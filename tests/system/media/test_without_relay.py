"""Attack case 80: when the media relay does not answer there is no call, and no address of a party passes."""

import time
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.hanging import hanging

pytestmark = pytest.mark.usefixtures("oracle")

FORGIVEN: Final = 3.0
"""Seconds after which the core asks a relay again that did not answer."""


def test_without_the_relay_a_call_gets_503_and_nobody_hears_of_it(pbx: Any, phone: Any) -> None:
    caller, callee = phone("163"), phone("164")
    with hanging(pbx.product.process_ids()["media"]):
        uri, headers = caller.begin_call("164")
        answer = caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch, timeout=12)
        caller.send_ack(answer, uri, headers)
        assert answer.status == 503
        assert not callee.requests_within(0.5)
    time.sleep(FORGIVEN)
