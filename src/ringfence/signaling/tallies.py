"""Counts challenges sent and answered by source, and tells the guard once a second.

No log line and no system call for a single message. Memory is bounded whoever sends; a retransmission is counted once,
by whichever worker sees it.
"""

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from ringfence.policy.offenders.excerpt import excerpt
from ringfence.signaling.facts import STREAMS
from ringfence.signaling.ports import encoding_port, ksr

TELL_EVERY: Final = 1.0
MOST_PENDING: Final = 16_384
MOST_AT_ONCE: Final = 512
IN_ONE_DATAGRAM: Final = 64
SAMPLE_AT: Final = 4
"""So many challenges since the last telling, and a sample of the message is kept as evidence."""

SLOTS: Final = 1 << 16

_SEEN: Final = memoryview(mmap.mmap(-1, SLOTS * 8)).cast("q")
"""Fingerprints of requests challenged lately. Made when the script is loaded, so before the fork: all workers share
it. A fingerprint that another one overwrites costs a retransmission counted twice, nothing else.
"""

type Tell = Callable[[bytes], bool]


class Origin(NamedTuple):
    """Where a request came from, and which one it is."""

    source: str
    stream: bool
    call_id: str
    sequence: int


@dataclass(slots=True)
class _Pending:
    """What the guard has not been told yet of one source."""

    sent: int = 0
    answered: int = 0
    blocked: int = 0
    method: str = ""
    account: str = ""
    user_agent: str = ""
    message: str = ""


class Tallies:
    """One worker's counts. Times are monotonic seconds."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._pending: dict[tuple[str, bool], _Pending] = {}
        self._due = 0.0

    def challenged(self, method: str, account: str) -> None:
        """A 401 or 407 was sent."""
        stream = ksr.transport() in STREAMS
        self.challenged_request(Origin(ksr.source(), stream, ksr.call_id(), ksr.sequence_number()), method, account)

    def challenged_request(self, origin: Origin, method: str, account: str) -> None:
        """The same, of a request whose origin is known. The same Call-ID and CSeq from the same source is a
        retransmission (RFC 3261 section 17.2.3).
        """
        mark = hash(origin)
        slot = mark % SLOTS
        if _SEEN[slot] == mark:
            return
        _SEEN[slot] = mark
        pending = self._of(origin[:2])
        pending.sent += 1
        if pending.sent == SAMPLE_AT:
            pending.method, pending.account = method, account[:128]
            pending.user_agent = ksr.user_agent()[:128]
            pending.message = excerpt(encoding_port.whole_message())

    def answered(self) -> None:
        """Credentials came that answer a fresh nonce of ours, right or wrong."""
        self.answered_from(ksr.source(), ksr.transport() in STREAMS)

    def answered_from(self, source: str, stream: bool) -> None:
        """The same, where it is known who sent them."""
        self._of((source, stream)).answered += 1

    def dropped_agent(self) -> None:
        """A message of a blocked user agent was dropped."""
        pending = self._of((ksr.source(), ksr.transport() in STREAMS))
        pending.blocked += 1
        pending.user_agent = ksr.user_agent()[:128]

    def tell_if_due(self, now: float) -> None:
        """Asked with every request, so that the counts of a source that stopped are told too."""
        if now < self._due:
            return
        self._due = now + TELL_EVERY
        self._pending = {key: item for key, item in self._pending.items() if item.sent != item.answered or item.blocked}
        told = sorted(self._pending, key=self._weight, reverse=True)[:MOST_AT_ONCE]
        for start in range(0, len(told), IN_ONE_DATAGRAM):
            part = told[start : start + IN_ONE_DATAGRAM]
            if not self._tell(_encoded([(key, self._pending[key]) for key in part])):
                return
            for key in part:
                del self._pending[key]

    def _of(self, key: tuple[str, bool]) -> _Pending:
        pending = self._pending.get(key)
        if pending is None:
            self._make_room()
            pending = self._pending[key] = _Pending()
        return pending

    def _make_room(self) -> None:
        """Under a flood of forged sources single packets are forgotten first, answers last."""
        if len(self._pending) < MOST_PENDING:
            return
        kept = {key: pending for key, pending in self._pending.items() if pending.answered or pending.sent > SAMPLE_AT}
        self._pending = kept if len(kept) < MOST_PENDING else {}

    def _weight(self, key: tuple[str, bool]) -> int:
        item = self._pending[key]
        return max(item.sent, item.answered, item.blocked)


def _encoded(part: list[tuple[tuple[str, bool], _Pending]]) -> bytes:
    rows: list[list[Any]] = [
        [*key, item.sent, item.answered, item.blocked, item.method, item.account, item.user_agent, item.message]
        for key, item in part
    ]
    return orjson.dumps({"tallies": rows})
