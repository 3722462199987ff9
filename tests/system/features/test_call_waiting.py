"""Call waiting: a second call rings, or finds the extension busy, as its user wants it."""

from collections.abc import Callable
from typing import Any

import pytest

from ringfence.lab.softphone import end_call, establish
from tests.system.features.steps import branch_of, refuse, talk

pytestmark = pytest.mark.usefixtures("oracle")


def test_a_second_call_rings_unless_call_waiting_is_off(phone: Any, calling: Callable[..., None]) -> None:
    """Busy is busy: the forward while busy applies; afterwards the extension is free again."""
    first, second, called, other = phone("381"), phone("382"), phone("383"), phone("384")
    dialog, _ = establish(first, called)
    _, headers = second.begin_call("383")
    refuse(called, called.request("INVITE"), 480, "Later")
    assert second.final(branch_of(headers)).status == 480
    calling("383", call_waiting=False)
    _, headers = second.begin_call("383")
    assert second.final(branch_of(headers)).status == 486
    assert called.requests_within(0.2) == []
    calling("383", forward_busy="384")
    talk(second, other, second.begin_call("383"))
    assert end_call(first, called, dialog).status == 200
    talk(second, called, second.begin_call("383"))
