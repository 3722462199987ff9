"""Calls over a register-based trunk, both ways, with audio through the relay (reference: "Trunk Security")."""

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import tone
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.provider import Contract, Provider

pytestmark = pytest.mark.usefixtures("oracle")

PHONES = re.compile(r"10\.77\.0\.(?!1[;:\s>]|91[;:\s>])\d+|acme\.example")
"""What a provider must never see: addresses of phones, and the tenant's domain."""


def test_a_call_goes_out_with_audio_both_ways(
    pbx: Any, lab: Any, provider: Any, registered: dict[str, Any], outward: Any, tmp_path: Path
) -> None:
    """The provider's challenge is answered, it sees a number that the trunk owns, and nothing of the inside."""
    provider.forget()
    with Baresip(lab.host("alice", 11), tmp_path / "a", outward, frequency=400) as phone:
        phone.wait_registered()
        phone.dial("+498912345600")
        phone.wait_for("CALL_ESTABLISHED", timeout=10)
        time.sleep(3)
        phone.hang_up()
        phone.wait_for("CALL_CLOSED")
        within(5, lambda: provider.requests("BYE"), "the provider hears of the end")
    echo = tone.listen(phone.recording, 400)
    assert echo.is_whole, echo
    assert phone.media_peer.startswith(f"{PBX_ADDRESS}:")
    (call,) = provider.calls()
    assert (call.number, call.caller) == ("+498912345600", "+493012300")
    assert call.asserted == "<sip:+493012300@provider.example>"
    record, _ = within(5, lambda: _record(pbx, "+498912345600"), "the call is in the records")
    ladder = [word.lstrip("0123456789") for word in pbx.rest.get(f"cdrs/{record['id']}")["ladder"].split(" ")]
    assert ladder[:3] == ["cINVITE+", "d407", "pINVITE+"]
    assert ladder[-2:] == ["cACK", "cBYE"]
    leaks = [found for message in provider.messages() for found in PHONES.findall(message)]
    assert leaks == []


def test_a_number_rings_its_extension(
    pbx: Any, lab: Any, provider: Any, numbers: str, phone: Any, tmp_path: Path
) -> None:
    """From the telephone network through the provider to the contact we registered, the number in To."""
    with Baresip(lab.host("bob", 12), tmp_path / "b", pbx.account("121"), frequency=700) as desk:
        desk.wait_registered()
        call = provider.call_in(numbers, "+4989777", tmp_path / "sound.alaw")
        assert call.wait(20) == 0
        desk.wait_for("CALL_CLOSED")
    heard = tone.listen(desk.recording, 500)
    assert heard.is_whole, heard
    record, _ = within(4, lambda: _record(pbx, numbers), "the call is in the records")
    assert record["callee"] == "121@acme.example"
    assert record["caller"].startswith("+4989777@")


def test_the_next_trunk_takes_a_call_that_the_first_refuses(
    pbx: Any, lab: Any, provider: Any, outward: Any, tmp_path: Path
) -> None:
    """Failover on 5xx: the number reaches the second trunk once, and the first one not again."""
    contract = Contract(challenge=False)
    with Provider(lab.host("second", 93), tmp_path / "second", contract) as second:
        address = second.host.address
        spare = pbx.rest.post(
            "trunks",
            name="Spare",
            kind="address",
            domain="spare.example",
            default_number="+493012300",
            hosts=[{"host": address, "port": 5060}],
            sources=[{"cidr": address, "port": 0}],
        )
        (rule,) = pbx.rest.get("outbound-rules")["items"]
        routes = [rule["routes"][0], {**rule["routes"][0], "trunk_id": spare["id"]}]
        pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=routes)
        provider.forget()
        provider.refuse("INVITE", 503)
        try:
            with Baresip(lab.host("alice", 11), tmp_path / "a", outward) as phone:
                phone.wait_registered()
                phone.dial("+498912345678")
                phone.wait_for("CALL_ESTABLISHED", timeout=10)
                phone.hang_up()
                phone.wait_for("CALL_CLOSED")
        finally:
            provider.refuse("INVITE", None)
            pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=routes[:1])
            pbx.rest.delete(f"trunks/{spare['id']}")
        assert [call.number for call in second.calls()] == ["+498912345678"]
        assert len(provider.calls()) == 1


def _record(pbx: Any, dialled: str) -> dict[str, Any] | None:
    return next((one for one in pbx.product.call_records() if one["dialled"] == dialled), None)


@pytest.mark.restarts
def test_a_call_over_a_trunk_outlives_the_core(pbx: Any, lab: Any, provider: Any, outward: Any, tmp_path: Path) -> None:
    """Kill of the core during a trunk call: media goes on, and the BYE still finds the provider, masked as before."""
    with Baresip(lab.host("alice", 11), tmp_path / "a", outward, frequency=400) as phone:
        phone.wait_registered()
        phone.dial("+498912345678")
        phone.wait_for("CALL_ESTABLISHED", timeout=10)
        time.sleep(1)
        old = pbx.product.process_ids()["core"]
        os.kill(old, signal.SIGKILL)
        within(30, lambda: pbx.product.process_ids().get("core", 0) not in (0, old), "the core is started again")
        within(30, lambda: pbx.product.is_ready("core"), "the core is back")
        provider.forget()
        phone.hang_up()
        within(20, lambda: provider.requests("BYE"), "the provider hears of the end")
    leaks = [found for message in provider.messages() for found in PHONES.findall(message)]
    assert leaks == []


def test_a_number_leads_to_a_mailbox(
    pbx: Any, provider: Any, registered: dict[str, Any], numbers: str, tmp_path: Path
) -> None:
    """The system itself answers a call that came over the trunk."""
    pbx.account("122")
    pbx.rest.patch(f"users/{pbx.users['122']['id']}/voicemail", enabled=True)
    rule = {"tenant_id": pbx.tenant["id"], "name": "Mailbox", "first": "+493012322", "destination": "voicemail:122"}
    pbx.rest.post("inbound-rules", **rule)
    call = provider.call_in("+493012322", "+4989778", tmp_path / "sound.alaw")
    assert call.wait(30) == 0, "answered, heard and hung up"
    record, _ = within(5, lambda: _record(pbx, "+493012322"), "the call is in the records")
    assert record["answered_at"]
