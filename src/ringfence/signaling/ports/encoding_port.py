"""The part of the typed port to Kamailio that tells a broken body from a broken message, beside `ksr.py`."""

import KSR


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
