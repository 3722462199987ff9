"""What phones are told without a subscription, through the SIP core to every device: messages that wait (RFC 3842), and
a configuration that has changed (`check-sync`, which the makers of phones agree on).
"""

from collections.abc import Mapping
from typing import Any, Final

from ringfence.voice import sip

CONTENT_TYPE: Final = "application/simple-message-summary"
FETCH_EVENTS: Final = frozenset({"check-sync", "check-sync;reboot=false"})


def waiting_notice(news: Mapping[str, Any], hostport: str) -> bytes:
    """The NOTIFY for one extension: `aor`, and how many messages are `new` and `old`. Raises KeyError or ValueError."""
    aor, new, old = str(news["aor"]), int(news["new"]), int(news["old"])
    state = "yes" if new else "no"
    body = f"Messages-Waiting: {state}\r\nMessage-Account: sip:{aor}\r\nVoice-Message: {new}/{old} (0/0)\r\n"
    about: sip.Headers = [("Event", "message-summary"), ("Content-Type", CONTENT_TYPE)]
    return _notice(aor, hostport, about, body.encode())


def fetch_notice(news: Mapping[str, Any], hostport: str) -> bytes:
    """The NOTIFY that makes phones fetch their configuration: `aor` and the `event`. Raises KeyError or ValueError."""
    event = str(news["event"])
    if event not in FETCH_EVENTS:
        raise ValueError(f"{event[:40]!r} makes no phone fetch anything")
    return _notice(str(news["aor"]), hostport, [("Event", event)], b"")


def _notice(aor: str, hostport: str, about: sip.Headers, body: bytes) -> bytes:
    headers: sip.Headers = [
        ("Via", f"SIP/2.0/UDP {hostport};branch={sip.new_branch()}"),
        ("Max-Forwards", "70"),
        ("From", f"<sip:{aor}>;tag={sip.new_token()}"),
        ("To", f"<sip:{aor}>"),
        ("Call-ID", sip.new_token()),
        ("CSeq", "1 NOTIFY"),
        ("Contact", f"<sip:{aor}>"),
        *about,
        ("Subscription-State", "terminated;reason=noresource"),
    ]
    return sip.compose(f"NOTIFY sip:{aor} SIP/2.0", headers, body)
