"""The part of the typed port to Kamailio that reads a message whole, and tells a broken body from a broken message."""

from collections.abc import Callable
from typing import Any

import KSR


def shown(get: Callable[[], Any]) -> str:
    """What a function of Kamailio says of an answer, read as leniently as `ksr.text` reads a pseudo-variable."""
    try:
        value = get()
    except UnicodeDecodeError as error:
        return error.object.decode(errors="replace")
    return value if isinstance(value, str) else ""


def whole_message() -> str:
    """The message as it came."""
    return shown(KSR.kx.get_msgbuf)


def head_is_text() -> bool:
    """Whether at least what stands before the body is UTF-8 without NUL: such a message can be answered."""
    try:
        message: str = KSR.kx.get_msgbuf()
        return "\0" not in message.partition("\r\n\r\n")[0]
    except UnicodeDecodeError as error:
        return _is_text(error.object.partition(b"\r\n\r\n")[0])


def _is_text(head: bytes) -> bool:
    try:
        return "\0" not in head.decode()
    except UnicodeDecodeError:
        return False
