"""Two calls tied to each other speak whatever both parties can, as it sounds (ADR 63): measured at both ends.

Reference: "SRTP and DTLS-SRTP for Audio and Video"; RFC 3725, RFC 3264.
"""

from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab import tone
from ringfence.lab.phones import Baresip
from ringfence.lab.product import within
from ringfence.lab.switch import Switch
from tests.system.features.steps import record
from tests.system.trunks.handing import nothing_counted

pytestmark = pytest.mark.usefixtures("oracle")

NUMBER: Final = "+498912345678"
OPUS, G722, G711 = "opus/48000/2", "G722/16000/1", "PCMA"


@pytest.mark.parametrize(("spoken", "codec"), [(f"{OPUS},{G711}", "opus"), (f"{G722}", "G722")])
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


def _seconds(phone: Baresip, frequency: int) -> float:
    try:
        return tone.listen(phone.recording, frequency).seconds
    except Exception:  # noqa: BLE001 (there is no recording yet)
        return 0.0
