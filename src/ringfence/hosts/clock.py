"""Whether the kernel's clock follows a time server (adjtimex(2)); needs no right."""

import ctypes
from typing import Final

STA_UNSYNC: Final = 0x0040
TIME_ERROR: Final = 5
_WORDS: Final = 64
"""struct timex is 208 bytes on 64-bit Linux; `modes` is its first word (0: only read), `status` the eleventh."""

_STATUS: Final = 10


def clock_synchronised() -> bool | None:
    """None where the kernel does not tell."""
    answer = (ctypes.c_int32 * _WORDS)()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(answer))
    if state < 0:
        return None
    return state != TIME_ERROR and not answer[_STATUS] & STA_UNSYNC
