"""What two sides agreed on for their audio, read from their session descriptions (RFC 8866, RFC 3264)."""

from typing import Final

STATIC_CODECS: Final = {"0": "PCMU", "3": "GSM", "4": "G723", "8": "PCMA", "9": "G722", "18": "G729"}
"""Payload types that need no rtpmap (RFC 3551 section 6)."""

LONGEST_NAME: Final = 48
PLAIN: Final = "RTP"


def spoken(offer: str, answer: str) -> str:
    r"""The codec of whoever offered: what the answer names first, or what the relay translates for that.

    >>> spoken("m=audio 4000 RTP/AVP 9\r\n", "m=audio 4000 RTP/AVP 8\r\n"), spoken("", "m=audio 4000 RTP/AVP 8\r\n")
    ('G722', 'PCMA')
    >>> spoken("m=audio 4000 RTP/AVP 9 8\r\n", "m=audio 4000 RTP/AVP 8\r\n")
    'PCMA'
    """
    found = codec(answer)
    offered = [_name(offer, payload) for payload in _audio(offer).split(" ")[3:]]
    return found if not found or not offered or found.upper() in map(str.upper, offered) else offered[0]


def codec(body: str) -> str:
    """The codec an answer names first for audio; "" without audio.

    >>> codec("m=audio 4000 RTP/AVP 96 0\\r\\na=rtpmap:96 opus/48000/2\\r\\n"), codec("m=audio 4000 RTP/AVP 8\\r\\n")
    ('opus', 'PCMA')
    """
    first = _audio(body).split(" ")[3:4]
    return _name(body, first[0]) if first else ""


def _name(body: str, payload: str) -> str:
    named = body.partition(f"a=rtpmap:{payload} ")[2].partition("/")[0]
    found = named if named and "\n" not in named else STATIC_CODECS.get(payload, "unknown")
    return "".join(char for char in found if char.isalnum() or char in "-_.")[:LONGEST_NAME]


def encryption(body: str) -> str:
    """How the audio of one side is encrypted: RTP is not at all.

    >>> encryption("m=audio 4000 RTP/SAVP 8\\r\\na=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:x\\r\\n")
    'SRTP AES_256_CM_HMAC_SHA1_80'
    """
    profile = _audio(body).split(" ")[2:3]
    if not profile:
        return ""
    if profile[0].startswith("UDP/TLS/"):
        return "DTLS-SRTP"
    if "SAVP" not in profile[0]:
        return PLAIN
    suite = body.partition("a=crypto:")[2].partition("\n")[0].split(" ")[1:2]
    return f"SRTP {suite[0].strip()[:LONGEST_NAME]}" if suite and suite[0].replace("_", "").isalnum() else "SRTP"


def _audio(body: str) -> str:
    start = body.find("m=audio ")
    return body[start:].partition("\n")[0].rstrip("\r") if start >= 0 else ""
