"""The same with baresip, a stock phone that nobody scripted: transfers and started calls with audio."""

from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import tone
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from tests.system.features.steps import record

pytestmark = pytest.mark.usefixtures("oracle")


def test_a_blind_transfer_between_stock_phones_carries_audio(pbx: Any, lab: Any, tmp_path: Path) -> None:
    """102 transfers 101, who called it, to 103: they hear each other."""
    with (
        Baresip(lab.host("t-ann", 41), tmp_path / "a", pbx.account("341"), frequency=400) as ann,
        Baresip(lab.host("t-bob", 42), tmp_path / "b", pbx.account("342"), frequency=500) as bob,
        Baresip(lab.host("t-cem", 43), tmp_path / "c", pbx.account("343"), frequency=700) as cem,
    ):
        for phone in (ann, bob, cem):
            phone.wait_registered()
        ann.dial("342")
        bob.wait_for("CALL_ESTABLISHED")
        bob.command("transfer", "sip:343@acme.example")
        cem.wait_for("CALL_ESTABLISHED", timeout=10)
        bob.wait_for("CALL_CLOSED", timeout=10)
        assert record_of_talk(ann, 700, 3.0)
        cem.hang_up()
        ann.wait_for("CALL_CLOSED", timeout=10)
    assert record(pbx, "341", "343", code=200)["callee"] == "343@acme.example"


def test_a_started_call_with_a_stock_phone_carries_audio(pbx: Any, lab: Any, tmp_path: Path) -> None:
    with (
        Baresip(lab.host("t-ann", 41), tmp_path / "a", pbx.account("341"), frequency=400) as ann,
        Baresip(lab.host("t-cem", 43), tmp_path / "c", pbx.account("343"), frequency=700) as cem,
    ):
        ann.wait_registered()
        cem.wait_registered()
        pbx.rest.post("calls", user_id=pbx.users["341"]["id"], number="343")
        cem.wait_for("CALL_ESTABLISHED", timeout=10)
        assert record_of_talk(ann, 700, 3.0)
        cem.hang_up()


def record_of_talk(phone: Baresip, frequency: int, seconds: float) -> bool:
    """Until the phone has heard this tone for so long."""
    return within(20, lambda: tone.listen(phone.recording, frequency).seconds >= seconds, f"{frequency} Hz is heard")[0]
