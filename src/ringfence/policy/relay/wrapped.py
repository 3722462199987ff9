"""A session description that stands beside other parts in a body, as phones send it that tell their place (RFC 6442).

Read for calls for help alone: everywhere else a body that is not all a session description is refused.
"""

import re
from typing import Final

MOST_PARTS: Final = 10

_BOUNDARY: Final = re.compile(
    r"""^\s*multipart/[a-z]+(?:[^"]|"[^"]*")*?;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s";,]{1,70}))""", re.IGNORECASE
)
_IS_DESCRIPTION: Final = re.compile(r"^content-type\s*:\s*application/sdp\s*(?:;|$)", re.IGNORECASE | re.MULTILINE)
_IS_ENCODED: Final = re.compile(
    r"^content-transfer-encoding\s*:\s*(?:base64|quoted-printable)", re.IGNORECASE | re.MULTILINE
)


def session_description(content_type: str, body: str) -> str:
    r"""The first session description in a multipart body, "" if there is none that can be read.

    >>> session_description("multipart/mixed;boundary=b", "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--")
    'v=0\r\n'
    """
    found = _BOUNDARY.match(content_type)
    if found is None:
        return ""
    for part in body.split(f"--{found[1] or found[2]}", MOST_PARTS + 1)[1 : MOST_PARTS + 1]:
        headers, _, text = part.replace("\r\n", "\n").partition("\n\n")
        if _IS_DESCRIPTION.search(headers) and not _IS_ENCODED.search(headers):
            return text.rstrip("\n").replace("\n", "\r\n") + "\r\n"
    return ""
