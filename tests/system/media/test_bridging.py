"""Reference "SRTP and DTLS-SRTP for Audio and Video": each side has the encryption it speaks."""

import time
from typing import Any

import pytest

from ringfence.lab import tone
from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.softphone import Transport

pytestmark = pytest.mark.usefixtures("oracle")

TALK = 2.5


def talk(caller: Baresip, callee: Baresip) -> None:
    """One call; each side hears the other's tone."""
    for phone in (caller, callee):
        phone.forget_events()
        phone.forget_recordings()
    caller.dial(callee.account.user)
    caller.wait_for("CALL_ESTABLISHED", timeout=8)
    time.sleep(TALK)
    caller.hang_up()
    callee.wait_for("CALL_CLOSED")
    for phone, frequency in ((caller, callee.frequency), (callee, caller.frequency)):
        heard = tone.listen(phone.recording, frequency)
        assert heard.is_whole, heard
        assert heard.seconds >= 0.8, heard


@pytest.fixture(scope="module")
def phones(pbx: Any, lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A phone in a browser's manner, another one, and a plain one."""
    home = tmp_path_factory.mktemp("media")
    with (
        Baresip(lab.host("web", 141), home / "w", pbx.account("141"), Transport.WSS, 400, Keys.DTLS) as web,
        Baresip(lab.host("other", 142), home / "o", pbx.account("142"), Transport.WSS, 600, Keys.DTLS) as other,
        Baresip(lab.host("desk", 143), home / "d", pbx.account("143"), Transport.UDP, 700) as desk,
        Baresip(lab.host("sdes", 144), home / "s", pbx.account("144"), Transport.TLS, 900, Keys.OFFERED) as sdes,
    ):
        made = {"web": web, "other": other, "desk": desk, "sdes": sdes}
        for phone in made.values():
            phone.wait_registered()
        yield made


@pytest.mark.parametrize("pair", ["web desk", "desk web", "web other", "sdes desk"])
def test_both_sides_hear_each_other(phones: Any, pair: str) -> None:
    """A browser, a plain phone and one with keys in its offer reach each other, whoever calls."""
    caller, callee = (phones[name] for name in pair.split())
    talk(caller, callee)
