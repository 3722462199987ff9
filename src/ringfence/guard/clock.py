"""Two clocks: Unix time, which people and other machines read, and time since boot, which no clock step can change."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on both clocks, in seconds."""

    wall: float
    boot: float


def moment() -> Moment:
    """Now."""
    return Moment(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME))


def boot_id() -> str:
    """Which boot this is: times since boot compare only within one."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def universal(stamp: float) -> str:
    """Unix time for people of whom no time zone is known.

    >>> universal(1795508401.5)
    '2026-11-24 08:20:01 UTC'
    """
    return f"{datetime.fromtimestamp(stamp, UTC):%Y-%m-%d %H:%M:%S} UTC"
