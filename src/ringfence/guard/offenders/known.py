"""Sources we know: those with an accepted registration during the last day. The limit for unknown sources spares them,
so that a flood from everywhere does not reach the phones, nor an office that comes back after its registration ran out.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from ringfence.guard.clock import Moment
from ringfence.guard.kernel.firewall import Firewall
from ringfence.guard.kernel.ruleset import KNOWN_SET_SIZE
from ringfence.guard.kernel.shape import Timed
from ringfence.guard.ledger import Ledger
from ringfence.policy.addresses import AddressProblem, ban_key, key_network

KNOWN_SECONDS: Final = 86_400.0
RENEW_AFTER: Final = 3_600.0
"""A source is renewed at most once an hour: refreshing phones must not cost a change of the kernel each."""

ACCEPT_AFTER: Final = 60.0
"""A source is looked at again after so long: an office's phones refresh all the time, and it says nothing new."""

PROOF_SECONDS: Final = 300.0
REMEMBERED_PROOFS: Final = 16_384


class Known:
    """Known sources and fresh proofs of a return path, by ban key. Bounded: the longest silent go first."""

    def __init__(
        self,
        firewall: Firewall,
        ledger: Ledger,
        most: int = KNOWN_SET_SIZE,
        are_many_at: Callable[[str], bool] = lambda source: False,
    ) -> None:
        self._firewall = firewall
        self._ledger = ledger
        self._most = most
        self._until: dict[int, OrderedDict[str, float]] = {4: OrderedDict(), 6: OrderedDict()}
        self._proved: OrderedDict[str, float] = OrderedDict()
        self._accepted: dict[str, float] = {}
        self._are_many_at = are_many_at
        self._many: set[str] = set()
        """Keys of sources from which many speak, or did while they were known."""

    def __len__(self) -> int:
        return sum(len(sources) for sources in self._until.values())

    def __contains__(self, key: str) -> bool:
        return key in self._until[_version(key)]

    def restore(self, saved: Iterable[tuple[str, float]], now: Moment) -> None:
        """Takes over what the ledger knows, (key, Unix time) each; call `elements` for the kernel afterwards."""
        for key, until in saved:
            left = min(until - now.wall, KNOWN_SECONDS)
            if left > 0:
                self._until[_version(key)][key] = now.boot + left

    def accept(self, sources: Iterable[str], now: Moment) -> None:
        """A registration was accepted from each of these addresses."""
        fresh: list[str] = []
        for source in sources:
            if self._accepted.get(source, 0.0) > now.boot and not self._became_many(source):
                continue
            self._note_accepted(source, now)
            key = _key(source)
            if not key:
                continue
            self.prove(key, now)
            fresh.append(key)
        self._renew(fresh, now, [key for key in fresh if self._are_many_at(key)])

    def _became_many(self, source: str) -> bool:
        """An office that comes back is let in faster as soon as the first of its phones are there."""
        return self._are_many_at(source) and _key(source) not in self._many

    def hear_of(self, sources: Iterable[str], now: Moment) -> None:
        """Another host says that a registration was accepted from each of these: to us they have proved nothing."""
        keys = [key for source in sources if (key := _key(source))]
        self._renew(keys, now, keys)

    def _renew(self, keys: Iterable[str], now: Moment, many: Iterable[str]) -> None:
        soon = now.boot + KNOWN_SECONDS - RENEW_AFTER
        more = set(many) - self._many
        self._many |= more
        fresh = [key for key in dict.fromkeys(keys) if key in more or self._until[_version(key)].get(key, 0.0) < soon]
        for key in fresh:
            self._keep(key, now)
        if fresh:
            self._firewall.know([Timed(key_network(key), KNOWN_SECONDS, key in self._many) for key in fresh])

    def _note_accepted(self, source: str, now: Moment) -> None:
        if len(self._accepted) >= self._most:
            self._accepted.clear()
        self._accepted[source] = now.boot + ACCEPT_AFTER

    def prove(self, key: str, now: Moment) -> None:
        """This source answered a challenge of ours, rightly or not: it receives what we send to that address."""
        self._proved[key] = now.boot + PROOF_SECONDS
        self._proved.move_to_end(key)
        while len(self._proved) > REMEMBERED_PROOFS:
            self._proved.popitem(last=False)

    def proved_lately(self, key: str, now: Moment) -> bool:
        return self._proved.get(key, 0.0) > now.boot

    def date_anew(self, now: Moment) -> None:
        """The clock on the wall was set."""
        ends = (pair for sources in self._until.values() for pair in sources.items())
        self._ledger.date_known([(key, now.wall + until - now.boot) for key, until in ends])

    def expire(self, now: Moment) -> None:
        """The kernel has dropped its elements by itself."""
        for sources in self._until.values():
            while sources and next(iter(sources.values())) <= now.boot:
                key, _ = sources.popitem(last=False)
                self._many.discard(key)

    def elements(self, now: Moment) -> list[Timed]:
        """All of them, for a new table."""
        return [
            Timed(key_network(key), until - now.boot, key in self._many)
            for sources in self._until.values()
            for key, until in sources.items()
            if until > now.boot
        ]

    def _keep(self, key: str, now: Moment) -> None:
        sources = self._until[_version(key)]
        sources[key] = now.boot + KNOWN_SECONDS
        sources.move_to_end(key)
        self._ledger.note_known(key, now.wall + KNOWN_SECONDS)
        while len(sources) > self._most:
            oldest, _ = sources.popitem(last=False)
            self._many.discard(oldest)
            self._firewall.forget(key_network(oldest))
            self._ledger.note_unknown(oldest)


def _version(key: str) -> int:
    return 6 if ":" in key else 4


def _key(source: str) -> str:
    try:
        return ban_key(source)
    except AddressProblem:
        return ""
