"""An instant on two clocks. A change that waits is judged by the time since boot: the clock on the wall may be set back
by hours meanwhile, and nobody would be let in again for so long (attack case 70).
"""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.utils import timezone

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """`since_boot` in seconds; it compares only within one boot."""

    wall: datetime
    since_boot: float
    boot: str


def present() -> Moment:
    return Moment(timezone.now(), time.clock_gettime(time.CLOCK_BOOTTIME), _boot_id())


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
