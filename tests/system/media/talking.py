"""One call between two phones that play tones, measured at both ends."""

import time

from ringfence.lab import tone
from ringfence.lab.phones import Baresip

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
