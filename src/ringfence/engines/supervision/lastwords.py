"""Why a process did not start, in its own words: what it wrote into its log before it ended."""

import re
from pathlib import Path
from typing import Final

READ: Final = 16_384
LONGEST: Final = 200
"""Characters of one line: it stands in `status`, in a mail and in the journal."""

_TELLS: Final = re.compile(r"error|critical|emerg|fatal|cannot|denied|failed|exception", re.IGNORECASE)
_UNPRINTABLE: Final = re.compile(r"[^ -~\u00a0-\uffff]+")


def length(log: Path) -> int:
    try:
        return log.stat().st_size
    except OSError:
        return 0


def last_words(log: Path, since: int) -> str:
    """What was written after so many bytes. A log that was cut meanwhile is read from where it begins now."""
    try:
        with log.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(since if since <= end else 0, end - READ))
            text = file.read(READ).decode("utf-8", "replace")
    except OSError:
        return ""
    return reason_in(text)


def reason_in(text: str) -> str:
    """The first line that tells of a fault, which is Kamailio's cause, and the last, which is Python's; without any,
    the last one of all.

    >>> reason_in("starting\\n 0(7) ERROR: <core> bind(4): Address already in use\\n\\n")
    '0(7) ERROR: <core> bind(4): Address already in use'
    >>> reason_in("Traceback\\n  File x\\nValueError: no such thing\\n")
    'ValueError: no such thing'
    """
    lines = [clean for line in text.splitlines() if (clean := _UNPRINTABLE.sub(" ", line).strip())]
    telling = [line for line in lines if _TELLS.search(line)]
    told = dict.fromkeys([telling[0], telling[-1]] if telling else lines[-1:])
    return "; ".join(line[:LONGEST] for line in told)
