"""Which processes ended without being asked to, and when: the supervisor writes it down, the guard tells people."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Endings:
    """How often each ended so, when the last time, in seconds since boot, how many starts in a row failed, and why."""

    path: Path
    counted: dict[str, tuple[int, float, int, str]] = field(default_factory=dict)

    def note(self, name: str, failed: int = 0, reason: str = "") -> None:
        """One more. Raises OSError."""
        times = self.counted[name][0] if name in self.counted else 0
        self.counted[name] = times + 1, time.clock_gettime(time.CLOCK_BOOTTIME), failed, reason
        staged = self.path.with_suffix(".staged")
        staged.write_text(json.dumps(self.counted), encoding="ascii")
        staged.chmod(0o644)
        staged.replace(self.path)


def was_asked_to_end(code: int | None) -> bool:
    """A process that was told to stop ends with 0; what is killed, breaks or vanishes does not.

    >>> [was_asked_to_end(code) for code in (0, 1, -9, None)]
    [True, False, False, False]
    """
    return code == 0
