"""What phones are told without a subscription: waiting messages (RFC 3842) and a new configuration."""

import pytest

from ringfence.voice import sip
from ringfence.voice.waiting import fetch_notice, waiting_notice


def test_a_phone_is_asked_to_fetch_its_configuration() -> None:
    """Reference "IP Phone Security" with idea 3 of the field: changing a SIP secret provisions anew."""
    said = sip.parse(fetch_notice({"aor": "101@acme.example", "event": "check-sync;reboot=false"}, "127.0.0.1:5070"))
    assert (said.start, said.header("event")) == ("NOTIFY sip:101@acme.example SIP/2.0", "check-sync;reboot=false")
    assert said.body == b""


@pytest.mark.parametrize("event", ["talk", "check-sync;reboot=true", "message-summary\r\nX: y", ""])
def test_nothing_else_can_be_sent_with_it(event: str) -> None:
    with pytest.raises(ValueError, match="fetch"):
        fetch_notice({"aor": "101@acme.example", "event": event}, "127.0.0.1:5070")


def test_the_light_says_how_many_messages_wait() -> None:
    said = sip.parse(waiting_notice({"aor": "101@acme.example", "new": 2, "old": 1}, "127.0.0.1:5070"))
    assert said.header("event") == "message-summary"
    assert b"Voice-Message: 2/1 (0/0)" in said.body
