"""The message-waiting light: a NOTIFY without subscription (RFC 3842), sent through the SIP core to every device."""

from collections.abc import Mapping
from typing import Any, Final

from ringfence.voice import sip

CONTENT_TYPE: Final = "application/simple-message-summary"


def waiting_notice(news: Mapping[str, Any], hostport: str) -> bytes:
    """The NOTIFY for one extension: `aor`, and how many messages are `new` and `old`. Raises KeyError or ValueError."""
    aor, new, old = str(news["aor"]), int(news["new"]), int(news["old"])
    state = "yes" if new else "no"
    body = f"Messages-Waiting: {state}\r\nMessage-Account: sip:{aor}\r\nVoice-Message: {new}/{old} (0/0)\r\n"
    headers: sip.Headers = [
        ("Via", f"SIP/2.0/UDP {hostport};branch={sip.new_branch()}"),
        ("Max-Forwards", "70"),
        ("From", f"<sip:{aor}>;tag={sip.new_token()}"),
        ("To", f"<sip:{aor}>"),
        ("Call-ID", sip.new_token()),
        ("CSeq", "1 NOTIFY"),
        ("Contact", f"<sip:{aor}>"),
        ("Event", "message-summary"),
        ("Subscription-State", "terminated;reason=noresource"),
        ("Content-Type", CONTENT_TYPE),
    ]
    return sip.compose(f"NOTIFY sip:{aor} SIP/2.0", headers, body.encode())
