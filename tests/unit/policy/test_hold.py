"""Which offers hold the other side (RFC 3264 section 8.4)."""

import pytest

from ringfence.policy.relay.hold import holds

SESSION = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
AUDIO = "m=audio 4000 RTP/AVP 8\r\n"
VIDEO = "m=video 4002 RTP/AVP 99\r\n"


@pytest.mark.parametrize(
    ("sdp", "held"),
    [
        (SESSION + AUDIO, False),
        (SESSION + AUDIO + "a=sendrecv\r\n", False),
        (SESSION + AUDIO + "a=recvonly\r\n", False),
        (SESSION + AUDIO + "a=sendonly\r\n", True),
        (SESSION + AUDIO + "a=inactive\r\n", False),
        (SESSION + "a=sendonly\r\n" + AUDIO, True),
        (SESSION + "a=sendonly\r\n" + AUDIO + "a=sendrecv\r\n", False),
        (SESSION + AUDIO + "a=sendrecv\r\n" + VIDEO + "a=inactive\r\n", False),
        (SESSION + VIDEO + "a=sendonly\r\n" + AUDIO, False),
        (SESSION.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0") + AUDIO, True),
        (SESSION + VIDEO + "a=sendonly\r\n", False),
        ("", False),
        ("a=sendonly", False),
    ],
)
def test_an_offer_holds(sdp: str, held: bool) -> None:
    assert holds(sdp) is held
