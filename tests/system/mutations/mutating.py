"""Messages as no phone writes them (attack case 5): each piece replaced by each exceptional element, and by chance.

The elements are of the kinds that the PROTOS suite for SIP (c07-sip, University of Oulu) has: empty, too long, of
separators, formats of C, numbers at the edge of their types, broken UTF-8, broken addresses, broken line ends.
"""

import random
import re
from collections.abc import Callable, Iterator
from typing import Final

LONGEST: Final = 60_000
"""Bytes; a datagram carries some more."""

_LENGTHS: Final = (1, 63, 127, 255, 1_023, 4_097, 20_000)
_NUMBERS: Final = (-1, 0, 1, 255, 256, 65_536, 2**31 - 1, 2**31, 2**32, 2**32 + 70, 2**63, 2**64, 10**40)

ELEMENTS: Final[tuple[bytes, ...]] = (
    b"",
    b" ",
    *(b"a" * length for length in _LENGTHS),
    *(
        separator * 2_000
        for separator in (b" ", b"\t", b";", b":", b",", b"/", b"<", b">", b'"', b"\\", b"(", b"@", b"=", b"?", b"%")
    ),
    *(str(number).encode() for number in _NUMBERS),
    b"00000000000000000000070",
    b"1e9",
    b"0x46",
    b"+1",
    b"%s%n%x%d" * 20,
    b"%00",
    b"%0d%0aVia: x",
    b"%zz",
    b"%",
    b"\0",
    b"a\0b",
    b"\xff\xfe",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    "\u202e\u200b\ufeffé".encode(),
    b"\x1b[2J\x1b]0;x\x07",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n ",
    b"\n\n",
    b"\r\n\r\n",
    b'"',
    b'"\\',
    b"'",
    b"<",
    b"<>",
    b"<<a@b>>",
    b"(" * 50 + b")" * 49,
    b"*",
    b"999.999.999.999",
    b"127.0.0.1",
    b"0.0.0.0",
    b"[::1",
    b"[::ffff:127.0.0.1]",
    b"[" + b":" * 500 + b"]",
    b"a." * 200 + b"b",
    b"sip:",
    b"sips:x",
    b"tel:+49;phone-context=" + b"x" * 300,
    b"sip:a:b@c:70000;lr;maddr=127.0.0.1;ttl=0?Route=%3Csip:x%3E",
    b"http://x/",
    b"SIP/2.0",
    b"SIP/3.1415",
    b"z9hG4bK",
    b";a" * 500,
    b"," * 3 + b"a",
    b"a,b," * 300,
    b"\x80" * 300,
)

_PIECE: Final = re.compile(rb"[A-Za-z0-9.+\-_]+|\r\n|[^A-Za-z0-9.+\-_\r\n ]")


def pieces(raw: bytes) -> list[tuple[int, int]]:
    """Where the words, the separators and the line ends of a message stand."""
    return [found.span() for found in _PIECE.finditer(raw)]


def systematic(raw: bytes) -> Iterator[bytes]:
    """Each piece replaced by each element, then each line left out, doubled and pushed into its neighbour."""
    for start, end in pieces(raw):
        for element in ELEMENTS:
            yield raw[:start] + element + raw[end:]
    lines = raw.split(b"\r\n")
    for number, line in enumerate(lines):
        before, after = lines[:number], lines[number + 1 :]
        for changed in ([], [line] * 2, [line] * 70, [b" " + line], [line + b" "]):
            yield b"\r\n".join([*before, *changed, *after])


class Chance:
    """The same messages for the same seed."""

    def __init__(self, seed: int, bases: list[bytes]) -> None:
        self._random, self._bases = random.Random(seed), bases  # noqa: S311
        self._operations: tuple[Callable[[bytes], bytes], ...] = (
            self._replaced,
            self._replaced,
            self._flipped,
            self._shortened,
            self._without,
            self._doubled,
            self._swapped,
            self._inserted,
            self._spliced,
            self._other_case,
        )

    def message(self) -> bytes:
        """One of the bases, changed."""
        return self.changed(self._random.choice(self._bases))

    def changed(self, raw: bytes) -> bytes:
        """The same in one to four other ways."""
        for _ in range(self._random.randint(1, 4)):
            raw = self._random.choice(self._operations)(raw)
        return raw[:LONGEST]

    def _place(self, raw: bytes) -> int:
        return self._random.randint(0, len(raw))

    def _span(self, raw: bytes) -> tuple[int, int]:
        start = self._place(raw)
        return start, min(len(raw), start + self._random.randint(1, 40))

    def _replaced(self, raw: bytes) -> bytes:
        found = pieces(raw)
        if not found:
            return raw
        start, end = self._random.choice(found)
        return raw[:start] + self._random.choice(ELEMENTS) + raw[end:]

    def _flipped(self, raw: bytes) -> bytes:
        changed = bytearray(raw)
        for _ in range(self._random.randint(1, 8)):
            if changed:
                changed[self._random.randrange(len(changed))] ^= 1 << self._random.randrange(8)
        return bytes(changed)

    def _shortened(self, raw: bytes) -> bytes:
        return raw[: self._place(raw)]

    def _without(self, raw: bytes) -> bytes:
        start, end = self._span(raw)
        return raw[:start] + raw[end:]

    def _doubled(self, raw: bytes) -> bytes:
        start, end = self._span(raw)
        return raw[:end] + raw[start:end] * self._random.choice((1, 2, 50)) + raw[end:]

    def _swapped(self, raw: bytes) -> bytes:
        lines = raw.split(b"\r\n")
        one, other = self._random.randrange(len(lines)), self._random.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return b"\r\n".join(lines)

    def _inserted(self, raw: bytes) -> bytes:
        place = self._place(raw)
        return raw[:place] + self._random.randbytes(self._random.randint(1, 30)) + raw[place:]

    def _spliced(self, raw: bytes) -> bytes:
        other = self._random.choice(self._bases)
        return raw[: self._place(raw)] + other[self._place(other) :]

    def _other_case(self, raw: bytes) -> bytes:
        start, end = self._span(raw)
        return raw[:start] + raw[start:end].swapcase() + raw[end:]
