"""The fraud fuse on a call over a trunk (attack cases 111 and 113; reference: "Call Control and Fraud Prevention")."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab.phones import Baresip
from ringfence.lab.product import within

pytestmark = pytest.mark.usefixtures("oracle")

NUMBER = "+498912345678"
OWNER = "extension:120@acme.example"
BUDGET = 5.0


@pytest.fixture
def priced(pbx: Any, outward: Any) -> Iterator[None]:
    """One currency unit a second, five a day for extension 120."""
    rate = pbx.rest.post("rates", prefix="4989", name="Munich", price=60, first=1, each=1)
    budget = pbx.rest.post("budgets", owner=OWNER, money_per_day=BUDGET)
    yield
    pbx.rest.delete(f"budgets/{budget['id']}")
    pbx.rest.delete(f"rates/{rate['id']}")


def test_a_call_is_stopped_at_its_budget_and_only_emergencies_leave_after_it(
    pbx: Any, lab: Any, provider: Any, outward: Any, priced: None, tmp_path: Path
) -> None:
    """Both sides are hung up, the next call is refused, 112 goes through, and lifting ends it."""
    provider.forget()
    with Baresip(lab.host("alice", 11), tmp_path / "a", outward) as phone:
        phone.wait_registered()
        phone.dial(NUMBER)
        phone.wait_for("CALL_ESTABLISHED", timeout=10)
        phone.wait_for("CALL_CLOSED", timeout=20)
        within(5, lambda: provider.requests("BYE"), "the provider is hung up on")
        record, late = within(25, lambda: _record(pbx, "Budget used up"), "the call is recorded")
        print(f"recorded {late:.1f} s after the provider heard of the end")
        assert 0 < record["cost"] <= BUDGET
        assert (record["rate"], record["destination"], record["payer"]) == ("Munich", "49", "120@acme.example")
        assert [item["owner"] for item in pbx.rest.get("suspensions")["items"]] == [OWNER]
        phone.forget_events()
        phone.dial(NUMBER)
        phone.wait_for("CALL_CLOSED", timeout=10)
        assert within(25, lambda: _record(pbx, "Outside Calls Suspended"), "the refusal is recorded")
        assert [call.number for call in provider.calls()] == [NUMBER]
        phone.forget_events()
        phone.dial("112")
        phone.wait_for("CALL_ESTABLISHED", timeout=10)
        time.sleep(1)
        phone.hang_up()
        phone.wait_for("CALL_CLOSED")
        pbx.rest.post("suspensions/lift", owner=OWNER)
        phone.forget_events()
        phone.dial(NUMBER)
        phone.wait_for("CALL_ESTABLISHED", timeout=10)
        phone.hang_up()
        phone.wait_for("CALL_CLOSED")
    assert pbx.rest.get("suspensions")["items"] == []


def test_a_full_trunk_takes_no_call_but_an_emergency(
    pbx: Any, lab: Any, provider: Any, registered: dict[str, Any], outward: Any, tmp_path: Path
) -> None:
    provider.forget()
    pbx.rest.patch(f"trunks/{registered['id']}", max_calls=0)
    try:
        with Baresip(lab.host("alice", 11), tmp_path / "a", outward) as phone:
            phone.wait_registered()
            phone.dial(NUMBER)
            phone.wait_for("CALL_CLOSED", timeout=10)
            assert within(25, lambda: _record(pbx, "Calls Not Allowed"), "the refusal is recorded")
            assert provider.calls() == []
            phone.forget_events()
            phone.dial("112")
            phone.wait_for("CALL_ESTABLISHED", timeout=10)
            phone.hang_up()
            phone.wait_for("CALL_CLOSED")
    finally:
        pbx.rest.patch(f"trunks/{registered['id']}", max_calls=None)


def _record(pbx: Any, reason: str) -> dict[str, Any] | None:
    return next((row for row in pbx.product.call_records() if row["reason"] == reason), None)
