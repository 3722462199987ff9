"""SIGKILL to every process of the product (attack cases 116, 117, 119 and 128)."""

import os
import signal
import time
from typing import Any

import pytest

from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, end_call, establish

pytestmark = [pytest.mark.restarts, pytest.mark.usefixtures("oracle")]
BACK = {"portal": 5.0, "ingest": 5.0, "wsi": 5.0, "notices": 5.0, "mailroom": 10.0, "voice": 5.0, "web": 5.0}
"""Seconds a part may be away; all others 3."""


@pytest.fixture
def standing(pbx: Any, phone: Any, stranger: Any) -> dict[str, Any]:
    """What must survive: two registered phones, a ban, a call record."""
    evil = stranger()
    pbx.rest.post("bans", address=evil.address, seconds=600, reason="test")
    within(2, lambda: pbx.product.in_kernel_set(evil.address), "the ban is in the kernel")
    caller, callee = phone("121"), phone("122")
    _talk(caller, callee)
    within(2, lambda: _records(pbx), "the call record")
    return {"caller": caller, "callee": callee, "banned": evil.address, "records": _records(pbx)}


def _talk(caller: Softphone, callee: Softphone) -> None:
    """One whole call: ringing, answer, hang-up."""
    dialog, _ = establish(caller, callee)
    assert end_call(caller, callee, dialog).status == 200


def _records(pbx: Any) -> int:
    return sum("121" in str(row["caller"]) for row in pbx.product.call_records())


def _is_back(pbx: Any, name: str, old: int) -> bool:
    new = pbx.product.process_ids().get(name, 0)
    return new not in (0, old) and pbx.product.is_ready(name)


def _check(pbx: Any, standing: dict[str, Any]) -> None:
    listed = within(5, lambda: _registered(pbx), "the registrations are listed again")[0]
    assert {"121", "122"} <= listed
    assert within(5, lambda: pbx.product.ban_of(standing["banned"]), "the ban is listed again")
    assert within(5, lambda: pbx.product.in_kernel_set(standing["banned"]), "the ban is in the kernel")
    assert within(5, lambda: _records(pbx) >= standing["records"], "the call records are there")
    before = _records(pbx)
    _talk(standing["caller"], standing["callee"])
    within(3, lambda: _records(pbx) > before, "a new call is recorded")


def _registered(pbx: Any) -> set[str]:
    return {str(row.get("extension") or row.get("aor", "")).partition("@")[0] for row in pbx.product.registrations()}


@pytest.mark.parametrize(
    "name", ["core", "media", "guard", "portal", "ingest", "wsi", "notices", "mailroom", "voice", "web"]
)
def test_a_killed_process_is_back_in_time_and_nothing_is_lost(pbx: Any, standing: dict[str, Any], name: str) -> None:
    old = pbx.product.process_ids()[name]
    os.kill(old, signal.SIGKILL)
    limit = BACK.get(name, 3.0)
    _, passed = within(limit, lambda: _is_back(pbx, name, old), f"{name} is back")
    print(f"{name} was back after {passed:.2f} s")
    _check(pbx, standing)
    within(5, lambda: f"process.ended.{name}" in [one["id"] for one in pbx.product.guard("alarms.list")], "an alarm")


def test_one_killed_worker_of_the_core_leaves_no_half_alive_state(pbx: Any, standing: dict[str, Any]) -> None:
    """Attack case 117: a single SIP worker dies; the core is whole again within 3 s."""
    main = pbx.product.process_ids()["core"]
    victim = max(pbx.product.core_workers() - {main})
    os.kill(victim, signal.SIGKILL)
    within(
        3, lambda: victim not in pbx.product.core_workers() and _answers(standing["caller"]), "the core answers again"
    )
    _check(pbx, standing)


def test_a_call_survives_the_death_of_the_core_and_can_be_hung_up(pbx: Any, standing: dict[str, Any]) -> None:
    """Attack case 116: the BYE of a call set up before works; a forged one is still refused with 481."""
    caller, callee = standing["caller"], standing["callee"]
    dialog, _ = establish(caller, callee)
    time.sleep(0.5)
    old = pbx.product.process_ids()["core"]
    os.kill(old, signal.SIGKILL)
    within(3, lambda: _is_back(pbx, "core", old) and _answers(caller), "the core answers again")
    forged = [(n, v) for n, v in caller.headers("BYE", f"sip:122@{caller.account.domain}") if n != "Contact"]
    forged = [(n, v + ";tag=forged" if n == "To" else v) for n, v in forged]
    assert caller.ask("BYE", f"sip:122@{caller.account.domain}", forged).status == 481
    assert end_call(caller, callee, dialog).status == 200


def test_six_kills_within_ten_seconds_do_not_give_up(pbx: Any, standing: dict[str, Any]) -> None:
    begun = time.monotonic()
    for _ in range(6):
        old = within(3, lambda: pbx.product.process_ids().get("core"), "the core runs")[0]
        os.kill(old, signal.SIGKILL)
        time.sleep(max(0.0, 1.2))
    assert time.monotonic() - begun <= 40
    within(4, lambda: _answers(standing["caller"]), "the core answers again")
    _check(pbx, standing)


def _answers(phone: Softphone) -> bool:
    uri = f"sip:{phone.account.domain}"
    return phone.silent("OPTIONS", uri, phone.headers("OPTIONS", uri), wait=0.3) is not None


def test_a_forged_account_is_still_refused_after_all_that(pbx: Any, stranger: Any) -> None:
    """Fail closed: restarts never open the door."""
    with Softphone(stranger(), ("10.77.0.1", 5060), Account("121", pbx.tenant["domain"], "wrong")) as one:
        assert one.register().status == 401
