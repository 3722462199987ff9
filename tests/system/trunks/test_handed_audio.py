"""What both hear after somebody outside was handed on: real phones, with keys of their own, through two relayed calls.

Reference: "SRTP and DTLS-SRTP for Audio and Video"; RFC 3725.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import tone
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.product import within
from ringfence.lab.softphone import Transport
from ringfence.lab.switch import Switch
from tests.system.features.steps import record
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

NUMBER = "+498912345678"
CALLED = "+493012328"
INSIDE = re.compile(r"127\.0\.0\.1|10\.77\.0\.(?!1[;:\s>]|91[;:\s>])\d+|acme\.example|X-Ringfence")
"""What a provider must never see: phones, the voice process, the tenant's domain, our own headers."""


def test_both_hear_each_other_after_the_transfer(
    pbx: Any, lab: Any, provider: Any, outward: Any, tmp_path: Path
) -> None:
    """A call that went out is handed to a colleague whose phone speaks SRTP; the desk's own was SRTP too."""
    colleague = pbx.account("186")
    with (
        Switch(provider, tmp_path / "s", frequency=700) as outside,
        Baresip(lab.host("bob", 12), tmp_path / "b", colleague, Transport.TLS, 400, Keys.OFFERED) as bob,
        Baresip(lab.host("alice", 11), tmp_path / "a", outward, Transport.TLS, 500, Keys.REQUIRED) as alice,
    ):
        for one in (outside, bob, alice):
            one.wait_registered()
        provider.forget()
        alice.dial(NUMBER)
        alice.wait_for("CALL_ESTABLISHED", timeout=10)
        alice.command("transfer", "sip:186@acme.example")
        bob.wait_for("CALL_ESTABLISHED", timeout=10)
        alice.wait_for("CALL_CLOSED", timeout=10)
        within(15, lambda: _seconds(bob, 700) >= 2 and _seconds(outside, 400) >= 2, "both hear two seconds")
        bob.hang_up()
        outside.wait_for("CALL_CLOSED", timeout=10)
        assert provider.requests("REFER") == []
        assert len(provider.calls()) == 1
        assert [found for message in provider.messages() for found in INSIDE.findall(message)] == []
    assert tone.listen(bob.recording, 700).is_whole
    assert bob.media_peer.startswith(f"{PBX_ADDRESS}:")
    row = record(pbx, NUMBER, "186", code=200)
    assert (row["payer"], row["callee"]) == ("120@acme.example", "186@acme.example")
    within(8, lambda: not counted(pbx), "nothing is counted any more")


def test_both_hear_each_other_when_the_party_called_in(
    pbx: Any, lab: Any, provider: Any, numbers: str, tmp_path: Path
) -> None:
    """The desk was called, so the relay knows its side by another way; nobody is encrypted."""
    rule = {"tenant_id": pbx.tenant["id"], "name": "Handed", "first": CALLED, "destination": "extension:187"}
    desk, colleague = pbx.account("187"), pbx.account("186")
    pbx.rest.post("inbound-rules", **rule)
    with (
        Switch(provider, tmp_path / "s", frequency=700) as outside,
        Baresip(lab.host("bob", 12), tmp_path / "b", colleague, frequency=400) as bob,
        Baresip(lab.host("alice", 11), tmp_path / "a", desk, frequency=500) as alice,
    ):
        for one in (outside, bob, alice):
            one.wait_registered()
        outside.dial(CALLED)
        alice.wait_for("CALL_ESTABLISHED", timeout=10)
        alice.command("transfer", "sip:186@acme.example")
        bob.wait_for("CALL_ESTABLISHED", timeout=10)
        alice.wait_for("CALL_CLOSED", timeout=10)
        within(15, lambda: _seconds(bob, 700) >= 2 and _seconds(outside, 400) >= 2, "both hear two seconds")
        outside.hang_up()
        bob.wait_for("CALL_CLOSED", timeout=10)
    assert tone.listen(bob.recording, 700).is_whole
    within(8, lambda: not counted(pbx), "nothing is counted any more")


def _seconds(phone: Baresip, frequency: int) -> float:
    try:
        return tone.listen(phone.recording, frequency).seconds
    except Exception:  # noqa: BLE001 (there is no recording yet)
        return 0.0
