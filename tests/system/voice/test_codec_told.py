"""The codec in the record of a call to the system itself is what the caller speaks (issue 5, "CDRs")."""

from typing import Any

import pytest

from ringfence.lab import sip
from tests.system.features.steps import record

pytestmark = pytest.mark.usefixtures("oracle")


@pytest.mark.parametrize(
    ("offered", "codec"), [("9 101", "G722"), ("9 8 101", "PCMA"), ("0 101", "PCMU"), ("96 101", "opus")]
)
def test_what_the_relay_translates_for_the_voice_is_told_as_the_phone_speaks_it(
    pbx: Any, phone: Any, offered: str, codec: str
) -> None:
    """It was PCMA, which the relay and the voice process speak between them."""
    caller = phone("142")
    pbx.rest.patch(f"users/{pbx.users['142']['id']}/voicemail", enabled=True)
    _, body = caller.offer()
    mapped = b"a=rtpmap:9 G722/8000\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:8 "
    body = body.replace(b"RTP/AVP 8 0 101", f"RTP/AVP {offered}".encode()).replace(b"a=rtpmap:8 ", mapped)
    uri = "sip:*97@acme.example"
    headers = [*caller.headers("INVITE", uri), ("Content-Type", "application/sdp")]
    challenged = caller.ask("INVITE", uri, headers, body)
    caller.send_ack(challenged, uri, headers)
    again = caller.answered(challenged, "INVITE", uri, headers)
    caller.send(sip.compose(f"INVITE {uri} SIP/2.0", again, body))
    dialog = caller.call_answered(uri, again, timeout=10)
    assert dialog.body.decode().partition("RTP/AVP ")[2].split()[0] == offered.split()[-2 if codec == "PCMA" else 0]
    assert caller.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
    assert record(pbx, "142", "*97", codec=codec)
