"""What a value must look like inside a phone's file. Every value of a template passes here; it cannot be forgotten.

A template's suffix says its language: `.xml.j2` or `.cfg.j2` (lines of `key = value`).
"""

import re
from collections.abc import Callable
from html import escape
from typing import Final

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff]"
)
_ACTIVE: Final = re.compile(r"[$`\\]")


def xml(value: object) -> str:
    """Text or an attribute of XML 1.0.

    >>> xml('"><script>\\n')
    '&quot;&gt;&lt;script&gt; '
    """
    return escape(seen(_text(value)), quote=True)


def cfg(value: object) -> str:
    """The rest of one line after `key = `: nothing in it can begin another line.

    >>> cfg("Anna\\r\\naccount.1.password = x")
    'Anna  account.1.password = x'
    """
    return seen(_text(value)).strip()


def seen(text: str) -> str:
    """Control and format characters become blanks: some phones end a line at more of them than one expects."""
    return _UNSEEN.sub(" ", text)


def tame(text: str) -> str:
    """A name for a display: phones put variables in place of `$USER`, `${x}` or `$(x)`, so those signs are left out.

    >>> tame("${password} $(x) Anna")
    '{password} (x) Anna'
    """
    return _ACTIVE.sub("", seen(text)).strip()


def word(text: str) -> str:
    """A name inside a list of `a=b;c=d` or inside quotes.

    >>> word('Anna; fnc=x "B"')
    'Anna fncx B'
    """
    return re.sub(r'[;=,|@<>"\']', "", tame(text))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


ESCAPING: Final[dict[str, Callable[[object], str]]] = {".xml.j2": xml, ".cfg.j2": cfg}
