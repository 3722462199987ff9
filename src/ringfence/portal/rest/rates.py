"""How many requests a token may make: a bucket for each token that fills again evenly. The portal is one process."""

import math
import threading
import time
from dataclasses import dataclass
from typing import Final

from ringfence.portal.rest.problems import TooManyRequests

MOST_BUCKETS: Final = 10_000


@dataclass(slots=True)
class Bucket:
    """What is left, and when that was reckoned (monotonic seconds)."""

    left: float
    at: float


class Rates:
    """Buckets by token."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def take(self, token: str, per_minute: int, now: float | None = None) -> None:
        """Takes one request. Raises TooManyRequests, which says when there will be one again."""
        now = time.monotonic() if now is None else now
        with self._lock:
            if len(self._buckets) >= MOST_BUCKETS and token not in self._buckets:
                self._forget_old(now)
            bucket = self._buckets.setdefault(token, Bucket(per_minute, now))
            bucket.left = min(per_minute, bucket.left + (now - bucket.at) * per_minute / 60)
            bucket.at = now
            if bucket.left < 1:
                raise _too_many(math.ceil((1 - bucket.left) * 60 / per_minute), per_minute)
            bucket.left -= 1

    def forget(self) -> None:
        with self._lock:
            self._buckets.clear()

    def _forget_old(self, now: float) -> None:
        """A bucket of a minute ago is full again and says nothing. If all are younger, the oldest half goes."""
        self._buckets = {token: bucket for token, bucket in self._buckets.items() if bucket.at > now - 60}
        for token in list(self._buckets)[: max(0, len(self._buckets) - MOST_BUCKETS // 2)]:
            del self._buckets[token]


def _too_many(seconds: int, per_minute: int) -> TooManyRequests:
    refused = TooManyRequests(detail=f"A token may make {per_minute} requests per minute; try again in {seconds} s.")
    refused.retry_after = seconds
    return refused


RATES: Final = Rates()
