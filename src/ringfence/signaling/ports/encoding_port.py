"""The part of the typed port to Kamailio that reads a message whole, and tells a broken body from a broken message."""

import KSR


def whole_message() -> str:
    """The message as it came; bytes of an answer that are not UTF-8 as `ksr.text` shows them."""
    try:
        message: str = KSR.kx.get_msgbuf()
    except UnicodeDecodeError as error:
        return error.object.decode(errors="replace")
    return message


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
