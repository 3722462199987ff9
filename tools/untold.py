"""Finds words of a template that no catalog knows: text between tags, and what readers and screen readers are told."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

NAMES: Final = frozenset(
    {"Ringfence", "CSV", "JSON", "SIP", "HTTPS", "TLS", "UDP", "TCP", "REST", "IPv4", "IPv6", "RTP", "SRTP", "CDR"}
    | {"ms", "kB", "MB", "firewalld", "ufw", "nftables"}
)
"""What is called the same in every language."""

SAID: Final = ("aria-label", "placeholder", "title", "alt", "data-confirm", "data-yes")
OPAQUE: Final = ("code", "kbd", "pre", "script", "style")
TOLD: Final = re.compile(r"{%\s*blocktranslate.*?endblocktranslate\s*%}|{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
WORD: Final = re.compile(r"[^\W\d_]{2,}")


def untold(template: str) -> Iterator[str]:
    """Every stretch of bare words."""
    reader = _Reader()
    reader.feed(TOLD.sub(" ", template))
    reader.close()
    yield from reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._opaque = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._opaque += tag in OPAQUE
        for name, value in attrs:
            if name in SAID:
                self._note(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._opaque -= tag in OPAQUE

    def handle_data(self, data: str) -> None:
        if not self._opaque:
            self._note(data)

    def _note(self, text: str) -> None:
        if any(word not in NAMES for word in WORD.findall(text)):
            self.found.append(" ".join(text.split()))
