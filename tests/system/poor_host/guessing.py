"""Who guesses passwords, below the packet rates."""

import time
from typing import Final

from ringfence.lab.attackers import guess
from ringfence.lab.softphone import Softphone

LIMIT: Final = 50
"""The reference's default."""


def failures_until_silence(phone: Softphone) -> int:
    """Wrong passwords, each for a challenge of its own, until there is no answer any more: how many were taken."""
    for failures in range(2 * LIMIT):
        time.sleep(0.02)
        challenge, _ = guess(phone)
        if challenge is None:
            return failures
    return 2 * LIMIT
