"""The ng protocol of the media relay: a cookie, then a dictionary in bencode."""

from collections.abc import Mapping
from typing import Any, Final

type Value = bytes | str | int | list[Any] | Mapping[str, Any]

DEEPEST: Final = 12
"""How far an answer may nest; the relay's own go to six."""


class Garbled(ValueError):
    """This is no bencode."""


def encode(value: Value) -> bytes:
    """A value as bencode; the keys of a dictionary in order.

    >>> encode({"command": "ping", "list": [1, "a"]})
    b'd7:command4:ping4:listli1e1:aee'
    """
    match value:
        case bytes():
            return b"%d:%b" % (len(value), value)
        case str():
            return encode(value.encode())
        case int():
            return b"i%de" % value
        case list():
            return b"l" + b"".join(map(encode, value)) + b"e"
        case _:
            return b"d" + b"".join(encode(key) + encode(value[key]) for key in sorted(value)) + b"e"


def decode(raw: bytes) -> dict[str, Any]:
    """A dictionary from bencode, texts as `str`. Raises Garbled.

    >>> decode(b"d6:result4:ponge")
    {'result': 'pong'}
    """
    try:
        value, end = _value(raw, 0, 0)
    except (IndexError, ValueError) as error:
        raise Garbled(str(error)) from error
    if end != len(raw) or not isinstance(value, dict):
        raise Garbled("no dictionary")
    return value


def _value(raw: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > DEEPEST:
        raise Garbled("nested too deep")
    match raw[at : at + 1]:
        case b"i":
            end = raw.index(b"e", at)
            return int(raw[at + 1 : end]), end + 1
        case b"l":
            return _items(raw, at + 1, depth)
        case b"d":
            items, end = _items(raw, at + 1, depth)
            return dict(zip(map(str, items[::2]), items[1::2], strict=True)), end
        case _:
            colon = raw.index(b":", at)
            end = colon + 1 + int(raw[at:colon])
            if not colon < end <= len(raw):
                raise Garbled("cut off")
            return raw[colon + 1 : end].decode("utf-8", "replace"), end


def _items(raw: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    items = []
    while raw[at] != ord("e"):
        item, at = _value(raw, at, depth + 1)
        items.append(item)
    return items, at + 1
