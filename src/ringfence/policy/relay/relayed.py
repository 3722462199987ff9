"""What the media relay says of a call: the cipher that each side really uses, its ports, and how good the audio was."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringfence.policy.relay.media import Form, Leg

LONGEST_SUITE: Final = 48
QUALITY: Final = {
    "mos": ("MOS", 10),
    "loss": ("packet loss", 1),
    "jitter": ("jitter", 1),
    "round_trip": ("round-trip time", 1000),
}
"""What the relay calls it, and by what it is divided."""

LABELS: Final = {Form.PLAIN: "RTP", Form.BOTH: "SRTP", Form.SDES: "SRTP", Form.DTLS: "DTLS-SRTP"}


@dataclass(frozen=True, slots=True)
class Flow:
    """One port of ours and who speaks to it: `peer` is the address the relay sends to, "" while it knows none."""

    port: int
    peer: str
    ice: bool


def suite(report: Mapping[str, Any], tag: str) -> str:
    """The cipher suite of the first stream of the side with this SIP tag; "" for none, or before it is agreed on.

    >>> suite({"tags": {"a": {"medias": [{"streams": [{"crypto suite": "AEAD_AES_256_GCM"}]}]}}}, "a")
    'AEAD_AES_256_GCM'
    """
    for media in _medias(report, tag):
        for stream in _list(media, "streams"):
            found = str(stream.get("crypto suite") or "") if isinstance(stream, dict) else ""
            return found[:LONGEST_SUITE] if found.replace("_", "").isalnum() and found.isascii() else ""
    return ""


def described(leg: Leg, found: str) -> str:
    """How the media of a side is encrypted, as records and pages say it.

    >>> described(Leg(Form.SDES), "AES_256_CM_HMAC_SHA1_80"), described(Leg(), "")
    ('SRTP AES_256_CM_HMAC_SHA1_80', 'RTP')
    """
    label = LABELS[leg.form]
    return f"{label} {found}" if found and leg.form is not Form.PLAIN else label


def flows(report: Mapping[str, Any]) -> tuple[Flow, ...]:
    """Every port of ours that takes media of this call, and the other end as far as it is known."""
    found = []
    tags = report.get("tags")
    for tag in tags if isinstance(tags, dict) else ():
        for media in _medias(report, tag):
            ice = "ICE" in _list(media, "flags")
            for stream in _list(media, "streams"):
                port = stream.get("local port") if isinstance(stream, dict) else None
                if type(port) is int and 0 < port < 65_536:
                    end = stream.get("endpoint")
                    found.append(Flow(port, str(end.get("address") or "") if isinstance(end, dict) else "", ice))
    return tuple(found)


def place(report: Mapping[str, Any], tag: str) -> tuple[str, int] | None:
    """Where the relay itself hears the first stream of the side with this SIP tag; None where it hears none.

    >>> place({"tags": {"a": {"medias": [{"streams": [{"local address": "192.0.2.1", "local port": 45000}]}]}}}, "a")
    ('192.0.2.1', 45000)
    """
    for media in _medias(report, tag):
        for stream in _list(media, "streams"):
            found = (stream.get("local address"), stream.get("local port")) if isinstance(stream, dict) else ("", 0)
            return (str(found[0]), found[1]) if found[0] and type(found[1]) is int else None
    return None


def _medias(report: Mapping[str, Any], tag: str) -> list[dict[str, Any]]:
    tags = report.get("tags")
    side = tags.get(tag) if isinstance(tags, dict) else None
    return [media for media in _list(side, "medias") if isinstance(media, dict)] if isinstance(side, dict) else []


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    found = holder.get(name)
    return found if isinstance(found, list) else []


def quality(report: Mapping[str, Any]) -> dict[str, float]:
    """Means over all streams that were reported on: `mos` (1 to 5), `loss` in percent, `jitter` and `round_trip` in
    milliseconds; nothing when there was no report, for instance in a call of a few seconds.

    >>> quality({"SSRC": {"7": {"average MOS": {"MOS": 43, "packet loss": 1, "jitter": 2, "round-trip time": 1500}}}})
    {'mos': 4.3, 'loss': 1.0, 'jitter': 2.0, 'round_trip': 1.5}
    """
    sources = report.get("SSRC")
    reported = sources.values() if isinstance(sources, dict) else ()
    found = [one.get("average MOS") for one in reported if isinstance(one, dict)]
    keys = [key for key, _ in QUALITY.values()]
    means = [one for one in found if isinstance(one, dict) and all(type(one.get(key)) is int for key in keys)]
    if not means:
        return {}
    return {
        name: round(sum(one[key] for one in means) / len(means) / scale, 3) for name, (key, scale) in QUALITY.items()
    }
