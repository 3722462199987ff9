"""Who guesses passwords, below the packet rates."""

import time
from typing import Final

from ringfence.lab.softphone import Softphone

LIMIT: Final = 50
"""The reference's default."""


def failures_until_silence(phone: Softphone) -> int:
    """Wrong passwords, each for a challenge of its own, until there is no answer any more: how many were taken."""
    uri = f"sip:{phone.account.domain}"
    for failures in range(2 * LIMIT):
        time.sleep(0.02)
        headers = phone.headers("REGISTER", phone.account.aor)
        challenge = phone.silent("REGISTER", uri, headers, wait=0.5)
        if challenge is None:
            return failures
        phone.silent("REGISTER", uri, phone.answered(challenge, "REGISTER", uri, headers), wait=0.5)
    return 2 * LIMIT
