"""Two calls tied to each other speak whatever both parties can, as it sounds (ADR 63): measured at both ends.

Reference: "SRTP and DTLS-SRTP for Audio and Video"; RFC 3725, RFC 3264.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab import tone
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.switch import Neighbour, Switch
from tests.system.features.steps import record
from tests.system.trunks.handing import nothing_counted, told
from tests.system.trunks.test_joined import both_are_over, join

pytestmark = pytest.mark.usefixtures("oracle")

NUMBER: Final = "+498912345678"
OPUS, G722, G711 = "opus/48000/2", "G722/16000/1", "PCMA"
BOTH: Final = f"{OPUS},{G711}"


@pytest.mark.parametrize(("spoken", "codec"), [(BOTH, "opus"), (G722, "G722")])
def test_a_party_that_is_handed_on_and_who_takes_it_keep_their_codec(
    pbx: Any, lab: Any, provider: Any, outward: Any, tmp_path: Path, spoken: str, codec: str
) -> None:
    """Neither the transfer nor parking and fetching makes the sound worse; keys are pressed as before."""
    colleague = pbx.account("186")
    with (
        Switch(provider, tmp_path / "s", frequency=700, codecs=spoken) as outside,
        Baresip(lab.host("bob", 12), tmp_path / "b", colleague, frequency=400, codecs=spoken) as bob,
        Baresip(lab.host("alice", 11), tmp_path / "a", outward, frequency=500, codecs=spoken) as alice,
    ):
        for one in (outside, bob, alice):
            one.wait_registered()
        provider.forget()
        alice.dial(NUMBER)
        alice.wait_for("CALL_ESTABLISHED", timeout=10)
        alice.command("transfer", "sip:186@acme.example")
        bob.wait_for("CALL_ESTABLISHED", timeout=10)
        alice.wait_for("CALL_CLOSED", timeout=10)
        within(20, lambda: _seconds(bob, 700) >= 2 and _seconds(outside, 400) >= 2, "both hear two seconds")
        assert any("telephone-event/8000" in one for one in provider.messages() if one.startswith("INVITE"))
        bob.hang_up()
        outside.wait_for("CALL_CLOSED", timeout=10)
    assert record(pbx, NUMBER, "186", code=200)["codec"].upper() == codec.upper()
    nothing_counted(pbx)


def test_whoever_fetches_a_parked_party_hears_it_as_before(
    pbx: Any, lab: Any, provider: Any, outward: Any, tmp_path: Path
) -> None:
    """`*70` and `*71`: the relay translates the music, and the two speak as before."""
    colleague = pbx.account("186")
    with (
        Switch(provider, tmp_path / "s", frequency=700, codecs=G722) as outside,
        Baresip(lab.host("bob", 12), tmp_path / "b", colleague, frequency=400, codecs=G722) as bob,
        Baresip(lab.host("alice", 11), tmp_path / "a", outward, frequency=500, codecs=G722) as alice,
    ):
        for one in (outside, bob, alice):
            one.wait_registered()
        alice.dial(NUMBER)
        alice.wait_for("CALL_ESTABLISHED", timeout=10)
        alice.command("transfer", "sip:*70@acme.example")
        alice.wait_for("CALL_CLOSED", timeout=10)
        bob.dial("*71120")
        bob.wait_for("CALL_ESTABLISHED", timeout=10)
        within(20, lambda: _seconds(bob, 700) >= 2 and _seconds(outside, 400) >= 2, "both hear two seconds")
        bob.hang_up()
        outside.wait_for("CALL_CLOSED", timeout=10)
    assert record(pbx, "186", "*71120", code=200)["codec"] == "G722"
    nothing_counted(pbx)


@pytest.fixture
def neighbour(pbx: Any, lab: Any, outward: Any, tmp_path: Path) -> Iterator[Neighbour]:
    """Somebody outside whose number leads to extension 120."""
    host, tenant = lab.host("neighbour", 89), pbx.tenant["id"]
    trunk = {
        "name": "Neighbour",
        "kind": "address",
        "domain": host.address,
        "default_number": "+493012350",
        "numbers": ["+49301235*"],
        "hosts": [{"host": host.address, "port": 5060}],
        "sources": [{"cidr": host.address, "port": 0}],
        "keepalive": 0,
        "country_code": "49",
    }
    made = pbx.rest.post("trunks", **trunk)
    pbx.account("120")
    pool = {"tenant_id": tenant, "trunk_id": made["id"], "first": "+493012350", "last": "+493012359"}
    pool = pbx.rest.post("number-pools", **pool)
    rule = {"tenant_id": tenant, "name": "Neighbour", "first": "+493012351", "destination": "extension:120"}
    leads = pbx.rest.post("inbound-rules", **rule)
    account = Account("+4989555", host.address, "none")
    with Neighbour(host, tmp_path / "n", account, frequency=400, codecs=f"{G722},PCMA") as one:
        yield one
    pbx.rest.delete(f"inbound-rules/{leads['id']}")
    pbx.rest.delete(f"number-pools/{pool['id']}")
    pbx.rest.delete(f"trunks/{made['id']}")


def test_two_parties_outside_hear_each_other(
    pbx: Any, provider: Any, outward: Any, neighbour: Neighbour, phone: Any, tmp_path: Path
) -> None:
    """The desk joins who called with whom it asked: one of them speaks G.711 alone, so both do."""
    desk = phone(outward.user)
    with Switch(provider, tmp_path / "s", frequency=700) as outside:
        outside.wait_registered()
        neighbour.command("dial", f"sip:+493012351@{PBX_ADDRESS}")
        called = desk.answer_call(desk.request("INVITE", 10))
        neighbour.wait_for("CALL_ESTABLISHED", timeout=10)
        asked = desk.call_answered(*desk.begin_call(NUMBER), 10)
        assert join(desk, called, asked).status == 202
        assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
        both_are_over(desk, called, asked)
        within(20, lambda: _seconds(neighbour, 700) >= 2 and _seconds(outside, 400) >= 2, "both hear two seconds")
        neighbour.hang_up()
        outside.wait_for("CALL_CLOSED", timeout=10)
    nothing_counted(pbx)


def _seconds(phone: Baresip, frequency: int) -> float:
    try:
        return tone.listen(phone.recording, frequency).seconds
    except Exception:  # noqa: BLE001 (there is no recording yet)
        return 0.0
