"""SIGKILL to every process while calls are up and ringing: calls go on or end cleanly within a minute, no call record
is lost, no counter stays (attack cases 116 and 117).

`RINGFENCE_CALLS=200` asks for so many calls instead of 40.
"""

import os
import signal
import time
from contextlib import suppress
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Dialog, NoAnswer, Softphone, establish
from tests.system.trunks.counting import counted

pytestmark = [pytest.mark.restarts, pytest.mark.usefixtures("oracle")]

CALLS = int(os.environ.get("RINGFENCE_CALLS", "40"))
RINGING = CALLS // 5
CALLER, CALLEE, DEAF = "181", "182", "183"


@pytest.fixture
def pair(pbx: Any, phone: Any) -> tuple[Softphone, Softphone]:
    """One extension makes more calls than the usual ones may."""
    made = phone(CALLER), phone(CALLEE)
    pbx.rest.patch(f"users/{pbx.users[CALLER]['id']}/calling", max_calls=2 * CALLS)
    return made


def _up(pair: tuple[Softphone, Softphone], count: int) -> list[Dialog]:
    return [establish(*pair)[0] for _ in range(count)]


def _kill(pbx: Any, name: str) -> None:
    old = pbx.product.process_ids()[name]
    os.kill(old, signal.SIGKILL)
    within(30, lambda: pbx.product.process_ids().get(name, 0) not in (0, old), f"{name} is started again")
    within(30, lambda: pbx.product.is_ready(name), f"{name} is back")


def _hang_up(pair: tuple[Softphone, Softphone], dialogs: list[Dialog]) -> None:
    """Each call is over afterwards: by this BYE, or it was ended before and nobody knows it any more."""
    for dialog in dialogs:
        raw = pair[0].in_dialog(dialog, "BYE")
        pair[0].send(raw)
        assert _answered(pair, sip.parse(raw).branch) in (200, 481)


def _answered(pair: tuple[Softphone, Softphone], branch: str) -> int:
    """The answer to a BYE; meanwhile both phones take every other one: calls without audio are ended by the system."""
    for _ in range(200):
        for phone in pair:
            with suppress(NoAnswer):
                phone.respond(phone.request("BYE", 0.03), 200, "OK")
        with suppress(NoAnswer):
            return pair[0].final(branch, 0.03).status
    raise NoAnswer(f"no answer to {branch}")


def _records(pbx: Any, callee: str, since: float) -> list[dict[str, Any]]:
    rows = pbx.rest.get("cdrs?limit=500")["items"]
    return [row for row in rows if row["dialled"] == callee and row["started_at"] >= _stamp(since)]


def _stamp(since: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))


def _all_over(pbx: Any) -> bool:
    ours = [row for row in pbx.product.live_calls() if CALLER in str(row["caller"])]
    return not ours and not [key for key in counted(pbx) if key.startswith("extension:18")]


def test_calls_outlive_every_process_but_the_relay(pbx: Any, phone: Any, pair: tuple[Softphone, Softphone]) -> None:
    """The core's own death costs the calls that still ring, and each of these has its record too."""
    begun, deaf = time.time(), phone(DEAF)
    dialogs = _up(pair, CALLS)
    for name in ("guard", "ingest", "portal", "voice"):
        _kill(pbx, name)
    for _ in range(RINGING):
        pair[0].begin_call(DEAF)
        deaf.respond(deaf.request("INVITE"), 180, "Ringing", "r")
    _kill(pbx, "core")
    _hang_up(pair, dialogs)
    within(60, lambda: len(_records(pbx, CALLEE, begun)) == CALLS, "each call has its record")
    rows = _records(pbx, CALLEE, begun)
    assert all(row["answered_at"] and row["code"] == 200 for row in rows), [row for row in rows if row["code"] != 200]
    within(60, lambda: len(_records(pbx, DEAF, begun)) == RINGING, "each call that rang has its record")
    within(60, lambda: _all_over(pbx), "no call and no count is left")


def test_calls_end_cleanly_when_the_relay_dies(pbx: Any, pair: tuple[Softphone, Softphone]) -> None:
    """Their audio is gone; hanging up works as ever, and new calls have audio again."""
    begun = time.time()
    dialogs = _up(pair, RINGING)
    _kill(pbx, "media")
    _hang_up(pair, dialogs)
    within(60, lambda: len(_records(pbx, CALLEE, begun)) == RINGING, "each call has its record")
    within(60, lambda: _all_over(pbx), "no call and no count is left")
    dialog, _ = establish(*pair)
    assert sip.media_address(dialog.body)[0] == "10.77.0.1"
    _hang_up(pair, [dialog])
