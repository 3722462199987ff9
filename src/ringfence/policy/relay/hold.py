"""Whether an offer puts the other side on hold (RFC 3264 section 8.4, RFC 6337 section 5.3)."""

import re
from typing import Final

_AUDIO: Final = re.compile(r"^m=audio .*?(?=^m=|\Z)", re.MULTILINE | re.DOTALL)
_DIRECTION: Final = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", re.MULTILINE)
_NOWHERE: Final = re.compile(r"^c=IN IP4 0\.0\.0\.0\s*$", re.MULTILINE)


def holds(sdp: str) -> bool:
    """Whether whoever offers this will not listen any more: by its direction, or in the old way by no address.

    `inactive` is none: then the other side may not be sent anything, music neither.

    >>> holds("v=0\\r\\nm=audio 9 RTP/AVP 8\\r\\na=sendonly\\r\\n"), holds("v=0\\r\\nm=audio 9 RTP/AVP 8\\r\\n")
    (True, False)
    """
    audio = _AUDIO.search(sdp)
    if audio is None:
        return False
    found = _DIRECTION.search(audio[0]) or _DIRECTION.search(sdp.partition("m=")[0])
    return (found is not None and found[1] == "sendonly") or _NOWHERE.search(sdp) is not None
