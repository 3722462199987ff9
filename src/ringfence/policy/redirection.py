"""Where a phone's 302 or REFER sends a call: only number and host are read from it; the number is then judged."""

import re
from typing import Final

_TARGET: Final = re.compile(
    r"<?\s*(?:sips?:([^@<>;?\s]{1,64})@(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)|tel:([^<>;?\s]{1,64}))"
)


def redirection_in(contact: str) -> tuple[str, str]:
    """The number a Contact names and the host, "" and "" if there is none; a `tel:` has no host.

    >>> redirection_in("<sip:102@a.example;user=phone>"), redirection_in("tel:+4930"), redirection_in("*")
    (('102', 'a.example'), ('+4930', ''), ('', ''))
    """
    found = _TARGET.search(contact)
    if found is None:
        return "", ""
    user, host, number = found.groups()
    return str(user or number), str(host or "")
